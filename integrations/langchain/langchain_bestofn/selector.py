"""A step of a chain that takes candidates and gives the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, convert_to_messages
from langchain_core.prompt_values import PromptValue
from langchain_core.runnables import Runnable, RunnableConfig, ensure_config

from bestofn import Budget, Candidate, InvalidInput, Price, Problem, Selection
from bestofn.conversations import candidate_of

from .blocking import blocking
from .choosing import Candidates, Chooser, JudgeLike
from .messages import answer_form, conversation
from .tracing import Judgments


class Selector(Runnable[Mapping[str, Any], Any]):
    """Takes ``{"problem": ..., "candidates": [...]}`` and gives the best candidate as it came.

    ::

        best = Selector(judge="self-consistency").invoke(
            {"problem": "6 * 7?", "candidates": ["42", "42", "36"]}
        )

    The problem is a text, a list of messages or a :class:`bestofn.Problem`; candidates are
    texts, AI messages or :class:`bestofn.Candidate` objects. Choosing costs what the judge asks: a
    chat model 8 comparisons and at most as many repeated ones.

    Args:
        judge: Who chooses: a chat model, a judge of bestofn, or the name of one.
        candidates: ``"answer"`` judges texts and tool calls; ``"program"`` takes the code out of
            them and **runs it in bestofn's sandbox**.
        include_selection: Give ``{"best": ..., "selection": bestofn.Selection}`` instead of the
            best alone.
        seed: Repeats the choice's own randomness.
        budget: Of each choice.
        journal: SQLite file that keeps every paid judgment; an equal one is answered from it.
        prices: Dollars per million tokens by model, where ``budget`` counts dollars.

    Raises:
        InvalidInput: an argument, or the input, cannot be used; the error names the field.
    """

    def __init__(
        self,
        *,
        judge: JudgeLike,
        candidates: Candidates = "answer",
        include_selection: bool = False,
        seed: int = 0,
        budget: Budget = Budget(),  # noqa: B008 - frozen
        journal: str | Path | None = None,
        prices: Mapping[str, Price] | None = None,
    ) -> None:
        self._include_selection = include_selection
        self._chooser = Chooser(
            judge=judge,
            candidates=candidates,
            seed=seed,
            budget=budget,
            journal=journal,
            prices=prices or {},
        )

    def invoke(
        self, input: Mapping[str, Any], config: RunnableConfig | None = None, **kwargs: Any
    ) -> Any:
        """Choose; works inside a running event loop too, which waits meanwhile."""
        return self._call_with_config(
            lambda given: blocking(partial(self._choose, given, asynchronous=False)),
            input,
            config,
            **kwargs,
        )

    async def ainvoke(
        self, input: Mapping[str, Any], config: RunnableConfig | None = None, **kwargs: Any
    ) -> Any:
        """Choose."""

        async def choose(given: Mapping[str, Any]) -> Any:
            return await self._choose(given, asynchronous=True)

        return await self._acall_with_config(choose, input, config, **kwargs)

    async def _choose(self, given: Mapping[str, Any], *, asynchronous: bool) -> Any:
        proposed = _proposed(given)
        candidates = [self._candidate(number, it) for number, it in enumerate(proposed)]
        judgments = Judgments()
        async with self._chooser.calls(judgments) as calls:
            selection: Selection = await self._chooser.choose(
                _problem(given, self._chooser.candidates),
                candidates,
                calls=calls,
                judgments=judgments,
                config=ensure_config(),
                asynchronous=asynchronous,
            )
        ids = [candidate.id for candidate in candidates]
        best = proposed[ids.index(selection.best.id)]
        return {"best": best, "selection": selection} if self._include_selection else best

    def _candidate(self, number: int, proposed: object) -> Candidate:
        if isinstance(proposed, Candidate):
            return proposed
        if isinstance(proposed, str):
            form: dict[str, Any] = {"content": proposed}
        elif isinstance(proposed, AIMessage):
            form = answer_form(proposed)
        else:
            raise InvalidInput(
                f"candidates[{number}]",
                f"must be text, an AIMessage or a Candidate, got {type(proposed).__name__}",
            )
        return candidate_of(form, id=str(number), kind=self._chooser.candidates)


def _proposed(given: Mapping[str, Any]) -> Sequence[Any]:
    if not isinstance(given, Mapping) or not {"problem", "candidates"} <= set(given):
        raise InvalidInput("input", 'must be {"problem": ..., "candidates": [...]}')
    proposed = given["candidates"]
    if isinstance(proposed, str) or not isinstance(proposed, Sequence) or not proposed:
        raise InvalidInput("candidates", "must be a list of at least one candidate")
    return proposed


def _problem(given: Mapping[str, Any], kind: Candidates) -> Problem:
    problem = given["problem"]
    if isinstance(problem, Problem):
        return problem
    if isinstance(problem, str):
        return Problem(statement=problem)
    if not isinstance(problem, BaseMessage | PromptValue | Sequence):
        raise InvalidInput(
            "problem", f"must be text, messages or a Problem, got {type(problem).__name__}"
        )
    messages = [problem] if isinstance(problem, BaseMessage) else problem
    return conversation(convert_to_messages(messages), {}, kind=kind)
