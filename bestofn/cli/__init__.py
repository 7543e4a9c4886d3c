"""The command line of ``bestofn``."""

from .app import main

__all__ = ["main"]
