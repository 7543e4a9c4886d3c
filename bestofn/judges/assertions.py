"""Assertions that a model wrote, taken apart into a call and the value it should give.

Only asserts of one call with literal arguments against a literal are used: they can be run as
plain calls, so that no generated source is executed and each distinct call is made once for
all the tests that share it. Others (loops, tolerances, several calls) are left out and counted.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..probes import text_key


@dataclass(frozen=True)
class Assertion:
    """``assert entry_point(*arguments) == expected``."""

    arguments: tuple[Any, ...]
    expected: Any

    @property
    def call(self) -> str:
        """The arguments as text; equal for equal calls."""
        return text_key(self.arguments)

    @property
    def key(self) -> str:
        """The whole assertion as text; equal for equal assertions."""
        return f"{self.call} == {text_key(self.expected)}"


def parse_assertions(sources: Iterable[str], entry_point: str) -> tuple[list[Assertion], int]:
    """Take assertions apart.

    Args:
        sources: Python sources, each with any number of ``assert`` statements.
        entry_point: The function they test.

    Returns:
        The assertions in the order they stand, repeats included, and how many statements or
        sources could not be used.
    """
    found: list[Assertion] = []
    unusable = 0
    for source in sources:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            unusable += 1
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Assert):
                assertion = _assertion(node.test, entry_point)
                if assertion is None:
                    unusable += 1
                else:
                    found.append(assertion)
    return found, unusable


def _assertion(test: ast.expr, entry_point: str) -> Assertion | None:
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=call):
            return _build(call, False, entry_point)
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
            if not _is_call(left, entry_point):
                left, right = right, left
            try:
                expected = ast.literal_eval(right)
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                return None
            return _build(left, expected, entry_point)
        case _:
            return _build(test, True, entry_point)


def _is_call(node: ast.expr, entry_point: str) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name), keywords=[]):
            return name in (entry_point, "candidate")
    return False


def _build(node: ast.expr, expected: Any, entry_point: str) -> Assertion | None:
    if not (_is_call(node, entry_point) and isinstance(node, ast.Call)):
        return None
    try:
        arguments = tuple(ast.literal_eval(argument) for argument in node.args)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return Assertion(arguments, expected)
