"""A test script in the program's own process, for values that cannot be passed over a wire.

The program can reach what the script expects; what it does to the machinery or to get there is
noticed (:mod:`.intact`). What it returns arrives as over the wire where it has a plain form, so
that an ``int`` whose methods lie gains nothing here either; an object of the program's own whose
comparisons are its own is replaced by one that equals nothing, unless the setup has a class of
that name with the same comparisons, or says that the entry point is a class. A class that the
setup and the program define alike is the program's for both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

from . import harness, in_place, intact, reporting, values
from .checker import run_script

_COMPARISONS = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__contains__")


def run(reporter: reporting.Reporter, program: dict[str, Any]) -> None:
    """Load the program, run one script, report; every script has a process of its own."""
    token = reporter.next_run()
    try:
        changed = intact.Snapshot(program["setup"]).changed
        module = harness.load(program["source"], program["preamble"], "__candidate__")
        if problem := changed():
            raise intact.Tampered(problem)
        maker = harness.find_function(module, program["entry_point"])
    except harness.Ended as ended:
        reporter.report(token, ended.status, ended.error)
        return
    except intact.Tampered as tampered:
        reporter.report(token, "exception", f"TamperedWith: {tampered}")
        return
    reporter.report(token, "ok")
    reporter.next_input()
    script = json.loads(reporter.read_input())
    status, error = _run(script, program, module, maker, changed)
    reporter.report(reporter.next_run(), status, error, reuse=False)


def _run(
    script: str,
    program: dict[str, Any],
    module: ModuleType,
    maker: Callable[[], Any],
    changed: Callable[[], str],
) -> tuple[str, str]:
    names = harness.new_module("__check__").__dict__
    entry_point = program["entry_point"]

    def target(defined: dict[str, Any]) -> Any:
        for name, value in defined.items():
            if name != entry_point and _is_same_class(vars(module).get(name), value):
                defined[name] = vars(module)[name]  # both mean one and the same
        if isinstance(defined.get(entry_point), type):
            return maker()
        return _passing_on(maker, defined, entry_point)

    try:
        run_script(script, program["setup"], names, entry_point, target)
        if problem := changed():
            return "exception", f"TamperedWith: {problem}"
    except harness.Ended as ended:
        return ended.status, ended.error
    except BaseException as raised:
        status, error = harness.outcome_of(raised)
        if problem := changed():
            return "exception", f"TamperedWith: {problem}"
        if status == "ok":
            return "exit", "SystemExit: the script or the program ended the process"
        return status, error
    return "ok", ""


def _passing_on(maker: Callable[[], Any], names: dict[str, Any], name: str) -> Callable[..., Any]:
    """The program's function, with what it returns made plain where that is possible."""

    def plain(value: Any, *, exact: bool = False) -> tuple[Any, bool]:
        """A copy that no object of the program's decides about, and whether it had to be made."""
        kept: list[Any] = []

        def keep(part: Any) -> str:
            kept.append(part if _is_honest(part, names) else values.Opaque(type(part).__name__))
            return str(len(kept) - 1)

        data = values.encode(value, keep, exact=exact)
        lies = any(isinstance(part, values.Opaque) for part in kept)
        return values.decode(data, lambda number, _: kept[int(number)]), lies

    def call(*arguments: Any, **named: Any) -> Any:
        value = maker()(*arguments, **named)
        passed = (*arguments, *named.values())
        for argument in passed:
            if in_place.can_change(argument):
                copy, lies = plain(argument, exact=True)
                if lies:
                    in_place.change(argument, copy)
        return value if any(value is one for one in passed) else plain(value)[0]

    call.__name__ = call.__qualname__ = name
    return call


def _is_honest(value: Any, names: dict[str, Any]) -> bool:
    """Whether the program has no say in what an object equals."""
    kind = type(value)
    if kind is re.Pattern or any(kind is one for one in names.values()):
        return True
    model = names.get(kind.__name__)
    model = model if isinstance(model, type) else object
    pairs = [(getattr(kind, name, None), getattr(model, name, None)) for name in _COMPARISONS]
    return all(_same_code(own, other) or _is_of_the_tests(own) for own, other in pairs)


def _is_of_the_tests(function: Any) -> bool:
    code = getattr(function, "__code__", None)  # whose file the program cannot make up
    return code is not None and code.co_filename in ("check.py", "setup.py")


def _is_same_class(own: Any, model: Any) -> bool:
    """Whether a class of the program is the setup's, perhaps with further methods."""
    if not (isinstance(own, type) and isinstance(model, type) and type(own) is type(model)):
        return False
    if [base.__name__ for base in own.__bases__] != [base.__name__ for base in model.__bases__]:
        return False
    special = {name for name in vars(own) if name.startswith("__")}
    pairs = [(vars(own).get(name), vars(model).get(name)) for name in {*special, *vars(model)}]
    return all(
        _same_code(left, right)
        for left, right in pairs
        if isinstance(left, FunctionType) or isinstance(right, FunctionType)
    )


def _same_code(left: Any, right: Any) -> bool:
    if left is right:
        return True
    codes = getattr(left, "__code__", None), getattr(right, "__code__", None)
    return None not in codes and all(
        getattr(codes[0], part) == getattr(codes[1], part)
        for part in ("co_code", "co_consts", "co_names", "co_freevars")
    )
