from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bestofn.benchmarks
from bestofn.probes.stdin.format import read_format
from bestofn.probes.stdin.legend import read_legend
from bestofn.probes.stdin.make import stdin_probes
from bestofn.probes.stdin.plain import plain_format
from bestofn.probes.stdin.plan import make_plan
from bestofn.types import Problem, TestCase


def problem(section: str, constraints: str, *samples: str, story: str = "Count.") -> Problem:
    limits = f"Constraints\n\n{constraints}\n\n" if constraints else ""
    return Problem(
        statement=f"{story}\n\nInput\n\n{section}\n\nOutput\n\nPrint it.\n\n{limits}Sample\n\nx",
        public_tests=tuple(TestCase(kind="stdin", input=s, expected="") for s in samples),
    )


@pytest.mark.parametrize(
    ("section", "layout"),
    [
        ("One line: A B", "A B"),
        ("The input is one line with an integer N.", "N"),
        ("The input consists of a single integer N.", "N"),
        ("There is one line with three integers x, y and z.", "x y z"),
        ("The first line contains n, the number of lines.", "n"),
        ("The first line holds n. The last line gives q.", "n\nq"),
        ("A single line containing a string s of length 5.", "s"),
        (
            "The first line has n.\nThe second line contains n integers a_1, ..., a_n separated"
            " by spaces.",
            "n\na_{1} ... a_{n}",
        ),
        (
            "The first line has n (1 <= n <= 9) and k (1 <= k).\nThe second line has n"
            " space-separated integers a_1, a_2, …, a_n, the weights.",
            "n k\na_{1} ... a_{n}",
        ),
        (
            "The first line contains n. The second line contains the array a of n integers.",
            "n\na_{1} ... a_{n}",
        ),
        (
            "The first line holds n and g. Each of the next n lines holds three integers s_i, e_i"
            " and p_i.",
            "n g\ns_1 e_1 p_1\n\\vdots\ns_{n} e_{n} p_{n}",
        ),
        (
            "First line: n and m. Then m lines follow, each containing two integers u and v.",
            "n m\nu_1 v_1\n\\vdots\nu_{m} v_{m}",
        ),
        (
            "The first line contains an integer n, followed by n - 1 lines each containing x.",
            "n\nx_1\n\\vdots\nx_{n-1}",
        ),
        (
            "The first line has r and c. Each of the next r lines has c integers"
            " a_{i,1}, ..., a_{i,c}.",
            "r c\na_{1,1} ... a_{1,c}\n\\vdots\na_{r,1} ... a_{r,c}",
        ),
        (
            "The first line gives the number of test cases, T. The first line of each test case"
            " has n. The second line of each test case has n integers x1, x2, ..., xn.",
            "T\ncase_1\n\\vdots\ncase_T\nEach case has this format\nn\nx_{1} ... x_{n}",
        ),
    ],
)
def test_layouts(section: str, layout: str) -> None:
    found = plain_format({"input": section}, section)
    assert found is not None
    assert found.layout == layout
    assert read_format(layout) is not None


@pytest.mark.parametrize(
    "section",
    [
        "The first line contains n. The next line contains a foo of bars.",
        "The first line contains n. The following n lines describe the trees.",
        "The input contains n on the first line and m on the second line.",
        "The first line contains $n$.",
        "",
    ],
)
def test_lines_that_are_not_understood(section: str) -> None:
    assert plain_format({"input": section}, section) is None


def small(given: Problem) -> list[str]:
    return [str(probe.input) for probe in stdin_probes(given, seed=2, stress=0)]


def test_names_of_people_get_the_characters_that_a_later_sentence_gives_them() -> None:
    given = problem(
        "The first line holds n. Each of the next n lines holds a pilot's name and an integer d.",
        "1 <= n <= 9\nNames have 2 to 4 characters, uppercase letters and digits.\n-5 <= d <= 5",
        "2\nAB 3\nC7D -1\n",
    )
    texts = small(given)
    assert len(texts) >= 10
    for text in texts:
        head, *rows = text.splitlines()
        assert len(rows) == int(head) <= 9
        for name, d in map(str.split, rows):
            assert 2 <= len(name) <= 4
            assert name.isupper() or name.isdigit()
            assert abs(int(d)) <= 5


def test_a_text_whose_characters_nobody_tells_stays() -> None:
    given = problem(
        "The first line holds n.\nEach of the next n lines holds a word and an integer d.",
        "1 <= n <= 9\n0 <= d <= 5",
        "2\nab 3\nba 1\n",
    )
    texts = small(given)
    assert texts
    assert all([row.split()[0] for row in text.splitlines()[1:]] == ["ab", "ba"] for text in texts)


def test_a_map_keeps_to_its_legend() -> None:
    legend = "A map:\n\nS  the start (exactly one)\n.  free\n# ~  walls and water\n\nFind it."
    assert read_legend(legend) == ("S.#~", "S")
    assert read_legend(legend.replace("free", "free, at most 3 of them")) is None
    given = problem(
        "The first line holds r and c. Each of the next r lines holds c characters.",
        "1 <= r, c <= 20",
        "2 3\nS.#\n~..\n",
        story=legend,
    )
    texts = small(given)
    assert len(texts) >= 10
    for text in texts:
        head, *rows = text.splitlines()
        assert [len(rows), len(rows[0])] == [int(t) for t in head.split()]
        assert "".join(rows).count("S") == 1
        assert set("".join(rows)) <= set("S.#~")


@pytest.mark.parametrize(
    "story",
    [
        "The n points are the corners of a polygon.",
        "You are given a tree.",
        "All the numbers are pairwise distinct.",
        "The line never crosses itself.",
    ],
)
def test_a_story_that_binds_values_together_freezes_them(story: str) -> None:
    section = "The first line holds n. Each of the next n lines holds two integers x and y."
    sample = "3\n0 1\n1 0\n2 2\n"
    assert small(problem(section, "1 <= n <= 9\n0 <= x, y <= 9", sample))
    assert not small(problem(section, "1 <= n <= 9\n0 <= x, y <= 9", sample, story=story))


def test_unnamed_lists_keep_their_values() -> None:
    given = problem(
        "The first line holds n and k. The second line holds n integers, the heights.",
        "1 <= n <= 9\n1 <= k <= 9",
        "3 4\n5 1 7\n",
    )
    texts = small(given)
    assert texts
    assert all(text.endswith("\n5 1 7\n") and text.startswith("3 ") for text in texts)


def test_headings_on_the_same_line() -> None:
    statement = "Add.\nInput: One line: A B\nConstraints: 1 <= A <= 5, 1 <= B <= 5\nSample\n1 2"
    given = Problem(
        statement=statement, public_tests=(TestCase(kind="stdin", input="1 2\n", expected="3\n"),)
    )
    texts = small(given)
    assert len(texts) >= 10
    assert all(1 <= int(token) <= 5 for text in texts for token in text.split())


def test_the_demo_is_understood() -> None:
    assert bestofn.benchmarks.__file__ is not None
    folder = Path(bestofn.benchmarks.__file__).parent / "demo"
    counts = {}
    for path in sorted(folder.glob("*/problem.json")):
        row = json.loads(path.read_text())
        if row["entry_point"] is None:
            given = Problem(
                statement=row["statement"],
                public_tests=tuple(
                    TestCase(kind="stdin", input=t["input"], expected=t["expected"])
                    for t in row["public_tests"]
                ),
            )
            assert make_plan(given) is not None, path.parent.name
            counts[path.parent.name] = len(stdin_probes(given, seed=1))
    # The corners of a simple polygon cannot be made up.
    assert counts.pop("orchard-fence") == 0
    assert len(counts) >= 7
    assert all(count >= 25 for count in counts.values()), counts


PIECES = [
    *["The first line holds", "Each of the next n lines contains", "n integers", "a_1, ..., a_n"],
    *["a word", "of n lowercase letters", "(1 <= n", ")", ".", ",", "and", "followed by"],
    *["two integers x and y", "the number of test cases, t", ":", "\n", "Names have 1 to 2 digits"],
]


@given(pieces=st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=25))
@settings(max_examples=150, deadline=None)
def test_odd_prose_never_raises(pieces: list[str]) -> None:
    section = " ".join(pieces)
    plain_format({"input": section, "constraints": section}, section)
    odd = problem(section, section, "2\n1 2\n")
    stdin_probes(odd, seed=0, small=2, stress=0)
