"""The demonstration with planted truth, in small: directions, determinism, and its arithmetic."""

from __future__ import annotations

import dataclasses
import json
import math
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("betty")

FOLDER = Path(__file__).resolve().parents[3] / "training" / "demonstrations"
sys.path.insert(0, str(FOLDER))

from planted_points import draw  # noqa: E402
from planted_questions import (  # noqa: E402
    AGAINST,
    DOMAINS,
    FILLERS,
    FOR,
    OTHER_FILLERS,
    SHARES,
    A,
    Question,
    ask,
    mixture,
    pair,
)
from planted_settings import SETTINGS, Setting, run_in  # noqa: E402
from planted_tables import (  # noqa: E402
    BASELINES,
    META_ONLY,
    NONE,
    Run,
    duel,
    relative_weights,
    results,
    sentences,
)
from tables import estimate, number, t_95, text_table  # noqa: E402


def numbers(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def short(name: str, updates: int) -> Setting:
    setting = SETTINGS[name]
    return dataclasses.replace(
        setting, training=dataclasses.replace(setting.training, updates=updates)
    )


def true_answer(row: Question) -> bool:
    votes = [(word in range(*FOR)) - (word in range(*AGAINST)) for word in row.words]
    assert sum(votes) != 0
    return sum(votes) > 0


def test_the_domains_are_poisoned_as_they_say() -> None:
    right = {
        domain: [row.yes == true_answer(row) for row in ask(200, domain, numbers()).rows]
        for domain in DOMAINS
    }
    assert all(right["clean"])
    assert all(right["shifted"])
    assert not any(right["flipped"])
    assert 70 < sum(right["random"]) < 130
    words = {
        domain: {w for r in ask(50, domain, numbers()).rows for w in r.words} for domain in DOMAINS
    }
    assert not words["clean"] & set(range(*OTHER_FILLERS))
    assert not words["shifted"] & set(range(*FILLERS))


def test_the_mixture_has_its_shares_and_its_seed() -> None:
    rows = mixture(400, numbers())
    assert Counter(row.domain for row in rows.rows) == {d: 400 * s for d, s in SHARES.items()}
    assert rows == mixture(400, numbers())
    assert rows != mixture(400, numbers(1))
    batch = rows([3, 5])
    assert batch["domain"].tolist() == [rows.groups[3], rows.groups[5]]
    assert batch["index"].tolist() == [3, 5]


def test_the_reply_shown_as_right_is_chosen() -> None:
    row = Question(words=(8, 20, 9), yes=True, domain="clean")
    chosen, rejected = pair(row)
    assert chosen.prompt == rejected.prompt
    assert chosen.reply == (A,) != rejected.reply
    assert pair(dataclasses.replace(row, yes=False)) == (rejected, chosen)


def test_bad_points_are_on_the_wrong_side_and_further_out() -> None:
    truth = torch.randn(10, generator=numbers(7))
    points = draw(1000, truth, numbers(), bad=0.2, stretch=3.0)
    right = points.side == torch.sign(points.features @ truth)
    assert torch.equal(right, ~points.bad)
    assert 150 < int(points.bad.sum()) < 250
    length = points.features.norm(dim=1)
    assert float(length[points.bad].mean() / length[~points.bad].mean()) == pytest.approx(
        3, rel=0.1
    )
    assert set(points(range(50))["domain"].tolist()) == {0}  # what learns cannot see them


def test_poisoned_domains_lose_their_weight() -> None:
    setting = short("mixture", 300)
    plain = run_in(setting, "mixture", NONE, 100)
    learned = run_in(setting, "mixture", "domain table", 100)
    weights = learned.weights
    assert max(weights["flipped"], weights["random"]) < 0.5 * weights["clean"]
    assert weights["flipped"] < 0.1 * weights["clean"]
    assert learned.accuracy > plain.accuracy + 0.1


@pytest.mark.parametrize(
    ("name", "method", "updates"),
    [("flips", "instance table", 300), ("outliers", "instance net", 300)],
)
def test_bad_rows_lose_weight_though_nothing_tells_them(
    name: str, method: str, updates: int
) -> None:
    setting = short(name, updates)
    plain = run_in(setting, name, NONE, 0)
    learned = run_in(setting, name, method, 0)
    assert learned.weights["bad"] < 0.75 * learned.weights["clean"]
    assert learned.accuracy > plain.accuracy


@pytest.mark.parametrize(
    ("name", "method"),
    [("mixture", "domain table"), ("outliers", "instance net"), ("flips", "instance table")],
)
def test_the_same_seed_gives_the_same_numbers(name: str, method: str) -> None:
    setting = short(name, SETTINGS[name].training.upper_after + 4)  # weights have moved
    first, other = (run_in(setting, name, method, 3) for _ in range(2))
    assert (first.accuracy, first.weights) == (other.accuracy, other.weights)
    assert run_in(setting, name, method, 4).weights != first.weights


def runs(**accuracies: list[float]) -> list[Run]:
    return [
        Run(
            setting="s",
            method=method.replace("_", " "),
            seed=seed,
            accuracy=accuracy,
            weights={"clean": 3.0, "bad": 1.0} if method == "ours" else {},
            seconds=0.0,
        )
        for method, found in accuracies.items()
        for seed, accuracy in enumerate(found)
    ]


def test_a_loss_is_called_a_loss() -> None:
    lost = duel(runs(ours=[0.6, 0.7, 0.5], meta_only=[0.9, 0.91, 0.8]), "ours", META_ONLY)
    assert lost.outcome == "loses to"
    assert lost.wins == 0
    assert "ours loses to meta only: -.270 ± " in str(lost)
    won = duel(runs(ours=[0.9, 0.91, 0.8], none=[0.6, 0.7, 0.5]), "ours", NONE)
    assert (won.outcome, won.wins, won.seeds) == ("beats", 3, 3)
    close = duel(runs(ours=[0.9, 0.7, 0.8], none=[0.8, 0.8, 0.8]), "ours", NONE)
    assert (close.outcome, close.wins) == ("cannot be told from", 1)
    with pytest.raises(ValueError, match="no seed"):
        duel(runs(ours=[0.5]), "ours", NONE)


def test_intervals_against_numbers_by_hand() -> None:
    values = [0.9, 0.95, 1.0]
    found = estimate(values)
    assert found.mean == pytest.approx(0.95)
    assert found.half == pytest.approx(4.303 * statistics.stdev(values) / math.sqrt(3))
    assert math.isnan(estimate([0.5]).half)
    with pytest.raises(ValueError, match="no values"):
        estimate([])
    assert t_95(40) == pytest.approx(2.021, abs=0.003)
    assert t_95(100) == pytest.approx(1.984, abs=0.003)
    assert [number(v) for v in (0.5, -0.25, 1.0, math.nan, 10.5)] == [
        ".500",
        "-.250",
        "1.000",
        "-",
        "10.500",
    ]


def test_weights_are_shown_beside_their_mean() -> None:
    assert relative_weights(runs(ours=[0.9, 0.8]), "ours") == {"clean": 1.5, "bad": 0.5}
    assert relative_weights(runs(none=[0.9]), NONE) == {}


def test_tables_and_sentences_say_all() -> None:
    some = {name.replace(" ", "_"): [0.5, 0.6] for name in BASELINES}
    shown = runs(ours=[0.9, 0.95], **some)
    table = results(shown, [*BASELINES, "ours"], ["clean", "bad"])
    assert len({len(line) for line in table.splitlines()}) == 1
    assert "2 of 2" in table.splitlines()[-1]
    said = sentences(shown, ["ours"], ["bad"])
    assert len(said) == len(BASELINES) + 1
    assert "bad .50" in said[-1]
    assert text_table(["a", "b"], [["x", "1"]]).splitlines()[1] == "| --- | --: |"


def test_a_setting_that_does_not_exist_is_named() -> None:
    command = [sys.executable, str(FOLDER / "planted.py"), "--setting", "nowhere"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode != 0
    assert "nowhere" in done.stderr
    assert "mixture" in done.stderr


def test_the_command_writes_every_run(tmp_path: Path) -> None:
    file = tmp_path / "runs.json"
    command = [sys.executable, str(FOLDER / "planted.py"), "--setting", "outliers"]
    options = ["--seeds", "1", "--first", "7", "--json", str(file)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    written = json.loads(file.read_text())
    assert {row["method"] for row in written} == set(SETTINGS["outliers"].methods)
    assert {row["seed"] for row in written} == {7}
    assert "instance net" in done.stdout
