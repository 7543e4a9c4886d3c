"""Where untrusted programs run: outside the library's process, within limits, apart."""

from .inside.values import Opaque
from .pool import Sandbox, probe
from .protection import Promise, Protection
from .runtimes import CPP, JAVASCRIPT, Runtime, add_runtime, languages, runtime_named
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
    "CPP",
    "JAVASCRIPT",
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
    "Runtime",
    "Sandbox",
    "StdinJob",
    "UnittestJob",
    "add_runtime",
    "languages",
    "probe",
    "runtime_named",
]
