"""Which function is meant, where a problem does not say and all the candidates agree."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ..types import Problem
from .reading import Function, parsed, reads_stdin

_DEFINITIONS = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Import,
    ast.ImportFrom,
    ast.Assign,
    ast.AnnAssign,
)


def with_entry_point(problem: Problem, sources: Sequence[str]) -> Problem:
    """The problem with an entry point, if its candidates are nothing but definitions of one.

    That is so when no candidate runs anything or reads standard input by itself, and exactly one
    name is a function (or a public method of ``Solution``) with parameters in all of them. Where
    the problem shows no code either, the parameters that most candidates have stand for it.
    Candidates that are not valid Python have no say. In any other case the problem comes back
    as it was.
    """
    if problem.entry_point is not None or any(t.kind == "stdin" for t in problem.public_tests):
        return problem
    trees = [tree for tree in map(parsed, sources) if tree is not None]
    if not trees or any(_runs(tree) or reads_stdin(tree) for tree in trees):
        return problem
    found = [_functions(tree) for tree in trees]
    common = set.intersection(*(set(functions) for functions in found))
    if len(common) != 1:
        return problem
    (name,) = common
    arguments = Counter(ast.unparse(functions[name].args) for functions in found)
    (usual, _), *_ = arguments.most_common(1)
    if usual in ("", "self"):
        return problem
    shown = problem.starter_code.strip() or f"def {name}({usual}):\n    pass\n"
    return replace(problem, entry_point=name, starter_code=shown)


def _runs(tree: ast.Module) -> bool:
    """Whether there is more than definitions and bare strings at the top."""
    return any(
        not isinstance(node, _DEFINITIONS)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in tree.body
    )


def _functions(tree: ast.Module) -> dict[str, Function]:
    found: dict[str, Function] = {}
    for node in tree.body:
        within = node.body if isinstance(node, ast.ClassDef) and node.name == "Solution" else [node]
        for inner in within:
            if isinstance(inner, Function) and not inner.name.startswith("_"):
                found[inner.name] = inner
    return found
