"""A run as the report sees it: read from its folder, without torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError

from bestofn.errors import FormatError

from ..errors import BadInput, BadRow
from ..evaluate.evaluation import EVALUATION, Evaluation, read_evaluation
from ..evaluate.runs import RunRecord, read_record
from .lines import Lines
from .records import METRICS, WEIGHTS, LowerLine, Moved, UpperLine, WeightsLine

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Of the instance weights, at each record."""

MOMENTS = ("start", "middle", "end")
"""Records of which all weights are kept: the first, that in the middle, the last."""

Value = TypeVar("Value")


class Result(BaseModel):
    """What the report needs of ``result.json``."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    micro_steps: int
    lower_updates: int
    upper_updates: int
    moved: Moved
    domains: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
    weights: tuple[FiniteFloat, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WeightHistory:
    """How the learned weights went.

    Attributes:
        updates: Updates of the weights at which there are records.
        rows: At each record: the weights by domain, or :data:`QUANTILES` of the instance weights;
            empty for a net.
        moments: The records of :data:`MOMENTS`, fewer of a short run.
    """

    updates: tuple[int, ...]
    rows: tuple[tuple[float, ...], ...]
    moments: dict[str, WeightsLine]


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training run.

    Attributes:
        folder: Where it lies.
        name: What the page calls it.
        record: Its recipe and digests of its data.
        lower, upper: The updates of both levels.
        weights: Of the learned weights; None where there are none.
        result: The end; None of a run that has not come to it.
        evaluation: Held-out measures; None where it was not measured.
        notes: What is to be said about its files.
    """

    folder: Path
    name: str
    record: RunRecord
    lower: tuple[LowerLine, ...]
    upper: tuple[UpperLine, ...]
    weights: WeightHistory | None
    result: Result | None
    evaluation: Evaluation | None
    notes: tuple[str, ...] = field(default=())

    @property
    def loss(self) -> str:
        """Kind of the loss."""
        return self.record.recipe.loss.kind

    @property
    def weighting(self) -> str:
        """Kind of the weights."""
        return self.record.recipe.weights.kind

    @property
    def domains(self) -> tuple[str, ...]:
        """Names of the domains, as far as the run has told them."""
        if self.result is not None:
            return self.result.domains
        return self.record.recipe.data.domains


def read_run(folder: Path, name: str | None = None) -> Run:
    """Read the folder of a run, finished or not.

    Args:
        folder: Where it lies.
        name: What the page calls it; by default the folder's own name.

    Raises:
        BadInput: it is not the folder of a run.
        BadRow: a line is damaged; naming file, line and field. A last line that is half written
            is left out, and the notes say so.
        FormatError: another file is damaged; naming it.
    """
    record = read_record(folder)
    if record is None:
        raise BadInput("RUN", f"{folder} is not the folder of a run: it holds no run.json")
    metrics = Lines(folder / "metrics.jsonl", METRICS)
    lower: list[LowerLine] = []
    upper: list[UpperLine] = []
    for number, line in enumerate(metrics, start=1):
        if isinstance(line, LowerLine):
            _ascending(metrics.path, number, line.update, lower[-1].update if lower else 0)
            lower.append(line)
        else:
            _ascending(metrics.path, number, line.update, upper[-1].update if upper else 0)
            upper.append(line)
    notes = []
    weights, cut = _weights(folder / "weights.jsonl", record.recipe.weights.kind)
    halves = [name for name, half in (("metrics", metrics.half), ("weights", cut)) if half]
    for file in halves:
        notes.append(
            f"The last line of {file}.jsonl is half written, as in a run that is going on or was "
            "killed; it is left out."
        )
    result = _optional(folder / "result.json", _read_result)
    if result is None:
        made, wanted = (lower[-1].update if lower else 0), record.recipe.lower_updates
        notes.append(
            f"This run has not ended: {made:,} of {wanted:,} updates of the judge are recorded."
        )
    return Run(
        folder=folder,
        name=name or folder.resolve().name,
        record=record,
        lower=tuple(lower),
        upper=tuple(upper),
        weights=weights,
        result=result,
        evaluation=_optional(folder / EVALUATION, read_evaluation),
        notes=tuple(notes),
    )


def _ascending(path: Path, number: int, update: int, before: int) -> None:
    if update <= before:
        raise BadRow(path, number, "update", f"is {update} after {before}; updates must ascend")


def _optional(path: Path, read: Callable[[Path], Value]) -> Value | None:
    return read(path) if path.exists() else None


def _read_result(path: Path) -> Result:
    try:
        return Result.model_validate_json(path.read_bytes())
    except OSError as error:
        raise FormatError(path, f"cannot be read: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise FormatError(path, f"{where}: {first['msg']}" if where else first["msg"]) from error


def _weights(path: Path, kind: str) -> tuple[WeightHistory | None, bool]:
    """The history, and whether its last line is half written.

    Tables have a number per sample and thousands of records: each is made small as it is read,
    and the one in the middle, which is known at the end only, is read again.
    """
    lines = Lines(path, WEIGHTS)
    updates: list[int] = []
    rows: list[tuple[float, ...]] = []
    first: WeightsLine | None = None
    last: WeightsLine | None = None
    for number, line in enumerate(lines, start=1):
        first = first or line
        _ascending(path, number, line.update, updates[-1] if updates else 0)
        if len(line.weights) != len(first.weights):
            reason = f"has {len(line.weights)} numbers, line 1 has {len(first.weights)}"
            raise BadRow(path, number, "weights", reason)
        if kind == "instance-net" and len(line.losses or ()) != len(line.weights):
            raise BadRow(path, number, "losses", "must hold one loss for each of the weights")
        updates.append(line.update)
        rows.append(_row(line, kind))
        last = line
    if first is None or last is None:
        return None, lines.half
    half = lines.half
    middle = (len(updates) - 1) // 2
    moments = {"start": first, "end": last}
    if len(updates) > 2:
        found = next(line for number, line in enumerate(lines) if number == middle)
        moments = {"start": first, "middle": found, "end": last}
    elif len(updates) == 1:
        moments = {"end": last}
    return WeightHistory(updates=tuple(updates), rows=tuple(rows), moments=moments), half


def _row(line: WeightsLine, kind: str) -> tuple[float, ...]:
    if kind == "instance-net":
        return ()
    if kind == "domain":
        return line.weights
    return tuple(np.quantile(np.asarray(line.weights), QUANTILES).tolist())
