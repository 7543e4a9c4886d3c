"""What others' loaders say of files that they cannot read, as an error of ours with its place."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from bestofn.errors import FormatError

from ..errors import BadInput


@contextlib.contextmanager
def loading(field: str, place: str | Path) -> Iterator[None]:
    """A block that loads a model, an adapter or a tokenizer.

    Args:
        field: What named the place.
        place: A folder or a name.

    Raises:
        BadInput: it cannot be loaded, in one line; a device that is too small is another matter.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except (OSError, ValueError, ImportError, RuntimeError, SafetensorError) as error:
        said = " ".join(str(error).split())
        raise BadInput(field, f"{str(place)!r} cannot be loaded: {said}") from error


def demand_whole(path: Path) -> None:
    """Look whether a file of weights is all there, without reading the weights.

    Raises:
        FormatError: it is not, or cannot be read.
    """
    try:
        with safe_open(path, framework="pt") as file:
            empty = not list(file.keys())
    except (OSError, SafetensorError) as error:
        raise FormatError(path, f"cannot be read: {error}") from error
    if empty:
        raise FormatError(path, "holds no weights")
