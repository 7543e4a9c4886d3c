"""The folder that an export fills: whole or not at all, and never somebody else's."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from ..errors import BadInput

RECORD = "export.json"
"""What is in the folder, for programs; also the mark by which an export knows its own."""

SCHEMA = "bestofn-training/export"


@contextlib.contextmanager
def whole_folder(final: Path) -> Iterator[Path]:
    """A folder to write into; it gets its name when the block ends well, else it vanishes.

    Args:
        final: Its name. An earlier export there is replaced.

    Raises:
        BadInput: something else is there.
    """
    if not _may_be_replaced(final):
        raise BadInput(
            "--output",
            f"{final} holds something that is no export; name a folder that is new or empty",
        )
    final.parent.mkdir(parents=True, exist_ok=True)
    draft = final.with_name(f".{final.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)  # of an export that was killed
    draft.mkdir()
    try:
        yield draft
        _put(draft, final)
    finally:
        shutil.rmtree(draft, ignore_errors=True)  # gone already when all went well


def _may_be_replaced(final: Path) -> bool:
    if not final.exists():
        return True
    if not final.is_dir():
        return False
    if not any(final.iterdir()):
        return True
    try:
        record = json.loads((final / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False  # whatever it is, it is not ours to remove
    return isinstance(record, dict) and record.get("schema") == SCHEMA


def _put(draft: Path, final: Path) -> None:
    if not final.exists():
        draft.rename(final)
        return
    aside = final.with_name(f".{final.name}.old")
    shutil.rmtree(aside, ignore_errors=True)
    final.rename(aside)
    draft.rename(final)
    shutil.rmtree(aside)
