"""Kinds of arguments: hints, values seen, words; and constraint lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestofn import Problem
from bestofn.probes.calls.boxes import Box, Contradiction
from bestofn.probes.calls.kinds import (
    AnyKind,
    Bool,
    DictOf,
    Float,
    Int,
    Kind,
    ListOf,
    NoneKind,
    SetOf,
    Str,
    TupleOf,
    Union,
    describe,
    fits,
    kind_of,
    merge,
)
from bestofn.probes.calls.layout import Layout
from bestofn.probes.calls.leetcode_constraints import CallConstraints, read_constraints
from bestofn.probes.calls.signature import kind_of_annotation, read_signature, typical_calls
from bestofn.probes.calls.source import docstring_of, parameters_of
from bestofn.probes.calls.traits import charset, read_traits
from bestofn.probes.constraints import parse_relations

INTS = ListOf(element=Int())


@pytest.mark.parametrize(
    ("hint", "kind"),
    [
        ("int", Int()),
        ("List[int]", INTS),
        ("list[list[str]]", ListOf(element=ListOf(element=Str()))),
        ("Optional[str]", Union(options=(Str(), NoneKind()))),
        ("str | None", Union(options=(Str(), NoneKind()))),
        ("typing.Dict[str, float]", DictOf(key=Str(), value=Float())),
        ("Tuple[int, bool]", TupleOf(elements=(Int(), Bool()))),
        ("set[int]", SetOf(element=Int())),
        ("'List[int]'", INTS),
        ("TreeNode", AnyKind()),
        ("List[", AnyKind()),
    ],
)
def test_annotations(hint: str, kind: Kind) -> None:
    assert kind_of_annotation(hint) == kind


@given(st.text(max_size=30))
def test_annotations_never_raise(hint: str) -> None:
    kind_of_annotation(hint)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner)
    | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=6,
)  # fmt: skip


@given(VALUES, VALUES)
def test_a_merged_kind_covers_both(left: object, right: object) -> None:
    merged = merge(kind_of(left), kind_of(right))
    assert fits(merged, left)
    assert fits(merged, right)
    assert describe(merged)


def signature_of(header: str, text: str, seen: list[tuple[object, ...]], **more: bool) -> object:
    problem = Problem(statement=text, starter_code=f"def {header}:\n    pass\n", entry_point="f")
    return read_signature(problem, seen, use_examples=more.get("use_examples", True))


def kinds_of(header: str, text: str, *seen: tuple[object, ...]) -> tuple[str, ...]:
    signature = signature_of(header, text, list(seen))
    assert signature is not None
    return tuple(describe(kind) for kind in signature.kinds)  # type: ignore[attr-defined]


def test_hints_come_before_values_and_values_before_words() -> None:
    assert kinds_of("f(x: float)", "A string.", (1,)) == ("float",)
    assert kinds_of("f(x: list)", "Something.", ([1, 2],)) == ("list[int]",)
    assert kinds_of("f(n)", "A number.", ("a",)) == ("str",)
    assert kinds_of("f(a, b)", "Compare.", ([1], "x"), ([], "y")) == ("list[int]", "str")


@pytest.mark.parametrize(
    ("header", "text", "kinds"),
    [
        ("f(values)", "Given a list of integers, add them.", ("list[int]",)),
        ("f(a, b)", "Take two strings and join them.", ("str", "str")),
        ("f(x, y, z)", "Take three positive integers.", ("int", "int", "int")),
        ("f(lst)", "Return the longest of an array of strings.", ("list[str]",)),
        ("f(n)", "You are given a positive integer n.", ("int",)),
        ("f(grid)", "A matrix of numbers.", ("list[list[int]]",)),
        ("f(s, n)", "Given a string s and a natural number n.", ("str", "int")),
    ],
)
def test_words_and_names(header: str, text: str, kinds: tuple[str, ...]) -> None:
    assert kinds_of(header, text) == kinds


def test_open_types_become_families() -> None:
    problem = Problem(statement="Do it.", starter_code="def f(thing):\n    pass\n", entry_point="f")
    signature = read_signature(problem, [], use_examples=False)
    assert signature is not None
    assert not signature.sure
    assert {"int", "str", "list[int]"} <= {describe(kinds[0]) for kinds in signature.families}


def test_example_lines_are_no_words() -> None:
    problem = Problem(
        statement="Do it.\nf(['a']) == 'secret list of strings'\n>>> f([1])\n'a string'\n",
        starter_code="def f(thing):\n    pass\n",
        entry_point="f",
    )
    signature = read_signature(problem, [], use_examples=False)
    assert signature is not None
    assert "secret" not in signature.text
    assert "string" not in signature.text


def test_slips_among_many_calls_are_left_out() -> None:
    calls = [([1],), ([2, 3],), ("x",), (1, 2)]
    assert typical_calls(calls, 1) == [([1],), ([2, 3],)]


def test_source_that_does_not_parse() -> None:
    code = "class Solution:\n    def f(self, a: List[int], b=1):\n        "
    assert parameters_of(code, "f") == ["a", "b"]
    assert parameters_of(code, "g") is None
    assert docstring_of('def f():\n    "no docstring"', "f") == ""


@given(st.text(max_size=200))
def test_source_never_raises(text: str) -> None:
    parameters_of(text, "f")
    docstring_of("def f():" + text, "f")


def constraints(text: str, **kinds: Kind) -> CallConstraints:
    return read_constraints("Do.\nConstraints:\n" + text, kinds)


def accepts(text: str, kinds: dict[str, Kind], *arguments: object) -> bool:
    read = constraints(text, **kinds)
    assert read.unread == ()
    return Layout(tuple(kinds), tuple(kinds.values()), read).accepts(arguments)


N, K = {"nums": INTS}, {"nums": INTS, "k": Int()}
PAIRS: dict[str, Kind] = {"n": Int(), "queries": ListOf(element=INTS)}
RECORDS = "queries[i] = [l_i, r_i]\n0 <= l_i < r_i < n"


@pytest.mark.parametrize(
    ("text", "kinds", "good", "bad"),
    [
        ("1 <= nums.length <= 3", N, ([1],), ([],)),
        ("0 <= nums[i] <= 10^2", N, ([0, 100],), ([101],)),
        ("1 <= k <= nums.length", K, ([5, 5], 2), ([5, 5], 3)),
        ("n == nums.length\n1 <= nums[i] <= n", N, ([2, 1],), ([3, 1],)),
        ("1 <= nums[i], k <= 5", K, ([5], 1), ([1], 6)),
        ("All the values of nums are unique.", N, ([1, 2],), ([1, 1],)),
        ("nums is sorted in non-decreasing order.", N, ([1, 1, 2],), ([2, 1],)),
        ("nums[i] is either 0 or 1.", N, ([0, 1],), ([2],)),
        ("nums is a permutation of [1..n].", N, ([2, 1],), ([2, 2],)),
        ("nums.length % 2 == 0", N, ([1, 1],), ([1],)),
        ("There is at least one element i where nums[i] == 0.", N, ([1, 0],), ([1],)),
        (RECORDS, PAIRS, (3, [[0, 2]]), (3, [[1, 1]])),
        (RECORDS, PAIRS, (3, [[0, 1], [1, 2]]), (3, [[0, 3]])),
        ("0 <= nums[i] <= 3 for all i >= 1\nnums[0] == -1", N, ([-1, 2],), ([0, 2],)),
        ("s consists of lowercase English letters.", {"s": Str()}, ("ab",), ("aB",)),
        ("1 <= s[i].length <= 2", {"s": ListOf(element=Str())}, (["a"],), (["abc"],)),
        ("s consists of only '(' and ')'", {"s": Str()}, ("()",), ("[]",)),
        ("s does not contain any leading zeros.", {"s": Str()}, ("10",), ("01",)),
        ("k divides nums.length", K, ([1, 1], 2), ([1, 1, 1], 2)),
        ("edges.length == n - 1\nThe input is generated such that edges represents a valid tree.",
         {"edges": ListOf(element=INTS)}, ([[0, 1], [1, 2]],), ([[0, 1], [0, 1]],)),
        ("m == grid.length\nn == grid[i].length\n1 <= m, n <= 2\ngrid[i][j] is 0 or 1.",
         {"grid": ListOf(element=INTS)}, ([[0], [1]],), ([[0, 1, 1]],)),
    ],
)  # fmt: skip
def test_constraint_lines(
    text: str, kinds: dict[str, Kind], good: tuple[object, ...], bad: tuple[object, ...]
) -> None:
    assert accepts(text, kinds, *good)
    assert not accepts(text, kinds, *bad)


def test_what_is_not_understood_is_said() -> None:
    read = constraints("1 <= nums.length <= 3\nnums has exactly one dominant element.", **K)
    assert read.unread == ("nums has exactly one dominant element",)
    assert read.frozen == {"nums"}
    vague = constraints("1 <= k <= 3\nThe input is generated such that it can be done.", **K)
    assert vague.frozen == {"nums", "k"}
    assert constraints("1 <= k <= 3\nThe answer fits into 32 bits.", **K).unread == ()


def test_conditions_are_not_taken_for_rules() -> None:
    read = constraints('words[i] == "prev" or 1 <= int(words[i]) <= 100', words=INTS)
    assert read.rules == ()
    assert len(read.unread) == 1


@given(st.text(max_size=120))
def test_constraints_never_raise(text: str) -> None:
    kinds: dict[str, Kind] = {"nums": INTS, "s": Str(), "k": Int()}
    read = constraints(text, **kinds)
    Layout(tuple(kinds), tuple(kinds.values()), read).accepts(([1], "a", 1))
    read_traits(text)
    charset(text)


@given(st.integers(-5, 5), st.integers(0, 9), st.integers(-5, 15), st.integers(-5, 15))
def test_boxes_keep_every_solution(low: int, width: int, a: int, b: int) -> None:
    relations = parse_relations(f"{low} <= a <= b <= {low + width}\na + b <= {low + width}")
    holds = low <= a <= b <= low + width and a + b <= low + width
    box = Box()
    try:
        box.propagate(relations)
    except Contradiction:
        assert not holds
        return
    inside = all(
        box.get((name, (), "value"))[0] <= value <= box.get((name, (), "value"))[1]
        for name, value in (("a", a), ("b", b))
    )
    assert inside or not holds
