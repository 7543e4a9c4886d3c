"""Resource limits of the process that a program runs in."""

from __future__ import annotations

import os
import resource
from typing import NamedTuple


class RunLimits(NamedTuple):
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

    @property
    def largest_file(self) -> int:
        """Bytes that any file of the process may have, its output among them."""
        # One more than allowed can be printed, so that reaching the limit can be told apart.
        return max(self.file_bytes, self.output_bytes + 1)

    @property
    def room(self) -> int:
        """Bytes of answers that may be gathered in one file before they have to be taken."""
        return min(self.largest_file - self.output_bytes - 1, _MOST_GATHERED)

    @property
    def printed_too_much(self) -> str:
        """What is said about output beyond the limit."""
        return f"printed more than {self.output_bytes} bytes; the rest was cut"

    def bind_like(self, other: RunLimits) -> bool:
        """Whether a process bound by one is bound by the other; clocks are not in a process."""
        return self[_CLOCKS:] == other[_CLOCKS:]


_MOST_GATHERED = 32 << 10  # what a wire takes even if nobody reads at its other end
_CLOCKS = RunLimits._fields.index("memory_bytes")  # come first


_HARD_LIMITS = {  # of the worker, asked for once
    which: resource.getrlimit(which)[1]
    for which in (
        resource.RLIMIT_AS,
        resource.RLIMIT_FSIZE,
        resource.RLIMIT_NOFILE,
        resource.RLIMIT_NPROC,
        resource.RLIMIT_CORE,
        resource.RLIMIT_MEMLOCK,
        resource.RLIMIT_MSGQUEUE,
    )
}


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
    wanted = {
        resource.RLIMIT_AS: limits.memory_bytes,
        resource.RLIMIT_FSIZE: limits.largest_file,
        resource.RLIMIT_NOFILE: max(limits.open_files, 16),
        resource.RLIMIT_NPROC: limits.threads + other_tasks,
        resource.RLIMIT_CORE: 1,  # 0 would not keep a handler of core dumps from being started
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    for which, value in wanted.items():
        hard = _HARD_LIMITS[which]
        lowered = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (lowered, lowered))
