"""Real runs, measured by their own adapters, and reported."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("betty")

from bestofn_training.cli import app  # noqa: E402
from bestofn_training.errors import BadInput, BadRow  # noqa: E402
from bestofn_training.evaluate import read_answers, read_evaluation  # noqa: E402
from bestofn_training.evaluate.local import LocalJudge, answer  # noqa: E402
from bestofn_training.recipes import Recipe, read_recipe  # noqa: E402
from bestofn_training.report.runs import read_run  # noqa: E402
from bestofn_training.trainer import train  # noqa: E402
from bestofn_training.trainer.folder import Folder  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from bestofn.chat import Sampling  # noqa: E402

VERDICTS = "<selection>1</selection>", "<selection>2</selection>"


def write(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def learn(tmp_path: Path, recipes: Path) -> Callable[..., Recipe]:
    """Recipes on a task that a few thousand parameters can learn: which of two is called good."""
    folder = tmp_path / "data"
    folder.mkdir()
    for side, problems in (
        ("lower", range(40)),
        ("upper", range(40, 52)),
        ("held_out", range(52, 64)),
    ):
        inputs, pairs = [], []
        for problem in problems:
            for order in range(2):
                right = 1 + order
                words = ("good", "bad") if order == 0 else ("bad", "good")
                text = f"Task {problem % 5}. 1: {words[0]} 2: {words[1]}. Which?"
                about = {
                    "id": f"p{problem}:0:{order}",
                    "problem_id": f"p{problem}",
                    "prompt": [{"role": "user", "content": text}],
                    "domain": ("easy", "hard")[problem % 2],
                }
                said = [
                    [{"role": "assistant", "content": VERDICTS[place - 1]}]
                    for place in (right, 3 - right)
                ]
                shown = ["a", "b"] if order == 0 else ["b", "a"]
                inputs.append({**about, "order": shown, "right": [right]})
                pairs.append({**about, "chosen": said[0], "rejected": said[1]})
        write(folder / f"{side}.jsonl", inputs)
        write(folder / f"{side}.preferences.jsonl", pairs)

    def made(name: str, *changes: str) -> Recipe:
        settings = [f"data.folder={folder}", "model.device=cpu", *changes]
        return read_recipe(recipes / "cpu" / f"{name}.toml", settings)

    return made


def call(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(map(str, arguments)))
    assert result.exit_code == code, result.output
    return result.output


def accuracy(folder: Path) -> float:
    found = read_evaluation(folder / "evaluation.json").whole.measures["accuracy"]
    assert found is not None
    return found.mean


def test_what_was_learned_is_measured_and_reported(
    learn: Callable[..., Recipe], tmp_path: Path
) -> None:
    changes = ("lower.rate=3e-3", "output.checkpoint_every=0")
    long, brief = "schedule.iterations=120", "schedule.iterations=1"
    runs = tmp_path / "runs"
    train(learn("dpo-domain", long, *changes), runs / "learned")
    train(learn("dpo-none", brief, *changes), runs / "plain")
    meta = "data.lower=upper.preferences.jsonl"
    train(learn("dpo-none", brief, meta, *changes), runs / "meta")
    for name in ("learned", "plain", "meta"):
        call("evaluate", runs / name, "--scored")
    found = read_evaluation(runs / "learned" / "evaluation.json")
    assert (found.how, found.unseen, found.whole.problems) == ("scored", True, 12)
    assert found.whole.measures["format_errors"] is None
    assert accuracy(runs / "learned") > 0.9
    assert accuracy(runs / "plain") < 0.7
    output = tmp_path / "report.html"
    call("report", *(runs / name for name in ("learned", "plain", "meta")), "--output", output)
    text = output.read_text(encoding="utf-8")
    assert "beats the baseline “none” (plain)" in text
    assert "baseline: meta data only" in text
    assert "is missing here" not in text


@pytest.mark.parametrize("name", ["kto-domain", "orpo-instance-table", "dpo-instance-net"])
def test_the_report_reads_what_training_writes(
    recipes: Path, rows_in: Callable[[Path], Path], tmp_path: Path, name: str
) -> None:
    data = rows_in(tmp_path / "data")
    recipe = read_recipe(
        recipes / "cpu" / f"{name}.toml", [f"data.folder={data}", "model.device=cpu"]
    )
    result = train(recipe, tmp_path / "run")
    run = read_run(tmp_path / "run")
    assert len(run.lower) == result.lower_updates
    assert len(run.upper) == result.upper_updates
    assert run.lower[-1].loss == result.loss
    assert run.upper[-1].moved.largest == result.moved.largest
    assert run.weights is not None
    assert run.weights.updates == (1, 2, 3)
    assert set(run.weights.moments) == {"start", "middle", "end"}
    assert run.result is not None
    assert run.result.weights == run.weights.moments["end"].weights
    assert run.notes == ()
    folder = Folder(path=run.folder)
    assert {folder.run.name, folder.metrics.name, folder.weights.name, folder.result.name} == {
        "run.json",
        "metrics.jsonl",
        "weights.jsonl",
        "result.json",
    }
    folder.result.unlink()  # as of a run that has not come to its end
    assert "has not ended" in read_run(run.folder).notes[0]
    assert (folder.adapter / "adapter_config.json").is_file()


def test_an_adapter_writes_replies_alike_for_the_same_seed(
    learn: Callable[..., Recipe], tmp_path: Path
) -> None:
    recipe = learn("dpo-none", "schedule.iterations=1")
    train(recipe, tmp_path / "run")
    call("evaluate", tmp_path / "run", "--max-reply", 8, "--n", 2)
    found = read_evaluation(tmp_path / "run" / "evaluation.json")
    errors = found.whole.measures["format_errors"]
    assert errors is not None
    assert errors.mean == 1  # it has learned no format
    assert (found.how, found.whole.replies) == ("written", 48)
    rows = list(read_answers(tmp_path / "run" / "held_out.replies.jsonl"))
    assert [len(row.replies) for row in rows] == [2] * 24
    local = LocalJudge.load(tmp_path / "run", recipe)
    data = Path(recipe.data.folder)
    drawn = []
    for seed in (0, 0, 1):
        output = tmp_path / "some.replies.jsonl"
        settings = Sampling(temperature=10, top_p=1.0, top_k=None, max_tokens=6)
        answer(local, data / "held_out.jsonl", output, way="written", n=2, sampling=settings,
               seed=seed, on_input=lambda _: None)  # fmt: skip
        torch.manual_seed(1_000_003 * seed + 1)
        drawn.append([reply.text for reply in local.write(first_input(data), 2, settings)])
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]
    greedy = Sampling(temperature=0, max_tokens=6)
    one, two = (local.write(first_input(data), 1, greedy)[0].text for _ in range(2))
    assert one == two


def first_input(data: Path):
    from bestofn_training.data import JudgeInput, read_rows

    return next(row for _, row in read_rows(data / "held_out.jsonl", JudgeInput))


def test_scores_are_log_probabilities_of_whole_verdicts(
    learn: Callable[..., Recipe], tmp_path: Path
) -> None:
    """Against the model's own logits, token by token."""
    recipe = learn("dpo-none", "schedule.iterations=1")
    train(recipe, tmp_path / "run")
    local = LocalJudge.load(tmp_path / "run", recipe)
    row = first_input(Path(recipe.data.folder))
    sums = []
    for text in VERDICTS:
        made = local.tokenising.reply(row.prompt, text)
        ids = torch.tensor([[*made.prompt, *made.reply]])
        with torch.no_grad():
            logits = local.judge.model(input_ids=ids).logits.log_softmax(-1)
        at = range(len(made.prompt), ids.shape[1])
        sums.append(sum(float(logits[0, place - 1, ids[0, place]]) for place in at))
    (reply,) = local.score(row)
    assert reply.text == VERDICTS[sums.index(max(sums))]


def test_what_an_adapter_cannot_be_asked_is_refused(
    learn: Callable[..., Recipe], tmp_path: Path
) -> None:
    recipe = learn("dpo-none", "schedule.iterations=1")
    with pytest.raises(BadInput, match="holds no adapter: training has not ended"):
        LocalJudge.load(tmp_path, recipe)
    train(recipe, tmp_path / "run")
    local = LocalJudge.load(tmp_path / "run", recipe)
    data = Path(recipe.data.folder)
    row = json.loads((data / "held_out.jsonl").read_text().splitlines()[0])
    row["prompt"] = [{"role": "user", "content": "word " * 3000}]
    long = tmp_path / "long.jsonl"
    write(long, [row])
    for way in ("written", "scored"):
        with pytest.raises(BadRow, match=r"long\.jsonl:1: field 'prompt': .*context of 4096"):
            answer(local, long, tmp_path / "x.jsonl", way=way, n=1, sampling=Sampling(), seed=0,
                   on_input=lambda _: None)  # fmt: skip
    assert not (tmp_path / "x.jsonl").exists()
