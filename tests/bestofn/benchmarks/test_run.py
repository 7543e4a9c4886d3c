"""Runs with a real sandbox: grading, resuming, faults."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bestofn.benchmarks import Benchmark, Item, Settings, arun_benchmark, run_benchmark, shipped
from bestofn.benchmarks.run import RESULTS_FILE, ROWS_FILE
from bestofn.benchmarks.verdicts import is_right
from bestofn.chat import Reply
from bestofn.errors import InvalidInput, SandboxFault
from bestofn.judges import FirstJudge, LLMJudge, OracleJudge
from bestofn.run import Run
from bestofn.sandbox import Sandbox
from bestofn.testing import ScriptedBackend
from bestofn.types import Candidate, Problem, Ranking, TestCase

ADD = "a, b = map(int, input().split())\nprint(a + b)\n"
SUBTRACT = "a, b = map(int, input().split())\nprint(a - b)\n"
THREE = "print(3)\n"
ONE = Settings(jobs=1)


def stdin(text: str, expected: str) -> TestCase:
    return TestCase(kind="stdin", input=text, expected=expected)


def item(name: str, *codes: str, verdicts: dict[str, bool] | None = None) -> Item:
    return Item(
        problem=Problem(id=name, statement="Print the sum.", public_tests=(stdin("1 2\n", "3\n"),)),
        hidden_tests=(stdin("1 2\n", "3\n"), stdin("5 6\n", "11\n")),
        candidates=tuple(Candidate(id=f"c{n}", code=code) for n, code in enumerate(codes)),
        verdicts=verdicts or {},
    )


def benchmark(*items: Item) -> Benchmark:
    return Benchmark(name="little", items=items)


@dataclass(frozen=True)
class Failing:
    """A judge whose sandbox breaks, or that has a bug, on one problem."""

    problem: str
    error: Exception
    name: str = "failing"
    seen: list[str] = field(default_factory=list, repr=False)

    async def rank(self, problem: Problem, candidates: Sequence[Candidate], run: Run) -> Ranking:
        self.seen.append(problem.id)
        if problem.id == self.problem:
            raise self.error
        return await FirstJudge().rank(problem, candidates, run)


def test_grading_choosing_and_summing_up(tmp_path: Path) -> None:
    result = run_benchmark(
        benchmark(item("p", SUBTRACT, THREE, ADD, ADD), item("q", ADD, "", ADD + "#\n")),
        judges=["first", "random"],
        settings=ONE,
        output=tmp_path,
    )
    p, q = result.problems
    assert p.grades is not None
    assert q.grades is not None
    assert p.grades.verdicts == {"c0": False, "c1": False, "c2": True, "c3": True}
    assert q.grades.verdicts == {"c0": True, "c1": False, "c2": True}
    assert p.choices["first"].chosen == "c1"
    assert p.choices["first"].survivors == ("c1", "c2", "c3")
    assert q.choices["first"].survivors == ("c0", "c2")
    assert result.isolation in ("basic", "light", "full")
    rows = {row.selector: row.accuracy.mean for row in result.groups[-1].rows}
    assert rows["random"] == pytest.approx((0.5 + 2 / 3) / 2)
    assert rows["examples only"] == pytest.approx((2 / 3 + 1) / 2)
    assert rows["oracle"] == 1.0
    stored = json.loads((tmp_path / RESULTS_FILE).read_text())
    assert stored["problems"][0]["choices"]["first"]["right"] is False
    assert stored["machine"]["cores"] >= 1


def test_recorded_verdicts_are_believed_unless_told_otherwise() -> None:
    lies = item("p", ADD, SUBTRACT, verdicts={"c0": False, "c1": True})
    believed = run_benchmark(benchmark(lies), judges=["first"], settings=ONE).problems[0].grades
    graded = (
        run_benchmark(benchmark(lies), judges=["first"], settings=replace(ONE, grade=True))
        .problems[0]
        .grades
    )
    assert believed is not None
    assert graded is not None
    assert (believed.verdicts, believed.graded) == ({"c0": False, "c1": True}, 0)
    assert (graded.verdicts, graded.graded) == ({"c0": True, "c1": False}, 2)


def test_the_oracle_is_the_bound() -> None:
    verdicts = {"c0": False, "c1": True}
    result = run_benchmark(
        benchmark(item("p", THREE, ADD, verdicts=verdicts)),
        judges=[OracleJudge(verdicts, name="knows")],
        settings=ONE,
    )
    assert result.problems[0].choices["knows"].chosen == "c1"


def test_a_broken_sandbox_is_nobodys_fault() -> None:
    items = benchmark(item("p", ADD, THREE), item("q", ADD, THREE))
    judge = Failing("p", SandboxFault("worker gone"))
    result = run_benchmark(items, judges=["first", judge], settings=ONE)
    assert result.faults == 1
    assert result.problems[0].fault == "worker gone"
    assert {row.accuracy.problems for row in result.groups[-1].rows} == {1}


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path) -> None:
    items = benchmark(*(item(name, ADD, THREE) for name in "pqr"))
    broken = Failing("r", RuntimeError("bug"))
    with pytest.raises(RuntimeError, match="bug"):
        run_benchmark(items, judges=[broken], settings=ONE, output=tmp_path)
    assert not (tmp_path / RESULTS_FILE).exists()
    mended = replace(broken, seen=[])
    # The digest knows judges by their repr; this one's names its error, so it stays the same
    # judge, and only the third problem is left to do.
    with pytest.raises(RuntimeError):
        run_benchmark(items, judges=[mended], settings=ONE, output=tmp_path)
    assert mended.seen == ["r"]


def test_finished_steps_are_used_again_only_for_the_same_arguments(tmp_path: Path) -> None:
    items = benchmark(item("p", ADD, THREE))

    def reused(items: Benchmark, judges: Sequence[str], settings: Settings) -> int:
        return run_benchmark(items, judges=judges, settings=settings, output=tmp_path).reused

    assert reused(items, ["first"], ONE) == 0
    assert reused(items, ["first"], ONE) == 2
    assert reused(items, ["first", "random"], ONE) == 2
    assert reused(items, ["random"], replace(ONE, seed=1)) == 1
    assert reused(items, ["random"], replace(ONE, seconds=9.0)) == 1
    assert reused(benchmark(item("p", ADD, SUBTRACT)), ["first"], ONE) == 0
    kept = (tmp_path / ROWS_FILE).read_text().splitlines()
    assert len(kept) == 7


def test_progress_is_told_once_a_problem() -> None:
    told: list[tuple[int, int, str]] = []
    run_benchmark(
        benchmark(item("p", ADD), item("q", ADD)),
        judges=["first"],
        settings=ONE,
        on_problem=lambda done, total, result: told.append((done, total, result.id)),
    )
    assert told == [(1, 2, "p"), (2, 2, "q")]


def test_a_problem_without_any_program_is_a_wrong_choice_not_an_error() -> None:
    result = run_benchmark(benchmark(item("p", "", " \n")), judges=["first"], settings=ONE)
    assert result.faults == 0
    assert result.problems[0].choices["first"].abstained == "no candidate has a program"
    assert result.groups[-1].rows[-1].accuracy.mean == 0.0


def test_what_cannot_be_run_is_said_before_anything_runs() -> None:
    bare = replace(item("p", ADD, THREE), hidden_tests=())
    with pytest.raises(InvalidInput, match="'c0' of problem 'p' has no recorded verdict"):
        run_benchmark(benchmark(bare), settings=ONE)
    with pytest.raises(InvalidInput, match="no hidden tests to grade with"):
        run_benchmark(
            benchmark(replace(bare, verdicts={"c0": True, "c1": True})),
            settings=replace(ONE, grade=True),
        )
    with pytest.raises(InvalidInput, match="has no problems"):
        run_benchmark(benchmark(), settings=ONE)
    with pytest.raises(InvalidInput, match="a name twice"):
        run_benchmark(benchmark(item("p", ADD)), judges=["first", "first"], settings=ONE)
    with pytest.raises(InvalidInput, match="jobs"):
        Settings(jobs=0)
    with pytest.raises(InvalidInput, match="seconds"):
        Settings(seconds=0)


@pytest.mark.anyio
async def test_the_first_failure_ends_the_grading() -> None:
    tests = [stdin("1 2\n", "3\n")] * 7
    problem = Problem(statement="sum")
    async with Sandbox(workers=1) as sandbox:
        wrong = Candidate(id="a", code=SUBTRACT)
        assert not await is_right(problem, wrong, tests, sandbox)
        assert sandbox.runs == 1
        assert await is_right(problem, Candidate(id="b", code=ADD), tests, sandbox)
        assert sandbox.runs == 8


@pytest.mark.anyio
async def test_a_run_inside_a_running_loop() -> None:
    result = await arun_benchmark(benchmark(item("p", ADD)), judges=["first"], settings=ONE)
    assert result.problems[0].choices["first"].chosen == "c0"


def test_the_shipped_set_is_complete() -> None:
    items = shipped.load().items
    assert len(items) >= 12
    for entry in items:
        assert 4 <= len(entry.candidates) <= 8
        assert not entry.ungraded
        assert entry.hidden_tests
    kinds = {test.kind for entry in items for test in entry.hidden_tests}
    assert kinds >= {"stdin", "call"}
    assert len(shipped.load(limit=2).items) == 2


@pytest.mark.parametrize("status", ["unavailable", "stalled"])
def test_what_an_outage_left_undecided_is_not_kept(tmp_path: Path, status: str) -> None:
    down = Reply(text="", status=status, error="try later")  # type: ignore[arg-type]
    answers: list[Reply | str] = [down]
    backend = ScriptedBackend(lambda request: answers[-1], identity="one")
    judge = LLMJudge(backend, inputs=None)
    entries = benchmark(item("p", ADD, THREE, verdicts={"c0": True, "c1": False}))

    def run() -> int:
        return run_benchmark(entries, judges=[judge], settings=ONE, output=tmp_path).reused

    assert run() == 0
    asked = len(backend.requests)
    answers.append("<selection>1</selection>")
    assert run() == 0
    assert len(backend.requests) > asked
    asked = len(backend.requests)
    assert run() == 1
    assert len(backend.requests) == asked


def test_an_abstention_of_the_model_itself_is_kept(tmp_path: Path) -> None:
    judge = LLMJudge(ScriptedBackend(lambda request: "malformed: neither"), inputs=None)
    entries = benchmark(item("p", ADD, THREE, verdicts={"c0": True, "c1": False}))
    runs = [run_benchmark(entries, judges=[judge], settings=ONE, output=tmp_path) for _ in range(2)]
    assert [run.reused for run in runs] == [0, 1]


def test_an_edited_template_and_another_server_are_judged_anew(tmp_path: Path) -> None:
    template = tmp_path / "mine.jinja2"
    words = "{{ statement }}{% for solution in solutions %}{{ solution }}{% endfor %}"
    words += " End with <selection>INDEX</selection>."
    entries = benchmark(item("p", ADD, THREE, verdicts={"c0": True, "c1": False}))

    def reused(text: str, server: str) -> int:
        template.write_text(text)
        backend = _Quiet(lambda request: "<selection>1</selection>", identity=server)
        judge = LLMJudge(backend, template=template, inputs=None)
        return run_benchmark(entries, judges=[judge], settings=ONE, output=tmp_path / "out").reused

    assert reused(words, "one") == 0
    assert reused(words, "one") == 1
    assert reused(f"{words} Choose.", "one") == 0
    assert reused(words, "two") == 0
    assert reused(words, "two") == 1


class _Quiet(ScriptedBackend):
    """Its repr does not say which server it is."""

    def __repr__(self) -> str:
        return "_Quiet()"
