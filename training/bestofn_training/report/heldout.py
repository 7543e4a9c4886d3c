"""The held-out part of the page: every run of a loss in one table, beside the baselines. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass

from bestofn.benchmarks.metrics import Estimate

from ..evaluate import MEASURES
from .charts import Frame
from .figures import Figure, Table
from .findings import HOW_TO, ROLES, Family, Finding, Role, compare
from .intervals import Bar, interval_chart
from .runs import Run
from .scales import percent, points

WEIGHTINGS = {
    "none": "no weights",
    "domain": "one weight per domain",
    "instance-table": "one weight per sample",
    "instance-net": "weights by a network on the loss",
}

ABSENT = "\u2013"
"""Where there is no number."""

_CHARTS = {
    "accuracy": "Pairwise accuracy",
    "consistent": "Consistent accuracy",
    "format_errors": "Format-error rate",
}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A number of the table with its interval."""

    value: str
    span: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One run; ``missing`` stands in place of numbers."""

    name: str
    about: str
    baseline: bool
    missing: str = ""
    cells: tuple[Cell, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A baseline that nobody is, and what to do about it."""

    what: str
    todo: str


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """All about one family."""

    title: str
    missing: tuple[Missing, ...]
    findings: tuple[Finding, ...]
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    figures: tuple[Figure, ...]
    domains: Table | None
    notes: tuple[str, ...]


def held_out_of(family: Family, prefix: str) -> HeldOut:
    """What the page says of a family's held-out measures.

    Args:
        family: Runs of one loss.
        prefix: Begins the ids of charts.
    """
    findings = tuple(
        compare(run, baseline, role)
        for run in family.methods
        for role in ROLES
        if (baseline := family.baseline_of(run, role)) is not None
    )
    return HeldOut(
        title=family.loss.upper(),
        missing=tuple(
            Missing(what=f"The baseline “{name}” is missing here.", todo=HOW_TO[role])
            for role, name in ROLES.items()
            if not family.baselines[role]
        ),
        findings=findings,
        head=(*MEASURES.values(), *(f"beside {name}" for name in ROLES.values())),
        rows=_rows(family, findings),
        figures=tuple(_figure(family, name, prefix) for name in _CHARTS),
        domains=_domains(family),
        notes=tuple(note for run in _everyone(family) for note in _notes(run)),
    )


def _everyone(family: Family) -> list[Run]:
    return [*(run for some in family.baselines.values() for run in some), *family.methods]


def _rows(family: Family, findings: tuple[Finding, ...]) -> tuple[Row, ...]:
    rows: list[Row] = []
    for role, name in ROLES.items():
        if not family.baselines[role]:
            text = "no such run was given: nothing can be set beside it"
            rows.append(Row(name=name, about="baseline", baseline=True, missing=text))
        rows += [
            _row(run, f"baseline: {name}{_loss(run, family)}", True, {})
            for run in family.baselines[role]
        ]
    for run in family.methods:
        differences = {f.role: f.difference for f in findings if f.run is run}
        rows.append(_row(run, WEIGHTINGS[run.weighting], False, differences))
    return tuple(rows)


def _loss(run: Run, family: Family) -> str:
    return "" if run.loss == family.loss else f", trained by {run.loss.upper()}"


def _row(run: Run, about: str, baseline: bool, differences: dict[Role, Estimate | None]) -> Row:
    if run.evaluation is None:
        text = f"not measured: bestofn-train evaluate {shlex.quote(str(run.folder))}"
        return Row(name=run.name, about=about, baseline=baseline, missing=text)
    measures = run.evaluation.whole.measures
    cells = [_cell(measures.get(name)) for name in MEASURES]
    cells += [_cell(differences.get(role), points) for role in ROLES]
    return Row(name=run.name, about=about, baseline=baseline, cells=tuple(cells))


def _cell(estimate: Estimate | None, shown: Callable[[float], str] = percent) -> Cell:
    if estimate is None:
        return Cell(value=ABSENT)
    return Cell(value=shown(estimate.mean), span=f"{shown(estimate.low)} to {shown(estimate.high)}")


def _figure(family: Family, measure: str, prefix: str) -> Figure:
    bars: list[Bar] = []
    said: list[str] = []
    for role, name in ROLES.items():
        if not family.baselines[role]:
            bars.append(Bar(name=name, span=None, missing="no such run was given", baseline=True))
    told = [
        *((run, True) for some in family.baselines.values() for run in some),
        *((run, False) for run in family.methods),
    ]
    for run, baseline in told:
        found = run.evaluation.whole.measures.get(measure) if run.evaluation else None
        absent = _absent(run)
        bars.append(
            Bar(
                name=run.name,
                span=(found.low, found.mean, found.high) if found else None,
                missing=absent,
                baseline=baseline,
            )
        )
        said.append(f"{run.name} {percent(found.mean) if found else absent}")
    title = _CHARTS[measure]
    frame = Frame(id=f"{prefix}-{measure}", title=title, text=f"{'; '.join(said)}.", x="per cent")
    return Figure(
        title=title,
        caption="Points with 95 % intervals; hollow points are baselines.",
        svg=interval_chart(frame, bars),
    )


def _absent(run: Run) -> str:
    """Why there is no number."""
    if run.evaluation is None:
        return "not measured"
    if run.evaluation.how == "scored":
        return "verdicts were scored, not written"
    return "nothing to take a share of"


def _domains(family: Family) -> Table | None:
    measured = [run for run in _everyone(family) if run.evaluation is not None]
    names = sorted({name for run in measured if run.evaluation for name in run.evaluation.domains})
    if not names:
        return None

    def cell(run: Run, domain: str) -> str:
        group = run.evaluation.domains.get(domain) if run.evaluation else None
        found = _cell(group.measures.get("accuracy")) if group else Cell(value=ABSENT)
        return f"{found.value} ({found.span})" if found.span else found.value

    return Table(
        caption="Pairwise accuracy in per cent, with 95 % intervals",
        head=("domain", *(run.name for run in measured)),
        rows=tuple((name, *(cell(run, name) for run in measured)) for name in names),
    )


def _notes(run: Run) -> list[str]:
    found = run.evaluation
    if found is None:
        return []
    notes = []
    whole = found.whole
    problems = f"{whole.problems:,} problem{'s' * (whole.problems != 1)}"
    inputs = f"{run.name}: {whole.inputs:,} inputs of {problems}, {whole.replies:,} replies"
    how = {
        "served": f"asked as {found.judge}",
        "written": "its adapter wrote them where it was trained",
        "scored": "its probabilities of the verdicts were compared, nothing was written",
        "given": f"read from {found.inputs}",
    }[found.how]
    notes.append(f"{inputs}; {how}.")
    if found.outdated(run.record.recipe):
        notes.append(
            f"{run.name}: measured after {found.updates:,} updates of the judge, and trained "
            "further since; measure it again."
        )
    if whole.unanswered:
        notes.append(f"{run.name}: {whole.unanswered:,} inputs without an answer are left out.")
    if found.stopped_by:
        notes.append(f"{run.name}: the limit on {found.stopped_by} ended the questions early.")
    if not found.unseen:
        notes.append(
            f"{run.name}: whether held-out problems are in its training data was not checked."
        )
    return notes
