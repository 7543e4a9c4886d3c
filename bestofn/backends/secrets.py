"""Keeping keys out of everything that people and files get to see."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

HIDDEN = "[key]"

_LOOKS_LIKE_A_KEY = re.compile(r"\b(?:sk|pk|rk|gsk|xai|hf)[-_][\w*.…-]{6,}|(?<=Bearer )\S+", re.I)
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


class Scrubber:
    """Takes keys out of what a server said; some echo the key that they refuse, or parts of it.

    Args:
        secrets: The keys in use. Anything else that looks like a key is taken out as well.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        patterns = []
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            patterns += [re.escape(secret), re.escape(quote(secret, safe=""))]
            if len(secret) >= 2 * _TELLING:
                head, tail = re.escape(secret[:_TELLING]), re.escape(secret[-_TELLING:])
                patterns += [rf"{head}[^\s'\"`,;]{{0,200}}", rf"[^\s'\"`,;]{{0,200}}{tail}"]
        self._secrets = re.compile("|".join(patterns)) if patterns else None

    def __call__(self, text: str) -> str:
        """The text without keys."""
        if self._secrets is not None:
            text = self._secrets.sub(HIDDEN, text)
        return _LOOKS_LIKE_A_KEY.sub(HIDDEN, text)
