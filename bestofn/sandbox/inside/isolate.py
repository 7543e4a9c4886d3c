"""What keeps a program from the machine: built once in the worker, put on in each process."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Collection

from . import files, landlock, limits, namespaces, seccomp, state, syscalls
from .limits import RunLimits

BASIC, LIGHT, FULL = 1, 2, 3
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

    Raises:
        OSError: a layer does not work here.
    """

    def __init__(
        self, *, base: str, layers: Collection[str], index: int, drop_user: bool = True
    ) -> None:
        self._base = base
        self._count = 0
        self._user = spare_user(index) if drop_user else None
        self._namespaces = "namespaces" in layers
        syscalls.no_new_privileges()
        syscalls.adopt_orphans()
        self._other_tasks = 0
        self._own_children: set[int] = set()
        if self._namespaces:
            self._enter_namespaces()
            self._other_tasks = 5  # the user is counted within the new namespace only
        else:
            self._make_places()
        counted = self._user is not None or os.geteuid() != 0  # root's processes are not counted
        self._rulesets = self._make_rulesets() if "landlock" in layers else None
        self._filter = b""
        if "seccomp" in layers:
            self._filter = seccomp.build(
                namespaced=self._namespaces, processes=self._namespaces and counted
            )
            seccomp.for_process(self._filter, 1)  # kept for the programs, which are all 1
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
                namespaces.slot_directory(slot)
                if self._namespaces
                else os.path.join(self._base, slot),
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
        if self._namespaces:
            return namespaces.slot_mount(slot)
        self._count += 1
        place = os.path.join(self._base, slot, str(self._count))
        os.mkdir(place, 0o700)
        if self._user is not None:
            os.chown(place, self._user, self._user)
        return place

    def remove_place(self, slot: str, place: str) -> None:
        """Remove a directory with whatever was left in it."""
        if self._namespaces:
            namespaces.renew_slot(slot, _SLOT_BYTES)
        else:
            remove_tree(place)

    def remove_base(self) -> None:
        """Remove the worker's directory, which is out of sight behind namespaces."""
        if not self._namespaces:
            remove_tree(self._base)

    def fork(self) -> int:
        """Fork, into a process namespace of its own where there are namespaces."""
        pid = namespaces.fork_alone(self._own) if self._namespaces else os.fork()
        self._own_children.add(pid)
        return pid

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
        if self._filter:
            syscalls.install_filter(seccomp.for_process(self._filter, os.getpid()))

    def end_strays(self) -> None:
        """Kill what ended processes left behind; the kernel did so behind namespaces."""
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


def remove_tree(path: str) -> None:
    """Remove a directory, also where a program took away the right to."""
    try:
        os.rmdir(path)
        return
    except OSError:
        pass  # not empty
    for folder, names, _ in os.walk(path):
        for name in names:
            inner = os.path.join(folder, name)
            if not os.path.islink(inner):
                os.chmod(inner, 0o700)
    import shutil  # rarely needed, and dear to fork

    shutil.rmtree(path)
