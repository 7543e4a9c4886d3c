"""The closed form: one inner product per micro-batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from .optimizers import StepJacobian

Keep = Literal["sample", "domain"]


@dataclass(kw_only=True)
class MicroGradients:
    """The gradients of the micro-batches of one lower update, each before its weight.

    Memory: one gradient of the trained parameters per sample (LoRA of rank 32 on an 8B model in
    float32: 175 MB each), or per domain that occurs.

    Attributes:
        keep: ``sample`` keeps one gradient per sample; ``domain`` adds up those of a domain,
            which suffices where weights depend on the domain only.
        index: Per kept gradient the sample (of a domain: its first), shape ().
        domain: Likewise the domain.
        loss: Likewise the loss, which the instance net reads.
        gradients: Per kept gradient one tensor per parameter.
    """

    keep: Keep = "sample"
    index: list[Tensor] = field(default_factory=list)
    domain: list[Tensor] = field(default_factory=list)
    loss: list[Tensor] = field(default_factory=list)
    gradients: list[tuple[Tensor, ...]] = field(default_factory=list)

    def __len__(self) -> int:
        """Number of kept gradients."""
        return len(self.gradients)

    def add(self, index: Tensor, domain: Tensor, loss: Tensor, gradient: Sequence[Tensor]) -> None:
        """Keep the gradient of one sample; index, domain and loss have shape ()."""
        if self.keep == "domain":
            for place, known in enumerate(self.domain):
                if int(known) == int(domain):
                    for kept, new in zip(self.gradients[place], gradient, strict=True):
                        kept.add_(new)
                    return
            gradient = [g.clone() for g in gradient]  # it will be added to
        self.index.append(index.detach())
        self.domain.append(domain.detach())
        self.loss.append(loss.detach())
        self.gradients.append(tuple(g.detach() for g in gradient))

    def clear(self) -> None:
        """Forget all, for the next update."""
        for kept in (self.index, self.domain, self.loss, self.gradients):
            kept.clear()

    def about(self) -> tuple[Tensor, Tensor, Tensor]:
        """Index, domain and loss of what is kept, each of shape (n,)."""
        return torch.stack(self.index), torch.stack(self.domain), torch.stack(self.loss)

    def state_dict(self) -> dict[str, Any]:
        """Everything, as copies on the CPU that later updates do not touch."""

        def copies(tensors: Sequence[Tensor]) -> list[Tensor]:
            return [t.to("cpu", copy=True) for t in tensors]

        return {
            "keep": self.keep,
            "index": copies(self.index),
            "domain": copies(self.domain),
            "loss": copies(self.loss),
            "gradients": [copies(kept) for kept in self.gradients],
        }

    def load_state_dict(self, state: dict[str, Any], device: torch.device | str = "cpu") -> None:
        """The opposite of :meth:`state_dict`."""
        if state["keep"] != self.keep:
            raise ValueError(f"gradients were kept by {state['keep']}, not by {self.keep}")
        self.index = [t.to(device) for t in state["index"]]
        self.domain = [t.to(device) for t in state["domain"]]
        self.loss = [t.to(device) for t in state["loss"]]
        self.gradients = [tuple(g.to(device) for g in kept) for kept in state["gradients"]]


def closed_influences(
    meta_gradient: Sequence[Tensor], jacobian: StepJacobian, kept: MicroGradients
) -> Tensor:
    """``-<P ∇L_meta(φ'), ∇L_i(φ)>`` for every kept gradient, per learning rate of the step.

    Args:
        meta_gradient: ∇L_meta at the parameters after the lower update, one tensor per parameter.
        jacobian: P, of that update.
        kept: The micro-batches of that update, at the parameters before it.

    Returns:
        Shape (n,), float32. Divided by the number of micro-batches it is the derivative of the
        meta loss with respect to each weight: negative where more of a sample would have helped.
    """
    pulled = jacobian.pull_back(meta_gradient)
    return torch.stack([-_inner(pulled, gradient) for gradient in kept.gradients])


def _inner(left: Sequence[Tensor], right: Sequence[Tensor]) -> Tensor:
    terms = [torch.sum(a * b.to(a.dtype)) for a, b in zip(left, right, strict=True)]
    return torch.stack(terms).sum()
