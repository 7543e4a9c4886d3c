"""An evaluation as data and as a file: what was measured, on what, how sure it is."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from bestofn.benchmarks.metrics import RESAMPLES, Estimate
from bestofn.benchmarks.results import write_json
from bestofn.errors import FormatError

from ..recipes import Recipe
from .answers import Answered
from .bootstrap import Pair, Ratio
from .metrics import is_whole, measures_of

EVALUATION = "evaluation.json"
"""Its name in the folder of a run."""

How = Literal["served", "written", "scored", "given"]
"""``served``: a server was asked. ``written``: the run's adapter wrote replies here. ``scored``:
its probabilities of the verdicts were compared, nothing was written, so that there is no format
error. ``given``: replies of elsewhere."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """What was found on all inputs, or on those of one domain.

    Attributes:
        inputs: Judge inputs.
        problems: Problems they belong to.
        sets: Sets of candidates with an answer to two orders or more.
        replies: Answers of the judge.
        unanswered: Inputs without one.
        measures: By name, see :data:`~bestofn_training.evaluate.MEASURES`; None where there is
            nothing to take a share of.
    """

    inputs: int
    problems: int
    sets: int
    replies: int
    unanswered: int
    measures: Mapping[str, Estimate | None]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Held-out measures of one judge.

    Attributes:
        judge: Who was measured.
        how: See :data:`How`.
        inputs: The file of judge inputs or of replies.
        digest: Tells sets of inputs apart: judges are compared where it is the same.
        unseen: Whether the training data was searched for their problems, and had none.
        whole: Of all inputs.
        domains: By domain.
        parts: By measure and problem, the part and the whole; for paired differences.
        settings: How replies were drawn.
        stopped_by: The limit that ended it early.
        updates: How many updates of the judge its run had been told to make by then; None where
            no run is known. A run that was made longer has to be measured again.
        seed, resamples: Of the intervals.
        format: Version of this record.
    """

    judge: str
    how: How
    inputs: str
    digest: str
    unseen: bool
    whole: Group
    domains: Mapping[str, Group]
    parts: Mapping[str, Mapping[str, Pair]]
    settings: Mapping[str, Any] = field(default_factory=dict)
    stopped_by: str | None = None
    updates: int | None = None
    seed: int = 0
    resamples: int = RESAMPLES
    format: Literal[1] = 1

    def ratio(self, measure: str) -> Ratio:
        """One measure by problem."""
        return Ratio(self.parts.get(measure, {}))

    def outdated(self, recipe: Recipe) -> bool:
        """Whether the run of this recipe has been made longer since."""
        return self.updates is not None and self.updates != recipe.lower_updates

    def write(self, path: Path) -> None:
        """Write it whole or not at all.

        Raises:
            OSError: it cannot be written.
        """
        write_json(path, asdict(self))


def evaluation_of(
    answers: Iterable[Answered],
    *,
    judge: str,
    how: How,
    inputs: str,
    unseen: bool = False,
    settings: Mapping[str, Any] | None = None,
    stopped_by: str | None = None,
    updates: int | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Evaluation:
    """Measure.

    Args:
        answers: Of one judge, all of one set of inputs.
        judge, how, inputs, unseen, settings, stopped_by, updates, seed, resamples: See
            :class:`Evaluation`.
    """
    rows = list(answers)
    by_domain: dict[str, list[Answered]] = defaultdict(list)
    for row in rows:
        by_domain[row.domain].append(row)

    def measured(some: Sequence[Answered]) -> dict[str, Ratio]:
        found = measures_of(some)
        if how == "scored":  # nothing was written that could have a format
            found["format_errors"] = Ratio({})
        return found

    ratios = measured(rows)

    def group(some: Sequence[Answered], found: Mapping[str, Ratio]) -> Group:
        sets: dict[str, list[Answered]] = defaultdict(list)
        for row in some:
            sets[row.set_id].append(row)
        return Group(
            inputs=len(some),
            problems=len({row.problem_id for row in some}),
            sets=sum(map(is_whole, sets.values())),
            replies=sum(len(row.graded) for row in some),
            unanswered=sum(not row.graded for row in some),
            measures={
                name: ratio.estimate(seed=seed, resamples=resamples)
                for name, ratio in found.items()
            },
        )

    return Evaluation(
        judge=judge,
        how=how,
        inputs=inputs,
        digest=digest_of(rows),
        unseen=unseen,
        whole=group(rows, ratios),
        domains={name: group(some, measured(some)) for name, some in sorted(by_domain.items())},
        parts={name: dict(ratio.problems) for name, ratio in ratios.items()},
        settings=settings or {},
        stopped_by=stopped_by,
        updates=updates,
        seed=seed,
        resamples=resamples,
    )


def digest_of(rows: Iterable[Answered]) -> str:
    """The same for the same questions with the same right answers, whatever was replied."""
    lines = sorted(f"{row.id} {sorted(row.right)} {list(row.order)}" for row in rows)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


_READ = TypeAdapter(Evaluation)


def read_evaluation(path: Path) -> Evaluation:
    """What :meth:`Evaluation.write` wrote.

    Raises:
        FormatError: it cannot be read, or was written by another version.
    """
    try:
        return _READ.validate_json(path.read_bytes())
    except OSError as error:
        raise FormatError(path, f"cannot be read: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = first["msg"][:1].lower() + first["msg"][1:]
        raise FormatError(
            path, f"is no evaluation of this version ({where}: {reason}); evaluate again"
        ) from error
