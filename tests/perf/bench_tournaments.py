"""How often a tournament chooses right, and for how many calls: no model, no I/O.

    make bench
    .venv/bin/python tests/perf/bench_tournaments.py --problems 20000 --seed 7

For each problem the share of right candidates is drawn from Beta(0.6, 0.6) and each of the N is
right with that probability. The simulated judge names the first slot whatever is there 15 % of
the time, and else the right one of a right and a wrong candidate 75 % of the time. All schedules
play the same problems. Numbers in brackets are standard errors; those of differences are paired.

Random pairs may draw the same two again and get a fresh opinion. An adaptive tournament asks no
ordered pair twice unless `samples` says so, and four candidates have but twelve ordered pairs:
no schedule of these twelve can choose right as often as 32 random pairs do.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from bestofn.testing import SimulatedModel
from bestofn.tournaments import Adaptive, RandomPairs, Tournament

ROUNDS = (4, 8, 16, 32, 64)
CONFIDENCES = (0.88, 0.9, 0.92, 0.94)

Problem = dict[str, bool]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Courses:
    """What a schedule came to after each call, ``[problem, call]``."""

    right: Flags
    confidence: Floats

    def stopped_at(self, confidence: float, batch: int) -> tuple[Flags, NDArray[np.int64]]:
        """Whether the choice was right, and the calls, had it stopped when so confident."""
        problems, calls = self.right.shape
        waves = np.arange(batch, calls + 1, batch) - 1
        settled = self.confidence[:, waves] >= confidence
        at = np.where(settled.any(axis=1), waves[settled.argmax(axis=1)], calls - 1)
        return self.right[np.arange(problems), at], at + 1


def problems(entrants: int, count: int, seed: int) -> list[Problem]:
    """Which candidates are right, for each problem."""
    rng = Random(f"{seed}/problems/{entrants}")
    drawn = []
    for _ in range(count):
        share = rng.betavariate(0.6, 0.6)
        drawn.append({f"c{number}": rng.random() < share for number in range(entrants)})
    return drawn


def play(rules: Tournament, problem: Problem, rng: Random) -> list[tuple[bool, float]]:
    """Whether the choice after each call is right, and how confident it is."""
    model = SimulatedModel(right=frozenset(name for name in problem if problem[name]))
    under_way = rules.start(list(problem), rng)
    course = []
    while matches := under_way.matches():
        for match in matches:
            under_way.record([model.verdict(match, [model.answer(match.shown, rng)])])
            standings = under_way.standings()
            course.append((problem[standings.order[0]], standings.confidence or 0.0))
    return course


def measure(rules: Tournament, sample: Sequence[Problem], seed: int) -> Courses:
    """Play every problem."""
    courses = np.array(
        [play(rules, right, Random(f"{seed}/{index}")) for index, right in enumerate(sample)]
    )
    return Courses(right=courses[..., 0] > 0, confidence=courses[..., 1])


def percent(values: Flags | NDArray[np.int64]) -> str:
    """A mean in percent with its standard error."""
    return f"{100 * values.mean():.1f} ({100 * values.std() / np.sqrt(len(values)):.1f})"


def calls_for(curve: Floats, accuracy: float) -> float:
    """Calls after which a schedule is as accurate, between two by proportion; inf for never."""
    steady = np.maximum.accumulate(np.concatenate([[0.5], curve]))
    if accuracy > steady[-1]:
        return float("inf")
    return float(np.interp(accuracy, steady, np.arange(len(steady))))


def schedules(entrants: int) -> dict[str, Adaptive]:
    """The adaptive tournaments that are tried; none stops by itself."""
    most = min(16, entrants * (entrants - 1))
    found = {
        f"adaptive, batch={batch}": Adaptive(max_calls=most, confidence=1, batch=batch)
        for batch in ((2,) if entrants == 16 else (1, 2, 4))
    }
    if entrants == 4:
        found["adaptive, batch=1, samples=3"] = Adaptive(
            max_calls=24, confidence=1, batch=1, samples=3
        )
    return found


def frontier(entrants: int, count: int, seed: int) -> None:
    """Print the tables of one N."""
    sample = problems(entrants, count, seed)
    random = measure(RandomPairs(rounds=max(ROUNDS)), sample, seed)
    curve = random.right.mean(axis=0)
    print(f"\nN = {entrants}, {count} problems: right choices in percent")
    print(f"  {'calls':<30}" + "".join(f"{calls:>13}" for calls in ROUNDS))
    cells = "".join(f"{percent(random.right[:, calls - 1]):>13}" for calls in ROUNDS)
    print(f"  {'random pairs (daj)':<30}{cells}")
    early = []
    for label, rules in schedules(entrants).items():
        started = time.process_time()
        played = measure(rules, sample, seed + 1)
        spent = (time.process_time() - started) / played.right.size
        checked = [calls for calls in ROUNDS if calls <= played.right.shape[1]]
        cells = "".join(f"{percent(played.right[:, calls - 1]):>13}" for calls in checked)
        print(f"  {label:<30}{cells}   {spent * 1e3:.1f} ms a call")
        gains = [
            played.right[:, calls - 1].astype(int) - random.right[:, calls - 1] for calls in checked
        ]
        print(f"  {'  more than random pairs':<30}" + "".join(f"{percent(g):>13}" for g in gains))
        needed = [calls_for(played.right.mean(axis=0), curve[c - 1]) for c in (8, 16, 32)]
        shares = zip(needed, (8, 16, 32), strict=True)
        equal = ", ".join(f"{n:.1f} for {r} ({n / r:.0%})" for n, r in shares if n < np.inf)
        print(f"  {'  calls at equal accuracy':<30} {equal}")
        for confidence in CONFIDENCES:
            right, calls = played.stopped_at(confidence, rules.batch)
            early.append((label, confidence, right, calls))
    print(f"  {'stopping when so confident':<46}{'right':>12}{'calls':>8}{'random needs':>14}")
    for label, confidence, right, calls in early:
        rival = calls_for(curve, right.mean())
        print(
            f"  {label:<40}{confidence:<6}{percent(right):>12}{calls.mean():>8.1f}"
            f"{rival:>14.1f}{calls.mean() / rival:>7.0%}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--problems", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for size, part in ((4, 1), (8, 1), (16, 8)):  # a call among 16 takes more to choose
        frontier(size, max(arguments.problems // part, 10), arguments.seed)
