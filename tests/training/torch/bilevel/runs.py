"""A tiny judge, data of its own, and runs of both levels on them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from bestofn_training.bilevel import (
    DPO,
    Event,
    JudgeEngine,
    LowerProblem,
    LowerSettings,
    Objective,
    Schedule,
    Stream,
    UpperProblem,
)
from bestofn_training.hypergradients import Hypergradient
from bestofn_training.models import (
    Batch,
    Judge,
    LoraSettings,
    Reply,
    add_lora,
    collate_preferences,
    trainable,
)
from bestofn_training.models.tiny import tiny_model
from bestofn_training.weights import DomainTable, InstanceNet, InstanceTable, NoWeights, Weighting

SAMPLES, META = 16, 6


def reply(numbers: torch.Generator, prompt: Sequence[int], length: int) -> Reply:
    drawn = torch.randint(3, 64, (length,), generator=numbers).tolist()
    return Reply(prompt=tuple(prompt), reply=tuple(drawn))


class Pairs:
    """Random preferences: a data set of its own for each seed."""

    def __init__(self, count: int, seed: int) -> None:
        numbers = torch.Generator().manual_seed(seed)
        self.pairs = []
        for place in range(count):
            prompt = torch.randint(3, 64, (6,), generator=numbers).tolist()
            made = [reply(numbers, prompt, 3 + (place + i) % 4) for i in range(2)]
            self.pairs.append((made[0], made[1]))

    def __call__(self, places: Sequence[int]) -> Batch:
        chosen = [self.pairs[place] for place in places]
        return collate_preferences(chosen, places, [p % 3 for p in places], padding=0)


def judge(*, stirred: bool = True, attention: str = "sdpa", **options: Any) -> Judge:
    model = add_lora(tiny_model(vocabulary=64, attention=attention), LoraSettings(rank=4, alpha=8))
    if stirred:
        numbers = torch.Generator().manual_seed(5)
        for parameter in trainable(model).values():
            parameter.data = torch.randn(parameter.shape, generator=numbers) * 0.1
    return Judge(model, **options)


def weighting(name: str) -> Weighting:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made: dict[str, Weighting] = {
            "none": NoWeights(),
            "domain": DomainTable(["a", "b", "c"]),
            "table": InstanceTable(SAMPLES),
            "net": InstanceNet(),
        }
        return made[name]


def engine(
    kind: str = "table",
    hypergradient: Hypergradient = "closed",
    *,
    iterations: int = 16,
    lower: int = 4,
    upper: int = 2,
    rate: float = 1e-3,
    upper_rate: float = 1e-2,
    objective: Objective | None = None,
    clip: float | None = None,
    of: Judge | None = None,
    weights: Weighting | None = None,
    batch: int = 1,
    after: int = 0,
    **options: Any,
) -> JudgeEngine:
    subject = of or judge(attention="eager" if hypergradient == "exact" else "sdpa")
    alpha = weights or weighting(kind)
    learned = list(alpha.parameters())
    members = list(trainable(subject.model).values())
    loss = objective or DPO()
    schedule = Schedule(
        iterations=iterations,
        lower_accumulation=lower,
        upper_accumulation=upper,
        upper_after=after,
    )
    below = LowerProblem(
        subject,
        loss,
        alpha,
        torch.optim.Adam(members, lr=rate),
        Stream(SAMPLES, Pairs(SAMPLES, 1), seed=1, batch=batch),
        schedule,
        LowerSettings(
            hypergradient=hypergradient if learned else None,
            clip=clip,
            max_loss=options.pop("max_loss", math.inf),
            factor=options.pop("factor", None),
        ),
    )
    if not learned:
        return JudgeEngine(below, **options)
    above = UpperProblem(
        subject,
        loss,
        alpha,
        torch.optim.Adam(learned, lr=upper_rate),
        Stream(META, Pairs(META, 2), batch=2, seed=2),
        schedule,
    )
    return JudgeEngine(below, above, **options)


def judged(run: JudgeEngine) -> torch.Tensor:
    return torch.cat([p.detach().reshape(-1) for p in run.lower.trainable_parameters()])


def learned(run: JudgeEngine) -> torch.Tensor:
    return torch.cat([p.detach().reshape(-1) for p in run.upper.trainable_parameters()])


class Watch:
    """Keeps events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]
