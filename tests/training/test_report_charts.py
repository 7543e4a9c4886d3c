"""Charts: geometry inside the picture, texts escaped, numbers where they belong."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from bestofn_training.report.charts import (
    WIDTH,
    Frame,
    Line,
    band_chart,
    histograms,
    line_chart,
)
from bestofn_training.report.intervals import Bar, interval_chart
from hypothesis import given, settings
from hypothesis import strategies as st

FRAME = Frame(id="c", title="A <title>", text='Said & "done"', x="updates")
EVIL = '</svg><script>alert("x")</script>'

values = st.floats(-1e9, 1e9).filter(lambda value: value == 0 or abs(value) > 1e-9)
series = st.lists(st.lists(values, min_size=1, max_size=60), min_size=1, max_size=16)


def parsed(svg: object) -> ElementTree.Element:
    """The chart, after what must hold of every one."""
    text = str(svg)
    assert "nan" not in re.sub(r">[^<]*<", "><", text).lower()
    assert "inf" not in re.sub(r">[^<]*<", "><", text).lower()
    root = ElementTree.fromstring(text)
    assert root.get("role") == "img"
    names = (root.get("aria-labelledby") or "").split()
    assert [root[0].get("id"), root[1].get("id")] == names
    assert (root[0].text, root[1].text) == (FRAME.title, FRAME.text)
    left, top, width, height = map(float, (root.get("viewBox") or "").split())
    assert (left, top, width) == (0, 0, WIDTH)
    for x, y in coordinates(root):
        assert -0.1 <= x <= width + 0.1
        assert -0.1 <= y <= height + 0.1
    return root


def coordinates(root: ElementTree.Element) -> list[tuple[float, float]]:
    """Every place that something is drawn at."""
    found: list[tuple[float, float]] = []
    for element in root.iter():
        at = element.attrib
        if "points" in at:
            found += [tuple(map(float, pair.split(","))) for pair in at["points"].split()]
        for names in (("x", "y"), ("cx", "cy")):
            if names[0] in at:
                x, y = (float(at[name]) for name in names)
                found.append((x, y))
                if "width" in at:
                    found.append((x + float(at["width"]), y + float(at["height"])))
        if "d" in at:
            start = re.match(r"M([\d.]+) ([\d.]+)", at["d"])
            assert start is not None
            x, y = map(float, start.groups())
            found.append((x, y))
            found += [(float(end), y) for end in re.findall(r"H([\d.]+)", at["d"])]
            found += [(x, float(end)) for end in re.findall(r"V([\d.]+)", at["d"])]
            found += [(float(a), float(b)) for a, b in re.findall(r"L([\d.]+) ([\d.]+)", at["d"])]
    return found


def texts(root: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in root.iter("text")]


@given(series, st.booleans(), st.booleans(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_lines_of_any_numbers_stay_inside(
    rows: list[list[float]], named: bool, log: bool, zero: bool
) -> None:
    lines = [
        Line(points=list(enumerate(map(float, row))), name=f"line {n}" if named else "")
        for n, row in enumerate(rows)
    ]
    root = parsed(line_chart(FRAME, lines, log=log, zero=zero, most=200))
    drawn = [*root.iter("polyline"), *root.iter("circle")]
    assert len(drawn) == len(rows)
    shown = [text for text in texts(root) if text.startswith("line ")]
    assert len(shown) == (min(len(rows), 12) if named else 0)


@given(st.lists(st.lists(values, min_size=5, max_size=5).map(sorted), min_size=1, max_size=60))
@settings(max_examples=40, deadline=None)
def test_bands_of_any_numbers_stay_inside(rows: list[list[float]]) -> None:
    root = parsed(band_chart(FRAME, [float(n) for n in range(len(rows))], rows))
    assert len(list(root.iter("polygon"))) == 2


@given(st.dictionaries(st.sampled_from(["start", "middle", "end"]),
                       st.lists(values, min_size=1, max_size=80), min_size=1))  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_histograms_of_any_numbers_stay_inside(sets: dict[str, list[float]]) -> None:
    root = parsed(histograms(FRAME, sets))
    assert set(sets) <= set(texts(root))
    assert len(list(root.iter("rect"))) >= len(sets)


shares = st.lists(st.floats(0, 1), min_size=3, max_size=3).map(lambda s: tuple(sorted(s)))


@given(st.lists(st.none() | shares, min_size=1, max_size=9))
@settings(max_examples=40, deadline=None)
def test_intervals_stay_inside_and_absent_ones_are_said(
    spans: list[tuple[float, float, float] | None],
) -> None:
    bars = [
        Bar(name=f"run {n}", span=span, missing="not measured", baseline=n == 0)
        for n, span in enumerate(spans)
    ]
    root = parsed(interval_chart(FRAME, bars))
    said = texts(root)
    assert [text for text in said if text.startswith("run ")] == [bar.name for bar in bars]
    assert said.count("not measured") == spans.count(None)
    assert len(list(root.iter("circle"))) == len(spans) - spans.count(None)


def test_a_rising_line_rises_on_the_page() -> None:
    root = parsed(line_chart(FRAME, [Line(points=[(1, 0.0), (2, 5.0), (3, 10.0)])]))
    (line,) = root.iter("polyline")
    (x1, y1), (x2, y2), (x3, y3) = coordinates(ElementTree.fromstring(ElementTree.tostring(line)))
    assert x1 < x2 < x3
    assert y1 > y2 > y3
    assert y1 - y2 == pytest.approx(y2 - y3)


def test_a_heavier_bin_has_a_higher_bar() -> None:
    root = parsed(histograms(FRAME, {"end": [0.0] * 9 + [1.0] * 3}))
    first, last = (float(rect.get("height") or 0) for rect in root.iter("rect"))
    assert first == pytest.approx(3 * last, rel=0.01)


def test_a_long_line_is_thinned_but_keeps_its_spike() -> None:
    points = [(float(n), 1000.0 if n == 7777 else float(n % 3)) for n in range(20_000)]
    svg = line_chart(FRAME, [Line(points=points)], most=300)
    assert len(svg) < 8_000
    plain = line_chart(FRAME, [Line(points=[p for p in points if p[1] < 1000])], most=300)
    assert svg != plain
    (line,) = parsed(svg).iter("polyline")
    tops = [float(pair.split(",")[1]) for pair in (line.get("points") or "").split()]
    assert tops.count(min(tops)) == 1


def test_no_text_can_break_out() -> None:
    lines = [Line(points=[(0, 1.0), (1, 2.0)], name=EVIL), Line(points=[(0, 1.0)], name=EVIL)]
    for svg in (
        line_chart(FRAME, lines),
        histograms(FRAME, {EVIL: [1.0, 2.0]}),
        interval_chart(FRAME, [Bar(name=EVIL, span=(0, 0.5, 1)), Bar(name="b", span=None,
                                                                    missing=EVIL)]),
    ):  # fmt: skip
        assert "<script" not in svg
        parsed(svg)
