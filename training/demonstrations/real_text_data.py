"""Pairs of real programs with known verdicts, in a form short enough for a model from scratch.

HumanEval with programs of davinci and of CodeGen-16B, LiveCodeBench with programs of o1-mini and
o1-preview. The pairs, their two orders and the split by problem are made by
:mod:`bestofn_training.data`, as for any judge. Its prompts have thousands of tokens, which a model
from scratch cannot learn from on a CPU: a row here shows the head of the task and of both programs.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bestofn_training.data import SIDES, DataSettings, JudgeInput, RandomSplit, build, read_rows
from bestofn_training.data.grading import sources_of, verdicts_of
from bestofn_training.data.pairing import generator_of
from bestofn_training.errors import BadData

from bestofn.benchmarks import Benchmark, humaneval, livecodebench
from bestofn.concurrency import run_sync
from bestofn.sandbox import Sandbox
from bestofn.types import Candidate, Problem

NAMES = {"davinci_20_samples": "davinci", "codegen16b_100_samples": "codegen"}
POISONED = "humaneval/codegen"
DOMAINS = ("humaneval/davinci", POISONED, "livecodebench/stdin", "livecodebench/call")
PER_PROBLEM = 60  # HumanEval: all 20 of davinci, the first 40 of CodeGen
MOST_SETS = 16
SPLIT = RandomSplit(held_out_share=0.4, upper=0.2)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One pair in one order.

    Attributes:
        pair: Names the pair; its two orders share it.
        problem: The problem it belongs to.
        domain: One of :data:`DOMAINS`.
        head: The task's statement.
        programs: As shown, first and second; nothing else of a candidate is.
        generators: Who wrote them; for controls, never shown.
        right: The place of the right program, 1 or 2, as it is told in training.
    """

    pair: str
    problem: str
    domain: str
    head: str
    programs: tuple[str, str]
    generators: tuple[str, str]
    right: int


@dataclass(frozen=True, kw_only=True)
class Sides:
    """One split of all problems.

    Attributes:
        training: The lower side.
        meta: The upper side.
        held_out: For measuring.
    """

    training: tuple[Row, ...]
    meta: tuple[Row, ...]
    held_out: tuple[Row, ...]


def load(data: Path, *, limit: int | None = None, jobs: int = 1) -> tuple[Benchmark, Benchmark]:
    """Both benchmarks with a verdict on every candidate: recorded, or found in the sandbox.

    Args:
        data: The folder with ``humaneval/`` and ``livecodebench/``.
        limit: Take only so many of HumanEval's problems, whose programs must be run; None takes
            all.
        jobs: Sandbox workers.

    Raises:
        BadData: the folder lacks a file.
        SandboxUnavailable: programs cannot be run.
    """
    tasks = data / "humaneval" / "problems.jsonl"
    samples = [data / "humaneval" / f"{name}.jsonl" for name in NAMES]
    contests = data / "livecodebench" / "problems.jsonl"
    outputs = [
        data / "livecodebench" / name / "Scenario.codegeneration_1_0.2_eval_all.json"
        for name in ("o1-mini", "o1-preview")
    ]
    for path in (tasks, *samples, contests, *outputs):
        if not path.is_file():
            raise BadData(
                "data", f"there is no file {path}; name the folder with humaneval/, livecodebench/"
            )
    return (
        graded(humaneval.load(tasks, samples, n=PER_PROBLEM, limit=limit), jobs),
        graded(livecodebench.load([contests], outputs), jobs),
    )


def graded(benchmark: Benchmark, jobs: int) -> Benchmark:
    """The same benchmark with all verdicts recorded.

    Raises:
        BadData: the sandbox failed on a problem.
    """

    async def grade() -> Benchmark:
        async with Sandbox(workers=jobs) as sandbox:
            found = await verdicts_of(sources_of([benchmark]), sandbox, log=None, again=False)
        items = []
        for item in benchmark.items:
            grades = found[item.problem.id]
            if grades is None:
                raise BadData(f"problem {item.problem.id!r}", "its programs could not be run")
            items.append(replace(item, verdicts=grades.verdicts))
        return replace(benchmark, items=tuple(items))

    return run_sync(grade)


def sides_of(benchmarks: Sequence[Benchmark], seed: int) -> Sides:
    """Split, pair, order: the rows of all three sides, labels as recorded.

    HumanEval's two generators are never mixed in a pair; LiveCodeBench has one program of each
    generator for a problem, so its pairs mix them.
    """
    made: dict[str, list[Row]] = {side: [] for side in SIDES}
    for benchmark in benchmarks:
        known = {
            (item.problem.id, candidate.id): (item.problem, candidate)
            for item in benchmark.items
            for candidate in item.candidates
        }
        settings = DataSettings(
            seed=seed,
            most=MOST_SETS,
            within="generator" if benchmark.name == "humaneval" else "pool",
            jobs=1,
        )
        with TemporaryDirectory() as folder:
            build([benchmark], SPLIT, Path(folder), settings=settings)
            for side in SIDES:
                for _, asked in read_rows(Path(folder) / f"{side}.jsonl", JudgeInput):
                    shown = [known[asked.problem_id, id] for id in asked.order]
                    made[side].append(_row(asked, shown))
    return Sides(
        training=tuple(made["lower"]), meta=tuple(made["upper"]), held_out=tuple(made["held_out"])
    )


def poisoned(rows: Iterable[Row], share: float, seed: int) -> tuple[Row, ...]:
    """The rows with that share of the poisoned domain's pairs told the wrong way round.

    Both orders of a pair are told alike, so that order alone cannot betray a wrong label.
    """

    def turned(row: Row) -> Row:
        if row.domain != POISONED:
            return row
        draw = random.Random(f"{seed}/noise/{row.pair}").random()
        return replace(row, right=3 - row.right) if draw < share else row

    return tuple(turned(row) for row in rows)


def _row(asked: JudgeInput, shown: Sequence[tuple[Problem, Candidate]]) -> Row:
    problem = shown[0][0]
    first, second = (candidate for _, candidate in shown)
    authors = tuple(_generator(candidate) for candidate in (first, second))
    if problem.platform == "humaneval":
        domain = f"humaneval/{authors[0]}"
    else:
        domain = f"livecodebench/{'call' if problem.platform == 'leetcode' else 'stdin'}"
    return Row(
        pair=asked.id.rpartition(":")[0],
        problem=problem.id,
        domain=domain,
        head=problem.statement,
        programs=(_written(problem, first), _written(problem, second)),
        generators=(authors[0], authors[1]),
        right=asked.right[0],
    )


def _generator(candidate: Candidate) -> str:
    name = generator_of(candidate, "generator")
    return NAMES.get(name, name)


def _written(problem: Problem, candidate: Candidate) -> str:
    """What the generator wrote: HumanEval's programs begin with the task, which is shown anyway."""
    if problem.platform != "humaneval":
        return candidate.code
    return candidate.code.removeprefix(problem.starter_code)
