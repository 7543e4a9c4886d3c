"""What the embedded judge makes of a problem that has a checker."""

from __future__ import annotations

from dataclasses import replace

from bestofn import Problem, select

PROMPT = '''\
def summands(n: int) -> list:
    """Two positive numbers that sum to n.

    >>> summands(7)
    [3, 4]
    >>> summands(9)
    [4, 5]
    """
'''
CHECKER = """\
def check(input, expected, output):
    return type(output) is list and len(output) == 2 and sum(output) == input[0]
"""
PROBLEM = Problem(statement=PROMPT, starter_code=PROMPT, entry_point="summands")
AS_SHOWN = PROMPT + "    return [n // 2, n - n // 2]\n"
OTHERWISE = [
    PROMPT + "    return [1, n - 1]\n",
    PROMPT + "    first = 1\n    return [first, n - first]\n",
]


def test_another_answer_than_the_shown_one_counts_against_nobody_where_several_are_right() -> None:
    one_answer = select(PROBLEM, [AS_SHOWN, *OTHERWISE])
    assert one_answer.best.code == AS_SHOWN
    several = select(replace(PROBLEM, checker=CHECKER), [AS_SHOWN, *OTHERWISE])
    assert several.best.code in OTHERWISE  # the larger group
