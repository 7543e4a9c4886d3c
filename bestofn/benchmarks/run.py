"""Running judges over a benchmark."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Literal, get_args

import anyio

from ..calls import Calls
from ..chat import ReplyStatus
from ..concurrency import gather, run_sync
from ..entrants import Seconds
from ..errors import InvalidInput, SandboxFault
from ..journal import KEPT
from ..judges import ConsensusJudge, Judge, asks_models, judge_named
from ..sandbox import Limits, Sandbox
from ..select import aselect
from ..types import Candidate, Problem, Selection
from .base import Benchmark, Item
from .explain import why
from .results import (
    BenchmarkResult,
    Choice,
    Grades,
    Machine,
    ProblemResult,
    code_version,
    package_version,
    write_json,
)
from .rows import RowLog, digest
from .summary import summarise
from .verdicts import grade_candidates

ROWS_FILE = "rows.jsonl"
RESULTS_FILE = "results.json"

ASKING_AT_ONCE = 64
"""Problems that are worked on side by side while models are asked, which costs mostly waiting."""

_NO_ANSWER = frozenset(get_args(ReplyStatus)) - KEPT

OnProblem = Callable[[int, int, ProblemResult], None]
"""Called with how many problems are done, how many there are, and the one just finished."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a benchmark is run.

    Attributes:
        seed: Of every random choice, the bootstrap's included.
        seconds: Wall-clock seconds for each selection, as for :func:`bestofn.select`.
        jobs: Sandbox workers, and problems that are worked on side by side; None: one a core.
        grade: Grade candidates whose verdicts are recorded too.
        grading: How hidden tests decide: ``strict``, or ``official`` as the benchmark's own
            evaluator, whose figures are published.
        isolation: The lowest level that programs may be run at; ``unsafe`` runs them without
            any. None takes the highest that works.
        examples: Whether the consensus judge may use the examples in the statement. The
            problems' public tests are a matter of how the benchmark was loaded.

    Raises:
        InvalidInput: naming the setting.
    """

    seed: int = 0
    seconds: Seconds = "auto"
    jobs: int | None = None
    grade: bool = False
    grading: Literal["strict", "official"] = "strict"
    isolation: str | None = None
    examples: bool = True

    def __post_init__(self) -> None:
        if self.grading not in ("strict", "official"):
            raise InvalidInput("grading", f"must be strict or official, got {self.grading!r}")
        if self.jobs is not None and self.jobs < 1:
            raise InvalidInput("jobs", f"must be at least 1, got {self.jobs}")
        if isinstance(self.seconds, float | int) and not self.seconds > 0:
            raise InvalidInput("seconds", f"must be more than 0, got {self.seconds}")


@dataclass(frozen=True, kw_only=True)
class _Context:
    benchmark: Benchmark
    judges: tuple[Judge, ...]
    settings: Settings
    sandbox: Sandbox
    calls: Calls
    log: RowLog


def run_benchmark(
    benchmark: Benchmark,
    *,
    judges: Sequence[Judge | str] = ("consensus",),
    settings: Settings | None = None,
    output: Path | None = None,
    calls: Calls | None = None,
    on_problem: OnProblem | None = None,
) -> BenchmarkResult:
    """Run judges over a benchmark; the synchronous twin of :func:`arun_benchmark`."""
    return run_sync(
        partial(
            arun_benchmark,
            benchmark,
            judges=judges,
            settings=settings,
            output=output,
            calls=calls,
            on_problem=on_problem,
        )
    )


async def arun_benchmark(
    benchmark: Benchmark,
    *,
    judges: Sequence[Judge | str] = ("consensus",),
    settings: Settings | None = None,
    output: Path | None = None,
    calls: Calls | None = None,
    on_problem: OnProblem | None = None,
) -> BenchmarkResult:
    """Grade where no verdict is recorded, let every judge choose, and sum up.

    Args:
        benchmark: The problems.
        judges: Judges or their names.
        settings: Seeds, seconds, workers.
        output: A folder for ``rows.jsonl``, which grows with every finished step, and
            ``results.json``, written at the end. A run that was interrupted goes on when it is
            started again with the same folder and arguments; steps with other arguments are
            done anew beside them.
        calls: Through which models are asked, opened and closed here; one budget and one
            journal for the whole benchmark.
        on_problem: Called after each problem, in the order in which they finish.

    Raises:
        InvalidInput: two judges of one name, or a candidate that can neither be looked up nor
            graded.
        SandboxUnavailable: no sandbox can be had. One that breaks on a problem is reported
            with that problem instead, which then counts for nobody.
    """
    settings = settings or Settings()
    chosen = tuple(_judge(judge, examples=settings.examples) for judge in judges)
    names = [judge.name for judge in chosen]
    if len(set(names)) < len(names):
        raise InvalidInput("judges", f"has a name twice: {', '.join(names)}")
    _require_gradable(benchmark, settings)
    started = time.monotonic()
    machine = Machine.this()
    workers = settings.jobs or machine.cores
    finished = 0
    asking = any(map(asks_models, chosen))
    slots = anyio.Semaphore(max(workers, ASKING_AT_ONCE) if asking else workers)

    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(
            Sandbox.at(settings.isolation, workers=workers, limits=benchmark.limits or Limits())
        )
        opened = await stack.enter_async_context(calls or Calls())
        with RowLog(output / ROWS_FILE if output else None) as log:
            context = _Context(
                benchmark=benchmark,
                judges=chosen,
                settings=settings,
                sandbox=sandbox,
                calls=opened,
                log=log,
            )

            async def work(item: Item) -> ProblemResult:
                nonlocal finished
                async with slots:
                    result = await _problem(item, context)
                finished += 1
                if on_problem is not None:
                    on_problem(finished, len(benchmark.items), result)
                return result

            problems = await gather(work, benchmark.items)
            reused = log.reused
        level = sandbox.level

    result = BenchmarkResult(
        benchmark=benchmark.name,
        arguments={
            **benchmark.arguments,
            "judges": names,
            **{f.name: getattr(settings, f.name) for f in fields(settings)},
            "jobs": workers,
        },
        version=package_version(),
        isolation=str(level) if level is not None else None,
        machine=machine,
        seconds=time.monotonic() - started,
        problems=tuple(problems),
        groups=summarise(problems, names, seed=settings.seed),
        faults=sum(problem.fault is not None for problem in problems),
        without_samples=benchmark.without_samples,
        reused=reused,
    )
    if output is not None:
        write_json(output / RESULTS_FILE, result.as_json())
    return result


def _judge(judge: Judge | str, *, examples: bool) -> Judge:
    found = judge_named(judge) if isinstance(judge, str) else judge
    if not examples and isinstance(found, ConsensusJudge):
        return replace(found, inputs=replace(found.inputs, use_examples=False))
    return found


def _require_gradable(benchmark: Benchmark, settings: Settings) -> None:
    """Complain before anything runs, not after an hour."""
    if settings.grading == "official" and benchmark.rules is None:
        raise InvalidInput("grading", f"{benchmark.name} has no evaluator of its own: use strict")
    if not benchmark.items:
        raise InvalidInput("benchmark", "has no problems")
    for item in benchmark.items:
        if item.hidden_tests:
            continue
        if settings.grade:
            raise InvalidInput(
                "grade", f"problem {item.problem.id!r} has no hidden tests to grade with"
            )
        if item.ungraded:
            raise InvalidInput(
                "samples",
                f"candidate {item.ungraded[0].id!r} of problem {item.problem.id!r} has no "
                "recorded verdict, and the problem has no hidden tests to grade it with; give "
                "samples with verdicts or a problem file with its private tests",
            )


async def _problem(item: Item, context: _Context) -> ProblemResult:
    grades: Grades | None = None
    choices: dict[str, Choice] = {}
    fault: str | None = None
    try:
        grades = await _grades(item, context)
        for judge in context.judges:
            choices[judge.name] = await _choice(item, judge, context)
    except SandboxFault as error:
        fault = str(error)
    return ProblemResult(
        id=item.problem.id,
        difficulty=item.difficulty,
        public_tests=len(item.problem.public_tests),
        grades=grades,
        choices=choices,
        fault=fault,
    )


def _identity(problem: Problem, candidates: Sequence[Candidate]) -> tuple[object, ...]:
    """What a selection depends on; metadata is never read."""
    return (
        replace(problem, metadata={}),
        tuple((c.id, c.code, c.kind, c.language) for c in candidates),
    )


async def _grades(item: Item, context: _Context) -> Grades:
    todo = item.candidates if context.settings.grade else item.ungraded
    if not todo:
        return Grades(verdicts=dict(item.verdicts))
    limits = context.benchmark.limits
    rules = context.benchmark.rules if context.settings.grading == "official" else None
    key = digest(
        code_version(), _identity(item.problem, item.candidates), item.hidden_tests, limits,
        sorted(item.verdicts.items()), context.settings.grade, rules,
    )  # fmt: skip
    if found := context.log.find(Grades, key):
        return found
    grades = await grade_candidates(item, todo, context.sandbox, limits=limits, rules=rules)
    context.log.add(item.problem.id, None, key, grades)
    return grades


async def _choice(item: Item, judge: Judge, context: _Context) -> Choice:
    settings = context.settings
    identity = _identity(item.problem, item.candidates)
    key = digest(
        code_version(), repr(judge), _beyond_repr(judge), settings.seed, settings.seconds, identity
    )
    if found := context.log.find(Choice, key):
        return found
    final = True
    if any(candidate.code.strip() for candidate in item.candidates):
        selection = await aselect(
            item.problem,
            item.candidates,
            judge=judge,
            seed=settings.seed,
            seconds=settings.seconds,
            sandbox=context.sandbox,
            calls=context.calls,
        )
        choice = _as_choice(item, selection)
        final = _is_final(selection)
    else:
        choice = Choice(
            chosen=item.candidates[0].id,
            survivors=tuple(candidate.id for candidate in item.candidates),
            why="no candidate has a program",
            abstained="no candidate has a program",
        )
    if final:
        context.log.add(item.problem.id, judge.name, key, choice)
    return choice


def _beyond_repr(judge: Judge) -> tuple[str, ...]:
    """What a judge's choices depend on besides its settings: a template's words, the server."""
    if not asks_models(judge):
        return ()
    from ..judges.llm import LLMJudge  # slow to import; whoever has such a judge has paid for it

    return (judge.prompt.sha256, judge.backend.identity) if isinstance(judge, LLMJudge) else ()


def _is_final(selection: Selection) -> bool:
    """Whether the same run again may not come to more.

    With a larger budget it goes on where it stopped, and a model that could not be reached may
    answer later. An abstention's error begins with the status of the reply that it is about.
    """
    return selection.stopped_by in (None, "seconds") and not any(
        made.winner is None and made.error.partition(":")[0] in _NO_ANSWER
        for made in selection.ranking.comparisons
    )


def _as_choice(item: Item, selection: Selection) -> Choice:
    stands_for = {r.id: r.same_as for r in selection.rejected if r.same_as is not None}
    dropped = {r.id for r in selection.rejected if r.same_as is None}
    return Choice(
        chosen=selection.best.id,
        survivors=tuple(
            candidate.id
            for candidate in item.candidates
            if stands_for.get(candidate.id, candidate.id) not in dropped
        ),
        why=why(selection),
        abstained=selection.abstained,
        stopped_by=selection.stopped_by,
        seconds=selection.evidence.seconds,
        programs_run=selection.evidence.programs_run,
        usage=selection.usage,
    )
