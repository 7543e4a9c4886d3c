"""From a recipe to the parts of a run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from ..bilevel import (
    DPO,
    GRPO,
    KTO,
    ORPO,
    SFT,
    LowerProblem,
    LowerSettings,
    Objective,
    Schedule,
    Stream,
    UpperProblem,
)
from ..bilevel.parallel import rank_and_world
from ..data.rows import JudgeInput
from ..errors import BadInput
from ..losses import balanced_weights
from ..models import (
    GroupSet,
    Judge,
    LabelledSet,
    LoraSettings,
    PreferenceSet,
    TargetSet,
    Tokenising,
    TokenSettings,
    add_lora,
    trainable,
)
from ..models.loading import loading
from ..recipes import Recipe
from ..recipes.kinds import GRPOLoss, KTOLoss, NetPart, SFTLoss, TablePart
from ..recipes.schema import Level
from ..rollout import Rewards, grade_text
from ..weights import Bounds, DomainTable, InstanceNet, InstanceTable, NoWeights, Weighting
from .optimizers import make_optimizer, rate_factor

DataSet = PreferenceSet | LabelledSet | TargetSet | GroupSet

_TYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A run, ready to go.

    Attributes:
        judge: The model with its adapters.
        tokenizer: Its own.
        lower: The judge's training.
        upper: The weights'; None without.
        weighting: The weights.
        domains: Names of the domains, in the order of their numbers.
        ids: Of the training samples, in the order of their places.
    """

    judge: Judge
    tokenizer: PreTrainedTokenizerBase
    lower: LowerProblem
    upper: UpperProblem | None
    weighting: Weighting
    domains: tuple[str, ...]
    ids: tuple[str, ...]


def build(recipe: Recipe, source: str, device: torch.device) -> Parts:
    """All parts.

    Args:
        recipe: The run.
        source: Where model and tokenizer are: a folder or a name.
        device: Where to compute.

    Raises:
        BadInput: the model cannot be loaded or used.
        BadRow: a row cannot be used, naming file, row, field and reason.
        BadData: a domain has no rows.
    """
    torch.manual_seed(recipe.seed)
    judge, tokenizer = load_judge(recipe, source, device)
    tokenising = Tokenising(
        tokenizer,
        TokenSettings(
            context=recipe.data.context,
            template=recipe.model.template,
            end_of_turn=recipe.model.end_of_turn or None,
        ),
    )
    folder = Path(recipe.data.folder)
    samples = open_set(
        recipe, folder / recipe.data.lower, tokenising, judge, recipe.data.domains or None
    )
    weighting = make_weighting(recipe, len(samples), samples.domains).to(device)
    schedule = Schedule(
        iterations=recipe.schedule.iterations,
        unit=recipe.schedule.unit,
        lower_accumulation=recipe.lower.accumulation,
        upper_accumulation=recipe.upper.accumulation if recipe.upper else 1,
        upper_after=recipe.upper.after if recipe.upper else 0,
    )
    lower = LowerProblem(
        judge,
        make_objective(recipe, samples),
        weighting,
        make_optimizer(recipe.lower, list(trainable(judge.model).values())),
        _stream(samples, recipe.lower, 2 * recipe.seed),
        schedule,
        LowerSettings(
            hypergradient=recipe.upper.hypergradient if recipe.upper else None,
            clip=recipe.lower.clip or None,
            max_loss=recipe.lower.max_loss or math.inf,
            factor=rate_factor(recipe.lower, schedule.lower_updates),
        ),
    )
    upper = None
    if recipe.upper is not None:
        meta = open_set(recipe, folder / recipe.data.upper, tokenising, judge, None)
        upper = UpperProblem(
            judge,
            make_objective(recipe, meta),
            weighting,
            make_optimizer(recipe.upper, list(weighting.parameters())),
            _stream(meta, recipe.upper, 2 * recipe.seed + 1),
            schedule,
            clip=recipe.upper.clip or None,
        )
    ids = samples.ids if not isinstance(samples, GroupSet) else [r.id for r in samples.inputs]
    return Parts(
        judge=judge,
        tokenizer=tokenizer,
        lower=lower,
        upper=upper,
        weighting=weighting,
        domains=samples.domains,
        ids=tuple(ids),
    )


def load_judge(
    recipe: Recipe, source: str, device: torch.device
) -> tuple[Judge, PreTrainedTokenizerBase]:
    """The model with fresh adapters, and its tokenizer.

    Raises:
        BadInput: naming the key of the recipe.
    """
    part = recipe.model
    with loading("model.name", source):
        tokenizer = AutoTokenizer.from_pretrained(source)
        model = AutoModelForCausalLM.from_pretrained(
            source, dtype=_TYPES[part.dtype], attn_implementation=part.attention
        )
    limit = getattr(model.config, "max_position_embeddings", None)
    if isinstance(limit, int) and recipe.data.context > limit:
        raise BadInput("data.context", f"is {recipe.data.context}, the model's is {limit}")
    lora = LoraSettings(
        rank=recipe.lora.rank,
        alpha=recipe.lora.alpha,
        dropout=recipe.lora.dropout,
        targets=recipe.lora.targets,
    )
    adapted = add_lora(model, lora, gradient_checkpointing=part.gradient_checkpointing)
    torch.nn.Module.to(adapted, device)
    # Checkpointing and dropout happen in training mode only; models come in the other.
    adapted.train()
    judge = Judge(
        adapted,
        compute=None if part.compute == "float32" else _TYPES[part.compute],
        chunk=part.chunk or None,
    )
    judge.check()
    return judge, tokenizer


def open_set(
    recipe: Recipe,
    path: Path,
    tokenising: Tokenising,
    judge: Judge,
    domains: Sequence[str] | None,
) -> DataSet:
    """The rows that the recipe's loss is computed on."""
    loss = recipe.loss
    if isinstance(loss, GRPOLoss):
        rewards = Rewards(right=loss.right, wrong=loss.wrong, format_error=loss.format_error)

        def reward(row: JudgeInput, text: str) -> float:
            return grade_text(text, row.right, len(row.order), rewards).reward

        return GroupSet(
            path,
            tokenising,
            judge,
            reward,
            group=loss.group,
            longest=loss.longest,
            domains=domains,
        )
    if isinstance(loss, KTOLoss):
        return LabelledSet(path, tokenising, domains)
    if isinstance(loss, SFTLoss):
        return TargetSet(path, tokenising, domains)
    return PreferenceSet(path, tokenising, domains)


def make_objective(recipe: Recipe, samples: DataSet) -> Objective:
    """The loss, for one of the sets: KTO's balance is each set's own."""
    loss = recipe.loss
    if isinstance(loss, GRPOLoss):
        return GRPO(
            beta=loss.beta,
            clip_low=loss.clip_low,
            clip_high=loss.clip_high,
            normalise=loss.normalise,
            scale=loss.scale,
        )
    if isinstance(loss, KTOLoss):
        good, bad = 1.0, 1.0
        if loss.balance and isinstance(samples, LabelledSet):
            right = sum(samples.labels)
            good, bad = balanced_weights(right, len(samples) - right)
        return KTO(beta=loss.beta, desirable_weight=good, undesirable_weight=bad)
    if isinstance(loss, SFTLoss):
        return SFT()
    if loss.kind == "orpo":
        return ORPO(beta=loss.beta)
    return DPO(beta=loss.beta, supervised=loss.kind == "sft+dpo")


def make_weighting(recipe: Recipe, size: int, domains: Sequence[str]) -> Weighting:
    """The weights at their start."""
    part = recipe.weights
    if isinstance(part, TablePart):
        bounds = Bounds(low=_finite(part.low), high=_finite(part.high))
        if part.kind == "domain":
            return DomainTable(
                domains, start=part.start or None, bounds=bounds, normalise=part.normalise
            )
        return InstanceTable(size, start=part.start or 1.0, bounds=bounds, normalise=part.normalise)
    if isinstance(part, NetPart):
        return InstanceNet(
            hidden=part.hidden,
            top=part.top,
            centre=part.centre,
            scale=part.scale,
            slope=part.slope,
        )
    return NoWeights()


def _stream(samples: DataSet, level: Level, seed: int) -> Stream:
    rank, world = rank_and_world()
    return Stream(len(samples), samples, batch=level.batch, seed=seed, rank=rank, world=world)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
