"""The Linux calls that Python does not offer, by way of ctypes."""

from __future__ import annotations

import ctypes
import os
import struct

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_NOSUID, MS_NODEV = 0x2, 0x4
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
MNT_DETACH = 2

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2

# These three have the same numbers on every architecture: they are newer than the last renumbering.
_MOUNT_SETATTR = 442
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446

_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_MOUNT_ATTR_RDONLY, _MOUNT_ATTR_NOSUID, _MOUNT_ATTR_NODEV = 1, 2, 4

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_CAP_HEADER = struct.pack("Ii", 0x20080522, 0)  # third version of the interface, this process


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def raw(number: int, *arguments: ctypes._SimpleCData[int] | bytes | None, what: str) -> int:
    """A system call by its number.

    Raises:
        OSError: it failed; the message starts with ``what``.
    """
    return _check(_libc.syscall(ctypes.c_long(number), *arguments), what)


def unshare(flags: int) -> None:
    """Leave the namespaces named by ``CLONE_NEW*`` flags for new ones."""
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(descriptor: int, kind: int) -> None:
    """Enter a namespace."""
    _check(_libc.setns(ctypes.c_int(descriptor), ctypes.c_int(kind)), "setns")


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """Mount a file system."""
    _check(
        _libc.mount(
            source.encode(),
            os.fsencode(target),
            kind.encode(),
            ctypes.c_ulong(flags),
            options.encode() or None,
        ),
        f"mount {kind or 'bind'} on {target}",
    )


def unmount(target: str) -> None:
    """Take a mount out of the tree at once; it goes for good when its last user does."""
    _check(_libc.umount2(os.fsencode(target), MNT_DETACH), f"umount {target}")


def make_read_only(target: str, *, recursive: bool) -> None:
    """Allow no writing, set-user-id programs or devices below a mount point."""
    attributes = _MOUNT_ATTR_RDONLY | _MOUNT_ATTR_NOSUID
    if recursive:
        attributes |= _MOUNT_ATTR_NODEV
    raw(
        _MOUNT_SETATTR,
        ctypes.c_int(_AT_FDCWD),
        os.fsencode(target),
        ctypes.c_uint(_AT_RECURSIVE if recursive else 0),
        struct.pack("QQQQ", attributes, 0, 0, 0),
        ctypes.c_size_t(32),
        what=f"mount_setattr {target}",
    )


def pivot_into(root: str) -> None:
    """Make a mounted directory the root of everything, and let go of the old root."""
    os.chdir(root)
    machine_number = {"x86_64": 155, "aarch64": 41}.get(os.uname().machine)
    if machine_number is None:
        raise OSError(f"pivot_root: its number on {os.uname().machine} is not known here")
    raw(machine_number, b".", b".", what="pivot_root")
    unmount(".")
    os.chdir("/")


def prctl(option: int, argument: int) -> None:
    """Set one of the process attributes that take a number."""
    zero = ctypes.c_ulong(0)
    _check(
        _libc.prctl(ctypes.c_int(option), ctypes.c_ulong(argument), zero, zero, zero),
        f"prctl {option}",
    )


def die_with_parent() -> None:
    """Be killed when the parent ends. Undone by a change of user, so set it after one."""
    prctl(_PR_SET_PDEATHSIG, 9)


def keep_capabilities() -> None:
    """Keep permitted capabilities over the next change of user."""
    prctl(_PR_SET_KEEPCAPS, 1)


def no_new_privileges() -> None:
    """Gain nothing from set-user-id programs, now and in all descendants."""
    prctl(_PR_SET_NO_NEW_PRIVS, 1)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends."""
    prctl(_PR_SET_CHILD_SUBREAPER, 1)


def drop_capabilities() -> None:
    """Give up every capability."""
    _check(_libc.capset(_CAP_HEADER, bytes(24)), "capset")


def raise_capabilities() -> None:
    """Make every permitted capability effective."""
    header = ctypes.create_string_buffer(_CAP_HEADER, 8)
    data = ctypes.create_string_buffer(24)
    _check(_libc.capget(header, data), "capget")
    fields = list(struct.unpack("6I", data.raw))
    fields[0], fields[3] = fields[1], fields[4]
    _check(_libc.capset(header, struct.pack("6I", *fields)), "capset")


def install_filter(instructions: bytes) -> None:
    """Put a system call filter on this process and its descendants."""
    buffer = ctypes.create_string_buffer(instructions, len(instructions))
    program = struct.pack("HxxxxxxP", len(instructions) // 8, ctypes.addressof(buffer))
    zero = ctypes.c_ulong(0)
    _check(
        _libc.prctl(
            ctypes.c_int(_PR_SET_SECCOMP), ctypes.c_ulong(_SECCOMP_MODE_FILTER), program, zero, zero
        ),
        "seccomp",
    )


def set_thread_stack(size: int) -> None:
    """Size of the stacks of threads to come; by default it follows the main thread's limit."""
    setter = getattr(_libc, "pthread_setattr_default_np", None)
    if setter is None:  # not the GNU library, whose default does not follow that limit
        return
    attributes = ctypes.create_string_buffer(256)
    _libc.pthread_attr_init(attributes)
    _libc.pthread_attr_setstacksize(attributes, ctypes.c_size_t(size))
    setter(attributes)
    _libc.pthread_attr_destroy(attributes)
