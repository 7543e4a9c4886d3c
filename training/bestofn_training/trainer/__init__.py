"""One training run from a recipe. Importing this room needs torch, and betty-ml."""

from .run import Trained, train

__all__ = ["Trained", "train"]
