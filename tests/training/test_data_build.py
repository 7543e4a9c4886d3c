"""From graded candidates to three sides: prompts as at inference, counts, and what is refused."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from bestofn_training.data import (
    DataSettings,
    JudgeInput,
    Pools,
    Prompter,
    RandomSplit,
    TemporalSplit,
    abuild,
    build,
    read_card,
    read_rows,
)
from bestofn_training.data.card import as_markdown
from bestofn_training.errors import BadData, BadInput

from bestofn import Candidate, LLMJudge, Problem, TestCase, aselect
from bestofn.benchmarks import Benchmark, Item, shipped
from bestofn.judges.parsing import parse_selection
from bestofn.testing import ScriptedBackend
from bestofn.tournaments import RoundRobin

DAYS = ("2024-05-01T00:00:00", "2024-09-01", "2025-03-01")
CUTS = TemporalSplit()


def item(number: int, rights=(True, True, False, False), **fields) -> Item:
    """A problem whose candidates 0 and 1 are of `weak`, 2 and 3 of `strong`, by turns."""
    problem = Problem(
        **{
            "id": f"p{number}",
            "statement": f"Print {number}.",
            "platform": "site",
            "difficulty": ("easy", "hard")[number % 2],
            "metadata": {"contest_date": DAYS[number % 3]},
            **fields,
        }
    )
    candidates = tuple(
        Candidate(
            id=f"{('weak', 'strong')[n % 2]}/{n // 2}",
            code=f"print({number if right else -n - 1})  # {n}\nx{n} = {n}",
        )
        for n, right in enumerate(rights)
    )
    return Item(
        problem=problem,
        candidates=candidates,
        verdicts={c.id: right for c, right in zip(candidates, rights, strict=True)},
    )


def benchmark(*items: Item) -> Benchmark:
    return Benchmark(name="made", items=items or tuple(map(item, range(6))))


def rows(folder, side) -> list[JudgeInput]:
    return [row for _, row in read_rows(folder / f"{side}.jsonl", JudgeInput)]


def test_three_sides_with_everything_a_row_says(tmp_path):
    card = build([benchmark()], CUTS, tmp_path)
    by_side = {side: rows(tmp_path, side) for side in ("lower", "upper", "held_out")}
    problems = {side: {row.problem_id for row in found} for side, found in by_side.items()}
    assert problems == {"lower": {"p0", "p3"}, "upper": {"p1", "p4"}, "held_out": {"p2", "p5"}}
    for side, found in by_side.items():
        assert len(found) == 2 * 4 * 2  # problems, pairs, orders
        assert card["sides"][side]["inputs"] == len(found)
        for one, two in zip(found[::2], found[1::2], strict=True):
            assert one.order == two.order[::-1]
            assert one.id.rpartition(":")[0] == two.id.rpartition(":")[0]
            assert one.right == tuple(3 - place for place in two.right)
        assert len({row.id for row in found}) == len(found)
        assert card["sides"][side]["right_places"] == {"1": 8, "2": 8}
    row = by_side["upper"][0]
    assert (row.domain, row.difficulty, row.date, row.platform) == (
        "site-hard", "hard", "2024-09-01", "site"
    )  # fmt: skip
    assert {row.generator for row in by_side["lower"]} == {"weak", "strong", "strong+weak"}
    assert read_card(tmp_path) == json.loads(json.dumps(card))
    assert (tmp_path / "card.md").read_text() == as_markdown(card)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "card.json", "card.md", "held_out.jsonl", "lower.jsonl", "upper.jsonl"
    ]  # fmt: skip


def test_the_same_arguments_give_the_same_bytes_and_a_seed_other_ones(tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        settings = DataSettings(seed=seed, most=3, prompter=Prompter(seed=seed))
        build([shipped.load()], RandomSplit(), tmp_path / name, settings=settings)
    read = {
        name: {path.name: path.read_bytes() for path in (tmp_path / name).glob("*.jsonl")}
        for name in "abc"
    }
    for name in ("lower.jsonl", "upper.jsonl", "held_out.jsonl"):
        assert read["a"][name] == read["b"][name] != read["c"][name]


@pytest.mark.anyio
async def test_prompts_are_those_of_the_judge_byte_for_byte(tmp_path):
    """Every pair with one right program, asked in both orders by a real selection."""
    asked: dict[str, set[str]] = {}

    def answer(request):
        text = request.messages[-1].content
        asked.setdefault(current, set()).add(text)
        return "<selection>1</selection>"

    settings = DataSettings(seed=3, most=None, prompter=Prompter(seed=3))
    await abuild([shipped.load()], RandomSplit(), tmp_path, settings=settings)
    judge = LLMJudge(ScriptedBackend(answer), tournament=RoundRobin(), swap="both", inputs=None)
    trained = [row for side in ("lower", "upper", "held_out") for row in rows(tmp_path, side)]
    for entry in shipped.load().items:
        current = entry.problem.id
        await aselect(entry.problem, entry.candidates, judge=judge, seed=3, public_tests=False)
    assert {row.problem_id for row in trained} <= set(asked)
    for row in trained:
        assert [message.role for message in row.prompt] == ["user"]
        assert row.prompt[0].content in asked[row.problem_id]


@pytest.mark.anyio
@pytest.mark.parametrize("evidence", ["tests", "behaviour"])
async def test_prompts_with_evidence_are_those_of_the_judge(tmp_path, evidence):
    cases = tuple(TestCase(kind="stdin", input=f"{a} 0\n", expected=f"{a}\n") for a in (2, 3))
    programs = ("a + b", "a - b", "a", "b", "int(f'{a}') + b")  # `b` fails what is public
    candidates = tuple(
        Candidate(id=str(n), code=f"a, b = map(int, input().split())\nprint({it})\n")
        for n, it in enumerate(programs)
    )
    verdicts = {str(n): n in (0, 4) for n in range(len(programs))}
    some = benchmark(
        *(
            Item(
                problem=Problem(
                    id=name,
                    statement=f"Read two integers from 0 to 9 and print their sum ({name}).",
                    public_tests=cases,
                ),
                candidates=candidates,
                verdicts=verdicts,
            )
            for name in ("one", "two")
        )
    )
    settings = DataSettings(most=None, only_survivors=True, prompter=Prompter(evidence=evidence))
    split = RandomSplit(upper=0.5, held_out_share=0)
    card = await abuild([some], split, tmp_path, settings=settings)
    assert card["dropped"]["candidates"] == {"fails the public tests": 2}
    asked: set[str] = set()

    def answer(request):
        asked.add(request.messages[-1].content)
        return "<selection>1</selection>"

    judge = LLMJudge(
        ScriptedBackend(answer),
        tournament=RoundRobin(),
        swap="both",
        evidence=evidence,
        compare_equivalent=True,
    )
    for entry in some.items:
        await aselect(entry.problem, entry.candidates, judge=judge)
    trained = [row for side in ("lower", "upper") for row in rows(tmp_path, side)]
    assert trained
    assert all("WHAT WAS OBSERVED" in row.prompt[0].content for row in trained)
    assert {row.prompt[0].content for row in trained} <= asked


def test_another_seed_changes_nothing_but_the_codes(tmp_path):
    """What a judge meets at inference with a seed of its own."""
    texts = []
    for seed in (0, 1):
        settings = DataSettings(most=None, prompter=Prompter(seed=seed))
        build([benchmark()], CUTS, tmp_path / str(seed), settings=settings)
        found = [row.prompt[0].content for row in rows(tmp_path / str(seed), "lower")]
        texts.append(found)
    codes = [set(re.findall(r"\[([0-9a-f]{16})\]", "\n".join(found))) for found in texts]
    assert not codes[0] & codes[1]
    assert len(codes[0]) == 2 + 2 * 8  # one a problem, one a prompt
    plain = [[re.sub(r"\b[0-9a-f]{16}\b", "CODE", text) for text in found] for found in texts]
    assert plain[0] == plain[1]


def test_a_pool_shows_its_own_generators(tmp_path):
    settings = DataSettings(pools=Pools(lower=("weak",), upper=("strong",)))
    card = build([benchmark()], CUTS, tmp_path, settings=settings)
    assert {row.generator for row in rows(tmp_path, "lower")} == {"weak"}
    assert {row.generator for side in ("upper", "held_out") for row in rows(tmp_path, side)} == {
        "strong"
    }
    assert card["sides"]["lower"]["generators_allowed"] == ["weak"]
    assert card["dropped"]["candidates"] == {"its generator is not for this side": 12}
    assert card["retention"]["generators"]["weak"] == {
        "candidates": 12, "right": 6, "shown": 4, "inputs": 4
    }  # fmt: skip
    with pytest.raises(BadInput, match=r"nobody called 'wek'.*strong, weak"):
        build([benchmark()], CUTS, tmp_path, settings=DataSettings(pools=Pools(lower=("wek",))))


def test_sets_of_three_and_within_a_generator(tmp_path):
    items = [item(n, rights=(True, True, False, False, False, True)) for n in range(3)]
    build(
        [benchmark(*items)], CUTS, tmp_path, settings=DataSettings(k=3, most=2, within="generator")
    )
    found = rows(tmp_path, "lower")
    assert len(found) == 4
    for row in found:
        assert len(row.order) == 3
        assert len({id.partition("/")[0] for id in row.order}) == 1
        assert "<selection>" in row.prompt[0].content
        assert parse_selection(f"<selection>{row.right[0]}</selection>", 3).index == row.right[0]


def test_what_is_dropped_is_counted(tmp_path):
    items = [
        *map(item, range(3)),
        item(6, rights=(True, True)),
        item(9, rights=(False, False)),
        item(12, metadata={}),
        item(15, statement="Print   0."),
    ]
    card = build([benchmark(*items)], CUTS, tmp_path)
    assert card["dropped"]["problems"] == {
        "no date": 1,
        "no right candidate": 1,
        "no wrong candidate": 1,
        "the same statement as an earlier problem": 1,
    }
    assert card["retention"]["domains"]["site-easy"]["problems"] == 4
    assert card["retention"]["domains"]["site-easy"]["used"] == 2
    text = (tmp_path / "card.md").read_text()
    assert "| no right candidate | 1 |" in text


def test_a_held_out_set_of_an_earlier_run_does_not_stay(tmp_path):
    build([benchmark()], CUTS, tmp_path)
    build([benchmark()], TemporalSplit(upper_until=None), tmp_path)
    assert not (tmp_path / "held_out.jsonl").exists()
    assert {row.problem_id for row in rows(tmp_path, "upper")} == {"p1", "p4", "p2", "p5"}


def test_candidates_without_a_verdict_are_graded_in_the_sandbox(tmp_path):
    tests = (TestCase(kind="stdin", input="", expected="7\n"),)
    known = item(0)
    ungraded = [
        replace(
            item(n, id=f"u{n}", statement=f"Print seven ({n})."),
            candidates=tuple(Candidate(id=f"m/{k}", code=f"print({k})") for k in (6, 7, 8)),
            hidden_tests=tests,
            verdicts={},
        )
        for n in (0, 1)
    ]
    heard = []
    for _ in range(2):
        build([benchmark(known, *ungraded)], CUTS, tmp_path, on_item=lambda *a: heard.append(a))
        assert all(
            row.order[row.right[0] - 1] == "m/7"
            for side in ("lower", "upper")
            for row in rows(tmp_path, side)
            if row.problem_id.startswith("u")
        )
        assert len((tmp_path / "grades.jsonl").read_text().splitlines()) == 2
    assert len(heard) == 6
    bare = replace(ungraded[0], hidden_tests=())
    with pytest.raises(BadData, match=r"problem 'u0'.*no hidden tests.*'m/6' has none"):
        build([benchmark(bare)], CUTS, tmp_path)


def test_nothing_is_written_where_a_side_stays_empty(tmp_path):
    for items, side in (((item(0),), "upper"), ((item(1), item(2)), "lower")):
        with pytest.raises(BadData, match=f"^{side}: no judge input"):
            build([benchmark(*items)], CUTS, tmp_path)
    settings = DataSettings(domains=("site-easy", "site-medium"))
    with pytest.raises(BadData, match=r"lower: .*'site-medium'.*site-easy \(8\)"):
        build([benchmark()], CUTS, tmp_path, settings=settings)
    assert list(tmp_path.iterdir()) == []


def test_two_benchmarks_with_one_id_and_a_broken_date_are_refused(tmp_path):
    with pytest.raises(BadData, match=r"'p0'.*is in made and in made"):
        build([benchmark(), benchmark()], CUTS, tmp_path)
    with pytest.raises(BadData, match=r"'p0'.*'soon', which is no date"):
        build([benchmark(item(0, metadata={"contest_date": "soon"}))], CUTS, tmp_path)


def test_a_prompt_beyond_the_context_is_refused_or_dropped(tmp_path):
    long = item(6, statement="Print six. " * 2000)
    whole = benchmark(*map(item, range(3)), long)

    def words(messages):
        return sum(len(message.content.split()) for message in messages)

    with pytest.raises(BadInput, match=r"context.*tokenizer"):
        build([whole], CUTS, tmp_path, settings=DataSettings(context=9))
    settings = DataSettings(context=3000)
    with pytest.raises(BadData, match=r"'p6': the prompt on .* tokens, more than .* 3000"):
        build([whole], CUTS, tmp_path, settings=settings, measure=words)
    card = build(
        [whole], CUTS, tmp_path, settings=replace(settings, too_long="drop"), measure=words
    )
    assert card["dropped"]["sets"] == {"longer than the context": 4}
    assert card["dropped"]["problems"] == {"longer than the context": 1}
    assert {row.problem_id for row in rows(tmp_path, "lower")} == {"p0"}
    assert 0 < card["sides"]["lower"]["prompt_tokens_most"] <= 3000
