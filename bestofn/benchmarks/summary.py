"""From the results of single problems to the tables."""

from __future__ import annotations

from collections.abc import Sequence

from ..types import Usage
from . import metrics
from .results import Choice, Grades, Group, ProblemResult, Row

RANDOM = "random"
EXAMPLES_ONLY = "examples only"
ORACLE = "oracle"


def label(judge: str) -> str:
    """A judge's name in tables, told from the expectation of a random choice and the bound."""
    return f"{judge} judge" if judge in (RANDOM, EXAMPLES_ONLY, ORACLE) else judge


def summarise(
    problems: Sequence[ProblemResult], judges: Sequence[str], *, seed: int = 0
) -> tuple[Group, ...]:
    """The tables of a run: one for each difficulty, and ``all`` last.

    Problems with a sandbox fault are left out of every row, so that all rows of a table are
    about the same problems.

    Args:
        problems: Results; each without a fault has grades and a choice of every judge.
        judges: In the order of the table.
        seed: Of the bootstrap.
    """
    sound = [(p, p.grades) for p in problems if p.fault is None and p.grades is not None]
    if not sound:
        return ()
    pairs = all(len(grades.verdicts) == 2 for _, grades in sound)
    groups = metrics.by_group([problem.difficulty for problem, _ in sound])
    members = {name: [sound[index] for index in where] for name, where in groups.items()}
    if len(members) == 1 and len(next(iter(members.values()))) == len(sound):
        members = {}
    members["all"] = sound
    return tuple(_group(name, found, judges, seed, pairs) for name, found in members.items())


def _group(
    name: str,
    sound: Sequence[tuple[ProblemResult, Grades]],
    judges: Sequence[str],
    seed: int,
    pairs: bool,
) -> Group:
    random = [metrics.expected_accuracy(grades.verdicts.values()) for _, grades in sound]
    best = [float(metrics.oracle(grades.verdicts.values())) for _, grades in sound]
    examples = any(problem.public_tests for problem, _ in sound)
    rows = [Row(selector=RANDOM, expected=True, accuracy=metrics.bootstrap(random, seed=seed))]
    if examples and judges:
        values = [
            metrics.surviving_accuracy(grades.verdicts, _survivors(problem))
            for problem, grades in sound
        ]
        rows.append(_row(EXAMPLES_ONLY, values, random, seed, expected=True))
    for judge in judges:
        choices = [problem.choices[judge] for problem, _ in sound]
        right = [
            float(grades.verdicts[choice.chosen])
            for (_, grades), choice in zip(sound, choices, strict=True)
        ]
        rows.append(_row(label(judge), right, random, seed, choices=choices))
    rows.append(_row(ORACLE, best, random, seed))
    return Group(
        name=name, rows=tuple(rows), pairs=_pairs(sound, judges, examples) if pairs else {}
    )


def _row(
    selector: str,
    values: Sequence[float],
    random: Sequence[float],
    seed: int,
    *,
    choices: Sequence[Choice] = (),
    expected: bool = False,
) -> Row:
    return Row(
        selector=selector,
        expected=expected,
        accuracy=metrics.bootstrap(values, seed=seed),
        gain=metrics.paired_gain(values, random, seed=seed),
        abstained=sum(choice.abstained is not None for choice in choices),
        stopped=sum(choice.stopped_by is not None for choice in choices),
        seconds=sum(choice.seconds for choice in choices) / len(values),
        programs_run=sum(choice.programs_run for choice in choices),
        usage=sum((choice.usage for choice in choices), Usage()),
    )


def _survivors(problem: ProblemResult) -> tuple[str, ...]:
    # Every judge sees what the same filters left, so any one's record will do; where a limit
    # cut the filters short in one, prefer a judge that was not stopped.
    choices = sorted(problem.choices.values(), key=lambda choice: choice.stopped_by is not None)
    return choices[0].survivors


def _pairs(
    sound: Sequence[tuple[ProblemResult, Grades]], judges: Sequence[str], examples: bool
) -> dict[str, metrics.Pairs]:
    telling = [
        (problem, grades)
        for problem, grades in sound
        if metrics.is_telling_pair(grades.verdicts.values())
    ]
    found: dict[str, metrics.Pairs] = {}
    if examples and judges:
        found[EXAMPLES_ONLY] = metrics.count_pairs(
            metrics.survivors_decide(grades.verdicts, _survivors(problem))
            for problem, grades in telling
        )
    for judge in judges:
        found[label(judge)] = metrics.count_pairs(
            None
            if (choice := problem.choices[judge]).abstained is not None
            else grades.verdicts[choice.chosen]
            for problem, grades in telling
        )
    return found
