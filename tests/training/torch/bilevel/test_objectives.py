"""Per-sample losses of whole batches."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("betty")

from bestofn_training.bilevel import DPO, GRPO, KTO, ORPO, SFT, Objective  # noqa: E402
from bestofn_training.models import (  # noqa: E402
    Batch,
    Reply,
    collate_groups,
    collate_labelled,
    collate_preferences,
    collate_targets,
    trainable,
)

from .runs import judge, reply  # noqa: E402


def objectives() -> dict[str, tuple[Objective, Batch]]:
    numbers = torch.Generator().manual_seed(0)
    prompts = [torch.randint(3, 64, (5,), generator=numbers).tolist() for _ in range(2)]
    made = [reply(numbers, prompts[i // 4], 3 + i % 3) for i in range(8)]
    crossed = [Reply(prompt=tuple(prompts[1]), reply=made[0].reply)]
    pairs = collate_preferences([(made[0], made[1]), (made[4], made[5])], [0, 1], [0, 0], padding=0)
    labelled = collate_labelled(
        [made[0], made[4]], [True, False], [0, 1], [0, 0], padding=0, mismatched=crossed
    )
    groups = collate_groups(
        [made[:4], made[4:]], [[1, 0, 0, -1], [1, 1, 0, 0]], [0, 1], [0, 0], padding=0
    )
    return {
        "dpo": (DPO(), pairs),
        "sft+dpo": (DPO(supervised=True), pairs),
        "orpo": (ORPO(), pairs),
        "kto": (KTO(), labelled),
        "sft": (SFT(), collate_targets([made[0], made[4]], [0, 1], [0, 0], padding=0)),
        "grpo": (GRPO(), groups),
        "grpo against the reference": (GRPO(beta=0.1, normalise="sequence"), groups),
    }


@pytest.mark.parametrize("name", list(objectives()))
def test_objectives_give_a_loss_per_sample_that_reaches_the_adapters(name: str) -> None:
    objective, batch = objectives()[name]
    subject = judge()
    losses = objective(subject, batch)
    assert losses.shape == (2,)
    gradient = torch.autograd.grad(losses.sum(), list(trainable(subject.model).values()))
    assert any(bool(g.any()) for g in gradient)
    again = objective(subject, batch)
    assert torch.equal(losses, again)


def test_losses_start_where_they_should() -> None:
    fresh = judge(stirred=False)
    wanted = {"dpo": math.log(2), "kto": 0.5}
    for name, value in wanted.items():
        objective, batch = objectives()[name]
        assert objective(fresh, batch).tolist() == pytest.approx([value] * 2)
    objective, batch = objectives()["grpo"]
    batch["old_log_probs"] = fresh.log_probs(
        batch["input_ids"], batch["attention_mask"], batch["completion_mask"]
    ).values.detach()
    torch.testing.assert_close(objective(fresh, batch), GRPO()(fresh, objectives()["grpo"][1]))
