from __future__ import annotations

import asyncio
import time

import anyio
import pytest

from bestofn import (
    Candidate,
    ConsensusJudge,
    InvalidInput,
    Limits,
    Problem,
    Ranking,
    Sandbox,
    TestCase,
    aselect,
    select,
)

ADD = "a, b = map(int, input().split())\nprint(a + b)\n"
ADD_TOO = "import sys\nx = sys.stdin.read().split()\nprint(int(x[0]) + int(x[1]))\n"
SUBTRACT = "a, b = map(int, input().split())\nprint(a - b)\n"
ABSOLUTE = "a, b = map(int, input().split())\nprint(abs(a) + abs(b))\n"
CRASH = "raise SystemExit(3)\n"
SPIN = "while True: pass\n"

PROBLEM = Problem(
    id="sum",
    statement=(
        "Print the sum of two integers.\n\nInput\n\nA B\n\n"
        "Constraints\n\n- -1000 \\leq A, B \\leq 1000\n"
    ),
    public_tests=(TestCase(kind="stdin", input="2 0\n", expected="2\n"),),
)


class Untouchable:
    """A judge that must not be asked."""

    name = "untouchable"

    async def rank(self, problem, candidates, run) -> Ranking:
        raise AssertionError("there was nothing to judge")


def test_the_right_program_wins_and_the_selection_says_why():
    selection = select(PROBLEM, [SUBTRACT, ABSOLUTE, CRASH, ADD, ADD_TOO], seed=1)
    assert selection.best.code in (ADD, ADD_TOO)
    assert selection.abstained is None
    assert selection.judge == "consensus"
    assert {r.id: r.by for r in selection.rejected} == {"2": "public_tests"}
    assert set(selection.ranking.order) == {"0", "1", "3", "4"}
    assert selection.evidence.isolation in ("full", "light", "basic")
    assert selection.evidence.programs_run > 10
    assert selection.usage.calls == 0
    top = selection.ranking.clusters[0]
    assert set(top.members) == {"3", "4"}
    assert selection.ranking.splits
    split = selection.ranking.splits[0]
    assert {id for _, ids in split.answers for id in ids} == {"0", "1", "3", "4"}


def test_no_candidates_is_an_error():
    with pytest.raises(InvalidInput, match="candidates: is empty"):
        select(PROBLEM, [])


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"candidates": "print(1)"}, "candidates"),
        ({"candidates": 5}, "candidates"),
        ({"candidates": {"a": ADD}}, "candidates"),
        ({"judge": ConsensusJudge}, "judge"),
        ({"sandbox": "full"}, "sandbox"),
        ({"candidates": [ADD, 3]}, "candidates[1]"),
        ({"candidates": [ADD, None]}, "candidates[1]"),
        ({"candidates": ["", "  \n"]}, "candidates"),
        ({"candidates": [Candidate(id="a", code=ADD)] * 2}, "candidates[1]"),
        ({"problem": ""}, "Problem.statement"),
        ({"problem": None}, "problem"),
        ({"judge": "nobody"}, "judge"),
        ({"judge": 7}, "judge"),
        ({"seconds": 0}, "seconds"),
        ({"seconds": -1.0}, "seconds"),
        ({"seconds": "1"}, "seconds"),
        ({"seed": "x"}, "seed"),
    ],
)
def test_bad_arguments_are_named(arguments, field):
    with pytest.raises(InvalidInput) as caught:
        select(**({"problem": PROBLEM, "candidates": [ADD, SUBTRACT]} | arguments))
    assert caught.value.field == field


@pytest.mark.parametrize("candidates", [[ADD], [ADD, ADD + "# again\n", ADD.replace("(a", "( a")]])
def test_one_program_costs_nothing(candidates):
    sandbox = Sandbox()
    selection = select(PROBLEM, candidates, judge=Untouchable(), sandbox=sandbox)
    assert selection.best.id == "0"
    assert selection.evidence.programs_run == 0
    assert selection.evidence.isolation is None
    assert sandbox.runs == 0
    assert len(selection.rejected) == len(candidates) - 1


def test_empty_candidates_never_win():
    selection = select(PROBLEM, ["", ADD, "\n"])
    assert selection.best.id == "1"
    assert {r.by for r in selection.rejected} == {"no_code"}


def test_a_seed_repeats_the_choice():
    def choose(seed):
        return select(PROBLEM, [ADD, ADD_TOO, SUBTRACT, ABSOLUTE], judge="random", seed=seed)

    assert choose(3).ranking.order == choose(3).ranking.order
    assert len({choose(seed).ranking.order for seed in range(12)}) > 1
    first, second = (select(PROBLEM, [ADD, ADD_TOO, ABSOLUTE], seed=5) for _ in range(2))
    assert first.ranking == second.ranking


def test_a_tie_is_said():
    # Both print something else on everything, and nothing says which is right.
    problem = Problem(statement="Print a colour.")
    selection = select(problem, ["print('red')", "print('blue')"], seed=0)
    assert selection.abstained is not None
    assert selection.best.id in ("0", "1")


def test_it_works_inside_a_running_loop():
    async def agent():
        return select(PROBLEM, [SUBTRACT, ADD, ADD_TOO])

    assert asyncio.run(agent()).best.code in (ADD, ADD_TOO)


@pytest.mark.anyio
async def test_selections_share_an_open_sandbox_side_by_side():
    results = {}

    async with Sandbox(workers=2) as sandbox:

        async def choose(key):
            results[key] = await aselect(
                PROBLEM, [SUBTRACT, ADD, ADD_TOO], sandbox=sandbox, seed=key
            )

        async with anyio.create_task_group() as tasks:
            for key in range(6):
                tasks.start_soon(choose, key)
        assert sandbox.is_open
    assert {selection.best.code for selection in results.values()} <= {ADD, ADD_TOO}
    with pytest.raises(InvalidInput, match="sandbox"):
        async with Sandbox() as sandbox:
            select(PROBLEM, [ADD, SUBTRACT], sandbox=sandbox)


def test_the_budget_in_seconds_is_kept():
    spinners = [SPIN + f"# {n}\nx = {n}\n" for n in range(6)]
    started = time.monotonic()
    selection = select(PROBLEM, [*spinners, ADD], seconds=2.0)
    # Two seconds of work, and some to start and stop the workers on a busy machine.
    assert time.monotonic() - started < 8
    assert selection.stopped_by == "seconds"
    assert selection.evidence.seconds < 8


@pytest.mark.anyio
async def test_selections_that_share_a_sandbox_keep_their_own_budgets():
    seconds = {}
    async with Sandbox(workers=1) as sandbox:

        async def choose(key):
            started = time.monotonic()
            spinners = [f"x = {key}{n}\n{SPIN}" for n in range(3)]
            await aselect(PROBLEM, spinners, sandbox=sandbox, seconds=2.0)
            seconds[key] = time.monotonic() - started

        async with anyio.create_task_group() as tasks:
            for key in range(4):
                tasks.start_soon(choose, key)
    assert max(seconds.values()) < 6


def test_endless_loops_do_not_crowd_out_a_program_that_passes():
    spinners = [f"x = {n}\n{SPIN}" for n in range(4)]
    selection = select(PROBLEM, [*spinners, SUBTRACT, ADD, ADD_TOO], seconds=40)
    assert selection.best.code in (ADD, ADD_TOO)
    assert {r.id for r in selection.rejected} == {"0", "1", "2", "3"}


def test_what_could_not_be_run_is_not_said_to_agree():
    # Each run takes a while; the time is up long before everybody had a turn.
    slow = "import time\ntime.sleep(0.4)\n" + ADD
    programs = [f"x = {n}\n{slow}" for n in range(12)]
    selection = select(PROBLEM, programs, seconds=3.0, public_tests=False)
    assert selection.stopped_by == "seconds"
    seen = {id for cluster in selection.ranking.clusters for id in cluster.members}
    assert len(seen) < 12
    assert "could not be run in time" in (selection.abstained or "")
    assert len(selection.ranking.order) == 12
    assert selection.best.id in seen


def test_a_ranking_that_is_none_is_refused():
    class Careless:
        name = "careless"

        async def rank(self, problem, candidates, run):
            return Ranking(order=("nobody",), scores={})

    with pytest.raises(InvalidInput, match="judge: 'careless' must rank every candidate once"):
        select(PROBLEM, [ADD, SUBTRACT], judge=Careless())


def test_huge_numbers_and_deep_lists_are_inputs_like_others():
    def nested(depth):
        return [nested(depth - 1)] * 2 if depth else [10**5000]

    problem = Problem(
        statement="Return the number of elements.",
        entry_point="f",
        public_tests=[TestCase(kind="call", input=[nested(9)], expected=2)],
        generated_tests=[f"assert f([{hex(16**5000)}]) == 1"],
    )
    selection = select(problem, ["def f(x): return len(x)", "def f(x): return 2"], seed=0)
    assert selection.best.id == "0"


def test_judges_can_be_objects():
    class Last:
        name = "last"

        async def rank(self, problem, candidates, run):
            order = tuple(candidate.id for candidate in reversed(candidates))
            return Ranking(order=order, scores={id: float(n) for n, id in enumerate(order)})

    assert select(PROBLEM, [ADD, SUBTRACT, ABSOLUTE], judge=Last()).best.id == "2"
    assert select(PROBLEM, [ADD, ADD_TOO, ABSOLUTE], judge=ConsensusJudge()).best.id in "01"


def test_public_tests_can_be_switched_off():
    selection = select(PROBLEM, [CRASH, SUBTRACT], judge="first", public_tests=False)
    assert selection.best.id == "0"
    assert selection.evidence.public_tests == {}


def test_limits_come_with_the_sandbox():
    slow = "x = sum(range(10**8))\n" + ADD
    problem = Problem(statement="Add.", public_tests=PROBLEM.public_tests)
    selection = select(
        problem,
        [slow, SUBTRACT, ADD],
        sandbox=Sandbox(limits=Limits(seconds=0.4)),
        judge="first",
    )
    assert selection.best.id == "1"
    assert selection.evidence.public_tests["0"][0].status == "timeout"
