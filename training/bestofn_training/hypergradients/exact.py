"""The same hypergradient by differentiating through the lower update."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.optim import Optimizer

from .optimizers import AdamSettings, adam_state, settings_of

Parameters = Mapping[str, Tensor]


def unrolled_parameters(
    parameters: Parameters,
    gradients: Parameters,
    optimizer: Optimizer,
    *,
    clip: float | None = None,
) -> dict[str, Tensor]:
    """The parameters after the step of ``optimizer``, as a function of ``gradients``.

    The optimizer is only read. The step is divided by the learning rate nowhere: these are the
    values that the optimizer itself would reach.

    Args:
        parameters: By name, those of the optimizer.
        gradients: By the same names, with history.
        optimizer: Adam, AdamW or plain SGD, before its step.
        clip: The largest norm of the gradients, as in ``clip_grad_norm_``.

    Raises:
        BadInput: for an optimizer whose step this does not know.
    """
    if clip is not None:
        norm = torch.sqrt(torch.stack([g.square().sum() for g in gradients.values()]).sum())
        scale = torch.where(norm > clip, clip / norm, 1.0)
        gradients = {name: g * scale for name, g in gradients.items()}
    after = {}
    for group in optimizer.param_groups:
        settings = settings_of(optimizer, group)
        members = {id(p) for p in group["params"]}
        for name, parameter in parameters.items():
            if id(parameter) in members:
                lr, decay = float(group["lr"]), float(group.get("weight_decay", 0.0))
                step = _step(gradients[name], parameter, optimizer, settings)
                after[name] = parameter * (1 - lr * decay) - lr * step
    return after


def exact_hypergradient(
    losses: Callable[[Parameters], Tensor],
    meta_loss: Callable[[Parameters], Tensor],
    weights: Tensor,
    parameters: Parameters,
    optimizer: Optimizer,
    *,
    clip: float | None = None,
) -> Tensor:
    """dL_meta(φ') / dw by unrolling one update; all micro-batches stay in memory.

    The model's attention must be twice differentiable (``attn_implementation="eager"``).

    Args:
        losses: The per-sample losses (n,) at given parameters.
        meta_loss: The meta loss, a scalar, at given parameters.
        weights: (n,); the update follows the gradient of ``mean(weights * losses)``.
        parameters: φ, leaves that require gradients, members of ``optimizer``.
        optimizer: Before the update.
        clip: The largest norm of the gradient, where it is clipped.

    Returns:
        (n,): the true derivative, proportional to the lower learning rate.
    """
    alpha = weights.detach().clone().requires_grad_()
    lower = (alpha * losses(parameters)).mean()
    found = torch.autograd.grad(lower, list(parameters.values()), create_graph=True)
    gradients = dict(zip(parameters, found, strict=True))
    after = unrolled_parameters(parameters, gradients, optimizer, clip=clip)
    (hypergradient,) = torch.autograd.grad(meta_loss(after), [alpha])
    return hypergradient


def _step(
    gradient: Tensor, parameter: Tensor, optimizer: Optimizer, settings: AdamSettings | None
) -> Tensor:
    if settings is None:
        return gradient
    m, v, steps = adam_state(optimizer, parameter)
    m = settings.beta1 * m.detach() + (1 - settings.beta1) * gradient
    v = settings.beta2 * v.detach() + (1 - settings.beta2) * gradient.square()
    corrected = m / (1 - settings.beta1 ** (steps + 1))
    squared = v / (1 - settings.beta2 ** (steps + 1))
    # The root has no derivative at 0, where a parameter gets no gradient at all.
    root = torch.where(squared > 0, squared, 1.0).sqrt() * (squared > 0)
    return corrected / (root + settings.eps)
