"""What happened during a run, for metrics, progress bars and records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..weights import Movement


@dataclass(frozen=True, kw_only=True)
class MicroStep:
    """One micro-batch was read at the lower level.

    Attributes:
        step: Micro-steps since the start, this one included.
        loss: Mean of the samples' losses, before weights.
        weight: Mean of their weights.
        index: Places of the samples.
    """

    step: int
    loss: float
    weight: float
    index: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class LowerUpdate:
    """The judge moved.

    Attributes:
        step: Micro-steps since the start.
        update: Lower updates since the start, this one included.
        loss: Mean over the update's samples, before weights, of all processes.
        weighted_loss: The same after weights.
        gradient_norm: Of the accumulated gradient, before clipping.
        rate: The learning rate.
    """

    step: int
    update: int
    loss: float
    weighted_loss: float
    gradient_norm: float
    rate: float


@dataclass(frozen=True, kw_only=True)
class UpperUpdate:
    """The weights moved.

    Attributes:
        step: Micro-steps since the start.
        update: Upper updates since the start, this one included.
        meta_loss: Mean over the update's meta batches, of all processes.
        gradient_norm: Of the accumulated hypergradient.
        moved: How far the weights are from where they started.
    """

    step: int
    update: int
    meta_loss: float
    gradient_norm: float
    moved: Movement


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A checkpoint is complete on disk."""

    step: int
    path: Path


@dataclass(frozen=True, kw_only=True)
class Resumed:
    """The run goes on from a checkpoint: what was recorded after ``step`` is void."""

    step: int
    path: Path


Event = MicroStep | LowerUpdate | UpperUpdate | Saved | Resumed
Callback = Callable[[Event], None]
