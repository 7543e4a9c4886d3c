"""The upper level: the weights by the judge's loss on the meta data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from ..hypergradients import Clipping
from ..models import Batch, Judge
from ..weights import Weighting
from .betty import Config
from .events import UpperUpdate
from .objectives import Objective
from .parallel import rank_and_world
from .problem import JudgeProblem, norm_of, on_cpu
from .schedule import Schedule
from .stream import Stream


class UpperProblem(JudgeProblem):
    """The weights by the judge's loss on the meta data (equations 5 and 6).

    Args:
        judge: The one that the lower problem trains.
        objective: The meta loss.
        weighting: What is learned.
        optimizer: Of the weighting's parameters.
        stream: Meta batches.
        schedule: Of the run.
        clip: Largest norm of the hypergradient; None does not clip.
    """

    def __init__(
        self,
        judge: Judge,
        objective: Objective,
        weighting: Weighting,
        optimizer: Optimizer,
        stream: Stream,
        schedule: Schedule,
        *,
        clip: float | None = None,
    ) -> None:
        config = Config(gradient_accumulation=schedule.upper_accumulation)
        members = list(weighting.parameters())
        super().__init__("upper", config, weighting, members, optimizer, stream, schedule)
        self.judge, self.objective, self.weighting = judge, objective, weighting
        self.clip = clip
        self.window: list[float] = []
        self.micro_step: Callable[[], int] = lambda: 0

    def training_step(self, batch: Batch) -> Tensor:
        """The meta loss, a mean."""
        return self.objective(self.judge, batch).mean()

    def get_loss(self, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """Betty's, with a look at the number."""
        loss, named = super().get_loss(batch)
        value = float(named["loss"])
        if rank_and_world()[1] == 1:
            self.demand_finite(value, f"loss on meta samples {batch['index'].tolist()}")
        self.window.append(value)
        return loss, {"loss": value}

    def optimizer_step(self) -> None:
        """Average, clip, step, and cut the weights to their bounds."""
        gradients = self.gradients()
        (meta_loss,) = self.averaged(gradients, sum(self.window) / len(self.window))
        norm = norm_of(gradients)
        self.demand_finite(norm, "norm of the hypergradient")
        self.move(Clipping.at(gradients, self.clip).apply(gradients))
        self.weighting.project()
        self.window.clear()
        self.emit(
            UpperUpdate(
                step=self.micro_step(),
                update=self.updates,
                meta_loss=meta_loss,
                gradient_norm=norm,
                moved=self.weighting.moved(),
            )
        )

    def state(self) -> dict[str, Any]:
        """Also where the weights started, and the meta batches of an update not complete yet."""
        started = on_cpu(dict(self.weighting.named_buffers()))
        return {**super().state(), "window": list(self.window), "started": started}

    def load(self, state: dict[str, Any]) -> None:
        """The opposite of :meth:`state`."""
        super().load(state)
        self.window = [float(loss) for loss in state["window"]]
        for name, value in self.weighting.named_buffers():
            value.copy_(state["started"][name])
