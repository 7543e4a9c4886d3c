"""Endless, seeded micro-batches that can be resumed anywhere at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch

from ..models import Batch

Fetch = Callable[[Sequence[int]], Batch]
"""From places in the data set to a batch; for GRPO the place where replies are drawn."""


class Stream(Iterator[Batch]):
    """Goes through a data set again and again, shuffled anew each time.

    With several processes, each takes its part of every global batch, so that together they read
    what one process with a batch ``world`` times as large would.

    Args:
        size: Samples in the data set.
        fetch: Makes a batch of some of them.
        batch: Samples per micro-batch and process.
        seed: Of the order.
        rank: Which process this is.
        world: How many there are.

    Attributes:
        position: Micro-batches read; set it to resume.
    """

    def __init__(
        self,
        size: int,
        fetch: Fetch,
        *,
        batch: int = 1,
        seed: int = 0,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        if size < 1 or batch < 1 or not 0 <= rank < world:
            raise ValueError(
                f"size, batch, rank and world do not fit: {size}, {batch}, {rank}, {world}"
            )
        self.size, self.fetch, self.batch, self.seed = size, fetch, batch, seed
        self.rank, self.world = rank, world
        self.position = 0
        self._order: tuple[int, list[int]] = (-1, [])

    def __next__(self) -> Batch:
        """The next micro-batch; never ends."""
        first = (self.position * self.world + self.rank) * self.batch
        places = [self._place(draw) for draw in range(first, first + self.batch)]
        self.position += 1
        return self.fetch(places)

    def _place(self, draw: int) -> int:
        epoch, offset = divmod(draw, self.size)
        if self._order[0] != epoch:
            numbers = torch.Generator().manual_seed(1_000_003 * self.seed + epoch)
            self._order = (epoch, torch.randperm(self.size, generator=numbers).tolist())
        return self._order[1][offset]
