"""Processes and descriptors as the kernel shows them, and signals."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import anyio.lowlevel


def children(pid: int | None = None) -> set[int]:
    """The processes that a process has started, over all of its threads."""
    found: set[int] = set()
    try:
        for thread in Path(f"/proc/{pid or os.getpid()}/task").iterdir():
            found |= set(map(int, (thread / "children").read_text().split()))
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def descendants(pid: int) -> set[int]:
    """A process's children, theirs, and so on."""
    found: set[int] = set()
    for child in children(pid):
        found |= {child} | descendants(child)
    return found


def birth(pid: int) -> str | None:
    """When a process began, which tells it from a later one of its number; None if it ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields[19]


def state(pid: int) -> str:
    """A process's state as the kernel names it; Z when it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"


def send(pid: int, number: int) -> bool:
    """Send a signal; whether there was still somebody to get it."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def open_files() -> Counter[str]:
    """What the descriptors of this process lead to, by kind."""
    found: Counter[str] = Counter()
    for name in os.listdir("/proc/self/fd"):
        try:
            found[os.readlink(f"/proc/self/fd/{name}").partition(":")[0]] += 1
        except FileNotFoundError:  # the descriptor that lists them
            continue
    return found


def sleeps(pid: int) -> bool:
    """Whether a process is in time.sleep."""
    try:
        return "nanosleep" in Path(f"/proc/{pid}/wchan").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


async def turns(count: int) -> None:
    """Let the event loop go round so many times."""
    for _ in range(count):
        await anyio.lowlevel.checkpoint()
