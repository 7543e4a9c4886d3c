"""The lower level: the judge on the weighted training data."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.optim import Optimizer

from ..hypergradients import (
    Clipping,
    Hypergradient,
    MicroGradients,
    StepJacobian,
    step_jacobian,
    unrolled_parameters,
)
from ..models import Batch, Judge, trainable
from ..weights import Weighting
from .betty import Config
from .events import LowerUpdate, MicroStep
from .objectives import Objective
from .parallel import average_, rank_and_world
from .problem import JudgeProblem, NotFinite, norm_of, on_cpu
from .schedule import Schedule
from .stream import Stream


@dataclass(frozen=True, kw_only=True)
class LowerSettings:
    """How the judge moves, and what is kept of it for the upper level.

    Attributes:
        hypergradient: How the upper level will look at the updates; None when there is no such
            level, and then nothing is kept for it.
        clip: Largest norm of the gradient; None does not clip.
        max_loss: A loss above it stops the run.
        factor: Multiplies the learning rate of update number 0, 1, 2, ... (warm-up, decay).
        sama_alpha: Size of sama's finite difference.
        darts_alpha: Of darts'.
    """

    hypergradient: Hypergradient | None = "closed"
    clip: float | None = None
    max_loss: float = math.inf
    factor: Callable[[int], float] | None = None
    sama_alpha: float = 1.0
    darts_alpha: float = 0.01


class LowerProblem(JudgeProblem):
    """The judge on the weighted training data (equation 3).

    Args:
        judge: What is trained.
        objective: Its per-sample loss.
        weighting: The weights of the samples.
        optimizer: Of the judge's trainable parameters.
        stream: Training batches.
        schedule: Of the run.
        settings: The rest.
    """

    def __init__(
        self,
        judge: Judge,
        objective: Objective,
        weighting: Weighting,
        optimizer: Optimizer,
        stream: Stream,
        schedule: Schedule,
        settings: LowerSettings | None = None,
    ) -> None:
        self.settings = settings or LowerSettings()
        config = Config(
            type=self.settings.hypergradient or "closed",
            gradient_accumulation=schedule.lower_accumulation,
            warmup_steps=schedule.upper_after * schedule.lower_accumulation,
            sama_adam_alpha=self.settings.sama_alpha,
            darts_alpha=self.settings.darts_alpha,
        )
        named = trainable(judge.model)
        members = list(named.values())
        super().__init__("lower", config, judge.model, members, optimizer, stream, schedule)
        self.judge, self.objective, self.weighting = judge, objective, weighting
        self.hypergradient = self.settings.hypergradient
        self.clip = self.settings.clip
        self._names = list(named)
        self._base_rates = [float(group["lr"]) for group in optimizer.param_groups]
        self.kept = MicroGradients(keep="domain" if weighting.by_domain else "sample")
        self.jacobian: StepJacobian | None = None
        self.samples = 0
        self.window: list[tuple[float, float]] = []
        self._batches: list[Batch] = []
        self._before: tuple[dict[str, Tensor], dict[str, Any]] | None = None

    def losses(self, batch: Batch) -> Tensor:
        """Per-sample losses, (B,); the first seen are kept in the batch for the instance net."""
        found = self.objective(self.judge, batch)
        batch.setdefault("seen", found.detach())
        return found

    def weights(self, batch: Batch) -> Tensor:
        """The samples' weights, (B,), with history."""
        return cast(Tensor, self.weighting(batch["index"], batch["domain"], batch["seen"]))

    def training_step(self, batch: Batch) -> Tensor:
        """The weighted loss with history to both levels, for Betty's own hypergradients."""
        losses = self.losses(batch)
        return (self.weights(batch) * losses).mean()

    def one_step_descent(self, batch: Batch | None = None) -> dict[str, float]:
        """One micro-step, and the update when it is due."""
        if not self.window:
            self.kept.clear()
            self._batches.clear()
            self.samples = 0
        batch = cast(Batch, self.get_batch() if batch is None else batch)
        self.cur_batch = batch
        losses = self.losses(batch)
        seen = losses.detach()
        loss, worst = float(seen.mean()), float(seen.max())
        alone = rank_and_world()[1] == 1  # else all must find out together, at the update
        if alone:
            places = f"loss on samples {batch['index'].tolist()}"
            self.demand_finite(loss, places)
            self.demand_below(worst, places)
        with torch.no_grad():
            weights = self.weights(batch)
        self._descend(batch, losses, weights)
        self.samples += len(seen)
        self.window.append((loss, float((weights * seen).mean())))
        weight = float(weights.mean())
        index = tuple(batch["index"].tolist())
        self.emit(MicroStep(step=self.count, loss=loss, weight=weight, index=index))
        if self.gradient_accumulation_boundary():
            self.optimizer_step()
            self.zero_grad()
        return {"loss": loss}

    def optimizer_step(self) -> None:
        """Average, look ahead for the hypergradient, clip, step."""
        gradients = self.gradients()
        sums = [sum(column) / len(self.window) for column in zip(*self.window, strict=True)]
        loss, weighted = self.averaged(gradients, *sums)
        norm = norm_of(gradients)
        self.demand_finite(norm, "norm of the gradient")
        self.demand_below(loss, "mean loss")
        if self.settings.factor is not None:
            for group, base in zip(self.optimizer.param_groups, self._base_rates, strict=True):
                group["lr"] = base * self.settings.factor(self.updates)
        if self.hypergradient == "closed":
            self.jacobian = step_jacobian(self.optimizer, self._members, gradients, clip=self.clip)
        elif self.hypergradient == "exact":
            self._remember()
        self.move(Clipping.at(gradients, self.clip).apply(gradients))
        self.window.clear()
        self.emit(
            LowerUpdate(
                step=self.count,
                update=self.updates,
                loss=loss,
                weighted_loss=weighted,
                gradient_norm=norm,
                rate=self.rate(),
            )
        )

    def state(self) -> dict[str, Any]:
        """Also the micro-batches of an update that is not complete yet.

        Between two updates there are none: what is kept of the last one has been used, and is
        forgotten before the next micro-batch is read.
        """
        under_way = bool(self.window)
        empty = MicroGradients(keep=self.kept.keep)
        return {
            **super().state(),
            "window": [list(pair) for pair in self.window],
            "samples": self.samples if under_way else 0,
            "kept": (self.kept if under_way else empty).state_dict(),
            "batches": on_cpu(self._batches if under_way else []),
        }

    def load(self, state: dict[str, Any]) -> None:
        """The opposite of :meth:`state`."""
        super().load(state)
        self.window = [(float(loss), float(weighted)) for loss, weighted in state["window"]]
        self.samples = int(state["samples"])
        device = self._members[0].device
        self.kept.load_state_dict(state["kept"], device)
        self._batches = [
            {key: value.to(device) for key, value in batch.items()} for batch in state["batches"]
        ]

    def shared(self, vector: Sequence[Tensor]) -> Sequence[Tensor]:
        """The meta gradient of all processes: each has seen other meta samples."""
        average_(vector)
        return vector

    def demand_below(self, value: float, what: str) -> None:
        """Raise :class:`NotFinite` where the run got away."""
        if value > self.settings.max_loss:
            raise NotFinite(
                f"the {what} is {value:.4g}, above the limit of {self.settings.max_loss:g}"
            )

    def replay(self, weighting: nn.Module) -> tuple[list[Tensor], float]:
        """The last update again, as a function of the weighting's parameters (``exact``)."""
        if self._before is None:
            raise RuntimeError("the lower problem has made no update yet")
        start, state = self._before
        phi = {name: value.requires_grad_() for name, value in start.items()}
        optimizer = type(self.optimizer)(list(phi.values()))
        optimizer.load_state_dict(state)
        whole = _Functional(self.module, self.objective, self.judge)
        total = torch.zeros((), device=next(iter(phi.values())).device)
        for batch in self._batches:
            losses = functional_call(
                whole, {f"model.{name}": value for name, value in phi.items()}, (batch,)
            )
            weights = weighting(batch["index"], batch["domain"], batch["seen"])
            total = total + (weights * losses).sum() / self.samples
        found = torch.autograd.grad(total, list(phi.values()), create_graph=True)
        gradients = dict(zip(phi, found, strict=True))
        after = unrolled_parameters(phi, gradients, optimizer, clip=self.clip)
        return [after[name] for name in phi], self.rate()

    def _descend(self, batch: Batch, losses: Tensor, weights: Tensor) -> None:
        share = 1 / (len(losses) * self.gas)
        if self.hypergradient != "closed":
            if self.hypergradient == "exact":
                self._batches.append(batch)
            (weights * losses * share).sum().backward(inputs=self._members)
            return
        for place, loss in enumerate(losses):
            last = place == len(losses) - 1
            gradient = torch.autograd.grad(loss, self._members, retain_graph=not last)
            about = batch["index"][place], batch["domain"][place], batch["seen"][place]
            self.kept.add(*about, gradient)
            factor = float(weights[place]) * share
            for parameter, part in zip(self._members, gradient, strict=True):
                if parameter.grad is None:
                    parameter.grad = part * factor
                else:
                    parameter.grad.add_(part, alpha=factor)

    def _remember(self) -> None:
        if rank_and_world()[1] > 1:
            raise NotImplementedError("the exact hypergradient works in one process only")
        values = {n: p.detach().clone() for n, p in zip(self._names, self._members, strict=True)}
        state = self.optimizer.state_dict()
        copied = {
            "param_groups": state["param_groups"],
            "state": {
                number: {k: v.clone() if isinstance(v, Tensor) else v for k, v in kept.items()}
                for number, kept in state["state"].items()
            },
        }
        self._before = values, copied


class _Functional(nn.Module):
    """The objective as a module, so that its model's parameters can be replaced for a call."""

    def __init__(self, model: nn.Module, objective: Objective, judge: Judge) -> None:
        super().__init__()
        self.model = model
        self._objective = objective
        # No checkpointing of the output layer: it cannot be differentiated twice.
        chunk = None if judge.chunk is None else 0
        self._judge = Judge(model, reference=judge.reference, compute=judge.compute, chunk=chunk)

    def forward(self, batch: Batch) -> Tensor:
        """Per-sample losses, (B,)."""
        return self._objective(self._judge, batch)
