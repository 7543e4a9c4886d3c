"""Making foreign text harmless before a judge reads it. Pure.

What a candidate (or a statement, a test, a program's output) says must never end the part of the
prompt it stands in, speak with the voice of a chat template, or look like the judge's verdict.
Nothing is taken away: what could do harm is made visible or gets a mark, and the prompt says so.

- Characters that cannot be seen (control, zero-width, direction, tags, lone surrogates) are
  written as ``⟨U+200B⟩``.
- Whatever looks like a verdict, a control token of a chat template or a tag around thinking gets
  a middle dot behind its opening bracket: ``<·selection>``, ``<·|im_start|>``, ``[·INST]``.
- Every part stands between two lines that hold a code. The code is a digest of everything shown
  and of the run's seed: its author would have to know it before writing the text it depends on.
- Code stands in a fence of more backticks than it contains in a row.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

MARK = "·"
"""Stands behind the opening bracket of what must not be taken for a control token."""

CODE_DIGITS = 16
"""Hexadecimal digits of the code in the lines around foreign text (64 bits)."""

_HIDDEN = re.compile(
    "(["
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u070f\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\uf8ff\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff"
    "])\\1*"
)

LESS = r"(?:<|&lt;?|&\#0{0,6}60;?|&\#x0{0,6}3c;?)"
"""The spellings of the bracket that opens a tag (a pattern for folded text)."""

_NAMES = (
    r"think(?:ing)?|thoughts?|reasoning|reflection|scratchpad|\w{1,20}:(?:think|tool)\w*|answer|"
    r"final|system|user|assistant|human|tools?|tool_\w+|function(?:_calls?|_results?)?|invoke|"
    r"s|bos|eos|pad|unk|mask|sop|eop|sep|cls|sys|start_of_\w+|end_of_\w+|unused\d+|extra_id_\d+|"
    r"special_\d+|fim_\w+|file_\w+|repo_?name|0x[0-9a-f]{2}"
)
_BRACKETED = (
    r"inst|think|system_prompt|available_tools|tool_\w+|args|call_id|img\w*|prefix|middle|suffix|"
    r"[gs]?mask|cls|sep|pad|unk|bos|eos"
)
_OPENER = re.compile(
    rf"{LESS}(?=[\s/]*selection|[|]/?\w|<?/?sys>|\s?/?\s?(?:{_NAMES})\b[^<>\n]{{0,60}}>)"
    rf"|\[(?=[|]\w{{1,24}}[|]\]|/?(?:{_BRACKETED})\])"
    r"|◁(?=/?think)",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    folded = unicodedata.normalize("NFKC", character)
    return folded if len(folded) == 1 else character


def fold(text: str) -> str:
    """``text`` with compatibility characters (full width, mathematical letters) as plain ones.

    As long as before, so that positions are the same.
    """
    return text if text.isascii() else re.sub(r"[^\x00-\x7f]", lambda m: _plain(m[0]), text)


def visible(text: str) -> str:
    """``text`` with characters that cannot be seen, or that steer a terminal, written out."""
    return _HIDDEN.sub(_written_out, text.replace("\r\n", "\n"))


def _written_out(match: re.Match[str]) -> str:
    times = f" times {len(match[0])}" if len(match[0]) > 1 else ""
    return f"⟨U+{ord(match[1]):04X}{times}⟩"


def neutralize(text: str) -> str:
    """Foreign text as a judge may read it; doing it twice changes nothing more."""
    text = visible(text)
    parts: list[str] = []
    start = 0
    for match in _OPENER.finditer(fold(text)):
        parts += (text[start : match.end()], MARK)
        start = match.end()
    return "".join((*parts, text[start:]))


def on_one_line(text: str, longest: int = 300) -> str:
    """Foreign text for a line of its own: neutralised, breaks shown as ``⏎``, cut at the end."""
    text = " ⏎ ".join(text.strip().splitlines())
    return neutralize(text if len(text) <= longest else text[:longest] + " …")


@dataclass(frozen=True)
class Cut:
    """Text that was perhaps too long.

    Attributes:
        text: Neutralised; what was left out is named where it stood.
        left_out: Characters left out of the middle; 0 when it is whole.
    """

    text: str
    left_out: int = 0


def cut(text: str, longest: int) -> Cut:
    """Neutralise and, where text is longer than ``longest`` characters, leave out its middle.

    Beginning and end are kept alike: imports and signatures stand at one, the call at the other.
    Text that grows beyond twice the limit when hidden characters are written out is cut again.
    """
    kept, left_out = _without_middle(text, longest)
    shown = neutralize(kept)
    if len(shown) > 2 * longest:
        shown, more = _without_middle(shown, longest)
        left_out += more
    return Cut(shown, left_out)


def _without_middle(text: str, longest: int) -> tuple[str, int]:
    left_out = len(text) - longest
    if left_out <= 0:
        return text, 0
    head = (longest + 1) // 2
    tail = text[len(text) - (longest - head) :]
    return f"{text[:head]}\n[... {left_out} characters left out here ...]\n{tail}", left_out


def code_for(parts: Iterable[str], avoid: Iterable[str]) -> str:
    """The code for the lines around foreign text.

    Args:
        parts: What it is made of: the seed, the problem, everything shown.
        avoid: Texts that must not contain it.
    """
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    texts = list(avoid)
    code = digest.hexdigest()[:CODE_DIGITS]
    while any(code in text for text in texts):
        digest.update(b"again")
        code = digest.hexdigest()[:CODE_DIGITS]
    return code


def fenced(text: str, language: str = "") -> str:
    """Neutralised text in a fence that nothing inside can close."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


@dataclass(frozen=True)
class Block:
    """Foreign text between its two lines; as text, the whole of it.

    Attributes:
        name: What it is, in our words.
        code: See :func:`code_for`.
        body: Neutralised text, fenced where it is code.
    """

    name: str
    code: str
    body: str

    def __str__(self) -> str:
        first, last = opening_line(self.name, self.code), closing_line(self.name, self.code)
        return f"{first}\n{self.body}\n{last}"


def opening_line(name: str, code: str) -> str:
    """The line before a block."""
    return f"--- {name} [{code}] ---"


def closing_line(name: str, code: str) -> str:
    """The line after a block."""
    return f"--- End of {name} [{code}] ---"
