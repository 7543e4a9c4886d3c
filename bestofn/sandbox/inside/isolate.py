"""What keeps a program from the machine: built once in the worker, put on in each process."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Collection
from typing import Literal

from . import files, landlock, limits, namespaces, seccomp, state, syscalls
from .limits import RunLimits
from .trees import empty_directory, remove_tree

BASIC, LIGHT, FULL = 1, 2, 3
Purpose = Literal["python", "compiler", "program"]
LAYERS = ("namespaces", "landlock", "seccomp")
LAYERS_OF = {BASIC: frozenset[str](), LIGHT: frozenset(LAYERS[1:]), FULL: frozenset(LAYERS)}
_SLOT_BYTES = 64 << 20
_FIRST_USER = 64_100  # not a user of any distribution


def level_of(layers: Collection[str]) -> int:
    """The level that active layers make."""
    return max(level for level, needed in LAYERS_OF.items() if needed <= set(layers))


def spare_user(index: int) -> int | None:
    """As root, a user of its own for the programs of one worker; else None."""
    if os.geteuid() != 0:
        return None
    user = _FIRST_USER + index
    with open("/proc/self/uid_map") as ids:
        for line in ids:
            first, _, count = map(int, line.split())
            if first <= user < first + count:
                return user
    return None


class Isolation:
    """The layers that are active in this worker.

    Making one changes the worker for good: with namespaces it moves into them.

    Args:
        base: A directory that belongs to the worker alone.
        layers: What to use of :data:`LAYERS`.
        index: Tells the workers of one library apart.
        drop_user: As root, run programs as a user of their own.

    Attributes:
        purpose: What the next processes are for: ``python`` plays a role of this package; a
            ``compiler`` and a ``program`` are executable files, for which it has other rules.

    Raises:
        OSError: a layer does not work here.
    """

    def __init__(
        self, *, base: str, layers: Collection[str], index: int, drop_user: bool = True
    ) -> None:
        self.purpose: Purpose = "python"
        self._base = base
        self._first: int | None = None
        self._user = spare_user(index) if drop_user else None
        self._namespaces = "namespaces" in layers
        syscalls.no_new_privileges()
        syscalls.adopt_orphans()
        _go_first_when_memory_is_short()
        self._other_tasks = 0
        self._own_children: set[int] = set()
        if self._namespaces:
            self._enter_namespaces()
            self._other_tasks = 5  # the user is counted within the new namespace only
        else:
            self._make_places()
        counted = self._user is not None or os.geteuid() != 0  # root's processes are not counted
        self._rulesets = self._make_rulesets() if "landlock" in layers else None
        self._processes = self._namespaces and counted
        self._seccomp = "seccomp" in layers
        self._filters: dict[Purpose, bytes] = {}
        if self._seccomp:
            seccomp.for_process(self._filter(), 1)  # kept for the programs, which are all 1
        # Done here for what it would cost each program.
        os.environ["TMPDIR"] = os.environ["HOME"] = namespaces.slot_mount("program")
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python would turn it into an error
        self.interpreter = state.Interpreter()

    def _enter_namespaces(self) -> None:
        namespaces.leave(self._user)
        self._own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        namespaces.build_root(self._base)
        if self._user is not None:
            os.chown(namespaces.IO_DIRECTORY, self._user, self._user)
            namespaces.become(self._user)
        for slot in namespaces.SLOTS:
            namespaces.mount_slot(slot, _SLOT_BYTES)

    def _make_places(self) -> None:
        os.chmod(self._base, 0o711)
        for slot in namespaces.SLOTS:
            os.mkdir(os.path.join(self._base, slot), 0o711)
            self._make_place(slot)
        user = os.geteuid() if self._user is None else self._user
        self._other_tasks = limits.tasks_of_user(user) + 256

    def _make_rulesets(self) -> dict[str, int]:
        rules = [(path, landlock.READ) for path in namespaces.readable_paths()]
        rules += [(f"/dev/{name}", landlock.FILES) for name in ("null", "zero", "full")]
        rules += [(f"/dev/{name}", landlock.FILES) for name in ("random", "urandom")]
        if self._namespaces:
            rules.append((namespaces.IO_DIRECTORY, landlock.FILES))
        return {
            slot: landlock.make_ruleset(
                rules,
                namespaces.slot_directory(slot) if self._namespaces else self._place(slot),
            )
            for slot in namespaces.SLOTS
        }

    def new_file(self, name: str) -> int:
        """An empty file for a program's input or output; returns its descriptor.

        Behind namespaces it can also be opened by its name, as ``/dev/stdin``.
        """
        if not self._namespaces:
            return files.new_file(name)
        path = f"{namespaces.IO_DIRECTORY}/{name}"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        return os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)

    def new_place(self, slot: str) -> str:
        """A private empty directory for a process; its path."""
        if not self._namespaces:
            return self._place(slot)
        # Whoever owns a place can take rights away from it, and a process that checks programs
        # outlives them.
        for place in (namespaces.IO_DIRECTORY, *map(namespaces.slot_mount, namespaces.SLOTS)):
            os.chmod(place, 0o700)
        return namespaces.slot_mount(slot)

    def _place(self, slot: str) -> str:
        # Always the same one: what a rule is about must not be in a directory that is also
        # open to programs, or they could put something else in its place.
        return os.path.join(self._base, slot, "tmp")

    def _make_place(self, slot: str) -> None:
        place = self._place(slot)
        os.mkdir(place, 0o700)
        if self._user is not None:
            os.chown(place, self._user, self._user)

    def remove_place(self, slot: str, place: str) -> None:
        """Remove whatever was left in a directory."""
        if self._namespaces:
            namespaces.renew_slot(slot, _SLOT_BYTES)
            return
        # Without Landlock a program could put something beside its place, or instead of it.
        above, own = os.path.split(place)
        for name in os.listdir(above):
            if name != own:
                remove_tree(os.path.join(above, name))
        try:
            empty_directory(place)
        except (FileNotFoundError, NotADirectoryError):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(place)
            self._make_place(slot)

    def remove_base(self) -> None:
        """Remove the worker's directory, which is out of sight behind namespaces."""
        if not self._namespaces:
            remove_tree(self._base)

    def _filter(self) -> bytes:
        """The system call filter for the present purpose, built when first needed."""
        if self.purpose not in self._filters:
            self._filters[self.purpose] = seccomp.build(
                namespaced=self._namespaces,
                # A compiler starts its own passes and is trusted to start nothing else.
                processes=self._processes or self.purpose == "compiler",
                executes=self.purpose != "python",
            )
        return self._filters[self.purpose]

    def fork(self) -> int:
        """Fork, into a process namespace of its own where there are namespaces.

        An executable file is never its first process: the kernel keeps signals from that one,
        the program's own ``abort()`` among them.
        """
        if self._seccomp:
            self._filter()  # so that the new process need not build it
        pid = self._fork()
        self._own_children.add(pid)
        return pid

    def _fork(self) -> int:
        if not self._namespaces:
            return os.fork()
        if self.purpose == "python":
            return namespaces.fork_alone(self._own)
        self._first = namespaces.fork_alone(self._own)
        if self._first == 0:
            namespaces.idle()
        return os.fork()

    def reap(self, pid: int) -> int:
        """Wait for the end of a process that was forked here; returns its wait status."""
        self._own_children.discard(pid)
        return os.waitpid(pid, 0)[1]

    def settle(self, place: str) -> None:
        """Make a place the home of this process."""
        os.chdir(place)
        if os.environ["HOME"] != place:
            os.environ["TMPDIR"] = os.environ["HOME"] = place

    def confine(self, slot: str, run_limits: RunLimits) -> None:
        """Bind this process for good. Nothing of the program has run yet.

        Raises:
            OSError: it cannot be done, so the program must not run.
        """
        os.setsid()
        os.chdir("/")
        limits.apply(run_limits, self._other_tasks)
        if self._user is not None and not self._namespaces:
            os.setgroups([])
            os.setresgid(self._user, self._user, self._user)
            os.setresuid(self._user, self._user, self._user)
        syscalls.drop_capabilities()
        if not self._namespaces:  # which end with their first process, the worker
            syscalls.die_with_parent()
        if self._rulesets is not None:
            landlock.restrict(self._rulesets[slot])
        if self._seccomp:
            syscalls.install_filter(seccomp.for_process(self._filter(), os.getpid()))

    def end_strays(self) -> None:
        """Kill what ended processes left behind; the kernel did so behind namespaces."""
        if self._first is not None:
            os.kill(self._first, signal.SIGKILL)
            os.waitpid(self._first, 0)
            self._first = None
        if self._namespaces:
            return
        while strays := [pid for pid in _children() if pid not in self._own_children]:
            for pid in strays:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            for pid in strays:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, 0)


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as listing:
            return [int(pid) for pid in listing.read().split()]
    except FileNotFoundError:  # a kernel without this list
        return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _is_own(pid)]


def _is_own(pid: int) -> bool:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as stat:
        return int(stat.read().rpartition(")")[2].split()[1]) == os.getpid()
    return False


def _go_first_when_memory_is_short() -> None:
    """Have the kernel end a program, not somebody else, when the machine runs out of memory.

    Each process has its limit, but a program may have several.
    """
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as adjustment:
        adjustment.write("1000")
