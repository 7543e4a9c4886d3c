"""One comparison: show candidates to a model and read its verdict, asking twice at most."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..backends.base import Backend
from ..chat import ChatRequest, Reply, Sampling, total
from ..run import Run
from ..types import Comparison
from .parsing import Parsed, read_reply
from .showing import Prompt, Showing

ATTEMPTS = 2
"""An abstention is asked again once."""

POINTLESS_AGAIN = ("context_overflow", "unavailable", "stalled")
"""Outcomes that asking again does not change: the request stays too long, and the backend has
tried for as long as its own rules say."""


@dataclass(frozen=True)
class Opinion:
    """A comparison that may be asked for.

    Attributes:
        shown: Candidate ids in the order in which the judge sees them.
        draw: Which fresh opinion on this very order is meant.
    """

    shown: tuple[str, ...]
    draw: int = 0


class Question:
    """One comparison under way: what is shown, and what came back so far.

    Args:
        opinion: Which comparison.
        prompt: What the model reads.
    """

    def __init__(self, opinion: Opinion, prompt: Prompt) -> None:
        self.opinion = opinion
        self.prompt = prompt
        self.replies: list[Reply] = []
        self.open = True
        """Whether it is to be asked, or asked again."""
        self.refused = False
        """Whether the budget did not allow that."""
        self._reading: Parsed | None = None
        self._seconds = 0.0

    def take(self, reply: Reply, seconds: float) -> None:
        """Read a reply; without a verdict in it the question stays open for one more."""
        self.replies.append(reply)
        self._seconds += seconds
        self._reading = read_reply(reply, len(self.opinion.shown))
        self.open = (
            self._reading.index is None
            and reply.status not in POINTLESS_AGAIN
            and len(self.replies) < ATTEMPTS
        )

    def comparison(self) -> Comparison | None:
        """What came of it; None when it was never answered."""
        if self._reading is None:
            return None
        index, last = self._reading.index, self.replies[-1]
        return Comparison(
            shown=self.opinion.shown,
            winner=None if index is None else self.opinion.shown[index - 1],
            reasoning="\n\n".join(text for text in (last.reasoning, last.text) if text),
            error="" if index is not None else self._reading.reason,
            attempts=len(self.replies),
            recorded=all(reply.recorded for reply in self.replies),
            usage=total(self.replies),
            seconds=self._seconds,
        )


@dataclass(frozen=True, kw_only=True)
class Comparer:
    """Asks one model about candidates of one problem.

    Attributes:
        backend: The model.
        sampling: How replies are drawn.
        problem: Its id, for records.
        showing: Makes the prompts.
        record: What is written down beside every call: the template.
        run: The gate to the model, and the time.
        findings: What was observed of the candidates shown.
    """

    backend: Backend
    sampling: Sampling
    problem: str
    showing: Showing
    record: Mapping[str, Any]
    run: Run
    findings: Callable[[Sequence[str]], str]

    def question(self, opinion: Opinion) -> Question:
        """Prepare a comparison.

        Raises:
            FormatError: the template cannot be rendered for this problem.
        """
        prompt = self.showing.prompt(opinion.shown, self.findings(opinion.shown))
        return Question(opinion, prompt)

    async def ask(self, question: Question) -> None:
        """Ask once; a question that the budget does not allow is closed.

        Raises:
            BackendError: this model can never be asked.
        """
        started = time.monotonic()
        reply = await self._ask(question.prompt, question.opinion, len(question.replies))
        if reply is None:
            question.open, question.refused = False, True
        else:
            question.take(reply, time.monotonic() - started)

    async def _ask(self, prompt: Prompt, opinion: Opinion, attempt: int) -> Reply | None:
        label: dict[str, Any] = {
            "problem": self.problem,
            "shown": list(opinion.shown),
            "draw": opinion.draw,
            "attempt": attempt,
            **self.record,
        }
        if prompt.left_out:
            label["left_out"] = dict(prompt.left_out)
        request = ChatRequest.ask(
            prompt.text, sampling=self.sampling, sample=ATTEMPTS * opinion.draw + attempt
        )
        replies = await self.run.calls.ask(self.backend, request, purpose="judge", label=label)
        return replies[0] if replies else None
