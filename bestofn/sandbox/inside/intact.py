"""Noticing what a program does to the machinery that tests it in its own process.

Two ways. A :class:`Snapshot`, taken before the program is loaded, holds everything that a verdict
depends on (functions with their code, defaults and closures, classes with their attributes, the
builtins, modules by name) and says later what is no longer the same. A hook for Python's audit
events, which no program can take out again, stops what leaves no trace: reading frames and
walking the garbage collector to find expected values or the recorder of results, tracing,
changing the code of watched functions, raw memory through ctypes.

Both are the program's own process: one written against this very module can get around them.
That is why verdicts reached like this are marked. References that matter are taken early and
kept; the comparison itself calls nothing that a program could have replaced.
"""

from __future__ import annotations

import builtins
import importlib
import os
import re
import sys
import types
from collections.abc import Callable
from typing import Any

_OWN_CODE = ("tests.py", "check.py", "setup.py")
_UNITTEST = ("case", "util", "result", "suite", "loader", "runner")
_HARNESS = (
    "harness",
    "reporting",
    "frames",
    "values",
    "rebuild",
    "files",
    "intact",
    "unittests",
    "checker",
)
_OF_BUILTINS_FREE = frozenset({"print", "input", "open", "_", "help", "exit", "quit"})
_OF_SYS = ("settrace", "gettrace", "setprofile", "getprofile", "_getframe", "modules", "exc_info")
_OF_OS = ("_exit", "getpid", "fork", "read", "write", "pread", "close", "dup2")
_UNWATCHED = frozenset({"logging", "warnings", "sys", "os", "builtins", "unittest"})
_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import|import[ \t]+([\w., \t]+))", re.M)
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType)
_MISSING = object()
_BUILTIN_NAMES = frozenset(name for name in vars(builtins) if not name.startswith("__"))
_CORE_BUILTINS = frozenset(
    f"builtins.{name}"
    for name in (
        *("isinstance", "issubclass", "len", "type", "repr", "getattr", "hasattr", "sorted"),
        *("set", "list", "dict", "tuple", "str", "zip", "enumerate", "any", "all", "round"),
        *("abs", "callable", "super", "range", "iter", "next", "min", "max", "AssertionError"),
    )
)

_TRACING = frozenset({"sys.settrace", "sys.setprofile", "sys.monitoring.register_callback"})
_READING = frozenset(
    [
        *("sys._getframe", "sys._current_frames", "sys._current_exceptions"),
        *("gc.get_objects", "gc.get_referrers", "gc.get_referents"),
        *("ctypes.cdata", "ctypes.PyObj_FromPtr"),
    ]
)
_NAMED = frozenset({"object.__getattr__", "object.__setattr__", "object.__delattr__"})
_MAKING = frozenset({"compile", "code.__new__"})
_EVENTS = _TRACING | _READING | _NAMED | _MAKING | {"ctypes.dlsym"}
_FRAMES = frozenset({"tb_frame", "gi_frame", "cr_frame", "ag_frame"})


_Name = tuple[Any, str, Any, str]  # where, name, what it means there, label
_Code = tuple[Any, Any, Any, Any, str]  # function, code, defaults, named defaults, label
_Cell = tuple[Any, Any, str]  # cell of a closure, content, label
_Closed = tuple[Any, frozenset[str], str]  # attributes of a class, their names, label
_Shadow = tuple[dict[str, Any], str]  # names of a module that hides no builtin, label
_Entries = tuple[list[_Name], list[_Code], list[_Cell], list[_Closed], list[_Shadow]]
_Comparison = Callable[[], str]


class Tampered(Exception):
    """A program changed what tests it, or looked for what it must not know."""


class Snapshot:
    """How everything a verdict depends on looks before a program is loaded.

    Args:
        tests: Source of the tests. Modules of the standard library that it imports are loaded
            here, and their functions watched too.

    Attributes:
        changed: Says what is different, in words; nothing if all is as it was. Take it before
            the program is loaded: it finds nothing by a name that a program could give away.
        core_changed: The same for what an assertion of unittest goes through, which is little.
    """

    def __init__(self, tests: str) -> None:
        self._names: list[_Name] = []
        self._closed: list[_Closed] = []
        self._shadows: list[_Shadow] = []
        self._codes: list[_Code] = []
        self._cells: list[_Cell] = []
        self._seen: set[int] = set()
        for module in _imported(tests):
            for name, value in vars(module).items():
                if isinstance(value, _FUNCTIONS):
                    self._watch_name(vars(module), name, f"{module.__name__}.{name}")
        for name, value in list(vars(builtins).items()):
            if name not in _OF_BUILTINS_FREE:
                self._names.append((vars(builtins), name, value, f"builtins.{name}"))
        for holder, chosen in ((sys, _OF_SYS), (os, _OF_OS)):
            for name in chosen:
                self._watch_name(vars(holder), name, f"{holder.__name__}.{name}")
        for module in _machinery():
            self._names.append((sys.modules, module.__name__, module, module.__name__))
            self._watch_module(module)
        heard = _install_hook(self._seen)
        self.core_changed = _core_comparison(self._names, self._codes, heard)
        self.changed = _comparison(
            (self._names, self._codes, self._cells, self._closed, self._shadows), heard
        )

    def watch_class(self, kind: type, label: str) -> None:
        """Watch what a class of the tests can do; its other attributes may change."""
        for name, value in list(vars(kind).items()):
            if isinstance(value, (*_FUNCTIONS, staticmethod, classmethod, property)):
                self._watch_value(value, f"{label}.{name}")
                self._names.append((vars(kind), name, value, f"{label}.{name}"))

    def _watch_name(self, holder: dict[str, Any], name: str, label: str) -> None:
        value = holder.get(name, _MISSING)
        if value is not _MISSING:
            self._names.append((holder, name, value, label))
            self._watch_value(value, label)

    def _watch_module(self, module: types.ModuleType) -> None:
        names = vars(module)
        if _BUILTIN_NAMES.isdisjoint(names):
            self._shadows.append((names, module.__name__))
        for name, value in list(names.items()):
            if name.startswith("__") and name.endswith("__"):
                continue
            self._watch_name(names, name, f"{module.__name__}.{name}")
            if isinstance(value, type) and value.__module__ == module.__name__:
                self._watch_machinery_class(value)

    def _watch_machinery_class(self, kind: type) -> None:
        if id(kind) in self._seen:
            return
        self._seen.add(id(kind))
        label = f"{kind.__module__}.{kind.__qualname__}"
        own = vars(kind)
        self._closed.append((own, frozenset(own), label))
        for name, value in list(own.items()):
            self._names.append((own, name, value, f"{label}.{name}"))
            self._watch_value(value, f"{label}.{name}")

    def _watch_value(self, value: Any, label: str) -> None:
        if isinstance(value, (staticmethod, classmethod)):
            value = value.__func__
        if isinstance(value, property):
            value = value.fget
        if isinstance(value, types.MethodType):
            value = value.__func__
        if not isinstance(value, types.FunctionType) or id(value) in self._seen:
            return
        self._seen.add(id(value))
        self._codes.append((value, value.__code__, value.__defaults__, value.__kwdefaults__, label))
        for cell in value.__closure__ or ():
            try:
                self._cells.append((cell, cell.cell_contents, label))
            except ValueError:  # still empty
                continue
            self._watch_value(cell.cell_contents, label)


def _is_core(label: str) -> bool:
    return label.startswith("unittest.") or label in _CORE_BUILTINS


def _core_comparison(names: list[_Name], codes: list[_Code], heard: list[str]) -> _Comparison:
    core_names = [entry for entry in names if _is_core(entry[3])]
    core_codes = [entry for entry in codes if _is_core(entry[4])]
    return _comparison((core_names, core_codes, [], [], []), heard)


def _comparison(entries: _Entries, heard: list[str]) -> _Comparison:
    """A function that compares and needs nothing that it would find by name."""
    names, codes, cells, closed, shadows = entries
    missing, builtin_names = _MISSING, _BUILTIN_NAMES
    traced = (sys.gettrace, sys.getprofile)

    def changed() -> str:
        for event in heard:
            return event
        for probe in traced:
            if probe() is not None:
                return "the program is traced"
        for holder, name, value, label in names:
            if holder.get(name, missing) is not value:
                return f"{label} was replaced"
        for owner, code, defaults, named, label in codes:
            if (
                owner.__code__ is not code
                or owner.__defaults__ is not defaults
                or owner.__kwdefaults__ is not named
            ):
                return f"{label} was changed"
        for cell, content, label in cells:
            if cell.cell_contents is not content:
                return f"{label} was changed"
        for own, known, label in closed:
            for name in own:
                if name not in known:
                    return f"{label}.{name} was added"
        for module_names, label in shadows:
            for name in module_names:
                if name in builtin_names:
                    return f"{label}.{name} was added"
        return ""

    return changed


def _machinery() -> list[types.ModuleType]:
    """The modules that run tests and report."""
    names = [f"{__package__}.{name}" for name in (*_HARNESS, "scripts_inside", "serving")]
    names += ["unittest", *(f"unittest.{name}" for name in _UNITTEST)]
    names += ["json", "json.encoder", "json.decoder", "socket"]
    return [sys.modules[name] for name in names if name in sys.modules]


def _imported(tests: str) -> list[types.ModuleType]:
    """Modules of the standard library that tests import, loaded."""
    found: list[types.ModuleType] = []
    for one, several in _IMPORT.findall(tests):
        for name in (one, *(part.split()[0] for part in several.split(",") if part.strip())):
            top = name.partition(".")[0]
            if top in sys.stdlib_module_names:
                try:
                    module = importlib.import_module(name)
                except ImportError:  # the tests will meet it again
                    continue
                if top not in _UNWATCHED:
                    found.append(module)
    return found


def _install_hook(watched: set[int]) -> list[str]:
    """Stop the program from looking into frames and the like; returns what it tried."""
    heard: list[str] = []
    busy: list[bool] = []
    own = os.path.dirname(os.path.abspath(__file__)) + os.sep
    library = os.path.dirname(os.__file__) + os.sep
    trusted = (own, library, "<frozen ", *(p + os.sep for p in sys.path if os.path.isabs(p)))
    looked_through = (library + "inspect.py", library + "ctypes" + os.sep)
    trace = library + "traceback.py"
    # Found here and not in a module, where a program could put something else for a moment.
    getframe, text = sys._getframe, str
    events, tracing, named, making, frames = _EVENTS, _TRACING, _NAMED, _MAKING, _FRAMES
    own_code = _OWN_CODE

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in events:
            return
        if event not in tracing:
            if busy or not concerns(event, arguments):
                return
            busy.append(True)
            try:
                if is_trusted(event, getframe(1)):
                    return
            finally:
                busy.clear()
        heard.append(f"{event} was used")
        raise RuntimeError(f"{event} is not allowed in a program that shares the tests' process")

    def concerns(event: str, arguments: tuple[Any, ...]) -> bool:
        if event == "object.__getattr__":
            return arguments[1] in frames
        if event in named:
            return id_of(arguments[0]) in watched
        if event in making:
            name = arguments[1]
            return type_of(name) is text and (name in own_code or name.startswith(trusted))
        if event == "ctypes.dlsym":
            name = arguments[1]
            return type_of(name) is text and name.lstrip("_").startswith("Py")
        return True

    def is_trusted(event: str, frame: types.FrameType | None) -> bool:
        while frame is not None:
            code = frame.f_code
            file = code.co_filename
            through = file.startswith(looked_through) or (
                file == trace and (event == "sys._getframe" or code.co_name == "walk_tb")
            )
            if not through:
                return file in own_code or file.startswith(trusted)
            frame = frame.f_back
        return True

    id_of, type_of = id, type
    sys.addaudithook(hook)
    return heard
