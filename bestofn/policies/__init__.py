"""How candidates are made: prompts for a model, and the program in its reply."""

from __future__ import annotations

from .base import Policy
from .chat import ChatPolicy
from .extract import extract_code
from .reasoning import without_reasoning

__all__ = ["ChatPolicy", "Policy", "extract_code", "without_reasoning"]
