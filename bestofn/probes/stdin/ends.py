"""Ends of a range in words: ``between 1 and 20``, ``at most N``, ``of length 5``."""

from __future__ import annotations

import re

from ..expressions import Expr, ExpressionReader, tokenize


def read_expression(text: str) -> tuple[Expr | None, str]:
    """The expression a text begins with, and the text after it."""
    tokens = tokenize(text)
    reader = ExpressionReader(tokens)
    expr = reader.expression()
    rest = " ".join(token.text for token in tokens[reader.position :])
    return expr, rest


def read_ends(text: str, measured: bool) -> tuple[tuple[Expr | None, Expr | None] | None, str]:
    """The ends in ``between 1 and 20``, ``at most 5``, ``1 to 5``, ``of exactly N``."""
    lead = re.match(
        r"[\s,]*(?:(?:of|is|are|being|equal|and|to|an integer)\s+)*"
        r"(between|at least|at most|not greater than|not exceeding|not less than|exactly)?",
        text,
    )
    assert lead is not None
    word = lead.group(1)
    if word is None and not measured:
        return None, text
    first, rest = read_expression(text[lead.end() :])
    if first is None or first.op == "dots":
        return None, text
    if word in ("at most", "not greater than", "not exceeding"):
        low = Expr(op="num", number=1) if not measured else None
        return (low, first), rest
    joint = re.match(r"\s*,?\s*(?:and|to)\s+(at most\s+)?(?=[\d(A-Za-z-])", rest)
    if word == "between" or (joint and (joint.group(1) or word is None)):
        second, after = read_expression(rest[joint.end() :]) if joint else (None, rest)
        if second is not None:
            return (first, second), re.sub(r"^\s*,?\s*inclusive", " ", after)
        return None, text
    if word in ("at least", "not less than"):
        return (first, None), rest
    return (first, first), rest
