"""Replies that the judge draws itself, for GRPO."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("betty")

from bestofn_training.bilevel import (  # noqa: E402
    GRPO,
    Checkpoints,
    JudgeEngine,
    LowerProblem,
    Schedule,
    Stream,
    UpperProblem,
)
from bestofn_training.data.rows import JudgeInput  # noqa: E402
from bestofn_training.errors import BadRow  # noqa: E402
from bestofn_training.models import (  # noqa: E402
    GroupSet,
    Judge,
    LoraSettings,
    Tokenising,
    TokenSettings,
    add_lora,
    trainable,
)
from bestofn_training.models.tiny import tiny_model, tiny_tokenizer  # noqa: E402
from bestofn_training.weights import DomainTable  # noqa: E402

from .runs import judge, judged, learned  # noqa: E402


def questions(path: Path) -> Path:
    rows = [
        {
            "id": f"p{n}:0:0",
            "problem_id": f"p{n}",
            "prompt": [{"role": "user", "content": f"A or B, {n}?"}],
            "order": ["a", "b"],
            "right": [1 + n % 2],
            "domain": "easy" if n < 3 else "hard",
        }
        for n in range(6)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_grpo_draws_learns_and_resumes_exactly(tmp_path: Path) -> None:
    path = questions(tmp_path / "inputs.jsonl")
    seen: list[str] = []

    def reward(row: JudgeInput, text: str) -> float:
        seen.append(text)
        return float(len(text) % 3 - row.right[0] % 2)

    def build() -> JudgeEngine:
        torch.manual_seed(0)
        model = add_lora(tiny_model(), LoraSettings(rank=4, alpha=8), gradient_checkpointing=True)
        subject = Judge(model)
        made = Tokenising(tiny_tokenizer(), TokenSettings(context=128))
        groups = GroupSet(path, made, subject, reward, group=4, longest=5)
        alpha = DomainTable(groups.domains)
        schedule = Schedule(iterations=8, lower_accumulation=2, upper_accumulation=2)
        lower = LowerProblem(
            subject,
            GRPO(),
            alpha,
            torch.optim.Adam(list(trainable(model).values()), lr=1e-3),
            Stream(len(groups), groups),
            schedule,
        )
        upper = UpperProblem(
            subject,
            GRPO(),
            alpha,
            torch.optim.Adam(alpha.parameters(), lr=1e-2),
            Stream(len(groups), groups, seed=1),
            schedule,
        )
        return JudgeEngine(lower, upper, checkpoints=Checkpoints(tmp_path / "kept"))

    whole, first = build(), build()
    torch.manual_seed(1)
    whole.run()
    assert len(seen) == (8 + 4) * 4
    assert whole.upper.weighting.moved().largest > 0
    torch.manual_seed(1)
    first.run(until=3)
    first.save()
    second = build()
    torch.rand(5)
    assert second.resume()
    second.run()
    assert torch.equal(judged(whole), judged(second))
    assert torch.equal(learned(whole), learned(second))
    assert seen[:48] == seen[48:]


def test_prompts_without_room_for_a_reply_are_refused(tmp_path: Path) -> None:
    path = questions(tmp_path / "inputs.jsonl")
    made = Tokenising(tiny_tokenizer(), TokenSettings(context=40))
    with pytest.raises(BadRow, match=r"inputs\.jsonl:1.*'prompt'.*replies of 30 do not fit"):
        GroupSet(path, made, judge(), lambda row, text: 0.0, longest=30)


def test_merging_adapters_in_and_out_would_move_the_frozen_weights() -> None:
    """Why replies are not drawn from a merged model, see the groups' docstring."""
    subject = judge()
    model = subject.model.to(torch.bfloat16)
    adapters = set(trainable(model))
    frozen = {n: p.detach().clone() for n, p in model.named_parameters() if n not in adapters}
    model.merge_adapter()
    model.unmerge_adapter()
    now = dict(model.named_parameters())
    assert any(not torch.equal(now[name], before) for name, before in frozen.items())
