"""What a journal tells those who look into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..chat import ChatRequest, Reply
from ..types import Usage


@dataclass(frozen=True, kw_only=True)
class Head:
    """One call, without its texts.

    Attributes:
        id: Its number in the file, in the order of commits.
        at: When it was committed, in seconds since 1970.
        run: Which opening of the journal paid for it.
        backend: The backend's name.
        purpose: What it was for (``judge``, ``sample``).
        label: What the caller wrote on it.
        status: The reply's status.
        usage: What it cost.
    """

    id: int
    at: float
    run: int
    backend: str
    purpose: str
    label: Mapping[str, Any]
    status: str
    usage: Usage


@dataclass(frozen=True, kw_only=True)
class Entry(Head):
    """One call in full.

    Attributes:
        identity: What the backend's answers depend on besides the request.
        request: What was asked.
        reply: What came back.
    """

    identity: str
    request: ChatRequest
    reply: Reply


@dataclass(frozen=True, kw_only=True)
class Note:
    """A verdict or a selection that a run wrote down.

    Attributes:
        id: Its number in the file.
        at: When, in seconds since 1970.
        run: Which opening of the journal wrote it.
        kind: ``comparison``, ``selection`` or the caller's own.
        body: What it says.
    """

    id: int
    at: float
    run: int
    kind: str
    body: Any


@dataclass(frozen=True, kw_only=True)
class RunStarted:
    """One opening of the journal for writing; a repeated run is another one."""

    id: int
    at: float


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Calls of one backend and purpose that ended alike."""

    backend: str
    purpose: str
    status: str
    usage: Usage


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a journal holds.

    Attributes:
        usage: Of all calls.
        tallies: The same by backend, purpose and status.
        runs: Every opening for writing, oldest first.
        notes: How many notes there are of each kind.
    """

    usage: Usage
    tallies: tuple[Tally, ...]
    runs: tuple[RunStarted, ...]
    notes: Mapping[str, int]
