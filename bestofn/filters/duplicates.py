"""Same program, written twice: one is judged, its copies are counted."""

from __future__ import annotations

import ast
import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from ..types import Candidate, Rejection

PARSED_CHARACTERS = 100_000
"""Longer programs are compared as text: parsing them takes seconds."""


@dataclass(frozen=True, kw_only=True)
class Distinct:
    """Candidates without their copies.

    Attributes:
        kept: The first of each group, in the order they came.
        rejected: The copies.
        copies: For each kept id how many candidates it stands for, itself included.
    """

    kept: tuple[Candidate, ...]
    rejected: tuple[Rejection, ...]
    copies: dict[str, int]


def fingerprint(source: str) -> str:
    """A digest that is equal for programs that differ in formatting and comments only.

    Docstrings count as comments unless the program reads ``__doc__``. Text that is not valid
    Python, or very long, is compared line by line without trailing white space.
    """
    try:
        if len(source) > PARSED_CHARACTERS:
            raise ValueError("not worth parsing")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in a candidate is its own business
            tree = ast.parse(source)
            if "__doc__" not in source:
                _strip_docstrings(tree)
            text = ast.dump(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        text = "\n".join(line.rstrip() for line in source.strip().splitlines())
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _strip_docstrings(tree: ast.AST) -> None:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [  # type: ignore[attr-defined]
                statement
                for statement in body
                if not (
                    isinstance(statement, ast.Expr)
                    and isinstance(statement.value, ast.Constant)
                    and isinstance(statement.value.value, str)
                )
            ]


def drop_duplicates(candidates: Sequence[Candidate]) -> Distinct:
    """Keep the first of every group of equal programs.

    Candidates that are not Python programs are compared as text, up to white space at the end.
    """
    first: dict[str, Candidate] = {}
    copies: dict[str, int] = {}
    rejected = []
    for candidate in candidates:
        if candidate.kind != "program":
            key = candidate.kind + candidate.code.strip()
        elif candidate.language != "python":
            key = f"{candidate.language}\n{candidate.code.rstrip()}"
        else:
            key = fingerprint(candidate.code)
        kept = first.setdefault(key, candidate)
        copies[kept.id] = copies.get(kept.id, 0) + 1
        if kept is not candidate:
            rejected.append(
                Rejection(
                    id=candidate.id,
                    by="duplicates",
                    reason=f"same {candidate.kind} as {kept.id}",
                    same_as=kept.id,
                )
            )
    return Distinct(kept=tuple(first.values()), rejected=tuple(rejected), copies=copies)
