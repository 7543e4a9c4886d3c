from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestofn.probes.stdin.format import read_format
from bestofn.probes.stdin.prose import prose_format
from bestofn.probes.stdin.text import LayoutMismatch, parse, render

LAYOUTS = {
    "scalars": ("N M\nK", ["3 4\n5\n"], ["3 4\n", "3 4\n5 6\n"]),
    "list": ("N\nA_1 A_2 \\ldots A_N", ["3\n1 2 3\n", "1\n7\n"], ["3\n1 2\n"]),
    "short list": ("N\nA_1 \\cdots A_{N-1}", ["3\n1 2\n"], ["3\n1 2 3\n"]),
    "from zero": ("N M\nA_0 A_1 \\dots A_{N-1}\nB_1 \\dots B_M", ["2 1\n5 6\n7\n"], []),
    "records": ("M\nu_1 v_1\nu_2 v_2\n\\vdots\nu_M v_M", ["2\n1 2\n3 4\n", "0\n"], ["2\n1 2\n3\n"]),
    "one record shown": ("N\nA_1 B_1\n\\vdots\nA_N B_N", ["2\n1 2\n3 4\n"], []),
    "tree": ("N\nu_1 v_1\n\\vdots\nu_{N-1} v_{N-1}\nC_1 \\ldots C_N", ["2\n1 2\n5 6\n"], ["2\n"]),
    "rows of text": ("H W\nS_1\n\\vdots\nS_H", ["2 2\n.#\n##\n"], ["2 2\n.#\n"]),
    "joined cells": (
        "H W\nA_{1,1}A_{1,2}\\cdotsA_{1,W}\n\\vdots\nA_{H,1}A_{H,2}\\ldots A_{H,W}",
        ["2 3\n.#.\n###\n"],
        ["2 3\n.#\n###\n"],
    ),
    "brackets": (
        "N\nP[0][0]P[0][1]\\dots P[0][N-1]\n\\vdots\nP[N-1][0]P[N-1][1]\\dots P[N-1][N-1]",
        ["2\nab\ncd\n"],
        ["2\nabc\ncde\n"],
    ),
    "table": (
        "H W\nA _ {1,1} \\ldots A _ {1,W}\n\\vdots\nA _ {H,1} \\ldots A _ {H,W}",
        ["2 3\n1 2 3\n4 5 6\n"],
        ["2 3\n1 2 3\n"],
    ),
    "triangle": (
        "N\nA_{1,1}\nA_{2,1} A_{2,2}\n\\vdots\nA_{N,1} A_{N,2} \\ldots A_{N,N}",
        ["3\n1\n2 3\n4 5 6\n"],
        ["3\n1 2 3\n4 5 6\n7 8 9\n"],
    ),
    "ragged": (
        "N\nK_1 A_{1,1} \\ldots A_{1,K_1}\n\\vdots\nK_N A_{N,1} \\ldots A_{N,K_N}",
        ["2\n1 5\n3 1 2 3\n"],
        ["2\n1 5\n3 1 2\n"],
    ),
    "ragged over two lines": (
        "N\nK_1\nA_{1,1} \\ldots A_{1,K_1}\nK_2\nA_{2,1} \\ldots A_{2,K_2}\n\\vdots\n"
        "K_N\nA_{N,1} \\ldots A_{N,K_N}",
        ["2\n1\n5\n3\n1 2 3\n"],
        [],
    ),
    "queries": (
        "Q\n\\mathrm{query}_1\n\\vdots\n\\mathrm{query}_Q\n\nEach query has one of these formats:\n"
        "1 x y\n2 x",
        ["2\n1 5 6\n2 7\n"],
        ["1\n3 5\n", "1\n1 5\n"],
    ),
    "queries of one kind": (
        "Q\n\\text{query}_1\n\\vdots\n\\text{query}_Q\nEach query is given as follows:\na b",
        ["2\n1 2\n3 4\n"],
        [],
    ),
    "cases": (
        "T\ncase_1\n\\vdots\ncase_T\nEach case is given in the following format:\n"
        "N\nA_1 \\ldots A_N",
        ["2\n1\n5\n2\n6 7\n"],
        ["2\n1\n5\n"],
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(name: str) -> None:
    section, good, bad = LAYOUTS[name]
    grammar = read_format("It is given in the following format:\n" + section)
    assert grammar is not None
    for text in good:
        env = parse(text, grammar)
        assert render(grammar, env).split() == text.split()
        assert render(grammar, parse(render(grammar, env), grammar)) == render(grammar, env)
    for text in bad:
        with pytest.raises(LayoutMismatch):
            parse(text, grammar)


@pytest.mark.parametrize(
    "section",
    [
        "",
        "The program reads nothing.",
        "N\nA_1 ... B_N",
        "\\vdots",
        "N\n\\vdots\nM",
        "A_1 A_2 \\ldots",
        "Q\nquery_1\n\\vdots\nquery_Q",
        "N N",
    ],
)
def test_what_cannot_be_read_is_none(section: str) -> None:
    assert read_format(section) is None


@given(st.text(alphabet="NA_12{},.\\ldots v\n", max_size=60), st.text("12 \n", max_size=20))
def test_no_format_is_too_odd(section: str, text: str) -> None:
    grammar = read_format(section)
    if grammar is not None:
        try:
            env = parse(text, grammar)
        except LayoutMismatch:
            return
        assert render(grammar, env).split() == text.split()


def test_prose() -> None:
    section = (
        "The first line contains one integer $t$ ($1 \\le t \\le 9$) — the number of test cases.\n"
        "The first line of each test case contains two integers $n$ and $m$ ($1 \\le n \\le 5$, "
        "$0 \\le m \\le 4$) — the sizes.\n"
        "The second line of each test case contains $n$ integers $a_1, a_2, \\ldots, a_n$ "
        "($1 \\le a_i \\le n$), all of them distinct.\n"
        "Each of the next $m$ lines contains two integers $u_i$ and $v_i$ ($1 \\le u_i \\le n$).\n"
        "The last line of each test case contains a binary string $s$ of length $n$."
    )
    found = prose_format(section)
    assert found is not None
    layout, conditions = found
    grammar = read_format(layout)
    assert grammar is not None
    text = "1\n2 1\n1 2\n1 2\n01\n"
    assert render(grammar, parse(text, grammar)).split() == text.split()
    assert "$1 \\le a_i \\le n$" in conditions
    assert any("distinct" in condition for condition in conditions)
    assert any("consists of 0 and 1" in condition for condition in conditions)


def test_prose_that_is_not_understood_is_none() -> None:
    assert prose_format("The first line contains something about the weather.") is None
    assert prose_format("") is None
