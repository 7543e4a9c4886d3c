"""Stand-ins for models, for tests, examples and benchmarks: yours and ours.

:class:`FaultyServer` is an OpenAI-compatible server on the loopback that answers or misbehaves
by script (``python -m bestofn.testing`` starts it as a process); :class:`ScriptedBackend`
answers without any server; :class:`SimulatedJudge` errs at given rates without any model.
"""

from __future__ import annotations

from . import faults
from .behaviours import echo, either, judging, programming, shown_candidates
from .completions import Answer, Behaviour, Choice, Received
from .process import server_process, server_stats
from .scripted import ScriptedBackend
from .server import FaultyServer
from .simulated import Simulated, SimulatedJudge, SimulatedModel, simulate

__all__ = [
    "Answer",
    "Behaviour",
    "Choice",
    "FaultyServer",
    "Received",
    "ScriptedBackend",
    "Simulated",
    "SimulatedJudge",
    "SimulatedModel",
    "echo",
    "either",
    "faults",
    "judging",
    "programming",
    "server_process",
    "server_stats",
    "shown_candidates",
    "simulate",
]
