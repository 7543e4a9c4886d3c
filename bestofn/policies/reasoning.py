"""Taking a model's thinking off its reply."""

from __future__ import annotations

import re

from .fences import closes, opening

_NAME = "(?:think|thinking|thoughts?|reasoning|reflection)"
_START = rf"(?:<{_NAME}>|◁think▷)"
_END = rf"(?:</{_NAME}>|◁/think▷)"
_OPEN = re.compile(rf"\s*{_START}", re.IGNORECASE)
_CLOSE = re.compile(rf"(?<![`'\"]){_END}|{_END}(?![`'\"])", re.IGNORECASE)
_EITHER = re.compile(f"{_START}|{_END}", re.IGNORECASE)


def without_reasoning(reply: str) -> str:
    """The part of a reply that is meant for the reader.

    Thinking is what stands between the tags that reasoning models use; without a closing tag
    all that follows; without an opening one (many chat templates write it into the prompt) all
    that precedes. Tags inside a fenced block belong to the program there, quoted ones to the
    text.
    """
    if _EITHER.search(reply) is None:
        return reply
    lines = re.split(r"(?<=\n)", reply)  # splitlines would cut at form feeds in programs too
    kept: list[str] = []
    fence: tuple[str, str, str] | None = None
    thinking = False
    last_tagged = max((n for n, line in enumerate(lines) if _opens_tagged(line)), default=-1)
    for number, line in enumerate(lines):
        if thinking:
            closing = _CLOSE.search(line)
            if closing is None:
                continue
            thinking, line = False, line[closing.end() :]
        if fence is None:
            line, thinking, lone = _outside(line)
            if lone:
                kept.clear()
            if thinking:
                continue
            fence = opening(line.rstrip("\r\n"))
        elif closes(line, fence[0], fence[1]):
            fence = None
        elif _CLOSE.fullmatch(line.strip()) and number < last_tagged:
            # The block was opened while thinking and never closed: the answer opens its own.
            kept.clear()
            fence = None
            continue
        kept.append(line)
    return "".join(kept)


def _outside(line: str) -> tuple[str, bool, bool]:
    """A line without its thinking; whether thinking goes on; whether it ends what came before."""
    lone = False
    while True:
        start = _OPEN.match(line)
        if start:
            closing = _CLOSE.search(line, start.end())
            if closing is None:
                return "", True, lone
            line = line[closing.end() :]
            continue
        closing = _CLOSE.search(line)
        if closing is None:
            return line, False, lone
        lone, line = True, line[closing.end() :]


def _opens_tagged(line: str) -> bool:
    fence = opening(line.rstrip("\r\n"))
    return fence is not None and bool(fence[2])
