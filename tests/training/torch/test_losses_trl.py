"""Losses against TRL's own trainers on a tiny Qwen3, to 1e-5."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("trl")

from bestofn_training.bilevel.objectives import DPO, GRPO, KTO  # noqa: E402
from bestofn_training.losses import group_advantages, orpo_loss, sft_loss  # noqa: E402
from bestofn_training.models import Batch, Judge, LoraSettings, trainable  # noqa: E402
from bestofn_training.models.tiny import tiny_model, tiny_tokenizer  # noqa: E402
from datasets import Dataset  # noqa: E402

# TRL's trainers warn of their own plans; that is not what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore")

ROWS = [
    ("Which is right, A or B?", "I think that A is. 1", "B. 2"),
    ("A or B?", "2", "Neither, or both? 1"),
    ("Compare the programs.", "The first one overflows. 2", "1"),
    ("Judge.", "First. 1", "Second, as it is shorter. 2"),
]


def turn(role: str, content: str) -> list[dict[str, str]]:
    return [{"role": role, "content": content}]


def adapters() -> Any:
    """Handed to TRL, which makes them: it takes given ones for their own reference."""
    from peft import LoraConfig

    settings = LoraSettings(rank=4, alpha=8)
    return LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        target_modules=list(settings.targets),
        task_type="CAUSAL_LM",
    )


def stirred(trainer: Any) -> Any:
    """The trainer, with adapters that do something."""
    numbers = torch.Generator().manual_seed(0)
    for parameter in trainable(trainer.model).values():
        parameter.data = torch.randn(parameter.shape, generator=numbers) * 0.1
    return trainer


def arguments(folder: Path) -> dict[str, Any]:
    return {
        "output_dir": str(folder),
        "report_to": "none",
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "per_device_train_batch_size": len(ROWS),
        "disable_tqdm": True,
    }


def bools(inputs: dict[str, Any]) -> Batch:
    keys = ("input_ids", "attention_mask", "completion_mask")
    made = {key: inputs[key] for key in keys}
    made |= {f"kl_{key}": inputs[f"KL_{key}"] for key in keys if f"KL_{key}" in inputs}
    return {k: v if k.endswith("input_ids") else v.bool() for k, v in made.items()}


def close(found: Any, wanted: Any) -> None:
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)


def one_pair(inputs: dict[str, Any], place: int) -> dict[str, Any]:
    rows = [place, place + len(ROWS)]
    return {key: value[rows] for key, value in inputs.items()}


@pytest.mark.parametrize("supervised", [False, True])
def test_dpo_sample_by_sample(tmp_path: Path, supervised: bool) -> None:
    from trl import DPOConfig, DPOTrainer

    data = Dataset.from_list(
        [
            {
                "prompt": turn("user", p),
                "chosen": turn("assistant", c),
                "rejected": turn("assistant", r),
            }
            for p, c, r in ROWS
        ]
    )
    losses = ["sigmoid", "sft"] if supervised else ["sigmoid"]
    config = DPOConfig(
        beta=0.1, loss_type=losses, loss_weights=[1.0] * len(losses), **arguments(tmp_path)
    )
    trainer: Any = DPOTrainer(
        model=tiny_model(),
        peft_config=adapters(),
        args=config,
        train_dataset=data,
        processing_class=tiny_tokenizer(),
    )
    stirred(trainer)
    inputs = next(iter(trainer.get_train_dataloader()))
    judge = Judge(trainer.model)
    found = DPO(supervised=supervised)(judge, bools(inputs))
    with torch.no_grad():
        wanted = [
            trainer.compute_loss(trainer.model, one_pair(inputs, place))
            for place in range(len(ROWS))
        ]
    close(found.detach(), torch.stack(wanted))
    assert len({round(float(x), 4) for x in wanted}) == len(ROWS)


def test_kto(tmp_path: Path) -> None:
    from trl import KTOConfig, KTOTrainer

    data = Dataset.from_list(
        [
            {"prompt": turn("user", p), "completion": turn("assistant", text), "label": label}
            for p, c, r in ROWS
            for text, label in ((c, True), (r, False))
        ]
    )
    config = KTOConfig(
        beta=0.1, desirable_weight=1.2, undesirable_weight=0.8, **arguments(tmp_path)
    )
    trainer: Any = KTOTrainer(
        model=tiny_model(),
        peft_config=adapters(),
        args=config,
        train_dataset=data,
        processing_class=tiny_tokenizer(),
    )
    stirred(trainer)
    for inputs in trainer.get_train_dataloader():
        label = torch.tensor([bool(x) for x in inputs["label"]])
        ours = KTO(desirable_weight=1.2, undesirable_weight=0.8)
        found = ours(Judge(trainer.model), {**bools(inputs), "label": label})
        with torch.no_grad():
            wanted = trainer.compute_loss(trainer.model, inputs)
        close(found.detach().nanmean(), wanted)
        assert len(found) == len(label)


def test_orpo(tmp_path: Path) -> None:
    from trl.experimental.orpo import ORPOConfig, ORPOTrainer

    data = Dataset.from_list([{"prompt": p, "chosen": c, "rejected": r} for p, c, r in ROWS])
    config = ORPOConfig(beta=0.1, max_length=256, **arguments(tmp_path))
    trainer: Any = ORPOTrainer(
        model=tiny_model(),
        peft_config=adapters(),
        args=config,
        train_dataset=data,
        processing_class=tiny_tokenizer(),
    )
    stirred(trainer)
    inputs = next(iter(trainer.get_train_dataloader()))
    judge = Judge(trainer.model)

    def side(name: str, place: int, whole: bool = False) -> Any:
        length = int(inputs[f"{name}_attention_mask"][place].sum())
        ids = inputs[f"{name}_input_ids"][place : place + 1, :length]
        reply = inputs[f"{name}_labels"][place : place + 1, :length] != -100
        if whole:
            reply = torch.ones_like(reply)
            reply[:, 0] = False
        return judge.log_probs(ids, torch.ones_like(ids, dtype=torch.bool), reply)

    for place in range(len(ROWS)):
        # TRL's supervised part goes over the prompt as well.
        nll = sft_loss(side("chosen", place, whole=True))
        found = orpo_loss(side("chosen", place), side("rejected", place), nll=nll)
        one = {k: v[place : place + 1] for k, v in inputs.items() if isinstance(v, torch.Tensor)}
        with torch.no_grad():
            wanted, _ = trainer.get_batch_loss_metrics(trainer.model, one)
        close(found.detach().squeeze(), wanted.squeeze())


@pytest.mark.parametrize(("beta", "unbiased"), [(0.0, True), (0.04, True), (0.04, False)])
@pytest.mark.parametrize("normalise", ["sequence", "tokens"])
def test_grpo(tmp_path: Path, normalise: Any, beta: float, unbiased: bool) -> None:
    from trl import GRPOConfig, GRPOTrainer

    config = GRPOConfig(
        loss_type="grpo" if normalise == "sequence" else "dapo",
        beta=beta,
        use_bias_correction_kl=unbiased,
        num_generations=4,
        max_completion_length=8,
        gradient_accumulation_steps=1,
        **{**arguments(tmp_path), "per_device_train_batch_size": 8},
    )
    trainer: Any = GRPOTrainer(
        model=tiny_model(),
        peft_config=adapters(),
        args=config,
        train_dataset=Dataset.from_list([{"prompt": p} for p, _, _ in ROWS]),
        reward_funcs=lambda completions, **_: [float(len(c)) for c in completions],
        processing_class=tiny_tokenizer(),
    )
    stirred(trainer)
    trainer.model.train()
    trainer.current_gradient_accumulation_steps = 1
    numbers = torch.Generator().manual_seed(1)
    ids = torch.randint(3, 300, (8, 12), generator=numbers)
    completion = torch.arange(7) < torch.tensor([[7], [2], [5], [1], [7], [3], [4], [6]])
    attention = torch.cat([torch.ones((8, 5), dtype=torch.bool), completion], dim=1)
    reply = torch.cat([torch.zeros((8, 5), dtype=torch.bool), completion], dim=1)
    rewards = torch.tensor([[1.0, -1.0, 0.0, 1.0], [-1.0, -1.0, 1.0, -1.0]])
    judge = Judge(trainer.model)
    current = judge.log_probs(ids, attention, reply).values.detach()
    noise = 0.3 * torch.randn(current.shape, generator=numbers)
    old = (current + noise) * reply[:, 1:]
    ours: Batch = {
        "input_ids": ids,
        "attention_mask": attention,
        "completion_mask": reply,
        "rewards": rewards,
        "old_log_probs": old,
    }
    per_group = float(completion.sum()) / 2
    objective = GRPO(
        beta=beta, unbiased_penalty=unbiased, normalise=normalise, tokens_per_group=per_group
    )
    found = objective(judge, ours)
    assert found.shape == (2,)
    theirs = {
        "prompt_ids": ids[:, :5],
        "prompt_mask": attention[:, :5].long(),
        "completion_ids": ids[:, 5:],
        "completion_mask": completion.long(),
        "advantages": group_advantages(rewards).view(-1),
        "old_per_token_logps": old[:, 4:],
        "num_items_in_batch": completion.sum(),
    }
    if beta:
        base = judge.reference_log_probs(ids, attention, reply).values
        theirs["ref_per_token_logps"] = base[:, 4:]
    trainer.args.steps_per_generation = 1
    wanted = trainer._compute_loss(trainer.model, theirs)
    close(found.mean().detach(), wanted.detach())
    members = list(trainable(trainer.model).values())
    close(torch.autograd.grad(found.mean(), members), torch.autograd.grad(wanted, members))


def test_rewards_become_the_advantages_of_trl() -> None:
    rewards = torch.tensor([1.0, 0.0, -1.0, 1.0, 0.0, 0.0, 0.0, 1.0])
    groups = rewards.view(-1, 4)
    centred = rewards - groups.mean(dim=1).repeat_interleave(4)
    wanted = centred / (groups.std(dim=1).repeat_interleave(4) + 1e-4)
    close(group_advantages(groups).view(-1), wanted)
