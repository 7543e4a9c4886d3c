"""The constraint list of a call-style problem, tied to the function's parameters.

Reads lines in LeetCode's wording (``1 <= k <= nums.length``, ``queries[i] = [l_i, r_i]``,
``0 <= l_i <= r_i < n``) with :mod:`bestofn.probes.constraints` for the inequalities and
:mod:`bestofn.probes.calls.traits` for the words, and finds out what each name stands for.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..constraints import Relation, parse_chains
from ..expressions import Expr, Ref, parse_ref
from .kinds import Kind, ListOf, SetOf, Str
from .traits import Trait, is_harmless, read_traits

_HEADING = re.compile(r"(?im)^[ \t*]*(?:constraints?|restrictions?|constrain)[ \t]*:?[ \t]*")
_OTHER_HEADING = re.compile(
    r"[ \t*]*(?:examples?|notes?|follow[- ]?up|inputs?|outputs?|explanation|have fun|hints?)\b"
    r"|[ \t]*>>>",
    re.IGNORECASE,
)
_INPUT_WORDS = frozenset(
    ("input", "test", "tests", "guaranteed", "all", "each", "every", "both", "no", "there", "valid")
)
_MAX_LINE = 300
_MAX_LINES = 60
_COMPARISON = re.compile(r"<=|>=|==|<|>|≤|≥|=")
_RECORD = re.compile(r"`?([A-Za-z]\w*)\[\w\]`?\s*={1,2}\s*`?\[([A-Za-z][\w, \[\]]*)\]")
_QUANTIFIER = re.compile(r",?\s*\bfor\s+(?:all|each|every|any)\b(?P<what>.*)$|,?\s*\bwhere\b.*$")
_AT_LEAST = re.compile(r"\b[a-z]\s*(>=|>)\s*(\d+)|(\d+)\s*(<=|<)\s*[a-z]\b")
_EXISTS = re.compile(
    r"^.*?\bat least one (?:\w+ )?(?:\w )?(?:such that|where|with)\s+(?P<what>[^,]+)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """An inequality and for which elements it holds.

    Attributes:
        relation: Names are parameters, or variables of the text such as ``n``.
        start: The smallest index it speaks of.
        some: Whether it holds for at least one element rather than for all.
    """

    relation: Relation
    start: int = 0
    some: bool = False


@dataclass(frozen=True, kw_only=True)
class CallConstraints:
    """What the text demands of the arguments.

    Attributes:
        rules: The inequalities.
        traits: Properties said in words; subjects start with a parameter's name.
        unread: Lines that were not understood: inputs may break them.
        frozen: Parameters that such lines speak of (all of them, for a line that names none).
        bounded: Whether there was a constraint list at all.
    """

    rules: tuple[Rule, ...] = ()
    traits: tuple[Trait, ...] = ()
    unread: tuple[str, ...] = ()
    frozen: frozenset[str] = frozenset()
    bounded: bool = False


def read_constraints(text: str, kinds: Mapping[str, Kind]) -> CallConstraints:
    """The constraints of a statement or docstring.

    Args:
        text: All of it. The part after the last heading ``Constraints:`` is read line by line;
            without one, only lines that are inequalities are.
        kinds: The parameters in order.
    """
    lines, listed = _lines(text)
    names = _Names(kinds, _records(text))
    rules: list[Rule] = []
    traits: list[Trait] = []
    unread: list[str] = []
    for line in lines:
        found = _read_rules(line)
        said = read_traits(line) if not found else None
        resolved = [rule for rule in map(names.rule, found) if rule is not None]
        known = [trait for trait in map(names.trait, said or ()) if trait is not None]
        rules += resolved
        traits += known
        complete = len(resolved) == len(found) and len(known) == len(said or ())
        understood = (complete and (found or said)) or _RECORD.search(line)
        if listed and not understood and names.concerned(line) and not is_harmless(line):
            unread.append(line)
    rules += names.ties(rules, text) + names.record_lengths()
    return CallConstraints(
        rules=tuple(rules),
        traits=tuple(traits),
        unread=tuple(unread),
        frozen=frozenset(name for line in unread for name in names.mentioned(line)),
        bounded=listed,
    )


def _lines(text: str) -> tuple[list[str], bool]:
    headings = list(_HEADING.finditer(text))
    if headings:
        lines = text[headings[-1].end() :].splitlines()
        lines = list(itertools.takewhile(lambda line: not _OTHER_HEADING.match(line), lines))
    else:
        lines = [line for line in text.splitlines() if len(re.findall(r"<=|≤", line)) > 1]
    cleaned = [re.sub(r"^[\s*\-\u2022]+(?!\d)|^\s*\d+\.\s+(?=[A-Z])|`", "", line) for line in lines]
    kept = [line.strip().rstrip(".") for line in cleaned if line.strip()][:_MAX_LINES]
    listed = bool(headings) and any(_COMPARISON.search(line) for line in kept)
    return [line for line in kept if len(line) <= _MAX_LINE], listed


def _records(text: str) -> dict[str, tuple[str, int]]:
    """``queries[i] = [l_i, r_i]`` as ``{"l": ("queries", 0), "r": ("queries", 1)}``."""
    fields: dict[str, tuple[str, int]] = {}
    doubtful = set()
    for match in _RECORD.finditer(text):
        for place, part in enumerate(match.group(2).split(",")):
            base = parse_ref(part.strip()).base
            new = (match.group(1), place)
            if fields.setdefault(base, new) != new:
                doubtful.add(base)
    return {base: field for base, field in fields.items() if base not in doubtful}


def _read_rules(line: str) -> list[Rule]:
    """The inequalities of a line that is nothing but inequalities."""
    line = re.sub(r"(\d)\.0+(?!\d)", r"\1", line)
    line = re.sub(r"\blen\(\s*(\w+)\s*\)", r"\1.length", line)
    line = re.sub(r"\bint\(\s*(\w+(?:\[\w+\])*)\s*\)", r"\1", line)
    line = re.sub(r"<sup>(\d+)</sup>", r"^\1", line)
    exists = _EXISTS.match(line)
    if exists:
        line = exists.group("what")
    if _RECORD.search(line):
        return []
    quantifier = _QUANTIFIER.search(line)
    start = 0
    if quantifier is not None:
        low = _AT_LEAST.search(quantifier.group("what") or "")
        if low is not None:
            sign, number = (
                (low.group(1), low.group(2)) if low.group(1) else (low.group(4), low.group(3))
            )
            start = int(number) + (sign in (">", "<"))
        line = line[: quantifier.start()]
    if not _COMPARISON.search(line) or not _is_formula(line):
        return []
    return [
        Rule(relation=relation, start=start, some=exists is not None)
        for chain in parse_chains(line)
        for relation in chain.relations()
    ]


def _is_formula(line: str) -> bool:
    """Whether there is no prose in a line: no quotes, no two words in a row."""
    line = re.sub(r"\band\b(?=[^<>=]*[<>=])|,", " , ", line)
    if re.search(r"['\"?:%]|\|\||\bor\b", line):
        return False
    # Functions other than these two are not read, and must not pass for names.
    if re.search(r"\b(?!min\(|max\()[A-Za-z]\w+\(", line):
        return False
    return not re.search(r"[A-Za-z_\])]\w*\s+[A-Za-z]", line)


class _Names:
    """What the names of a text stand for."""

    def __init__(self, kinds: Mapping[str, Kind], records: Mapping[str, tuple[str, int]]) -> None:
        self.kinds = kinds
        self.records = {b: f for b, f in records.items() if f[0] in kinds and b not in kinds}
        self.free: set[str] = set()

    def concerned(self, line: str) -> bool:
        """Whether a line speaks of the input at all."""
        words = set(re.findall(r"[A-Za-z]\w*", line))
        return bool(words & (self.kinds.keys() | _INPUT_WORDS) or _COMPARISON.search(line))

    def mentioned(self, line: str) -> frozenset[str]:
        """The parameters that a line names, or all of them when it names none."""
        words = set(re.findall(r"[A-Za-z]\w*", line))
        bases = {self.records[word][0] for word in words & self.records.keys()}
        return frozenset((words & self.kinds.keys()) | bases) or frozenset(self.kinds)

    def record_lengths(self) -> list[Rule]:
        """``queries[i].length == 2`` for ``queries[i] = [l_i, r_i]``."""
        rules = []
        for name, kind in self.kinds.items():
            places = [place for base, place in self.records.values() if base == name]
            if places and isinstance(kind, ListOf) and isinstance(kind.element, ListOf):
                left = Expr(op="ref", ref=Ref(base=name, subs=("i",), measure="length"))
                right = Expr(op="num", number=max(places) + 1)
                rules.append(Rule(relation=Relation(left=left, op="==", right=right)))
        return rules

    def rule(self, rule: Rule) -> Rule | None:
        """The rule about parameters, or None when a name in it is unknown."""
        left, right = self._expr(rule.relation.left), self._expr(rule.relation.right)
        if left is None or right is None:
            return None
        return replace(rule, relation=replace(rule.relation, left=left, right=right))

    def trait(self, trait: Trait) -> Trait | None:
        """The trait about a parameter, or None when its subject is unknown."""
        said = parse_ref(trait.subject)
        ref = self._ref(said)
        if ref is None:
            return None
        return replace(trait, subject=_written(replace(ref, measure=said.measure)))

    def ties(self, rules: Sequence[Rule], text: str) -> list[Rule]:
        """``n == nums.length`` where the text bounds ``n`` and leaves that unsaid."""
        tied: set[str] = set()
        measured: set[str] = set()
        for rule in rules:
            refs = [*rule.relation.left.refs(), *rule.relation.right.refs()]
            lengths = [ref.base for ref in refs if ref.measure == "length" and not ref.subs]
            measured.update(lengths)
            if lengths and rule.relation.op == "==":
                tied.update(ref.base for ref in refs)
        loose = sorted(self.free - tied, key=text.find)
        lists = [
            name
            for name, kind in self.kinds.items()
            if isinstance(kind, ListOf | Str) and name not in measured
        ]
        if len(loose) != len(lists):
            return []
        return [
            Rule(relation=Relation(left=_name(name), op="==", right=_name(of, "length")))
            for name, of in zip(loose, lists, strict=True)
        ]

    def _expr(self, expr: Expr) -> Expr | None:
        if expr.ref is not None:
            ref = self._ref(expr.ref)
            return None if ref is None else replace(expr, ref=ref)
        folded = expr.value()
        if folded is not None:
            return Expr(op="num", number=folded)
        args = [self._expr(arg) for arg in expr.args]
        known = tuple(arg for arg in args if arg is not None)
        return replace(expr, args=known) if len(known) == len(args) else None

    def _ref(self, ref: Ref) -> Ref | None:
        if ref.measure == "sum":
            return None
        if ref.base in self.records and ref.base not in self.kinds:
            base, place = self.records[ref.base]
            return self._measured(Ref(base=base, subs=("i", str(place)), measure=ref.measure))
        meant = self._parameter(ref)
        if meant is not None:
            return self._measured(replace(ref, base=meant))
        if ref.subs or ref.measure != "value":
            return None
        self.free.add(ref.base)
        return ref

    def _parameter(self, ref: Ref) -> str | None:
        """The parameter a name means; slips such as ``num[i]`` for ``nums[i]`` are forgiven."""
        if ref.base in self.kinds:
            return ref.base
        if not ref.subs and ref.measure == "value":
            whole = [n for n, kind in self.kinds.items() if not isinstance(kind, ListOf | Str)]
            close = [n for n in whole if len(ref.base) > 2 and _alike(n, ref.base)]
            return close[0] if len(close) == 1 else None
        lists = [name for name, kind in self.kinds.items() if isinstance(kind, ListOf | Str)]
        close = [name for name in lists if _alike(name, ref.base)]
        if len(close) == 1:
            return close[0]
        return lists[0] if len(lists) == 1 and ref.measure == "length" and not ref.subs else None

    def _measured(self, ref: Ref) -> Ref | None:
        """With the measure that the kind at that place allows, or None when there is none."""
        kind: Kind | None = self.kinds[ref.base]
        for _ in ref.subs:
            kind = kind.element if isinstance(kind, ListOf | SetOf) else None
            if kind is None:
                # ``s[i]`` of a text: characters have no bounds of their own.
                return ref if isinstance(self.kinds[ref.base], Str) else None
        if ref.measure == "bars":
            return replace(ref, measure="length" if isinstance(kind, ListOf | Str) else "value")
        if ref.measure == "value" and isinstance(kind, ListOf):
            # ``n == heights``: a list where its length is meant.
            return replace(ref, measure="length")
        if ref.measure == "length" and not isinstance(kind, ListOf | Str):
            return None
        return ref


def _alike(name: str, other: str) -> bool:
    return name.rstrip("s") == other.rstrip("s") or (len(other) > 2 and name.startswith(other))


def _name(base: str, measure: str = "value") -> Expr:
    return Expr(op="ref", ref=Ref(base=base, measure="length" if measure == "length" else "value"))


def _written(ref: Ref) -> str:
    return ref.base + "".join(f"[{sub}]" for sub in ref.subs) + (
        ".length" if ref.measure == "length" else ""
    )  # fmt: skip
