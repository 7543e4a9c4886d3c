"""The derivative of an optimizer's step with respect to the gradient it is given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.optim import SGD, Adam, AdamW, Optimizer

from ..errors import BadInput


@dataclass(frozen=True, kw_only=True)
class AdamSettings:
    """What Adam's step depends on besides its state."""

    lr: float
    beta1: float
    beta2: float
    eps: float


def adam_jacobian(
    gradient: Tensor, exp_avg: Tensor, exp_avg_sq: Tensor, step: int, settings: AdamSettings
) -> Tensor:
    """du/dg of Adam, elementwise, u being what the step subtracts from the parameter.

    With m = β₁m₀ + (1-β₁)g, v = β₂v₀ + (1-β₂)g², their corrected forms m/c₁ and v/c₂, s = √(v/c₂)
    and u = lr · (m/c₁) / (s + ε), the terms in g² of the quotient rule cancel; what remains is

        du/dg = lr · [(1-β₁)β₂v₀ - β₁(1-β₂) g m₀ + (1-β₁) c₂ s ε] / [c₁ c₂ s (s + ε)²].

    Written so, nothing is lost at the first step, where only the term with ε is left: there
    u = lr · g / (|g| + ε) is the sign of g, and hardly depends on it.

    Args:
        gradient: g, the gradient that the step will be given (accumulated and clipped).
        exp_avg: m₀, before the step; zeros at the first.
        exp_avg_sq: v₀, before the step.
        step: Number of steps made before, 0 at the first.
        settings: Learning rate, betas, epsilon.

    Returns:
        Shape of ``gradient``. Where v is 0 the limit is lr (1-β₁) / (c₁ ε).
    """
    b1, b2, eps = settings.beta1, settings.beta2, settings.eps
    c1, c2 = 1 - b1 ** (step + 1), 1 - b2 ** (step + 1)
    v = b2 * exp_avg_sq + (1 - b2) * gradient * gradient
    s = (v / c2).sqrt()
    top = (1 - b1) * b2 * exp_avg_sq - b1 * (1 - b2) * gradient * exp_avg
    # c₂s² is v: dividing by s first keeps the bottom from underflowing for small gradients.
    safe = s.clamp(min=torch.finfo(s.dtype).tiny)
    quotient = (top / safe + (1 - b1) * c2 * eps) / (c1 * c2)
    jacobian = quotient / (s + eps) / (s + eps)
    limit = (1 - b1) / (c1 * eps) if eps else math.inf
    return settings.lr * torch.where(s > 0, jacobian, limit)


@dataclass(frozen=True, kw_only=True)
class Clipping:
    """The derivative of clipping by norm, which scales by c = limit / ‖g‖ where ‖g‖ > limit.

    Attributes:
        scale: c; 1 where nothing was cut.
        direction: g / ‖g‖ per parameter, None where nothing was cut.
    """

    scale: float
    direction: tuple[Tensor, ...] | None

    @classmethod
    def at(cls, gradients: Sequence[Tensor], limit: float | None) -> Clipping:
        """At the gradients before they are clipped; no limit clips nothing."""
        if limit is None:
            return cls(scale=1.0, direction=None)
        norm = math.sqrt(sum(float(g.double().square().sum()) for g in gradients))
        if norm <= limit:
            return cls(scale=1.0, direction=None)
        return cls(scale=limit / norm, direction=tuple(g / norm for g in gradients))

    def apply(self, gradients: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The clipped gradients."""
        return tuple(g * self.scale for g in gradients) if self.direction else tuple(gradients)

    def pull_back(self, vector: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """c (q - ĝ <ĝ, q>): the transposed derivative (it is symmetric) applied to ``vector``."""
        if self.direction is None:
            return tuple(vector)
        along = sum(
            (torch.sum(d * q) for d, q in zip(self.direction, vector, strict=True)),
            start=torch.zeros((), device=vector[0].device),
        )
        pairs = zip(self.direction, vector, strict=True)
        return tuple(self.scale * (q - along * d) for d, q in pairs)


@dataclass(frozen=True, kw_only=True)
class StepJacobian:
    """P = du/dg of one optimizer step, divided by its (largest) learning rate, clipping included.

    Divided, because at a learning rate of 1e-6 the hypergradient itself is smaller than the ε of
    the upper optimizer, which would then stand still.

    Attributes:
        diagonal: Per parameter the elementwise derivative of the step.
        clipping: What happened before the step.
    """

    diagonal: tuple[Tensor, ...]
    clipping: Clipping

    def pull_back(self, vector: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """``P`` (transposed) applied to one tensor per parameter."""
        scaled = [d * v for d, v in zip(self.diagonal, vector, strict=True)]
        return self.clipping.pull_back(scaled)


def step_jacobian(
    optimizer: Optimizer,
    parameters: Sequence[Tensor],
    gradients: Sequence[Tensor],
    *,
    clip: float | None = None,
) -> StepJacobian:
    """The derivative of the step that ``optimizer`` is about to make.

    Args:
        optimizer: Adam or AdamW (its decay does not depend on the gradient), or SGD without
            momentum; before its step.
        parameters: Those that take part.
        gradients: Their accumulated gradients, before clipping.
        clip: The largest norm, where gradients are clipped.

    Raises:
        BadInput: for an optimizer whose step this does not know.
    """
    clipping = Clipping.at(gradients, clip)
    clipped = clipping.apply(gradients)
    unit = max(float(group["lr"]) for group in optimizer.param_groups)
    diagonal = []
    for parameter, gradient in zip(parameters, clipped, strict=True):
        group = _group_of(optimizer, parameter)
        settings = settings_of(optimizer, group)
        share = float(group["lr"]) / unit if unit else 1.0
        if settings is None:
            diagonal.append(torch.full_like(gradient, share))
            continue
        m, v, step = adam_state(optimizer, parameter)
        diagonal.append(share * adam_jacobian(gradient, m, v, step, settings))
    return StepJacobian(diagonal=tuple(diagonal), clipping=clipping)


def settings_of(optimizer: Optimizer, group: dict[str, Any]) -> AdamSettings | None:
    """Adam's settings with learning rate 1; None for plain SGD.

    Raises:
        BadInput: for any other optimizer, and for options that change the step.
    """
    decayed = bool(group.get("weight_decay")) and not isinstance(optimizer, AdamW)
    odd = [n for n in ("amsgrad", "maximize", "momentum", "nesterov") if group.get(n)]
    if decayed:
        odd.append("weight_decay")
    if odd:
        raise BadInput(
            f"optimizer.{odd[0]}",
            "the hypergradient does not know this step; set it to 0 or choose AdamW",
        )
    if isinstance(optimizer, SGD):
        return None
    if not isinstance(optimizer, Adam | AdamW):
        raise BadInput(
            "optimizer",
            f"the hypergradient knows Adam, AdamW and SGD, not {type(optimizer).__name__}",
        )
    beta1, beta2 = group["betas"]
    return AdamSettings(lr=1.0, beta1=float(beta1), beta2=float(beta2), eps=float(group["eps"]))


def adam_state(optimizer: Optimizer, parameter: Tensor) -> tuple[Tensor, Tensor, int]:
    """Both moments and the number of steps made; zeros before the first."""
    state = optimizer.state.get(parameter)
    if not state:
        return torch.zeros_like(parameter), torch.zeros_like(parameter), 0
    return state["exp_avg"], state["exp_avg_sq"], int(state["step"])


def _group_of(optimizer: Optimizer, parameter: Tensor) -> dict[str, Any]:
    for group in optimizer.param_groups:
        if any(member is parameter for member in group["params"]):
            return group
    raise BadInput("parameters", "one of them is not among those of the optimizer")
