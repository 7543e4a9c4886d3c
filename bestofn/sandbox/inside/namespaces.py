"""A root of its own for the worker: read-only, without processes, network or the user's files."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import sys
import sysconfig
from typing import NoReturn

from . import syscalls

SLOTS = ("program", "checker")
IO_DIRECTORY = "/dev/io"
_DEVICES = ("null", "zero", "full", "random", "urandom")
_SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/libx32")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives", "/etc/nsswitch.conf")
_KINDS = (
    syscalls.CLONE_NEWNS
    | syscalls.CLONE_NEWNET
    | syscalls.CLONE_NEWIPC
    | syscalls.CLONE_NEWUTS
    | syscalls.CLONE_NEWUSER
    | syscalls.CLONE_NEWPID
)


def readable_paths() -> list[str]:
    """Directories and files that programs need to run at all, the shortest paths first.

    This package is among them: some of its modules are only imported when a job needs them.
    """
    paths = {os.path.abspath(path) for path in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    paths |= {os.path.abspath(path) for path in sysconfig.get_paths().values()}
    paths |= {os.path.realpath(path) for path in paths}
    paths |= {os.path.dirname(os.path.realpath(sys.executable))}
    paths -= {"/", os.path.expanduser("~"), "/home", "/root", "/tmp", "/usr/local"}
    paths |= {*_SYSTEM, *_SYSTEM_FILES, os.path.dirname(os.path.abspath(__file__))}
    kept: list[str] = []
    for path in sorted(paths, key=len):
        inside = any(path == other or path.startswith(other + "/") for other in kept)
        if os.path.exists(path) and not inside:
            kept.append(path)
    return kept


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def leave(user: int | None) -> None:
    """Enter new namespaces of every kind.

    Only a child gets into a new process namespace, so it is a child that comes back from here;
    the process that called waits for it and ends with it.

    Args:
        user: As root, the user that programs are to run as, besides root itself; else None.

    Raises:
        OSError: this machine does not let us.
    """
    uid, gid = os.geteuid(), os.getegid()
    if user is None:
        syscalls.unshare(_KINDS)
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{uid} {uid} 1")
        _write("/proc/self/gid_map", f"{gid} {gid} 1")
    else:
        os.setgroups([])
        _unshare_mapped(f"{uid} {uid} 1\n{user} {user} 1", f"{gid} {gid} 1\n{user} {user} 1")
    _go_on_in_child()
    syscalls.mount("", "/", "", syscalls.MS_REC | syscalls.MS_PRIVATE)
    socket.sethostname("sandbox")


def _go_on_in_child() -> None:
    child = os.fork()
    if child == 0:
        syscalls.die_with_parent()
        return
    os.closerange(3, 1 << 20)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os._exit(status if status >= 0 else 1)


def _unshare_mapped(uids: str, gids: str) -> None:
    """Two users can only be mapped by a process that stayed outside."""
    pid = os.getpid()
    left, told = os.pipe()
    helper = os.fork()
    if helper == 0:
        status = 1
        try:
            os.close(told)
            if os.read(left, 1):
                _write(f"/proc/{pid}/uid_map", uids)
                _write(f"/proc/{pid}/gid_map", gids)
                status = 0
        finally:
            os._exit(status)
    os.close(left)
    try:
        syscalls.unshare(_KINDS)
        os.write(told, b"x")
    finally:
        os.close(told)
        status = os.waitpid(helper, 0)[1]
    if status:
        raise PermissionError("the user namespace cannot be given two users")


def build_root(base: str) -> None:
    """Build the root below an empty directory and move into it.

    Raises:
        OSError: this machine does not let us.
    """
    hidden = syscalls.MS_NOSUID | syscalls.MS_NODEV
    syscalls.mount("bestofn", base, "tmpfs", hidden, "mode=755,size=4m")
    for path in readable_paths():
        _bind(path, base + path)
    os.makedirs(base + "/dev", exist_ok=True)
    for name in _DEVICES:
        _touch(f"{base}/dev/{name}")
        syscalls.mount(f"/dev/{name}", f"{base}/dev/{name}", "", syscalls.MS_BIND)
        syscalls.make_read_only(f"{base}/dev/{name}", recursive=False)  # its rights and times
    os.mkdir(base + IO_DIRECTORY)
    for name in ("stdin", "stdout", "stderr"):
        os.symlink(f"io/{name}", f"{base}/dev/{name}")
    for slot in SLOTS:
        os.makedirs(base + slot_mount(slot))
    for link in ("/tmp", "/dev/shm"):
        if not os.path.lexists(base + link):
            os.symlink(slot_mount("program"), base + link)
    syscalls.pivot_into(base)
    syscalls.make_read_only("/", recursive=False)
    syscalls.mount("bestofn", IO_DIRECTORY, "tmpfs", hidden, "mode=700,size=1g,nr_inodes=64")


def slot_directory(slot: str) -> str:
    """The directory that a slot's processes may write below."""
    return f"/home/{slot}"


def slot_mount(slot: str) -> str:
    """Where a slot's private file system is mounted."""
    return f"/home/{slot}/tmp"


def mount_slot(slot: str, size: int) -> None:
    """Give a slot an empty file system of its own of at most ``size`` bytes."""
    syscalls.mount(
        "bestofn",
        slot_mount(slot),
        "tmpfs",
        syscalls.MS_NOSUID | syscalls.MS_NODEV,
        f"mode=700,size={size},nr_inodes=4096",
    )


def renew_slot(slot: str, size: int) -> None:
    """Drop whatever a program left in its slot."""
    place = slot_mount(slot)
    with contextlib.suppress(PermissionError):
        if stat.S_IMODE(os.stat(place).st_mode) == 0o700 and not os.listdir(place):
            os.utime(place)  # or a program could leave word in it
            return
    syscalls.unmount(place)
    mount_slot(slot, size)


def _bind(path: str, target: str) -> None:
    if os.path.islink(path):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not os.path.lexists(target):
            os.symlink(os.readlink(path), target)
        return
    if os.path.lexists(target):
        return
    if os.path.isdir(path):
        os.makedirs(target, exist_ok=True)
    else:
        _touch(target)
    syscalls.mount(path, target, "", syscalls.MS_BIND | syscalls.MS_REC)
    syscalls.make_read_only(target, recursive=True)


def _touch(path: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))


def become(user: int) -> None:
    """Change from root to another user of the namespace, keeping capabilities over it."""
    syscalls.keep_capabilities()
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    syscalls.raise_capabilities()


def fork_alone(own: int) -> int:
    """Fork a process that is the first of a new process namespace.

    Args:
        own: Descriptor of the caller's own process namespace, to undo the last call's choice.
    """
    syscalls.setns(own, syscalls.CLONE_NEWPID)
    syscalls.unshare(syscalls.CLONE_NEWPID)
    return os.fork()


def idle() -> NoReturn:
    """Be the first process of a namespace: reap what is left to it, end with everything in it."""
    try:
        os.closerange(0, 1 << 20)
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # so that nobody in there can send it
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        syscalls.drop_capabilities()
        while True:
            signal.pause()
    finally:
        os._exit(1)
