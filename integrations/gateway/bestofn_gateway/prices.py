"""What models cost, looked up once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from anyio import to_thread

from bestofn import Price, price_of

from .settings import PriceSettings

_MOST = 1024

FREE = Price(0.0, 0.0)
"""Stands for an unknown price: costs are then not reported, rather than looked up every time."""


class Prices:
    """Prices that were given, else list prices.

    Args:
        given: By model name.
    """

    def __init__(self, given: Mapping[str, PriceSettings]) -> None:
        self._given = {name: Price(price.input, price.output) for name, price in given.items()}
        self._found: OrderedDict[str, Price | None] = OrderedDict()

    async def of(self, model: str) -> Price | None:
        """The price of a model of the upstream; None when nobody knows it."""
        if model in self._given:
            return self._given[model]
        if model not in self._found:
            # The first time it loads a package of prices: not in the event loop.
            self._found[model] = await to_thread.run_sync(price_of, f"openai/{model}")
            if len(self._found) > _MOST:
                self._found.popitem(last=False)
        return self._found.get(model)
