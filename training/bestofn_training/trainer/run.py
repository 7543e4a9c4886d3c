"""One training run: from a recipe to an adapter."""

from __future__ import annotations

import contextlib
import itertools
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from ..bilevel import (
    Callback,
    Checkpoints,
    Event,
    JudgeEngine,
    LowerUpdate,
    Records,
    UpperUpdate,
    WeightHistory,
)
from ..bilevel.engine import OUT_OF_MEMORY
from ..bilevel.parallel import barrier, rank_and_world
from ..bilevel.records import cut_back
from ..data.rows import read_rows
from ..errors import BadInput, OutOfMemory
from ..models.tiny import tiny_model, tiny_tokenizer
from ..recipes import TINY, Recipe, check_files
from ..recipes.files import KINDS
from ..weights import Movement
from .building import Parts, build
from .folder import Folder, replace_folder, write_json
from .processes import device_for, together
from .watching import TensorBoard, Wandb

_TEXTS = 200  # rows that the tokenizer of a tiny model learns its pieces from
_PIECES = 2048
_TAGS = ("<selection>", "</selection>")  # of one token each, or two layers cannot learn to use them


@dataclass(frozen=True, kw_only=True)
class Trained:
    """The end of a run.

    Attributes:
        folder: Of the run.
        adapter: A folder that PEFT loads, with the tokenizer.
        micro_steps: Micro-batches read.
        lower_updates: How often the judge moved.
        upper_updates: How often the weights moved.
        moved: How far the weights are from where they started.
        loss: Of the last lower update of this sitting; None if there was none.
        meta_loss: Of the last upper update of this sitting.
    """

    folder: Path
    adapter: Path
    micro_steps: int
    lower_updates: int
    upper_updates: int
    moved: Movement
    loss: float | None
    meta_loss: float | None


def train(recipe: Recipe, output: str | Path, *, callbacks: Sequence[Callback] = ()) -> Trained:
    """Train to the end of the recipe. What the folder already holds of this run is gone on with.

    Under ``torchrun`` every process calls it; callbacks are told in the first alone.

    Args:
        recipe: The run.
        output: Its folder.
        callbacks: Told of every event.

    Raises:
        BadInput: a setting cannot be used, or the folder holds another run.
        BadRow: a row cannot be used, naming file, row, field and reason.
        BadData: the rows make no set that can be trained on.
        Diverged: a loss is not finite or above its limit; names the last good checkpoint.
        OutOfMemory: with what to change.
        CheckpointError: a checkpoint cannot be read or written.
        MissingPackage: the recipe asks for TensorBoard or W&B, which is not installed.
    """
    folder = Folder(path=Path(output))
    device = device_for(recipe.model.device)
    with together(device), _memory():
        first = rank_and_world()[0] == 0
        files = {name: report.path for name, report in check_files(recipe).items()}
        if first:
            folder.claim(recipe, files)
        barrier()
        source = _source(recipe, folder, files["lower"])
        parts = build(recipe, source, device)
        # From here on only replies are drawn, and each process draws its own.
        torch.manual_seed(1_000_003 * recipe.seed + rank_and_world()[0])
        last = _Last()
        with contextlib.ExitStack() as stack:
            watchers = _watchers(recipe, folder, parts, stack) if first else []
            engine = JudgeEngine(
                parts.lower,
                parts.upper,
                device=device,
                checkpoints=Checkpoints(
                    folder.checkpoints,
                    keep=recipe.output.keep,
                    every=recipe.output.checkpoint_every or None,
                ),
                callbacks=[*watchers, last, *callbacks],
            )
            if not engine.resume():
                if first:
                    # A run that ended before its first checkpoint has left lines.
                    cut_back(folder.metrics, 0)
                    cut_back(folder.weights, 0)
                barrier()
            _demand_not_longer(engine)
            engine.run()
            if engine.checkpoints is not None and _saved_at(engine) != engine.global_step:
                engine.save()
        result = Trained(
            folder=folder.path,
            adapter=folder.adapter,
            micro_steps=int(engine.global_step),
            lower_updates=parts.lower.updates,
            upper_updates=parts.upper.updates if parts.upper else 0,
            moved=parts.weighting.moved(),
            loss=last.loss,
            meta_loss=last.meta_loss,
        )
        if first:
            _save(parts, folder, result)
        barrier()
    return result


@contextlib.contextmanager
def _memory() -> Iterator[None]:
    """Advice also where the model itself does not fit."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise OutOfMemory(OUT_OF_MEMORY) from error


def _watchers(
    recipe: Recipe, folder: Folder, parts: Parts, stack: contextlib.ExitStack
) -> list[Callback]:
    found: list[Callback] = [Records(folder.metrics)]
    if parts.upper is not None:
        every = recipe.output.weights_every
        found.append(WeightHistory(folder.weights, parts.weighting, every=every))
    if recipe.output.tensorboard:
        board = TensorBoard(folder.path / "tensorboard")
        stack.callback(board.close)
        found.append(board)
    if recipe.output.wandb:
        wandb = Wandb(recipe.output.wandb, folder.path, recipe)
        stack.callback(wandb.close)
        found.append(wandb)
    return found


def _source(recipe: Recipe, folder: Folder, lower: Path) -> str:
    """Where the model is; a tiny one is made first, and once for a run."""
    if recipe.model.name != TINY:
        return recipe.model.name
    if rank_and_world()[0] == 0 and not folder.base.exists():
        texts: list[str] = []
        kind: Any = KINDS[recipe.loss.kind]  # four kinds: more than a type variable takes
        for _, row in itertools.islice(read_rows(lower, kind), _TEXTS):
            texts += [message.content for message in row.prompt]
        tokenizer = tiny_tokenizer(texts, vocabulary=_PIECES, whole=_TAGS)
        model = tiny_model(
            vocabulary=len(tokenizer),
            heads=2,
            head=32,
            spread=0.5,
            context=recipe.data.context,
            seed=recipe.seed,
        )
        draft = folder.path / ".base.draft"
        shutil.rmtree(draft, ignore_errors=True)
        model.save_pretrained(draft)
        tokenizer.save_pretrained(draft)
        replace_folder(draft, folder.base)
    barrier()
    return str(folder.base.resolve())  # adapters name it, wherever they are loaded from


def _demand_not_longer(engine: JudgeEngine) -> None:
    if engine.global_step > engine.schedule.micro_steps:
        raise BadInput(
            "schedule.iterations",
            f"the run is at micro-step {engine.global_step} already, and would end at "
            f"{engine.schedule.micro_steps}; a run can be made longer, not shorter",
        )


def _saved_at(engine: JudgeEngine) -> int | None:
    path = engine.last_checkpoint
    return None if path is None else int(path.name.removeprefix("step-"))


def _save(parts: Parts, folder: Folder, result: Trained) -> None:
    model = parts.judge.model
    if not isinstance(model, PeftModel):
        raise TypeError(f"a judge in training has adapters, this is a {type(model).__name__}")
    draft = folder.path / ".adapter.draft"
    shutil.rmtree(draft, ignore_errors=True)
    # Told not to look: whether embeddings changed would be asked of the hub.
    model.save_pretrained(str(draft), save_embedding_layers=False)
    parts.tokenizer.save_pretrained(draft)
    replace_folder(draft, folder.adapter)
    weights = {name: value.tolist() for name, value in parts.weighting.snapshot().items()}
    numbers = asdict(result) | {"folder": str(result.folder), "adapter": str(result.adapter)}
    write_json(
        folder.result,
        {**numbers, "domains": list(parts.domains), "samples": list(parts.ids), **weights},
    )


class _Last:
    """Keeps the last losses."""

    def __init__(self) -> None:
        self.loss: float | None = None
        self.meta_loss: float | None = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, LowerUpdate):
            self.loss = event.loss
        elif isinstance(event, UpperUpdate):
            self.meta_loss = event.meta_loss
