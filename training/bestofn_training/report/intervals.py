"""Shares with their intervals as inline SVG. Pure; every text is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from .charts import RIGHT, TOP, WIDTH, Frame, cut, svg_of, x_name
from .scales import Axis, percent


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One row of :func:`interval_chart`.

    Attributes:
        name: Who.
        span: Lower end, value and upper end of a share; None where there is none.
        missing: Said in its place.
        baseline: Drawn hollow.
    """

    name: str
    span: tuple[float, float, float] | None
    missing: str = ""
    baseline: bool = False


def interval_chart(frame: Frame, bars: Sequence[Bar]) -> Markup:
    """Shares with their intervals, one below the other, each under its name.

    Args:
        frame: Title and texts.
        bars: From top to bottom.
    """
    left, row = 8.0, 40.0
    height = TOP + row * len(bars) + 34.0
    ends = [value for bar in bars if bar.span for value in bar.span]
    axis = Axis.over(ends or (0.0, 1.0), count=4)
    low, high = max(axis.low, 0.0), min(axis.high, 1.0)
    ticks = tuple(tick for tick in axis.ticks if low <= tick <= high)
    axis = Axis(low=low, high=high, ticks=ticks)

    def across(value: float) -> float:
        return axis.at(value, left + 4, WIDTH - RIGHT - 4)

    foot = height - 34.0
    parts = [
        Markup(
            '<path class="grid" d="M{0} {1}V{2}"/>'
            '<text class="tick" x="{0}" y="{3}" text-anchor="middle">{4}</text>'
        ).format(f"{across(tick):.1f}", TOP, f"{foot:.1f}", f"{foot + 14:.1f}", f"{100 * tick:.3g}")
        for tick in axis.ticks
    ]
    parts.append(x_name(frame.x, height))
    for number, bar in enumerate(bars):
        top = TOP + row * number
        parts.append(
            Markup('<text class="row" x="{}" y="{}">{}</text>').format(
                left, f"{top + 13:.1f}", cut(bar.name, 44)
            )
        )
        if bar.span is None:
            parts.append(
                Markup('<text class="tick" x="{}" y="{}">{}</text>').format(
                    left, f"{top + 29:.1f}", bar.missing
                )
            )
            continue
        below, value, above = bar.span
        parts.append(
            Markup(
                '<g><title>{}: {} ({} to {})</title><path class="span" d="M{} {}H{}"/>'
                '<circle class="{}" cx="{}" cy="{}" r="4.5"/></g>'
            ).format(
                bar.name, percent(value), percent(below), percent(above),
                f"{across(below):.1f}", f"{top + 25:.1f}", f"{across(above):.1f}",
                "hollow" if bar.baseline else "dot", f"{across(value):.1f}", f"{top + 25:.1f}",
            )
        )  # fmt: skip
    return svg_of(frame, parts, height)
