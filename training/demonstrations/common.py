"""What the demonstrations share: a judge made from scratch, one way to train it, one measure."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from bestofn_training.bilevel import (
    Callback,
    JudgeEngine,
    LowerProblem,
    LowerSettings,
    Objective,
    Schedule,
    Stream,
    UpperProblem,
)
from bestofn_training.bilevel.objectives import halves, score
from bestofn_training.hypergradients import Hypergradient
from bestofn_training.models import Batch, Judge, trainable
from bestofn_training.models.tiny import tiny_model
from bestofn_training.weights import NoWeights, Weighting
from torch.optim import Adam


class Rows(Protocol):
    """A data set: its size, and the batch of the rows at some places."""

    def __len__(self) -> int:
        """Number of rows."""

    def __call__(self, places: Sequence[int]) -> Batch:
        """Their batch."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """How a judge is trained, the same for every method that is compared.

    Attributes:
        updates: Of the judge.
        batch: Samples per micro-batch.
        accumulation: Micro-batches per update of the judge.
        rate: Adam's learning rate for the judge.
        meta_batch: Meta samples looked at after each update of the judge.
        upper_accumulation: Meta batches per update of the weights.
        upper_rate: Adam's learning rate for the weights.
        upper_after: Updates of the judge before weights are learned.
        hypergradient: How the weights' gradient is found.
    """

    updates: int
    batch: int = 8
    accumulation: int = 4
    rate: float = 1e-3
    meta_batch: int = 48
    upper_accumulation: int = 1
    upper_rate: float = 1e-2
    upper_after: int = 10
    hypergradient: Hypergradient = "closed"

    def with_upper_rate(self, rate: float) -> Training:
        """The same with another rate for the weights."""
        return replace(self, upper_rate=rate)

    def schedule(self) -> Schedule:
        """In the words of the engine."""
        return Schedule(
            iterations=self.updates,
            unit="update",
            lower_accumulation=self.accumulation,
            upper_accumulation=self.upper_accumulation,
            upper_after=self.upper_after,
        )


def tiny_judge(
    *, vocabulary: int, context: int, hidden: int = 32, layers: int = 2, seed: int = 0
) -> Judge:
    """A Qwen3 with random weights, all of them trained; its own start is the reference."""
    model = tiny_model(
        vocabulary=vocabulary, hidden=hidden, layers=layers, context=context, seed=seed
    )
    reference = copy.deepcopy(model).requires_grad_(False)
    # 0: the logits of so few tokens need not be computed twice to save memory.
    return Judge(model, reference=reference, chunk=0)


def train(
    judge: Judge,
    objective: Objective,
    rows: Rows,
    training: Training,
    *,
    seed: int,
    weighting: Weighting | None = None,
    meta: Rows | None = None,
    callbacks: Sequence[Callback] = (),
) -> JudgeEngine:
    """Train a judge in place, through both levels where there are weights to learn.

    Args:
        judge: What is trained.
        objective: Its loss, on both levels.
        rows: Training set.
        training: Lengths and rates.
        seed: Of the order of the samples.
        weighting: What is learned at the upper level; None trains without weights.
        meta: Meta set; needed with, and only with, a weighting.
        callbacks: Told of every event.

    Returns:
        The engine after its run.

    Raises:
        ValueError: when only one of ``weighting`` and ``meta`` is given.
        Diverged: see :meth:`JudgeEngine.run`.
    """
    if (weighting is None) != (meta is None):
        raise ValueError("a weighting and its meta set come together")
    schedule = training.schedule()
    lower = LowerProblem(
        judge,
        objective,
        NoWeights() if weighting is None else weighting,
        Adam(list(trainable(judge.model).values()), lr=training.rate),
        Stream(len(rows), rows, batch=training.batch, seed=seed),
        schedule,
        LowerSettings(hypergradient=None if weighting is None else training.hypergradient),
    )
    upper = None
    if weighting is not None and meta is not None:
        upper = UpperProblem(
            judge,
            objective,
            weighting,
            Adam(list(weighting.parameters()), lr=training.upper_rate),
            Stream(len(meta), meta, batch=training.meta_batch, seed=seed + 1),
            schedule,
        )
    engine = JudgeEngine(lower, upper, callbacks=callbacks)
    engine.run()
    return engine


def accuracy(judge: Judge, rows: Rows, *, batch: int = 250) -> float:
    """How often the judge finds the chosen reply more likely than the rejected one.

    Args:
        judge: Not changed.
        rows: Preferences (batches as :func:`~bestofn_training.models.collate_preferences` makes).
        batch: Rows at once.
    """
    right = 0
    with torch.no_grad():
        for start in range(0, len(rows), batch):
            places = range(start, min(start + batch, len(rows)))
            chosen, rejected = halves(score(judge, rows(places)))
            right += int((chosen.total() > rejected.total()).sum())
    return right / len(rows)
