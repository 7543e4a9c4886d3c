"""Where untrusted programs run: outside the library's process, within limits, apart."""

from .inside.values import Opaque
from .pool import Sandbox, probe
from .protection import Promise, Protection
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
    "Promise",
    "Protection",
    "Sandbox",
    "StdinJob",
    "UnittestJob",
    "probe",
]
