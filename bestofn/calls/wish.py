"""What somebody wants of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..backends.base import Backend
from ..budget import Price
from ..chat import ChatRequest
from .accounting import BYTES_A_TOKEN


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What one ``ask`` was asked for; ``keys`` and ``bodies`` hold one for each draw."""

    backend: Backend
    request: ChatRequest
    purpose: str
    label: Mapping[str, Any]
    label_json: bytes
    keys: list[bytes]
    bodies: list[bytes]
    price: Price | None

    @property
    def kind(self) -> tuple[str, str]:
        """Calls that are alike in this are expected to cost alike."""
        return self.backend.identity, self.purpose

    @property
    def likeness(self) -> tuple[str, bool]:
        """Who draws several replies to one request does so for requests alike in this.

        Some servers refuse it only where all replies would be the same.
        """
        return self.backend.identity, self.request.sampling.temperature == 0

    @property
    def prompt_tokens(self) -> float:
        """A guess at the prompt's length."""
        return len(self.bodies[0]) / BYTES_A_TOKEN

    def about(self, call: int, index: int) -> dict[str, Any]:
        """The fields that all events of a call share."""
        return {
            "call": call,
            "backend": self.backend.name,
            "purpose": self.purpose,
            "label": self.label,
            "request": replace(self.request, sample=self.request.sample + index)
            if index
            else self.request,
        }
