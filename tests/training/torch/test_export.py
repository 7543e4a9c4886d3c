"""From runs to what is served: adapters, merged models, cards; refusals; the command."""

from __future__ import annotations

import json
import math
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("betty")

from bestofn_training.cli import app  # noqa: E402
from bestofn_training.data.card import new_card, write_card  # noqa: E402
from bestofn_training.data.prompts import Prompter  # noqa: E402
from bestofn_training.errors import BadInput  # noqa: E402
from bestofn_training.evaluate import EVALUATION, Answered, Verdict, evaluation_of  # noqa: E402
from bestofn_training.export import export_run  # noqa: E402
from bestofn_training.export.merging import demand_same, logits_of  # noqa: E402
from bestofn_training.export.serving import lora_rank  # noqa: E402
from bestofn_training.export.speaking import settle  # noqa: E402
from bestofn_training.models.tiny import tiny_model, tiny_tokenizer  # noqa: E402
from bestofn_training.recipes import read_recipe  # noqa: E402
from bestofn_training.trainer import train  # noqa: E402
from peft import PeftModel  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from bestofn.judges.templates import builtin_template  # noqa: E402

PROMPTS = [torch.arange(3, 60), torch.arange(200, 130, -1)]
THINKING = (
    "{%- for turn in messages %}{{ turn['content'] }}<|im_end|>{% endfor -%}"
    "{%- if thinks is not defined or thinks %}<think>{% endif %}{{ level }}{{ depth }}"
)

MakeRun = Callable[..., Path]


@pytest.fixture
def make_run(recipes: Path, rows_in: Callable[[Path], Path], tmp_path: Path) -> MakeRun:
    """Trains a CPU twin on rows with a data card."""

    def made(*changes: str, prompter: Prompter | None = None) -> Path:
        data = rows_in(tmp_path / "data")
        write_card(data, {**new_card(), "prompt": (prompter or Prompter()).record})
        settings = [f"data.folder={data}", "model.device=cpu", "lower.rate=1e-2", *changes]
        recipe = read_recipe(recipes / "cpu" / "dpo-domain.toml", settings)
        return train(recipe, tmp_path / "run").folder

    return made


def load(path: Path | str) -> torch.nn.Module:
    return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)


def farthest(left: torch.nn.Module, right: torch.nn.Module) -> float:
    pairs = zip(logits_of(left, PROMPTS), logits_of(right, PROMPTS), strict=True)
    return max(float((a - b).abs().max()) for a, b in pairs)


def scale_adapter(run: Path, factor: float) -> None:
    path = run / "adapter" / "adapter_model.safetensors"
    tensors = load_file(path)
    save_file({k: t * factor if "lora_B" in k else t for k, t in tensors.items()}, path)


def test_an_adapter_needs_nothing_of_its_run(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    wanted = PeftModel.from_pretrained(load(run / "base"), run / "adapter")
    exported = export_run(run, tmp_path / "judge")
    shutil.rmtree(run)
    about = json.loads((exported.adapter / "adapter_config.json").read_text())
    assert about["base_model_name_or_path"] == exported.base == str(tmp_path / "judge" / "base")
    assert about["target_modules"] == sorted(about["target_modules"])
    found = PeftModel.from_pretrained(load(exported.base), exported.adapter)
    assert farthest(wanted, found) == 0
    assert farthest(load(exported.base), found) > 1e-3
    assert farthest(load(exported.adapter), found) == 0  # as transformers loads adapters
    said = AutoTokenizer.from_pretrained(exported.adapter).apply_chat_template(
        [{"role": "user", "content": "Which?"}], tokenize=False, add_generation_prompt=True
    )
    assert said == "<|im_start|>user\nWhich?<|im_end|>\n<|im_start|>assistant\n"
    assert (exported.merged, exported.merge, exported.warnings) == (None, None, ())


def test_a_merged_model_answers_as_what_was_trained(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    exported = export_run(run, tmp_path / "judge", merged=True)
    assert exported.merged is not None
    assert exported.merge is not None
    trained = PeftModel.from_pretrained(load(run / "base"), run / "adapter")
    merged = load(exported.merged)
    assert farthest(trained, merged) < 1e-4 < farthest(load(run / "base"), merged)
    assert exported.merge.effect > 1e-2
    assert exported.merge.merging == exported.merge.rounding < 1e-5
    assert {t.dtype for t in load_file(exported.merged / "model.safetensors").values()} == {
        torch.float32
    }
    assert GenerationConfig.from_pretrained(exported.merged).eos_token_id == 2
    text = "<selection>1</selection>"
    ids = AutoTokenizer.from_pretrained(exported.merged).encode(text)
    assert ids == AutoTokenizer.from_pretrained(run / "adapter").encode(text)


def test_what_rounding_loses_is_measured_and_said(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    scale_adapter(run, 1e-3)
    exported = export_run(run, tmp_path / "judge", merged=True, dtype="bfloat16")
    assert exported.merged is not None
    assert exported.merge is not None
    assert exported.merge.lost > 0.5
    assert exported.merge.merging < 0.01 * exported.merge.effect
    assert any("--dtype float32" in warning for warning in exported.warnings)
    assert "**Note:**" in (exported.folder / "README.md").read_text()
    stored = load_file(exported.merged / "model.safetensors")
    assert {t.dtype for t in stored.values()} == {torch.bfloat16}
    assert json.loads((exported.merged / "config.json").read_text())["dtype"] == "bfloat16"
    exact = export_run(run, tmp_path / "judge", merged=True, dtype="float32")
    assert exact.merge is not None
    assert exact.merge.lost < 0.01
    assert exact.warnings == ()


def test_an_adapter_that_does_nothing_is_said(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    scale_adapter(run, 0.0)
    exported = export_run(run, tmp_path / "judge", merged=True)
    assert exported.merge is not None
    assert (exported.merge.effect, exported.merge.lost) == (0, 0)
    assert [w for w in exported.warnings if "changes nothing" in w]


def test_a_failed_export_leaves_the_last_one_as_it_was(make_run: MakeRun, tmp_path: Path) -> None:
    run, output = make_run(), tmp_path / "judge"
    export_run(run, output, merged=True)
    before = {path: path.read_bytes() for path in output.rglob("*") if path.is_file()}
    scale_adapter(run, math.nan)
    with pytest.raises(BadInput, match="cannot be merged"):
        export_run(run, output, merged=True)
    assert {path: path.read_bytes() for path in output.rglob("*") if path.is_file()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "judge", "run"]


def test_an_earlier_export_is_replaced_whole(make_run: MakeRun, tmp_path: Path) -> None:
    run, output = make_run(), tmp_path / "judge"
    export_run(run, output, merged=True)
    (tmp_path / ".judge.draft").mkdir()  # of an export that was killed
    again = export_run(run, output)
    assert not (output / "merged").exists()
    assert json.loads((output / "export.json").read_text())["merged"] is None
    assert again.adapter.is_dir()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "judge", "run"]


@pytest.mark.parametrize(
    ("merging", "effect", "size"),
    [(0.2, 1.0, 5.0), (1e-3, 1e-3, 5.0), (1e-3, 0.0, 5.0), (math.nan, 1.0, 1.0)],
)
def test_a_merge_that_differs_is_refused(merging: float, effect: float, size: float) -> None:
    with pytest.raises(BadInput, match="--merged"):
        demand_same(merging, effect, size)
    demand_same(1e-6, effect, size)


def test_what_the_template_was_told_is_in_the_exported_one() -> None:
    facts: dict[str, str | bool | int | float] = {
        "thinks": False,
        "level": 'low "é" \\ 😀',
        "depth": 2.5,
    }
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = THINKING
    talk = [{"role": "user", "content": "Which?"}]
    assert tokenizer.apply_chat_template(talk, tokenize=False).endswith("<think>")
    settle(tokenizer, facts)
    said = tokenizer.apply_chat_template(talk, tokenize=False)
    assert said == 'Which?<|im_end|>low "é" \\ 😀2.5'


@pytest.mark.parametrize(
    ("template", "facts", "reason"),
    [
        (THINKING, {"not a name": 1}, "no name of a variable"),
        (THINKING, {"depth": math.inf}, "cannot be written down"),
        ("  " + "{{ level }}", {"level": "low"}, "renders otherwise"),
    ],
)
def test_facts_that_cannot_be_written_down_are_refused(
    template: str, facts: dict[str, Any], reason: str
) -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = template
    with pytest.raises(BadInput, match=rf"model\.template.*{reason}"):
        settle(tokenizer, facts)


def test_template_and_end_of_turn_go_into_files_and_command(
    make_run: MakeRun, tmp_path: Path
) -> None:
    run = make_run("model.template={ thinks = false }", "model.end_of_turn=<|im_start|>")
    exported = export_run(run, tmp_path / "judge", merged=True)
    for folder in (exported.adapter, exported.merged):
        assert GenerationConfig.from_pretrained(folder).eos_token_id == [2, 1]
        template = AutoTokenizer.from_pretrained(folder).chat_template
        assert template.startswith("{%- set thinks = false -%}\n")
    words = shlex.split(exported.serving.commands["adapter"])
    assert words[words.index("--chat-template") + 1] == str(
        exported.adapter / "chat_template.jinja"
    )
    assert words[words.index("--generation-config") + 1] == str(exported.adapter)
    assert "--chat-template" not in exported.serving.commands["merged"]


def test_the_card_says_how_to_ask(make_run: MakeRun, tmp_path: Path) -> None:
    template = tmp_path / "short.jinja"
    template.write_text("{{ statement }}{% for s in solutions %}{{ s }}{% endfor %}<selection>")
    prompter = Prompter(template=template, evidence="tests", max_chars=900)
    run = make_run(prompter=prompter)
    exported = export_run(run, tmp_path / "judge", merged=True)
    card = (exported.folder / "README.md").read_text()
    assert "template='short.jinja', evidence='tests', max_chars=900" in card
    assert prompter.words.sha256 in card
    assert "bestofn select" not in card  # its options cannot say max_chars
    text = (exported.folder / "export.json").read_text()
    assert "Infinity" not in text
    record = json.loads(text)
    for digest in record["files"].values():
        assert digest in card
    assert record["recipe"]["loss"]["kind"] == "dpo"
    assert record["asked"] == prompter.record
    for command in exported.serving.commands.values():
        assert command in card
    compile(exported.serving.python, "card", "exec")


def test_the_card_shows_held_out_measures(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    answers = [
        Answered(
            id=f"p{problem}:0:{order}",
            problem_id=f"p{problem}",
            order=("a", "b"),
            right=(1 + order,),
            domain="easy",
            replies=(Verdict(level="right", index=1 + order),),
        )
        for problem in range(3)
        for order in range(2)
    ]
    evaluation_of(answers, judge="run", how="scored", inputs="held_out.jsonl").write(
        run / EVALUATION
    )
    card = (export_run(run, tmp_path / "judge").folder / "README.md").read_text()
    assert "6 inputs on 3 problems, not compared with the training data" in card
    assert "| pairwise accuracy | 1.000 (" in card


def test_the_card_of_plain_prompts_needs_no_settings(make_run: MakeRun, tmp_path: Path) -> None:
    exported = export_run(make_run(), tmp_path / "judge")
    assert exported.serving.arguments == {}
    assert exported.serving.shell == (
        "bestofn select --judge vllm/judge --problem problem.json --candidates candidates/"
    )
    assert builtin_template().sha256 in (exported.folder / "README.md").read_text()


def test_prompts_are_only_believed_of_these_very_rows(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    with (tmp_path / "data" / "lower.preferences.jsonl").open("a") as rows:
        rows.write("\n")
    exported = export_run(run, tmp_path / "judge")
    assert exported.serving.asked is None
    assert any("no data card" in warning for warning in exported.warnings)
    assert "is not known" in (exported.folder / "README.md").read_text()


def test_a_base_in_a_folder_is_named_by_its_whole_path(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tiny_model(context=4096).save_pretrained("base")
    tiny_tokenizer().save_pretrained("base")
    run = make_run("model.name=base")
    exported = export_run(run, Path("judge"))
    assert exported.base == str(tmp_path / "base")
    assert not (exported.folder / "base").exists()
    (tmp_path / "base").rename(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match=r"model\.name"):
        export_run(run, Path("judge"))
    assert exported.adapter.is_dir()


def test_refusals(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    with pytest.raises(BadInput, match=r"--output: .*holds something that is no export"):
        export_run(run, run)
    with pytest.raises(BadInput, match=r"--output"):
        export_run(run, run / "run.json")
    with pytest.raises(BadInput, match=r"--dtype: .*add --merged"):
        export_run(run, tmp_path / "judge", dtype="float32")
    with pytest.raises(BadInput, match=r"RUN: .*not the folder of a run"):
        export_run(tmp_path / "data", tmp_path / "judge")
    (run / "base").rename(run / "lost")
    with pytest.raises(BadInput, match=r"model\.name: .*cannot be loaded"):
        export_run(run, tmp_path / "judge")
    (run / "result.json").unlink()
    with pytest.raises(BadInput, match="training has not ended"):
        export_run(run, tmp_path / "judge")
    assert not (tmp_path / "judge").exists()


@pytest.mark.parametrize(("rank", "told"), [(1, 1), (4, 8), (32, 32), (33, 64), (4096, 512)])
def test_ranks_are_rounded_to_what_vllm_takes(rank: int, told: int) -> None:
    assert lora_rank(rank) == told


def test_the_command(make_run: MakeRun, tmp_path: Path) -> None:
    run, output = make_run(), tmp_path / "judge"
    runner = CliRunner()
    done = runner.invoke(app, ["export", str(run), "--output", str(output), "--merged", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["merged"] == str(output / "merged")
    assert found["merge"]["merging"] < found["merge"]["effect"]
    plain = runner.invoke(app, ["export", str(run), "--output", str(output)])
    assert f"adapter: {output / 'adapter'}" in plain.stdout
    assert "--lora-modules judge=" in plain.stdout
    refused = runner.invoke(app, ["export", str(run), "--output", str(run)])
    assert refused.exit_code == 2
    assert refused.stderr.startswith("error: --output: ")
