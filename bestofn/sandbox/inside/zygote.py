"""The worker: waits for jobs from the library, forks a process for each program.

It never holds an input, an expected value or a program in its own memory (see :mod:`.files`),
keeps the clocks, and collects what programs print from outside of them.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import socket
import sys

from . import files, frames, state, syscalls
from .children import ChildFault, LibraryGone
from .isolate import Isolation, level_of
from .jobs import Workshop, run_job
from .scripts import ScriptProcesses
from .spares import Spares
from .trial import find_layers

_THREAD_STACK = 8 << 20  # bytes; usual on Linux


class Worker:
    """Serves the jobs of one library process."""

    def __init__(self, library: socket.socket, isolation: Isolation) -> None:
        exchange = files.Exchange()
        self._isolation = isolation
        self._shop = Workshop(
            library=library,
            isolation=isolation,
            courier=files.Courier(library),
            exchange=exchange,
            scripts=ScriptProcesses(isolation, exchange),
            spares=Spares(isolation, exchange),
        )

    def serve(self) -> None:
        """Run jobs until the library hangs up."""
        while True:
            job = frames.receive(self._shop.library)
            if preload(job["modules"]):
                self._isolation.interpreter = state.Interpreter()
                self._shop.spares.drop()
            try:
                run_job(self._shop, job)
            except (ChildFault, OSError) as error:
                # Nothing is said about the program; the library starts another worker.
                frames.send(self._shop.library, {"fault": f"{type(error).__name__}: {error}"})
                return


def preload(names: list[str]) -> bool:
    """Import modules that programs are going to need; whether that brought anything new.

    Imported here, they cost the programs next to nothing. What no program asks for stays out:
    every page of this process makes each fork dearer.

    Args:
        names: A leading dot stands for this package.
    """
    new = [name for name in names if _full_name(name) not in sys.modules]
    for name in new:
        own = name.startswith(".")
        with contextlib.suppress(*() if own else (ImportError,)):  # the program will be told
            importlib.import_module(_full_name(name))
    if new:
        gc.collect()
        gc.freeze()
    return bool(new)


def _full_name(name: str) -> str:
    return importlib.util.resolve_name(name, __package__)


def main(config_text: str) -> None:
    """Start a worker; never returns.

    Args:
        config_text: JSON object: ``socket`` (descriptor), ``base`` (a private directory),
            ``index`` (of the worker), ``level`` (the highest to use), and ``layers`` and
            ``drop_user`` as found by an earlier worker, or null to find out.
    """
    config = json.loads(config_text)
    library = socket.socket(fileno=config["socket"])
    library.set_inheritable(False)
    syscalls.die_with_parent()
    syscalls.set_thread_stack(_THREAD_STACK)
    base, index = config["base"], config["index"]
    layers, drop_user = config["layers"], config["drop_user"]
    missing: list[str] = []
    if layers is None:
        layers, drop_user, missing = find_layers(base, config["level"], index)
    isolation = Isolation(base=base, layers=layers, index=index, drop_user=drop_user)
    syscalls.die_with_parent()  # undone if the user was changed
    gc.collect()
    gc.freeze()
    gc.disable()  # nothing here makes cycles, and a collection would touch every shared page
    hello = {
        "level": level_of(layers),
        "layers": sorted(layers),
        "drop_user": drop_user,
        "missing": missing,
    }
    try:
        frames.send(library, hello)
        Worker(library, isolation).serve()
    except (LibraryGone, frames.EndOfStream, BrokenPipeError, ConnectionResetError):
        isolation.remove_base()  # in case there is no library any more to do it
        os._exit(0)
