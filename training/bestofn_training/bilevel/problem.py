"""What both levels share as problems of Betty."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from .betty import Config, ImplicitProblem
from .events import Event
from .parallel import average_, rank_and_world
from .schedule import Schedule
from .stream import Stream


class NotFinite(ArithmeticError):
    """A loss or a gradient is not a number, or beyond the limit; the engine adds what to do."""


class JudgeProblem(ImplicitProblem):  # type: ignore[misc]
    """What both levels share: fixed parameters, our optimizer as it is, events, averaging."""

    emit: Callable[[Event], None]

    def __init__(
        self,
        name: str,
        config: Config,
        module: nn.Module,
        parameters: Sequence[Tensor],
        optimizer: Optimizer,
        stream: Stream,
        schedule: Schedule,
    ) -> None:
        super().__init__(name, config, module, optimizer, None, stream)
        # Fixed once: PEFT clears requires_grad for as long as adapters are off.
        self._members = list(parameters)
        self.stream = stream
        self.schedule = schedule
        self.updates = 0
        self.emit = _nobody

    def trainable_parameters(self) -> list[Tensor]:
        """The parameters of this level."""
        return self._members

    def parameters(self) -> list[Tensor]:
        """The same: Betty must not touch frozen parameters."""
        return self._members

    def patch_optimizer(self) -> None:
        """Keep the optimizer as it was made; Betty's copy loses parameter groups and AdamW."""

    def gradients(self) -> list[Tensor]:
        """The accumulated gradients; zeros where there is none."""
        return [torch.zeros_like(p) if p.grad is None else p.grad for p in self._members]

    def averaged(self, gradients: list[Tensor], *numbers: float) -> list[float]:
        """Average over processes, gradients in place; refuse what is not finite."""
        also = torch.tensor(numbers, dtype=torch.float64, device="cpu")
        if rank_and_world()[1] > 1:
            also = also.to(gradients[0].device, torch.float32)
        average_([*gradients, also])
        values = cast(list[float], also.tolist())
        for value in values:
            self.demand_finite(value, "loss")
        return values

    def demand_finite(self, value: float, what: str) -> None:
        """Raise :class:`NotFinite` before anything is moved by it."""
        if not math.isfinite(value):
            raise NotFinite(f"the {what} of the {self.name} level is {value}")

    def move(self, gradients: Sequence[Tensor]) -> None:
        """Hand the gradients to the optimizer and step."""
        for parameter, gradient in zip(self._members, gradients, strict=True):
            parameter.grad = gradient
        super().optimizer_step()
        self.updates += 1

    def state(self) -> dict[str, Any]:
        """All that the next micro-step depends on, as copies on the CPU."""
        return {
            "count": self.count,
            "inner_loop_start": self._inner_loop_start,
            "updates": self.updates,
            "position": self.stream.position,
            "parameters": on_cpu([p.detach() for p in self._members]),
            "gradients": on_cpu([p.grad for p in self._members]),
            "optimizer": on_cpu(self.optimizer.state_dict()),
        }

    def load(self, state: dict[str, Any]) -> None:
        """The opposite of :meth:`state`."""
        self._count = int(state["count"])
        self._inner_loop_start = bool(state["inner_loop_start"])
        self.updates = int(state["updates"])
        self.stream.position = int(state["position"])
        both = zip(self._members, state["parameters"], state["gradients"], strict=True)
        with torch.no_grad():
            for parameter, value, gradient in both:
                parameter.copy_(value)
                parameter.grad = None if gradient is None else gradient.to(parameter.device)
        self.optimizer.load_state_dict(state["optimizer"])

    def rate(self) -> float:
        """The (largest) learning rate."""
        return max(float(group["lr"]) for group in self.optimizer.param_groups)


def on_cpu(value: Any) -> Any:
    """A copy of nested dictionaries and lists, with all tensors copied to the CPU.

    A state is written to disk after it is taken, and on a device that training fills: it must
    neither change under the writer nor take memory there.
    """
    if isinstance(value, Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        return {key: on_cpu(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(on_cpu(inner) for inner in value)
    return value


def norm_of(gradients: Sequence[Tensor]) -> float:
    """Of all gradients as one vector."""
    return math.sqrt(sum(float(g.double().square().sum()) for g in gradients))


def _nobody(event: Event) -> None:
    del event
