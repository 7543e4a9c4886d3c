"""Judges and data for the training benchmarks: all random, as only their sizes matter."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from bestofn_training.models import (
    Batch,
    GroupSet,
    Judge,
    LoraSettings,
    Reply,
    Tokenising,
    TokenSettings,
    add_lora,
    collate_preferences,
    trainable,
)
from bestofn_training.models.tiny import tiny_model, tiny_tokenizer
from training_flops import Shape
from transformers import AutoModelForCausalLM, Qwen3Config

from bestofn.chat import Message

if TYPE_CHECKING:
    from training_work import Work

INPUTS = 4
"""Judge inputs that replies are drawn to."""


def make_judge(work: Work) -> Judge:
    """A judge with the adapters of the paper and random weights."""
    attention = "eager" if work.way == "exact" else "sdpa"
    if work.model == "qwen3-1.7b":
        config = Qwen3Config(
            vocab_size=151_936,
            hidden_size=2048,
            intermediate_size=6144,
            num_hidden_layers=28,
            num_attention_heads=16,
            num_key_value_heads=8,
            head_dim=128,
            max_position_embeddings=40_960,
            tie_word_embeddings=True,
        )
        with torch.device(work.device):
            model: Any = AutoModelForCausalLM.from_config(
                config, dtype=torch.bfloat16, attn_implementation=attention
            )
    else:
        hidden, layers, vocabulary = (192, 4, 4096) if work.model == "small" else (32, 2, 320)
        model = tiny_model(
            vocabulary=vocabulary,
            hidden=hidden,
            layers=layers,
            context=work.sequence,
            attention=attention,
        ).to(work.device)
    large = work.model == "qwen3-1.7b"
    adapted = add_lora(
        model,
        LoraSettings() if work.model != "tiny" else LoraSettings(rank=4, alpha=8),
        # What is recomputed cannot be differentiated twice.
        gradient_checkpointing=large and work.way != "exact",
    )
    adapted.train()
    return Judge(adapted, compute=torch.bfloat16 if large else None)


def shape_of(judge: Judge) -> Shape:
    """What decides the operations of its model."""
    adapters = {id(p) for p in trainable(judge.model).values()}
    parameters = dict(judge.model.named_parameters())
    config: Any = judge.model.get_base_model().config  # type: ignore[operator]
    return Shape(
        linear=sum(
            p.numel()
            for name, p in parameters.items()
            if p.dim() == 2 and ".layers." in name and id(p) not in adapters
        ),
        adapters=sum(p.numel() for p in parameters.values() if id(p) in adapters),
        vocabulary=config.vocab_size,
        width=config.hidden_size,
        layers=config.num_hidden_layers,
        heads=config.num_attention_heads,
        head=config.head_dim,
    )


def pairs(work: Work) -> Callable[[Sequence[int]], Batch]:
    """Preferences of random tokens, all of the same length."""
    numbers = torch.Generator().manual_seed(0)

    def draw(count: int) -> tuple[int, ...]:
        return tuple(torch.randint(3, 300, (count,), generator=numbers).tolist())

    made = []
    for _ in range(work.accumulation):
        prompt = draw(work.sequence - work.reply)
        both = [Reply(prompt=prompt, reply=draw(work.reply)) for _ in range(2)]
        made.append((both[0], both[1]))

    def fetch(places: Sequence[int]) -> Batch:
        return collate_preferences(
            [made[place] for place in places], places, [0] * len(places), padding=0
        )

    return fetch


def groups(work: Work, judge: Judge) -> Callable[[Sequence[int]], Batch]:
    """Judge inputs that the judge answers itself; a random one hardly ever ends before it must."""
    tokenising = Tokenising(tiny_tokenizer(), TokenSettings(context=work.sequence))
    frame = len(tokenising.prompt([Message(role="user", content="x")])) - 1
    question = {"role": "user", "content": "x" * (work.sequence - work.reply - frame)}
    about = {"problem_id": "p", "order": ["a", "b"], "right": [1], "domain": "d"}
    rows = [{**about, "id": str(n), "prompt": [question]} for n in range(INPUTS)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "inputs.jsonl"
        path.write_text("".join(json.dumps(one) + "\n" for one in rows))
        return GroupSet(
            path,
            tokenising,
            judge,
            lambda _, text: float(len(text) % 3),
            group=work.group,
            longest=work.reply,
        )
