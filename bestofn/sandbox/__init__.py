"""Where untrusted programs run: outside the library's process, within limits, apart."""

from .inside.values import Opaque
from .pool import Sandbox, probe_level
from .types import (
    CallJob,
    CheckJob,
    Execution,
    Executor,
    Job,
    Level,
    Limits,
    OfficialJob,
    StdinJob,
    UnittestJob,
)

__all__ = [
    "CallJob",
    "CheckJob",
    "Execution",
    "Executor",
    "Job",
    "Level",
    "Limits",
    "OfficialJob",
    "Opaque",
    "Sandbox",
    "StdinJob",
    "UnittestJob",
    "probe_level",
]
