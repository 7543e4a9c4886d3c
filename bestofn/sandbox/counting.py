"""How many tests a unittest module has, read from its source, which no program can change."""

from __future__ import annotations

import ast
import functools
import warnings
from collections.abc import Iterator

from ..errors import InvalidInput


@functools.lru_cache(maxsize=64)
def count_tests(tests: str) -> dict[str, int]:
    """How many tests each ``TestCase`` class of a unittest module has, by name.

    Classes are read from the source, inherited tests included, so that no program can change
    the count.

    Raises:
        InvalidInput: the source does not parse.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(tests)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InvalidInput("UnittestJob.tests", f"is not valid Python: {error}") from error
    methods: dict[str, set[str]] = {}
    cases: dict[str, int] = {}
    for node in _classes(tree.body):
        own = {
            item.name
            for item in node.body
            if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)
            and item.name.startswith("test")
        }
        bases = [_last_name(base) for base in node.bases]
        methods[node.name] = own.union(*(methods.get(base, set()) for base in bases))
        if any(base.endswith("TestCase") or base in cases for base in bases):
            cases[node.name] = len(methods[node.name])
        else:
            cases.pop(node.name, None)
    return cases


def _classes(body: list[ast.stmt]) -> Iterator[ast.ClassDef]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield node
        elif isinstance(node, ast.If | ast.Try | ast.With):
            yield from _classes(node.body)
            yield from _classes(getattr(node, "orelse", []))


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
