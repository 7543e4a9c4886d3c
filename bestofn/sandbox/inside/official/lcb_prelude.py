"""What LiveCodeBench's evaluator puts before and around a program."""

from __future__ import annotations

import ast
import bisect  # noqa: F401 - what the prelude imports, so that it is there before the fork
import copy  # noqa: F401
import datetime  # noqa: F401
import heapq  # noqa: F401
import random  # noqa: F401
import statistics  # noqa: F401
import string  # noqa: F401
import sys
from types import CodeType, ModuleType

from .. import harness

WRAPPED = "wrapped_function"
"""The function that a program for standard input becomes."""

_MODULES = "string re datetime collections heapq bisect copy math random statistics".split()  # noqa: SIM905
_MODULES += "itertools functools operator io sys json".split()  # noqa: SIM905
PRELUDE = (
    "".join(f"from {name} import *\n" for name in (*_MODULES, "builtins", "typing"))
    + "".join(f"import {name}\n" for name in _MODULES)
    + "sys.setrecursionlimit(50000)\n"
)
"""What stands before every program."""

_PRELUDE_CODE = compile(PRELUDE, "<string>", "exec", dont_inherit=True)
# A program is compiled apart from the prelude, but must not pass for the start of a file.
_NOT_FIRST = "0" + "\n" * (PRELUDE.count("\n") + 1)
_FRAMES_UPSTREAM = 30  # where a program is wrapped; its own recursion limit holds there


def compile_behind(text: str) -> CodeType:
    """Compile what comes behind the prelude.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: it does not compile.
    """
    return compile(_NOT_FIRST + text, "<string>", "exec", dont_inherit=True)


def new_module() -> ModuleType:
    """The module that programs are executed in, with all that the prelude brings."""
    module = ModuleType("tmp_sol", "")
    exec(_PRELUDE_CODE, module.__dict__)
    return module


def wrap(tree: ast.Module) -> str:
    """A program as the body of a function, below its imports.

    Raises:
        RecursionError: it is nested too deep for Python's own limit, which holds here upstream.
        ValueError: it has a string that cannot be written back.
    """
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(harness.frame_depth() + 1000 - _FRAMES_UPSTREAM)
    try:
        body = _without_guard(tree.body)
        imports = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
        rest = [node for node in body if not isinstance(node, ast.Import | ast.ImportFrom)]
        function = ast.parse(f"def {WRAPPED}(): 0").body[0]
        function.body = rest  # type: ignore[attr-defined]
        return ast.unparse([*imports, function])  # type: ignore[arg-type]
    finally:
        sys.setrecursionlimit(limit)


def _without_guard(body: list[ast.stmt]) -> list[ast.stmt]:
    """A program's statements, a last ``if __name__ == "__main__"`` replaced by what it holds."""
    last = body[-1] if body else None
    if isinstance(last, ast.If) and ast.unparse(last.test) == "__name__ == '__main__'":
        return body[:-1] + last.body
    return body
