"""Reading a verdict out of a judge's reply. Pure, and strict on purpose.

A vote is counted when, behind the reasoning, there is exactly one ``<selection>INDEX</selection>``,
well formed, with an index that was offered, as the last thing said. Everything else is an
abstention with a reason. A second tag, of whatever spelling, makes the verdict ambiguous even when
both agree: one of them may be a quotation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..chat import Reply
from .neutralize import LESS, fold

NO_VERDICT = "no verdict"
SEVERAL = "several verdicts"
MALFORMED = "malformed verdict"
NOT_LAST = "the verdict is not the last thing said"
IN_CODE = "the verdict stands in a code block"
OUT_OF_RANGE = "index out of range"
UNCLOSED = "the reasoning does not end"

_THINKING = re.compile(
    r"<(?P<tag>/?)(?:think(?:ing)?|thoughts?|reasoning|reflection|scratchpad|\w{1,20}:think)\s{0,8}>"
    r"|\[(?P<bracket>/?)THINK\]"
    r"|◁(?P<triangle>/?)think▷"
    r"|<\|(?P<thought>begin|end)_of_thought\|>"
    r"|<\|channel\|>\s{0,8}(?P<channel>\w{1,20})[^<\n]{0,60}<\|message\|>",
    re.IGNORECASE | re.ASCII,
)
_THINKING_WORDS = ("think", "thought", "reasoning", "reflection", "scratchpad", "<|")
_CLOSING = ("/", "end", "final")

_LESS_LAST = re.compile(rf"{LESS}$", re.IGNORECASE)
_LONGEST_LESS = 12
_BETWEEN = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "/"
_INVISIBLE = re.compile(
    "[\xad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_TAG = re.compile(r"<selection>([^<>]{0,60})</selection>")
_INDEX = re.compile(r"[1-9][0-9]{0,5}")
# Emphasis around the tag, and tokens that servers forget to take off the end of a reply.
_TAIL = re.compile(r"[*_]{0,3}(?:\s|<\|[a-z_]{1,30}\|>|</s>|<end_of_turn>|<eos>)*")
_FENCE = re.compile(r"[ ]{0,3}(`{3,}|~{3,})([^\n]*)")


@dataclass(frozen=True)
class Parsed:
    """What a reply says.

    Attributes:
        index: The chosen place, counted from 1; None is an abstention.
        reason: Why there is none: one of a few fixed beginnings, then perhaps ``": "`` and detail.
    """

    index: int | None
    reason: str = ""


def read_reply(reply: Reply, count: int) -> Parsed:
    """The verdict of a reply on ``count`` candidates; incomplete and failed replies abstain."""
    if reply.status == "ok":
        return parse_selection(reply.text, count)
    if reply.status == "length":
        return Parsed(None, "length: cut off at the token limit")
    return Parsed(None, f"{reply.status}: {reply.error}" if reply.error else reply.status)


def parse_selection(text: str, count: int) -> Parsed:
    """The verdict in the text of a reply.

    Args:
        text: Without the reasoning where the server hands it over apart. Reasoning inside the
            text, between tags of the usual kinds, is passed over.
        count: How many candidates were shown.
    """
    answer = answer_of(text)
    if answer is None:
        return Parsed(None, UNCLOSED)
    openers, closers = _tags_in(answer)
    if openers + closers == 0:
        return Parsed(None, NO_VERDICT if answer.strip() else "empty")
    if openers > 1 or closers > 1:
        return Parsed(None, f"{SEVERAL}: {max(openers, closers)} tags")
    match = _TAG.search(answer)
    if match is None:
        return Parsed(None, MALFORMED)
    written = match[1].strip(" \t\r\n")
    if not _INDEX.fullmatch(written):
        return Parsed(None, f"{MALFORMED}: {written!r} is not an index")
    if not _TAIL.fullmatch(answer, match.end()):
        return Parsed(None, NOT_LAST)
    if _in_fence(answer[: match.start()]):
        return Parsed(None, IN_CODE)
    index = int(written)
    if index > count:
        return Parsed(None, f"{OUT_OF_RANGE}: {index} of {count}")
    return Parsed(index)


def answer_of(text: str) -> str | None:
    """What follows the reasoning; None when the reasoning never ends."""
    last = _last_marker(text)
    if last is None:
        # A channel of another form than the known one: whatever it is, it is no final answer.
        return None if "<|channel|>" in text else text
    mark = next((mark for mark in last.groups() if mark is not None), "")
    return text[last.end() :] if mark.lower() in _CLOSING else None


def _last_marker(text: str) -> re.Match[str] | None:
    """The last place where reasoning begins or ends."""
    last = None
    lowered = text.lower()
    if not any(word in lowered for word in _THINKING_WORDS):
        return None
    for bracket in "<[◁":  # looking for single characters is many times faster than the pattern
        at = text.rfind(bracket, last.start() if last else 0)
        while at >= 0:
            if match := _THINKING.match(text, at):
                last = match
                break
            at = text.rfind(bracket, last.start() if last else 0, at)
    return last


def _tags_in(answer: str) -> tuple[int, int]:
    """How many opening and closing tags there are, in any spelling a reader would take for one."""
    plain = fold(answer)
    if not plain.isascii():
        plain = _INVISIBLE.sub("", plain)
    openers = closers = 0
    for before in plain.lower().split("selection")[:-1]:
        name = before.rstrip(_BETWEEN)
        if _LESS_LAST.search(name, max(0, len(name) - _LONGEST_LESS)):
            if "/" in before[len(name) :]:
                closers += 1
            else:
                openers += 1
    return openers, closers


def _in_fence(before: str) -> bool:
    """Whether a code fence is open at the end of the text (the rules of CommonMark)."""
    if "```" not in before and "~~~" not in before:
        return False
    fence = ""
    for line in before.split("\n"):
        match = _FENCE.match(line)
        if match is None:
            continue
        if not fence:
            if match[1][0] == "~" or "`" not in match[2]:
                fence = match[1]
        elif match[1].startswith(fence) and not match[2].strip():
            fence = ""
    return bool(fence)
