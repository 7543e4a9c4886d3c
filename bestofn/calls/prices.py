"""What the models of a run cost."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from ..backends.base import Backend
from ..budget import Price, price_of
from ..errors import InvalidInput
from .patience import see_through


class Prices:
    """Prices that were given, else list prices.

    List prices are looked up in a thread, once a backend: loading their package takes some
    tenths of a second, which pass while the first request is under way.

    Args:
        given: By backend name (``openai/gpt-5-mini``) or model (``gpt-5-mini``).
    """

    def __init__(self, given: Mapping[str, Price]) -> None:
        self._given = dict(given)
        self._found: dict[str, asyncio.Future[Price | None]] = {}

    def start(self, backend: Backend) -> asyncio.Future[Price | None]:
        """Begin to look up; never cancelled."""
        name = backend.name
        future = self._found.get(name)
        if future is None:
            loop = asyncio.get_running_loop()
            given = self._given.get(name) or self._given.get(name.partition("/")[2])
            if given is not None:
                future = loop.create_future()
                future.set_result(given)
            else:
                future = loop.run_in_executor(None, price_of, name)
            self._found[name] = future
        return future

    async def require(self, backend: Backend) -> Price:
        """The price.

        Raises:
            InvalidInput: nobody knows it.
        """
        future = self.start(backend)
        if cancelled := await see_through([future]):
            raise cancelled
        price = future.result()
        if price is None:
            raise InvalidInput(
                "Budget.dollars",
                f"needs the price of {backend.name}, which is not known: give it in "
                "dollars per million tokens, on the command line by --price IN,OUT, in Python by "
                f"prices={{{backend.name!r}: Price(input=..., output=...)}}; or install "
                "bestofn[prices] for list prices",
            )
        return price
