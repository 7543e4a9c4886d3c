"""What is run, under which limits, and what came of it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ..errors import InvalidInput

ExecutionStatus = Literal[
    "ok", "exception", "exit", "timeout", "memory", "output", "crash", "not_run"
]


class Level(enum.IntEnum):
    """How far untrusted programs are kept from the machine; more is stricter.

    ``UNSAFE``: a process of its own, nothing else; only used when asked for by name.
    ``BASIC``: adds resource limits, no new privileges and no capabilities. ``LIGHT``: adds
    Landlock and a system call filter. ``FULL``: adds user, mount, process, network, IPC and
    host-name namespaces with a private read-only root.
    """

    UNSAFE = 0
    BASIC = 1
    LIGHT = 2
    FULL = 3

    def __str__(self) -> str:
        return self.name.lower()

    @classmethod
    def named(cls, name: object, *, field: str = "level") -> Level:
        """The level of a name such as ``full``.

        Raises:
            InvalidInput: there is none; the error names ``field``.
        """
        for level in cls:
            if name == str(level):
                return level
        known = ", ".join(str(level) for level in reversed(cls))
        raise InvalidInput(field, f"must be one of {known}, got {name!r}")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one program may use.

    Attributes:
        seconds: Processor seconds for each run (6 is LiveCodeBench's own limit a test).
        wall_seconds: Wall-clock seconds for each run; None means ``2 * seconds + 1``, so that
            a busy machine does not turn a right program into a slow one.
        total_seconds: Wall-clock seconds for all the runs of one job. The run that they end and
            those after it come back as ``not_run``. None means no such bound.
        timeouts: Runs of one job that may time out; when so many did, those after them come back
            as ``not_run``. None means all may.
        memory_bytes: Address space. Below 1 GiB programs with threads fail to start them.
        output_bytes: What a run may print, or the size of the value it may return.
        file_bytes: The largest file it may write.
        open_files: Open descriptors.
        threads: Threads and processes together.

    Raises:
        InvalidInput: a limit is not positive.
    """

    seconds: float = 6.0
    wall_seconds: float | None = None
    total_seconds: float | None = None
    timeouts: int | None = None
    memory_bytes: int = 4 << 30
    output_bytes: int = 8 << 20
    file_bytes: int = 16 << 20
    open_files: int = 64
    threads: int = 64

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if value is not None and not (isinstance(value, int | float) and value > 0):
                raise InvalidInput(f"Limits.{name}", f"must be a number above 0, got {value!r}")
            if value is not None and "seconds" not in name and type(value) is not int:
                raise InvalidInput(f"Limits.{name}", f"must be a whole number, got {value!r}")

    def within(self, outer: Limits) -> Limits:
        """The stricter of both, field by field."""
        stricter: dict[str, Any] = {}
        for name in self.__dataclass_fields__:
            set_values = [v for v in (getattr(self, name), getattr(outer, name)) if v is not None]
            stricter[name] = min(set_values, default=None)
        return Limits(**stricter)


@dataclass(frozen=True, kw_only=True)
class StdinJob:
    """Run a program once per input, each time anew with the text on its standard input.

    Attributes:
        source: The program.
        inputs: One text a run.
        preamble: Source run before the program in the same namespace (usual imports; Python
            only).
        language: Name of a :class:`~bestofn.sandbox.Runtime`.
    """

    source: str
    inputs: tuple[str, ...]
    preamble: str = ""
    language: str = "python"


@dataclass(frozen=True, kw_only=True)
class CallJob:
    """Load a program once and call one of its functions with each tuple of arguments.

    Attributes:
        source: The program. A ``class Solution`` with the method is used before a plain
            function of the name, with a fresh instance for each call.
        entry_point: The method's or function's name.
        calls: Positional arguments, plain values (see :mod:`bestofn.sandbox.inside.values`).
        preamble: Source run before the program in the same namespace (usual imports).
    """

    source: str
    entry_point: str
    calls: tuple[tuple[Any, ...], ...]
    preamble: str = ""


@dataclass(frozen=True, kw_only=True)
class CheckJob:
    """Run test scripts in a process of their own that calls the program's function over a wire.

    The program's process never holds an expected value.

    Attributes:
        source: The program under test.
        entry_point: The function that the scripts call. It is bound in the scripts under this
            name and as ``candidate``.
        setup: Source run before each script on the test's side (imports and helpers of a
            HumanEval prompt). A definition of the entry point in it is replaced.
        checks: Test scripts. One that defines ``check`` has ``check(candidate)`` called.
        inside: Run the scripts in the program's own process instead, for values that cannot
            be passed over a wire. A program made to cheat can then reach what it is told.
    """

    source: str
    entry_point: str
    setup: str
    checks: tuple[str, ...]
    inside: bool = False


@dataclass(frozen=True, kw_only=True)
class UnittestJob:
    """Run a unittest module in the program's own namespace and process.

    The tests share the process with the program, so a program made to cheat can: results are
    marked as such by the grader.

    Attributes:
        source: The program under test.
        tests: Source with ``unittest.TestCase`` classes.
    """

    source: str
    tests: str


@dataclass(frozen=True, kw_only=True)
class OfficialJob:
    """Grade a program as an upstream evaluator does: in one process that knows the answers.

    Attributes:
        source: The program under test.
        rules: A module of :mod:`bestofn.sandbox.inside.official`, which says what ``task`` is
            and what comes back as the execution's ``value``.
        task: The tests and whatever else the rules need, as JSON can hold it.
    """

    source: str
    rules: str
    task: Mapping[str, Any]


Job = StdinJob | CallJob | CheckJob | UnittestJob | OfficialJob


@dataclass(frozen=True, kw_only=True)
class Execution:
    """What one run did, as seen from outside the program.

    Attributes:
        status: ``ok`` ended by itself (also ``sys.exit`` with 0 or None); ``exception`` an
            uncaught exception; ``exit`` a non-zero exit status; ``timeout``, ``memory``,
            ``output`` a limit; ``crash`` killed by a signal it did not get from a limit;
            ``not_run`` the job's ``total_seconds`` or ``timeouts`` were used up.
        stdout: Text printed (StdinJob). Undecodable bytes become ``\\ufffd``.
        value: The value returned (CallJob), or an ``Opaque`` for what cannot be passed over;
            the report of an OfficialJob.
        error: ``TypeName: message`` of the exception, or the signal's name.
        seconds: Processor seconds, read from outside the program.
        wall_seconds: Wall-clock seconds.
        threads_left: Whether the program started threads that its own code did not wait for
            (StdinJob). They are waited for, as Python does; graders that run programs inside
            their own process, LiveCodeBench's among them, do not wait.
        unpassable: A script had to pass a value that has no plain form (CheckJob): nothing is
            said about the program until the scripts are run ``inside``.
    """

    status: ExecutionStatus
    stdout: str = ""
    value: Any = None
    error: str = ""
    seconds: float = 0.0
    wall_seconds: float = 0.0
    threads_left: bool = False
    unpassable: bool = False


class Executor(Protocol):
    """Something that runs jobs: a :class:`~bestofn.sandbox.Sandbox`, or a wrapper around one."""

    @property
    def level(self) -> Level | None:
        """The isolation that is really active; None before the first job."""
        ...

    @property
    def workers(self) -> int:
        """How many jobs run side by side."""
        ...

    @property
    def limits(self) -> Limits:
        """The limits of a job that names none."""
        ...

    async def execute(
        self, job: Job, *, limits: Limits | None = None, until: float | None = None
    ) -> list[Execution]:
        """Run a job; one execution per input, call or check, in order."""
        ...
