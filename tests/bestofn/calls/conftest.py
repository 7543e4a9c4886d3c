from __future__ import annotations

import pytest

from .scripted import Scripted


@pytest.fixture
def backend() -> Scripted:
    return Scripted()
