"""From judge inputs to rows for training: sample replies, reward them, set right against wrong."""

from .preferences import Pairing, Said
from .reward import Graded, Level, Rewards, grade_reply, grade_text
from .run import RolloutSettings, arollout, rollout, rollout_file

__all__ = [
    "Graded",
    "Level",
    "Pairing",
    "Rewards",
    "RolloutSettings",
    "Said",
    "arollout",
    "grade_reply",
    "grade_text",
    "rollout",
    "rollout_file",
]
