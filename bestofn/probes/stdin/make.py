"""Makes up further inputs for programs that read standard input."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from ...types import Problem
from ..types import Origin, Probe
from .draw import Drawer
from .grammar import Env
from .graphs import SHAPES
from .mutate import mutate
from .plan import Plan, make_plan
from .printed import sample_inputs
from .ranges import CannotDraw
from .reorder import reordered_samples, states_constraints
from .samples import changed_samples
from .shapes import Style
from .text import render

MAX_CHARACTERS = 2_500_000
"""No input is longer."""

_SMALL = (
    ("narrow", "narrow", "uniform"),
    ("uniform", "uniform", "two"),
    ("narrow", "log", "two"),
    ("edges", "log", "one"),
    ("uniform", "narrow", "uniform"),
    ("equal", "log", "alternating"),
    ("rising", "log", "blocks"),
    ("falling", "narrow", "uniform"),
)
_STRESS = (
    ("uniform", "greatest", "uniform"),
    ("greatest", "greatest", "one"),
    ("rising", "uniform", "alternating"),
    ("least", "log", "two"),
    ("narrow", "uniform", "blocks"),
    ("falling", "least", "uniform"),
)
_CAPS = (10**18, 200_000, 100_000, 50_000, 20_000, 5_000, 1_000, 400, 100, 30, 8)
_TOKENS = 200_100


def stdin_probes(problem: Problem, *, seed: int, small: int = 24, stress: int = 6) -> list[Probe]:
    """Inputs that obey the statement, as far as it can be read, and that may part candidates.

    Args:
        problem: Its statement says how the input looks; its public tests of kind ``stdin``
            must bear out what was read.
        seed: Equal seeds give equal inputs.
        small: At most how many small inputs: made from the constraints, or samples changed.
        stress: At most how many large ones.

    Returns:
        Samples that only the statement prints, small inputs, then large ones; none twice and
        none that is a public test. When the
        statement was not understood, only variations of the public tests; when it states
        constraints, those alone that reorder what the tests hold.
    """
    samples = sample_inputs(problem)
    printed: list[Probe] = []
    if not problem.public_tests:
        printed = [Probe(input=text, origin="example", trusted=True) for text in samples]
    plan = make_plan(problem)
    if plan is None:
        change = reordered_samples if states_constraints(problem.statement) else changed_samples
        texts = change(samples, seed=seed, wanted=small)
        return [*printed, *(Probe(input=text, origin="mutation") for text in texts)]
    rng = np.random.default_rng(seed)
    known = {sample.strip() for sample in samples}
    probes = printed
    for source, wanted in (
        (_small(plan, rng), small),
        (_large(plan, rng), stress),
    ):
        end = len(probes) + wanted
        for origin, text in source:
            if len(probes) >= end:
                break
            if text.strip() not in known:
                known.add(text.strip())
                probes.append(Probe(input=text, origin=origin))
    return probes


def _small(plan: Plan, rng: np.random.Generator) -> Iterator[tuple[Origin, str]]:
    """Made-up inputs and changed samples that obey the rules."""
    for origin, env in _attempts(plan, rng):
        text = _written(plan, env)
        if text is not None:
            yield origin, text


def _written(plan: Plan, env: Env) -> str | None:
    """The text of an input, or None when it breaks a rule or is too long."""
    if not plan.rules.hold(env):
        return None
    text = render(plan.rules.grammar, env)
    return text if len(text) <= MAX_CHARACTERS else None


def _attempts(plan: Plan, rng: np.random.Generator) -> Iterator[tuple[Origin, Env]]:
    """Many attempts: made ones from the least sizes up, and changed samples in between."""
    for attempt in range(120):
        numbers, scalars, text = _SMALL[attempt % len(_SMALL)]
        size = (0, 1, 2, 3, 4, 6, 8)[attempt % 7 if attempt < 14 else int(rng.integers(2, 7))]
        style = Style(
            size=size,
            numbers=numbers,
            scalars=scalars,
            text=text,
            graph=SHAPES[attempt % len(SHAPES)],
            exact=attempt < 2,
            members=1 + size,
        )
        drawer = Drawer(plan.rules, plan.seen, rng, style)
        if not plan.frozen:
            with suppress(CannotDraw):
                yield ("constraint" if attempt < 2 else "random"), drawer.draw()
        if attempt % 3 == 2 or plan.frozen:
            sample = plan.samples[int(rng.integers(len(plan.samples)))]
            with suppress(CannotDraw):
                yield "mutation", mutate(sample, drawer, plan.frozen, rng)


def _large(plan: Plan, rng: np.random.Generator) -> Iterator[tuple[Origin, str]]:
    """One input a shape, with the greatest sizes that the rules and the budget allow."""
    if plan.frozen:
        return
    found = 0
    for attempt in range(2 * len(_STRESS)):
        numbers, scalars, texts = _STRESS[attempt % len(_STRESS)]
        for cap in _CAPS:
            style = Style(
                size=cap,
                numbers=numbers,
                scalars=scalars,
                text=texts,
                graph=SHAPES[(attempt + 1) % len(SHAPES)],
                budget=_TOKENS if attempt < 1 else _TOKENS // 5,
                exact=True,
                members=(300, 2)[attempt] if attempt < 2 else (60, 3)[attempt % 2],
                tight=False,
            )
            try:
                env = Drawer(plan.rules, plan.seen, rng, style).draw()
            except CannotDraw:
                continue
            text = _written(plan, env)
            if text is not None:
                yield "stress", text
                found += 1
                break
        if attempt == 3 and not found:
            return
