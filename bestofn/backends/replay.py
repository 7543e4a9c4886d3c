"""Answers that were recorded earlier, in place of a model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from ..chat import ChatRequest, Reply
from ..errors import FormatError, InvalidInput, UnknownRequest
from ..journal import read_journal
from .recordings import loose_key, prompt_key, read_recording, request_key
from .refusals import brief

_SQLITE = b"SQLite format 3\x00"


class ReplayBackend:
    """Answers from a file: a journal of an earlier run, or a recording (JSON lines).

    Costs nothing and asks nobody; the form of recordings is told in
    :mod:`bestofn.backends.recordings`. The file is read when the backend is made.

    Args:
        path: The file; which of the two it is shows by its content.
        model: The backend whose answers to take from a journal that holds several
            (``openai/gpt-5-mini``).

    Raises:
        FormatError: the file does not exist or is not what it should be; names the line.
        JournalError: the journal cannot be read.
        InvalidInput: the journal holds several models' answers, or not those of ``model``.
    """

    def __init__(self, path: str | Path, *, model: str | None = None) -> None:
        self._path = Path(path)
        try:
            with self._path.open("rb") as file:
                is_journal = file.read(len(_SQLITE)) == _SQLITE
        except OSError as error:
            raise FormatError(path, f"cannot be read: {error.strerror}") from error
        if is_journal:
            self._replies = _from_journal(self._path, model)
        elif model is not None:
            raise InvalidInput("model", "is only for journals; a recording does not name models")
        else:
            self._replies = read_recording(self._path)
        self._identity = f"replay {_digest(self._replies)}"

    @property
    def name(self) -> str:
        """``replay/<path>``."""
        return f"replay/{self._path}"

    @property
    def identity(self) -> str:
        """The recorded answers: another file with the same ones is the same backend."""
        return self._identity

    def __repr__(self) -> str:
        return f"ReplayBackend({str(self._path)!r})"

    @asynccontextmanager
    async def session(self) -> AsyncIterator[ReplaySession]:
        """Nothing has to be opened."""
        yield ReplaySession(self._path, self._replies)


class ReplaySession:
    """Looks answers up. Made by :meth:`ReplayBackend.session`."""

    def __init__(self, path: Path, replies: dict[str, Reply]) -> None:
        self._path = path
        self._replies = replies

    async def ask(self, request: ChatRequest, n: int = 1) -> list[Reply]:
        """The recorded replies to ``n`` draws of a request.

        Raises:
            UnknownRequest: one of them is not recorded.
        """
        prompt = prompt_key(request)
        return [
            self._find(replace(request, sample=request.sample + position), prompt)
            for position in range(n)
        ]

    def _find(self, request: ChatRequest, prompt: str) -> Reply:
        reply = self._replies.get(request_key(request))
        if reply is None:
            reply = self._replies.get(loose_key(prompt, request.sample))
        if reply is not None:
            return reply
        start = brief(request.messages[-1].content, 120)
        raise UnknownRequest(
            f"{self._path} holds no answer to draw {request.sample} of the request that ends in "
            f"the message {start!r}; was it recorded with other settings, seed or candidates?"
        )


def _digest(replies: dict[str, Reply]) -> str:
    digest = sha256()
    for key in sorted(replies):
        reply = replies[key]
        digest.update(repr((key, reply.text, reply.reasoning, reply.status)).encode())
    return digest.hexdigest()


def _from_journal(path: Path, model: str | None) -> dict[str, Reply]:
    """Every reply by :func:`request_key`."""
    replies: dict[str, Reply] = {}
    names: dict[str, str] = {}
    with read_journal(path) as journal:
        for entry in journal.entries():
            names[entry.identity] = entry.backend
            if model in (None, entry.backend):
                replies[request_key(entry.request)] = entry.reply
    known = ", ".join(sorted(set(names.values()))) or "none"
    if model is None and len(names) > 1:
        raise InvalidInput("model", f"{path} holds answers of {known}: say whose to take")
    if not replies:
        raise InvalidInput("model", f"{path} holds answers of {known}, none of {model or 'any'}")
    return replies
