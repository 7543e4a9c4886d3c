"""Numbers of several seeds, and tables of them; no torch."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

# Student's t, two sides, 95 %, for 1 to 30 degrees of freedom.
T_95 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean over seeds.

    Attributes:
        mean: Of the values.
        half: Half the width of the 95 % interval of the mean (Student's t, seeds as independent
            draws); nan for a single value.
    """

    mean: float
    half: float

    def __str__(self) -> str:
        """As in ``.953 ± .012``."""
        return f"{number(self.mean)} ± {number(self.half)}"


def estimate(values: Sequence[float]) -> Estimate:
    """Mean and interval.

    Raises:
        ValueError: for no values.
    """
    if not values:
        raise ValueError("no values to take the mean of")
    mean = statistics.fmean(values)
    if len(values) == 1:
        return Estimate(mean=mean, half=math.nan)
    error = statistics.stdev(values) / math.sqrt(len(values))
    return Estimate(mean=mean, half=error * t_95(len(values) - 1))


def t_95(freedom: int) -> float:
    """The factor of a 95 % interval."""
    if freedom <= len(T_95):
        return T_95[freedom - 1]
    return 1.960 + 2.372 / freedom  # the first term of the quantile's series: right to 0.002


def number(value: float, digits: int = 3) -> str:
    """A number without the zero before its point; a dash where there is none."""
    if math.isnan(value):
        return "-"
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown that also reads well as it is; all columns but the first to the right."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        first, *others = cells
        padded = [first.ljust(widths[0])]
        padded += [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(head), line(rule), *(line(row) for row in rows)])
