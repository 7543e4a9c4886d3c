"""Charts as inline SVG. Pure: numbers in, markup out; every text is escaped.

All charts are drawn 360 units wide, about what a telephone shows, and stand side by side on wide
pages: their letters never get small. Colours are the page's, by class.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from .scales import Axis, Point, spread, thin

WIDTH = 360.0
HEIGHT = 220.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 10.0, 10.0, 34.0
LABELS = 98.0
"""Room for names at the right of lines."""

POINTS = 1200
"""Points of all lines of a chart together, unless told otherwise."""

_NAMED = 12  # lines with a name beside them; more would not fit
_LETTERS = 14
_BINS = 30


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What every chart has.

    Attributes:
        id: Unique on the page.
        title: What is shown.
        text: The same in a sentence, for those who do not see it.
        x: Name of the horizontal axis.
    """

    id: str
    title: str
    text: str
    x: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a chart.

    Attributes:
        points: By x.
        name: Written at its end where the chart has room for names.
        style: Class of the line: ``main``, ``faint`` or ``rule``.
        strength: From 0 (pale) to 1.
    """

    points: Sequence[Point]
    name: str = ""
    style: str = "main"
    strength: float = 1.0


@dataclass(frozen=True)
class _Plot:
    """Where things lie inside a chart."""

    x: Axis
    y: Axis
    right: float = RIGHT

    def across(self, value: float) -> float:
        return self.x.at(value, LEFT, WIDTH - self.right)

    def up(self, value: float) -> float:
        return self.y.at(value, HEIGHT - BOTTOM, TOP)

    def path(self, line: Iterable[Point]) -> str:
        return " ".join(f"{self.across(x):.1f},{self.up(y):.1f}" for x, y in line)


def line_chart(
    frame: Frame,
    lines: Sequence[Line],
    *,
    log: bool = False,
    zero: bool = False,
    most: int = POINTS,
) -> Markup:
    """Lines over one axis.

    Args:
        frame: Title and texts.
        lines: At least one, each with at least one point.
        log: Use powers of ten where the values spread over several.
        zero: Begin at 0.
        most: Points of all lines together.
    """
    named = any(line.name for line in lines)
    each = max(most // len(lines), 24)
    plot = _Plot(
        Axis.over((x for line in lines for x, _ in line.points), rounded=False, count=5),
        Axis.over((y for line in lines for _, y in line.points), log=log, zero=zero),
        LABELS if named else RIGHT,
    )
    parts = [_axes(plot, frame.x)]
    for line in lines:
        shown = thin(line.points, each)
        drawn = "circle" if len(shown) == 1 else "polyline"
        parts.append(_mark(drawn, plot, shown, line))
    if named:
        parts.append(_names(plot, lines))
    return svg_of(frame, parts)


def _mark(kind: str, plot: _Plot, shown: Sequence[Point], line: Line) -> Markup:
    if kind == "circle":
        x, y = shown[0]
        return Markup(
            '<circle class="dot" cx="{}" cy="{}" r="3"><title>{}</title></circle>'
        ).format(f"{plot.across(x):.1f}", f"{plot.up(y):.1f}", line.name)
    return Markup(
        '<polyline class="{}" stroke-opacity="{}" points="{}"><title>{}</title></polyline>'
    ).format(line.style, f"{line.strength:.2f}", plot.path(shown), line.name)


def _names(plot: _Plot, lines: Sequence[Line]) -> Markup:
    """Names at the ends of lines, moved apart; where there are too many, the outermost."""
    ranked = sorted((line for line in lines if line.name), key=lambda line: line.points[-1][1])
    if len(ranked) > _NAMED:
        half = _NAMED // 2
        ranked = ranked[:half] + ranked[-half:]
    ends = [plot.up(line.points[-1][1]) for line in ranked]
    places = spread(ends, 14.0, TOP + 2, HEIGHT - BOTTOM)
    x = WIDTH - plot.right
    made = [
        Markup(
            '<path class="lead" d="M{} {}L{} {}"/><text class="name" x="{}" y="{}">{}</text>'
        ).format(
            f"{x:.1f}", f"{end:.1f}", f"{x + 7:.1f}", f"{place:.1f}",
            f"{x + 9:.1f}", f"{place + 3.5:.1f}", cut(line.name),
        )
        for line, end, place in zip(ranked, ends, places, strict=True)
    ]  # fmt: skip
    return Markup("").join(made)


def band_chart(
    frame: Frame, xs: Sequence[float], rows: Sequence[Sequence[float]], *, most: int = POINTS
) -> Markup:
    """Quantiles over time: the outer and the inner ones as bands, the middle one as a line.

    Args:
        frame: Title and texts.
        xs: Where.
        rows: At each place an odd number of quantiles, ascending.
        most: Points in all.
    """
    columns = [list(zip(xs, column, strict=True)) for column in zip(*rows, strict=True)]
    plot = _Plot(
        Axis.over(xs, rounded=False, count=5),
        Axis.over([value for row in rows for value in row]),
    )
    parts = [_axes(plot, frame.x)]
    each = max(most // len(columns), 24)
    for depth in range(len(columns) // 2):
        edge = thin(columns[depth], each) + thin(columns[-1 - depth], each)[::-1]
        parts.append(Markup('<polygon class="band" points="{}"/>').format(plot.path(edge)))
    middle = Line(points=columns[len(columns) // 2])
    shown = thin(middle.points, each)
    parts.append(_mark("circle" if len(shown) == 1 else "polyline", plot, shown, middle))
    return svg_of(frame, parts)


def histograms(frame: Frame, sets: Mapping[str, Sequence[float]]) -> Markup:
    """One histogram below the other over one axis, each scaled to its own highest bar.

    Args:
        frame: Title and texts.
        sets: At least one set of numbers by name.
    """
    axis = Axis.over((value for values in sets.values() for value in values), count=4)
    plot = _Plot(axis, Axis(low=0.0, high=1.0, ticks=()))
    parts = [_axes(plot, frame.x)]
    room = (HEIGHT - TOP - BOTTOM) / len(sets)
    edges = np.linspace(axis.low, axis.high, _BINS + 1)
    width = (WIDTH - RIGHT - LEFT) / _BINS
    for number, (name, values) in enumerate(sets.items()):
        base = TOP + room * (number + 1)
        found = np.histogram(np.clip(values, axis.low, axis.high), bins=edges)[0]
        scale = (room - 16.0) / max(int(found.max()), 1)
        for place, count in enumerate(found.tolist()):
            if count:
                # A bar of one in ten thousand must still be seen.
                height = max(count * scale, 1.0)
                parts.append(
                    Markup('<rect class="bar" x="{}" y="{}" width="{}" height="{}"/>').format(
                        f"{LEFT + place * width:.1f}",
                        f"{base - height:.1f}",
                        f"{max(width - 1, 1):.1f}",
                        f"{height:.1f}",
                    )
                )
        parts.append(
            Markup(
                '<path class="axis" d="M{} {}H{}"/>'
                '<text class="name" x="{}" y="{}" text-anchor="end">{}</text>'
            ).format(LEFT, f"{base:.1f}", WIDTH - RIGHT, LEFT - 6, f"{base - 2:.1f}", cut(name, 8))
        )
    return svg_of(frame, parts)


def _axes(plot: _Plot, name: str) -> Markup:
    parts = []
    end, foot = WIDTH - plot.right, HEIGHT - BOTTOM
    for tick in plot.y.ticks:
        y = plot.up(tick)
        parts.append(
            Markup(
                '<path class="grid" d="M{} {}H{}"/>'
                '<text class="tick" x="{}" y="{}" text-anchor="end">{}</text>'
            ).format(LEFT, f"{y:.1f}", f"{end:.1f}", LEFT - 6, f"{y + 3.5:.1f}", plot.y.label(tick))
        )
    parts.append(Markup('<path class="axis" d="M{} {}H{}"/>').format(LEFT, f"{foot:.1f}", end))
    for tick in plot.x.ticks:
        x = plot.across(tick)
        # Letters at either end stay inside the picture.
        anchor = "start" if x < LEFT + 6 else "end" if x > end - 14 else "middle"
        parts.append(
            Markup(
                '<path class="axis" d="M{0} {1}v4"/>'
                '<text class="tick" x="{0}" y="{2}" text-anchor="{3}">{4}</text>'
            ).format(f"{x:.1f}", f"{foot:.1f}", f"{foot + 15:.1f}", anchor, plot.x.label(tick))
        )
    parts.append(x_name(name, HEIGHT, plot.right))
    return Markup("").join(parts)


def x_name(name: str, height: float, right: float = RIGHT) -> Markup:
    """The name of the horizontal axis, below everything."""
    return Markup('<text class="tick" x="{}" y="{}" text-anchor="end">{}</text>').format(
        WIDTH - right, f"{height - 5:.1f}", name
    )


def svg_of(frame: Frame, parts: Iterable[Markup], height: float = HEIGHT) -> Markup:
    """A whole chart, with its title and its text for those who do not see it."""
    return Markup(
        '<svg viewBox="0 0 {w} {h}" role="img" aria-labelledby="{id}-t {id}-d">'
        '<title id="{id}-t">{title}</title><desc id="{id}-d">{text}</desc>{parts}</svg>'
    ).format(
        w=f"{WIDTH:g}",
        h=f"{height:g}",
        id=frame.id,
        title=frame.title,
        text=frame.text,
        parts=Markup("").join(parts),
    )


def cut(text: str, letters: int = _LETTERS) -> str:
    """What of a text has room."""
    return text if len(text) <= letters else f"{text[: letters - 1]}…"
