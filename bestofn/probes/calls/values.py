"""Values of a kind within the intervals that a draw has settled."""

from __future__ import annotations

import random
import re
import string
from typing import TYPE_CHECKING, Any

from .boxes import Box, Contradiction, Key
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
)
from .layout import Layout, depth_of, leaf_of, refs_of
from .mutation import changed_text
from .repair import tree_edges

if TYPE_CHECKING:
    from .sampling import Draw

_POOL = 400
_FULL_DEPTH = 2
"""Lists nested deeper than this hold one element where they may."""

_MANY = 64
_PLAIN_LETTERS = string.ascii_lowercase


class ValueMaker:
    """Builds the arguments of one draw.

    Args:
        layout: What they must satisfy.
        rng: Where chance comes from.
        draw: The draw whose lengths and numbers are settled.
    """

    def __init__(self, layout: Layout, rng: random.Random, draw: Draw) -> None:
        self.layout = layout
        self.rng = rng
        self.draw = draw
        self.box: Box = draw.box
        self._alphabets: dict[str, str] = {}

    def value(self, name: str, kind: Kind, done: dict[str, Any]) -> Any:
        """A value for a parameter.

        Args:
            name: The parameter.
            kind: Its kind.
            done: The values of the parameters before it.

        Raises:
            Contradiction: there is none.
        """
        for trait in self.layout.traits(name, "shuffle_of"):
            if trait.value in done:
                letters = list(done[trait.value])
                self.rng.shuffle(letters)
                return "".join(letters) if isinstance(done[trait.value], str) else letters
        return self._make(name, kind, 0)

    def _make(self, name: str, kind: Kind, depth: int) -> Any:
        rng = self.rng
        match kind:
            case ListOf():
                return self._list(name, kind, depth)
            case Int() | Float():
                return self._number(name, kind, depth)
            case Str():
                return self._text(name, kind, depth)
            case Bool():
                return rng.random() < 0.5
            case NoneKind():
                return None
            case AnyKind():
                return rng.choice((0, 1, 7, -3, 2.5, "a", "abc", "", True, None, [], [1]))
            case Union(options=options):
                return self._make(name, rng.choice(options), depth)
            case TupleOf(elements=elements):
                return tuple(self._make(name, element, depth + 1) for element in elements)
            case SetOf(element=element):
                return {x for x in self._free_list(name, element, depth) if _hashable(x)}
            case DictOf(key=key, value=value):
                keys = [x for x in self._free_list(name, key, depth) if _hashable(x)]
                return {one: self._make(name, value, depth + 1) for one in dict.fromkeys(keys)}

    def _free_list(self, name: str, element: Kind, depth: int) -> list[Any]:
        size = self.rng.randint(0, max(1, min(self.draw.profile.length, 8)))
        return [self._make(name, element, depth + 1) for _ in range(size)]

    def _size(self, name: str, depth: int) -> int:
        key: Key = (name, ("*",) * depth, "length")
        low, high = self.box.get(key)
        if depth > _FULL_DEPTH:  # lists of lists of lists ... grow exponentially
            return int(max(low, min(high, 1)))
        return int(low if low == high else self.draw.length(key, (low, high)))

    def _list(self, name: str, kind: ListOf, depth: int) -> list[Any]:
        size = self._size(name, depth)
        if self.layout.traits(name, "tree_edges") and depth == 0:
            return tree_edges(self.draw, name, size, max(2, self._size(name, 1)))
        if self.layout.traits(name, "tree_parents") and depth == 0:
            return [-1, *(self.rng.randrange(node) for node in range(1, size))]
        if self.layout.traits(name, "permutation") and depth == 0:
            first = 1 if self.box.get((name, ("*",), "value"))[0] >= 1 else 0
            return self.rng.sample(range(first, first + size), size)
        if isinstance(kind.element, ListOf) and self._fields(name):
            made: list[Any] = self._records(name, size)
        elif isinstance(kind.element, Int) and self._unique(name, kind, depth):
            made = self._different_numbers(name, size, depth)
        elif isinstance(kind.element, Int) and size > _MANY:
            made = self._styled(self._many_numbers(name, size, depth), kind)
        else:
            made = [self._make(name, kind.element, depth + 1) for _ in range(size)]
            made = self._styled(made, kind)
        if self._unique(name, kind, depth):
            made = self._made_different(made, name, kind, size, depth)
        if depth == 0:
            self._sort(name, kind, made)
        return made

    def _styled(self, made: list[Any], kind: ListOf) -> list[Any]:
        style = self.draw.profile.style
        if style == "equal" and made:
            return [made[0]] * len(made)
        if style == "few" and len(made) > 2:
            few = made[:2]
            return [self.rng.choice(few) for _ in made]
        if style in ("ascending", "descending") and isinstance(kind.element, Int | Float | Str):
            return sorted(made, reverse=style == "descending")
        return made

    def _sort(self, name: str, kind: ListOf, made: list[Any]) -> None:
        whole = [
            t for t in self.layout.traits(name, "ascending", "descending") if t.subject == name
        ]
        if kind.order or whole:
            down = kind.order == "descending" or any(t.name == "descending" for t in whole)
            made.sort(reverse=down)

    def _unique(self, name: str, kind: ListOf, depth: int) -> bool:
        if kind.unique:
            return True
        wanted = [name + "[i]" * depth, name + "[i]" * (depth + 1)]
        subjects = [t.subject.replace("[j]", "[i]") for t in self.layout.traits(name, "unique")]
        return (wanted[0] in subjects) or (wanted[1] in subjects and depth == 0)

    def _different_numbers(self, name: str, size: int, depth: int) -> list[int]:
        key: Key = (name, ("*",) * (depth + 1), "value")
        ends = self.box.get(key)
        low, high = (int(end) for end in self.draw.window(key, ends))
        if high - low + 1 < size:
            low, high = int(max(ends[0], low - size)), int(min(ends[1], low + 2 * size))
        if high - low + 1 < size:
            raise Contradiction(key)
        return self.rng.sample(range(low, high + 1), size)

    def _many_numbers(self, name: str, size: int, depth: int) -> list[int]:
        """Numbers of one range, drawn together because one by one takes long."""
        options = [t.value for t in self.layout.traits(name, "options")]
        if options:
            return self.rng.choices(options[0], k=size)
        key: Key = (name, ("*",) * (depth + 1), "value")
        low, high = (int(end) for end in self.draw.window(key, self.box.get(key)))
        style = self.draw.profile.style
        if style in ("low", "high"):
            return [low if style == "low" else high] * size
        return self.rng.choices(range(low, high + 1), k=size)

    def _made_different(
        self, made: list[Any], name: str, kind: ListOf, size: int, depth: int
    ) -> list[Any]:
        different = list({repr(item): item for item in made}.values())
        for _ in range(4 * size):
            if len(different) >= size:
                break
            item = self._make(name, kind.element, depth + 1)
            if item not in different:
                different.append(item)
        if len(different) < size:
            raise Contradiction(name)
        return different

    def _fields(self, name: str) -> list[int]:
        """The places of a record that have bounds of their own."""
        return sorted(
            int(key[1][1])
            for key in self.box.intervals
            if key[0] == name and len(key[1]) == 2 and key[1][1].isdigit() and key[2] == "value"
        )

    def _records(self, name: str, size: int) -> list[list[Any]]:
        width = max(self._size(name, 1), max(self._fields(name)) + 1)
        places = list(range(width))
        real = isinstance(leaf_of(self.layout.kind(name)), Float)
        pool = [self._record(name, places, real=real) for _ in range(min(size, _POOL))]
        if size <= _POOL:
            return pool
        return [list(self.rng.choice(pool)) for _ in range(size)]

    def _record(self, name: str, places: list[int], *, real: bool) -> list[Any]:
        fields = set(self._fields(name))
        relations = [
            relation
            for relation in self.layout.relations
            if any(ref.base == name and ref.subs for ref in refs_of(relation))
        ]
        for _ in range(8):
            box = self.box.copy()
            order = self.rng.sample(places, len(places))
            record: dict[int, Any] = {}
            try:
                for place in order:
                    stars = ("*", str(place)) if place in fields else ("*", "*")
                    key: Key = (name, stars, "value")
                    value = self.draw.settle(
                        box, key, self.draw.number, relations=relations if place in fields else ()
                    )
                    record[place] = float(value) if real else int(value)
                    if place not in fields:
                        box = self.box.copy()
            except Contradiction:
                continue
            return [record[place] for place in places]
        raise Contradiction(name)

    def _number(self, name: str, kind: Int | Float, depth: int) -> float:
        key: Key = (name, ("*",) * depth, "value")
        low, high = self.box.get(key)
        if depth and key[0] not in self.box.real:
            for trait in self.layout.traits(name, "options"):
                if not str(trait.subject).endswith(".length"):
                    return self.rng.choice(trait.value)  # type: ignore[no-any-return]
        if low == high:
            return float(low) if isinstance(kind, Float) else int(low)
        value = self.draw.number(key, (low, high))
        return float(value) if isinstance(kind, Float) else int(value)

    def _text(self, name: str, kind: Str, depth: int) -> str:
        path = name + "[i]" * depth
        choices = [
            trait.value
            for trait in self.layout.traits(name, "options")
            if trait.subject.replace("[j]", "[i]") == path
        ]
        if choices or kind.options:
            return str(self.rng.choice(choices[0] if choices else kind.options))
        ends = self.box.intervals.get((name, ("*",) * depth, "value"))
        if ends is not None:
            return str(
                int(ends[0] if ends[0] == ends[1] else self.draw.number((name, (), "value"), ends))
            )
        if kind.templates and (kind.fixed_shape or self.rng.random() < 0.4):
            return changed_text(self.rng.choice(kind.templates), kind, kind.templates, self.rng)
        if kind.numeric:
            return self._numeral()
        size = self._size(name, depth)
        alphabet = self._alphabet(name, kind)
        letters = self.rng.choices(alphabet, k=size)
        if self.layout.traits(name, "unique") and depth == 0:
            full = self._full_alphabet(name, kind)
            if size > len(full):
                raise Contradiction(name)
            letters = self.rng.sample(full, size)
        elif self.draw.profile.style == "equal":
            letters = letters[:1] * size
        elif self.draw.profile.style in ("ascending", "descending"):
            letters.sort(reverse=self.draw.profile.style == "descending")
        for trait in self.layout.traits(name, "contains_once", "contains"):
            letters = self._with(letters, trait.value, once=trait.name == "contains_once",
                                 alphabet=self._full_alphabet(name, kind))  # fmt: skip
        if self.layout.traits(name, "no_leading_zeros") and len(letters) > 1:
            firsts = [char for char in self._full_alphabet(name, kind) if char != "0"]
            if letters[0] == "0" and firsts:
                letters[0] = self.rng.choice(firsts)
        return "".join(letters)

    def _with(self, letters: list[str], char: str, *, once: bool, alphabet: str) -> list[str]:
        others = [other for other in alphabet if other != char]
        if once and others:
            letters = [self.rng.choice(others) if letter == char else letter for letter in letters]
        if letters and char not in letters:
            letters[self.rng.randrange(len(letters))] = char
        return letters

    def _numeral(self) -> str:
        number = self.rng.randint(-20, 120)
        if self.rng.random() < 0.5:
            return str(number)
        return f"{number}.{self.rng.choice(('5', '0', '25', '49', '7', '3'))}"

    def _full_alphabet(self, name: str, kind: Str) -> str:
        chars = kind.alphabet
        depth = depth_of(self.layout.kind(name))
        for trait in self.layout.traits(name, "alphabet", "options"):
            deeper = len(re.findall(r"\[", trait.subject)) > depth
            if trait.name == "alphabet" or (deeper and all(len(c) == 1 for c in trait.value)):
                said = "".join(trait.value)
                chars = "".join(c for c in chars if c in said) if chars else said
        return chars or _PLAIN_LETTERS

    def _alphabet(self, name: str, kind: Str) -> str:
        """The characters that the texts of one draw use."""
        if name not in self._alphabets:
            full = self._full_alphabet(name, kind)
            count = self.draw.profile.letters
            few = (
                full
                if count is None or count >= len(full)
                else "".join(self.draw.letters(full, count))
            )
            self._alphabets[name] = few
        return self._alphabets[name]


def _hashable(value: Any) -> bool:
    return not isinstance(value, list | dict | set)
