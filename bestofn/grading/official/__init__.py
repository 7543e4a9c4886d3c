"""Verdict for verdict what upstream evaluators say, so that published numbers can be compared."""

from . import bigcodebench, evalplus, humaneval, livecodebench
from .dispatch import grade_officially
from .explain import UNKNOWN, explain
from .verdict import OfficialVerdict, Rules

__all__ = [
    "UNKNOWN",
    "OfficialVerdict",
    "Rules",
    "bigcodebench",
    "evalplus",
    "explain",
    "grade_officially",
    "humaneval",
    "livecodebench",
]
