"""Resource limits of the process that a program runs in."""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class RunLimits:
    """The library's ``Limits`` with every default filled in; same names and units."""

    seconds: float
    wall_seconds: float
    total_seconds: float | None
    timeouts: int | None
    memory_bytes: int
    output_bytes: int
    file_bytes: int
    open_files: int
    threads: int

    def bind_like(self, other: RunLimits) -> bool:
        """Whether a process bound by one is bound by the other; clocks are not in a process."""
        return (
            replace(
                self,
                seconds=other.seconds,
                wall_seconds=other.wall_seconds,
                total_seconds=other.total_seconds,
                timeouts=other.timeouts,
            )
            == other
        )


def tasks_of_user(uid: int) -> int:
    """How many threads a user has now; the kernel counts them all together."""
    tasks = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.stat(f"/proc/{name}").st_uid == uid:
                    tasks += len(os.listdir(f"/proc/{name}/task"))
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue  # it ended meanwhile
    return tasks


def apply(limits: RunLimits, other_tasks: int) -> None:
    """Limit the current process for good: soft and hard limits, which only root can raise.

    Args:
        limits: What the program may use.
        other_tasks: Tasks of the same user that the kernel counts along.
    """
    # One more byte than allowed can be printed, so that reaching the limit can be told apart.
    largest = max(limits.file_bytes, limits.output_bytes + 1)
    _lower(resource.RLIMIT_AS, limits.memory_bytes)
    _lower(resource.RLIMIT_FSIZE, largest)
    _lower(resource.RLIMIT_NOFILE, max(limits.open_files, 16))
    _lower(resource.RLIMIT_NPROC, limits.threads + other_tasks)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_MEMLOCK, 0)
    _lower(resource.RLIMIT_MSGQUEUE, 0)


def _lower(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))
