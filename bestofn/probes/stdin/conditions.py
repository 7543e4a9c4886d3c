"""What the prose of the constraints says of the input, beyond inequalities.

``S is a string of length N consisting of lowercase English letters``, ``the given graph is a
tree``, ``all P_i are distinct``. Each sentence is taken apart; what is left over after every
recognised piece was taken out says whether the sentence was understood. A condition that was
not understood freezes the names it mentions: nobody may vary them.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from ..constraints import Bound, Chain, normalise, parse_chains
from ..constraints import chain_bounds as bounds_of
from ..expressions import Expr, Ref, parse_ref
from . import patterns
from .alphabets import parse_alphabet
from .ends import read_ends, read_expression
from .facts import Facts, bound_chain, known_names, merge, rename


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
            merge(facts, said if understood else _not_understood(part, names))
    return facts


def _not_understood(text: str, names: Collection[str]) -> Facts:
    """What may not be varied on account of a sentence that was not understood."""
    mentioned = {ref.base for ref in known_names(text, names)}
    about = {topic for topic, words in patterns.TOPICS.items() if words.search(text)}
    return Facts(frozen=mentioned, about=about, doubtful=not mentioned and not about)


class _Sentence:
    """One sentence, taken apart piece by piece."""

    def __init__(self, text: str, names: Collection[str]) -> None:
        self.text = re.sub(r"\blength-(?=\d)", "length ", re.sub(r"\s+", " ", text).strip())
        self.names = names
        self.facts = Facts()
        self.kinds = self._kinds()
        verb = patterns.VERB.search(self.text)
        self.subject = self._known(self.text[: verb.start()] if verb else "")

    def read(self) -> tuple[bool, Facts]:
        """Whether the sentence was understood, and what it says."""
        if patterns.HARMLESS.search(self.text):
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
        for ordinal, one, other in patterns.KIND.findall(self.text):
            kinds |= (
                {patterns.ORDINALS[ordinal]} if ordinal else {int(n) - 1 for n in (one, other) if n}
            )
        return frozenset(kinds) or None

    def _take(self, match: re.Match[str], keep: str = " ") -> None:
        self.text = self.text[: match.start()] + keep + self.text[match.end() :]

    def _drop_quantifiers(self) -> None:
        """Removes ``(1 <= i <= N)``, ``for i != j``: they bound indices, not input."""
        for pattern in (
            r"\([^()]*(?:<|!=)[^()]*\)",
            r"\b(?:for|if)(?: any| all| every| each)? [^,]*$",
        ):
            for match in list(re.finditer(pattern, self.text))[::-1]:
                chains = parse_chains(match.group().strip("()"))
                inner = [e.ref for c in chains for g in c.groups[:-1] for e in g if e.ref]
                if chains and inner and not any(ref.base in self.names for ref in inner):
                    self._take(match)
        for match in list(patterns.COUNTING.finditer(self.text))[::-1]:
            self._take(match)
        for match in list(patterns.LENGTH_MEANS.finditer(self.text))[::-1]:
            self._take(match)

    def _graph(self) -> None:
        lowered = self.text.lower()
        for pattern, name in ((patterns.TREE, "tree"), (patterns.CONNECTED, "connected")):
            match = pattern.search(lowered)
            if match:
                setattr(self.facts, name, True)
                self.facts.simple |= "simple" in match.group()
                self.text = self.text[: match.start()] + self.text[match.end() :]
                lowered = self.text.lower()
        match = patterns.NO_TUPLES_TWICE.search(lowered)
        if match and "graph" in lowered:
            self.facts.simple = True
            self.text = self.text[: match.start()] + self.text[match.end() :]

    def _totals(self) -> None:
        for pattern in (patterns.TOTAL, patterns.TOTAL_LENGTH):
            match = pattern.search(self.text)
            if match is None:
                continue
            limit, rest = read_expression(self.text[match.end() :])
            ref = parse_ref(match.group(1).strip("|"))
            if limit is None or ref.base not in self.names:
                continue
            if pattern is patterns.TOTAL:
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
        for match in list(patterns.TUPLES_DIFFER.finditer(self.text))[::-1]:
            left, right = self._known(match.group(1)), self._known(match.group(2))
            bases = tuple(ref.base for ref in left)
            if bases and bases == tuple(ref.base for ref in right):
                mode = "set" if match.group().startswith("\ue000") else "tuple"
                self.facts.distinct.append((mode, bases))
                self._take(match)
        found = patterns.DISTINCT.search(self.text)
        before = self.text[: found.start()] if found is not None else ""
        if found is not None and self.subject and not self._unknown_words(before):
            bases = tuple(dict.fromkeys(ref.base for ref in self.subject))
            rows = all(len(ref.subs) == 2 for ref in self.subject)
            mode = "tuple" if "(" in before else "rows" if rows else "joint"
            self.facts.distinct.append((mode, bases))
            rest = " is an integer " + self.text[found.end() :]
            # Without an inequality the subject is a mere list of names: nothing else to read.
            self.text = f"{before}{rest}" if re.search("[<>=]", before) else rest

    def _permutation(self) -> None:
        match = re.search(r"(?:is|be) a permutation (?:of|from) .*$", self.text)
        if match is None or not self.subject:
            return
        if re.search(r"\(\s*1\s*,|1 to |1 through|integers", match.group()):
            self.facts.permutations |= {ref.base for ref in self.subject}
            self._take(match)

    def _lengths(self) -> None:
        """Lengths of strings and ``N is an integer between 1 and 9``."""
        length = re.search(r"\blengths?\b", self.text)
        measured = length is not None
        match = length or re.search(r"\b(?:integers?|numbers?)\b", self.text)
        if match is None or not self.subject:
            return
        verb = patterns.VERB.search(self.text)
        # "The length of S is N": the number comes after the verb.
        start = max(match.end(), verb.end()) if verb is not None and measured else match.end()
        ends, rest = read_ends(self.text[start:], measured)
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
            self.facts.bounds.append((Bound(name=name, low=low, high=high, ref=bound), self.kinds))
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
        match = patterns.PARITY.search(self.text)
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
                    tuple(rename(expr, self.names) for expr in group) for group in chain.groups
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
            if (
                not known
                and bare.lower() not in patterns.FILLER
                and bare not in ("min", "max", "sum", "N")
            ):
                return True
        return False
