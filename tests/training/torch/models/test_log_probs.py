"""Adapters and log-probabilities on a tiny Qwen3."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from bestofn_training.errors import BadInput  # noqa: E402
from bestofn_training.models import (  # noqa: E402
    Judge,
    LoraSettings,
    add_lora,
    collate_labelled,
    collate_preferences,
    completion_log_probs,
    trainable,
)
from bestofn_training.models.log_probs import logits_log_probs  # noqa: E402
from bestofn_training.models.tiny import tiny_model  # noqa: E402

from .parts import replies, sequences, stir  # noqa: E402


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
