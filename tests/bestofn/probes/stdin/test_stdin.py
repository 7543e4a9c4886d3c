from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestofn.probes.stdin.make import MAX_CHARACTERS, stdin_probes
from bestofn.probes.stdin.plan import make_plan
from bestofn.probes.stdin.text import parse, render
from bestofn.types import Problem, TestCase


def problem(layout: str, constraints: str, *samples: str, story: str = "Count them.") -> Problem:
    statement = (
        f"{story}\n\nInput\n\nIt is given in the following format:\n{layout}\n\nOutput\n\n"
        f"Print the answer.\n\nConstraints\n\n{constraints}\n\nSample Input 1\n\n{samples[0]}"
    )
    tests = tuple(TestCase(kind="stdin", input=sample, expected="") for sample in samples)
    return Problem(statement=statement, public_tests=tests)


ARRAY = problem(
    "N K\nA_1 A_2 \\ldots A_N",
    "- 1 \\leq K \\leq N \\leq 2 \\times 10^5\n- -10^9 \\leq A_i \\leq 10^9\n"
    "- All input values are integers.",
    "3 2\n4 -1 5\n",
)
RANGES = problem(
    "N Q\nS\nL_1 R_1\n\\vdots\nL_Q R_Q",
    "- 1 \\leq N, Q \\leq 1000\n- S is a string of length N consisting of a and b.\n"
    "- 1 \\leq L_i \\leq R_i \\leq N",
    "4 2\nabba\n1 3\n2 2\n",
)
TREE = problem(
    "N\nu_1 v_1\n\\vdots\nu_{N-1} v_{N-1}",
    "- 2 \\leq N \\leq 10^5\n- 1 \\leq u_i < v_i \\leq N\n- The given graph is a tree.",
    "3\n1 2\n1 3\n",
)
GRID = problem(
    "H W\nS_1\n\\vdots\nS_H",
    "- 1 \\leq H, W\n- H \\times W \\leq 5000\n"
    "- S_i is a string of length W consisting of # and ..",
    "2 3\n.#.\n##.\n",
)
QUERIES = problem(
    "N Q\nquery_1\n\\vdots\nquery_Q\n\n"
    "Each query is in one of the following two formats:\n1 x y\n2 x",
    "- 1 \\leq N, Q \\leq 100\n- For each query of the first type, 1 \\leq x \\leq y \\leq N.\n"
    "- For each query of the second type, 5 \\leq x \\leq 9.",
    "3 2\n1 1 3\n2 7\n",
)
DISTINCT = problem(
    "N M\nP_1 \\ldots P_N\nX_1 Y_1\n\\vdots\nX_M Y_M",
    "- 2 \\leq N \\leq 300\n- 1 \\leq M \\leq 50\n- P is a permutation of (1, 2, \\ldots, N).\n"
    "- 1 \\leq X_i, Y_i \\leq 20\n- X_i \\neq Y_i\n- (X_i, Y_i) \\neq (X_j, Y_j) if i \\neq j.",
    "3 2\n2 1 3\n1 2\n2 1\n",
)
CASES = Problem(
    statement=(
        "Sort.\n\nInput\n\nThe first line contains one integer $t$ ($1 \\le t \\le 1000$) — the "
        "number of test cases.\n\nThe first line of each test case contains one integer $n$ "
        "($1 \\le n \\le 500$).\n\nThe second line of each test case contains $n$ integers "
        "$a_1, a_2, \\ldots, a_n$ ($0 \\le a_i \\le n$).\n\nIt is guaranteed that the sum of $n$ "
        "over all test cases does not exceed $600$.\n\nOutput\n\nPrint.\n\nExamples\n\nno more"
    ),
    public_tests=(TestCase(kind="stdin", input="2\n1\n1\n2\n0 2\n", expected=""),),
)
ALL = {
    "array": ARRAY,
    "ranges": RANGES,
    "tree": TREE,
    "grid": GRID,
    "queries": QUERIES,
    "distinct": DISTINCT,
    "cases": CASES,
}


@pytest.mark.parametrize("name", ALL)
def test_enough_probes_that_all_read_back(name: str) -> None:
    plan = make_plan(ALL[name])
    assert plan is not None
    probes = stdin_probes(ALL[name], seed=3)
    small = [probe for probe in probes if probe.origin != "stress"]
    assert len(small) >= 10
    assert len(probes) - len(small) >= 2
    assert len({probe.input for probe in probes}) == len(probes)
    known = {test.input for test in ALL[name].public_tests}
    for probe in probes:
        assert isinstance(probe.input, str)
        assert not probe.trusted
        assert probe.input not in known
        assert len(probe.input) <= MAX_CHARACTERS
        env = parse(probe.input, plan.rules.grammar)
        assert render(plan.rules.grammar, env) == probe.input
    assert max(len(probe.input) for probe in small) < 2000


@given(seed=st.integers(0, 10**6), name=st.sampled_from(sorted(ALL)))
@settings(max_examples=10, deadline=None)
def test_equal_seeds_give_equal_probes(seed: int, name: str) -> None:
    first = stdin_probes(ALL[name], seed=seed, small=6, stress=1)
    assert first == stdin_probes(ALL[name], seed=seed, small=6, stress=1)
    assert len(first) <= 7


def numbers(text: str) -> list[list[int]]:
    return [[int(token) for token in line.split()] for line in text.splitlines()]


@given(seed=st.integers(0, 10**6))
@settings(max_examples=6, deadline=None)
def test_the_constraints_hold(seed: int) -> None:
    for probe in stdin_probes(ARRAY, seed=seed, stress=2):
        (n, k), values = numbers(str(probe.input))
        assert 1 <= k <= n == len(values) <= 200_000
        assert all(abs(value) <= 10**9 for value in values)
    for probe in stdin_probes(RANGES, seed=seed, stress=1):
        header, text, *pairs = str(probe.input).splitlines()
        n, q = map(int, header.split())
        assert len(text) == n
        assert set(text) <= {"a", "b"}
        assert len(pairs) == q
        assert all(1 <= left <= right <= n for left, right in (map(int, p.split()) for p in pairs))
    for probe in stdin_probes(GRID, seed=seed, stress=1):
        header, *rows = str(probe.input).splitlines()
        h, w = map(int, header.split())
        assert len(rows) == h
        assert h * w <= 5000
        assert all(len(row) == w and set(row) <= {"#", "."} for row in rows)
    for probe in stdin_probes(DISTINCT, seed=seed, stress=1):
        (n, m), order, *pairs = numbers(str(probe.input))
        assert sorted(order) == list(range(1, n + 1))
        assert len(pairs) == m == len(set(map(tuple, pairs)))
        assert all(x != y and min(x, y) >= 1 and max(x, y) <= 20 for x, y in pairs)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=6, deadline=None)
def test_trees_are_trees(seed: int) -> None:
    for probe in stdin_probes(TREE, seed=seed, stress=1):
        (n,), *edges = numbers(str(probe.input))
        assert len(edges) == n - 1
        reached = {1}
        by_end: dict[int, list[int]] = {}
        for u, v in edges:
            assert 1 <= u < v <= n
            by_end.setdefault(u, []).append(v)
            by_end.setdefault(v, []).append(u)
        front = [1]
        while front:
            for other in by_end.get(front.pop(), []):
                if other not in reached:
                    reached.add(other)
                    front.append(other)
        assert len(reached) == n


@given(seed=st.integers(0, 10**6))
@settings(max_examples=6, deadline=None)
def test_queries_and_cases_obey_their_own_constraints(seed: int) -> None:
    for probe in stdin_probes(QUERIES, seed=seed, stress=1):
        (n, q), *queries = numbers(str(probe.input))
        assert len(queries) == q
        for kind, *rest in queries:
            if kind == 1:
                assert 1 <= rest[0] <= rest[1] <= n
            else:
                assert kind == 2
                assert 5 <= rest[0] <= 9
    for probe in stdin_probes(CASES, seed=seed, stress=3):
        tokens = [int(token) for token in str(probe.input).split()]
        total, place = 0, 1
        for _ in range(tokens[0]):
            n = tokens[place]
            assert all(0 <= value <= n for value in tokens[place + 1 : place + 1 + n])
            total, place = total + n, place + 1 + n
        assert place == len(tokens)
        assert total <= 600


def test_the_least_sizes_and_the_bounds_are_tried() -> None:
    probes = [str(probe.input) for probe in stdin_probes(ARRAY, seed=0)]
    assert any(text.startswith("1 1\n") for text in probes)
    assert any(text.startswith("200000 ") for text in probes)
    assert any("1000000000" in text for text in probes)


def test_nothing_asked_nothing_made() -> None:
    assert stdin_probes(ARRAY, seed=1, small=0, stress=0) == []


@pytest.mark.parametrize(
    "constraints",
    [
        "- 1 \\leq N \\leq 5\n- 6 \\leq A_i \\leq 9",  # the sample says otherwise
        "- 1 \\leq N \\leq 5\n- It is possible to read everything.",
        "- 1 \\leq N \\leq 5\n- A_i is a string of length 9 consisting of z.",
    ],
)
def test_statements_that_the_samples_do_not_bear_out_are_not_used(constraints: str) -> None:
    assert make_plan(problem("N\nA_1 \\ldots A_N", constraints, "2\n1 2\n")) is None


def test_without_samples_or_format_there_is_no_plan() -> None:
    bare = Problem(statement=ARRAY.statement)
    assert make_plan(bare) is None
    assert stdin_probes(bare, seed=0) == []
    other = Problem(statement="Print the sum of the two numbers.", public_tests=ARRAY.public_tests)
    assert make_plan(other) is None
    called = Problem(
        statement=ARRAY.statement,
        entry_point="f",
        public_tests=(TestCase(kind="call", input=(1,), expected=1),),
    )
    assert stdin_probes(called, seed=0) == []


def test_what_was_not_understood_keeps_the_values_of_the_sample() -> None:
    given = problem(
        "N K\nA_1 \\ldots A_N",
        "- 1 \\leq N \\leq 5\n- 0 \\leq A_i \\leq 99\n- K is a Carmichael number.",
        "3 561\n7 8 9\n",
    )
    probes = stdin_probes(given, seed=0)
    assert len(probes) >= 10
    assert {probe.origin for probe in probes} == {"mutation"}
    assert all(str(probe.input).startswith("3 561\n") for probe in probes)


def test_a_condition_on_a_query_freezes_all_of_it() -> None:
    given = problem(
        "Q\nquery_1\n\\vdots\nquery_Q\n\nEach query is in one of these formats:\n1 x\n2 y",
        "- 1 \\leq Q \\leq 9\n- 1 \\leq x, y \\leq 9\n- When a query comes, y is in the bag.",
        "2\n1 3\n2 3\n",
    )
    assert stdin_probes(given, seed=0) == []


def test_it_is_fast() -> None:
    start = time.process_time()
    for one in ALL.values():
        stdin_probes(one, seed=5)
    assert time.process_time() - start < 1.0 * len(ALL)


LINES = sorted({line for one in ALL.values() for line in one.statement.splitlines()})


@given(
    lines=st.lists(st.sampled_from(LINES) | st.text(max_size=12), max_size=30),
    name=st.sampled_from(sorted(ALL)),
)
@settings(max_examples=50, deadline=None)
def test_shuffled_statements_never_raise(lines: list[str], name: str) -> None:
    text = "\n".join(lines) + "\nInput"
    for statement in (text, ALL[name].statement + "\n" + text, text + ALL[name].statement):
        odd = Problem(statement=statement, public_tests=ALL[name].public_tests)
        stdin_probes(odd, seed=0, small=3, stress=0)


@given(cut=st.integers(0, 2000), width=st.integers(1, 30), name=st.sampled_from(sorted(ALL)))
@settings(max_examples=50, deadline=None)
def test_damaged_statements_never_raise(cut: int, width: int, name: str) -> None:
    statement = ALL[name].statement
    damaged = statement[:cut] + statement[cut + width :]
    odd = Problem(statement=damaged, public_tests=ALL[name].public_tests)
    for probe in stdin_probes(odd, seed=0, small=3, stress=1):
        assert len(probe.input) <= MAX_CHARACTERS
