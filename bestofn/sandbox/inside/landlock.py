"""Landlock: which files a process may still open, however privileged its user is."""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import struct
from collections.abc import Iterable

from . import syscalls

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_TRUNCATE = 1 << 14
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | _TRUNCATE
_CREATE_VERSION = 1

READ = EXECUTE | READ_FILE | READ_DIR
FILES = READ_FILE | WRITE_FILE | _TRUNCATE


def version() -> int:
    """The version of the interface in this kernel.

    Raises:
        OSError: it is not built in or not enabled.
    """
    return syscalls.raw(
        syscalls.LANDLOCK_CREATE_RULESET,
        None,
        ctypes.c_size_t(0),
        ctypes.c_uint(_CREATE_VERSION),
        what="Landlock",
    )


def _handled(abi: int) -> int:
    rights = (1 << 13) - 1
    for since, bit in ((2, 13), (3, 14), (5, 15)):
        if abi >= since:
            rights |= 1 << bit
    return rights


def make_ruleset(rules: Iterable[tuple[str, int]], writable: str) -> int:
    """Rules to put on processes later.

    Args:
        rules: Files or directories with the rights allowed there and below.
        writable: The directory below which almost everything is allowed.

    Returns:
        A descriptor for :func:`restrict`.

    Raises:
        OSError: Landlock does not work here.
    """
    abi = version()
    handled = _handled(abi)
    network = 0b11 if abi >= 4 else 0
    scoped = 0b11 if abi >= 6 else 0  # abstract sockets and signals stay among the restricted
    attributes = struct.pack("QQQ", handled, network, scoped)
    attributes = attributes[: 8 if abi < 4 else 16 if abi < 6 else 24]
    ruleset = syscalls.raw(
        syscalls.LANDLOCK_CREATE_RULESET,
        attributes,
        ctypes.c_size_t(len(attributes)),
        ctypes.c_uint(0),
        what="Landlock",
    )
    for path, rights in rules:
        with contextlib.suppress(FileNotFoundError, PermissionError):
            _allow(ruleset, path, rights & handled)
    _allow(ruleset, writable, handled & ~(_MAKE_CHAR | _MAKE_BLOCK))
    return ruleset


def _allow(ruleset: int, path: str, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _OF_FILES
        syscalls.raw(
            syscalls.LANDLOCK_ADD_RULE,
            ctypes.c_int(ruleset),
            ctypes.c_int(1),
            struct.pack("=Qi", rights, descriptor),
            ctypes.c_uint(0),
            what=f"Landlock rule for {path}",
        )
    finally:
        os.close(descriptor)


def restrict(ruleset: int) -> None:
    """Bind this process and its descendants to the rules."""
    syscalls.raw(
        syscalls.LANDLOCK_RESTRICT_SELF,
        ctypes.c_int(ruleset),
        ctypes.c_uint(0),
        what="Landlock",
    )
