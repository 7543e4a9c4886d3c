"""The prompts of judge inputs: made by the code that :class:`bestofn.LLMJudge` asks with.

Nothing of a prompt is written here. Words, order, cuts, neutralising and the codes around foreign
text come from :class:`bestofn.judges.showing.Showing`, the message from
:meth:`bestofn.ChatRequest.ask`, what running showed from :mod:`bestofn.judges.findings`.

The codes (nonces) are digests of the seed and of what is shown. With the seed, template and
``max_chars`` of a judge its prompts are repeated byte for byte. With another seed only these codes
differ: every problem and every set of candidates has codes of its own, in training as at
inference, so that none can be learnt by heart and a judge meets new ones of the same kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

from bestofn.chat import ChatRequest
from bestofn.filters.public_tests import run_public_tests
from bestofn.judges.beforehand import look_beforehand
from bestofn.judges.evidence import Inputs
from bestofn.judges.findings import Evidence, findings
from bestofn.judges.llm import SHORTEST
from bestofn.judges.showing import LONGEST, Showing, check_template
from bestofn.judges.templates import PromptTemplate, builtin_template, load_template
from bestofn.run import Run
from bestofn.sandbox import Limits, Sandbox
from bestofn.types import Candidate, Problem

from ..errors import BadInput
from .rows import Conversation

Asking = Callable[[Sequence[str]], Conversation]
"""Candidate ids in the order shown → what the judge reads."""

FAILS_PUBLIC_TESTS = "fails the public tests"


@dataclass(frozen=True, kw_only=True)
class Prompter:
    """How judge inputs are worded; the fields are those of :class:`bestofn.LLMJudge`.

    Attributes:
        template: A template of your own; None is the one that comes with bestofn.
        max_chars: Characters of one candidate that a prompt of two may show.
        evidence: What the judge is told of running the candidates.
        seed: Goes into the codes around foreign text.

    Raises:
        BadInput: a setting cannot be used.
        FormatError: the template cannot be used.
    """

    template: Path | None = None
    max_chars: int = LONGEST
    evidence: Evidence = "none"
    seed: int = 0
    words: PromptTemplate = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.evidence not in get_args(Evidence):
            raise BadInput("evidence", f"must be one of {', '.join(get_args(Evidence))}")
        if self.max_chars < SHORTEST:
            raise BadInput("max_chars", f"must be at least {SHORTEST}, got {self.max_chars}")
        words = builtin_template() if self.template is None else load_template(self.template)
        if self.template is not None:
            check_template(words)
        object.__setattr__(self, "words", words)

    @property
    def record(self) -> dict[str, Any]:
        """What the card says; a judge with the same values asks with the same prompts."""
        return {
            "template": dict(self.words.record),
            "max_chars": self.max_chars,
            "evidence": self.evidence,
            "seed": self.seed,
        }

    def asking(
        self,
        problem: Problem,
        candidates: Sequence[Candidate],
        told: Callable[[Sequence[str]], str] | None = None,
    ) -> Asking:
        """What makes the prompts of one problem.

        Args:
            problem: The task.
            candidates: All that may be shown.
            told: What was observed of the candidates shown.
        """
        showing = Showing(self.words, problem, candidates, seed=self.seed, max_chars=self.max_chars)

        def ask(order: Sequence[str]) -> Conversation:
            prompt = showing.prompt(order, told(order) if told else "")
            return ChatRequest.ask(prompt.text).messages

        return ask


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What running candidates came to.

    Attributes:
        dropped: Candidates that :func:`bestofn.select` drops before it asks a judge, with reasons.
        told: What a judge is told of the candidates shown; None when nothing.
    """

    dropped: Mapping[str, str] = field(default_factory=dict)
    told: Callable[[Sequence[str]], str] | None = None


async def look(
    problem: Problem,
    candidates: Sequence[Candidate],
    sandbox: Sandbox,
    prompter: Prompter,
    *,
    limits: Limits | None,
    only_survivors: bool,
    copies: Mapping[str, int],
) -> Looked:
    """Run candidates as :func:`bestofn.select` does, as far as the prompts depend on it.

    Args:
        problem: The task.
        candidates: Those that a judge would choose from.
        sandbox: Open; unused where nothing needs to be run.
        prompter: Says which evidence is shown.
        limits: Of the public tests.
        only_survivors: Whether candidates that the public tests drop are left out, as they are
            at inference unless that is switched off.
        copies: How many candidates each one stands for.

    Raises:
        SandboxError: programs could not be run.
    """
    if not candidates or not only_survivors:
        return Looked()
    run = Run(sandbox=sandbox, seed=prompter.seed, copies=copies)
    programs = [candidate for candidate in candidates if candidate.kind == "program"]
    dropped: dict[str, str] = {}
    if problem.public_tests and programs:
        tested = await run_public_tests(problem, programs, sandbox, limits=limits)
        run = replace(run, public_tests=tested.outcomes)
        dropped = {rejection.id: FAILS_PUBLIC_TESTS for rejection in tested.rejected}
    by_id = {candidate.id: candidate for candidate in candidates if candidate.id not in dropped}
    if prompter.evidence == "none" or not by_id:
        return Looked(dropped=dropped)
    inputs = Inputs() if prompter.evidence == "behaviour" and len(by_id) > 1 else None
    known = await look_beforehand(
        problem, tuple(by_id.values()), run, inputs, compare_equivalent=True
    )

    def told(shown: Sequence[str]) -> str:
        return findings([by_id[id] for id in shown], prompter.evidence, run, known.grouping)

    return Looked(dropped=dropped, told=told)
