"""What the adaptive tournament saves: a small, seeded version of `bench_tournaments.py`.

Standard errors are about 1.5 points for 800 problems and 3 for 160; the margins are wide
enough that only a real loss fails.
"""

from __future__ import annotations

from random import Random

import pytest

from bestofn.testing import SimulatedModel, simulate
from bestofn.tournaments import Adaptive, RandomPairs, Tournament


def problems(entrants: int, count: int) -> list[dict[str, bool]]:
    rng = Random(f"frontier/{entrants}")
    drawn = []
    for _ in range(count):
        share = rng.betavariate(0.6, 0.6)
        drawn.append({f"c{number}": rng.random() < share for number in range(entrants)})
    return drawn


def accuracy(rules: Tournament, sample: list[dict[str, bool]], checks: list[int]) -> list[float]:
    """The share of right choices after so many calls."""
    right = dict.fromkeys(checks, 0)
    for index, problem in enumerate(sample):
        rng = Random(f"course/{index}")
        model = SimulatedModel(right=frozenset(name for name in problem if problem[name]))
        play = rules.start(list(problem), rng)
        asked = 0
        while matches := play.matches():
            for match in matches:
                play.record([model.verdict(match, [model.answer(match.shown, rng)])])
                asked += 1
                if asked in right:
                    right[asked] += problem[play.standings().order[0]]
    return [right[check] / len(sample) for check in checks]


@pytest.mark.parametrize(("entrants", "count", "samples"), [(4, 800, 3), (8, 800, 1), (16, 160, 1)])
def test_twelve_calls_are_worth_thirty_two_random_pairs(
    entrants: int, count: int, samples: int
) -> None:
    sample = problems(entrants, count)
    # Random pairs take no time: played five times, they add little noise of their own.
    random_8, random_32 = accuracy(RandomPairs(rounds=32), sample * 5, [8, 32])
    rules = Adaptive(max_calls=12, confidence=1, samples=samples, batch=1 if samples > 1 else 2)
    adaptive_8, adaptive_12 = accuracy(rules, sample, [8, 12])
    assert adaptive_8 > random_8 - 0.02
    assert adaptive_12 > random_32 - 0.03


def test_with_no_order_asked_twice_four_candidates_gain_too() -> None:
    sample = problems(4, 500)
    (random_12,) = accuracy(RandomPairs(rounds=12), sample, [12])
    (adaptive_12,) = accuracy(Adaptive(max_calls=12, confidence=1), sample, [12])
    assert adaptive_12 > random_12


def test_stopping_early_saves_calls_and_little_else() -> None:
    sample = problems(4, 500)

    def all_of(confidence: float) -> tuple[float, float]:
        rules = Adaptive(max_calls=12, confidence=confidence, batch=1)
        played = [
            simulate(rules, right, rng=Random(f"course/{index}"))
            for index, right in enumerate(sample)
        ]
        chosen = sum(right[one.chosen] for right, one in zip(sample, played, strict=True))
        return chosen / len(sample), sum(one.calls for one in played) / len(sample)

    full, calls = all_of(1.0)
    early, fewer = all_of(0.9)
    assert calls == 12
    assert fewer < 9
    assert early > full - 0.02


def test_the_prior_helps_as_much_as_it_knows() -> None:
    # Evidence that is right three times in four, as log odds.
    sample = problems(8, 400)
    rng = Random(5)
    chosen = {"with": 0, "without": 0}
    for index, right in enumerate(sample):
        prior = {
            name: 1.1 if is_right == (rng.random() < 0.75) else -1.1
            for name, is_right in right.items()
        }
        for label, odds in (("with", prior), ("without", None)):
            played = simulate(
                Adaptive(max_calls=6), right, rng=Random(f"course/{index}"), prior=odds
            )
            chosen[label] += right[played.chosen]
    assert chosen["with"] > chosen["without"] + 20


def test_ties_and_failures_cost_calls_not_sense() -> None:
    sample = problems(8, 300)
    right = sum(
        problem[
            simulate(
                Adaptive(max_calls=32),
                problem,
                rng=Random(f"course/{index}"),
                tie_rate=0.2,
                parse_failure_rate=0.2,
            ).chosen
        ]
        for index, problem in enumerate(sample)
    )
    first = sum(problem["c0"] for problem in sample)
    assert right > first + 30
