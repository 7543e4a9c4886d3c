"""Sums that texts write out with their result."""

from __future__ import annotations

import ast
import re

from .literals import NotALiteral


def read_sum(line: str) -> float:
    """``19 - 5 - 6 = 8``: a sum with its result, taken only when both sides agree.

    Raises:
        NotALiteral: it is something else.
    """
    parts = [part.strip() for part in line.strip().rstrip(".").split("=")]
    if len(parts) < 2 or len(line) > 80 or not re.fullmatch(r"[-+*/(). \d=]+", line.strip()):
        raise NotALiteral(0)
    try:
        values = [_calculate(ast.parse(part, mode="eval").body) for part in parts]
    except (SyntaxError, ZeroDivisionError, OverflowError) as error:
        raise NotALiteral(0) from error
    if any(value != values[-1] for value in values):
        raise NotALiteral(0)
    return values[-1]


def _calculate(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_calculate(operand)
        case ast.BinOp(left=left, op=op, right=right):
            a, b = _calculate(left), _calculate(right)
            match op:
                case ast.Add():
                    return a + b
                case ast.Sub():
                    return a - b
                case ast.Mult():
                    return a * b
                case ast.Div():
                    return a / b
                case ast.FloorDiv():
                    return a // b
    raise NotALiteral(0)
