"""Fenced blocks in Markdown, as models write them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPEN = re.compile(r"^([ \t]*(?:>[ \t]?)*[ \t]*(?:(?:[-*+]|\d{1,3}[.)])[ \t]+)?)(`{3,}|~{3,})(.*)$")
_MID_LINE = re.compile(r"(`{3,})[ \t]*([\w+#.-]*)[ \t]*$")


@dataclass(frozen=True, kw_only=True)
class Block:
    """One fenced block.

    Attributes:
        text: What stands inside, without the fence's indentation.
        tag: The first word of the opening line, in lower case (``python``); may be empty.
        closed: Whether its end was there.
    """

    text: str
    tag: str
    closed: bool


def blocks(markdown: str) -> list[Block]:
    """Every fenced block, in order.

    A fence closes with at least as many of the same marks and nothing behind them, so a longer
    fence may hold shorter ones; its indentation is taken off its lines (CommonMark, section 4.5).
    Beyond that standard a fence may also stand behind a bullet, in a quotation, or open at the
    end of a line of prose.
    """
    found: list[Block] = []
    lines: list[str] | None = None
    prefix = marks = tag = ""
    for line in markdown.replace("\r\n", "\n").split("\n"):
        if lines is None:
            opened = opening(line)
            if opened is not None:
                lines = []
                prefix, marks, tag = opened
        elif closes(line, prefix, marks):
            found.append(Block(text="\n".join(lines), tag=tag, closed=True))
            lines = None
        else:
            lines.append(_outdented(line, prefix))
    if lines is not None:
        found.append(Block(text="\n".join(_until_late_mark(lines, marks)), tag=tag, closed=False))
    return found


def opening(line: str) -> tuple[str, str, str] | None:
    """What stands before the marks, the marks and the tag of the block that a line opens."""
    fence = _OPEN.match(line)
    if fence:
        if "`" in fence[2] and "`" in fence[3]:
            return None  # code within a line
        return fence[1], fence[2], _tag(fence[3])
    fence = _MID_LINE.search(line)
    if fence and line[: fence.start()].count("`") == 0:
        return "", fence[1], _tag(fence[2])
    return None


def _tag(info: str) -> str:
    words = info.strip().strip("{}").split(maxsplit=1)
    return words[0].lstrip(".").lower() if words else ""


def closes(line: str, prefix: str, marks: str) -> bool:
    """Whether a line ends the block that was opened with these."""
    inner = _outdented(line, prefix).strip()
    return inner.startswith(marks) and not inner.strip(marks[0])


def _outdented(line: str, prefix: str) -> str:
    if ">" in prefix:
        for lead in (prefix, prefix.rstrip()):
            if line.startswith(lead):
                return line[len(lead) :]
        return line
    most = len(prefix)  # behind a bullet the lines are indented with blanks instead
    index = 0
    while index < most and index < len(line) and line[index] in " \t":
        index += 1
    return line[index:]


def _until_late_mark(lines: list[str], marks: str) -> list[str]:
    """Of a block without an end: up to where its marks stand behind the last line of code."""
    for index, line in enumerate(lines):
        bare = line.rstrip()
        if bare.endswith(marks) and not bare.endswith(marks[0] + marks):
            return [*lines[:index], bare[: -len(marks)]]
    return lines
