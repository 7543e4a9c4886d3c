"""The judge, its reference, and models that it refuses."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from bestofn_training.errors import BadInput  # noqa: E402
from bestofn_training.models import (  # noqa: E402
    Judge,
    add_lora,
    collate_labelled,
    completion_log_probs,
    trainable,
)
from bestofn_training.models.tiny import tiny_model  # noqa: E402

from .parts import replies, sequences, stir  # noqa: E402


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


def test_gradient_checkpointing_lets_the_reference_pass_in_silence() -> None:
    judge = Judge(add_lora(tiny_model(), gradient_checkpointing=True).train())
    batch = collate_labelled(replies((5, 4)), [True], [0], [0], padding=0)
    reference = judge.reference_log_probs(*sequences(batch))
    torch.testing.assert_close(reference.values, judge.log_probs(*sequences(batch)).values)


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


@pytest.mark.parametrize("chunk", [1024, None])
@pytest.mark.parametrize("compute", [None, torch.bfloat16])
def test_a_model_without_numbers_is_said_to_be_that(
    chunk: int | None, compute: torch.dtype | None
) -> None:
    broken = add_lora(tiny_model())
    with torch.no_grad():
        broken.get_base_model().model.norm.weight.fill_(float("nan"))  # type: ignore[union-attr]
    with pytest.raises(BadInput, match=r"^model\.name: its logits are not numbers") as refused:
        Judge(broken, chunk=chunk, compute=compute).check()
    assert refused.value.field == "model.name"
