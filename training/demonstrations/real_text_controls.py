"""Choosing by the surface of programs: what a judge must beat to have understood anything."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence

import torch
from real_text_data import Row
from torch import Tensor
from torch.nn.functional import softplus

Control = Callable[[Row], float]
"""From a row to the score of its first program over its second; 0 is undecided."""

WORDS = re.compile(r"[A-Za-z_]\w*|\d+|[^\w\s]|\n")
RARE = 20  # programs that a word must occur in to be looked at
PENALTY = 0.1


def longer(row: Row) -> float:
    """The program of more characters."""
    first, second = row.programs
    return float(len(first) - len(second))


def better_generator(training: Sequence[Row]) -> Control:
    """The generator that is right more often in the pairs of the same domain in ``training``."""
    wins = Counter((row.domain, row.generators[row.right - 1]) for row in training)

    def choose(row: Row) -> float:
        first, second = (wins[row.domain, name] for name in row.generators)
        return float(first - second)

    return choose


def linear(training: Sequence[Row]) -> Control:
    """Logistic regression on how two programs differ in words, lines and length.

    It sees whole programs, has one weight per feature and no intercept, so that it says the same
    in both orders.
    """
    programs = {program for row in training for program in row.programs}
    known = Counter(word for program in sorted(programs) for word in set(WORDS.findall(program)))
    place = {word: n for n, word in enumerate(sorted(w for w in known if known[w] >= RARE))}

    def features(program: str) -> Tensor:
        found = torch.zeros(len(place) + 2)
        for word, count in Counter(WORDS.findall(program)).items():
            if word in place:
                found[place[word]] = math.log1p(count)
        found[-2], found[-1] = math.log1p(len(program)), math.log1p(program.count("\n"))
        return found

    def apart(row: Row) -> Tensor:
        first, second = row.programs
        return features(first) - features(second)

    inputs = torch.stack([apart(row) for row in training])
    scale = inputs.std(dim=0) + 1e-3
    signs = torch.tensor([1.0 if row.right == 1 else -1.0 for row in training])
    weights = _fit(inputs / scale, signs)
    return lambda row: float((apart(row) / scale) @ weights)


def _fit(inputs: Tensor, signs: Tensor) -> Tensor:
    weights = torch.zeros(inputs.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = softplus(-signs * (inputs @ weights)).mean() + PENALTY * weights.square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return weights.detach()


def scored(control: Control, rows: Sequence[Row]) -> tuple[float, ...]:
    """1 for each row where the control picks the right program, 1/2 where it is undecided."""
    scores = [control(row) * (1 if row.right == 1 else -1) for row in rows]
    return tuple(0.5 if score == 0 else float(score > 0) for score in scores)
