"""Keeping keys out of everything that people and files get to see."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NoReturn, Self
from urllib.parse import quote

HIDDEN = "[key]"

_LOOKS_LIKE_A_KEY = re.compile(r"\b(?:sk|pk|rk|gsk|xai|hf)[-_][\w*.…-]{6,}|(?<=Bearer )\S+", re.I)
SHORTEST = 8
"""Characters of the shortest secret that is looked for: a shorter one is part of plain words, and
no key that protects anything is."""
_TELLING = 6
"""Characters at either end of a key that already give it away in part."""


class Secret:
    """A text that does not show itself when its owner is printed.

    Args:
        value: The key.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The key itself; for the connection only."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a backend that was given a key or headers cannot be pickled, as the pickle would "
            "hold them in clear; make the backend where it is used, or leave the key to the "
            "environment"
        )


class Scrubber:
    """Takes keys out of what a server said; some echo the key that they refuse, or parts of it.

    Args:
        secrets: The keys in use; those of fewer than 8 characters are not looked for. Anything
            else that looks like a key is taken out as well.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        long = [secret for secret in secrets if len(secret) >= SHORTEST]
        patterns = []
        for secret in sorted(long, key=len, reverse=True):
            patterns += [re.escape(secret), re.escape(quote(secret, safe=""))]
            if len(secret) >= 2 * _TELLING:
                head, tail = re.escape(secret[:_TELLING]), re.escape(secret[-_TELLING:])
                patterns += [rf"{head}[^\s'\"`,;]{{0,200}}", rf"[^\s'\"`,;]{{0,200}}{tail}"]
        self._secrets = re.compile("|".join(patterns)) if patterns else None
        whole = "|".join(map(_in_json, sorted(long, key=len, reverse=True)))
        self._whole = re.compile(whole.encode()) if long else None

    def __call__(self, text: str) -> str:
        """The text without keys."""
        if self._secrets is not None:
            text = self._secrets.sub(HIDDEN, text)
        return _LOOKS_LIKE_A_KEY.sub(HIDDEN, text)

    def body(self, body: bytes) -> bytes:
        """A JSON text without the keys in use, which is JSON as before.

        Only whole keys are taken out: the body holds what a model wrote, which may look like a
        key and be none.
        """
        return body if self._whole is None else self._whole.sub(HIDDEN.encode(), body)


def _in_json(secret: str) -> str:
    """A pattern for every usual way to write a text inside a JSON string."""
    return "".join(map(_character_in_json, secret))


def _character_in_json(character: str) -> str:
    if character.isascii() and character.isalnum():
        return character
    plain = re.escape(character)
    ways = [rf"(?i:\\u{ord(character):04x})"]
    if character in '"\\/':
        ways.append(rf"\\{plain}")
    if character not in '"\\':
        ways.append(plain)
    return f"(?:{'|'.join(ways)})"
