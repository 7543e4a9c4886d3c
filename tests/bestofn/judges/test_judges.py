"""The judges on real programs in a real sandbox."""

from __future__ import annotations

import pytest

from bestofn import Candidate, InvalidInput, Judge, Problem, Sandbox, TestCase, aselect
from bestofn.errors import SandboxFault
from bestofn.judges import NAMES, ConsensusJudge, OracleJudge, judge_named
from bestofn.run import Run

pytestmark = pytest.mark.anyio

PROMPT = '''\
def largest_gap(values: list[int]) -> int:
    """Return the largest difference between neighbours of the sorted list; 0 for fewer than 2.

    >>> largest_gap([1, 7, 3])
    4
    """
'''
SORTED = (
    PROMPT
    + "    v = sorted(values)\n    return max([b - a for a, b in zip(v, v[1:])], default=0)\n"
)
LOOP = PROMPT + (
    "    values = sorted(values)\n    best = 0\n"
    "    for i in range(1, len(values)):\n"
    "        best = max(best, values[i] - values[i - 1])\n    return best\n"
)
UNSORTED = PROMPT + "    return max([abs(b - a) for a, b in zip(values, values[1:])], default=0)\n"
RANGE = PROMPT + "    return max(values) - min(values) - 2\n"
STUB = PROMPT + "    return 4\n"
STUB_TOO = PROMPT + "    answer = 4\n    return answer\n"
STUB_THREE = PROMPT + "    return 2 + 2\n"

PROBLEM = Problem(
    id="gap", statement="Complete the function.", starter_code=PROMPT, entry_point="largest_gap"
)


def named(**codes):
    return [Candidate(id=name, code=code) for name, code in codes.items()]


async def test_agreement_wins():
    selection = await aselect(
        PROBLEM, named(unsorted=UNSORTED, sorted=SORTED, range=RANGE, loop=LOOP)
    )
    assert selection.best.id in ("sorted", "loop")
    assert set(selection.ranking.clusters[0].members) == {"sorted", "loop"}
    assert selection.abstained is None


async def test_programs_that_ignore_their_input_do_not_win_by_number():
    stubs = named(a=STUB, b=STUB_TOO, c=STUB_THREE, sorted=SORTED)
    assert (await aselect(PROBLEM, stubs)).best.id == "sorted"
    assert (await aselect(PROBLEM, stubs, judge="majority")).best.id in "abc"


async def test_generated_tests_are_weighed_not_trusted():
    tests = [
        "assert largest_gap([1, 2, 10]) == 8",
        "assert largest_gap([5, 1]) == 4",
        "assert largest_gap([10, 1, 5]) == 5",
        "assert largest_gap([]) == 7",  # wrong, and nobody passes it
        "assert largest_gap(",
    ]
    problem = Problem(
        id="gap",
        statement="Complete the function.",
        starter_code=PROMPT,
        entry_point="largest_gap",
        generated_tests=tests,
    )
    for judge in ("consensus", "codet"):
        selection = await aselect(
            problem, named(unsorted=UNSORTED, range=RANGE, sorted=SORTED), judge=judge
        )
        assert selection.best.id == "sorted", judge


async def test_codet_says_when_it_has_nothing_to_go_by():
    selection = await aselect(PROBLEM, named(a=SORTED, b=RANGE), judge="codet")
    assert "no input" in (selection.abstained or "")
    with pytest.raises(InvalidInput, match="entry_point"):
        await aselect("Print 1.", ["print(1)", "print(2)"], judge="codet")


SLOW_PROBLEM = Problem(
    id="pairs",
    statement=(
        "Count the pairs of equal numbers.\n\nInput\n\nN\nA_1 A_2 \\ldots A_N\n\n"
        "Constraints\n\n- 1 \\leq N \\leq 10^5\n- 1 \\leq A_i \\leq 10^9\n\n"
        "Sample Input 1\n\n4\n1 2 1 1\n\nSample Output 1\n\n3\n"
    ),
    public_tests=[TestCase(kind="stdin", input="4\n1 2 1 1\n", expected="3\n")],
)
FAST = (
    "from collections import Counter\ninput()\n"
    "print(sum(c * (c - 1) // 2 for c in Counter(input().split()).values()))\n"
)
SLOW = (
    "n = int(input())\na = input().split()\n"
    "print(sum(a[i] == a[j] for i in range(n) for j in range(i)))\n"
)


async def test_a_program_that_is_too_slow_at_the_bounds_loses_to_its_equal():
    for order in ([FAST, SLOW], [SLOW, FAST]):
        selection = await aselect(SLOW_PROBLEM, order)
        assert selection.best.code == FAST
        assert len(selection.ranking.clusters) == 1
        assert selection.ranking.splits[0].origin == "stress"


async def test_between_equals_threads_left_running_decide():
    left = (
        "import threading\ndef main():\n    n = int(input())\n    print(n + 1)\n"
        "threading.Thread(target=main).start()\n"
    )
    plain = "print(int(input()) + 1)\n"
    problem = Problem(
        statement="Print N + 1.\n\nInput\n\nN\n\nConstraints\n\n- 1 \\leq N \\leq 100\n",
        public_tests=[TestCase(kind="stdin", input="1\n", expected="2\n")],
    )
    for order in ([left, plain], [plain, left]):
        selection = await aselect(problem, order)
        assert selection.best.code == plain
        assert selection.abstained is None


class Breaking:
    """A sandbox that breaks on programs that hold a word."""

    def __init__(self, sandbox, word):
        self.sandbox, self.word = sandbox, word
        self.limits, self.level, self.workers = sandbox.limits, sandbox.level, sandbox.workers

    async def execute(self, job, *, limits=None, until=None):
        if self.word in job.source:
            raise SandboxFault("the sandbox broke twice on one job")
        return await self.sandbox.execute(job, limits=limits, until=until)


async def test_a_sandbox_that_breaks_on_one_does_not_end_the_judging():
    candidates = named(sorted=SORTED, loop=LOOP, range=RANGE)
    async with Sandbox() as sandbox:
        run = Run(sandbox=Breaking(sandbox, "best = 0"))
        ranking = await ConsensusJudge().rank(PROBLEM, candidates, run)
        assert sorted(ranking.order) == ["loop", "range", "sorted"]
        with pytest.raises(SandboxFault):
            await ConsensusJudge().rank(PROBLEM, candidates, Run(sandbox=Breaking(sandbox, "")))


async def test_a_reading_judge_is_needed_for_answers():
    answers = [Candidate(id=id, code=id, kind="answer") for id in "ab"]
    with pytest.raises(InvalidInput, match=r"candidates \(a\)"):
        await aselect("Which letter?", answers)
    assert (await aselect("Which letter?", answers, judge="first")).best.id == "a"


async def test_the_oracle_knows():
    judge = OracleJudge({"a": False, "b": True})
    selection = await aselect(PROBLEM, named(a=RANGE, b=SORTED), judge=judge, public_tests=False)
    assert selection.best.id == "b"


async def test_every_named_judge_ranks_everybody_once():
    entrants = named(a=RANGE, b=SORTED, c=UNSORTED)
    async with Sandbox() as sandbox:
        for name in NAMES:
            judge = judge_named(name)
            assert isinstance(judge, Judge)
            assert judge.name == name
            ranking = (await aselect(PROBLEM, entrants, judge=judge, sandbox=sandbox)).ranking
            assert sorted(ranking.order) == ["a", "b", "c"]
            assert set(ranking.scores) == {"a", "b", "c"}
