"""What the prose of the constraints says of the input, beyond inequalities.

``S is a string of length N consisting of lowercase English letters``, ``the given graph is a
tree``, ``all P_i are distinct``. Each sentence is taken apart; what is left over after every
recognised piece was taken out says whether the sentence was understood. A condition that was
not understood freezes the names it mentions: nobody may vary them.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field, fields, replace

from bestofn.probes.alphabets import parse_alphabet
from bestofn.probes.constraints import Bound, Chain, Relation, normalise, parse_chains
from bestofn.probes.constraints import chain_bounds as bounds_of
from bestofn.probes.expressions import Expr, ExpressionReader, Ref, parse_ref, tokenize
from bestofn.probes.stdin_grammar import scalar_name

_NAME = r"[A-Za-z][A-Za-z]*'?(?:_(?:\{[^{}]*\}|\w))?'?(?:\[[^\]]*\])*"
_VERB = re.compile(r"\\in\b|\b(?:is|are|be|consists?|has|have|contains?|satisf(?:y|ies)|does|do)\b")
_TUPLE = r"[(\ue000]\s*(" + _NAME + r"(?:\s*,\s*" + _NAME + r")+)\s*[)\ue001]"
_TUPLES_DIFFER = re.compile(_TUPLE + r"\s*!=\s*" + _TUPLE)
_DISTINCT = re.compile(
    r"\b(?:(?:is|are) )?(?:all |pairwise |mutually )*(?:distinct|different)"
    r"(?: from each other| integers)?"
)
_NO_TUPLES_TWICE = re.compile(
    r"(?:the )?(?:given )?graph (?:is|has) (?:simple|no (?:self-loops|multi\w*)[\w\s-]*)|"
    r"(?:there are )?no (?:self-loops|multi-?edges|multiple edges)[\w\s-]*|simple(?: and)?"
)
_TREE = re.compile(r"(?:the )?(?:given )?(?:graph|edges|input)\b.*\b(?:is|form) a(?: valid)? tree")
_CONNECTED = re.compile(r"(?:the )?(?:given )?graph is (?:simple and |undirected and )?connected")
_PARITY = re.compile(r"\bis an? (odd|even)(?: number| integer)?|\bis (odd|even)\b")
_TOPICS = {
    "graph": re.compile(
        r"\b(?:graph|path|edges?|vert(?:ex|ices)|connected|cycles?|trees?|roads?|bridges?|islands?"
        r"|cit(?:y|ies)|reach(?:able|ed)?|travel)\b",
        re.IGNORECASE,
    ),
    "grid": re.compile(
        r"\b(?:grid|cells?|squares?|rows?|columns?|board|positions?|characters?)\b", re.IGNORECASE
    ),
}
_HARMLESS = re.compile(
    r"\b(?:answers?|value to be printed|output)\b.*\b(?:at most|exceed|less than|fits?)\b|"
    r"^(?:all|the|every) (?:the )?(?:given |input |numerical |numbers? |values? |inputs? )*"
    r"(?:in (?:the )?input )?(?:is|are) (?:all )?(?:an )?(?:integers?|integral)\b[^<>=]*$",
    re.IGNORECASE,
)
_COUNTING = r"\bfor (?:each|every|all|any)? ?\w ?= ?[01] ?, ?(?:[12] ?, ?)?\.\.\. ?, ?\w+\b,?"
_KIND = re.compile(
    r"\b(first|second|third|fourth) (?:type|kind|format)|(?:type|kind)s? (\d)(?: and (\d))?"
)
_ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3}
_TOTAL = re.compile(
    r"(?:the )?(?:sum|total)(?: sum)? of (?:the )?(?:lengths? of )?(?:all )?(\|?" + _NAME + r"\|?)"
    r"(?: values)?(?: is)? (?:over|across|among|for|in) (?:all )?(?:the )?(?:given )?"
    r"(?:test ?cases?|cases|tests)"
    r"(?: in (?:a single|each|one|an) input)?"
    r"(?: (?:does not|doesn't|do not|will not|won't) exceed| is (?:at most|not greater than|no "
    r"more than)| <=) "
)
_TOTAL_LENGTH = re.compile(
    r"(?:the )?(?:total length|sum of (?:the )?lengths) of (?:all )?(" + _NAME + r")"
    r"(?:,\s*" + _NAME + r")*(?:,?\s*\.\.\.,?\s*" + _NAME + r")? (?:is at most|does not exceed) "
)
_FILLER = frozenset(
    """a an the of is are be all each every both either any and in for with where given that
    integer integers integral positive negative non number numbers numerical value values input
    inputs string strings array arrays sequence length lengths inclusive inclusively type kind
    first second third fourth query queries test case cases satisfying satisfy if it guaranteed
    respectively denotes its also following consisting character characters line lines th st nd
    rd i j k type types kinds single such between time multiple note""".split()
)


@dataclass(kw_only=True)
class Facts:
    """What the constraints say, with names as the input format writes them.

    Attributes:
        chains: The inequalities, each with the kinds of query (from 0) it speaks of, or None
            for all.
        bounds: The same as bounds; lengths from prose are ``length`` bounds.
        alphabets: Characters a text may hold, by base name.
        words: The only values a token may take, by base name.
        distinct: Names whose values (``joint``; ``rows`` within each row of a table) or
            tuples of values (``tuple``; ``set`` when their order does not count) never repeat.
        ordered: Lists in order, and whether strictly.
        permutations: Lists that hold 1..N.
        parity: Names that must be odd (1) or even (0).
        totals: Names whose sum over all test cases has a limit.
        tree, connected, simple: What the given graph is.
        about: What sentences that were not understood speak of: ``graph``, ``grid``.
        frozen: Names that a sentence mentions which was not understood.
        doubtful: A sentence was not understood and names nothing.
    """

    chains: list[tuple[Chain, frozenset[int] | None]] = field(default_factory=list)
    bounds: list[tuple[Bound, frozenset[int] | None]] = field(default_factory=list)
    alphabets: dict[str, str] = field(default_factory=dict)
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    distinct: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    ordered: dict[str, bool] = field(default_factory=dict)
    permutations: set[str] = field(default_factory=set)
    parity: dict[str, int] = field(default_factory=dict)
    totals: list[tuple[Ref, Expr]] = field(default_factory=list)
    tree: bool = False
    connected: bool = False
    simple: bool = False
    frozen: set[str] = field(default_factory=set)
    about: set[str] = field(default_factory=set)
    doubtful: bool = False

    def relations(self) -> list[tuple[Relation, frozenset[int] | None]]:
        """Every pair of neighbours in the chains."""
        return [(relation, kinds) for chain, kinds in self.chains for relation in chain.relations()]


def read_facts(lines: list[str], names: Collection[str]) -> Facts:
    """What sentences of constraints say.

    Args:
        lines: One sentence each (see :func:`bestofn.probes.statement.sentences`).
        names: Base names of the input format.
    """
    facts = Facts()
    for line in lines:
        text = normalise(line, braces=("\ue000", "\ue001")).replace("$", " ")
        for part in text.split(";"):
            understood, said = _Sentence(part, names).read()
            _merge(facts, said if understood else _not_understood(part, names))
    return facts


def _merge(facts: Facts, said: Facts) -> None:
    for item in fields(Facts):
        old, new = getattr(facts, item.name), getattr(said, item.name)
        if isinstance(old, list):
            old += new
        elif isinstance(old, bool):
            setattr(facts, item.name, old or new)
        else:
            old.update(new)


def _not_understood(text: str, names: Collection[str]) -> Facts:
    """What may not be varied on account of a sentence that was not understood."""
    mentioned = {ref.base for ref in known_names(text, names)}
    about = {topic for topic, words in _TOPICS.items() if words.search(text)}
    return Facts(frozen=mentioned, about=about, doubtful=not mentioned and not about)


def known_names(text: str, names: Collection[str]) -> list[Ref]:
    """Names of the format that a text mentions."""
    refs = []
    for match in re.finditer(r"(?<![\w\\])\|?" + _NAME + r"(?!\w)", text):
        ref = _renamed(parse_ref(match.group().strip("|")), names)
        if ref.base in names:
            refs.append(ref)
    return refs


def _renamed(ref: Ref, names: Collection[str]) -> Ref:
    """A name such as ``S_x`` that the format gives to one token is not a member of ``S``."""
    whole = scalar_name(ref)
    if ref.subs and whole in names:
        return replace(ref, base=whole, subs=())
    return ref


def _rename(expr: Expr, names: Collection[str]) -> Expr:
    args = tuple(_rename(arg, names) for arg in expr.args)
    return replace(expr, args=args, ref=_renamed(expr.ref, names) if expr.ref else None)


class _Sentence:
    """One sentence, taken apart piece by piece."""

    def __init__(self, text: str, names: Collection[str]) -> None:
        self.text = re.sub(r"\s+", " ", text).strip()
        self.names = names
        self.facts = Facts()
        self.kinds = self._kinds()
        verb = _VERB.search(self.text)
        self.subject = self._known(self.text[: verb.start()] if verb else "")

    def read(self) -> tuple[bool, Facts]:
        """Whether the sentence was understood, and what it says."""
        if _HARMLESS.search(self.text):
            return True, self.facts
        self._drop_quantifiers()
        self._graph()
        self._totals()
        self._differences()
        self._permutation()
        self._lengths()
        self._alphabet()
        self._parity()
        self._chains()
        return not self._left_over(), self.facts

    def _known(self, text: str) -> list[Ref]:
        return known_names(text, self.names)

    def _kinds(self) -> frozenset[int] | None:
        kinds = set()
        for ordinal, one, other in _KIND.findall(self.text):
            kinds |= {_ORDINALS[ordinal]} if ordinal else {int(n) - 1 for n in (one, other) if n}
        return frozenset(kinds) or None

    def _take(self, match: re.Match[str], keep: str = " ") -> None:
        self.text = self.text[: match.start()] + keep + self.text[match.end() :]

    def _drop_quantifiers(self) -> None:
        """Removes ``(1 <= i <= N)``, ``for i != j``: they bound indices, not input."""
        for pattern in (r"\([^()]*(?:<|!=)[^()]*\)", r"\b(?:for|if)(?: any| all| every| each)? [^,]*$"):
            for match in list(re.finditer(pattern, self.text))[::-1]:
                chains = parse_chains(match.group().strip("()"))
                inner = [e.ref for c in chains for g in c.groups[:-1] for e in g if e.ref]
                if chains and inner and not any(ref.base in self.names for ref in inner):
                    self._take(match)
        match = re.search(_COUNTING, self.text, re.IGNORECASE)
        if match:
            self._take(match)
        match = re.search(r"\(\|[^|]*\| (?:is|denotes) the length of .*$", self.text)
        if match:
            self._take(match)

    def _graph(self) -> None:
        lowered = self.text.lower()
        for pattern, name in ((_TREE, "tree"), (_CONNECTED, "connected")):
            match = pattern.search(lowered)
            if match:
                setattr(self.facts, name, True)
                self.facts.simple |= "simple" in match.group()
                self.text = self.text[: match.start()] + self.text[match.end() :]
                lowered = self.text.lower()
        match = _NO_TUPLES_TWICE.search(lowered)
        if match and "graph" in lowered:
            self.facts.simple = True
            self.text = self.text[: match.start()] + self.text[match.end() :]

    def _totals(self) -> None:
        for pattern in (_TOTAL, _TOTAL_LENGTH):
            match = pattern.search(self.text)
            if match is None:
                continue
            limit, rest = _read_expression(self.text[match.end() :])
            ref = parse_ref(match.group(1).strip("|"))
            if limit is None or ref.base not in self.names:
                continue
            if pattern is _TOTAL:
                bars = match.group(1).startswith("|") or "length" in match.group()
                self.facts.totals.append(
                    (Ref(base=ref.base, measure="bars" if bars else "value", text=ref.text), limit)
                )
            else:
                total = Ref(base=ref.base, subs=ref.subs, measure="sum", text=ref.text)
                chain = Chain(groups=((Expr(op="ref", ref=total),), (limit,)), ops=("<=",))
                self.facts.chains.append((chain, None))
            self.text = self.text[: match.start()] + rest

    def _differences(self) -> None:
        for match in list(_TUPLES_DIFFER.finditer(self.text))[::-1]:
            left, right = self._known(match.group(1)), self._known(match.group(2))
            bases = tuple(ref.base for ref in left)
            if bases and bases == tuple(ref.base for ref in right):
                mode = "set" if match.group().startswith("\ue000") else "tuple"
                self.facts.distinct.append((mode, bases))
                self._take(match)
        match = _DISTINCT.search(self.text)
        before = self.text[: match.start()] if match is not None else ""
        if match is not None and self.subject and not self._unknown_words(before):
            bases = tuple(dict.fromkeys(ref.base for ref in self.subject))
            rows = all(len(ref.subs) == 2 for ref in self.subject)
            mode = "tuple" if "(" in before else "rows" if rows else "joint"
            self.facts.distinct.append((mode, bases))
            keep = "" if "between" in self.text[match.end() :] else "\0"
            self._take(match, " is an integer ")
            if keep:
                # The subject is a bare list of names that nothing else speaks of.
                self.text = re.sub(
                    _NAME + r"|\.\.\.|[(),]|\band\b|\bpairs?\b", " ", self.text
                )

    def _permutation(self) -> None:
        match = re.search(r"(?:is|be) a permutation (?:of|from) .*$", self.text)
        if match is None or not self.subject:
            return
        if re.search(r"\(\s*1\s*,|1 to |1 through|integers", match.group()):
            self.facts.permutations |= {ref.base for ref in self.subject}
            self._take(match)

    def _lengths(self) -> None:
        """Lengths of strings and ``N is an integer between 1 and 9``."""
        match = re.search(r"\blengths?\b", self.text)
        measured = match is not None
        match = match or re.search(r"\b(?:integers?|numbers?)\b", self.text)
        if match is None or not self.subject:
            return
        verb = _VERB.search(self.text)
        # "The length of S is N": the number comes after the verb.
        start = max(match.end(), verb.end()) if verb is not None and measured else match.end()
        ends, rest = _read_ends(self.text[start:], measured)
        if ends is None:
            return
        for ref in self.subject:
            bound = Ref(
                base=ref.base,
                subs=ref.subs,
                measure="length" if measured else "value",
                text=ref.text,
            )
            name = f"|{ref.text}|" if measured else ref.text
            low, high = ends
            self.facts.bounds.append(
                (Bound(name=name, low=low, high=high, ref=bound), self.kinds)
            )
            self.facts.chains.append((bound_chain(self.facts.bounds[-1][0]), self.kinds))
        if measured and "equal" in self.text and len(self.subject) == 2:
            left, right = (
                Expr(op="ref", ref=Ref(base=r.base, subs=r.subs, measure="length", text=r.text))
                for r in self.subject
            )
            self.facts.chains.append((Chain(groups=((left,), (right,)), ops=("==",)), self.kinds))
            rest = rest.replace("equal", " ")
            self.text = self.text.replace("equal", " ")
            match = re.search(r"\blengths?\b", self.text) or match
        self.text = self.text[: match.start()] + " " + rest

    def _alphabet(self) -> None:
        if not self.subject:
            return
        found = parse_alphabet(self.text)
        if found is None:
            return
        characters, words, self.text = found
        for ref in self.subject:
            if characters:
                self.facts.alphabets[ref.base] = characters
            if words:
                self.facts.words[ref.base] = words

    def _parity(self) -> None:
        match = _PARITY.search(self.text)
        if match is not None and self.subject and not re.search(r"\+|\bsum\b", self.text):
            odd = (match.group(1) or match.group(2)) == "odd"
            self.facts.parity.update({ref.base: int(odd) for ref in self.subject})
            self._take(match)

    def _chains(self) -> None:
        plain = self.text.replace("\ue000", "(").replace("\ue001", ")")
        chains = parse_chains(plain)
        if sum(len(chain.ops) for chain in chains) != len(re.findall(r"[<>!=]=?", plain)):
            self.text = "not understood"
            return
        for chain in chains:
            chain = Chain(
                groups=tuple(
                    tuple(_rename(expr, self.names) for expr in group) for group in chain.groups
                ),
                ops=chain.ops,
            )
            ordered = chain.ordered()
            if ordered is not None:
                self.facts.ordered[ordered[0].base] = ordered[1]
                self.facts.bounds += [(bound, self.kinds) for bound in bounds_of(chain)]
                self.facts.chains += [(bound_chain(b), self.kinds) for b in bounds_of(chain)]
            elif not self._repeats(chain):
                self.facts.chains.append((chain, self.kinds))
                self.facts.bounds += [(bound, self.kinds) for bound in bounds_of(chain)]

    def _repeats(self, chain: Chain) -> bool:
        """Takes ``X_i != X_j`` and ``S_{i,j} != S_{i,k}``: members of a list that differ."""
        left, right = chain.groups[0][0].ref, chain.groups[-1][0].ref
        if chain.ops != ("!=",) or left is None or right is None or left.base != right.base:
            return False
        if left.base not in self.names or len(left.subs) != len(right.subs) or not left.subs:
            return False
        if not left.subs[-1].isalpha() or not right.subs[-1].isalpha():
            return False
        if left.subs[:-1] != right.subs[:-1] or left.subs[-1] == right.subs[-1]:
            return False
        self.facts.distinct.append(("joint" if len(left.subs) == 1 else "rows", (left.base,)))
        return True

    def _left_over(self) -> bool:
        """Whether words remain that no piece explained."""
        return bool(re.search(r"\\[a-zA-Z]", self.text)) or self._unknown_words(self.text)

    def _unknown_words(self, text: str) -> bool:
        if "+" in text and not re.search("[<>=]", text):
            return True
        for word in re.findall(r"[A-Za-z]+(?:_\w|_\{[^}]*\})?", re.sub(r"[{}]", " ", text)):
            bare = word.split("_")[0]
            known = word in self.names or bare in self.names or set(word) <= set(self.names)
            if not known and bare.lower() not in _FILLER and bare not in ("min", "max", "sum", "N"):
                return True
        return False


def bound_chain(bound: Bound) -> Chain:
    """A bound as an inequality."""
    middle = Expr(op="ref", ref=bound.ref)
    groups = [(expr,) for expr in (bound.low, middle, bound.high) if expr is not None]
    return Chain(groups=tuple(groups), ops=("<=",) * (len(groups) - 1))


def _read_expression(text: str) -> tuple[Expr | None, str]:
    """The expression a text begins with, and the text after it."""
    tokens = tokenize(text)
    reader = ExpressionReader(tokens)
    expr = reader.expression()
    rest = " ".join(token.text for token in tokens[reader.position :])
    return expr, rest


def _read_ends(text: str, measured: bool) -> tuple[tuple[Expr | None, Expr | None] | None, str]:
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
    first, rest = _read_expression(text[lead.end() :])
    if first is None or first.op == "dots":
        return None, text
    if word in ("at most", "not greater than", "not exceeding"):
        low = Expr(op="num", number=1) if not measured else None
        return (low, first), rest
    joint = re.match(r"\s*,?\s*(?:and|to)\s+(at most\s+)?(?=[\d(A-Za-z-])", rest)
    if word == "between" or (joint and (joint.group(1) or word is None)):
        second, after = _read_expression(rest[joint.end() :]) if joint else (None, rest)
        if second is not None:
            return (first, second), re.sub(r"^\s*,?\s*inclusive", " ", after)
        return None, text
    if word in ("at least", "not less than"):
        return (first, None), rest
    return (first, first), rest
