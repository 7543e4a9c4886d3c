"""The one place that imports Betty."""

from __future__ import annotations

import warnings

from ..errors import MissingPackage
from ..hypergradients import register

INSTALL = "pip install --no-deps --ignore-requires-python betty-ml==0.2.1"
"""Betty declares Python below 3.11 and runs on it; plain pip would take an older, broken one."""

try:
    with warnings.catch_warnings():
        # torch warns of its own use of torch.jit when its distributed optimizers are imported.
        warnings.simplefilter("ignore", DeprecationWarning)
        from betty.configs import Config, EngineConfig  # type: ignore[import-untyped]
        from betty.engine import Engine  # type: ignore[import-untyped]
        from betty.hypergradient import jvp_fn_mapping  # type: ignore[import-untyped]
        from betty.logging.logger_base import get_logger  # type: ignore[import-untyped]
        from betty.problems import ImplicitProblem  # type: ignore[import-untyped]
except ModuleNotFoundError as error:
    if not (error.name or "").startswith("betty"):
        raise
    raise MissingPackage("betty-ml", INSTALL, "bi-level training") from error

register(jvp_fn_mapping)

__all__ = ["INSTALL", "Config", "Engine", "EngineConfig", "ImplicitProblem", "get_logger"]
