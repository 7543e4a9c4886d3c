"""A system call filter: what is not listed fails with EPERM.

The filter is a program for the kernel's packet filter machine. Calls that are allowed with any
arguments are found by binary search; a few are looked into.
"""

from __future__ import annotations

import errno
import functools
import os
import struct

from .syscall_numbers import ALWAYS, CHECKED, EXECUTING, FORKING, NAMESPACED, numbers

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_LOAD, _EQUAL, _AT_LEAST, _ABOVE, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x25, 0x45, 0x06
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in what the filter sees
_X32 = 0x40000000
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000

_CLONE_THREAD = 0x00010000
_CLONE_NAMESPACES = 0x7E020000
_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # questions, and flags of own files
_PRCTLS = (15, 16, 0x53564D41)  # names of threads and of memory
_OWNERS = (8, 10, 15)  # fcntl: who is sent a signal about a file, and which
_PID_PLACEHOLDER = 0x7E57_0F1D


def supported() -> bool:
    """Whether numbers for this machine's architecture are known here."""
    return os.uname().machine in _ARCHITECTURES


def _argument(index: int) -> int:
    return 16 + 8 * index  # the lower half; both architectures are little-endian


class _Program:
    """Instructions with named places to jump to."""

    def __init__(self) -> None:
        self._code: list[tuple[int, str, str, int]] = []
        self._labels: dict[str, int] = {}

    def label(self, name: str) -> None:
        self._labels[name] = len(self._code)

    def load(self, offset: int) -> None:
        self._code.append((_LOAD, "", "", offset))

    def give(self, value: int) -> None:
        self._code.append((_RETURN, "", "", value))

    def test(self, operation: int, value: int, yes: str, no: str = "") -> None:
        """Jump on the accumulator; without a place the next instruction follows."""
        self._code.append((operation, yes, no, value))

    def assemble(self) -> bytes:
        parts = []
        for index, (operation, yes, no, value) in enumerate(self._code):
            hops = [self._labels[name] - index - 1 if name else 0 for name in (yes, no)]
            if not all(0 <= hop < 256 for hop in hops):
                raise AssertionError("the filter is too long for its jumps")
            parts.append(struct.pack("HBBI", operation, *hops, value))
        return b"".join(parts)


def _ranges(calls: set[int]) -> list[tuple[int, int]]:
    ranges: list[tuple[int, int]] = []
    for number in sorted(calls):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return ranges


def build(*, namespaced: bool, processes: bool, executes: bool = False) -> bytes:
    """The filter for processes that are, or are not, alone in a process namespace.

    Args:
        namespaced: No other process can be seen and mounts are read-only.
        processes: New processes may be started, not just threads.
        executes: Files may be executed, and if ``processes`` also by new processes, even
            where the process is not alone.
    """
    machine = os.uname().machine
    checked = numbers(CHECKED, machine)
    allowed = set(numbers(ALWAYS, machine).values())
    if namespaced:
        extra = numbers(NAMESPACED, machine)
        if not processes:
            extra = {k: v for k, v in extra.items() if k not in ("fork", "vfork", "execve")}
        allowed |= set(extra.values())
        checked = {k: v for k, v in checked.items() if k not in ("kill", "tgkill")}
    if executes:
        allowed |= set(numbers(EXECUTING, machine).values())
        if processes:
            allowed |= set(numbers(FORKING, machine).values())
    program = _Program()
    program.load(_ARCHITECTURE)
    program.test(_EQUAL, _ARCHITECTURES[machine], "", "kill process")
    program.load(_NUMBER)
    program.test(_AT_LEAST, _X32, "kill process")
    for name, number in checked.items():
        program.test(_EQUAL, number, name)
    _search(program, _ranges(allowed), "")
    _write_checks(program, checked, processes)
    program.label("allow")
    program.give(_ALLOW)
    program.label("refuse")
    program.give(_ERROR | errno.EPERM)
    program.label("kill process")
    program.give(_KILL)
    return program.assemble()


def _search(program: _Program, ranges: list[tuple[int, int]], path: str) -> None:
    if path:
        program.label(path)
    if len(ranges) == 1:
        first, last = ranges[0]
        if first == last:
            program.test(_EQUAL, first, "allow", "refuse")
        else:
            program.test(_AT_LEAST, first, "", "refuse")
            program.test(_ABOVE, last, "refuse", "allow")
        return
    middle = len(ranges) // 2
    program.test(_AT_LEAST, ranges[middle][0], path + ">", path + "<")
    _search(program, ranges[:middle], path + "<")
    _search(program, ranges[middle:], path + ">")


def _write_checks(program: _Program, checked: dict[str, int], processes: bool) -> None:
    program.label("clone")
    program.load(_argument(0))
    if not processes:
        program.test(_ANY_BIT, _CLONE_THREAD, "", "refuse")
    program.test(_ANY_BIT, _CLONE_NAMESPACES, "refuse", "allow")
    program.label("clone3")  # its flags cannot be looked into; libraries then use clone
    program.give(_ERROR | errno.ENOSYS)
    program.label("socketpair")
    program.load(_argument(0))
    program.test(_EQUAL, 1, "", "refuse")  # AF_UNIX
    program.load(_argument(1))
    program.test(_ANY_BIT, 2, "refuse", "allow")  # datagrams could be sent to others' sockets
    program.label("prlimit64")
    program.load(_argument(0))
    program.test(_EQUAL, 0, "allow", "refuse")  # oneself
    for name, offset, values in (
        ("ioctl", _argument(1), _IOCTLS),
        ("prctl", _argument(0), _PRCTLS),
    ):
        program.label(name)
        program.load(offset)
        for value in values[:-1]:
            program.test(_EQUAL, value, "allow")
        program.test(_EQUAL, values[-1], "allow", "refuse")
    program.label("fcntl")
    program.load(_argument(1))
    for value in _OWNERS[:-1]:
        program.test(_EQUAL, value, "refuse")
    program.test(_EQUAL, _OWNERS[-1], "refuse", "allow")
    for name in ("kill", "tgkill"):
        if name in checked:
            program.label(name)
            program.load(_argument(0))
            program.test(_EQUAL, _PID_PLACEHOLDER, "allow", "refuse")


@functools.lru_cache(maxsize=4)  # behind namespaces every program is process 1
def for_process(instructions: bytes, pid: int) -> bytes:
    """The filter for one process, which may send signals to itself."""
    return instructions.replace(
        struct.pack("I", _PID_PLACEHOLDER), struct.pack("I", pid & 0xFFFFFFFF)
    )
