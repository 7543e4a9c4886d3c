"""Both levels of section 4 together, run by Betty.

Importing this room needs betty-ml; without it :class:`~bestofn_training.errors.MissingPackage`
says how to install it.
"""

from .checkpoints import Checkpoints
from .engine import JudgeEngine
from .events import Callback, Event, LowerUpdate, MicroStep, Resumed, Saved, UpperUpdate
from .lower import LowerProblem, LowerSettings
from .objectives import DPO, GRPO, KTO, ORPO, SFT, Objective
from .records import Records, WeightHistory
from .schedule import Schedule
from .stream import Stream
from .upper import UpperProblem

__all__ = [
    "DPO",
    "GRPO",
    "KTO",
    "ORPO",
    "SFT",
    "Callback",
    "Checkpoints",
    "Event",
    "JudgeEngine",
    "LowerProblem",
    "LowerSettings",
    "LowerUpdate",
    "MicroStep",
    "Objective",
    "Records",
    "Resumed",
    "Saved",
    "Schedule",
    "Stream",
    "UpperProblem",
    "UpperUpdate",
    "WeightHistory",
]
