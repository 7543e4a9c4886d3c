"""Who answers a request: the two seams that every backend has."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol, runtime_checkable

from ..chat import ChatRequest, Reply


class Session(Protocol):
    """An open line to a model, for one event loop."""

    async def ask(self, request: ChatRequest, n: int = 1) -> list[Reply]:
        """Draw up to ``n`` replies to one request, samples ``request.sample`` and following.

        Repeats what is worth repeating. What cannot be had is a :class:`Reply` that says so.
        At least one reply comes back, and fewer than ``n`` only where the server gives fewer at
        once: what is paid must be in the hands of whoever keeps it before more is paid. The
        caller asks for the rest. A single reply that came because the server does not draw
        several has ``"n"`` in :attr:`Reply.ignored`: the rest is then best asked for one by one.

        Raises:
            BackendError: no request of this kind will ever be answered (a wrong key, an unknown
                model): the run should end and the user act.
        """
        ...


@runtime_checkable
class Backend(Protocol):
    """Settings of a model that can be asked; holds no connection and no loop."""

    @property
    def name(self) -> str:
        """What users call it: ``openai/gpt-5-mini``. Never holds a key."""
        ...

    @property
    def identity(self) -> str:
        """What its answers depend on besides the request (URL, model, adapter); never a key.

        Part of a journal's key: two backends of one identity are interchangeable.
        """
        ...

    def session(self) -> AbstractAsyncContextManager[Session]:
        """Open a line; one a run is enough, and a new one for every call is slow."""
        ...
