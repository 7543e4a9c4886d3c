"""Backends for the loopback server: short waits, and no key from the environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bestofn.backends import OpenAIBackend, RetryPolicy
from bestofn.testing import FaultyServer

QUICK = RetryPolicy(attempts=6, first_wait=0.001, longest_wait=0.002)

MakeBackend = Callable[..., OpenAIBackend]


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "VLLM_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def backend() -> MakeBackend:
    def make(server: FaultyServer, **settings: Any) -> OpenAIBackend:
        settings.setdefault("retry", QUICK)
        return OpenAIBackend("tiny", base_url=server.url, **settings)

    return make
