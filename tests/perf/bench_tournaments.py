"""How often a tournament chooses right, and for how many calls: no model, no I/O.

    make bench
    .venv/bin/python tests/perf/bench_tournaments.py --problems 20000 --seed 7

For each problem the share of right candidates is drawn from Beta(0.6, 0.6) and each of the N is
right with that probability. The simulated judge names the first slot whatever is there 15 % of
the time, and else the right one of a right and a wrong candidate 75 % of the time. All schedules
play the same problems; numbers in brackets are standard errors of the last two digits. A third
of a percent of the problems more or less is chance: look at the differences.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from random import Random

import numpy as np
from numpy.typing import NDArray

from bestofn.testing import SimulatedModel
from bestofn.tournaments import Adaptive, RandomPairs, Tournament

ROUNDS = (4, 8, 16, 32, 64)
# With so many entrants a call takes longer to choose; the curves are also further apart.
SHARE_OF_PROBLEMS = {4: 1.0, 8: 1.0, 16: 0.125}
TARGET = 0.4

Problem = dict[str, bool]
Course = NDArray[np.bool_]


def problems(entrants: int, count: int, seed: int) -> list[Problem]:
    """Which candidates are right, for each problem."""
    rng = Random(f"{seed}/problems/{entrants}")
    drawn = []
    for _ in range(count):
        share = rng.betavariate(0.6, 0.6)
        drawn.append({f"c{number}": rng.random() < share for number in range(entrants)})
    return drawn


def play(rules: Tournament, right: Problem, rng: Random, calls: int) -> list[bool]:
    """Whether the choice after each call is right, up to ``calls``; shorter when it is settled."""
    model = SimulatedModel(right=frozenset(name for name in right if right[name]))
    under_way = rules.start(list(right), rng)
    course: list[bool] = []
    while len(course) < calls and (matches := under_way.matches()):
        for match in matches:
            under_way.record([model.verdict(match, [model.answer(match.shown, rng)])])
            course.append(right[under_way.standings().order[0]])
    return course


def measure(
    rules: Tournament, sample: Sequence[Problem], seed: int, calls: int
) -> tuple[Course, NDArray[np.int64]]:
    """``[problem, call]``: whether the choice is right after it; and the calls asked."""
    courses = [
        play(rules, right, Random(f"{seed}/{index}"), calls) for index, right in enumerate(sample)
    ]
    lengths = np.array([len(course) for course in courses])
    filled = [course + [course[-1]] * (calls - len(course)) for course in courses]
    return np.array(filled, dtype=np.bool_), lengths


def with_error(values: NDArray[np.bool_] | NDArray[np.float64]) -> str:
    """A mean in percent with its standard error."""
    error = values.std() / np.sqrt(len(values))
    return f"{100 * values.mean():5.1f} ({100 * error:.1f})"


def calls_for(course: Course, accuracy: float) -> float:
    """Calls after which a schedule is as accurate, between two by proportion; inf for never."""
    curve = course.mean(axis=0)
    reached = np.flatnonzero(curve >= accuracy)
    if not len(reached):
        return float("inf")
    at = int(reached[0])
    if at == 0:
        return 1.0
    return float(at + (accuracy - curve[at - 1]) / (curve[at] - curve[at - 1]))


def frontier(entrants: int, count: int, seed: int) -> None:
    """Print the tables of one N."""
    sample = problems(entrants, max(100, int(count * SHARE_OF_PROBLEMS[entrants])), seed)
    random, _ = measure(RandomPairs(rounds=max(ROUNDS)), sample, seed, max(ROUNDS))
    print(f"\nN = {entrants}, {len(sample)} problems: choices that are right, in percent")
    print(f"{'calls':<34}" + "".join(f"{calls:>14}" for calls in ROUNDS))

    def row(label: str, course: Course) -> None:
        cells = [with_error(course[:, c - 1]) if c <= course.shape[1] else "" for c in ROUNDS]
        print(f"{label:<34}" + "".join(f"{cell:>14}" for cell in cells))

    row("random pairs (daj)", random)
    orders = entrants * (entrants - 1)
    rivals = [(f"adaptive, batch={batch}", Adaptive(batch=batch), 16) for batch in (1, 2, 4)]
    rivals = [(label, rules, min(most, orders)) for label, rules, most in rivals]
    if entrants == 16:
        rivals = rivals[1:2]
    if entrants == 4:
        rivals += [("adaptive, batch=1, samples=3", Adaptive(samples=3, batch=1), 24)]
    for label, rules, most in rivals:
        rules = Adaptive(max_calls=most, confidence=1, batch=rules.batch, samples=rules.samples)
        started = time.process_time()
        course, _ = measure(rules, sample, seed + 1, most)
        spent = (time.process_time() - started) / (len(sample) * most)
        row(label, course)
        for rounds in (8, 16, 32):
            needed = calls_for(course, random[:, rounds - 1].mean())
            share = f"{needed / rounds:.0%}" if needed < np.inf else "never, with so many calls"
            print(f"    as good as random pairs with {rounds:>2}: {needed:5.1f} calls, {share}")
        print(f"    {spent * 1e3:.2f} ms of processor a call, simulation included")


def stopping(entrants: int, count: int, seed: int) -> None:
    """Print what stopping early saves."""
    sample = problems(entrants, count, seed)
    print(f"\nN = {entrants}, {len(sample)} problems: adaptive, at most 32 calls, stopping early")
    print(f"{'confidence':<14}{'calls':>14}{'right':>14}{'right or none':>16}")
    for confidence in (0.75, 0.85, 0.95, 1.0):
        rules = Adaptive(max_calls=32, confidence=confidence)
        course, lengths = measure(rules, sample, seed + 2, 32)
        settled = course[:, -1] | np.array([not any(right.values()) for right in sample])
        print(
            f"{confidence:<14}{lengths.mean():>14.1f}{with_error(course[:, -1]):>14}"
            f"{with_error(settled):>16}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--problems", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for size in SHARE_OF_PROBLEMS:
        frontier(size, arguments.problems, arguments.seed)
    stopping(8, arguments.problems // 4, arguments.seed)
