"""What a benchmark run found, as values and as JSON."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from ..types import Usage
from .metrics import Estimate, Pairs

SCHEMA = "bestofn.results"
SCHEMA_VERSION = 1


def package_version() -> str:
    """The installed version of this package; ``unknown`` in a source tree that is not installed."""
    try:
        return metadata.version("bestofn")
    except metadata.PackageNotFoundError:
        return "unknown"


@functools.cache
def code_version() -> str:
    """The version and a digest of the package's own code: what a kept result depends on."""
    code = hashlib.sha256()
    package = Path(__file__).resolve().parents[1]
    for path in sorted(package.rglob("*.py")):
        code.update(path.read_bytes())
    return f"{package_version()}+{code.hexdigest()[:16]}"


@dataclass(frozen=True, kw_only=True)
class Grades:
    """Which candidates of a problem are right.

    Attributes:
        verdicts: By candidate id.
        graded: How many candidates were graded here; the others' verdicts were recorded.
        seconds: Wall-clock seconds of the grading.
    """

    verdicts: Mapping[str, bool]
    graded: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What one judge chose on one problem.

    Attributes:
        chosen: The candidate's id.
        why: The reason in words, see :func:`bestofn.benchmarks.explain.why`.
        survivors: The candidates that the filters left, copies included.
        abstained: Why nothing told the best apart, or None.
        stopped_by: The limit that ended the work early, or None.
        seconds: Wall-clock seconds of the selection.
        programs_run: How many times a program was started on an input.
        usage: What models were asked, and what it cost.
    """

    chosen: str
    survivors: tuple[str, ...]
    why: str = ""
    abstained: str | None = None
    stopped_by: str | None = None
    seconds: float = 0.0
    programs_run: int = 0
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, kw_only=True)
class ProblemResult:
    """One problem of a run.

    Attributes:
        id, difficulty: Of the problem.
        public_tests: How many tests the selector was shown.
        grades: Which candidates are right; None when the sandbox failed before that was known.
        choices: By judge.
        fault: What the sandbox did wrong, or None. Such a problem says nothing about a judge
            and is left out of every figure.
    """

    id: str
    difficulty: str
    public_tests: int
    grades: Grades | None
    choices: Mapping[str, Choice] = field(default_factory=dict)
    fault: str | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a table: how well one way of choosing did on a group of problems.

    Attributes:
        selector: ``random``, ``examples only``, a judge's name, or ``oracle``.
        expected: Whether the accuracy is the exact expectation of a random choice.
        accuracy: With its interval over problems.
        gain: Over random choice, paired by problem; None for random itself.
        abstained: On how many problems nothing told the best apart.
        stopped: How many problems a limit ended early.
        seconds: Wall-clock seconds a problem, the mean.
        programs_run: How many times a program was started on an input, over all problems.
        usage: What models were asked over all problems, and what it cost.
    """

    selector: str
    expected: bool
    accuracy: Estimate
    gain: Estimate | None = None
    abstained: int = 0
    stopped: int = 0
    seconds: float = 0.0
    programs_run: int = 0
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, kw_only=True)
class Group:
    """The table of one group of problems.

    Attributes:
        name: A difficulty, or ``all``.
        rows: Random first, oracle last.
        pairs: For each selector, what it decided where one of two candidates is right; empty
            unless every problem has two candidates.
    """

    name: str
    rows: tuple[Row, ...]
    pairs: Mapping[str, Pairs] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where a run took place."""

    cores: int
    python: str
    system: str

    @classmethod
    def this(cls) -> Machine:
        """The machine that this runs on; cores are those this process may use."""
        return cls(
            cores=len(os.sched_getaffinity(0)),
            python=platform.python_version(),
            system=f"{platform.system()} {platform.release()} {platform.machine()}",
        )


@dataclass(frozen=True, kw_only=True)
class BenchmarkResult:
    """A whole run.

    Attributes:
        benchmark: Its name.
        arguments: What repeats the run: files, judges, seeds, limits.
        version: Of this package.
        isolation: The sandbox level that was really active, or None when nothing ran.
        machine: Where.
        seconds: Wall-clock seconds of the whole run.
        problems: One result each, in order.
        groups: The tables, ``all`` last.
        faults: How many problems were left out because the sandbox failed.
        without_samples: Problems that no sample file mentions.
        reused: How many steps an earlier, interrupted run had already done.
    """

    benchmark: str
    arguments: Mapping[str, Any]
    version: str
    isolation: str | None
    machine: Machine
    seconds: float
    problems: tuple[ProblemResult, ...]
    groups: tuple[Group, ...]
    faults: int = 0
    without_samples: tuple[str, ...] = ()
    reused: int = 0

    def as_json(self) -> dict[str, Any]:
        """Plain values for JSON, with the schema's name and version first."""
        body = asdict(self)
        body["problems"] = [_problem_json(problem) for problem in self.problems]
        return {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, **body}


def _problem_json(problem: ProblemResult) -> dict[str, Any]:
    body = asdict(problem)
    if problem.grades is not None:
        for name, choice in problem.choices.items():
            body["choices"][name]["right"] = problem.grades.verdicts[choice.chosen]
    return body


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` so that a reader sees the old file or the whole new one.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            json.dump(value, file, indent=1, ensure_ascii=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
