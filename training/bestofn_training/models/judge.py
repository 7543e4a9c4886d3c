"""The judge in training and the model it is compared with."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from peft import PeftModel
from torch import Tensor, nn

from ..errors import BadInput
from ..losses import TokenLogProbs
from .log_probs import base_model, completion_log_probs, logits_log_probs
from .lora import adapters_off


class Judge:
    """A model, how it computes, and its reference.

    Args:
        model: A causal language model; with adapters, those off are the reference.
        reference: The frozen reference of a model without adapters.
        compute: ``torch.bfloat16`` computes under autocast; parameters keep their types.
        chunk: Positions of replies whose logits are held at once, see
            :func:`~bestofn_training.models.completion_log_probs`. None asks the model itself for
            all logits: for architectures that do more to them than one output layer.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        reference: nn.Module | None = None,
        compute: torch.dtype | None = None,
        chunk: int | None = 1024,
    ) -> None:
        self.model = model
        self.reference = reference
        self.compute = compute
        self.chunk = chunk

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.model.parameters()).device

    def log_probs(self, input_ids: Tensor, mask: Tensor, completion: Tensor) -> TokenLogProbs:
        """Of the judge in training, with history; (B, T) each, result (B, T - 1)."""
        return self._score(self.model, input_ids, mask, completion)

    def reference_log_probs(
        self, input_ids: Tensor, mask: Tensor, completion: Tensor
    ) -> TokenLogProbs:
        """Of the reference, without history.

        Raises:
            BadInput: when there is none.
        """
        if self.reference is not None:
            with torch.no_grad():
                return self._score(self.reference, input_ids, mask, completion)
        if not isinstance(self.model, PeftModel):
            raise BadInput(
                "reference", "a model without adapters needs a frozen copy of itself as reference"
            )
        with adapters_off(self.model):
            return self._score(self.model, input_ids, mask, completion)

    def check(self) -> None:
        """Ask the model about a few tokens, and compare its logits with the frugal way to them.

        Raises:
            BadInput: naming ``model.name`` when the logits are not numbers; naming ``chunk`` when
                the two differ: this architecture changes its logits after the output layer (caps
                or scales them), so ``chunk`` must be None.
        """
        ids = torch.arange(1, 9, device=self.device).unsqueeze(0)
        full = torch.ones_like(ids, dtype=torch.bool)
        wanted = full.clone()
        wanted[:, 0] = False
        with torch.no_grad(), self.computing():
            plain = logits_log_probs(self.model, ids, full, wanted)
            if bool(plain.values.isnan().any()):
                raise BadInput(
                    "model.name",
                    "its logits are not numbers (NaN) before any training: its files are damaged, "
                    "or its weights are too large for model.compute; try another copy, or float32",
                )
            if self.chunk is None:
                return
            frugal = completion_log_probs(self.model, ids, full, wanted)
        if not torch.allclose(frugal.values, plain.values, rtol=1e-2, atol=1e-2):
            kind = type(base_model(self.model)).__name__
            raise BadInput("chunk", f"{kind} changes its logits after its output layer: set None")

    def _score(
        self, model: nn.Module, input_ids: Tensor, mask: Tensor, completion: Tensor
    ) -> TokenLogProbs:
        with self.computing():
            if self.chunk is None:
                return logits_log_probs(model, input_ids, mask, completion)
            return completion_log_probs(model, input_ids, mask, completion, chunk=self.chunk)

    def computing(self) -> AbstractContextManager[object]:
        """Within it the model computes in the type it is told to."""
        if self.compute is None:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.compute)
