"""The sections of a recipe that come in several kinds: the loss and the weights."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from .base import Limit, Number, Part, Positive, Rate, Share


class DPOLoss(Part):
    """Preferences against the judge as it was; ``sft+dpo`` adds SFT on the chosen, equally."""

    kind: Literal["dpo", "sft+dpo"]
    beta: Rate = 0.1


class ORPOLoss(Part):
    """Preferences without a reference."""

    kind: Literal["orpo"]
    beta: Rate = 0.1


class KTOLoss(Part):
    """Labelled replies; ``balance`` gives good and bad ones the same total."""

    kind: Literal["kto"]
    beta: Rate = 0.1
    balance: bool = True


class SFTLoss(Part):
    """Replies to imitate."""

    kind: Literal["sft"]


class GRPOLoss(Part):
    """Groups of replies drawn during training, with the rewards of equation 1.

    Attributes:
        group: Replies per judge input.
        longest: Most tokens of a reply; it must fit into the context beside the prompt.
        right: Reward of a right verdict.
        wrong: Of a wrong one.
        format_error: Of a reply without a readable verdict.
        beta: Penalty for leaving the reference; 0 saves its computation.
        clip_low: The ratio is held above 1 - clip_low ...
        clip_high: ... and below 1 + clip_high.
        normalise: ``tokens``: long replies count for more; ``sequence``: all alike.
        scale: Divide advantages by the group's deviation, or not.
    """

    kind: Literal["grpo"]
    group: Annotated[int, Field(ge=2)] = 16
    longest: Positive = 2048
    right: Number = 1.0
    wrong: Number = 0.0
    format_error: Number = -1.0
    beta: Limit = 0.0
    clip_low: Share = 0.2
    clip_high: Limit = 0.2
    normalise: Literal["tokens", "sequence"] = "tokens"
    scale: Literal["group", "none"] = "group"

    @model_validator(mode="after")
    def _right_is_best(self) -> GRPOLoss:
        if self.right <= max(self.wrong, self.format_error):
            raise ValueError("right must be worth more than wrong and format_error")
        return self


Loss = Annotated[DPOLoss | ORPOLoss | KTOLoss | SFTLoss | GRPOLoss, Field(discriminator="kind")]


class NoWeightsPart(Part):
    """The baseline: no upper level."""

    kind: Literal["none"]


class TablePart(Part):
    """Weights that are learned directly.

    Attributes:
        kind: One per domain, or one per sample.
        start: Where they start; 0: 1 / K for K domains, 1 for samples.
        low: Weights are cut here from below; ``-inf`` does not.
        high: And here from above; ``inf`` does not.
        normalise: ``none`` as the paper; ``sum`` or ``mean`` divide the table by it.
    """

    kind: Literal["domain", "instance-table"]
    start: Limit = 0.0
    low: float = 0.0
    high: float = math.inf
    normalise: Literal["none", "sum", "mean"] = "none"

    @model_validator(mode="after")
    def _ordered(self) -> TablePart:
        if not self.low < self.high:
            raise ValueError("low must be below high")
        return self


class NetPart(Part):
    """Weights read off the loss, see :class:`bestofn_training.weights.InstanceNet`."""

    kind: Literal["instance-net"]
    hidden: Positive = 10
    top: Rate = 1.0
    centre: Number = 0.0
    scale: Rate = 1.0
    slope: Limit = 0.01


Weights = Annotated[NoWeightsPart | TablePart | NetPart, Field(discriminator="kind")]
