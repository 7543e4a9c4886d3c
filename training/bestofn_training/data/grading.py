"""Which candidates are right: recorded verdicts, or hidden tests run now in the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio

from bestofn.benchmarks import Benchmark, Grades, Item
from bestofn.benchmarks.results import code_version
from bestofn.benchmarks.rows import RowLog, digest
from bestofn.benchmarks.verdicts import grade_candidates
from bestofn.concurrency import gather
from bestofn.errors import SandboxFault
from bestofn.sandbox import Limits, Sandbox

from ..errors import BadData

SANDBOX_FAULT = "the sandbox failed"

OnItem = Callable[[int, int, str], None]
"""Called with how many problems are graded, how many there are, and the one just done."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """One problem with its candidates, and where it came from.

    Attributes:
        benchmark: The benchmark's name.
        limits: Of its tests; None takes the sandbox's own.
        item: The problem.
    """

    benchmark: str
    limits: Limits | None
    item: Item


def sources_of(benchmarks: Sequence[Benchmark]) -> list[Source]:
    """Every problem of several benchmarks.

    Raises:
        BadData: two problems have one id.
    """
    found: dict[str, Source] = {}
    for benchmark in benchmarks:
        for item in benchmark.items:
            id = item.problem.id
            if id in found:
                raise BadData(
                    f"problem {id!r}",
                    f"is in {found[id].benchmark} and in {benchmark.name}; ids must be unique, "
                    "as splits go by them",
                )
            found[id] = Source(benchmark=benchmark.name, limits=benchmark.limits, item=item)
    return list(found.values())


async def verdicts_of(
    sources: Sequence[Source],
    sandbox: Sandbox,
    *,
    log: Path | None,
    again: bool,
    on_item: OnItem | None = None,
) -> dict[str, Grades | None]:
    """Verdicts on every candidate, by problem; None where the sandbox failed.

    Args:
        sources: The problems.
        sandbox: Where hidden tests run, open; unused where every verdict is recorded.
        log: A file that keeps finished problems, so that an interrupted grading goes on.
        again: Run the hidden tests despite recorded verdicts.
        on_item: Hears of every problem.

    Raises:
        BadData: a candidate has no verdict and its problem no hidden tests.
        SandboxUnavailable: no sandbox can be had.
    """
    for source in sources:
        _require_gradable(source.item, again)
    if not again and not any(source.item.ungraded for source in sources):
        log = None  # nothing will be run, so nothing need be kept
    slots = anyio.Semaphore(sandbox.workers)
    done = 0
    with RowLog(log) as rows:

        async def work(source: Source) -> Grades | None:
            nonlocal done
            async with slots:
                grades = await _grades(source, sandbox, rows, again)
            done += 1
            if on_item is not None:
                on_item(done, len(sources), source.item.problem.id)
            return grades

        results = await gather(work, sources)
    return {s.item.problem.id: grades for s, grades in zip(sources, results, strict=True)}


def _require_gradable(item: Item, again: bool) -> None:
    if item.hidden_tests or not (again or item.ungraded):
        return
    what = "every candidate was to be graded" if again else f"{item.ungraded[0].id!r} has none"
    raise BadData(
        f"problem {item.problem.id!r}",
        f"has no hidden tests to make verdicts with, and {what}; give samples with recorded "
        "verdicts, or a problem file with its tests",
    )


async def _grades(source: Source, sandbox: Sandbox, rows: RowLog, again: bool) -> Grades | None:
    item = source.item
    todo = item.candidates if again else item.ungraded
    if not todo:
        return Grades(verdicts=dict(item.verdicts))
    problem = item.problem
    key = digest(
        code_version(),
        (problem.id, problem.entry_point, problem.starter_code, problem.tolerance, problem.checker),
        tuple((c.id, c.code, c.kind, c.language) for c in item.candidates),
        item.hidden_tests,
        source.limits,
        sorted(item.verdicts.items()),
        again,
    )
    if found := rows.find(Grades, key):
        return found
    try:
        grades = await grade_candidates(item, todo, sandbox, limits=source.limits)
    except SandboxFault:
        return None
    rows.add(problem.id, None, key, grades)
    return grades
