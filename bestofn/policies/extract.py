"""The program in a model's reply. Pure functions: text in, text out."""

from __future__ import annotations

import re

from .code import defines, outdented, parsed, program_in_prose, reads_input
from .complete import completed, completes
from .fences import Block, blocks
from .reasoning import without_reasoning

_PYTHON = frozenset(("python", "python3", "py", "py3", "python2", "pypy", "pypy3", "cpython"))
_MARKED = re.compile(
    r"\[PYTHON\]\s*?\n?(.*?)\[/PYTHON\]|<code(?:[ \t][^>\n]*)?>\n?(.*?)</code>", re.DOTALL
)
_INLINE = re.compile(r"```[ \t]*(?:(?:python3?|py)\b)?(.+?)```", re.DOTALL)


def extract_code(
    reply: str,
    *,
    starter_code: str = "",
    entry_point: str | None = None,
    language: str = "python",
) -> str:
    """The program that a reply proposes; empty when there is none.

    Thinking is taken off first. Of several fenced blocks the last counts, among those that the
    task speaks for: they define the function that is asked for (or read standard input, where
    none is), are tagged with the language, and parse. Without any block the longest run of
    lines that is a program counts. With starter code the result is a whole program: what the
    reply left out of it is put back.

    Args:
        reply: The model's text.
        starter_code: Code that the model was asked to complete.
        entry_point: The function that will be called; None for a program of its own.
        language: As it is written behind a fence. Anything but Python is taken as it stands in
            its block: it is not parsed, and no program is looked for in prose.
    """
    text = without_reasoning(reply.replace("\r\n", "\n"))
    python = language.lower() in _PYTHON
    code = _fenced(text, entry_point, language.lower(), python)
    if code is None and python:
        code = _unfenced(text, starter_code, entry_point)
    if not code or not code.strip():
        return ""
    if python and starter_code.strip():
        return completed(starter_code, code, entry_point)
    return code


def _fenced(text: str, entry_point: str | None, language: str, python: bool) -> str | None:
    fenced = blocks(text)
    found = [block for block in fenced if block.text.strip()]
    if not fenced:
        marked = _MARKED.findall(text)
        if marked:
            found = [Block(text="".join(it).strip("\n"), tag="", closed=True) for it in marked]
    if not fenced and not found:
        inline = _INLINE.findall(text)
        found = [Block(text=it.strip(), tag="", closed=True) for it in inline if it.strip()]
    if not found:
        return None
    if len(found) == 1:
        return found[0].text
    ranks = [_rank(block, entry_point, language, python) for block in found]
    best = max(ranks)
    return next(
        block.text
        for block, rank in zip(reversed(found), reversed(ranks), strict=True)
        if rank == best
    )


def _rank(
    block: Block, entry_point: str | None, language: str, python: bool
) -> tuple[bool, bool, bool]:
    """What speaks for a block: it serves the task, bears the language's tag, and parses."""
    if not python:
        return block.tag == language, block.closed, True
    if block.tag and block.tag not in _PYTHON:
        return False, False, False
    if entry_point is not None:
        serves = defines(block.text, entry_point)
    else:
        serves = reads_input(block.text)
    parses = parsed(block.text) is not None or parsed(_as_body(block.text)) is not None
    return serves and parses, bool(block.tag), parses


def _as_body(text: str) -> str:
    lines = outdented(text).split("\n")
    return "\n".join(("def body():", *(f"    {line}" for line in lines), "    pass"))


def _unfenced(text: str, starter_code: str, entry_point: str | None) -> str:
    """A program, or the rest of one, that stands in the reply without a fence."""
    whole = program_in_prose(text)
    if not starter_code.strip() or (entry_point and defines(whole, entry_point)):
        return whole
    # A base model goes on where the prompt ended: indented lines first, then perhaps others.
    first = text.lstrip("\n")[:1]
    rest = first in (" ", "\t") or text.strip() == "pass"
    rest = rest or ("return" in text and completes(starter_code, text, entry_point))
    return text if rest else whole
