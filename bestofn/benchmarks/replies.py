"""Programs from raw model replies."""

from __future__ import annotations

import re

_FENCE = re.compile(r"^([ \t]*)(`{3,}|~{3,})(.*)$")


def last_code_block(reply: str) -> str:
    """The inside of the last fenced block of a reply; empty when it has none.

    A fence closes with at least as many of the same marks and nothing behind them, and its
    indentation is taken off its lines (CommonMark section 4.5). A last block that is never
    closed, as in a reply that was cut off, counts.
    """
    block: list[str] | None = None
    last = indent = mark = ""
    for line in reply.replace("\r\n", "\n").split("\n"):
        fence = _FENCE.match(line)
        if block is None:
            if fence and not ("`" in fence[2] and "`" in fence[3]):
                block, indent, mark = [], fence[1], fence[2]
        elif fence and fence[2].startswith(mark) and not fence[3].strip():
            last, block = "\n".join(block), None
        else:
            block.append(line.removeprefix(indent))
    return "\n".join(block) if block and any(line.strip() for line in block) else last
