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

POINTLESS_AGAIN = ("context_overflow", "unavailable")
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

    async def compare(self, opinion: Opinion) -> Comparison | None:
        """Ask, and ask once more when there is no verdict.

        Returns:
            None when time or budget did not allow to ask at all.

        Raises:
            BackendError: this model can never be asked.
            FormatError: the template cannot be rendered for this problem.
        """
        started = time.monotonic()
        prompt = self.showing.prompt(opinion.shown, self.findings(opinion.shown))
        replies: list[Reply] = []
        readings: list[Parsed] = []
        while len(replies) < ATTEMPTS and not self.run.deadline.over:
            reply = await self._ask(prompt, opinion, len(replies))
            if reply is None:
                break
            replies.append(reply)
            readings.append(read_reply(reply, len(opinion.shown)))
            if readings[-1].index is not None or reply.status in POINTLESS_AGAIN:
                break
        if not replies:
            return None
        index = readings[-1].index
        return Comparison(
            shown=opinion.shown,
            winner=None if index is None else opinion.shown[index - 1],
            reasoning="\n\n".join(t for t in (replies[-1].reasoning, replies[-1].text) if t),
            error="" if index is not None else readings[-1].reason,
            attempts=len(replies),
            recorded=all(reply.recorded for reply in replies),
            usage=total(replies),
            seconds=time.monotonic() - started,
        )

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
