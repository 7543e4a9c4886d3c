"""Turns an Input section in prose (Codeforces) into format lines and conditions.

``The second line contains $n$ integers $a_1, a_2, \\ldots, a_n$ ($1 \\le a_i \\le 10$) - the
weights`` becomes the line ``a_1 a_2 \\ldots a_n`` and the condition ``1 \\le a_i \\le 10``.
"""

from __future__ import annotations

import re

from .statement import sentences

_NAME = r"[A-Za-z]\w?(?:_(?:\{[^{}]*\}|\w))?"
_LINE = re.compile(
    r"\b(?:(?:first|second|third|fourth|fifth|sixth|next|last|only|single|following|input|one|"
    r"(?:\$i\$|i)-th) )*(?:line|input)\b(?: of (?:each|the|every) (?:test case|testcase|test|case|"
    r"input|description)\w*)*(?: of [^$]*?)? (?:contains?|consists? of|has|gives?)\b",
    re.IGNORECASE,
)
_LINES = re.compile(
    r"\b(?:(?:each|the \$?i\$?-th|any) (?:of|line of) the (?:next|following) \$(?P<count>[^$]+)\$ "
    r"lines(?: of (?:each|the) test case)? contains?"
    r"|(?:the )?(?:next|following) \$(?P<count2>[^$]+)\$ lines"
    r"(?: of (?:each|the) test case)?(?: each)? contain)\b",
    re.IGNORECASE,
)
_CASES = re.compile(
    r"\$(?P<count>\w)\$(?: \([^)]*\))?\s*(?:\W+|,? ?which is |is )?(?:the )?number of (?:the )?"
    r"(?:test cases|testcases|tests|cases)"
    r"|number of (?:the )?(?:test cases|tests) \$(?P<count2>\w)\$",
    re.IGNORECASE,
)
RISKY = re.compile(
    r"\b(?:distinct|different|permutation|tree|sorted|order|connected|odd|even|prime|unique|"
    r"non-?(?:de|in)creasing|increasing|decreasing|simple|loops?|binary|palindrom\w+|exist\w*)\b",
    re.IGNORECASE,
)
"""Words for conditions that bind values together."""
_DASH = re.compile(r"\s(?:\u2014|\u2013|---|--|-)\s")
_PLAIN = re.compile(
    r"^(?:each test (?:consists of|contains) multiple test cases|(?:then|this is followed by|"
    r"then follows?|the description of|their description|next,? (?:comes?|follows?))"
    r"(?:.*\b(?:test cases?|description)s?\b.*)?"
    r"|the (?:input|test) (?:data )?(?:consists of|contains) multiple test cases|.*\btest cases "
    r"follows?)$",
    re.IGNORECASE,
)


def prose_format(section: str) -> tuple[str, list[str]] | None:
    """Format lines for a section in prose, and the conditions that it states.

    Returns:
        Text for :func:`bestofn.probes.stdin_format.read_format` and one condition a string,
        or None when a sentence about lines cannot be read.
    """
    head: list[str] = []
    body: list[str] = []
    conditions: list[str] = []
    count: str | None = None
    for sentence in sentences(section):
        text = sentence.replace("~", " ")
        several = _LINES.search(text)
        single = None if several else _LINE.search(text)
        if several is None and single is None:
            if not _PLAIN.match(text.strip()):
                conditions.append(text)
            continue
        match = several or single
        assert match is not None
        tail = text[match.end() :]
        cases = _CASES.search(text)
        layout = _layout(tail)
        if layout is None:
            return None
        if several is not None:
            times = several.group("count") or several.group("count2")
            layout = _repeated(layout, times)
            if layout is None:
                return None
        (head if count is None else body).append(layout)
        if cases is not None:
            count = cases.group("count") or cases.group("count2")
        conditions += _conditions(tail)
    if count is None:
        return ("\n".join(head), conditions) if head else None
    if not body:
        return None
    lines = [*head, "case_1", "\\vdots", f"case_{count}", "Each case has this format", *body]
    return "\n".join(lines), conditions


def _layout(tail: str) -> str | None:
    """The format line for what comes after "contains"."""
    listed = re.sub(r"\([^()]*(?:\([^()]*\)[^()]*)*\)", " ", _DASH.split(tail)[0])
    listed = re.split(
        r"(?:,| )(?:where|which|such that|denoting|consisting|of length|describing|"
        r"representing|meaning)\b",
        listed,
    )[0]
    for formula in re.findall(r"\$([^$]*)\$", listed):
        if re.search(r"\\l?dots|\\cdots|\.\.\.", formula):
            bare = re.sub(r"\\l?dots|\\cdots|\\dots", "...", formula)
            if re.search(r"\s|,", bare):
                return " ".join(part for part in re.split(r"[\s,]+", bare) if part)
            return bare
    if re.match(
        r"\s*(?:exactly )?\$[^$]+\$ (?:space-separated )?(?:integers|numbers|characters)", listed
    ):
        return None
    names = [
        name.strip()
        for formula in re.findall(r"\$([^$]*)\$", listed)
        for name in formula.split(",")
    ]
    if not names or not all(re.fullmatch(_NAME, name) for name in names):
        return None
    return " ".join(names)


def _repeated(layout: str, count: str) -> str | None:
    """Records from 1 to a count for ``u_i v_i``."""
    if "..." in layout:
        return None
    bases = [re.sub(r"_(?:\{[^{}]*\}|\w)$", "", name) for name in layout.split()]
    first = " ".join(f"{base}_1" for base in bases)
    last = " ".join(f"{base}_{{{count}}}" for base in bases)
    return f"{first}\n\\vdots\n{last}"


def _conditions(tail: str) -> list[str]:
    """What a sentence about a line says of the values on it."""
    found = []
    for bracket in re.findall(r"\(([^()]*(?:\([^()]*\)[^()]*)*)\)", tail):
        if re.search(r"\\l|\\g|<|>|=|\u2264|\u2265|\\ne", bracket):
            found += re.split(r"(?<=\$)[,;]\s*(?:and )?(?=\$)", bracket)
    rest = re.sub(r"\([^()]*(?:\([^()]*\)[^()]*)*\)", " ", tail)
    described = _DASH.split(rest)[0]
    text = re.search(r"\bstrings? \$(" + _NAME + r")\$(.*)$", described)
    if text is not None:
        if re.search(r"\bbinary string", described):
            found.append(f"${text.group(1)}$ consists of 0 and 1")
        found.append(f"${text.group(1)}$ is a string {text.group(2)}")
    elif RISKY.search(rest):
        found.append(rest)
    if text is not None and RISKY.search(rest[len(described) :]):
        found.append(rest)
    return found
