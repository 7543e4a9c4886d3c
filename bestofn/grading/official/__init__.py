"""Verdict for verdict what upstream evaluators say, so that published numbers can be compared."""

from .verdict import OfficialVerdict, Rules

__all__ = ["OfficialVerdict", "Rules"]
