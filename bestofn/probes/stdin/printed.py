"""Sample inputs that a statement prints, for problems that come without public tests."""

from __future__ import annotations

import re

from ...types import Problem

_SAMPLE = re.compile(
    r"^[ \t#*]*(?:sample|example)[ \t]*input[ \t]*\d*[ \t:*]*\n(?P<input>.*?)"
    r"^[ \t#*]*(?:sample|example)[ \t]*output",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)


def sample_inputs(problem: Problem) -> list[str]:
    """The inputs of the public tests; those that the statement prints if there are none."""
    given = [test.input for test in problem.public_tests if test.kind == "stdin"]
    return given or printed_samples(problem.statement)


def printed_samples(statement: str) -> list[str]:
    """What stands between "Sample Input" and "Sample Output" headings, without code fences."""
    found = []
    for match in _SAMPLE.finditer(statement.replace("\r", "")):
        lines = [line for line in match["input"].split("\n") if not line.startswith("```")]
        text = "\n".join(lines).strip("\n")
        if text.strip():
            found.append(text + "\n")
    return found
