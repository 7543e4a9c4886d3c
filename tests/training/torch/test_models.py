"""Adapters, log-probabilities, tokens and batches on a tiny Qwen3."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from bestofn_training.errors import BadData, BadInput, BadRow  # noqa: E402
from bestofn_training.models import (  # noqa: E402
    Batch,
    Judge,
    LabelledSet,
    LoraSettings,
    PreferenceSet,
    Reply,
    TargetSet,
    Tokenising,
    TokenSettings,
    add_lora,
    collate_groups,
    collate_labelled,
    collate_preferences,
    completion_log_probs,
    trainable,
)
from bestofn_training.models.log_probs import logits_log_probs  # noqa: E402
from bestofn_training.models.tiny import tiny_model, tiny_tokenizer  # noqa: E402
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from bestofn.chat import Message  # noqa: E402

QUESTION = (Message(role="system", content="Judge."), Message(role="user", content="A or B?"))


def replies(*lengths: tuple[int, int], seed: int = 0) -> list[Reply]:
    numbers = torch.Generator().manual_seed(seed)

    def draw(n: int) -> tuple[int, ...]:
        return tuple(torch.randint(3, 320, (n,), generator=numbers).tolist())

    return [Reply(prompt=draw(p), reply=draw(r)) for p, r in lengths]


def stir(model: torch.nn.Module, seed: int = 0) -> None:
    """Adapters start as doing nothing: give them something to do."""
    numbers = torch.Generator().manual_seed(seed)
    for parameter in trainable(model).values():
        parameter.data = torch.randn(parameter.shape, generator=numbers) * 0.05


def sequences(batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return batch["input_ids"], batch["attention_mask"], batch["completion_mask"]


def test_adapters_are_those_of_the_paper() -> None:
    model = add_lora(tiny_model(layers=2))
    parameters = trainable(model)
    assert len(parameters) == 2 * 7 * 2  # layers, projections, A and B
    assert all("lora_" in name and p.dtype == torch.float32 for name, p in parameters.items())
    ranks = {p.shape[0] for name, p in parameters.items() if "lora_A" in name}
    assert ranks == {32}
    assert model.peft_config["default"].lora_alpha == 64
    assert model.peft_config["default"].lora_dropout == 0.0


def test_adapters_stay_in_float32_on_a_bfloat16_model() -> None:
    model = add_lora(tiny_model().to(torch.bfloat16), gradient_checkpointing=True)
    assert {p.dtype for p in trainable(model).values()} == {torch.float32}
    frozen = {p.dtype for p in model.parameters() if not p.requires_grad}
    assert frozen == {torch.bfloat16}
    batch = collate_preferences([tuple(replies((5, 4), (5, 3)))], [0], [0], padding=0)  # type: ignore[list-item]
    judge = Judge(model, compute=torch.bfloat16)
    scored = judge.log_probs(*sequences(batch))
    assert scored.values.dtype == torch.float32
    scored.total().sum().backward()
    assert any(p.grad is not None and bool(p.grad.any()) for p in trainable(model).values())


def test_unknown_layers_are_refused() -> None:
    with pytest.raises(BadInput, match="c_attn"):
        add_lora(tiny_model(), LoraSettings(targets=("q_proj", "c_attn")))


@pytest.mark.parametrize("chunk", [0, 1, 3, 1024])
def test_frugal_log_probs_equal_those_of_all_logits(chunk: int) -> None:
    model = add_lora(tiny_model())
    stir(model)
    batch = collate_labelled(
        replies((5, 4), (9, 2), (2, 8)), [True] * 3, [0] * 3, [0] * 3, padding=0
    )
    plain = logits_log_probs(model, *sequences(batch))
    frugal = completion_log_probs(model, *sequences(batch), chunk=chunk)
    torch.testing.assert_close(frugal.values, plain.values)
    assert torch.equal(frugal.mask, plain.mask)
    assert frugal.lengths.tolist() == [4, 2, 8]
    wanted = torch.autograd.grad(plain.total().sum(), list(trainable(model).values()))
    found = torch.autograd.grad(frugal.total().sum(), list(trainable(model).values()))
    torch.testing.assert_close(found, wanted)


def test_padding_and_company_change_nothing() -> None:
    model = add_lora(tiny_model())
    stir(model)
    made = replies((5, 4), (9, 12))
    together = collate_labelled(made, [True] * 2, [0] * 2, [0] * 2, padding=7)
    alone = collate_labelled(made[:1], [True], [0], [0], padding=0)
    a = completion_log_probs(model, *sequences(together)).total()[0]
    b = completion_log_probs(model, *sequences(alone)).total()[0]
    torch.testing.assert_close(a, b)


def test_gradient_checkpointing_changes_nothing() -> None:
    gradients = []
    for checkpointing in (False, True):
        model = add_lora(tiny_model(), gradient_checkpointing=checkpointing).train()
        stir(model)
        batch = collate_labelled(replies((5, 4)), [True], [0], [0], padding=0)
        total = Judge(model).log_probs(*sequences(batch)).total().sum()
        gradients.append(torch.autograd.grad(total, list(trainable(model).values())))
    torch.testing.assert_close(gradients[0], gradients[1])


def test_the_reference_is_the_model_without_adapters() -> None:
    base, model = tiny_model(seed=3), add_lora(tiny_model(seed=3))
    batch = collate_labelled(replies((5, 4), (3, 6)), [True] * 2, [0] * 2, [0] * 2, padding=0)
    judge = Judge(model)
    start = judge.log_probs(*sequences(batch))
    stir(model)
    moved, reference = (
        judge.log_probs(*sequences(batch)),
        judge.reference_log_probs(*sequences(batch)),
    )
    untouched = completion_log_probs(base, *sequences(batch))
    torch.testing.assert_close(reference.values, untouched.values)
    torch.testing.assert_close(start.values, untouched.values)
    assert not reference.values.requires_grad
    assert not torch.allclose(moved.values, reference.values)
    assert len(trainable(model)) == 28


def test_a_model_without_adapters_needs_a_frozen_copy() -> None:
    batch = collate_labelled(replies((5, 4)), [True], [0], [0], padding=0)
    with pytest.raises(BadInput, match="frozen copy"):
        Judge(tiny_model()).reference_log_probs(*sequences(batch))
    judge = Judge(tiny_model(), reference=tiny_model())
    torch.testing.assert_close(
        judge.reference_log_probs(*sequences(batch)).values,
        judge.log_probs(*sequences(batch)).values,
    )


def test_a_model_that_changes_its_logits_is_found_out() -> None:
    from transformers import Gemma2Config, Gemma2ForCausalLM

    Judge(add_lora(tiny_model())).check()
    config = Gemma2Config(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        final_logit_softcapping=0.1,
    )
    torch.manual_seed(0)
    capped: Any = Gemma2ForCausalLM(config)  # type: ignore[no-untyped-call]
    capped.lm_head.weight.data.mul_(100.0)  # as trained models are: random ones hardly say a thing
    with pytest.raises(BadInput, match="Gemma2ForCausalLM"):
        Judge(capped).check()
    Judge(capped, chunk=None).check()


def tokenising(context: int = 512) -> Tokenising:
    return Tokenising(tiny_tokenizer(), TokenSettings(context=context))


def test_a_reply_is_what_the_model_would_write_after_the_prompt() -> None:
    made = tokenising()
    reply = made.reply(QUESTION, "<think>hm</think>\n1")
    text = made.tokenizer.decode(reply.prompt)
    assert text == (
        "<|im_start|>system\nJudge.<|im_end|>\n<|im_start|>user\nA or B?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    assert made.tokenizer.decode(reply.reply) == "<think>hm</think>\n1<|im_end|>"


@given(st.text(min_size=1).filter(lambda text: bool(text.strip())))
@settings(max_examples=50, deadline=None)
def test_any_reply_survives(text: str) -> None:
    made = TOKENISING.reply(QUESTION, text)
    assert made.reply[-1] == TOKENISING.end
    assert TOKENISING.tokenizer.decode(made.reply[:-1]) == text


TOKENISING = tokenising(4096)


def test_rows_that_do_not_fit_are_refused_by_name() -> None:
    made = tokenising(context=60)
    long = (Message(role="user", content="x" * 80),)
    with pytest.raises(BadRow, match=r"pairs\.jsonl:7.*'prompt'.*leaves no room") as refused:
        made.reply(long, "1", path="pairs.jsonl", row=7, column="chosen")
    assert refused.value.row == 7
    short = (Message(role="user", content="x"),)
    with pytest.raises(BadRow, match=r"'rejected'.*the context has 60"):
        made.reply(short, "y" * 50, path="pairs.jsonl", row=8, column="rejected")
    with pytest.raises(BadRow, match="empty"):
        made.reply(QUESTION, " \n", path="pairs.jsonl", row=9, column="chosen")


def test_unusable_tokenizers_are_refused() -> None:
    bare = tiny_tokenizer()
    bare.chat_template = None
    with pytest.raises(BadInput, match="chat template"):
        Tokenising(bare, TokenSettings(context=10))
    with pytest.raises(BadInput, match="end_of_turn"):
        Tokenising(tiny_tokenizer(), TokenSettings(context=10, end_of_turn="<|eot|>"))


def test_masks_mark_the_reply_only() -> None:
    chosen, rejected = replies((3, 2), (3, 4))
    batch = collate_preferences([(chosen, rejected)], [5], [1], padding=0)
    marks = batch["completion_mask"].int().tolist()
    assert marks == [[0, 0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 1, 1, 1]]
    assert batch["attention_mask"].int().tolist() == [[1, 1, 1, 1, 1, 0, 0], [1] * 7]
    assert batch["input_ids"][0].tolist() == [*chosen.prompt, *chosen.reply, 0, 0]
    assert batch["index"].tolist() == [5]
    assert batch["domain"].tolist() == [1]


def rows(path: Path, count: int = 4, **changed: Any) -> Path:
    lines = []
    for n in range(count):
        row: dict[str, Any] = {
            "id": f"p{n}:0",
            "problem_id": f"p{n // 2}",
            "prompt": [{"role": "user", "content": f"Question {n}?"}],
            "chosen": [{"role": "assistant", "content": "1" * (n + 1)}],
            "rejected": [{"role": "assistant", "content": "2"}],
            "completion": [{"role": "assistant", "content": "1" * (n + 1)}],
            "label": n % 2 == 0,
            "domain": "hard" if n == 2 else "easy",
        }
        lines.append(json.dumps({**row, **(changed if n == count - 1 else {})}) + "\n")
    path.write_text("".join(lines))
    return path


def test_files_become_batches(tmp_path: Path) -> None:
    path, made = rows(tmp_path / "rows.jsonl"), tokenising()
    pairs = PreferenceSet(path, made)
    assert (len(pairs), pairs.domains, pairs.numbers) == (4, ("easy", "hard"), [0, 0, 1, 0])
    batch = pairs([2, 0])
    assert batch["domain"].tolist() == [1, 0]
    marked = batch["input_ids"][0][batch["completion_mask"][0]]
    assert made.tokenizer.decode(marked) == "111<|im_end|>"
    targets = TargetSet(path, made)([3])
    assert targets["completion_mask"].sum() == 5
    labelled = LabelledSet(path, made)([0])
    assert labelled["label"].tolist() == [True]
    crossed = labelled["kl_input_ids"][0]
    assert made.tokenizer.decode(crossed).endswith(
        "Question 0?<|im_end|>\n<|im_start|>assistant\n111<|im_end|>"
    )


def test_bad_files_are_refused_before_training(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with pytest.raises(BadRow, match=r"rows\.jsonl:4.*'rejected'.*the context has 120"):
        PreferenceSet(
            rows(path, rejected=[{"role": "assistant", "content": "y" * 99}]), tokenising(120)
        )
    with pytest.raises(BadRow, match=r"rows\.jsonl:4.*'domain'.*not one of: easy, hard"):
        PreferenceSet(rows(path, domain="other"), tokenising(), ["easy", "hard"])
    with pytest.raises(BadData, match="medium: no row"):
        PreferenceSet(rows(path), tokenising(), ["easy", "medium", "hard"])


def test_gradient_checkpointing_lets_the_reference_pass_in_silence() -> None:
    judge = Judge(add_lora(tiny_model(), gradient_checkpointing=True).train())
    batch = collate_labelled(replies((5, 4)), [True], [0], [0], padding=0)
    reference = judge.reference_log_probs(*sequences(batch))
    torch.testing.assert_close(reference.values, judge.log_probs(*sequences(batch)).values)


def test_groups_must_be_whole() -> None:
    made = replies((3, 2), (3, 4), (2, 2), (2, 5))
    batch = collate_groups([made[:2], made[2:]], [[1, 0], [-1, 1]], [0, 1], [0, 0], padding=0)
    assert batch["input_ids"].shape == (4, 7)
    assert batch["rewards"].tolist() == [[1.0, 0.0], [-1.0, 1.0]]
    with pytest.raises(ValueError, match="one size"):
        collate_groups([made[:2], made[2:3]], [[1, 0], [1]], [0, 1], [0, 0], padding=0)
