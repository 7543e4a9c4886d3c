"""What a hostile case is, and the words that the programs are written with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from bestofn.sandbox import CallJob, CheckJob, Job, Limits, StdinJob, UnittestJob

# Clocks are generous where they are not the point: the machine may be busy with other things.
SMALL = Limits(
    seconds=10,
    wall_seconds=60,
    memory_bytes=512 << 20,
    output_bytes=1 << 20,
    file_bytes=1 << 20,
    threads=32,
)
SHORT = replace(SMALL, seconds=0.3)
"""For programs that burn processor time until they are stopped."""
SOON = replace(SMALL, wall_seconds=0.5)
"""For programs that sleep until they are stopped."""

Kind = Literal["stdin", "call", "check", "unittest"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A hostile program and the verdicts that are right about it.

    Attributes:
        name: Of the test.
        source: The program. It finds the names of :data:`WORDS` and of the runner's targets.
        ends: The right statuses, any of them.
        prints: What it has to print, if that is known.
        light: What is different at level light (fields of this class).
        error: What the error has to hold.
        limits: What it may use.
        kind: The kind of job.
        tests: The inputs, arguments or scripts; the last run's verdict is looked at.
        neighbours: Honest programs run in the other worker meanwhile.
    """

    name: str
    source: str
    ends: tuple[str, ...] = ("ok",)
    prints: str | None = None
    error: str = ""
    light: dict[str, Any] = field(default_factory=dict)
    limits: Limits = SMALL
    kind: Kind = "stdin"
    tests: tuple[Any, ...] = ("",)
    neighbours: bool = False

    def at(self, level: str) -> Case:
        """The case as it is at a level."""
        return replace(self, **self.light) if level == "light" and self.light else self

    def job(self, header: str) -> Job:
        """What the sandbox is asked to run."""
        source = header + self.source
        match self.kind:
            case "stdin":
                return StdinJob(source=source, inputs=self.tests)
            case "call":
                return CallJob(source=source, entry_point="f", calls=self.tests)
            case "check":
                return CheckJob(source=source, entry_point="f", setup="", checks=self.tests)
            case "unittest":
                (tests,) = self.tests
                return UnittestJob(source=source, tests=tests)


WORDS = """
def passed(**attempts):  # those that were not refused
    names = []
    for name, attempt in attempts.items():
        try:
            attempt()
        except OSError:
            continue
        names.append(name)
    return names
"""

KERNEL = """
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
COLUMN = {'x86_64': 0, 'aarch64': 1}[os.uname().machine]
def call(number, *arguments):
    ctypes.set_errno(0)
    given = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return libc.syscall(ctypes.c_long(number), *given), ctypes.get_errno()
def went_through(*calls):
    done = []
    for name, numbers, *arguments in calls:
        if numbers[COLUMN] is None:
            continue
        answer = call(numbers[COLUMN], *arguments)
        if answer not in ((-1, errno.EPERM), (-1, errno.ENOSYS)):
            done.append((name, answer))
    return done
"""
"""Put before programs that ask the kernel by themselves."""
