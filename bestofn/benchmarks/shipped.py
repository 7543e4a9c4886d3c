"""The benchmark that comes with the package: small, of our own writing, for ``bestofn demo``."""

from __future__ import annotations

from pathlib import Path

from ..sandbox import Limits
from .base import Benchmark
from .plain import read_folder

FOLDER = Path(__file__).parent / "demo"
LIMITS = Limits(seconds=2.0)
"""What the statements promise."""


def load(*, limit: int | None = None) -> Benchmark:
    """The shipped problems with their candidates, hidden tests and recorded verdicts.

    Args:
        limit: Keep the first so many problems; None keeps all.

    Raises:
        FormatError: the installed package is damaged.
    """
    return Benchmark(name="demo", items=read_folder(FOLDER, limit=limit), limits=LIMITS)
