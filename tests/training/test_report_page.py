"""The page as a whole: from folders of runs, finished, live and damaged, to one offline file."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from bestofn_training.cli import app
from bestofn_training.errors import BadInput, BadRow
from bestofn_training.evaluate import Answered, Verdict, evaluation_of
from bestofn_training.recipes import as_record, read_recipe
from bestofn_training.report.findings import FEWEST, compare, families_of
from bestofn_training.report.page import render
from bestofn_training.report.runs import read_run
from typer.testing import CliRunner

from bestofn.errors import FormatError

EVIL = '"><img src=x onerror=alert(1)><script>alert("x")</script>'
VOID = {"meta", "link", "img", "br", "hr", "input"}
KINDS = ("none", "domain", "instance-table", "instance-net")


class Page(HTMLParser):
    """What is on a page, and that its tags close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.said.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.said).split())


@pytest.fixture
def make(tmp_path: Path, recipes: Path, rows_in):
    """Folders of runs, in the form in which training leaves them."""
    data = rows_in(tmp_path / "data")

    def made(
        name: str,
        kind: str = "domain",
        *changes: str,
        updates: int = 12,
        ended: bool = True,
        right: float | None = 0.5,
        domains: tuple[str, ...] = ("easy", "hard", "medium"),
        samples: int = 40,
        loss: str = "dpo",
        upper_digest: str = "upper",
    ) -> Path:
        recipe = read_recipe(
            recipes / "cpu" / f"{loss}-{kind}.toml",
            [f"data.folder={data}", f"schedule.iterations={updates}", *changes],
        )
        folder = tmp_path / name
        folder.mkdir()
        on_meta = recipe.data.lower.startswith("upper.")
        files = {"lower": upper_digest if on_meta else "lower"}
        if kind != "none":
            files["upper"] = upper_digest
        write_json(folder / "run.json", {"recipe": as_record(recipe), "files": files})
        moved = {"largest": 0.25, "mean": 0.125, "share": 1.0}
        metrics, history = [], []
        for update in range(1, updates + 1):
            metrics.append(lower(update))
            if kind != "none" and update % 2 == 0:
                weights = weights_of(kind, update / updates, domains, samples)
                head = {"step": 4 * update, "update": update // 2}
                history.append({**head, "moved": moved, **weights})
                metrics.append(
                    {"event": "upper_update", **head, "meta_loss": 0.6, "gradient_norm": 40.0,
                     "moved": moved}
                )  # fmt: skip
        write_lines(folder / "metrics.jsonl", metrics)
        if history:
            write_lines(folder / "weights.jsonl", history)
        if ended:
            last = history[-1]["weights"] if history else []
            end = {"micro_steps": 4 * updates, "lower_updates": updates,
                   "upper_updates": len(history), "moved": moved, "domains": domains,
                   "samples": [f"s{n}" for n in range(samples)], "weights": last}  # fmt: skip
            write_json(folder / "result.json", end)
        if right is not None:
            measured(folder, right)
        return folder

    return made


def lower(update: int) -> dict[str, Any]:
    return {
        "event": "lower_update",
        "step": 4 * update,
        "update": update,
        "loss": 0.7 * math.exp(-update / 100),
        "weighted_loss": 0.3,
        "gradient_norm": 0.01 * update,
        "rate": 1e-3,
    }


def weights_of(
    kind: str, share: float, domains: tuple[str, ...], samples: int
) -> dict[str, list[float]]:
    if kind == "domain":
        return {"weights": [share * n / len(domains) for n in range(len(domains))]}
    if kind == "instance-table":
        return {"weights": [1 + share * math.sin(n) for n in range(samples)]}
    losses = [n / 10 for n in range(41)]
    return {"losses": losses, "weights": [share / (1 + loss) for loss in losses]}


def measured(folder: Path, right: float, *, problems: int = 40, how: str = "served") -> None:
    """An evaluation in which that share of problems is judged right, in both orders."""
    rows = [
        Answered(
            id=f"p{n}:0:{order}",
            problem_id=f"p{n}",
            order=("a", "b") if order == 0 else ("b", "a"),
            right=(1 + order,),
            domain="easy" if n % 2 else "hard",
            replies=(
                Verdict(level="right", index=1 + order)
                if n < right * problems
                else Verdict(level="wrong", index=2 - order),
            ),
        )
        for n in range(problems)
        for order in range(2)
    ]
    evaluation_of(
        rows, judge="j", how=how, inputs="held_out.jsonl", unseen=True, resamples=500
    ).write(folder / "evaluation.json")


def write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def page_of(*folders: Path) -> Page:
    return Page(render([read_run(folder) for folder in folders]))


def test_all_kinds_of_runs_on_one_page(make) -> None:
    folders = [make(f"run-{kind}", kind) for kind in KINDS]
    page = page_of(*folders)
    tags = [tag for tag, _ in page.tags]
    titles = [attributes.get("id") for tag, attributes in page.tags if tag == "title"]
    wanted = ("run-2-domains", "run-3-bands", "run-3-spreads", "run-4-curve", "run-1-loss")
    assert {f"{name}-t" for name in wanted} <= set(titles)
    assert tags.count("svg") == 3 + 4 * 3 - 1 + 4  # held out; three a run, none has no meta loss
    assert "No weights are learned, so there is no meta loss." in page.text
    assert "4 runs, 4 ended, 4 measured" in page.text
    ids = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(set(ids)) == len(ids)
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert {f"#{id_}" for id_ in ids} >= set(links)
    labelled = [a.get("aria-labelledby", "").split() for tag, a in page.tags if tag == "svg"]
    assert all(set(names) <= set(ids) and len(names) == 2 for names in labelled)


def test_the_page_asks_nobody(make) -> None:
    text = render([read_run(make("run"))])
    page = Page(text)
    assert not {"script", "img", "iframe", "object"} & {tag for tag, _ in page.tags}
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            if name in ("src", "href", "action", "xlink:href"):
                assert value == "data:," or (value or "").startswith("#"), (tag, name, value)
    assert "http" not in text.replace("http-equiv", "")
    assert "@import" not in text
    assert "url(" not in text
    (policy,) = [a["content"] for t, a in page.tags if a.get("http-equiv")]
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_the_same_runs_give_the_same_page(make) -> None:
    runs = [read_run(make("one")), read_run(make("two", "instance-table"))]
    assert render(runs) == render(runs)


def test_names_of_others_cannot_break_out(make, tmp_path: Path) -> None:
    folder = make("run", "domain", domains=(EVIL, "b", "c"))
    table = make("table", "instance-table")
    result = json.loads((table / "result.json").read_text())
    write_json(table / "result.json", {**result, "samples": [EVIL + str(n) for n in range(40)]})
    found = json.loads((folder / "evaluation.json").read_text())
    found["domains"] = {EVIL: found["domains"]["easy"]}
    write_json(folder / "evaluation.json", {**found, "judge": EVIL})
    runs = [read_run(folder, EVIL), read_run(table, "\ud800half")]
    text = render(runs, title=EVIL)
    page = Page(text)
    assert not {"script", "img"} & {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name[:2] == "on"]
    assert page.text.count('alert("x")') > 5
    text.encode("utf-8")


def test_a_missing_baseline_is_said_where_it_is_missing(make) -> None:
    page = page_of(make("mine"), make("plain", "none"))
    assert "The baseline “meta data only” is missing here." in page.text
    assert "The baseline “none” is missing" not in page.text
    assert "meta data only baseline no such run was given" in page.text
    page = page_of(make("alone"))
    assert page.text.count("is missing here.") == 2


def test_baselines_are_known_by_their_recipes(make) -> None:
    method, none = make("method"), make("plain", "none")
    meta = make("meta", "none", "data.lower=upper.preferences.jsonl")
    renamed = make("renamed", "none", "data.lower=upper.preferences.jsonl")
    record = json.loads((renamed / "run.json").read_text())
    record["recipe"]["data"]["lower"] = "other.jsonl"  # known by its digest
    write_json(renamed / "run.json", record)
    other = make("kto", "none", loss="kto")
    runs = [read_run(folder) for folder in (method, none, meta, renamed, other)]
    dpo, kto = families_of(runs)
    assert [run.name for run in dpo.methods] == ["method"]
    assert [run.name for run in dpo.baselines["none"]] == ["plain"]
    assert [run.name for run in dpo.baselines["meta only"]] == ["meta", "renamed"]
    assert [run.name for run in kto.baselines["none"]] == ["kto"]
    assert kto.baselines["meta only"] == ()


def test_a_baseline_of_the_same_seed_is_preferred_and_a_named_one_stands_in(make) -> None:
    method = read_run(make("method", "domain", "seed=3"))
    runs = [method, *(read_run(make(f"none-{n}", "none", f"seed={n}")) for n in (1, 3))]
    family = families_of(runs)[0]
    found = family.baseline_of(method, "none")
    assert found is not None
    assert found.name == "none-3"
    kto = read_run(make("kto", "none", loss="kto"))
    stand_in = families_of([method], {"none": [kto]})[0]
    assert stand_in.baselines["none"] == (kto,)
    assert stand_in.baselines["meta only"] == ()


@pytest.mark.parametrize(
    ("mine", "other", "words", "tone"),
    [
        (0.9, 0.4, "beats the baseline “meta data only” (meta) by 50.0 points", "above"),
        (0.4, 0.9, "loses to the baseline “meta data only” (meta) by 50.0 points", "below"),
        (0.5, 0.525, "by 2.5 points, which may be chance (95 % interval", "below"),
        (0.525, 0.5, "is ahead of the baseline “meta data only” (meta) by 2.5 points", "open"),
        (0.5, 0.5, "is as good as the baseline “meta data only” (meta), no better", "open"),
    ],
)
def test_who_loses_to_the_meta_data_is_told(
    make, mine: float, other: float, words: str, tone: str
) -> None:
    method = read_run(make("method", right=mine))
    meta = make("meta", "none", "data.lower=upper.preferences.jsonl", right=other)
    finding = compare(method, read_run(meta), "meta only")
    assert words in finding.text
    assert finding.tone == tone
    assert words in page_of(method.folder, meta).text


@pytest.mark.parametrize(("mine", "other", "tone"), [(1.0, 0.0, "open"), (0.0, 1.0, "below")])
def test_a_few_problems_prove_nothing(make, mine: float, other: float, tone: str) -> None:
    method, plain = make("method"), make("plain", "none")
    for folder, right in ((method, mine), (plain, other)):
        measured(folder, right, problems=FEWEST - 1)
    finding = compare(read_run(method), read_run(plain), "none")
    assert "which may be chance" in finding.text
    assert finding.text.endswith("5 problems are too few to tell.")
    assert finding.tone == tone
    for folder, right in ((method, mine), (plain, other)):
        measured(folder, right, problems=FEWEST)
    assert "chance" not in compare(read_run(method), read_run(plain), "none").text


def test_what_cannot_be_compared_is_not(make) -> None:
    method = read_run(make("method"))
    blank = read_run(make("blank", "none", right=None))
    assert "blank was not measured" in compare(method, blank, "none").text
    few = make("few", "none")
    measured(few, 0.5, problems=10)
    assert "other held-out inputs" in compare(method, read_run(few), "none").text
    otherwise = make("otherwise", "none")
    measured(otherwise, 0.5, how="scored")
    assert "not asked in the same way" in compare(method, read_run(otherwise), "none").text
    text = page_of(method.folder, blank.folder).text
    assert f"not measured: bestofn-train evaluate {blank.folder}" in text


def test_measures_of_a_run_that_was_trained_further_are_said_to_be_old(make) -> None:
    method, none = make("method"), make("none", "none")
    run = read_run(method)
    assert run.evaluation is not None
    before = run.record.recipe.lower_updates - 1
    dataclasses.replace(run.evaluation, updates=before).write(method / "evaluation.json")
    text = compare(read_run(method), read_run(none), "none").text
    assert "method has been trained further since it was measured" in text
    assert (
        f"measured after {before:,} updates of the judge, and trained further"
        in page_of(method, none).text
    )


def test_a_live_run_is_shown_as_far_as_it_is(make) -> None:
    folder = make("live", "domain", ended=False, right=None)
    for name in ("metrics.jsonl", "weights.jsonl"):
        text = (folder / name).read_text()
        (folder / name).write_text(text[:-20])
    run = read_run(folder)
    assert len(run.lower) == 12
    assert len(run.upper) == 5
    assert run.weights is not None
    assert run.weights.updates == (1, 2, 3, 4, 5)
    text = page_of(folder).text
    assert "The last line of metrics.jsonl is half written" in text
    assert "The last line of weights.jsonl is half written" in text
    assert "This run has not ended: 12 of 12 updates of the judge are recorded." in text
    assert "Names of domains are known when the run has ended." in text
    assert "domain 3" in text


def test_a_run_that_has_only_begun(make) -> None:
    folder = make("new", "domain", ended=False, right=None)
    for name in ("metrics.jsonl", "weights.jsonl"):
        (folder / name).unlink()
    text = page_of(folder).text
    assert "No update is recorded yet." in text
    assert "No weights are recorded yet." in text
    one = make("one", "instance-table", updates=2, right=None)
    assert "of 2" in page_of(one).text


@pytest.mark.parametrize(
    ("file", "line", "change", "reason"),
    [
        ("metrics.jsonl", 2, '{"event": "lower_up\n', ""),
        ("metrics.jsonl", 2, '{"event": "saved", "step": 1}\n', ""),
        ("metrics.jsonl", 2, {"loss": "much"}, "field 'loss'"),
        ("metrics.jsonl", 2, {"loss": math.nan}, "field 'loss'.*finite"),
        ("metrics.jsonl", 1, {"update": 7}, ""),
        ("weights.jsonl", 3, {"weights": [0.1, 0.2]}, "has 2 numbers, line 1 has 3"),
        ("weights.jsonl", 3, {"weights": [math.inf, 0, 0]}, "field 'weights"),
        ("weights.jsonl", 3, {"update": 1}, "is 1 after 2; updates must ascend"),
        ("weights.jsonl", 3, {"weights": []}, "field 'weights'"),
    ],
)
def test_a_damaged_line_is_refused_with_its_place(
    make, file: str, line: int, change: str | dict[str, Any], reason: str
) -> None:
    path = make("run") / file
    lines = path.read_text().splitlines(keepends=True)
    if isinstance(change, str):
        lines[line - 1] = change
    else:
        lines[line - 1] = json.dumps({**json.loads(lines[line - 1]), **change}) + "\n"
    path.write_text("".join(lines))
    with pytest.raises(BadRow, match=rf"{re.escape(file)}:\d+: .*{reason}") as found:
        read_run(path.parent)
    assert found.value.row in (line, line + 1)


@pytest.mark.parametrize("file", ["run.json", "result.json", "evaluation.json"])
def test_another_damaged_file_is_refused_by_name(make, file: str) -> None:
    path = make("run") / file
    path.write_text(path.read_text()[:-30])
    with pytest.raises(FormatError, match=re.escape(file)):
        read_run(path.parent)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"is not the folder of a run: it holds no run\.json"):
        read_run(tmp_path)


def test_large_runs_make_a_page_below_two_megabytes(make) -> None:
    domains = tuple(f"platform-{n}-difficulty" for n in range(30))
    folders = [make("domain", updates=8_000, domains=domains)]
    folders += [make("table", "instance-table", updates=1_000, samples=1_000)]
    folders += [make(f"run-{n}", updates=500, domains=domains) for n in range(18)]
    text = render([read_run(folder) for folder in folders])
    assert len(text.encode()) < 2_000_000
    Page(text)


def call(*arguments: object, code: int = 0) -> tuple[str, str]:
    result = CliRunner().invoke(app, ["report", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.stdout, result.stderr


def test_the_command_writes_one_file(make, tmp_path: Path) -> None:
    output = tmp_path / "out" / "report.html"
    method, plain = make("method"), make("plain", "none")
    meta = make("meta", "none")
    baselines = ("--baseline", f"none={plain}", "--baseline", f"meta only={meta}")
    out, _ = call(method, plain, *baselines, "--output", output)
    assert "written:" in out
    assert list(output.parent.iterdir()) == [output]
    text = Page(output.read_text(encoding="utf-8")).text
    assert "is missing here" not in text
    assert "meta baseline: meta data only" in text
    assert text.count("baseline: none") == 1  # given twice, shown once


def test_the_command_refuses_what_it_cannot_use(make, tmp_path: Path) -> None:
    folder = make("run")
    for wrong in ("best=x", "none", "none="):
        _, error = call(folder, "--baseline", wrong, code=2)
        assert "--baseline" in error
    _, error = call(tmp_path / "nowhere", code=2)
    assert "it holds no run.json" in error
    (tmp_path / "file").write_text("")
    _, error = call(folder, "--output", tmp_path / "file" / "x.html", code=2)
    assert "--output: cannot write" in error


def test_runs_of_one_name_are_told_apart(make, tmp_path: Path) -> None:
    for seed in ("a", "b"):
        (tmp_path / seed).mkdir()
        make(f"{seed}/dpo")
    output = tmp_path / "report.html"
    call(tmp_path / "a" / "dpo", tmp_path / "b" / "dpo", "--output", output)
    text = Page(output.read_text(encoding="utf-8")).text
    assert "a/dpo" in text
    assert "b/dpo" in text
