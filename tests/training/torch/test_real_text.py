"""The demonstration on real text: its data, its noise, its loss, its table."""

from __future__ import annotations

import dataclasses
import sys
from collections import Counter
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("betty")

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT.parent / "shared" / "data"
sys.path.insert(0, str(ROOT / "training" / "demonstrations"))

import real_text  # noqa: E402
from bestofn_training.errors import BadData  # noqa: E402
from common import Training, tiny_judge  # noqa: E402
from real_text_controls import better_generator, linear, longer, scored  # noqa: E402
from real_text_data import (  # noqa: E402
    DOMAINS,
    MOST_SETS,
    POISONED,
    Row,
    Sides,
    load,
    poisoned,
    sides_of,
)
from real_text_rows import TextPairs, points, tokenizer_for  # noqa: E402
from real_text_scores import META_ONLY, Interval, Outcome, line, resampled, table  # noqa: E402

from bestofn.benchmarks import Benchmark  # noqa: E402


def pair(number: int, *, domain: str = POISONED, right: int = 1) -> list[Row]:
    """Both orders of a made-up pair: a short right program and a long wrong one."""
    short, long = f"return {number}", f"for i in range({number}):\n    pass\nreturn None"
    programs = (short, long) if right == 1 else (long, short)
    first = Row(
        pair=f"p{number}:0",
        problem=f"p{number}",
        domain=domain,
        head=f"give {number}",
        programs=programs,
        generators=("a", "b"),
        right=right,
    )
    second = dataclasses.replace(
        first, programs=programs[::-1], generators=("b", "a"), right=3 - right
    )
    return [first, second]


def rows(count: int, start: int = 0) -> tuple[Row, ...]:
    return tuple(
        row
        for number in range(start, start + count)
        for row in pair(number, domain=DOMAINS[number % 4], right=1 + number % 2)
    )


MADE = Sides(training=rows(16), meta=rows(4, 16), held_out=rows(4, 20))
SHORT = Training(updates=3, batch=1, accumulation=4, meta_batch=4, upper_rate=0.1, upper_after=1)


@pytest.fixture(scope="module")
def benchmarks() -> tuple[Benchmark, Benchmark]:
    if not DATA.is_dir():
        pytest.skip(f"needs the real problems in {DATA}")
    return load(DATA, limit=12)


@pytest.fixture(scope="module")
def sides(benchmarks: tuple[Benchmark, Benchmark]) -> Sides:
    return sides_of(benchmarks, 3)


def test_no_problem_is_on_two_sides(sides: Sides) -> None:
    problems = [{row.problem for row in side} for side in (sides.training, sides.meta)]
    problems.append({row.problem for row in sides.held_out})
    assert all(problems)
    assert sum(map(len, problems)) == len(set.union(*problems))


def test_every_pair_comes_in_both_orders_and_names_the_same_program(sides: Sides) -> None:
    for side in (sides.training, sides.meta, sides.held_out):
        for first, second in zip(side[::2], side[1::2], strict=True):
            assert first.pair == second.pair
            assert first.programs == second.programs[::-1]
            assert first.generators == second.generators[::-1]
            assert first.right == 3 - second.right
        assert len({row.pair for row in side}) == len(side) / 2


def test_domains_never_mix_the_generators_of_humaneval(sides: Sides) -> None:
    seen = Counter(row.domain for row in (*sides.training, *sides.meta, *sides.held_out))
    assert set(seen) == set(DOMAINS)
    for row in sides.training:
        if row.domain.startswith("humaneval/"):
            assert set(row.generators) == {row.domain.partition("/")[2]}
        else:
            assert set(row.generators) == {"o1-mini", "o1-preview"}
    per_problem = Counter(row.problem for row in sides.training)
    assert max(per_problem.values()) <= 2 * MOST_SETS


def test_programs_are_shown_without_the_task_they_begin_with(sides: Sides) -> None:
    shown = [row for row in sides.training if row.domain.startswith("humaneval/")]
    assert not any(program.startswith(row.head) for row in shown for program in row.programs)


def test_the_same_seed_gives_the_same_rows(
    benchmarks: tuple[Benchmark, Benchmark], sides: Sides
) -> None:
    assert sides_of(benchmarks, 3) == sides
    assert sides_of(benchmarks, 4) != sides


def test_noise_turns_both_orders_of_poisoned_pairs_and_nothing_else() -> None:
    noisy = poisoned(MADE.training, 1.0, seed=0)
    for before, after in zip(MADE.training, noisy, strict=True):
        turned = 3 - before.right if before.domain == POISONED else before.right
        assert after == dataclasses.replace(before, right=turned)
    half = poisoned(rows(400), 0.5, seed=0)
    changed = [b.pair for b, a in zip(rows(400), half, strict=True) if a.right != b.right]
    assert set(Counter(changed).values()) == {2}
    assert 30 < len(changed) / 2 < 70  # of 100 poisoned pairs


def test_only_training_rows_are_ever_noisy() -> None:
    read = {
        method: real_text.training_rows(method, MADE, 1.0, seed=0) for method in real_text.METHODS
    }
    noisy = poisoned(MADE.training, 1.0, seed=0)
    assert read["no weights"] == read["domain table"] == read["instance table"] == noisy
    assert read["no weights, meta data added"] == noisy + MADE.meta
    assert read[META_ONLY] == MADE.meta
    assert read["no noise (ceiling)"] == MADE.training
    left = read["noisy domain left out (oracle)"]
    assert {row.domain for row in left} == set(DOMAINS) - {POISONED}
    assert len(left) == len(noisy) * 3 / 4


def test_the_label_only_says_which_of_two_prompts_is_chosen() -> None:
    tokenizer = tokenizer_for(MADE.training)
    one = TextPairs(MADE.training, tokenizer, DOMAINS)
    wrong = [dataclasses.replace(row, right=3 - row.right) for row in MADE.training]
    other = TextPairs(wrong, tokenizer, DOMAINS)
    assert len(one) == len(MADE.training) / 2
    for told, turned in zip(one.replies, other.replies, strict=True):
        assert told == turned[::-1]
        assert told[0].reply == told[1].reply
        assert told[0].prompt != told[1].prompt


def test_a_judge_is_right_where_it_approves_more_of_the_right_program() -> None:
    tokenizer = tokenizer_for(MADE.training)
    same = dataclasses.replace(MADE.training[0], programs=("pass", "pass"))
    shown = (*MADE.training[:6], same, dataclasses.replace(same, right=3 - same.right))
    read = TextPairs(shown, tokenizer, DOMAINS)
    judge = tiny_judge(vocabulary=len(tokenizer), context=64)
    expected = []
    for right, wrong in read.replies[:3]:
        said = []
        for reply in (right, wrong):
            with torch.no_grad():
                logits = judge.model(input_ids=torch.tensor([reply.prompt])).logits[0, -1]
            said.append(float(logits.log_softmax(dim=-1)[reply.reply[0]]))
        expected.append(float(said[0] > said[1]))
    assert points(judge, read) == [*expected, 0.5]


def test_the_two_orders_of_a_pair_must_follow_each_other() -> None:
    tokenizer = tokenizer_for(MADE.training)
    with pytest.raises(ValueError, match="follow each other"):
        TextPairs(MADE.training[1:5], tokenizer, DOMAINS)


@pytest.mark.parametrize("method", ["no weights", "domain table", "instance table"])
def test_a_run_is_deterministic(method: str) -> None:
    task = real_text.Task(method=method, seed=1, sides=MADE, flipped=1.0, training=SHORT)
    first, second = real_text.run(task), real_text.run(task)
    assert first.points == second.points
    assert first.weights == second.weights
    if method == "no weights":
        assert first.weights is None
    else:
        assert first.weights is not None
        start = 1 / len(DOMAINS) if method == "domain table" else 1.0
        assert any(weight != start for weight in first.weights)


def test_controls_look_at_the_surface_and_say_the_same_in_both_orders() -> None:
    assert scored(longer, MADE.held_out) == (0.0,) * len(MADE.held_out)
    assert scored(lambda row: 0.0, MADE.held_out) == (0.5,) * len(MADE.held_out)
    many = rows(40)  # words in fewer than 20 programs are not looked at
    assert scored(linear(many), MADE.held_out) == (1.0,) * len(MADE.held_out)
    wrong = [dataclasses.replace(row, right=3 - row.right) for row in many]
    assert scored(linear(wrong), MADE.held_out) == (0.0,) * len(MADE.held_out)
    # In each domain one of the two generators is always right.
    assert scored(better_generator(many), MADE.held_out) == (1.0,) * len(MADE.held_out)


def test_a_table_says_who_loses_to_the_meta_data_alone() -> None:
    seen = {1: MADE.held_out}  # 8 rows

    def outcome(method: str, *given: float) -> list[Outcome]:
        return [Outcome(method=method, seed=1, points=tuple(given))]

    base = outcome(META_ONLY, 1, 1, 1, 0, 1, 1, 0, 0)
    lines = [
        line(name, outcome(name, *given), base, seen)
        for name, given in {
            META_ONLY: (1, 1, 1, 0, 1, 1, 0, 0),
            "bad": (0, 0, 1, 0, 1, 1, 1, 0),
            "good": (1, 1, 1, 1, 1, 1, 1, 1),
        }.items()
    ]
    assert [found.verdict for found in lines] == ["", "loses, not surely", "better, not surely"]
    assert lines[0].accuracy.mean == 0.625
    assert lines[1].gain == -0.125
    assert "loses" in table(lines)
    assert line("same", base, base, seen).verdict == "equal"
    surely = line("bad", outcome("bad", *[0] * 8), outcome(META_ONLY, *[1] * 8), seen)
    assert surely.verdict == "LOSES"
    assert surely.gain_by_problem == Interval(low=-1.0, high=-1.0)


def test_intervals_are_wide_where_values_come_in_clusters() -> None:
    apart = {str(n): [float(n % 2)] for n in range(100)}
    together = {str(n): [float(n % 2)] * 25 for n in range(4)}
    assert resampled(apart).high - resampled(apart).low < 0.3
    assert resampled(together).high - resampled(together).low > 0.9


def test_a_folder_without_the_data_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BadData, match="there is no file"):
        load(tmp_path)
    assert real_text.main(["--data", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err
