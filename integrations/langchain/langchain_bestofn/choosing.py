"""Choosing among candidates: which judge, within which budget, seen by whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from langchain_core.callbacks.base import BaseCallbackManager
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import RunnableBinding, RunnableConfig

from bestofn import (
    Budget,
    Calls,
    Candidate,
    ConsensusJudge,
    InvalidInput,
    Judge,
    LLMJudge,
    Price,
    Problem,
    Ranking,
    Rejection,
    Selection,
    aselect,
)
from bestofn.judges import DualAgreementJudge, MajorityJudge, judge_named

from .backend import LEFT_ALONE, LangChainBackend
from .report import verdict_of
from .tracing import Judgments, as_run

Candidates: TypeAlias = Literal["answer", "program"]
"""What a model's reply is: words and tool calls, or a program that may be run."""

JudgeLike: TypeAlias = Judge | str | BaseChatModel | RunnableBinding[Any, Any]
"""A judge of bestofn, the name of one, or a chat model that compares."""

FREE = "self-consistency"
_EXECUTING = (ConsensusJudge, DualAgreementJudge, MajorityJudge)


@dataclass(frozen=True, kw_only=True)
class Chooser:
    """The settings of choosing, checked.

    Attributes:
        judge: Who ranks.
        candidates: What is judged.
        seed: Repeats every random choice.
        budget: Of one invocation, sampling and judging together.
        journal: File that keeps every paid reply; an equal request is answered from it.
        prices: By model, for budgets in dollars.

    Raises:
        InvalidInput: naming the setting.
    """

    judge: JudgeLike
    candidates: Candidates = "answer"
    seed: int = 0
    budget: Budget = Budget()  # noqa: RUF009 - frozen
    journal: str | Path | None = None
    prices: Mapping[str, Price] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.candidates not in get_args(Candidates):
            raise InvalidInput("candidates", f"must be one of {', '.join(get_args(Candidates))}")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int):
            raise InvalidInput("seed", f"must be a whole number, got {self.seed!r}")
        if isinstance(self.judge, str):
            object.__setattr__(self, "judge", judge_named(self.judge))
        if isinstance(self.judge, type) or not isinstance(
            self.judge, BaseChatModel | RunnableBinding | Judge
        ):
            raise InvalidInput(
                "judge", "must be a chat model, a judge of bestofn, or the name of one"
            )
        if isinstance(self.judge, _EXECUTING) and self.candidates == "answer":
            raise InvalidInput(
                "judge",
                f"{self.judge.name!r} runs programs: say candidates='program', or choose another",
            )
        self.ranker(asynchronous=True)
        Calls(budget=self.budget, prices=self.prices)  # says what is wrong with them

    def ranker(self, *, asynchronous: bool) -> Judge:
        """The judge, for use in this event loop alone or by blocking calls."""
        judge = self.judge
        if isinstance(judge, BaseChatModel | RunnableBinding):
            backend = LangChainBackend(judge, asynchronous=asynchronous)
            return LLMJudge(backend, sampling=LEFT_ALONE)
        assert isinstance(judge, Judge)
        return judge

    @cached_property
    def identity(self) -> str:
        """What a choice depends on besides the candidates."""
        judge = self.ranker(asynchronous=True)
        kind = repr(judge) if is_dataclass(judge) else f"{type(judge).__qualname__} {judge.name}"
        backend = getattr(getattr(judge, "backend", None), "identity", "")
        return f"{kind} {backend} {self.candidates} {self.seed} {self.budget}"

    def calls(self, listener: Judgments) -> Calls:
        """The gate for one invocation."""
        return Calls(
            budget=self.budget, journal=self.journal, prices=self.prices, on_event=listener
        )

    async def choose(
        self,
        problem: Problem,
        candidates: Sequence[Candidate],
        *,
        calls: Calls,
        judgments: Judgments,
        config: RunnableConfig,
        asynchronous: bool,
    ) -> Selection:
        """Choose, as a run of its own.

        Where every candidate is empty the first is taken, and the selection says so.

        Args:
            problem: What was asked.
            candidates: At least one.
            calls: The open gate.
            judgments: Its listener.
            config: Of the run to which this belongs.
            asynchronous: Whether chat models may be asked by their async methods.
        """
        judge = self.ranker(asynchronous=asynchronous)
        if isinstance(judge, _EXECUTING) and any(c.kind != "program" for c in candidates):
            judge = judge_named(FREE)
        if not any(candidate.code.strip() for candidate in candidates):
            return _first_of_nothing(candidates, judge.name, self.seed)

        async def work(children: BaseCallbackManager) -> Selection:
            if not _traces_itself(judge):
                judgments.belong_to(children)
            return await aselect(problem, candidates, judge=judge, seed=self.seed, calls=calls)

        return await as_run(
            "bestofn select",
            {
                "problem": problem.statement,
                "candidates": {candidate.id: candidate.code for candidate in candidates},
            },
            config,
            work,
            verdict_of,
        )


def _traces_itself(judge: Judge) -> bool:
    return isinstance(judge, LLMJudge) and isinstance(judge.backend, LangChainBackend)


def _first_of_nothing(candidates: Sequence[Candidate], judge: str, seed: int) -> Selection:
    first = candidates[0]
    why = "every candidate is empty; the first was taken"
    return Selection(
        best=first,
        ranking=Ranking(order=(first.id,), scores={first.id: 0.0}, abstained=why),
        candidates=tuple(candidates),
        rejected=tuple(
            Rejection(id=candidate.id, by="no_code", reason="there is nothing in it")
            for candidate in candidates[1:]
        ),
        abstained=why,
        judge=judge,
        seed=seed,
    )
