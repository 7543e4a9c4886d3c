"""How an export is served and asked: the commands and the code of its model card."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bestofn.judges.showing import LONGEST
from bestofn.judges.templates import builtin_template

from .source import Source
from .speaking import Speaking

_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM takes as ``--max-lora-rank``."""


@dataclass(frozen=True, kw_only=True)
class Serving:
    """How to serve and ask a judge.

    Attributes:
        name: What the server calls it.
        commands: Of vLLM, by ``adapter`` and ``merged``.
        asked: How the judge's prompts were made in training; None when that is not known.
    """

    name: str
    commands: Mapping[str, str]
    asked: Mapping[str, Any] | None

    @classmethod
    def of(
        cls, source: Source, speaking: Speaking, folder: Path, base: str, *, merged: bool
    ) -> Serving:
        """For an export.

        Args:
            source: The run.
            speaking: Its tokenizer and template.
            folder: Of the export.
            base: The model that the adapter belongs to.
            merged: Whether there is a merged model.
        """
        name = folder.name
        adapter = folder / "adapter"
        options = [*("--enable-lora", "--max-lora-rank", str(lora_rank(source.recipe.lora.rank)))]
        options += ["--lora-modules", f"{name}={adapter}"]
        if speaking.own_template:  # vLLM takes the base's, whatever lies beside an adapter
            options += ["--chat-template", str(adapter / "chat_template.jinja")]
        if speaking.own_end:
            options += ["--generation-config", str(adapter)]
        commands = {"adapter": shlex.join(["vllm", "serve", base, *options])}
        if merged:
            own = ["vllm", "serve", str(folder / "merged"), "--served-model-name", name]
            commands["merged"] = shlex.join(own)
        return cls(name=name, commands=commands, asked=source.asked)

    @property
    def template(self) -> str | None:
        """The file name of a prompt that is not the one this version of bestofn ships, or None."""
        if self.asked is None or self.asked["template"]["sha256"] == builtin_template().sha256:
            return None
        return str(self.asked["template"]["name"])

    @property
    def arguments(self) -> dict[str, object]:
        """What :class:`bestofn.LLMJudge` must be told so that its prompts are those of training."""
        if self.asked is None:
            return {}
        found: dict[str, object] = {}
        if self.template is not None:
            found["template"] = self.template
        if self.asked["evidence"] != "none":
            found["evidence"] = self.asked["evidence"]
        if self.asked["max_chars"] != LONGEST:
            found["max_chars"] = self.asked["max_chars"]
        return found

    @property
    def python(self) -> str:
        """A selection in Python."""
        settings = "".join(f", {name}={value!r}" for name, value in self.arguments.items())
        return (
            "from bestofn import LLMJudge, select\n"
            "from bestofn.backends import VLLMBackend\n\n"
            f"judge = LLMJudge(VLLMBackend({self.name!r}){settings})\n"
            "selection = select(statement, programs, judge=judge)\n"
        )

    @property
    def shell(self) -> str | None:
        """A selection on the command line, which cannot set ``max_chars``: None where it must."""
        arguments = self.arguments
        if "max_chars" in arguments:
            return None
        options = [word for key, value in arguments.items() for word in (f"--{key}", str(value))]
        words = ["bestofn", "select", "--judge", f"vllm/{self.name}", *options]
        return shlex.join([*words, "--problem", "problem.json", "--candidates", "candidates/"])


def lora_rank(rank: int) -> int:
    """The smallest that vLLM can be told; the largest where there is none."""
    return next((allowed for allowed in _RANKS if allowed >= rank), _RANKS[-1])
