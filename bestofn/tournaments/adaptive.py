"""A Bayesian tournament: believe, ask what tells most, stop when it is settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInput
from .base import Match, Play, Standings, Verdict
from .beliefs import EXACT_UP_TO, Belief, ExactBelief
from .gains import pick
from .judge_model import FIRST, SECOND, TIE, Floats, judge_model
from .sampled import SampledBelief
from .scoreboard import Scoreboard


@dataclass(frozen=True, kw_only=True)
class Adaptive:
    """Keeps a belief about which entrants are right and plays the matches that tell most.

    An entrant is right or wrong, and the share of right ones is unknown beforehand (a
    Beta(0.6, 0.6) law, bent by the prior of each entrant). So are the judge's accuracy and its
    leaning towards a slot: they are learned from the verdicts. Up to 16 entrants the belief is
    exact; beyond, it is sampled.

    Verdicts are taken to err independently of each other. A judge that is fooled by the same
    program again and again errs more than the confidence says.

    Attributes:
        max_calls: Most matches asked (a match in both orders counts as two); None for as many
            as there are.
        confidence: The tournament ends when the best entrant is right, or nobody is, with this
            probability. 1 plays on to the last call.
        batch: Matches that are played at once. 1 learns most from each call, more take fewer
            rounds of waiting.
        samples: How many fresh opinions on one ordered pair may be asked. With 1 no ordered
            pair is ever asked twice. More make sense for few entrants (four have but twelve
            ordered pairs), and only for a judge that is sampled: one at temperature 0 repeats
            itself, and its answer would be counted again.
        both_orders: The judge answers each match in both orders and splits the vote when they
            contradict each other. A pair is then played once, not once in each order.

    Raises:
        InvalidInput: naming the field.
    """

    max_calls: int | None = 16
    confidence: float = 0.95
    batch: int = 2
    samples: int = 1
    both_orders: bool = False

    def __post_init__(self) -> None:
        if self.max_calls is not None and self.max_calls < (2 if self.both_orders else 1):
            raise InvalidInput("Adaptive.max_calls", "must allow a match, or be None")
        if not 0 < self.confidence <= 1:
            raise InvalidInput("Adaptive.confidence", "must be above 0 and at most 1")
        if self.batch < 1:
            raise InvalidInput("Adaptive.batch", "must be at least 1")
        if not 1 <= self.samples <= 4:
            raise InvalidInput("Adaptive.samples", "must be 1 to 4")

    @property
    def name(self) -> str:
        """Short name for tables and the command line."""
        return "adaptive"

    def start(
        self, entrants: Sequence[str], rng: Random, *, prior: Mapping[str, float] | None = None
    ) -> Play:
        """Begin among at least two entrants; see :meth:`bestofn.tournaments.Tournament.start`.

        Raises:
            InvalidInput: fewer than two entrants, one twice, or a prior that is not a number.
        """
        return _AdaptivePlay(self, Scoreboard(entrants, rng, prior), rng)


class _AdaptivePlay:
    def __init__(self, rules: Adaptive, board: Scoreboard, rng: Random) -> None:
        self._rules = rules
        self._board = board
        # The board's random order numbers the entrants, so that no place in the list is
        # preferred where matches are equally good.
        self._number = {name: number for number, name in enumerate(board.entrants)}
        model = judge_model(both_orders=rules.both_orders)
        log_odds = [board.prior[name] for name in board.entrants]
        self._belief: Belief = (
            ExactBelief(log_odds, model)
            if len(log_odds) <= EXACT_UP_TO
            else SampledBelief(log_odds, model, rng)
        )
        self._asked = np.zeros((len(log_odds), len(log_odds)), dtype=np.int64)

    def matches(self) -> Sequence[Match]:
        """What to play next, all at once; empty when the tournament is over."""
        if self._board.over or self._board.waiting:
            return self._board.hand_out(())
        per_match = 2 if self._rules.both_orders else 1
        room = self._rules.batch
        if self._rules.max_calls is not None:
            room = min(room, self._rules.max_calls // per_match - int(self._asked.sum()))
        playable = self._playable()
        hypotheses, chances = self._belief.now()
        settled = self._confidence(hypotheses.right(), hypotheses.nobody())
        if room < 1 or not playable.any() or settled >= self._rules.confidence:
            return self._board.hand_out(())
        picked = pick(hypotheses, chances, playable, room)
        names = self._board.entrants
        handed = []
        for first, second in picked:
            shown = (names[first], names[second])
            handed.append(Match(shown=shown, sample=int(self._asked[first, second])))
            self._asked[first, second] += 1
        return self._board.hand_out(handed)

    def record(self, verdicts: Sequence[Verdict]) -> None:
        """Take the verdicts on the last matches, in any order."""
        self._board.take(verdicts)
        for verdict in verdicts:
            outcome = self._outcome(verdict)
            if outcome is not None:
                first, second = (self._number[name] for name in verdict.match.shown)
                self._belief.observe(first, second, outcome)

    def standings(self) -> Standings:
        """The best so far; scores are probabilities of being right."""
        hypotheses, _ = self._belief.now()
        right = hypotheses.right()
        return self._board.standings(
            dict(zip(self._board.entrants, right.tolist(), strict=True)),
            by_prior=False,
            confidence=self._confidence(right, hypotheses.nobody()),
        )

    def _playable(self) -> NDArray[np.bool_]:
        playable = self._asked < self._rules.samples
        np.fill_diagonal(playable, val=False)
        # Which of two is shown first makes no difference to a judge that sees both orders.
        return np.triu(playable) if self._rules.both_orders else playable

    def _outcome(self, verdict: Verdict) -> int | None:
        """What a verdict means to the belief; None when it tells nothing."""
        first, second = (verdict.votes.get(name, 0.0) for name in verdict.match.shown)
        if self._rules.both_orders and max(first, second) < 0.75:
            # Half a vote alone is one order's: the other was not answered, and which of the two
            # spoke, that of the bias or the one against it, cannot be told.
            return TIE if first > 0 and second > 0 else None
        if first == second:
            return None
        return FIRST if first > second else SECOND

    @staticmethod
    def _confidence(right: Floats, nobody: float) -> float:
        return min(1.0, float(right.max()) + nobody)
