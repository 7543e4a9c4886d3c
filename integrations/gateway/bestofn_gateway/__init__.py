"""An OpenAI-compatible server that answers with the best of several samples.

``bestofn serve --upstream URL`` starts it; :func:`create_app` is the application for a server of
one's own, :func:`running` for tests and notebooks.
"""

from .app import create_app
from .server import Running, running, serve
from .settings import KeyLimits, KeySettings, PriceSettings, Settings, read_keys

__all__ = [
    "KeyLimits",
    "KeySettings",
    "PriceSettings",
    "Running",
    "Settings",
    "create_app",
    "read_keys",
    "running",
    "serve",
]
