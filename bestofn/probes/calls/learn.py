"""What seen arguments, and words such as "positive", say of arguments in general.

Used where a problem has no list of constraints, or one that was not fully understood. The
rule is caution: what held in every call that was seen is kept (signs, alphabets, equal
lengths), unless the words allow more.
"""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..constraints import Relation
from ..expressions import Expr, Ref
from .boxes import Interval, Key
from .kinds import (
    DictOf,
    Float,
    Int,
    Kind,
    ListOf,
    SetOf,
    Str,
    TupleOf,
    Union,
    all_different,
    is_ordered,
    kind_of,
    unbounded,
)
from .layout import Layout, is_rectangular
from .leetcode_constraints import CallConstraints, Rule
from .qualifiers import Qualifiers, qualifiers
from .signature import Signature
from .trait_checks import base_of
from .traits import Trait

_NUMERAL = re.compile(r"[-+]?\d+(?:\.\d+)?")
_MAX_TEMPLATES = 24
_MAX_USUAL = 1000
_UNSEEN = 12  # so that unseen single numbers reach 24, which even slow recursions bear


def learn(signature: Signature, kinds: Sequence[Kind], seen: Sequence[tuple[Any, ...]]) -> Layout:
    """The layout of a call, from what is known of it.

    Args:
        signature: Names, constraints and words.
        kinds: The kinds to use, a family of the signature.
        seen: Argument tuples to learn from.
    """
    constraints = signature.constraints
    names = signature.names
    seen = [call for call in seen if len(call) == len(names)]
    said = _said(constraints)
    ragged = frozenset(
        name
        for place, name in enumerate(names)
        if not all(map(is_rectangular, _column(seen, place)))
    )
    if constraints.bounded and not constraints.unread and said.issuperset(names):
        return Layout(names, tuple(kinds), constraints, ragged=ragged)
    words = qualifiers(signature.text)
    usual: dict[Key, Interval] = {}
    bounded: list[Kind] = []
    for place, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        values = _column(seen, place)
        bounded.append(kind if name in said else _bounded(kind, values, words, top=True))
        _usual(usual, name, kind, values, 0, words)
    extra_rules, extra_traits = _relations(names, kinds, seen, words)
    constraints = replace(
        constraints,
        rules=(*constraints.rules, *extra_rules),
        traits=(*constraints.traits, *extra_traits),
    )
    layout = Layout(names, tuple(bounded), constraints, usual, ragged)
    if layout.box is None:
        # The words and the values seen contradict each other; the values seen win.
        return Layout(names, tuple(unbounded(kind) for kind in kinds), usual=usual, ragged=ragged)
    return layout


def _said(constraints: CallConstraints) -> set[str]:
    """The names that a list of constraints bounds."""
    if not constraints.bounded:
        return set()
    sides = [
        side for rule in constraints.rules for side in (rule.relation.left, rule.relation.right)
    ]
    names = {ref.base for side in sides for ref in side.refs()}
    return names | {base_of(trait.subject) for trait in constraints.traits}


def _column(seen: Sequence[tuple[Any, ...]], place: int) -> list[Any]:
    return [call[place] for call in seen]


def _bounded(kind: Kind, values: Sequence[Any], words: Qualifiers, *, top: bool) -> Kind:
    """The kind with the bounds that the values and the words suggest."""
    match kind:
        case Int():
            return replace(kind, low=_low(_numbers(values), words, top=top))
        case Float():
            low = _low(_numbers(values), words, top=top)
            return replace(kind, low=None if low is None else float(min(low, 0)))
        case Str():
            return _text(kind, [v for v in values if isinstance(v, str)], words)
        case ListOf(element=element):
            lists = [v for v in values if isinstance(v, list)]
            inner = _bounded(element, [x for v in lists for x in v], words, top=False)
            if top and words.fixed and all(len(v) == words.fixed for v in lists):
                return replace(kind, element=inner, min_length=words.fixed, max_length=words.fixed)
            least = 0
            if top and words.least:
                least = min([words.least, *(len(v) for v in lists)])
            elif not top and lists and all(lists):
                least = 1
            return replace(kind, element=inner, min_length=least)
        case SetOf(element=element):
            members = [x for v in values if isinstance(v, set) for x in sorted(v, key=repr)]
            return SetOf(element=_bounded(element, members, words, top=False))
        case DictOf(key=key, value=value):
            dicts = [v for v in values if isinstance(v, dict)]
            return DictOf(
                key=_bounded(key, [k for d in dicts for k in d], words, top=False),
                value=_bounded(value, [x for d in dicts for x in d.values()], words, top=False),
            )
        case TupleOf(elements=elements):
            tuples = [v for v in values if isinstance(v, tuple) and len(v) == len(elements)]
            return TupleOf(elements=tuple(
                _bounded(one, [t[place] for t in tuples], words, top=False)
                for place, one in enumerate(elements)
            ))  # fmt: skip
        case Union(options=options):
            return Union(options=tuple(
                _bounded(one, [v for v in values if unbounded(one) == kind_of(v)], words, top=top)
                for one in options
            ))  # fmt: skip
    return kind


def _numbers(values: Sequence[Any]) -> list[float]:
    return [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]


def _low(numbers: Sequence[float], words: Qualifiers, *, top: bool) -> int | None:
    """The least value allowed; None for any sign."""
    if not numbers:
        return words.low if words.low is not None else (1 if top else None)
    least = min(numbers)
    if least < 0:
        return None
    if not top and words.integers:
        return None
    if words.low == 0 or least < 1:
        return 0
    # Small least values may be limits (a base of 2); larger ones are just examples.
    return int(least) if top and least <= 3 else 1


def _text(kind: Str, texts: Sequence[str], words: Qualifiers) -> Str:
    filled = [text for text in texts if text]
    if not filled:
        return replace(
            kind, alphabet=words.alphabet, min_length=min(1, words.least), numeric=words.numeral
        )
    templates = tuple(dict.fromkeys(filled))[:_MAX_TEMPLATES]
    numeric = all(_NUMERAL.fullmatch(text) for text in filled) and any("." in t for t in filled)
    chars = dict.fromkeys("".join(filled))
    lower = sum(char.islower() for char in chars)
    upper = sum(char.isupper() for char in chars)
    if lower >= 3:
        chars |= dict.fromkeys(string.ascii_lowercase)
        if upper >= 3:
            chars |= dict.fromkeys(string.ascii_uppercase)
    return replace(
        kind,
        alphabet="".join(chars),
        min_length=0 if "" in texts or words.empty else 1,
        numeric=numeric,
        templates=templates,
        fixed_shape=_same_shape(filled),
    )


def shape_of(text: str) -> str:
    """A text with digits as ``9`` and single letters as ``a``; words and signs stay."""
    text = re.sub(r"\d+", "9", text)
    return re.sub(r"(?<![A-Za-z])[A-Za-z](?![A-Za-z])", "a", text)


def _same_shape(texts: Sequence[str]) -> bool:
    """Whether all texts follow one pattern of words, digits and signs, such as a date."""
    most = max(map(shape_of, texts), key=[shape_of(t) for t in texts].count)
    share = sum(shape_of(text) == most for text in texts) / len(texts)
    return len(most) > 2 and "9" in most and bool(re.search(r"[^9]", most)) and share >= 0.5


def _usual(
    usual: dict[Key, Interval],
    name: str,
    kind: Kind,
    values: Sequence[Any],
    depth: int,
    words: Qualifiers,
) -> None:
    """Ranges in which values are likely sensible, from the sizes seen."""
    stars = ("*",) * depth
    match kind:
        case ListOf(element=element):
            lists = [v for v in values if isinstance(v, list)]
            usual[name, stars, "length"] = (0, max([10, *(len(v) * 2 for v in lists)]))
            _usual(usual, name, element, [x for v in lists for x in v], depth + 1, words)
        case Str():
            texts = [v for v in values if isinstance(v, str)]
            usual[name, stars, "length"] = (0, max([12, *(len(v) * 2 for v in texts)]))
        case Int() | Float():
            numbers = [abs(v) for v in _numbers(values)]
            most = max(numbers, default=0 if depth else _UNSEEN)
            high = min(max(most * 2, 12 if depth == 0 else 30), max(_MAX_USUAL, most))
            usual[name, stars, "value"] = (-high, high)


def _relations(
    names: Sequence[str], kinds: Sequence[Kind], seen: Sequence[tuple[Any, ...]], words: Qualifiers
) -> tuple[list[Rule], list[Trait]]:
    """What held between the arguments of every call."""
    rules: list[Rule] = []
    traits: list[Trait] = []
    sized = [n for n, kind in enumerate(kinds) if isinstance(kind, ListOf | Str)]
    whole = [n for n, kind in enumerate(kinds) if isinstance(kind, Int)]
    for a, b in itertools.combinations(sized, 2):
        gaps = {len(call[a]) - len(call[b]) for call in seen}
        if gaps == {0} or (not seen and words.equal_lengths):
            rules.append(_rule(_length(names[a]), "==", _length(names[b])))
        elif len(gaps) == 1 and len({len(call[a]) for call in seen}) > 1:
            rules.append(_rule(_length(names[a]), "==", _length(names[b]).plus(gaps.pop())))
    for number, a in itertools.product(whole, sized):
        if isinstance(kinds[a], ListOf) and seen and all(c[number] <= len(c[a]) for c in seen):
            rules.append(_rule(_value(names[number]), "<=", _length(names[a])))
    for a in sized:
        lists = [call[a] for call in seen if isinstance(call[a], list)]
        if _square(lists):
            rules.append(_rule(_length(names[a]), "==", _length(names[a], ("i",))))
        if words.distinct and lists and all(all_different(v) for v in lists):
            traits.append(Trait("unique", names[a]))
        if words.ordered and any(len(v) > 2 for v in lists) and all(is_ordered(v) for v in lists):
            traits.append(Trait("ascending", names[a]))
    return rules, traits


def _square(lists: Sequence[list[Any]]) -> bool:
    return bool(lists) and all(
        len(rows) > 1 and all(isinstance(row, list) and len(row) == len(rows) for row in rows)
        for rows in lists
    )


def _length(name: str, subs: tuple[str, ...] = ()) -> Expr:
    return Expr(op="ref", ref=Ref(base=name, subs=subs, measure="length"))


def _value(name: str) -> Expr:
    return Expr(op="ref", ref=Ref(base=name))


def _rule(left: Expr, op: str, right: Expr) -> Rule:
    return Rule(relation=Relation(left=left, op=op, right=right))
