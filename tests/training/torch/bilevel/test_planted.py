"""Planted truth: poisoned data loses its weight."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("betty")

from bestofn_training.bilevel import (  # noqa: E402
    JudgeEngine,
    LowerProblem,
    LowerSettings,
    Schedule,
    Stream,
    UpperProblem,
)
from bestofn_training.hypergradients import Hypergradient  # noqa: E402
from bestofn_training.models import Batch, Judge  # noqa: E402
from bestofn_training.weights import DomainTable, InstanceTable, NoWeights, Weighting  # noqa: E402


class Planted:
    """Points whose side a line decides; in domain 1 the labels are flipped."""

    def __init__(self, count: int, flipped: float, seed: int) -> None:
        numbers = torch.Generator().manual_seed(seed)
        self.x = torch.randn((count, 8), generator=numbers)
        self.domain = (torch.rand(count, generator=numbers) < flipped).long()
        side = torch.where(self.x @ torch.linspace(1, -1, 8) > 0, 1.0, -1.0)
        self.y = torch.where(self.domain == 1, -side, side)

    def __call__(self, places: Sequence[int]) -> Batch:
        rows = torch.tensor(places)
        return {
            "x": self.x[rows],
            "y": self.y[rows],
            "index": rows,
            "domain": self.domain[rows],
        }


def logistic(subject: Judge, batch: Batch) -> torch.Tensor:
    margin = batch["y"] * subject.model(batch["x"]).squeeze(-1)
    return torch.nn.functional.softplus(-margin)


@pytest.mark.parametrize("name", ["closed", "sama"])
@pytest.mark.parametrize("kind", ["domain", "table"])
def test_poisoned_data_loses_its_weight(kind: str, name: Hypergradient) -> None:
    data, meta = Planted(200, 0.6, seed=0), Planted(40, 0.0, seed=1)

    def accuracy(reweighted: bool) -> tuple[float, Weighting]:
        torch.manual_seed(0)
        subject = Judge(torch.nn.Linear(8, 1))
        members = list(subject.model.parameters())
        alpha: Weighting = NoWeights()
        if reweighted:
            alpha = DomainTable(["clean", "flipped"]) if kind == "domain" else InstanceTable(200)
        schedule = Schedule(
            iterations=500, unit="update", lower_accumulation=4, upper_accumulation=1
        )
        lower = LowerProblem(
            subject,
            logistic,
            alpha,
            torch.optim.Adam(members, lr=0.03),
            Stream(200, data, batch=4),
            schedule,
            LowerSettings(hypergradient=name if reweighted else None, sama_alpha=0.1),
        )
        upper = None
        if reweighted:
            upper = UpperProblem(
                subject,
                logistic,
                alpha,
                torch.optim.Adam(alpha.parameters(), lr=0.05),
                Stream(40, meta, batch=20),
                schedule,
            )
        JudgeEngine(lower, upper).run()
        test = Planted(500, 0.0, seed=2)
        right = (test.y * subject.model(test.x).detach().squeeze(-1)) > 0
        return float(right.float().mean()), alpha

    misled, _ = accuracy(reweighted=False)
    healed, alpha = accuracy(reweighted=True)
    assert misled < 0.4
    assert healed > (0.9 if kind == "domain" else 0.8)
    weights = alpha.snapshot()["weights"]
    if kind == "domain":
        assert float(weights[1]) < 0.2 * float(weights[0])
    else:
        clean, flipped = weights[data.domain == 0], weights[data.domain == 1]
        assert float(flipped.mean()) < 0.5 * float(clean.mean())
