"""Finding out what works on this machine by really doing it, in processes that are thrown away."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time
from collections.abc import Collection

from .isolate import LAYERS, LAYERS_OF, Isolation, spare_user
from .limits import RunLimits
from .trees import remove_tree

_TRIAL_SECONDS = 20.0


def try_layers(
    base: str, layers: Collection[str], index: int, *, drop_user: bool = True
) -> str | None:
    """Really use layers in a throwaway process; returns what goes wrong, or None.

    Some systems let the first step succeed and refuse the rights that should follow, so nothing
    less than the whole of it tells.
    """
    left, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            problem = _trial(base, layers, index, drop_user)
        except BaseException as error:
            problem = f"{type(error).__name__}: {error}"
        os.write(told, json.dumps(problem).encode()[:4000])
        os._exit(0)
    os.close(told)
    try:
        return _hear(left)
    finally:
        os.close(left)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        for name in os.listdir(base):
            remove_tree(os.path.join(base, name))


def _hear(descriptor: int) -> str | None:
    deadline = time.monotonic() + _TRIAL_SECONDS
    data = b""
    while True:
        left = max(0.0, deadline - time.monotonic())
        if not select.select([descriptor], [], [], left)[0]:
            return "it does not answer"
        part = os.read(descriptor, 1 << 16)
        if not part:
            break
        data += part
    try:
        problem: str | None = json.loads(data)
    except ValueError:
        return "the process that tried it was killed"
    return problem


def _trial(base: str, layers: Collection[str], index: int, drop_user: bool) -> str | None:
    isolation = Isolation(base=base, layers=layers, index=index, drop_user=drop_user)
    os.close(isolation.new_file("stdin"))
    place = isolation.new_place("program")
    left, told = os.pipe()
    if isolation.fork() == 0:
        problem: str | None
        try:
            small = RunLimits(
                seconds=1,
                wall_seconds=1,
                total_seconds=None,
                timeouts=None,
                memory_bytes=4 << 30,
                output_bytes=1 << 20,
                file_bytes=1 << 20,
                open_files=64,
                threads=8,
            )
            isolation.confine("program", small)
            isolation.settle(place)
            problem = _look_around(layers)
        except BaseException as error:
            problem = f"{type(error).__name__}: {error}"
        os.write(told, json.dumps(problem).encode()[:4000])
        os._exit(0)
    os.close(told)
    return _hear(left)


def _look_around(layers: Collection[str]) -> str | None:
    """In a confined process: what is missing that programs need, or there that must not be."""
    with open(json.__file__) as library:
        library.read(1)
    os.stat(sys.executable)
    with open("here", "w") as own:
        own.write("x")
    os.unlink("here")
    if "landlock" in layers:
        with contextlib.suppress(PermissionError, FileNotFoundError):
            os.close(os.open("/etc/passwd", os.O_RDONLY))
            return "files outside can still be read"
    if "seccomp" in layers:
        with contextlib.suppress(PermissionError):
            os.sched_setaffinity(0, os.sched_getaffinity(0))
            return "system calls are not filtered"
    if "namespaces" in layers and os.getpid() != 1:
        return "the process is not alone"
    return None


def find_layers(base: str, highest: int, index: int) -> tuple[frozenset[str], bool, list[str]]:
    """What works here, up to a level.

    Returns:
        The layers; whether programs get a user of their own where that is needed; what is
        missing, in words.
    """
    wanted = LAYERS_OF[highest]
    missing: list[str] = []
    drop_user = True
    if spare_user(index) is not None:
        problem = try_layers(base, wanted, index)
        if problem is None:
            return wanted, True, missing
        # Without namespaces an interpreter in root's own directory is out of others' reach.
        if try_layers(base, frozenset(), index) is not None:
            drop_user = False
    if try_layers(base, wanted, index, drop_user=drop_user) is None:
        layers = wanted
    else:
        layers = frozenset()
        for layer in LAYERS:
            if layer in wanted:
                problem = try_layers(base, {layer}, index, drop_user=drop_user)
                if problem is None:
                    layers |= {layer}
                else:
                    missing.append(f"{layer} cannot be used: {problem}")
        problem = try_layers(base, layers, index, drop_user=drop_user)
        if problem is not None:
            missing.append(f"{' and '.join(sorted(layers))} do not work together: {problem}")
            layers = frozenset()
    if not drop_user:
        missing.append(f"programs keep the root user: other users cannot read {sys.base_prefix}")
    return layers, drop_user, missing
