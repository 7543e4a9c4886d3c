"""The nouns of the package: frozen, keyword-only, checked when they are made.

They hold what a selector may know. Hidden tests live in :mod:`bestofn.benchmarks` alone, so
that no filter and no judge can be handed one by mistake.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .errors import InvalidInput

TestKind = Literal["stdin", "call", "assertion", "unittest"]
OutcomeStatus = Literal["passed", "wrong", "error", "timeout", "memory", "not_run", "sandbox_fault"]
CandidateKind = Literal["program", "patch", "answer"]

_TEST_KINDS = ("stdin", "call", "assertion", "unittest")


def _require_text(field_name: str, value: object, *, empty_ok: bool = True) -> None:
    if not isinstance(value, str):
        raise InvalidInput(field_name, f"must be text, got {type(value).__name__}")
    if not empty_ok and not value.strip():
        raise InvalidInput(field_name, "is empty; write what it should say")


def _compiled(field_name: str, source: str) -> tuple[str, ...]:
    """The names that a source uses at its top level; refuses what does not compile."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a source's style is worth is not our business
            return compile(source, f"<{field_name}>", "exec", dont_inherit=True).co_names
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InvalidInput(field_name, f"is not valid Python: {error}") from error


@dataclass(frozen=True, kw_only=True)
class TestCase:
    """One test of a program.

    Attributes:
        kind: ``stdin`` feeds text and compares what is printed; ``call`` calls the problem's
            entry point and compares the value; ``assertion`` is a script of asserts, or one
            that defines ``check(candidate)`` as HumanEval does; ``unittest`` is a module with
            ``unittest.TestCase`` classes, as in BigCodeBench.
        input: ``stdin``: the text fed. ``call``: the positional arguments, a tuple or list of
            plain values. ``assertion``, ``unittest``: Python source.
        expected: ``stdin``: the text that should be printed. ``call``: the value that should
            be returned. Unused by the other kinds, whose source says what is expected.

    Raises:
        InvalidInput: a field has the wrong type, or source does not parse.
    """

    __test__ = False  # not a test class, whatever pytest thinks of the name

    kind: TestKind
    input: Any
    expected: Any = None

    def __post_init__(self) -> None:
        if self.kind not in _TEST_KINDS:
            raise InvalidInput("TestCase.kind", f"must be one of {', '.join(_TEST_KINDS)}")
        if self.kind == "call":
            if not isinstance(self.input, tuple | list):
                raise InvalidInput(
                    "TestCase.input", "must be a tuple or list of arguments for kind 'call'"
                )
            object.__setattr__(self, "input", tuple(self.input))
            return
        _require_text("TestCase.input", self.input, empty_ok=self.kind == "stdin")
        if self.kind == "stdin":
            _require_text("TestCase.expected", self.expected)
            return
        _compiled("TestCase.input", self.input)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What the candidates are meant to solve.

    Attributes:
        id: A name that is unique within a run.
        statement: The task in words, as the model that wrote the candidates saw it.
        title, platform, difficulty: As published; empty when unknown.
        starter_code: Code that candidates were asked to complete: a LeetCode class, or a
            HumanEval prompt. Its imports and helper functions are available to tests.
        entry_point: The function or method that ``call`` and ``assertion`` tests use.
        public_tests: Tests that are known to be right and that the candidates' author could
            see.
        generated_tests: Python sources of assertions that a model wrote for this problem.
            They may be wrong, broken or cut short, and are never trusted alone.
        tolerance: How far a number may be from the expected one in ``stdin`` and ``call``
            tests: absolute, or relative to an expected number above 1. It is for expected
            numbers that are written with a fraction or an exponent (as values: floats); whole
            numbers are asked for exactly. 0 asks for all exactly.
        checker: For problems with several right answers: source of a Python program that
            defines ``check(input, expected, output)`` and decides ``stdin`` and ``call`` tests
            instead of a comparison (``tolerance`` then has no say). It is handed text for
            ``stdin`` tests, and the tuple of arguments and two values for ``call`` tests; it
            returns True, or False, or a text that says why the answer is wrong. It must cope
            with any output. It runs in the sandbox, apart from the candidate. Other kinds of
            tests check for themselves.
        metadata: Anything else; never read by filters and judges.

    Raises:
        InvalidInput: naming the field.
    """

    statement: str
    id: str = "problem"
    title: str = ""
    platform: str = ""
    difficulty: str = ""
    starter_code: str = ""
    entry_point: str | None = None
    public_tests: tuple[TestCase, ...] = ()
    generated_tests: tuple[str, ...] = ()
    tolerance: float = 0.0
    checker: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require_text("Problem.statement", self.statement, empty_ok=False)
        _require_text("Problem.id", self.id, empty_ok=False)
        for name in ("title", "platform", "difficulty", "starter_code"):
            _require_text(f"Problem.{name}", getattr(self, name))
        if self.entry_point is not None:
            _require_text("Problem.entry_point", self.entry_point, empty_ok=False)
            if not self.entry_point.isidentifier():
                raise InvalidInput("Problem.entry_point", "must be the name of a function")
        for name in ("public_tests", "generated_tests"):
            if not isinstance(getattr(self, name), list | tuple):
                raise InvalidInput(f"Problem.{name}", "must be a list or tuple")
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for index, test in enumerate(self.public_tests):
            if not isinstance(test, TestCase):
                raise InvalidInput(f"Problem.public_tests[{index}]", "must be a TestCase")
            if test.kind in ("call", "assertion") and self.entry_point is None:
                raise InvalidInput(
                    "Problem.entry_point",
                    f"is needed by public_tests[{index}] (kind {test.kind!r}): name the function",
                )
        for index, source in enumerate(self.generated_tests):
            _require_text(f"Problem.generated_tests[{index}]", source)
        number = isinstance(self.tolerance, int | float) and not isinstance(self.tolerance, bool)
        if not (number and 0 <= self.tolerance < float("inf")):
            raise InvalidInput(
                "Problem.tolerance", f"must be a number of at least 0, got {self.tolerance!r}"
            )
        _require_text("Problem.checker", self.checker)
        if self.checker.strip() and "check" not in _compiled("Problem.checker", self.checker):
            raise InvalidInput("Problem.checker", "must define check(input, expected, output)")


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What was spent on model calls; adds with ``+``."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            dollars=self.dollars + other.dollars,
        )


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One proposed solution.

    Attributes:
        id: A name that is unique among the candidates of one problem.
        code: The program (or patch, or answer) itself. May be empty: a reply without code is
            a candidate that fails, not an error.
        text: The whole reply that the code was taken from, when known.
        kind: ``program`` is executed; other kinds are only judged.
        language: What a program is written in: ``python``, ``cpp``, ``javascript`` or the name
            of another :class:`bestofn.sandbox.Runtime`. Other languages than Python are run on
            ``stdin`` tests only.
        usage: What it cost to make.
        metadata: Anything else; never read by filters and judges.

    Raises:
        InvalidInput: naming the field.
    """

    id: str
    code: str
    text: str = ""
    kind: CandidateKind = "program"
    language: str = "python"
    usage: Usage = Usage()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require_text("Candidate.id", self.id, empty_ok=False)
        _require_text("Candidate.code", self.code)
        _require_text("Candidate.text", self.text)
        if self.kind not in ("program", "patch", "answer"):
            raise InvalidInput("Candidate.kind", "must be program, patch or answer")
        _require_text("Candidate.language", self.language, empty_ok=False)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one candidate did on one test.

    Attributes:
        status: ``not_run`` (the time was over) and ``sandbox_fault`` say nothing about the
            candidate.
        output: What it printed or returned, as text, shortened for people.
        error: The exception or signal, when there was one.
        seconds: Processor seconds of the candidate.
        tamper_evident: The test ran in the candidate's own process (unittest modules, scripts
            that pass values without a plain form). What a program changes of the machinery
            that tests it is noticed and fails it; a cheat that changes nothing may not be.
    """

    status: OutcomeStatus
    output: str = ""
    error: str = ""
    seconds: float = 0.0
    tamper_evident: bool = False

    @property
    def passed(self) -> bool:
        """Whether the test was passed."""
        return self.status == "passed"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One verdict of a judge on two or more candidates.

    Attributes:
        shown: Candidate ids in the order in which the judge saw them.
        winner: The better one's id, or None when the judge abstained.
        reasoning: The judge's words.
        error: Why there is no winner.
        attempts: How many replies it took.
        recorded: Whether every reply came from a journal.
        usage: What it cost, when it was first paid for.
        seconds: Wall-clock seconds.
    """

    shown: tuple[str, ...]
    winner: str | None
    reasoning: str = ""
    error: str = ""
    attempts: int = 1
    recorded: bool = False
    usage: Usage = Usage()
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Candidates that behaved the same on every input they were run on.

    Attributes:
        members: Candidate ids.
        weight: How many of the candidates handed in they stand for, copies included.
        score: The judge's score of the cluster; higher is better.
    """

    members: tuple[str, ...]
    weight: int
    score: float


@dataclass(frozen=True, kw_only=True)
class Split:
    """An input on which candidates part, and what each group did there.

    Attributes:
        input: The input as text, shortened for people.
        origin: Where the input came from (``public test``, ``example``, ``generated test``,
            ``constraint``, ``mutation``, ``random``, ``stress``).
        answers: For each behaviour seen, the shortened result and the candidates that gave it.
    """

    input: str
    origin: str
    answers: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """The order a judge puts candidates in.

    Attributes:
        order: Candidate ids, best first.
        scores: A number per candidate id; higher is better, the scale is the judge's own.
        comparisons: Every pairwise verdict that was paid for.
        clusters: Groups of equal behaviour, best first; empty for judges that run nothing.
        splits: The inputs that told candidates apart, most telling first.
        abstained: Why the top could not be told apart, or None when it could.
        stopped_by: The limit that ended the judging early (``"seconds"``), or None.
        usage: What the judging cost.
    """

    order: tuple[str, ...]
    scores: Mapping[str, float]
    comparisons: tuple[Comparison, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    splits: tuple[Split, ...] = ()
    abstained: str | None = None
    stopped_by: str | None = None
    usage: Usage = Usage()


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """A candidate that was dropped before judging.

    Attributes:
        id: The candidate.
        by: The filter.
        reason: In words.
        same_as: For a duplicate, the candidate that stands for it.
    """

    id: str
    by: Literal["no_code", "duplicates", "public_tests"]
    reason: str
    same_as: str | None = None


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What running the candidates showed.

    Attributes:
        public_tests: Outcomes per candidate id, in the order of ``Problem.public_tests``.
            Copies of a program are not run; look up the one that stands for them.
        isolation: The sandbox level that was really active (``full``, ``light``, ``basic``),
            or None when nothing ran.
        programs_run: How many times a candidate was started on an input.
        seconds: Wall-clock seconds of the whole selection.
    """

    public_tests: Mapping[str, tuple[Outcome, ...]] = field(default_factory=dict)
    isolation: str | None = None
    programs_run: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The answer of :func:`bestofn.select`.

    Attributes:
        best: The chosen candidate, always one of ``candidates``.
        candidates: Everything that was handed in, or drawn.
        ranking: The judge's ranking of the candidates that reached it.
        rejected: Candidates dropped before, with reasons.
        evidence: What running them showed.
        abstained: Why nothing told the best candidates apart (the choice among them then
            followed the seed), or None.
        stopped_by: The limit that ended the work early, or None.
        usage: What model calls cost; zero for the embedded judge.
        judge: The judge's name.
        seed: The seed that repeats this selection.
    """

    best: Candidate
    ranking: Ranking
    candidates: tuple[Candidate, ...] = ()
    rejected: tuple[Rejection, ...] = ()
    evidence: Evidence = Evidence()
    abstained: str | None = None
    stopped_by: str | None = None
    usage: Usage = Usage()
    judge: str = ""
    seed: int = 0
