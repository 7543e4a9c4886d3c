"""What is looked at from outside before and after a hostile program."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import time
from pathlib import Path
from typing import Any

import anyio

_PLACES = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run", "/run/lock", "/", "/usr", "/home")
_PATIENCE = 30.0  # seconds; what is really left behind is still there then

# They may shrink: the last run's processes had perhaps not quite ended when these were counted.
_COUNTS = ("processes below the workers", "descriptors of the workers")

Snapshot = dict[str, Any]


def _stat_fields(pid: int) -> list[str]:
    with open(f"/proc/{pid}/stat", "rb") as file:
        return file.read().rpartition(b")")[2].decode().split()


_KERNEL = 2  # parent of the kernel's own threads


def _processes() -> dict[int, int]:
    """Every process and its parent."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                found[int(name)] = int(_stat_fields(int(name))[1])
    return {pid: parent for pid, parent in found.items() if _KERNEL not in (pid, parent)}


def _below(parents: dict[int, int], root: int) -> set[int]:
    family = {root}
    while more := {p for p, parent in parents.items() if parent in family} - family:
        family |= more
    return family - {root}


def _marked(pid: int, *marks: bytes) -> bool:
    text = b""
    for name in ("cmdline", "environ", "comm"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/{name}", "rb") as file:
            text += file.read()
    return any(mark in text for mark in marks)


def _names(root: Path) -> list[Path]:
    """Everything below a directory, however deep that is."""
    found, open_ = [], [root]
    while open_:
        with contextlib.suppress(OSError), os.scandir(open_.pop()) as entries:
            for entry in entries:
                found.append(Path(entry.path))
                if entry.is_dir(follow_symlinks=False):
                    open_.append(Path(entry.path))
    return sorted(found)


def _tree(root: Path) -> list[tuple[Any, ...]]:
    """Names, rights, times and contents below a directory."""
    found: list[tuple[Any, ...]] = []
    for path in (root, *_names(root)):
        facts = path.lstat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found.append((str(path), facts.st_mode, facts.st_uid, facts.st_mtime_ns, digest))
    return found


def _descriptors(pid: int) -> dict[str, str]:
    found = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):  # the one that lists them
            found[name] = os.readlink(f"/proc/{pid}/fd/{name}")
    return {fd: what for fd, what in found.items() if not what.endswith("/fd")}


def _count_descriptors(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except (PermissionError, FileNotFoundError):
        # A plain user may not look into a worker in its own namespace; or it ended just now.
        return 0


class Watcher:
    """Looks at everything a program could have an effect on.

    Args:
        mark: What hostile programs name things with.
        bases: The directory in which workers keep theirs.
        trees: Directories that nothing may change in.
        files: Files that nothing may change.
        bystander: A process that nothing may happen to.
        ipc_key: The key of System V objects.
    """

    def __init__(
        self,
        *,
        mark: str,
        bases: Path,
        trees: list[Path],
        files: list[Path],
        bystander: int,
        ipc_key: int,
    ) -> None:
        self._mark = mark
        self._bases = bases
        self._trees = trees
        self._files = files
        self._bystander = bystander
        self._ipc_key = ipc_key

    def workers(self) -> list[int]:
        """The worker processes of this process."""
        return self._workers(_processes())

    def _workers(self, parents: dict[int, int]) -> list[int]:
        base = str(self._bases).encode()
        own = [p for p, parent in parents.items() if parent == os.getpid()]
        return sorted(p for p in own if _marked(p, base))

    def look(self) -> Snapshot:
        """Everything at this moment."""
        marks = (self._mark.encode(), str(self._bases).encode())
        parents = _processes()
        family = _below(parents, os.getpid())
        workers = self._workers(parents)
        ended = {p for p in family if self._state(p) in ("Z", "X", "gone")}
        helpers = sorted(family - set(workers) - ended - {self._bystander})
        return {
            "workers": workers,
            "processes below the workers": len(helpers),
            "ended processes": sorted(ended),
            "marked processes elsewhere": [
                p for p in parents if p not in family and p != os.getpid() and _marked(p, *marks)
            ],
            "stopped processes": [p for p in family if self._state(p) in "Tt"],
            "descriptors of the library": _descriptors(os.getpid()),
            "descriptors of the workers": sum(map(_count_descriptors, (*workers, *helpers))),
            "places of the workers": _names(self._bases),
            "marked files": [
                f"{place}/{name}"
                for place in _PLACES
                for name in self._listed(place)
                if self._mark in name
            ],
            "trees": [_tree(tree) for tree in self._trees],
            "files": [self._facts(path) for path in self._files],
            "objects of System V": self._objects(),
            "sockets": self._sockets(),
            "mounts": [
                line
                for line in Path("/proc/self/mountinfo").read_text().splitlines()
                if self._mark in line or str(self._bases) in line
            ],
            "traced": [self._tracer(pid) for pid in (os.getpid(), self._bystander)],
            "bystander": (parents.get(self._bystander), self._state(self._bystander)),
            "schedule": [
                (os.getpriority(os.PRIO_PROCESS, pid), sorted(os.sched_getaffinity(pid)))
                for pid in (os.getpid(), self._bystander, *workers)
            ],
            "host": (socket.gethostname(), Path("/proc/sys/kernel/core_pattern").read_text()),
        }

    async def calm(self) -> Snapshot:
        """Everything, when nothing is about to end any more."""
        deadline = time.monotonic() + _PATIENCE
        last = self.look()
        while True:
            now = self.look()
            if now == last and not now["ended processes"]:
                return now
            assert time.monotonic() < deadline, now
            last = now
            await anyio.sleep(0.01)

    async def settled(self, before: Snapshot) -> Snapshot:
        """Differences from before; empty as soon as there are none.

        What a worker ends and removes after its answer is given the time it takes.
        """
        deadline = time.monotonic() + _PATIENCE
        while True:
            now = self.look()
            changed = {
                key: (before[key], now[key])
                for key in before
                if (now[key] > before[key] if key in _COUNTS else now[key] != before[key])
            }
            if not changed or time.monotonic() > deadline:
                return changed
            await anyio.sleep(0.01)

    @staticmethod
    def _listed(place: str) -> list[str]:
        try:
            return os.listdir(place)
        except OSError:
            return []

    @staticmethod
    def _state(pid: int) -> str:
        try:
            state = _stat_fields(pid)[0]
        except OSError:
            return "gone"
        return "alive" if state in "RSD" else state

    @staticmethod
    def _tracer(pid: int) -> str:
        status = Path(f"/proc/{pid}/status").read_text()
        return status.partition("TracerPid:")[2].split()[0]

    @staticmethod
    def _facts(path: Path) -> tuple[int, ...]:
        facts = path.stat()
        return (facts.st_mode, facts.st_uid, facts.st_size, facts.st_ino, facts.st_nlink)

    def _objects(self) -> list[str]:
        found = []
        for kind in ("shm", "sem", "msg"):
            with contextlib.suppress(FileNotFoundError):
                lines = Path(f"/proc/sysvipc/{kind}").read_text().splitlines()[1:]
                found += [line for line in lines if line.split()[0] == str(self._ipc_key)]
        return found

    def _sockets(self) -> list[str]:
        lines = Path("/proc/net/unix").read_text("utf-8", "replace").splitlines()
        return sorted(line.split()[-1] for line in lines if self._mark in line)
