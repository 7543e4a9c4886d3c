"""The lines of ``metrics.jsonl`` and ``weights.jsonl``, as the report reads them.

They are declared anew here because what writes them needs torch; a test keeps both alike.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, TypeAdapter

Count = Annotated[int, Field(ge=0)]


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Moved(_Line):
    """How far the weights are from where they started."""

    largest: FiniteFloat
    mean: FiniteFloat
    share: FiniteFloat


class LowerLine(_Line):
    """The judge moved."""

    event: Literal["lower_update"]
    step: Count
    update: Count
    loss: FiniteFloat
    weighted_loss: FiniteFloat
    gradient_norm: FiniteFloat
    rate: FiniteFloat


class UpperLine(_Line):
    """The weights moved."""

    event: Literal["upper_update"]
    step: Count
    update: Count
    meta_loss: FiniteFloat
    gradient_norm: FiniteFloat
    moved: Moved


class WeightsLine(_Line):
    """The weights at one update; ``losses`` are those that a net's weights belong to."""

    step: Count
    update: Count
    weights: Annotated[tuple[FiniteFloat, ...], Field(min_length=1)]
    losses: tuple[FiniteFloat, ...] | None = None


METRICS: TypeAdapter[LowerLine | UpperLine] = TypeAdapter(
    Annotated[LowerLine | UpperLine, Field(discriminator="event")]
)
WEIGHTS = TypeAdapter(WeightsLine)
