"""What a recipe says: one training run, all of it, as data.

The defaults are the paper's settings (appendix B) where it names them; the recipes that come with
the project spell every key out all the same. 0 turns a limit off.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, model_validator

Positive = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=0)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Limit = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, lt=1)]
Text = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Text, ...], Strict(False)]

TINY = "tiny"
"""As a model's name: a Qwen3 of a few thousand random parameters, made on the spot."""


class Part(BaseModel):
    """Unknown keys and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ModelPart(Part):
    """The judge to be.

    Attributes:
        name: A folder, a name on the hub, or ``tiny``.
        dtype: Of the frozen weights.
        compute: Type of the computation; adapters are float32 always.
        attention: ``eager`` is what the exact hypergradient needs.
        gradient_checkpointing: Recompute activations on the way back, for less memory.
        chunk: Positions of replies whose logits are held at once; 0 holds all of them.
        device: ``auto``: a GPU where there is one.
        template: Variables of the chat template, the same as at inference.
        end_of_turn: The token that ends a reply; empty: the tokenizer's end of sequence.
    """

    name: Text = "Qwen/Qwen3-1.7B"
    dtype: Literal["bfloat16", "float32"] = "bfloat16"
    compute: Literal["bfloat16", "float32"] = "bfloat16"
    attention: Literal["sdpa", "eager", "flash_attention_2"] = "sdpa"
    gradient_checkpointing: bool = True
    chunk: Count = 1024
    device: Text = "auto"
    template: dict[str, str | bool | int | float] = Field(default_factory=dict)
    end_of_turn: str = ""


class LoraPart(Part):
    """The adapters, see :class:`bestofn_training.models.LoraSettings`."""

    rank: Positive = 32
    alpha: Positive = 64
    dropout: Share = 0.0
    targets: Annotated[Names, Field(min_length=1)] = (
        "q_proj",
        "k_proj",
        "v_proj",
        "o_proj",
        "gate_proj",
        "up_proj",
        "down_proj",
    )


class DataPart(Part):
    """The files.

    Attributes:
        folder: Where they are.
        lower: What the judge learns from.
        upper: The meta set, which the weights are learned on; empty without weights.
        held_out: Judge inputs that must stay unseen; empty: there are none to look after.
        domains: The domains, in the order of their numbers; empty: those of ``lower``, sorted.
        context: Most tokens of a prompt with its reply. Longer rows are refused, never cut.
    """

    folder: Text = "data"
    lower: Text = "lower.preferences.jsonl"
    upper: str = "upper.preferences.jsonl"
    held_out: str = ""
    domains: Names = ()
    context: Annotated[int, Field(ge=2)] = 4096


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


class Level(Part):
    """What both levels have: Adam and the size of an update.

    Attributes:
        rate: The learning rate.
        weight_decay: Decoupled (AdamW); 0 is plain Adam.
        beta1: Of Adam's first moment.
        beta2: Of its second.
        eps: Added to the root of the second.
        batch: Samples per micro-batch and process.
        accumulation: Micro-batches per update.
        clip: Largest norm of the gradient; 0 does not clip.
    """

    rate: Rate
    weight_decay: Limit = 0.0
    beta1: Share = 0.9
    beta2: Share = 0.999
    eps: Rate = 1e-8
    batch: Positive = 1
    accumulation: Positive
    clip: Limit = 0.0


class LowerPart(Level):
    """How the judge moves.

    Attributes:
        warmup: Updates over which the rate rises to its value.
        decay: Down to 0 at the end of the run, or not.
        max_loss: A loss above it stops the run; 0: only one that is not a number does.
    """

    rate: Rate = 1e-6
    accumulation: Positive = 16
    warmup: Count = 0
    decay: Literal["none", "linear", "cosine"] = "none"
    max_loss: Limit = 0.0


class UpperPart(Level):
    """How the weights move.

    Attributes:
        hypergradient: ``closed`` is ours; ``darts`` and ``sama`` are Betty's; ``exact`` is for
            measurements.
        after: Lower updates before the first meta batch.
    """

    rate: Rate = 1e-4
    accumulation: Positive = 8
    hypergradient: Literal["closed", "darts", "sama", "exact"] = "closed"
    after: Count = 0


class SchedulePart(Part):
    """How long a run is, see :class:`bestofn_training.bilevel.Schedule`.

    Attributes:
        iterations: How many.
        unit: Of what: ``micro`` steps (the paper's reading), or lower ``update`` steps.
    """

    iterations: Positive = 20_000
    unit: Literal["micro", "update"] = "micro"


class OutputPart(Part):
    """What is kept of a run.

    Attributes:
        checkpoint_every: Micro-steps between checkpoints; 0 keeps one at the end only.
        keep: Checkpoints that are kept.
        weights_every: Upper updates between two records of the learned weights.
        tensorboard: Also write TensorBoard's files.
        wandb: A project of Weights & Biases; empty: none.
    """

    checkpoint_every: Count = 160
    keep: Positive = 2
    weights_every: Positive = 1
    tensorboard: bool = False
    wandb: str = ""


class Recipe(Part):
    """One run."""

    seed: Count = 0
    model: ModelPart = ModelPart()
    lora: LoraPart = LoraPart()
    data: DataPart = DataPart()
    loss: Loss
    weights: Weights
    lower: LowerPart = LowerPart()
    upper: UpperPart | None = None
    schedule: SchedulePart = SchedulePart()
    output: OutputPart = OutputPart()

    @model_validator(mode="after")
    def _levels_fit(self) -> Recipe:
        if self.weights.kind == "none":
            if self.upper is not None:
                raise ValueError("upper: without weights there is no upper level; remove it")
        elif self.upper is None:
            raise ValueError("upper: weights are learned there; add the section")
        elif not self.data.upper:
            raise ValueError("data.upper: weights are learned on it; name the meta set")
        elif self.upper.hypergradient == "exact" and self.model.attention != "eager":
            raise ValueError("model.attention: the exact hypergradient needs eager")
        return self

    @property
    def micro_steps(self) -> int:
        """Micro-batches that the judge reads."""
        per = self.lower.accumulation if self.schedule.unit == "update" else 1
        return self.schedule.iterations * per

    @property
    def lower_updates(self) -> int:
        """How often the judge moves."""
        return self.micro_steps // self.lower.accumulation

    @property
    def upper_updates(self) -> int:
        """How often the weights move."""
        if self.upper is None:
            return 0
        return max(self.lower_updates - self.upper.after, 0) // self.upper.accumulation

    @property
    def reach(self) -> float:
        """How far a weight that is learned directly can get from its start, about."""
        return 0.0 if self.upper is None else self.upper_updates * self.upper.rate
