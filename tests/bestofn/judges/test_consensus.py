"""The parts of the consensus judge, with numbers by hand."""

from __future__ import annotations

from typing import Any

import pytest

from bestofn import Candidate, Problem, aselect
from bestofn.judges.agreement import CONSTANT, ECHO, IDLE, MISFIT, UNREAD
from bestofn.judges.consensus import (
    STRESS_FAILED,
    _answer_evidence,
    _group_scores,
    _idle_apart,
    _own_evidence,
)
from bestofn.judges.evidence import Seen, _answerable, _voices
from bestofn.judges.groups import Grouping
from bestofn.judges.observe import Behaviour, Row, answer_key
from bestofn.judges.reading import Reading
from bestofn.probes import Probe

ERROR = Behaviour("!exception", "exception")


def answers(*values: object, misfit: bool = False) -> Row:
    return tuple(Behaviour(answer_key(value), misfit=misfit) for value in values)


def seen(inputs: list[tuple[Any, ...] | str], *rows: Row, large: tuple[Row, ...] = ()) -> Seen:
    return Seen(
        weights=(1,) * len(rows),
        small=tuple(Probe(input=input, origin="random") for input in inputs),
        small_rows=rows,
        stress=tuple(
            Probe(input=(n,), origin="stress") for n in range(len(large[:1] and large[0]))
        ),
        stress_rows=large or ((),) * len(rows),
        examples=(),
        tests=(),
    )


INPUTS: list[tuple[Any, ...] | str] = [(1, 9), (2, 9), (3, 9), (4, 9)]


@pytest.mark.parametrize(
    ("row", "evidence"),
    [
        (answers(2, 3, 4, 5), 0),
        (answers(7, 7, 7, 7), CONSTANT),
        (answers(1, 2, 3, 4), ECHO),
        (answers(1, 2, 3, 9), 0),
        (answers(2, 3, 4, 5, misfit=True), MISFIT),
        (answers(7, 7, 7, 7, misfit=True), MISFIT + CONSTANT),
        # As often fitting as not is no contradiction.
        ((*answers(2, 3), *answers(4, 5, misfit=True)), 0),
        # What failed is no answer, and is neither here nor there.
        ((*answers(2), ERROR, ERROR, *answers(5, misfit=True)), 0),
        ((*answers(1, 2), ERROR, ERROR), ECHO),
        ((ERROR, ERROR, ERROR, ERROR), CONSTANT),
        ((*answers(7, 7, 7), None), 0),
    ],
)
def test_what_answers_say_by_themselves(row: Row, evidence: float) -> None:
    assert _answer_evidence(seen(INPUTS, row), 0, range(4)) == evidence


def test_a_text_is_not_handed_back_by_a_program_that_reads() -> None:
    row = answers("a", "b", "c", "d")
    assert _answer_evidence(seen(["a", "b", "c", "d"], row), 0, range(4)) == 0


def test_few_inputs_say_little() -> None:
    assert _answer_evidence(seen(INPUTS[:3], answers(7, 7, 7)), 0, range(3)) == 0


def test_the_idle_stand_apart() -> None:
    idle, busy = Reading(idle=True), Reading()
    assert _idle_apart([[0, 1, 2], [3], [4]], [busy, idle, busy, idle, busy]) == [
        [0, 2],
        [1],
        [3],
        [4],
    ]


def test_reading_counts_for_groups() -> None:
    rows = [answers(n, n + 1, n + 2, n + 4) for n in (5, 5, 6, 7)]
    looked = seen(INPUTS, *rows)

    def scores(groups: list[list[int]], readings: list[Reading]) -> list[float]:
        grouping = Grouping(
            candidates=[Candidate(id=str(n), code="x") for n in range(4)],
            weights=looked.weights,
            groups=groups,
            probes=looked.small,
            rows=looked.small_rows,
        )
        return _group_scores(looked, grouping, range(4), readings)

    busy, unread, idle = Reading(), Reading(unread=True), Reading(idle=True)
    groups = [[0, 1], [2], [3]]
    plain = scores(groups, [busy] * 4)
    # One who reads everything speaks for all that answer alike.
    assert scores(groups, [unread, busy, busy, busy]) == plain
    found = scores(groups, [unread, unread, idle, busy])
    assert [a - b for a, b in zip(found, plain, strict=True)] == pytest.approx([UNREAD, IDLE, 0])


def test_inputs_that_half_of_the_programs_cannot_answer_are_left_out() -> None:
    (answer,) = answers(1)
    late = Behaviour("!timeout", "timeout")
    rows = [
        (ERROR, ERROR, ERROR, late),
        (answer, ERROR, answer, late),
        (answer, answer, None, late),
    ]
    probes = [Probe(input=(n,), origin="stress") for n in range(4)]
    assert _answerable(probes, rows, [1, 1, 1]) == [0, 3]
    assert _answerable(probes, rows, [1, 1, 5]) == [0, 1, 3]
    trusted = [Probe(input=(n,), origin="example", trusted=True) for n in range(4)]
    assert _answerable(trusted, rows, [1, 1, 1]) == [0, 1, 2, 3]
    family = [Probe(input=(n,), origin="random", family="int") for n in range(4)]
    assert _answerable(family, rows, [1, 1, 1]) == [0, 1, 2, 3]
    assert _answerable(family, rows, [9, 1, 1]) == []


def test_broken_programs_have_no_say_about_inputs() -> None:
    (answer,) = answers(1)
    rows = [(ERROR, answer), (answer, answer), *[(ERROR, ERROR)] * 3]
    assert _voices([2, 1, 1, 1, 1], rows) == [2, 1, 0, 0, 0]
    looked = seen([(1,), (2,)], *rows, (answer, ERROR), (answer, answer))
    assert looked.usable() == [0, 1]


def test_a_large_input_counts_against_who_cannot_answer_it() -> None:
    (answer,) = answers(1)
    looked = seen(INPUTS, *[answers(1, 2, 3, 4)] * 2, large=((answer,), (ERROR,)))
    assert [_own_evidence(looked, row) for row in (0, 1)] == [0, -STRESS_FAILED]


PROMPT = '''\
def is_leap_century(year: int) -> bool:
    """Return True if the year is a multiple of 400, else False."""
'''
RIGHT = [
    PROMPT + "    return year % 400 == 0\n",
    PROMPT + "    return not year % 400\n",
]
IDLERS = [
    PROMPT + "    return False\n",
    PROMPT + "    answer = False\n    return answer\n",
    PROMPT + "    pass\n    return 0\n",
    PROMPT + "    return year\n",
]


@pytest.mark.anyio
async def test_who_ignores_the_input_is_no_voice_for_who_happens_to_agree() -> None:
    problem = Problem(
        id="leap", statement="Complete.", starter_code=PROMPT, entry_point="is_leap_century"
    )
    wrong = PROMPT + "    return year % 100 == 0 and year % 400 != 0\n"
    selection = await aselect(problem, [*IDLERS, wrong, *RIGHT])
    assert selection.best.code in RIGHT


@pytest.mark.anyio
async def test_the_entry_point_may_be_left_to_the_candidates() -> None:
    codes = [
        "def double(n):\n    return n * n\n",
        "def double(n):\n    return 2 * n\n",
        "def double(n):\n    return n + n\n",
    ]
    selection = await aselect("Write double, which returns twice an integer n.", codes)
    assert selection.best.id in ("1", "2")
    assert len(selection.ranking.clusters) == 2
