"""Sections and sentences of a problem statement."""

from __future__ import annotations

import re

_TITLES = {
    "input": r"input(?: format| specification)?",
    "output": r"output(?: format| specification)?",
    "constraints": r"(?:constraints?|limits)",
    "sample": r"(?:sample (?:input|output)s?|examples?|sample(?: test)?s?|notes?|explanations?)"
    r"(?: ?\d+)?",
    "statement": r"(?:problem statement|statement|scoring|partial points?|hints?|interaction)",
}
_HEADING = re.compile(
    r"^[\s#*=_-]*(?:"
    + "|".join(f"(?P<{name}>{title})" for name, title in _TITLES.items())
    + r")[\s#*=_:-]*$",
    re.IGNORECASE,
)
_GLUED = re.compile(r"(?<=[.!?)])(Sample Input ?\d*:?)\s*$", re.MULTILINE)
_TITLED = re.compile(r"^\W{0,3}(input|output|constraints)(?: format)?\W{0,2}:\s*(?=\w+ )", re.I)
_SENTENCE_END = re.compile(r"(?<=[\w)\]$])\.\s+(?=[A-Z$(])")


def sections(statement: str) -> dict[str, str]:
    """The text under each heading, by ``input``, ``output``, ``constraints``, ``statement``.

    Text before the first heading is ``statement``; headings that repeat add up. Samples and
    notes are left out.
    """
    found: dict[str, list[str]] = {}
    current = "statement"
    text = _GLUED.sub(r"\n\1", statement.replace("\r", ""))
    for line in text.split("\n"):
        heading = _HEADING.match(line) if line.strip() else None
        if heading is not None:
            current = str(heading.lastgroup)
        elif current != "sample":
            titled = _TITLED.match(line)
            if titled is not None:
                current, line = titled.group(1).lower(), line[titled.end() :]
            found.setdefault(current, []).append(line)
    return {name: "\n".join(lines).strip("\n") for name, lines in found.items()}


def sentences(text: str) -> list[str]:
    """Lines, and sentences within lines; bullets and the final full stop are taken off.

    A full stop that stands for itself (``consisting of # and ..``) stays.
    """
    found = []
    for line in text.split("\n"):
        bare = re.sub(r"^\s*[-*\u2022]\s+", "", line)
        for sentence in _SENTENCE_END.split(bare):
            stripped = sentence.strip()
            if stripped.endswith((" .", ",.")) or not stripped.endswith("."):
                found.append(stripped)
            else:
                found.append(stripped[:-1])
    return [sentence for sentence in found if sentence]
