"""Who hears of events."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from .types import Event

Listener: TypeAlias = Callable[[Event], None]


def all_of(*listeners: Listener) -> Listener:
    """One listener that passes each event to several, in order."""

    def listen(event: Event) -> None:
        for listener in listeners:
            listener(event)

    return listen
