"""The one gate through which every model call of a run goes."""

from .gate import Calls

__all__ = ["Calls"]
