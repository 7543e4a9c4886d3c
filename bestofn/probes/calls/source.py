"""Finding a function, its parameters and its docstring in code that may not parse."""

from __future__ import annotations

import ast
import re
import warnings

_MAX_SOURCE = 100_000
_DEFINITION = re.compile(r"(?m)^[ \t]*(?:async[ \t]+)?def[ \t]+([A-Za-z_]\w*)[ \t]*\(")
_QUOTES = re.compile(r"[ \t\n]*[rRuU]?(\"\"\"|''')")


def function_names(source: str) -> list[str]:
    """The names of the functions that the source defines, in order."""
    return _DEFINITION.findall(source[:_MAX_SOURCE])


def function_header(source: str, name: str) -> tuple[str, int] | None:
    """The text from ``def`` to the colon of a function, and the position after it.

    The last definition of the name counts, as it does when the code runs.
    """
    source = source[:_MAX_SOURCE]
    starts = [match for match in _DEFINITION.finditer(source) if match.group(1) == name]
    if not starts:
        return None
    depth = 0
    for at in range(starts[-1].end() - 1, len(source)):
        char = source[at]
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == ":" and depth == 0:
            return source[starts[-1].start() : at + 1].strip(), at + 1
    return None


def function_arguments(source: str, name: str) -> list[ast.arg] | None:
    """The positional parameters of a function, without ``self`` and ``cls``.

    None when the function is not there or its header does not parse.
    """
    found = function_header(source, name)
    if found is None:
        return None
    header = found[0].removeprefix("async").strip()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd escapes in default values
            tree = ast.parse(f"{header} pass")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef):
        return None
    arguments = [*definition.args.posonlyargs, *definition.args.args]
    if arguments and arguments[0].arg in ("self", "cls"):
        arguments = arguments[1:]
    return arguments


def parameters_of(source: str, name: str) -> list[str] | None:
    """The names of a function's positional parameters, or None when it is not there."""
    arguments = function_arguments(source, name)
    return None if arguments is None else [argument.arg for argument in arguments]


def docstring_of(source: str, name: str) -> str:
    """The docstring of a function as written, escapes not replaced; empty when it has none.

    As written, because the examples in it are code: ``"a\\nb"`` must keep its backslash.
    """
    found = function_header(source, name)
    if found is None:
        return ""
    opening = _QUOTES.match(source, found[1])
    if opening is None:
        return ""
    end = source.find(opening.group(1), opening.end())
    return source[opening.end() :] if end < 0 else source[opening.end() : end]
