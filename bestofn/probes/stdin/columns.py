"""Draws lists of numbers and texts within their ends."""

from __future__ import annotations

import itertools
import string
from typing import Any

import numpy as np

from .evaluate import as_array
from .grammar import Cell, Env
from .graphs import edge_columns
from .ranges import CannotDraw, Ranges, Seen
from .rules import Rules, repeated
from .shapes import Style, distinct_numbers, draw_numbers, draw_text

_REPAIRS = 25


class Columns(Ranges):
    """Draws one list at a time.

    Args:
        rules: What the statement says.
        seen: What the samples hold.
        rng: Where randomness comes from.
        style: How the input should look.
    """

    def __init__(self, rules: Rules, seen: Seen, rng: np.random.Generator, style: Style) -> None:
        super().__init__(rules, seen)
        self.rng = rng
        self.style = style
        self.edges = edge_columns(rules.grammar, rules.facts)

    def column(self, base: str, env: Env, kind: int | None, count: int) -> Any:
        """A list of numbers or of texts."""
        if base not in self.rules.numeric:
            return list(self.texts(Cell(name=base, base=base), env, kind, count))
        facts = self.rules.facts
        if base in facts.permutations:
            return as_array(distinct_numbers(self.rng, 1, count, count, self.style.numbers))
        # The column is empty while its own ends are worked out: "A_i < i" needs its indices.
        env.lists[base] = np.zeros(count, dtype=np.int64)
        low, high = self.number_ends(base, env, kind, count)
        if base in self.sizes:
            room = max(self.style.budget // max(count, 1), 1)
            high = np.minimum(high, np.maximum(low, min(room, self.style.size)))
        alone = any(mode == "joint" and bases == (base,) for mode, bases in facts.distinct)
        strict = facts.ordered.get(base)
        if (alone or strict) and not np.ndim(low) and not np.ndim(high):
            if high - low + 1 < count:
                raise CannotDraw
            values = distinct_numbers(self.rng, int(low), int(high), count, self.style.numbers)
        else:
            values = draw_numbers(self.rng, low, high, count, self.style.numbers)
        values = as_array(values)
        return np.sort(values) if strict is not None else values

    def texts(self, cell: Cell, env: Env, kind: int | None, count: int) -> list[str]:
        """Texts of allowed lengths and characters."""
        facts, base = self.rules.facts, cell.base
        words = facts.words.get(base)
        if words:
            return [words[k] for k in self.rng.integers(0, len(words), size=count)]
        characters = facts.alphabets.get(base) or self.seen.characters.get(base, "")
        if not characters:
            characters = string.ascii_lowercase
        if cell.length is not None:
            if any(True for _ in cell.length.refs()) and cell.column:
                env.lists.setdefault(base, [""] * count)
            low = high = self.evaluate(cell.length, env)
            if low is None or np.ndim(low):
                raise CannotDraw
        else:
            low, high = self.length_ends(base, env, kind)
            fixed = np.ndim(low) == 0 and low == high
            if not fixed:
                room = max(self.style.budget // max(count, 1), 1)
                top = min(room, self.style.size + (int(np.max(low)) if self.style.tight else 0))
                high = np.minimum(high, np.maximum(low, top))
        if int(np.max(high, initial=0)) * count > 20 * self.style.budget:
            raise CannotDraw
        lengths = (
            np.broadcast_to(high, (count,))
            if self.style.exact
            else self.rng.integers(low, high, endpoint=True, size=count)
        )
        distinct = any(base in bases for _, bases in facts.distinct)
        once = facts.once.get(base, "")
        texts = self._cut("".join(c for c in characters if c not in once), lengths)
        if once:
            texts = self._placed(texts, once)
        if distinct and count < 500:
            for _ in range(_REPAIRS):
                twice = [k for k, text in enumerate(texts) if text in set(texts[:k])]
                if not twice:
                    break
                for k in twice:
                    texts[k] = draw_text(self.rng, characters, int(lengths[k]), "uniform")
        return texts

    def _placed(self, texts: list[str], once: str) -> list[str]:
        """Puts each of some characters somewhere into the texts, once."""
        whole = list("".join(texts))
        if len(whole) < len(once):
            raise CannotDraw
        for place, character in zip(self.rng.permutation(len(whole)), once, strict=False):
            whole[int(place)] = character
        ends = np.cumsum([0, *map(len, texts)]).tolist()
        return ["".join(whole[a:b]) for a, b in itertools.pairwise(ends)]

    def _cut(self, characters: str, lengths: Any) -> list[str]:
        """Texts of some lengths; many of them are cut from one, which is faster."""
        if len(lengths) < 500:
            return [draw_text(self.rng, characters, int(n), self.style.text) for n in lengths]
        whole = draw_text(self.rng, characters, int(np.sum(lengths)), self.style.text)
        ends = np.cumsum(lengths).tolist()
        return [whole[a:b] for a, b in zip([0, *ends], ends, strict=False)]

    def _drawn_as_edges(self, base: str) -> bool:
        facts = self.rules.facts
        return (
            (facts.tree or facts.connected or facts.simple)
            and self.edges is not None
            and (base in (self.edges.left, self.edges.right))
        )

    def repair(self, bases: tuple[str, ...], env: Env, kind: int | None) -> None:
        """Draws rows again that break a relation or repeat a tuple, a few times."""
        size = sum(len(env.lists[base]) for base in bases)
        for _ in range(_REPAIRS if size < 1000 else 3):
            bad = self._broken(bases, env, kind)
            if not len(bad):
                return
            for base in bases:
                if base not in self.rules.numeric or self._drawn_as_edges(base):
                    continue
                low, high = self.number_ends(base, env, kind, len(env.lists[base]))
                fresh = draw_numbers(self.rng, low, high, len(env.lists[base]), "uniform")
                for place in bad:
                    env.lists[base][place] = fresh[place]

    def _broken(self, bases: tuple[str, ...], env: Env, kind: int | None) -> list[int]:
        length = len(env.lists[bases[0]]) if bases else 0
        bad: set[int] = set()
        for relation, held in self.rules.relations(env, kind):
            names = {r.base for e in (relation.left, relation.right) for r in e.refs()}
            if names & set(bases) and np.ndim(held) == 1 and len(held) <= length:
                bad |= set(np.flatnonzero(~np.asarray(held, dtype=bool)).tolist())
        for mode, group in self.rules.facts.distinct:
            if mode in ("tuple", "set") and set(group) <= set(bases):
                bad |= repeated([env.lists[base] for base in group], mode)
        return sorted(bad)
