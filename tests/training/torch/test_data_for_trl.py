"""The files as TRL's users take them, and prompts measured with a real tokenizer."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytest.importorskip("trl")
pytest.importorskip("datasets")

from bestofn_training.cli import app
from bestofn_training.data import (
    DataSettings,
    JudgeInput,
    Preference,
    RandomSplit,
    build,
    read_rows,
    tokenizer_measure,
)
from bestofn_training.errors import BadData, BadInput
from bestofn_training.models import Tokenising, TokenSettings
from bestofn_training.models.tiny import tiny_tokenizer
from bestofn_training.rollout import RolloutSettings, rollout, rollout_file
from typer.testing import CliRunner

from bestofn.backends import OpenAIBackend
from bestofn.benchmarks import shipped
from bestofn.testing import FaultyServer, judging


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("data")
    build([shipped.load(limit=4)], RandomSplit(held_out_share=0), made)
    with FaultyServer(answer=judging("random")).in_process() as server:
        backend = OpenAIBackend("judge", base_url=server.url)
        rollout(made / "lower.jsonl", backend, made, settings=RolloutSettings(n=4))
    return made


def test_trl_takes_every_kind_for_a_conversation_of_its_own_kinds(folder, tmp_path):
    from datasets import load_dataset
    from trl import apply_chat_template, is_conversational

    tokenizer = tiny_tokenizer()
    for kind, columns in (
        ("preferences", {"prompt", "chosen", "rejected"}),
        ("kto", {"prompt", "completion", "label"}),
        ("sft", {"prompt", "completion"}),
    ):
        path = str(rollout_file(folder, "lower", kind))
        rows = load_dataset("json", data_files=path, split="train", cache_dir=str(tmp_path))
        row = rows[0]
        assert columns <= set(row)
        assert is_conversational(row)
        text = apply_chat_template({name: row[name] for name in columns}, tokenizer)
        assert all(isinstance(text[name], str) for name in columns - {"label"})
        assert text["prompt"].endswith("<|im_start|>assistant\n")
    inputs = load_dataset(
        "json", data_files=str(folder / "lower.jsonl"), split="train", cache_dir=str(tmp_path)
    )
    assert is_conversational(inputs[0])  # GRPO: the prompt, and columns for the reward
    assert {"prompt", "right", "order"} <= set(inputs.column_names)


def test_prompts_are_measured_as_the_model_will_see_them(folder, tmp_path):
    tokenizer = tiny_tokenizer()
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    measure = tokenizer_measure(str(tmp_path / "tokenizer"))
    _, row = next(read_rows(folder / "lower.jsonl", JudgeInput))
    messages = [{"role": "user", "content": row.prompt[0].content}]
    ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)
    assert measure(row.prompt) == len(ids["input_ids"])
    settings = DataSettings(context=measure(row.prompt) // 2)
    split = RandomSplit(held_out_share=0)
    with pytest.raises(BadData, match="more than the context"):
        build([shipped.load(limit=4)], split, tmp_path / "o", settings=settings, measure=measure)


THINKING = "{% if enable_thinking is defined and not enable_thinking %}<think></think>{% endif %}"


def test_rows_are_measured_as_they_are_trained_on(folder, tmp_path):
    """The variables of the template count, and so does what ends a turn."""
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = tokenizer.chat_template + THINKING
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    _, row = next(read_rows(rollout_file(folder, "lower", "preferences"), Preference))
    longer = []
    for template in ({}, {"enable_thinking": False}):
        measure = tokenizer_measure(str(tmp_path / "tokenizer"), template)
        made = Tokenising(tokenizer, TokenSettings(context=9999, template=template))
        assert measure(row.prompt) == len(made.prompt(row.prompt))
        longer.append(measure(row.prompt + row.chosen))
        assert longer[-1] == len(made.reply(row.prompt, row.chosen[0].content))
    assert longer[1] - longer[0] == len(tokenizer.encode("<think></think>"))


def test_a_dry_run_measures_with_the_recipes_template(folder, tmp_path):
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = tokenizer.chat_template + THINKING
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    path = rollout_file(folder, "lower", "preferences")
    measure = tokenizer_measure(str(tmp_path / "tokenizer"))
    longest = max(
        measure(row.prompt + reply)
        for _, row in read_rows(path, Preference)
        for reply in (row.chosen, row.rejected)
    )
    arguments = [
        *("train", "cpu/dpo-none", "--dry-run", "--data", str(folder)),
        *("--model", str(tmp_path / "tokenizer"), "--set", f"data.context={longest}"),
    ]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    template = "model.template={enable_thinking = false}"
    refused = CliRunner().invoke(app, [*arguments, "--set", template])
    assert refused.exit_code == 2
    assert f"more than the context of {longest}" in refused.stderr


def test_what_is_no_tokenizer_is_refused(tmp_path):
    with pytest.raises(BadInput, match="tokenizer"):
        tokenizer_measure(str(tmp_path))
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = None
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(BadInput, match="no chat template"):
        tokenizer_measure(str(tmp_path))
