"""Where untrusted programs run: outside the library's process, within limits, apart."""

from .inside.values import Opaque
from .pool import Sandbox, probe_level
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
    "Runtime",
    "Sandbox",
    "StdinJob",
    "UnittestJob",
    "add_runtime",
    "languages",
    "probe_level",
    "runtime_named",
]
