"""Numbers on their way to a picture: axes, ticks, labels, thinning, smoothing. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Point = tuple[float, float]

MINUS = "\u2212"
_FLAT = 1e-9  # a spread below this share of the values is rounding, not shape
_BIG, _SMALL = 1e5, 1e-3  # beyond them labels have exponents
_DECIMALS = 5  # more of them do not fit beside an axis
_DECADES = 2.0  # a spread of so many powers of ten is shown on a logarithmic axis


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A range of values and where they lie between two ends.

    Attributes:
        low, high: Of the range; low is below high, and above 0 where ``log``.
        ticks: Values to label, all within the range.
        log: Whether powers of ten are equally far apart.
    """

    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool = False

    @classmethod
    def over(
        cls,
        values: Iterable[float],
        *,
        zero: bool = False,
        log: bool = False,
        count: int = 4,
        rounded: bool = True,
    ) -> Axis:
        """An axis that holds all values.

        Args:
            values: Finite numbers, at least one.
            zero: Let the range begin at 0 or below.
            log: Use powers of ten where the values are above 0 and spread over two or more.
            count: Ticks wished for.
            rounded: Let the range end at ticks; else at the values.
        """
        found = list(values)
        low, high = min(found), max(found)
        if log and low > 0 and math.log10(high / low) >= _DECADES:
            return cls._logarithmic(low, high)
        if zero:
            low, high = min(low, 0.0), max(high, 0.0)
        if high - low <= _FLAT * max(abs(low), abs(high)):
            room = abs(high) * 0.1 or 1.0
            low, high = low - room, high + room
        step = _nice((high - low) / count)
        if rounded:
            low, high = math.floor(low / step) * step, math.ceil(high / step) * step
        first, last = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
        ticks = (min(max(number * step, low), high) for number in range(first, last + 1))
        return cls(low=low, high=high, ticks=tuple(ticks))

    @classmethod
    def _logarithmic(cls, low: float, high: float) -> Axis:
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        every = max(1, round((last - first) / 5))
        ticks = tuple(10.0**power for power in range(first, last + 1, every))
        return cls(low=min(10.0**first, low), high=max(10.0**last, high), ticks=ticks, log=True)

    def at(self, value: float, start: float, end: float) -> float:
        """Where a value lies between two coordinates; values outside are put at the ends."""
        low, high = self.low, self.high
        if self.log:
            low, high = math.log10(low), math.log10(high)
            value = math.log10(value) if value > 0 else low
        share = (value - low) / (high - low)
        return start + (end - start) * min(max(share, 0.0), 1.0)

    def label(self, tick: float) -> str:
        """A tick in few characters, all of an axis with the same decimals."""
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else abs(tick) or 1.0
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        if round(step * 10.0**decimals, 6) % 1:  # 0.25
            decimals += 1
        largest = max(abs(self.low), abs(self.high))
        if self.log or decimals > _DECIMALS or largest >= _BIG:
            return short(tick)
        return _minus(f"{tick + 0.0:,.{decimals}f}")


def _nice(step: float) -> float:
    """The next of 1, 2, 2.5, 5, 10 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next((m * power for m in (1, 2, 2.5, 5) if m * power >= step * (1 - 1e-9)), 10 * power)


def short(value: float) -> str:
    """A number in at most four digits, with a true minus: 0.6931, 1,250, 2.5e6."""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= _BIG or size < _SMALL:
        mantissa, _, power = f"{value:.2e}".partition("e")
        mantissa = mantissa.rstrip("0").rstrip(".")
        return _minus(f"{mantissa}e{int(power)}")
    if size >= 1000:
        return _minus(f"{value:,.0f}")
    return _minus(f"{value:.4g}")


def percent(value: float) -> str:
    """A share as people read it, without the sign: 71.2."""
    return _minus(f"{100 * value:.1f}")


def points(value: float) -> str:
    """A difference of shares with its sign: +3.1."""
    text = f"{100 * value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else _minus(text)


def _minus(text: str) -> str:
    return text.replace("-", MINUS)


def thin(line: Sequence[Point], most: int) -> list[Point]:
    """At most ``most`` of the points, in order: both ends, and the extremes of equal stretches.

    Lowest and highest of each stretch are kept, so that no spike of a long run gets lost.

    Args:
        line: Any number of points, by x.
        most: At least 4.
    """
    if most < 4:
        raise ValueError(f"most must be at least 4, got {most}")
    if len(line) <= most:
        return list(line)
    inner = range(1, len(line) - 1)
    stretches = (most - 2) // 2
    kept = {0, len(line) - 1}
    for number in range(stretches):
        begin = 1 + number * len(inner) // stretches
        end = 1 + (number + 1) * len(inner) // stretches
        stretch = range(begin, end)
        kept.add(min(stretch, key=lambda place: line[place][1]))
        kept.add(max(stretch, key=lambda place: line[place][1]))
    return [line[place] for place in sorted(kept)]


def picked(count: int, most: int) -> list[int]:
    """At most ``most`` places out of ``count``, evenly apart, both ends among them."""
    if count <= most:
        return list(range(count))
    return sorted({round(number * (count - 1) / (most - 1)) for number in range(most)})


def running_mean(values: Sequence[float], width: int) -> list[float]:
    """The mean over a window around each value; near the ends the window is cut, both sides alike.

    Args:
        values: Any number.
        width: Of the window, made odd.
    """
    sums = [0.0]
    for value in values:
        sums.append(sums[-1] + value)
    half = max(width, 1) // 2
    means = []
    for place in range(len(values)):
        reach = min(half, place, len(values) - 1 - place)
        begin, end = place - reach, place + reach + 1
        means.append((sums[end] - sums[begin]) / (end - begin))
    return means


def spread(wished: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places for labels: as near as can be to where they belong, in the same order, not touching.

    Args:
        wished: Where they belong.
        gap: The least distance of two; smaller where not all fit otherwise.
        low, high: Where places begin and end.
    """
    if not wished:
        return []
    if len(wished) > 1:
        gap = min(gap, (high - low) / (len(wished) - 1))
    order = sorted(range(len(wished)), key=lambda number: wished[number])
    placed: list[float] = []
    for rank, number in enumerate(order):
        least = placed[-1] + gap if placed else low
        most = high - gap * (len(order) - 1 - rank)
        placed.append(min(max(wished[number], least), max(most, low)))
    found = [0.0] * len(wished)
    for number, place in zip(order, placed, strict=True):
        found[number] = place
    return found
