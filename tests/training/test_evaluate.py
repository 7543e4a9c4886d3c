"""Held-out measures: by hand, as properties, from files, and of a judge that is asked over HTTP."""

from __future__ import annotations

import hashlib
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from bestofn_training.cli import app
from bestofn_training.errors import BadRow
from bestofn_training.evaluate import (
    MEASURES,
    Answered,
    Ratio,
    Verdict,
    evaluation_of,
    measures_of,
    paired_difference,
    read_answers,
    read_evaluation,
)
from bestofn_training.evaluate.runs import check_unseen, read_record
from bestofn_training.recipes import as_record, read_recipe
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from bestofn.errors import FormatError
from bestofn.testing import FaultyServer, faults

LEVELS = {1: "right", 2: "wrong", None: "format_error"}


def row(
    problem: str, order: int, *named: int | None, part: int = 0, domain: str = "easy"
) -> Answered:
    """Candidates a (right) and b; ``order`` 1 shows b first. ``named`` are places; 0: no answer."""
    right = 1 + order
    replies = []
    for place in named:
        if place == 0:
            replies.append(Verdict(level=None))
        elif place is None:
            replies.append(Verdict(level="format_error"))
        else:
            replies.append(Verdict(level="right" if place == right else "wrong", index=place))
    return Answered(
        id=f"{problem}:{part}:{order}",
        problem_id=problem,
        order=("a", "b") if order == 0 else ("b", "a"),
        right=(right,),
        domain=domain,
        replies=tuple(replies),
    )


def values(answers: list[Answered]) -> dict[str, float | None]:
    return {name: ratio.value for name, ratio in measures_of(answers).items()}


def test_measures_by_hand() -> None:
    found = values(
        [
            *(row("p", 0, 1), row("p", 1, 2)),  # right in both orders
            *(row("q", 0, 1), row("q", 1, 1)),  # the first place whatever stands there
            *(row("r", 0, 1), row("r", 1, None)),  # one verdict cannot be read
            *(row("s", 0, 2), row("s", 1, 1)),  # wrong twice, and of one mind
        ]
    )
    assert found == {
        "accuracy": 4 / 8,
        "consistent": 1 / 4,
        "format_errors": 1 / 8,
        "contradictions": 1 / 3,
        "decided": 4 / 7,
    }


def test_several_replies_are_chances_of_one() -> None:
    found = values([row("p", 0, 1, 1, 2, None), row("p", 1, 2, 1)])
    assert found["accuracy"] == pytest.approx((2 / 4 + 1 / 2) / 2)
    assert found["consistent"] == pytest.approx(2 / 4 * 1 / 2)
    # decided in both: 3/4; the same candidate: a in 2/4 x 1/2, b in 1/4 x 1/2.
    assert found["contradictions"] == pytest.approx((3 / 4 - 3 / 8) / (3 / 4))


def test_what_was_never_answered_is_left_out() -> None:
    whole = [row("p", 0, 1), row("p", 1, 2)]
    found = values([*whole, row("q", 0, 0), row("q", 1, 2), row("r", 0)])
    assert found == {
        "accuracy": 1.0,
        "consistent": 1.0,
        "format_errors": 0.0,
        "contradictions": 0.0,
        "decided": 1.0,
    }
    assert set(values([row("p", 0)]).values()) == {None}
    assert values([row("p", 0, None), row("p", 1, None)])["contradictions"] is None


def test_three_candidates_two_of_them_right() -> None:
    def shown(order: int, names: tuple[str, ...], named: int) -> Answered:
        right = tuple(place for place, name in enumerate(names, start=1) if name in "ab")
        level = "right" if named in right else "wrong"
        return Answered(
            id=f"p:0:{order}",
            problem_id="p",
            order=names,
            right=right,
            domain="easy",
            replies=(Verdict(level=level, index=named),),
        )

    found = values([shown(0, ("a", "b", "c"), 1), shown(1, ("c", "b", "a"), 2)])
    assert (found["consistent"], found["contradictions"]) == (1.0, 1.0)  # a, then b


places = st.sampled_from([1, 2, None, 0])
answers = st.lists(
    st.tuples(st.lists(places, max_size=4), st.lists(places, max_size=4), st.integers(0, 3)),
    min_size=1,
    max_size=12,
).map(
    lambda sets: [
        row(f"p{problem}", order, *named, part=part, domain=f"d{problem % 2}")
        for part, (first, second, problem) in enumerate(sets)
        for order, named in enumerate((first, second))
    ]
)


@given(answers)
@settings(max_examples=60, deadline=None)
def test_measures_are_shares_that_fit_together(rows: list[Answered]) -> None:
    evaluation = evaluation_of(rows, judge="j", how="given", inputs="f", resamples=200)
    found = evaluation.whole.measures
    assert set(found) == set(MEASURES)
    for estimate in found.values():
        if estimate is not None:
            assert -1e-12 <= estimate.low <= estimate.mean <= estimate.high <= 1 + 1e-12
    accuracy, errors = found["accuracy"], found["format_errors"]
    if accuracy is not None and errors is not None:
        assert accuracy.mean + errors.mean <= 1 + 1e-12
        assert accuracy.mean <= 1 - errors.mean + 1e-12
    assert evaluation.whole.inputs == len(rows)
    assert sum(group.inputs for group in evaluation.domains.values()) == len(rows)
    shuffled = evaluation_of(rows[::-1], judge="j", how="given", inputs="f", resamples=200)
    assert shuffled.digest == evaluation.digest
    for name, estimate in found.items():
        other = shuffled.whole.measures[name]
        assert (estimate is None) == (other is None)
        if estimate is not None and other is not None:
            assert other.mean == pytest.approx(estimate.mean)
            assert other.low == pytest.approx(estimate.low)


def test_a_bootstrap_draws_whole_problems() -> None:
    """With replies alike inside problems, intervals are as wide as problems are few."""
    few = Ratio.of((f"p{n}", float(n % 2) * 50, 50.0) for n in range(20))
    many = Ratio.of((f"p{n}", float(n % 2), 1.0) for n in range(1000))
    wide, narrow = few.estimate(seed=1), many.estimate(seed=1)
    assert wide is not None
    assert narrow is not None
    assert (wide.mean, narrow.mean) == (0.5, 0.5)
    assert wide.high - wide.low == pytest.approx(2 * 1.96 * np.sqrt(0.25 / 20), rel=0.1)
    assert narrow.high - narrow.low == pytest.approx(2 * 1.96 * np.sqrt(0.25 / 1000), rel=0.1)
    assert few.estimate(seed=1) == wide
    assert wide.problems == 20


@pytest.mark.parametrize(
    ("parts", "span"),
    [
        ([("p", 3.0, 3.0)], (0.025, 1.0)),
        ([("p", 0.0, 3.0)], (0.0, 0.975)),
        ([("p", 1.0, 2.0)], (0.0, 1.0)),
        ([(f"p{n}", 2.0, 2.0) for n in range(10)], (0.025 ** (1 / 10), 1.0)),
        ([(f"p{n}", 1.0, 2.0) for n in range(10)], (0.5, 0.5)),  # the first place, always
    ],
)
def test_an_interval_is_honest_where_nothing_varies(
    parts: list[tuple[str, float, float]], span: tuple[float, float]
) -> None:
    found = Ratio.of(parts).estimate()
    assert found is not None
    assert (found.low, found.high) == pytest.approx(span)


def test_a_difference_is_paired_by_problem() -> None:
    rng = np.random.default_rng(0)
    hard = rng.random(60)  # what makes problems hard is the same for both
    base = Ratio.of((f"p{n}", float(h), 1.0) for n, h in enumerate(hard))
    better = Ratio.of((f"p{n}", min(float(h) + 0.05, 1.0), 1.0) for n, h in enumerate(hard))
    found = paired_difference(better, base)
    assert found is not None
    assert 0 < found.low <= found.mean <= found.high < 0.06
    zero = paired_difference(base, base)
    assert zero is not None
    assert (zero.low, zero.mean, zero.high) == (0, 0, 0)
    assert paired_difference(base, Ratio.of([("other", 1.0, 1.0)])) is None


def as_line(answer: Answered) -> dict[str, object]:
    return {
        "id": answer.id,
        "problem_id": answer.problem_id,
        "order": list(answer.order),
        "right": list(answer.right),
        "domain": answer.domain,
        "generator": "passed over",
        "replies": [
            {"sample": n, "status": "ok", "level": v.level, "reward": 1.0, "index": v.index}
            for n, v in enumerate(answer.replies)
        ],
    }


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    return path


@given(rows=answers)
@settings(max_examples=20, deadline=None)
def test_rows_of_replies_are_read_as_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Answered]
) -> None:
    path = write(tmp_path_factory.mktemp("rows") / "x.replies.jsonl", list(map(as_line, rows)))
    assert list(read_answers(path)) == rows


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"replies": [{"level": "right", "index": 2}]}, r"replies\[0\]\.index.*names a wrong"),
        ({"replies": [{"level": "wrong", "index": 3}]}, "must be from 1 to 2"),
        ({"replies": [{"level": "right"}]}, "index.*is missing"),
        ({"replies": [{"level": "format_error", "index": 1}]}, "index.*is 1, and the level"),
        ({"replies": [{"level": "fine"}]}, r"replies\.0\.level"),
        ({"replies": None}, "replies"),
        ({"domain": " "}, "domain.*is empty"),
        ({"id": "q:0:0"}, "'q:0:0' is also in row 1"),
    ],
)
def test_damaged_replies_are_refused(tmp_path: Path, change: dict, reason: str) -> None:
    rows = [as_line(row("q", 0, 1)), {**as_line(row("p", 0, 1)), **change}]
    path = write(tmp_path / "x.jsonl", rows)
    with pytest.raises(BadRow, match=rf"x\.jsonl:2: .*{reason}"):
        list(read_answers(path))


def test_an_evaluation_is_read_as_written(tmp_path: Path) -> None:
    rows = [row(f"p{n}", order, 1) for n, order in itertools.product(range(5), range(2))]
    found = evaluation_of(rows, judge="j", how="given", inputs="f", resamples=100)
    path = tmp_path / "run" / "evaluation.json"
    found.write(path)
    again = read_evaluation(path)
    assert again.whole == found.whole
    assert again.ratio("accuracy") == found.ratio("accuracy")
    assert list(path.parent.iterdir()) == [path]
    path.write_text('{"format": 2}')
    with pytest.raises(FormatError, match=r"evaluation\.json.*evaluate again"):
        read_evaluation(path)


@pytest.fixture
def data(tmp_path: Path, rows_in) -> Path:
    """Rows to train on, and two held-out inputs that show the same pair in both orders."""
    folder = rows_in(tmp_path / "data")
    path = folder / "held_out.jsonl"
    first, second = (json.loads(line) for line in path.read_text().splitlines())
    swapped = [{"role": "user", "content": "Second or first?"}]
    write(path, [first, {**second, "order": second["order"][::-1], "prompt": swapped}])
    return folder


@pytest.fixture
def record(tmp_path: Path, data: Path, recipes: Path) -> Path:
    """A folder that says that it is a run, as training leaves it when it begins."""
    recipe = read_recipe(recipes / "cpu" / "dpo-domain.toml", [f"data.folder={data}"])
    files = {
        side: hashlib.sha256((data / f"{side}.preferences.jsonl").read_bytes()).hexdigest()
        for side in ("lower", "upper")
    }
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps({"recipe": as_record(recipe), "files": files}))
    return folder


def call(*arguments: object, code: int = 0) -> tuple[str, str]:
    result = CliRunner().invoke(
        app, ["evaluate", *map(str, arguments)], env={"OPENAI_API_KEY": "none"}
    )
    assert result.exit_code == code, result.output
    return result.stdout, result.stderr


def test_nobody_is_asked_about_what_was_trained_on(record: Path, data: Path) -> None:
    with FaultyServer(answer="<selection>1</selection>").in_process() as server:
        judge = ("--judge", "openai/j", "--base-url", server.url)
        _, said = call(record, "--inputs", data / "lower.jsonl", *judge, code=2)
        assert server.count == 0
    assert "lower.preferences.jsonl:1: field 'problem_id': 'p0' is among the held-out" in said
    assert [path.name for path in record.iterdir()] == ["run.json"]


def test_what_is_no_evaluation_is_not_written_over(record: Path) -> None:
    replies = write(record / "r.jsonl", [as_line(row("p8", 0, 1))])
    result = record / "result.json"
    result.write_text("{}")
    _, said = call(record, "--replies", replies, "--output", result, code=2)
    assert said == f"error: --output: {result} is there and is no evaluation; name another file\n"
    assert result.read_text() == "{}"


def test_a_served_judge_is_asked_once_and_measured(record: Path, data: Path) -> None:
    with FaultyServer(answer="<selection>1</selection>").in_process() as server:
        judge = ("--judge", "openai/j", "--base-url", server.url, "--n", 2)
        out, _ = call(record, *judge)
        asked = server.count
        again, _ = call(record, *judge)  # from the journal
        assert server.count == asked
    assert out == again
    assert "pairwise accuracy" in out
    assert "0.500" in out
    found = read_evaluation(record / "evaluation.json")
    assert (found.how, found.judge, found.unseen) == ("served", "openai/j", True)
    assert (found.whole.inputs, found.whole.sets, found.whole.replies) == (2, 1, 4)
    shares = {name: e.mean for name, e in found.whole.measures.items() if e is not None}
    assert shares == {
        "accuracy": 0.5,
        "consistent": 0.0,
        "format_errors": 0.0,
        "contradictions": 1.0,
        "decided": 0.5,
    }
    assert {path.name for path in record.iterdir() if not path.name.startswith(".")} == {
        "run.json",
        "evaluation.json",
        "evaluation.journal",
        "held_out.replies.jsonl",
    }
    given, _ = call(record, "--replies", record / "held_out.replies.jsonl", "--json")
    assert json.loads(given)["whole"]["measures"]["accuracy"]["mean"] == 0.5
    assert json.loads(given)["how"] == "given"


def test_unreadable_replies_count_as_wrong_and_are_reported(record: Path) -> None:
    with FaultyServer(answer="I cannot tell.").in_process() as server:
        call(record, "--judge", "openai/j", "--base-url", server.url)
    found = read_evaluation(record / "evaluation.json").whole.measures
    assert found["accuracy"] is not None
    assert found["format_errors"] is not None
    assert (found["accuracy"].mean, found["format_errors"].mean) == (0.0, 1.0)
    assert found["contradictions"] is None


def test_a_budget_that_ends_is_said(record: Path) -> None:
    with FaultyServer(answer="<selection>1</selection>").in_process() as server:
        judge = ("--judge", "openai/j", "--base-url", server.url, "--at-once", 1)
        out, _ = call(record, *judge, "--max-calls", 1)
        assert "the limit on calls ended it early" in " ".join(out.split())
        assert "1 input(s) without an answer" in out
        out, _ = call(record, *judge)
        assert "ended it early" not in out
        assert server.count == 2
    assert read_evaluation(record / "evaluation.json").stopped_by is None


def test_held_out_problems_in_the_training_data_are_refused(record: Path, data: Path) -> None:
    _, error = call(record, "--inputs", data / "lower.jsonl", "--judge", "replay/x", code=2)
    assert "x" in error
    rows = [as_line(row("p3", order, 1)) for order in range(2)]
    replies = write(record / "seen.replies.jsonl", rows)
    _, error = call(record, "--replies", replies, code=2)
    assert "lower.preferences.jsonl:7: field 'problem_id': 'p3' is among the held-out" in error
    assert not (record / "evaluation.json").exists()


def test_training_data_that_has_changed_is_not_vouched_for(record: Path, data: Path) -> None:
    found = read_record(record)
    assert found is not None
    assert check_unseen(found, {"p8"})
    with (data / "lower.preferences.jsonl").open("a") as file:
        file.write("\n")
    assert not check_unseen(found, {"p8"})
    (data / "lower.preferences.jsonl").unlink()
    assert not check_unseen(found, {"p8"})
    out, _ = call(record, "--replies", write(record / "r.jsonl", [as_line(row("p8", 0, 1))]))
    assert "was not checked" in out


def test_arguments_that_make_no_sense_are_refused(record: Path, tmp_path: Path) -> None:
    cases = {
        ("--judge", "openai/j", "--scored"): "give one of --judge, --replies and --scored",
        ("--scored", "--n", 3): "--n: is 3, and all replies to an input would be the same",
        ("--judge", "nobody"): "none; write openai/<model>",
        ("--replies", tmp_path / "nowhere.jsonl"): "cannot be read",
    }
    for arguments, reason in cases.items():
        _, error = call(record, *arguments, code=2)
        assert reason in error
    _, error = call(tmp_path / "other", "--judge", "openai/j", code=2)
    assert "--inputs: " in error
    (record / "run.json").write_text("{")
    _, error = call(record, code=2)
    assert "run.json: cannot be read" in error


def test_a_server_that_refuses_leaves_no_evaluation(record: Path) -> None:
    with FaultyServer(faults.forever(faults.error(401))).in_process() as server:
        call(record, "--judge", "openai/j", "--base-url", server.url, code=5)
    assert not (record / "evaluation.json").exists()
    assert not (record / "held_out.replies.jsonl").exists()


def test_a_folder_that_is_no_run_has_no_record(tmp_path: Path) -> None:
    assert read_record(tmp_path) is None
    (tmp_path / "run.json").write_text("[]")
    with pytest.raises(FormatError, match=r"run\.json: holds no recipe"):
        read_record(tmp_path)
