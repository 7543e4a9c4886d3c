"""What every test of faults is held to."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .processes import birth, children


@pytest.fixture
def nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[tuple[int, str]]]:
    """Checks that no process, descriptor or directory stays; the test adds processes it saw."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = children()
    seen: set[tuple[int, str]] = set()
    yield seen
    assert children() == before
    assert os.listdir(tmp_path) == []
    # The kernel ends whom it was told to end a moment later.
    deadline = time.monotonic() + 60
    while alive := [pid for pid, began in seen if birth(pid) == began]:
        assert time.monotonic() < deadline, alive
