"""The figures of one run. Pure: from a run to charts, their captions and the tables behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from .charts import POINTS, Frame, Line, band_chart, histograms, line_chart
from .runs import QUANTILES, Run, WeightHistory
from .scales import Point, picked, running_mean, short

_ROWS = 12  # of the table behind a chart
_SMOOTH = 40  # a running mean covers one in so many of the updates
_PALE = 0.35  # of the lightest domain's line

JUDGE = "updates of the judge"
WEIGHTS = "updates of the weights"


@dataclass(frozen=True, kw_only=True)
class Table:
    """Numbers in rows; the first cell of a row is its heading."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A chart with what belongs to it; without a chart, the caption says why."""

    title: str
    caption: str
    svg: Markup | None = None
    table: Table | None = None


def figures_of(run: Run, prefix: str, *, most: int = POINTS) -> list[Figure]:
    """All figures of a run, also of one that has only begun.

    Args:
        run: The run.
        prefix: Begins the ids of its charts.
        most: Points a chart may have.
    """
    return [
        _loss(run, prefix, most),
        _meta_loss(run, prefix, most),
        _norms(run, prefix, most),
        *_weights(run, prefix, most),
    ]


def _loss(run: Run, prefix: str, most: int) -> Figure:
    title = "Loss of the judge"
    if not run.lower:
        return Figure(title=title, caption="No update is recorded yet.")
    line = [(float(row.update), row.loss) for row in run.lower]
    head = (JUDGE, "loss", "weighted loss", "learning rate")
    rows = tuple(
        (f"{row.update:,}", short(row.loss), short(row.weighted_loss), short(row.rate))
        for row in (run.lower[place] for place in picked(len(run.lower), _ROWS))
    )
    frame = Frame(id=f"{prefix}-loss", title=title, text=_said(line), x=JUDGE)
    return Figure(
        title=title,
        caption="Mean over the samples of each update, before weights.",
        svg=_smoothed(frame, line, most),
        table=Table(caption=title, head=head, rows=rows),
    )


def _meta_loss(run: Run, prefix: str, most: int) -> Figure:
    title = "Meta loss"
    if run.weighting == "none":
        return Figure(title=title, caption="No weights are learned, so there is no meta loss.")
    if not run.upper:
        return Figure(title=title, caption="No update of the weights is recorded yet.")
    line = [(float(row.update), row.meta_loss) for row in run.upper]
    head = (WEIGHTS, "meta loss", "moved, largest", "moved, mean")
    rows = tuple(
        (
            f"{row.update:,}",
            short(row.meta_loss),
            short(row.moved.largest),
            short(row.moved.mean),
        )
        for row in (run.upper[place] for place in picked(len(run.upper), _ROWS))
    )
    frame = Frame(id=f"{prefix}-meta", title=title, text=_said(line), x=WEIGHTS)
    return Figure(
        title=title,
        caption="Of the judge on the meta data, which the weights are learned on.",
        svg=_smoothed(frame, line, most),
        table=Table(caption=title, head=head, rows=rows),
    )


def _norms(run: Run, prefix: str, most: int) -> Figure:
    title = "Gradient norms"
    if not run.lower:
        return Figure(title=title, caption="No update is recorded yet.")
    judge = [(float(row.step), row.gradient_norm) for row in run.lower]
    weights = [(float(row.step), row.gradient_norm) for row in run.upper]
    lines = [Line(points=judge, name="judge")]
    text = f"Judge: {_said(judge)}"
    if weights:
        lines.append(Line(points=weights, name="weights", style="second"))
        text += f" Weights: {_said(weights)}"
    steps = dict(weights)
    rows = tuple(
        (f"{step:,.0f}", short(norm), short(steps[step]) if step in steps else "")
        for step, norm in (judge[place] for place in picked(len(judge), _ROWS))
    )
    frame = Frame(id=f"{prefix}-norms", title=title, text=text, x="micro-steps")
    return Figure(
        title=title,
        caption="Of each update, before clipping; powers of ten where they spread widely.",
        svg=line_chart(frame, lines, log=True, most=most),
        table=Table(caption=title, head=("micro-steps", "judge", "weights"), rows=rows),
    )


def _weights(run: Run, prefix: str, most: int) -> list[Figure]:
    title = {
        "domain": "Weights of the domains",
        "instance-table": "Weights of the samples",
        "instance-net": "The network's weights",
    }.get(run.weighting)
    if title is None:
        return []
    if run.weights is None:
        return [Figure(title=title, caption="No weights are recorded yet.")]
    history = run.weights
    if run.weighting == "domain":
        return [_domains(run, history, title, prefix, most)]
    if run.weighting == "instance-net":
        return [_curve(history, title, prefix, most)]
    return [_bands(history, title, prefix, most), _spreads(history, prefix)]


def _domains(run: Run, history: WeightHistory, title: str, prefix: str, most: int) -> Figure:
    count = len(history.rows[0])
    told = len(run.domains) == count
    names = run.domains if told else tuple(f"domain {n}" for n in range(1, count + 1))
    updates = [0, *history.updates]
    table = [(_start(run, count),) * count, *history.rows]
    lines = [
        list(zip(map(float, updates), column, strict=True)) for column in zip(*table, strict=True)
    ]
    order = sorted(range(count), key=lambda number: -table[-1][number])
    drawn = [
        Line(
            points=lines[number],
            name=names[number],
            strength=1.0 - (1.0 - _PALE) * rank / max(count - 1, 1),
        )
        for rank, number in enumerate(order)
    ]
    ends = ", ".join(f"{names[number]} {short(table[-1][number])}" for number in order)
    text = f"After {updates[-1]:,} updates of the weights, from the heaviest: {ends}."
    rows = tuple(
        (names[number], *(short(table[place][number]) for place in picked(len(table), 6)))
        for number in order
    )
    head = ("domain", *(f"update {updates[place]:,}" for place in picked(len(table), 6)))
    caption = "How much a sample of each domain counts (the paper's figure 5); darker is heavier."
    if not told:
        caption += " Names of domains are known when the run has ended."
    frame = Frame(id=f"{prefix}-domains", title=title, text=text, x=WEIGHTS)
    return Figure(
        title=title,
        caption=caption,
        svg=line_chart(frame, drawn, zero=True, most=most),
        table=Table(caption=title, head=head, rows=rows),
    )


def _bands(history: WeightHistory, title: str, prefix: str, most: int) -> Figure:
    names = tuple(f"{100 * share:g} %" for share in QUANTILES)
    last = ", ".join(
        f"{name} {short(value)}" for name, value in zip(names, history.rows[-1], strict=True)
    )
    text = f"Quantiles after {history.updates[-1]:,} updates of the weights: {last}."
    rows = tuple(
        (f"{history.updates[place]:,}", *map(short, history.rows[place]))
        for place in picked(len(history.updates), _ROWS)
    )
    frame = Frame(id=f"{prefix}-bands", title=title, text=text, x=WEIGHTS)
    return Figure(
        title=title,
        caption="Median, the middle half and the middle nine tenths (the paper's figure 6).",
        svg=band_chart(frame, list(map(float, history.updates)), history.rows, most=most),
        table=Table(caption=title, head=(WEIGHTS, *names), rows=rows),
    )


def _spreads(history: WeightHistory, prefix: str) -> Figure:
    title = "How the weights are spread"
    sets = {name: line.weights for name, line in history.moments.items()}
    about = {name: (min(values), max(values)) for name, values in sets.items()}
    text = " ".join(
        f"At the {name} from {short(low)} to {short(high)}." for name, (low, high) in about.items()
    )
    rows = tuple(
        (f"{name}, update {history.moments[name].update:,}", short(low), short(high))
        for name, (low, high) in about.items()
    )
    frame = Frame(id=f"{prefix}-spreads", title=title, text=text, x="weight")
    return Figure(
        title=title,
        caption="Samples by weight at the first, the middle and the last record, each to scale.",
        svg=histograms(frame, sets),
        table=Table(caption=title, head=("record", "smallest", "largest"), rows=rows),
    )


def _curve(history: WeightHistory, title: str, prefix: str, most: int) -> Figure:
    moments = history.moments
    lines = [
        Line(
            points=list(zip(line.losses or (), line.weights, strict=True)),
            name=name,
            strength=_PALE + (1 - _PALE) * (rank + 1) / len(moments),
        )
        for rank, (name, line) in enumerate(moments.items())
    ]
    last = moments["end"]
    text = f"At the end {_said(lines[-1].points, 'loss')}"
    losses = last.losses or ()
    rows = tuple(
        (short(losses[place]), *(short(line.weights[place]) for line in moments.values()))
        for place in picked(len(losses), _ROWS)
    )
    frame = Frame(id=f"{prefix}-curve", title=title, text=text, x="loss of a sample")
    return Figure(
        title=title,
        caption=(
            "How much a sample counts by its loss, at the first, the middle and the last record. "
            "Weights sample by sample are not recorded."
        ),
        svg=line_chart(frame, lines, zero=True, most=most),
        table=Table(caption=title, head=("loss", *moments), rows=rows),
    )


def _start(run: Run, count: int) -> float:
    """Where the weights of domains were before the first update."""
    part = run.record.recipe.weights
    if part.kind != "domain" or part.normalise == "mean":
        return 1.0
    return 1.0 / count if part.normalise == "sum" or not part.start else part.start


def _smoothed(frame: Frame, line: Sequence[Point], most: int) -> Markup:
    """A long line's running mean before the line itself; a short line as it is."""
    width = len(line) // _SMOOTH
    if width < 2:
        return line_chart(frame, [Line(points=line)], most=most)
    means = running_mean([y for _, y in line], width)
    smooth = [(x, mean) for (x, _), mean in zip(line, means, strict=True)]
    return line_chart(frame, [Line(points=line, style="faint"), Line(points=smooth)], most=most)


def _said(line: Sequence[Point], what: str = "step") -> str:
    """A line in words."""
    (first, start), (last, end) = line[0], line[-1]
    values = [y for _, y in line]
    return (
        f"from {short(start)} at {what} {short(first)} to {short(end)} at {what} {short(last)}; "
        f"lowest {short(min(values))}, highest {short(max(values))}."
    )
