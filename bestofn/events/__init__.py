"""What happens in a run, for progress bars, traces and OpenTelemetry.

A listener is any callable that takes an :data:`Event`: pass it as ``on_event``. It is called in
the event loop, so it should be quick.
"""

from .listeners import Listener, all_of
from .opentelemetry import OpenTelemetryListener
from .trace import Trace
from .types import (
    BudgetSpent,
    CallFailed,
    CallFinished,
    CallStarted,
    ComparisonMade,
    Event,
    Noted,
    SelectionMade,
)

__all__ = [
    "BudgetSpent",
    "CallFailed",
    "CallFinished",
    "CallStarted",
    "ComparisonMade",
    "Event",
    "Listener",
    "Noted",
    "OpenTelemetryListener",
    "SelectionMade",
    "Trace",
    "all_of",
]
