"""The kinds of a function's arguments: from hints, from values seen, or from words."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...types import Problem
from .kinds import (
    AnyKind,
    Bool,
    DictOf,
    Float,
    Int,
    Kind,
    ListOf,
    NoneKind,
    SetOf,
    Str,
    TupleOf,
    Union,
    common_kind,
    describe,
    unbounded,
)
from .leetcode_constraints import CallConstraints, read_constraints
from .source import docstring_of, function_arguments
from .words import FALLBACKS, counted_kind, guess_kinds, without_examples

_PLAIN: dict[str, Kind] = {
    "int": Int(), "float": Float(), "bool": Bool(), "str": Str(), "None": NoneKind(),
    "Any": AnyKind(), "object": AnyKind(), "complex": AnyKind(), "number": Float(),
    "list": ListOf(element=AnyKind()), "List": ListOf(element=AnyKind()),
    "dict": DictOf(key=AnyKind(), value=AnyKind()), "Dict": DictOf(key=AnyKind(), value=AnyKind()),
    "set": SetOf(element=AnyKind()), "Set": SetOf(element=AnyKind()),
}  # fmt: skip
_LISTS = ("list", "List", "Sequence", "Iterable", "Collection", "MutableSequence")
_MAX_FAMILIES = 6


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What is known of a function's arguments.

    Attributes:
        names: The parameters; made up (``arg0``) where the code does not give them.
        kinds: One kind each, without bounds.
        sure: Whether the kinds come from hints or values seen, not from words.
        families: Other plausible kinds, each a whole signature, when not sure; the first is
            ``kinds``.
        constraints: What the text demands.
        text: The docstring and statement the words were taken from.
    """

    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    sure: bool
    families: tuple[tuple[Kind, ...], ...]
    constraints: CallConstraints
    text: str


def kind_of_annotation(annotation: ast.expr | str | None) -> Kind:
    """The kind that a type hint names; :class:`AnyKind` for none or an unknown one.

    Args:
        annotation: The hint as written or parsed.
    """
    if isinstance(annotation, str):
        try:
            annotation = ast.parse(annotation, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return AnyKind()
    match annotation:
        case None:
            return AnyKind()
        case ast.Constant(value=None):
            return NoneKind()
        case ast.Constant(value=str(text)):
            return kind_of_annotation(text)
        case ast.Name(id=name):
            return _PLAIN.get(name, AnyKind())
        case ast.Attribute(attr=name):
            return _PLAIN.get(name, AnyKind())
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _union([kind_of_annotation(left), kind_of_annotation(right)])
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=inside):
            parts = inside.elts if isinstance(inside, ast.Tuple) else [inside]
            return _generic(name, parts)
    return AnyKind()


def _generic(name: str, parts: Sequence[ast.expr]) -> Kind:
    if name in ("tuple", "Tuple"):
        if len(parts) == 2 and isinstance(parts[1], ast.Constant) and parts[1].value is Ellipsis:
            return TupleOf(elements=(kind_of_annotation(parts[0]),) * 3)
        return TupleOf(elements=tuple(kind_of_annotation(part) for part in parts))
    kinds = [kind_of_annotation(part) for part in parts]
    if name == "Optional":
        return _union([*kinds, NoneKind()])
    if name == "Union":
        return _union(kinds)
    if name in _LISTS and len(kinds) == 1:
        return ListOf(element=kinds[0])
    if name in ("set", "Set") and len(kinds) == 1:
        return SetOf(element=kinds[0])
    if name in ("dict", "Dict", "Mapping", "DefaultDict") and len(kinds) == 2:
        return DictOf(key=kinds[0], value=kinds[1])
    return AnyKind()


def _union(kinds: Sequence[Kind]) -> Kind:
    flat: list[Kind] = []
    for kind in kinds:
        flat += kind.options if isinstance(kind, Union) else [kind]
    unique = tuple(dict.fromkeys(flat))
    return unique[0] if len(unique) == 1 else Union(options=unique)


def _is_known(kind: Kind) -> bool:
    """Whether nothing in the kind is left open."""
    match kind:
        case AnyKind():
            return False
        case ListOf(element=element) | SetOf(element=element):
            return _is_known(element)
        case DictOf(key=key, value=value):
            return _is_known(key) and _is_known(value)
        case TupleOf(elements=parts) | Union(options=parts):
            return all(_is_known(part) for part in parts)
    return True


def _refined(hint: Kind, seen: Kind) -> Kind:
    """A hint with its open places filled from values seen."""
    if isinstance(hint, AnyKind):
        return seen
    if isinstance(hint, Float) and isinstance(seen, Int):
        return hint
    match hint, seen:
        case ListOf(element=a), ListOf(element=b):
            return ListOf(element=_refined(a, b))
        case SetOf(element=a), SetOf(element=b):
            return SetOf(element=_refined(a, b))
        case DictOf(key=a, value=c), DictOf(key=b, value=d):
            return DictOf(key=_refined(a, b), value=_refined(c, d))
    return hint


def typical_calls(calls: Sequence[tuple[Any, ...]], arity: int | None) -> list[tuple[Any, ...]]:
    """The calls whose arguments have the shape that most have; others are likely slips.

    Args:
        calls: Argument tuples of doubtful origin, such as generated tests.
        arity: How many arguments there should be, when known.
    """
    right = [call for call in calls if arity is None or len(call) == arity]
    shapes: dict[str, list[tuple[Any, ...]]] = {}
    for call in right:
        shape = ", ".join(re.sub(r"\[.*\]", "", describe(common_kind([item]))) for item in call)
        shapes.setdefault(f"{len(call)}:{shape}", []).append(call)
    if not shapes:
        return []
    return max(shapes.values(), key=len)


def read_signature(
    problem: Problem,
    seen: Sequence[tuple[Any, ...]],
    *,
    use_examples: bool,
) -> Signature | None:
    """The kinds of the arguments of a problem's entry point.

    Args:
        problem: Its starter code and statement are read.
        seen: Argument tuples whose values may be used.
        use_examples: Whether example lines may be read as words.

    Returns:
        None when the number of arguments cannot be known.
    """
    if problem.entry_point is None:
        return None
    arguments = function_arguments(problem.starter_code, problem.entry_point)
    if arguments is None:
        arguments = function_arguments(problem.statement, problem.entry_point)
    if arguments is None:
        if not seen:
            return None
        arguments = [ast.arg(arg=f"arg{place}") for place in range(len(seen[0]))]
    seen = [call for call in seen if len(call) == len(arguments)]
    names = tuple(argument.arg for argument in arguments)
    docstring = docstring_of(problem.starter_code, problem.entry_point)
    text = f"{docstring}\n{problem.statement}" if docstring else problem.statement
    words = text if use_examples else without_examples(text, (problem.entry_point,))
    hints = [kind_of_annotation(argument.annotation) for argument in arguments]
    plain = without_examples(words, (problem.entry_point,))
    counted = counted_kind(plain, len(names))
    options: list[tuple[Kind, ...]] = []
    sure = True
    for place, (name, hint) in enumerate(zip(names, hints, strict=True)):
        kind = hint
        if seen:
            kind = _refined(hint, common_kind(call[place] for call in seen))
        if _is_known(kind) or (seen and not isinstance(kind, AnyKind)):
            options.append((kind,))
            continue
        guess = counted if counted is not None else guess_kinds(name, plain, alone=len(names) == 1)
        filled = [_refined(kind, unbounded(option)) for option in guess.kinds]
        sure = sure and guess.sure
        extra = () if guess.sure else _fallbacks(kind)
        options.append(tuple(dict.fromkeys([*filled, *extra])))
    families = _families(options)
    kinds = families[0]
    constraints = read_constraints(words, dict(zip(names, kinds, strict=True)))
    return Signature(
        names=names, kinds=kinds, sure=sure, families=families, constraints=constraints, text=words
    )


def _fallbacks(kind: Kind) -> tuple[Kind, ...]:
    if isinstance(kind, AnyKind):
        return FALLBACKS
    return tuple(
        dict.fromkeys(_refined(kind, ListOf(element=inner)) for inner in (Int(), Str(), Float()))
    )


def _families(options: Sequence[Sequence[Kind]]) -> tuple[tuple[Kind, ...], ...]:
    """Whole signatures, those that differ least from the likeliest first."""
    combinations = itertools.product(*[list(enumerate(kinds)) for kinds in options])
    ranked = sorted(
        itertools.islice(combinations, 4096),
        key=lambda combination: (sum(rank for rank, _ in combination), [r for r, _ in combination]),
    )
    chosen = [tuple(kind for _, kind in combination) for combination in ranked[:_MAX_FAMILIES]]
    # Parameters that are all alike are common: f(a, b) on two texts.
    for fallback in FALLBACKS:
        alike = (fallback,) * len(options)
        if len(options) > 1 and alike not in chosen and all(fallback in kinds for kinds in options):
            chosen.append(alike)
    return tuple(chosen)
