"""What a server means when it says no: which kind of refusal an HTTP error is.

Servers that speak the same protocol word their refusals in their own ways; this is the one place
that knows the wordings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

SHOWN = 300
"""Characters of a server's words that an error keeps."""

_READ = 4000
"""Characters of a server's words that are looked at; some send the whole request back."""

LOAD = frozenset({429, 503, 529})
PASSING = frozenset({408, 409, 425}) | LOAD

_OVERFLOW = re.compile(
    r"context[_ -](length|size|window)|maximum context|max_model_len"
    r"|(prompt|input|messages?|request) (is |are )?too (long|large)"
    r"|input token count|too many (input |prompt )?tokens|longer than the m"
    r"|reduce the length|max_new_tokens|too large for (the )?model"
    r"|tokens? .{0,40}exceed|exceed.{0,40}tokens?",
    re.I | re.S,
)
_TOO_MANY_ASKED = re.compile(
    r"too (large|big|high|many)|greater than|at most|less than or equal|fewer output"
    r"|supports at most|maximum (value|allowed)|exceed",
    re.I,
)
_UNKNOWN = re.compile(
    r"unknown|unrecogni[sz]ed|unsupported|support|unexpected|not permitted|not allowed|forbidden"
    r"|extra (fields|inputs)|invalid (request )?(argument|parameter|field|key)|no such"
    r"|additional propert|does not exist|not (a )?valid (argument|parameter|field)"
    r"|incompatible|not available|deprecated|not implemented",
    re.I,
)
_UNKNOWN_CODES = frozenset(
    {"unknown_parameter", "unsupported_parameter", "unsupported_value", "extra_forbidden"}
)
_SEVERAL = re.compile(
    r"['\"`]n['\"`]|\bn\s*(=|>|must|is|should|greater)|(one|single|multiple) (completion|choice)",
    re.I,
)
_CENSORED = re.compile(
    r"content[_ ](filter|policy|management)|invalid_prompt|flagged|moderation"
    r"|safety (system|policy)",
    re.I,
)
# Not "exceeded your current quota" as such: some say that when a minute's share is used up.
_NO_CREDIT = re.compile(r"insufficient_quota|insufficient (account )?(balance|credit|funds)", re.I)
_PLAIN_WORDS = frozenset({"stop", "n", "user", "store", "tools", "metadata"})


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """The body of an HTTP error, as far as it can be understood.

    Attributes:
        message: The server's words.
        code: Its name for the error (``context_length_exceeded``), or empty.
        param: The setting that it blames, or empty.
        blamed: Places in the request's body that a validator's report names.
    """

    message: str
    code: str = ""
    param: str = ""
    blamed: frozenset[str] = frozenset()

    @classmethod
    def read(cls, body: str) -> Refusal:
        """Find the words in a body of any form: OpenAI's, FastAPI's, plain text, HTML."""
        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            return cls(message=_without_tags(body))
        return cls.of(data)

    @classmethod
    def of(cls, data: Any) -> Refusal:
        """The same for a body that is already parsed."""
        if not isinstance(data, Mapping):
            return cls(message=_text(data))
        error = data.get("error", data)
        if not isinstance(error, Mapping):
            return cls(message=_text(error), code=_text(data.get("error_type")))
        detail = error.get("detail", data.get("detail"))
        message = error.get("message") or error.get("msg") or detail or error
        return cls(
            message=_text(message),
            code=" ".join(_text(error.get(name)) for name in ("code", "type")).strip(),
            param=_text(error.get("param")).rsplit(".", 1)[-1],
            blamed=_blamed(detail),
        )

    @property
    def context_overflow(self) -> bool:
        """Whether prompt and reply do not fit into the model."""
        return bool(_OVERFLOW.search(self.message) or _OVERFLOW.search(self.code))

    @property
    def censored(self) -> bool:
        """Whether the provider's rules on content are the reason."""
        return bool(_CENSORED.search(self.code) or _CENSORED.search(self.message))

    @property
    def out_of_credit(self) -> bool:
        """Whether only the account's owner can help."""
        return bool(_NO_CREDIT.search(self.code) or _NO_CREDIT.search(self.message))

    @property
    def one_at_a_time(self) -> bool:
        """Whether several replies to one request are not to be had."""
        return self.param == "n" or "n" in self.blamed or bool(_SEVERAL.search(self.message))

    def too_many_tokens(self, name: str) -> bool:
        """Whether ``name``, a limit on the reply's length, is above what the model can do."""
        return self._names(name) and bool(_TOO_MANY_ASKED.search(self.message))

    @property
    def about_the_prompt(self) -> bool:
        """Whether the length of the prompt plays a part."""
        return bool(re.search(r"prompt|input|messages", self.message, re.I))

    def unknown(self, sent: Collection[str]) -> set[str]:
        """Those of the settings sent that the server does not take."""
        blamed = {name for name in sent if name == self.param or name in self.blamed}
        known_code = any(code in _UNKNOWN_CODES for code in self.code.split())
        if not (known_code or _UNKNOWN.search(self.message)):
            return set()
        return blamed or {name for name in sent if self._names(name)}

    def _names(self, name: str) -> bool:
        if name == self.param or name in self.blamed:
            return True
        word = re.escape(name)
        if name in _PLAIN_WORDS:  # a word of English too: it must look like a name
            pattern = rf"['\"`]{word}['\"`]|(parameter|argument|field|setting|key)s?:? {word}\b"
        else:
            pattern = rf"(?<!\w){word}(?!\w)"
        return bool(re.search(pattern, self.message))


def brief(text: str, limit: int = SHOWN) -> str:
    """``text`` on one line of at most about ``limit`` characters."""
    line = " ".join(text[: 20 * limit].split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _blamed(detail: Any) -> frozenset[str]:
    """The last names in the ``loc`` of a pydantic report."""
    if not isinstance(detail, list):
        return frozenset()
    places = (item.get("loc") for item in detail if isinstance(item, Mapping))
    return frozenset(str(place[-1]) for place in places if isinstance(place, list) and place)


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text[:_READ]


def _without_tags(body: str) -> str:
    return re.sub(r"<(script|style)\b.*?</\1>|<[^<>]*>", " ", body[:_READ], flags=re.I | re.S)
