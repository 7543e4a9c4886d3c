"""Further argument tuples for a function, made from the problem itself."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ...types import Problem
from ..types import Origin, Probe, text_key
from .docstring import call_examples
from .kinds import describe
from .layout import Layout
from .learn import learn
from .mutation import mutate
from .sampling import Profile, has_finite_sizes, sample, size_of
from .signature import Signature, read_signature, typical_calls

STRESS_ELEMENTS = 200_000
"""The most numbers and characters that a stress probe holds, all arguments together."""

_EDGES = (
    Profile(shortest=True, style="low", span=4),
    Profile(shortest=True, span=4),
    Profile(shortest=True, style="high", span=None),
    Profile(length=2, span=3, letters=2),
    Profile(length=5, style="equal", span=6),
    Profile(length=5, style="equal", span=None, letters=None),
    Profile(length=6, style="low", span=6),
    Profile(length=6, style="high", span=None, letters=1),
    Profile(length=7, style="ascending", span=12, letters=4),
    Profile(length=7, style="descending", span=12, letters=4),
    Profile(length=6, style="few", span=10, letters=2),
    Profile(length=4, span=None, letters=None),
)
_RANDOM = (
    Profile(length=4, span=4, letters=2),
    Profile(length=6, span=8, letters=3),
    Profile(length=8, span=5, letters=2),
    Profile(length=8, span=20, letters=4),
    Profile(length=12, span=12, letters=3, style="few"),
    Profile(length=10, span=60, letters=6),
    Profile(length=16, span=16, letters=None),
    Profile(length=7, span=None, letters=None),
)
_STRESS = (
    Profile(length=STRESS_ELEMENTS, longest=True, span=None, letters=None),
    Profile(length=STRESS_ELEMENTS, longest=True, span=None, style="high", letters=1),
    Profile(length=STRESS_ELEMENTS, longest=True, span=None, style="ascending", letters=2),
    Profile(length=STRESS_ELEMENTS, longest=True, span=3, letters=2),
    Profile(length=STRESS_ELEMENTS, longest=True, span=None, style="descending", letters=None),
    Profile(length=STRESS_ELEMENTS, longest=True, span=None, style="few", letters=3),
    Profile(length=STRESS_ELEMENTS, longest=True, span=None, style="equal", letters=1),
)


def call_probes(
    problem: Problem,
    *,
    seed: int,
    small: int = 40,
    stress: int = 4,
    use_examples: bool = True,
    extra_calls: Sequence[tuple[Any, ...]] = (),
) -> list[Probe]:
    """Argument tuples to call a problem's entry point with.

    First come the calls that the problem itself shows, then changed copies of them, edge
    values, small random values and at last large ones. Pure, and the same for the same seed.

    Args:
        problem: Its starter code, statement and public tests are read, never its metadata.
        seed: Repeats the choice.
        small: How many small probes to make besides the calls that were seen.
        stress: How many large ones, where the statement says how large inputs may be.
        use_examples: Whether the example calls of docstring and statement and the public tests
            may be used. Without them, types come from hints, names and words; where these
            leave it open, each probe names its ``family`` of types, and the caller should keep
            the families that candidates can be called with.
        extra_calls: Further argument tuples that are likely but not certainly valid, such as
            the calls of generated tests. They are probes, and seeds of changed copies.

    Returns:
        Probes without repetitions; none for a problem without an entry point whose parameters
        can be read.
    """
    rng = random.Random(f"{seed}/{problem.id}/calls")
    trusted = _shown(problem) if use_examples else []
    shown = [call for call, _ in trusted if _is_ordinary(call)]
    extra_calls = [call for call in extra_calls if _is_ordinary(call)]
    signature = read_signature(problem, shown, use_examples=use_examples)
    arity = None if signature is None else len(signature.names)
    likely = typical_calls(extra_calls, arity)
    if not shown and likely and (signature is None or not signature.sure):
        signature = read_signature(problem, likely, use_examples=use_examples)
    if signature is None:
        return []
    probes = _Collected()
    for call, origin in trusted:
        probes.add(call, origin, trusted=True)
    seeds = shown or likely
    layouts = [(learn(signature, kinds, seeds), kinds) for kinds in signature.families]
    for call in likely:
        if layouts[0][0].accepts(call) or not signature.sure:
            probes.add(call, "generated test")
    for place, (layout, kinds) in enumerate(layouts):
        family = "" if signature.sure else ", ".join(map(describe, kinds))
        made = _small(layout, [call for call in seeds if layout.accepts(call)], rng)
        _take(probes, made, _quota(small, place, len(layouts)), family)
    if stress > 0 and signature.sure:
        made = _large(layouts[0][0], signature, rng)
        _take(probes, made, stress, "", tries=2 * stress + 2)
    return probes.probes


def _shown(problem: Problem) -> list[tuple[tuple[Any, ...], Origin]]:
    shown: list[tuple[tuple[Any, ...], Origin]] = [
        (test.input, "public test") for test in problem.public_tests if test.kind == "call"
    ]
    shown += [(example.arguments, "example") for example in call_examples(problem)]
    return shown


def _quota(small: int, place: int, families: int) -> int:
    """A family's share of the small probes: the likeliest gets half when there are several."""
    if families == 1:
        return small
    rest = small // 2
    if place == 0:
        return small - rest
    return rest // (families - 1) + (place <= rest % (families - 1))


def _is_ordinary(value: Any) -> bool:
    """Whether a value can be learned from: its numbers fit into a float."""
    if isinstance(value, int):
        return value.bit_length() < 1000
    if isinstance(value, dict):
        return _is_ordinary(list(value.items()))
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(_is_ordinary, value))
    return True


class _Collected:
    """Probes without repetitions."""

    def __init__(self) -> None:
        self.probes: list[Probe] = []
        self._keys: set[str] = set()

    def add(
        self, call: tuple[Any, ...], origin: Origin, *, trusted: bool = False, family: str = ""
    ) -> bool:
        """Add a probe unless it is there; whether it was added."""
        key = text_key(call)
        if key in self._keys:
            return False
        self._keys.add(key)
        self.probes.append(Probe(input=call, origin=origin, trusted=trusted, family=family))
        return True


def _take(
    probes: _Collected,
    made: Iterator[tuple[tuple[Any, ...] | None, Origin]],
    count: int,
    family: str,
    *,
    tries: int | None = None,
) -> None:
    """Take that many new calls from an endless supply, or as many as some tries give."""
    added = 0
    for call, origin in itertools.islice(made, 4 * count + 8 if tries is None else tries):
        if added >= count:
            return
        if call is not None:
            added += probes.add(call, origin, family=family)


def _small(
    layout: Layout, seeds: Sequence[tuple[Any, ...]], rng: random.Random
) -> Iterator[tuple[tuple[Any, ...] | None, Origin]]:
    """Edges, changed copies and random values in turn."""
    if layout.constraints.frozen.issuperset(layout.names):
        return
    # What a line that was not understood demands can only be kept by staying close to calls seen.
    doubtful = bool(layout.constraints.unread)
    edges = iter(_EDGES)
    profiles = itertools.cycle(_RANDOM)
    while True:
        if seeds:
            yield mutate(layout, seeds, rng), "mutation"
        if doubtful:
            if not seeds:
                return
            continue
        edge = next(edges, None)
        if edge is not None:
            yield sample(layout, rng, edge), "constraint"
        yield sample(layout, rng, next(profiles)), "random"


def _large(
    layout: Layout, signature: Signature, rng: random.Random
) -> Iterator[tuple[tuple[Any, ...] | None, Origin]]:
    """Values at the upper bounds, for constraint lists that were fully understood."""
    constraints = signature.constraints
    if not constraints.bounded or constraints.unread or not has_finite_sizes(layout):
        return
    share = STRESS_ELEMENTS // max(1, len(layout.names)) - len(layout.names) - 1
    for profile in itertools.cycle(_STRESS):
        call = sample(layout, rng, replace(profile, length=share), tries=4)
        small_enough = call is not None and size_of(call) <= STRESS_ELEMENTS
        yield (call if small_enough else None), "stress"
