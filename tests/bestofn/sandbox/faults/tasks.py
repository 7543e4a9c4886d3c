"""Jobs with a verdict for each run, so that an answer that went astray would show."""

from __future__ import annotations

import os
from dataclasses import dataclass

from bestofn.sandbox import CallJob, CheckJob, Execution, Job, Limits, StdinJob

MORE = int(os.environ.get("BESTOFN_FAULTS", "1"))
LIMITS = Limits(seconds=30, wall_seconds=120)
BATCH = 20

SOURCE = """\
n = int(input())
if n % 7 == 3:
    raise ValueError(n)
if n % 7 == 5:
    raise SystemExit(n % 100 + 1)
print(n * {factor})
"""
FUNCTION = """\
def f(n):
    if n % 7 == 3:
        raise ValueError(n)
    return (n, n * {factor})
"""


@dataclass(frozen=True)
class Task:
    """A job and what should come of each of its runs."""

    job: Job
    expected: tuple[tuple[str, object], ...]

    def is_right(self, run: int, execution: Execution) -> bool:
        answer = execution.value if isinstance(self.job, CallJob) else execution.stdout
        return (execution.status, answer) == self.expected[run]


def task(number: int) -> Task:
    """One of three kinds, with a factor of its own."""
    factor = 1000 + number
    inputs = range(number * BATCH, (number + 1) * BATCH)
    if number % 3 == 0:
        failed = {3: ("exception", ""), 5: ("exit", "")}
        return Task(
            StdinJob(source=SOURCE.format(factor=factor), inputs=tuple(f"{n}\n" for n in inputs)),
            tuple(failed.get(n % 7, ("ok", f"{n * factor}\n")) for n in inputs),
        )
    source = FUNCTION.format(factor=factor)
    if number % 3 == 1:
        return Task(
            CallJob(source=source, entry_point="f", calls=tuple((n,) for n in inputs)),
            tuple(("exception", None) if n % 7 == 3 else ("ok", (n, n * factor)) for n in inputs),
        )
    checks = tuple(f"assert f({n}) == ({n}, {n} * {factor + n % 2})" for n in inputs)
    return Task(
        CheckJob(source=source, entry_point="f", setup="", checks=checks),
        tuple(("exception" if n % 7 == 3 or n % 2 else "ok", "") for n in inputs),
    )


Results = dict[int, list[Execution] | None]
"""What came of each task; None for a fault of the sandbox."""


def wrong(tasks: list[Task], results: Results) -> list[tuple[int, int, Execution]]:
    """Tasks and runs whose verdict is not the right one."""
    found = []
    for number, task in enumerate(tasks):
        executions = results[number]
        if executions is None:
            continue
        assert len(executions) == len(task.expected)
        found += [
            (number, run, execution)
            for run, execution in enumerate(executions)
            if not task.is_right(run, execution)
        ]
    return found
