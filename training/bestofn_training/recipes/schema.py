"""What a recipe says: one training run, all of it, as data.

The defaults are the paper's settings (appendix B) where it names them; the recipes that come with
the project spell every key out all the same. 0 turns a limit off.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from .base import Count, Limit, Names, Part, Positive, Rate, Share, Text
from .kinds import Loss, Weights

TINY = "tiny"
"""As a model's name: a Qwen3 of some 90,000 random parameters, made on the spot."""


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
        after: Lower updates before the first meta batch. In bfloat16 the first hypergradients are
            noise, see :class:`bestofn_training.bilevel.Schedule`; in float32 0 will do.
    """

    rate: Rate = 1e-4
    accumulation: Positive = 8
    hypergradient: Literal["closed", "darts", "sama", "exact"] = "closed"
    after: Count = 10


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
