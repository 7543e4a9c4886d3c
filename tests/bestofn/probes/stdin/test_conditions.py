from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestofn.probes.stdin.conditions import read_facts
from bestofn.probes.stdin.facts import Facts
from bestofn.probes.stdin.statement import sections, sentences


def facts(line: str, *names: str) -> Facts:
    return read_facts([line], names)


def lengths(found: Facts) -> list[tuple[str, int | None, int | None]]:
    return [
        (b.ref.base, b.low.value() if b.low else None, b.high.value() if b.high else None)
        for b, _ in found.bounds
        if b.ref.measure == "length"
    ]


@pytest.mark.parametrize(
    ("line", "characters"),
    [
        ("S is a string consisting of lowercase English letters", "abcdefghijklmnopqrstuvwxyz"),
        ("S is a string consisting of x, y, and .", ".xy"),
        ("S consists of `0` and `1`", "01"),
        ("Each character of S is # or .", "#."),
        ("S is one of A,B, or C", "ABC"),
        ("S is a string of digits from 1 through 3", "123"),
        ("S consists of digits from 1 through 3", "123"),
    ],
)
def test_alphabets(line: str, characters: str) -> None:
    found = facts(line, "S")
    assert found.alphabets == {"S": characters}
    assert not found.frozen


def test_words() -> None:
    assert facts("C_i is Left or Right", "C").words == {"C": ("Left", "Right")}


def test_lengths() -> None:
    line = "S is a string of length between 2 and 7, inclusive, consisting of uppercase letters"
    assert lengths(facts(line, "S")) == [("S", 2, 7)]
    assert lengths(facts("The length of S is 4", "S")) == [("S", 4, 4)]
    found = facts("The lengths of S and T are equal and between 1 and 9", "S", "T")
    assert lengths(found) == [("S", 1, 9), ("T", 1, 9)]
    assert any(relation.op == "==" for relation, _ in found.relations())


def test_integers_in_words() -> None:
    (bound, _), *_ = facts("N is an integer between 3 and 5, inclusive", "N").bounds
    assert bound.low is not None
    assert bound.high is not None
    assert (bound.low.value(), bound.high.value()) == (3, 5)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("All P_i are distinct", [("joint", ("P",))]),
        (r"P_i \neq P_j (i \neq j)", [("joint", ("P",))]),
        (r"i \neq j \implies P_i \neq P_j", [("joint", ("P",))]),
        (r"(P_i, Q_i) \neq (P_j, Q_j) if i \neq j", [("tuple", ("P", "Q"))]),
        (
            r"i \neq j \implies \lbrace P_i, Q_i \rbrace \neq \lbrace P_j, Q_j \rbrace",
            [("set", ("P", "Q"))],
        ),
        ("The pairs (P_i, Q_i) are distinct", [("tuple", ("P", "Q"))]),
    ],
)
def test_distinct(line: str, expected: list[tuple[str, tuple[str, ...]]]) -> None:
    found = facts(line, "P", "Q")
    assert found.distinct == expected
    assert not found.frozen


def test_graphs_order_parity_totals_and_permutations() -> None:
    assert facts("The given graph is a tree", "u", "v").tree
    both = facts("The given graph is simple and connected", "u", "v")
    assert both.simple
    assert both.connected
    assert facts(r"1 \leq T_1 < T_2 < \dots < T_N \leq 9", "T", "N").ordered == {"T": True}
    assert facts("N is odd", "N").parity == {"N": 1}
    assert facts("P is a permutation of (1, 2, ..., N)", "P", "N").permutations == {"P"}
    total = facts("The sum of N over all test cases does not exceed 100", "N").totals
    assert [(ref.base, limit.value()) for ref, limit in total] == [("N", 100)]


def test_queries_may_have_constraints_of_their_own() -> None:
    found = facts("For each query of the second type, 1 <= x <= 4", "x")
    assert [kinds for _, kinds in found.bounds] == [frozenset({1})]


@pytest.mark.parametrize(
    "line",
    [
        "S contains at least one vowel",
        "1 <= B <= 9 or B = -1",
        "B is a prime",
        "There is an arithmetic sequence that begins with B",
        "B and S describe a reachable state",
    ],
)
def test_what_is_not_understood_freezes_what_it_mentions(line: str) -> None:
    found = facts(line, "B", "S")
    assert found.frozen
    assert not found.bounds
    assert not found.alphabets


def test_a_condition_on_nothing_known_is_doubtful() -> None:
    assert facts("It is possible to read everything", "N").doubtful
    assert not facts("All values in the input are integers, except for S", "N").doubtful


def test_sections() -> None:
    text = (
        "Add.\n\nInput\n\nN\r\n\nConstraints\n\n- 1 <= N\n\n"
        "Output\n\nIt.Sample Input 1:\n5\nInput\n"
    )
    found = sections(text)
    assert found["input"].strip() == "N"
    assert sentences(found["constraints"]) == ["1 <= N"]
    assert "5" not in "".join(found.values())


def test_sentences_keep_a_full_stop_that_is_a_character() -> None:
    assert sentences("- S consists of # and ..\n- N is odd. M is even.") == [
        "S consists of # and .",
        "N is odd",
        "M is even",
    ]


@given(st.text(alphabet="SN123 ,.()|<>=+{}_i\\\ue000abcdefghilnorst", max_size=80))
def test_no_sentence_is_too_odd(text: str) -> None:
    read_facts(sentences(text), ["S", "N", "A"])
