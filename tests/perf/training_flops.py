"""How many floating-point operations training needs, and how many a device could do.

Model FLOP utilisation as in appendix B of the PaLM paper (Chowdhery et al., 2022, arXiv
2204.02311): the operations that the model itself needs, over what the device could have done in
the same time. What is computed twice to save memory (gradient checkpointing, the output layer's
chunks) does not count, nor do the passes with which a hypergradient is estimated.

A multiplication with an m x n matrix takes 2mn operations a token. Forward, a sequence of T tokens
with C tokens of a reply takes

    F = 2 T (M + A) + 2 C V d + 2 L H Q T (T + 1)

M being the weights of all linear layers in the blocks, A those of the adapters, V the vocabulary,
d the width, L layers with H heads of size Q. The last term are the two products of attention, for
the T (T + 1) / 2 pairs that the causal mask leaves (PaLM counts all T², our number is the more
careful one); the term before is the output layer, which is asked about the reply only.

Backward, PaLM takes twice as much: one product for the gradient of the inputs, one for that of
the weights. Frozen weights need no second one, so

    B = 2 T (M + 2 A) + 2 C V d + 4 L H Q T (T + 1).

The reference of DPO takes F without adapters.
"""

from __future__ import annotations

from dataclasses import dataclass

PEAKS = {
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
    "L4": 121e12,
}
"""Operations a second in bfloat16 without sparsity, from the makers' data sheets; the first name
that is part of the device's counts."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What of a model decides its operations.

    Attributes:
        linear: Weights of the linear layers in the blocks (M).
        adapters: Weights of the adapters (A).
        vocabulary, width, layers, heads, head: V, d, L, H and Q.
    """

    linear: int
    adapters: int
    vocabulary: int
    width: int
    layers: int
    heads: int
    head: int

    def forward(self, tokens: int, reply: int, *, adapters: bool = True) -> float:
        """F, for one sequence; without adapters for the reference."""
        weights = self.linear + (self.adapters if adapters else 0)
        return 2.0 * tokens * weights + self._head(reply) + self._attention(tokens)

    def backward(self, tokens: int, reply: int) -> float:
        """B, for one sequence."""
        weights = self.linear + 2 * self.adapters
        return 2.0 * tokens * weights + self._head(reply) + 2 * self._attention(tokens)

    def preference(self, tokens: int, reply: int) -> float:
        """DPO on one pair: two sequences, judge forward and backward, reference forward."""
        reference = self.forward(tokens, reply, adapters=False)
        return 2 * (self.forward(tokens, reply) + self.backward(tokens, reply) + reference)

    def group(self, tokens: int, reply: int, size: int) -> float:
        """GRPO without a reference on one group of replies: judge forward and backward."""
        return size * (self.forward(tokens, reply) + self.backward(tokens, reply))

    def _head(self, reply: int) -> float:
        return 2.0 * reply * self.vocabulary * self.width

    def _attention(self, tokens: int) -> float:
        return 2.0 * self.layers * self.heads * self.head * tokens * (tokens + 1)


def peak_of(device: str) -> float | None:
    """Operations a second of a device by its name; None where the table does not know it."""
    return next((peak for name, peak in PEAKS.items() if name in device), None)
