"""Betty's table of hypergradients, with ours in it.

Betty looks the ``type`` of a problem up in a table of functions ``(vector, curr, prev, sync)``:
``vector`` is the gradient of the upper loss at the lower problem's parameters, ``curr`` the lower
problem, ``prev`` the upper one; the result is a gradient of the upper problem's parameters.

- ``closed`` (the default here): every sample of the update, through Adam and clipping.
- ``exact``: the same by differentiating through the update; for tests and measurements.
- ``darts`` (Betty's own, as the paper): finite differences on the last micro-batch only, and as
  if the step were plain gradient descent. ``sama``: likewise, with a diagonal for Adam.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

import torch
from torch import Tensor

from .closed import MicroGradients, closed_influences
from .optimizers import StepJacobian

Hypergradient = Literal["closed", "exact", "darts", "sama"]


class LowerSide(Protocol):
    """What the functions below read of the lower problem."""

    kept: MicroGradients
    jacobian: StepJacobian | None
    samples: int

    def trainable_parameters(self) -> list[Tensor]:
        """The parameters of the judge that are trained."""

    def shared(self, vector: Sequence[Tensor]) -> Sequence[Tensor]:
        """The mean of ``vector`` over all processes."""

    def replay(self, weighting: torch.nn.Module) -> tuple[list[Tensor], float]:
        """The parameters after the last update as a function of the weighting's parameters.

        Returns:
            One tensor per parameter, with history, and the learning rate of the update.
        """


class UpperSide(Protocol):
    """What they read of the upper problem."""

    module: torch.nn.Module

    def trainable_parameters(self) -> list[Tensor]:
        """The parameters of the weighting."""

    def set_grads(self, params: Sequence[Tensor], grads: Sequence[Tensor | None]) -> None:
        """Add to their gradients."""


Function = Callable[[Sequence[Tensor], Any, Any, bool], "list[Tensor] | None"]


def closed(
    vector: Sequence[Tensor], curr: LowerSide, prev: UpperSide, sync: bool
) -> list[Tensor] | None:
    """The closed form, for Betty."""
    if curr.jacobian is None:
        raise RuntimeError("the lower problem has made no update yet")
    influences = closed_influences(curr.shared(vector), curr.jacobian, curr.kept) / curr.samples
    weights = prev.module(*curr.kept.about())
    return _deliver((weights * influences).sum(), prev, sync)


def exact(
    vector: Sequence[Tensor], curr: LowerSide, prev: UpperSide, sync: bool
) -> list[Tensor] | None:
    """Through the unrolled update, for Betty; in the same unit as :func:`closed`."""
    after, lr = curr.replay(prev.module)
    terms = [torch.sum(v * p) for v, p in zip(vector, after, strict=True)]
    return _deliver(torch.stack(terms).sum() / lr, prev, sync)


def careful(function: Function) -> Function:
    """One of Betty's finite differences that leaves the judge as it was.

    Betty takes its two steps aside back by adding what it subtracted, which rounding makes
    inexact: the judge drifts, and differently in each process. Here the parameters are put back,
    and all processes look in one direction. Problems that are not ours are not touched.
    """

    @functools.wraps(function)
    def wrapped(
        vector: Sequence[Tensor], curr: LowerSide, prev: UpperSide, sync: bool
    ) -> list[Tensor] | None:
        if not hasattr(curr, "shared"):
            return function(vector, curr, prev, sync)
        members = curr.trainable_parameters()
        before = [p.detach().clone() for p in members]
        found = function(curr.shared(vector), curr, prev, sync)
        with torch.no_grad():
            for parameter, value in zip(members, before, strict=True):
                parameter.copy_(value)
        return found

    return wrapped


def register(table: dict[str, Any]) -> None:
    """Enter ours into Betty's table (``betty.hypergradient.jvp_fn_mapping``), once."""
    if "closed" in table:
        return
    table["closed"] = closed
    table["exact"] = exact
    for name in ("darts", "sama"):
        table[name] = careful(table[name])


def _deliver(value: Tensor, prev: UpperSide, sync: bool) -> list[Tensor] | None:
    parameters = prev.trainable_parameters()
    found = torch.autograd.grad(value, parameters, allow_unused=True)
    gradients = [
        torch.zeros_like(p) if g is None else g for p, g in zip(parameters, found, strict=True)
    ]
    if not sync:
        return gradients
    # At the end of an accumulation Betty expects the gradient to be in place already.
    prev.set_grads(parameters, gradients)
    return None
