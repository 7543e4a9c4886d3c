from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestofn.probes.constraints import normalise, parse_bounds, parse_chains, parse_relations
from bestofn.probes.expressions import Ref, parse_ref


def ends(text: str, **values: int) -> dict[str, tuple[int | None, int | None]]:
    def lookup(ref: Ref) -> int | None:
        return values.get(str(ref))

    return {
        bound.name: (
            bound.low.value(lookup) if bound.low else None,
            bound.high.value(lookup) if bound.high else None,
        )
        for bound in parse_bounds(text)
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"- 1 \leq N \leq 2 \times 10^5", {"N": (1, 200_000)}),
        ("1 ≤ n ≤ 10^5", {"n": (1, 100_000)}),
        (r"($1 \leq n \leq 150\,000$)", {"n": (1, 150_000)}),
        (r"-10^9 \le A_i \le 10^{9}", {"A_i": (-(10**9), 10**9)}),
        (r"1\leq H,W \leq 300", {"H": (1, 300), "W": (1, 300)}),
        ("0 < x < 10", {"x": (1, 9)}),
        ("10 >= y > 3", {"y": (4, 10)}),
        (r"|x_i|,|y_i| \leq 5", {"|x_i|": (None, 5), "|y_i|": (None, 5)}),
        ("1 <= nums.length <= 10^5", {"nums.length": (1, 100_000)}),
        ("1 <= queries[i][0] <= 7", {"queries[i][0]": (1, 7)}),
        ("1 <= s.length <= 1,000", {"s.length": (1, 1000)}),
        ("1 <= n == nums.length <= 50", {"n": (1, 50), "nums.length": (1, 50)}),
        (r"1 \le \sum_{i=1}^{N} A_i \le 50", {"sum(A_i)": (1, 50)}),
        (r"0 \lt a_1 \lt a_2 \lt \cdots \lt a_K \lt 9", {"a_i": (1, 8)}),
        ("1 <= x <= 2^{60} - 1", {"x": (1, 2**60 - 1)}),
        ("just words", {}),
        ("a <= ", {}),
    ],
)
def test_ends(text: str, expected: dict[str, tuple[int | None, int | None]]) -> None:
    assert ends(text) == expected


def test_chains_give_every_name_the_outer_ends() -> None:
    found = ends(r"1 \leq L \leq R \leq N", N=9)
    assert found["L"] == (1, 9)
    assert found["R"] == (1, 9)
    assert found["N"] == (1, None)


@pytest.mark.parametrize(
    ("text", "values", "high"),
    [
        (r"M \leq \dfrac{N(N-1)}2", {"N": 5}, 10),
        (r"0 \leq M \leq \min \left(N, 3 \right)", {"N": 5}, 3),
        (r"M \leq \min \lbrace 2N, 30 \rbrace", {"N": 5}, 10),
        ("M < nums.length", {"nums.length": 4}, 3),
    ],
)
def test_symbolic_ends(text: str, values: dict[str, int], high: int) -> None:
    assert ends(text, **values)["M"][1] == high


def test_a_comma_may_end_a_chain() -> None:
    assert ends("1 <= N <= 5, 2 <= M <= 6") == {"N": (1, 5), "M": (2, 6)}
    relations = parse_relations(r"1 \leq X_i, Y_i \leq N, X_i \neq Y_i")
    assert [relation.op for relation in relations].count("!=") == 1


def test_prose_around_an_inequality_is_skipped() -> None:
    assert ends("For each query of the first kind, 1 <= u, v <= 8 and so on") == {
        "u": (1, 8),
        "v": (1, 8),
    }


def test_names() -> None:
    ref = parse_ref("A_{i,j}")
    assert (ref.base, ref.subs) == ("A", ("i", "j"))
    ref = parse_ref("nums[i].length")
    assert (ref.base, ref.subs, ref.measure) == ("nums", ("i",), "length")
    assert parse_ref("min_sum").base == "min_sum"
    assert normalise("u _ {M _ G}") == "u_{M_G}"


STYLES = st.sampled_from(
    ["{} <= {} <= {}", r"${} \leq {} \leq {}$", "- {} ≤ {} ≤ {}", r"{}\le {}\le {}"]
)


@given(low=st.integers(-(10**18), 10**18), high=st.integers(0, 10**18), style=STYLES)
def test_written_bounds_are_read_back(low: int, high: int, style: str) -> None:
    assert ends(style.format(low, "K", high)) == {"K": (low, high)}


@given(st.text(alphabet="01N A_i{}()<>=!|+-*/^,.$\\leqtms\n²٣", max_size=60))
def test_no_text_is_too_odd(text: str) -> None:
    for chain in parse_chains(text):
        assert len(chain.groups) == len(chain.ops) + 1
    for bound in parse_bounds(text):
        for end in (bound.low, bound.high):
            if end is not None:
                end.value(lambda ref: 3)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "1 <= x",
        "1" * 6000 + " <= x",
        "-" * 5000 + "1 <= x",
        "1+" * 5000 + "1 <= x",
        "2^2^2^9999 <= x",
        "9^(9^99) <= x",
    ],
)
def test_hostile_arithmetic_ends(text: str) -> None:
    for bound in parse_bounds(text):
        if bound.low is not None:
            bound.low.value()
