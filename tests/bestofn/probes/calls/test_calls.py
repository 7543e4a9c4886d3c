"""Call probes: valid, repeatable, bounded, and blind to examples when told so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestofn import Problem, TestCase
from bestofn.probes.calls.make import STRESS_ELEMENTS, call_probes
from bestofn.probes.calls.sampling import size_of
from bestofn.probes.types import Probe


def problem(
    signature: str,
    constraints: str,
    *calls: tuple[Any, ...],
    statement: str = "Solve it.",
) -> Problem:
    return Problem(
        statement=f"{statement}\n\nConstraints:\n\n{constraints}\n",
        starter_code=f"class Solution:\n    def f(self, {signature}) -> int:\n        ",
        entry_point="f",
        public_tests=tuple(TestCase(kind="call", input=call, expected=0) for call in calls),
    )


def is_tree(edges: list[list[int]]) -> bool:
    reached = {0}
    for _ in edges:
        reached |= {b for e in edges for a, b in (e, e[::-1]) if a in reached}
    return reached == set(range(len(edges) + 1))


RULES: dict[str, tuple[str, str, tuple[Any, ...], Callable[..., bool]]] = {
    "window": (
        "nums: List[int], k: int",
        "1 <= k <= nums.length <= 10^5\n-10^9 <= nums[i] <= 10^9",
        ([3, -1, 2], 2),
        lambda nums, k: 1 <= k <= len(nums) <= 10**5 and all(abs(x) <= 10**9 for x in nums),
    ),
    "pairs": (
        "n: int, queries: List[List[int]]",
        "1 <= n <= 500\n1 <= queries.length <= 500\nqueries[i] = [l_i, r_i]\n0 <= l_i < r_i <= n",
        (5, [[0, 3], [1, 5]]),
        lambda n, queries: (
            1 <= n <= 500
            and 1 <= len(queries) <= 500
            and all(len(q) == 2 and 0 <= q[0] < q[1] <= n for q in queries)
        ),
    ),
    "parallel": (
        "a: List[int], b: List[int]",
        "n == a.length == b.length\n2 <= n <= 10^5\n1 <= a[i], b[i] <= n",
        ([1, 2], [2, 2]),
        lambda a, b: 2 <= len(a) == len(b) <= 10**5 and all(1 <= x <= len(a) for x in a + b),
    ),
    "text": (
        "s: str, words: List[str]",
        "1 <= s.length <= 10^5\n1 <= words.length <= 50\n1 <= words[i].length <= 10\n"
        "s and words[i] consist of lowercase English letters.\nwords contains distinct strings.",
        ("abc", ["a", "bc"]),
        lambda s, words: (
            s.isalpha()
            and s.islower()
            and 1 <= len(words) == len(set(words)) <= 50
            and all(w.islower() and 1 <= len(w) <= 10 for w in words)
        ),
    ),
    "grid": (
        "grid: List[List[int]], k: int",
        "m == grid.length\nn == grid[i].length\n1 <= m, n <= 1000\ngrid[i][j] is 0 or 1.\n"
        "0 <= k <= 9",
        ([[0, 1], [1, 1]], 3),
        lambda grid, k: (
            1 <= len(grid) <= 1000
            and len({len(row) for row in grid}) == 1
            and 1 <= len(grid[0]) <= 1000
            and {x for row in grid for x in row} <= {0, 1}
            and 0 <= k <= 9
        ),
    ),
    "tree": (
        "edges: List[List[int]]",
        "2 <= n <= 10^4\nedges.length == n - 1\nedges[i].length == 2\n"
        "0 <= edges[i][j] <= n - 1\nIt is guaranteed that edges represents a valid tree.",
        ([[0, 1], [1, 2]],),
        lambda edges: len(edges) > 300 or is_tree(edges),
    ),
    "sorted": (
        "nums: List[int], m: int",
        "2 <= nums.length <= 100\n1 <= nums[i] <= 200\nnums is sorted in strictly increasing order."
        "\n1 <= m <= 2 * nums.length\nnums.length % 2 == 0",
        ([1, 5], 1),
        lambda nums, m: (
            nums == sorted(set(nums))
            and 2 <= len(nums) <= 100
            and len(nums) % 2 == 0
            and nums[0] >= 1
            and nums[-1] <= 200
            and 1 <= m <= 2 * len(nums)
        ),
    ),
    "numerals": (
        "low: str, high: str, x: int",
        "1 <= int(low) <= int(high) <= 10^15\nlow and high consist of only digits.\n"
        "low and high don't have any leading zeros.\n1 <= x <= 400",
        ("1", "12", 3),
        lambda low, high, x: (
            1 <= int(low) <= int(high) <= 10**15
            and low[0] != "0"
            and high[0] != "0"
            and 1 <= x <= 400
        ),
    ),
    "real": (
        "rates: List[float]",
        "1 <= rates.length <= 10\n1.0 <= rates[i] <= 10.0",
        ([2.0, 3.5],),
        lambda rates: (
            1 <= len(rates) <= 10
            and all(isinstance(r, float) and 1 <= r <= 10 for r in rates)
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_every_call_obeys_the_constraints(name: str, seed: int) -> None:
    signature, constraints, shown, obeys = RULES[name]
    probes = call_probes(problem(signature, constraints, shown), seed=seed, stress=2)
    for probe in probes:
        assert obeys(*probe.input), probe
        assert size_of(probe.input) <= STRESS_ELEMENTS
    small = [p for p in probes if p.origin != "stress"]
    assert len(small) >= 30
    assert all(size_of(p.input) < 400 for p in small)


def test_stress_is_at_the_upper_bound() -> None:
    signature, constraints, shown, _ = RULES["window"]
    probes = call_probes(problem(signature, constraints, shown), seed=3)
    large = [p for p in probes if p.origin == "stress"]
    assert len(large) == 4
    assert all(len(p.input[0]) > 90_000 for p in large)
    assert max(max(map(abs, p.input[0])) for p in large) > 9 * 10**8
    assert not [p for p in call_probes(problem(signature, constraints), seed=3, stress=0)
                if p.origin == "stress"]  # fmt: skip


def test_no_stress_where_sizes_are_unknown() -> None:
    open_ended = problem("nums: List[int]", "1 <= nums.length", ([1, 2],))
    assert "stress" not in {p.origin for p in call_probes(open_ended, seed=0)}


@given(
    low=st.integers(-50, 50), width=st.integers(0, 40), shortest=st.integers(0, 4),
    more=st.integers(0, 6), seed=st.integers(0, 99),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_random_bounds_are_kept(low: int, width: int, shortest: int, more: int, seed: int) -> None:
    text = (
        f"{shortest} <= nums.length <= {shortest + more}\n"
        f"{low} <= nums[i] <= {low + width}\n0 <= k <= {width}"
    )
    for probe in call_probes(problem("nums: List[int], k: int", text), seed=seed, stress=1):
        nums, k = probe.input
        assert shortest <= len(nums) <= shortest + more
        assert all(low <= x <= low + width for x in nums)
        assert 0 <= k <= width


def test_the_same_seed_gives_the_same_probes() -> None:
    signature, constraints, shown, _ = RULES["pairs"]
    one = problem(signature, constraints, shown)
    assert call_probes(one, seed=5) == call_probes(one, seed=5)
    assert call_probes(one, seed=5) != call_probes(one, seed=6)


def test_contradictions_give_no_made_up_calls() -> None:
    impossible = problem("k: int", "5 <= k <= 3", (4,))
    assert [p.input for p in call_probes(impossible, seed=0)] == [(4,)]


def test_lines_not_understood_freeze_what_they_name() -> None:
    text = "1 <= nums.length <= 9\n1 <= k <= 9\nnums has exactly one dominant element."
    probes = call_probes(problem("nums: List[int], k: int", text, ([1, 1, 2], 3)), seed=0)
    assert len(probes) > 1
    assert {tuple(p.input[0]) for p in probes} == {(1, 1, 2)}
    vague = text.replace("nums has exactly one", "The input is generated with one")
    only = call_probes(problem("nums: List[int], k: int", vague, ([1, 1, 2], 3)), seed=0)
    assert [p.origin for p in only] == ["public test"]


HUMAN = '''def clean(words, limit):
    """Return the words of a list of strings that are shorter than limit.

    >>> clean(["kiwi", "fig"], 4)
    ['fig']
    >>> clean([], 3)
    []
    """
'''


def human(code: str = HUMAN, entry: str = "clean") -> Problem:
    return Problem(statement=code, starter_code=code, entry_point=entry)


def test_examples_come_first_and_are_trusted() -> None:
    probes = call_probes(human(), seed=0)
    assert [(p.input, p.trusted) for p in probes[:2]] == [
        ((["kiwi", "fig"], 4), True),
        (([], 3), True),
    ]
    assert {p.origin for p in probes[:2]} == {"example"}
    assert not any(p.trusted for p in probes[2:])
    assert {"mutation", "random", "constraint"} <= {p.origin for p in probes}
    for words, limit in (p.input for p in probes):
        assert all(isinstance(word, str) for word in words)
        assert isinstance(limit, int)
        assert limit >= 1


def without_values(probes: list[Probe]) -> str:
    return repr([p.input for p in probes])


def test_without_examples_none_of_their_values_is_used() -> None:
    other = HUMAN.replace("kiwi", "zebra").replace("fig", "yak").replace(", 4)", ", 7)")
    blind = call_probes(human(), seed=0, use_examples=False)
    assert blind
    assert blind == call_probes(human(other), seed=0, use_examples=False)
    assert "example" not in {p.origin for p in blind}


def test_families_where_types_are_open() -> None:
    code = 'def f(thing):\n    """Turn it around."""\n'
    probes = call_probes(human(code, "f"), seed=0, use_examples=False)
    families = Counter(p.family for p in probes)
    assert {"int", "str", "list[int]"} <= set(families)
    for probe in probes:
        if probe.family == "int":
            assert type(probe.input[0]) is int
        if probe.family == "str":
            assert type(probe.input[0]) is str
    hinted = call_probes(human('def f(x: int):\n    """Go."""\n', "f"), seed=0)
    assert {p.family for p in hinted} == {""}


def test_extra_calls_are_probes_and_tell_types() -> None:
    code = 'def f(thing):\n    """Turn it around."""\n'
    calls = [([1, 2],), ([3],), ("slip",), (1, 2)]
    probes = call_probes(human(code, "f"), seed=0, use_examples=False, extra_calls=calls)
    assert [p.input for p in probes if p.origin == "generated test"] == [([1, 2],), ([3],)]
    assert not any(p.trusted for p in probes)
    assert all(isinstance(p.input[0], list) for p in probes)


def test_equal_lengths_and_signs_that_were_seen_are_kept() -> None:
    code = (
        "def f(game, guess):\n"
        '    """Compare.\n    f([1, 2, 3], [1, 2, 9]) == 1\n    f([0], [4]) == 2\n    """\n'
    )
    for probe in call_probes(human(code, "f"), seed=1):
        assert len(probe.input[0]) == len(probe.input[1])
        assert min([0, *probe.input[0], *probe.input[1]]) >= 0


def test_a_fixed_shape_is_kept() -> None:
    code = (
        'def f(date):\n    """Check.\n    f("03-11-2000") == True\n    f("15-01-2012") == False\n'
        '    """\n'
    )
    probes = call_probes(human(code, "f"), seed=1)
    assert len(probes) > 20
    assert all(p.input[0].count("-") == 2 for p in probes)


def test_seen_arguments_are_never_shared() -> None:
    one = human()
    first, again = call_probes(one, seed=0), call_probes(one, seed=0)
    for probe in first:
        assert isinstance(probe.input, tuple)
        probe.input[0].append("changed")
    assert again == call_probes(one, seed=0)


def test_nothing_to_go_by() -> None:
    assert call_probes(Problem(statement="Print it."), seed=0) == []
    assert call_probes(Problem(statement="Do it.", entry_point="f"), seed=0) == []
    bare = call_probes(human("def f():\n    pass\n", "f"), seed=0)
    assert [p.input for p in bare] in ([], [()])


@given(st.text(min_size=1, max_size=200), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_any_statement_is_survived(text: str, seed: int) -> None:
    if text.strip():
        code = f'def f(a, b: int):\n    """{text}"""\n'
        for use_examples in (True, False):
            call_probes(
                Problem(statement=text, starter_code=code, entry_point="f"),
                seed=seed, use_examples=use_examples, small=6, stress=1,
            )  # fmt: skip
