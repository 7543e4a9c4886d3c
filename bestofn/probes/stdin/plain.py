"""Turns an Input section in prose without formulas into format lines and conditions.

``Each of the next n lines holds a word of k lowercase letters and an integer d`` becomes the
records ``S_1 d_1 ... S_n d_n`` and the condition ``S_i is a string of length k consisting of
lowercase letters``. Texts that have no name in the statement are given a letter of their own.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass, field

from .legend import read_legend
from .listing import COUNT, Entry, read_listing
from .prose import RISKY
from .statement import sentences

_HEAD = r"^(?:(?:then|next|finally|after that|in|on|there (?:is|are|will be)|input:)\b,?\s*)*"
_ORDINAL = (
    r"(?:(?:the|an?|one|exactly|first|second|third|fourth|fifth|sixth|next|last|only|single|"
    r"following|input|final)\s+)*"
)
_OF = (
    r"(?:\s+of (?:the )?(?:standard )?input)?"
    r"(?:\s+(?:of|in|for) (?:each|every|the|a) (?:test )?case)?"
)
_VERB = (
    r"(?:,?\s*(?:(?:which |that )?(?:holds?|contains?|has|have|gives?|consists? of|is|are)\b"
    r"(?:\s+given)?|with\b|containing\b|holding\b|consisting of\b|you are given\b|"
    r"there (?:is|are)\b)|\s*:)\s*"
)
_ONE = re.compile(
    rf"{_HEAD}(?:the (?:standard )?input{_VERB})?(?:(?:each|every) (?:test )?case{_VERB})?"
    rf"{_ORDINAL}line(?: \d)?\b{_OF}{_VERB}",
    re.IGNORECASE,
)
_WHOLE = re.compile(rf"{_HEAD}(?:the )?(?:standard )?input{_VERB}", re.IGNORECASE)
_SEVERAL = re.compile(
    rf"{_HEAD}(?:each of (?:the )?(?:(?:next|following|other|remaining)\s+)?"
    rf"(?P<count>{COUNT}) lines|"
    rf"(?:the )?(?:next |following )?(?P<count2>{COUNT}) lines(?: follow)?|"
    rf"follow (?P<count3>{COUNT}) lines)"
    rf"{_OF}(?:,?\s*each(?: of them| one| line)?)?{_VERB}",
    re.IGNORECASE,
)
_CASES = re.compile(r"\bnumber of (?:the )?(?:test ?cases|tests|cases)\b", re.IGNORECASE)
_NEWLINES = re.compile(r"(?<![.:;!?\s])[ \t]*\n(?=[a-z(])")
_STORY = re.compile(
    r"\b(?:trees?|forest|graph|polygon|permutation|connected|sorted|palindrom\w+|"
    r"(?:all|pairwise|mutually|are|is|be) (?:\w+ )?(?:distinct|different|unique)|"
    r"(?:in|by) (?:\w+ )?(?:increasing|decreasing|ascending|descending|sorted) order|"
    r"(?:self-)?intersect\w*|(?:cross(?:es)?|touch(?:es)?) (?:itself|each other)|"
    r"at most once|guaranteed|always possible)\b",
    re.IGNORECASE,
)
_FOLLOWED = re.compile(
    r",?\s+(?:and\s+)?(?:is\s+)?followed by\s+(?=(?:the )?(?:next )?\S+(?: [-+] \S+)? lines?\b)"
)
_BRACKET = re.compile(r"\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
_FILLED = re.compile(
    r"\b(?:have|has|contains?|consists? of|is|are) (?:of )?(?:(?:between )?(\w+) (?:to|and) (\w+)|"
    r"(at most) (\w+))\s+(?:characters?(?:\s*[,:]|,? each(?: of them)?)?\s*)?(.*)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class PlainInput:
    """What was read.

    Attributes:
        layout: Text for :func:`bestofn.probes.stdin.format.read_format`.
        conditions: One sentence each, the constraints among them.
        texts: Base names of texts; frozen unless a condition says what they hold.
        unnamed: Base names given to lists that the statement does not name: to be frozen.
        alphabets, once: Characters of a text, and those that occur exactly once, by base name.
        doubtful: The story speaks of something that binds values together.
    """

    layout: str
    conditions: list[str]
    texts: frozenset[str]
    unnamed: frozenset[str]
    alphabets: dict[str, str]
    once: dict[str, str]
    doubtful: bool


def plain_format(parts: dict[str, str], statement: str) -> PlainInput | None:
    """The input as its section says in plain words, or None when a line cannot be read.

    Args:
        parts: The sections of the statement.
        statement: All of it.
    """
    section = _tidy(parts.get("input", ""))
    if "$" in section:
        return None
    reader = _Reader(statement)
    for sentence in sentences(section):
        if not reader.sentence(sentence):
            return None
    return reader.result(parts)


def _tidy(text: str) -> str:
    """Without line breaks within sentences, marks around names, and typographic dots."""
    text = re.sub(r"`|\*\*", "", text.replace("\r", "").replace("\u2026", "..."))
    text = re.sub(r"\.\s?\.\s?\.", "...", text)
    text = re.sub(
        r"\b([A-Za-z])([01])(,?\s*)((?:\1\d,?\s*)*)\.\.\.(,?\s*)\1([A-Za-z])\b",
        r"\1_\2\3... \1_\6",
        text,
    )
    return _NEWLINES.sub(" ", text)


@dataclass
class _Reader:
    statement: str
    head: list[str] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    cases: str | None = None
    nouns: dict[str, list[str]] = field(default_factory=dict)
    texts: dict[str, bool] = field(default_factory=dict)
    unnamed: set[str] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        used = set(re.findall(r"(?<![A-Za-z])[A-Za-z](?![A-Za-z])", self.statement))
        self.fresh: Iterator[str] = iter(
            [c for c in "SWTUVXYZ" + string.ascii_uppercase if not {c, c.lower()} & used]
        )

    def sentence(self, text: str) -> bool:
        """Takes a sentence in; False when it speaks of lines and was not understood."""
        return all(self._part(part) for part in _FOLLOWED.split(text))

    def _part(self, text: str) -> bool:
        several = _SEVERAL.match(text)
        match = several or _ONE.match(text) or _WHOLE.match(text)
        if match is None:
            self.conditions.append(text)
            return re.search(r"\blines?\b", text) is None
        tail, found = _without_brackets(text[match.end() :])
        listed = read_listing(tail)
        if listed is None:
            return False
        entries, remarks = listed
        if re.search(r"(?<!number of )\blines?\b", remarks):
            return False
        self.conditions += found
        count = ""
        if several is not None:
            count = next(c for c in several.group("count", "count2", "count3") if c)
        try:
            line = self._line(entries, re.sub(r"\s", "", count))
        except _NotUnderstood:
            return False
        (self.head if self.cases is None else self.body).append(line)
        if _CASES.search(text) and len(entries) == 1 and entries[0].kind == "number":
            if self.cases is not None or several is not None:
                return False
            self.cases = entries[0].name
        self._remarks(remarks)
        return True

    def _line(self, entries: list[Entry], count: str) -> str:
        """The format line of entries, or their records when there is a count of lines."""
        first, last = [], []
        for entry in entries:
            base = re.sub(r"_(?:\{[^{}]*\}|\w)$", "", entry.name)
            name = entry.name
            if not base:
                base = name = next(self.fresh, "")
                if not base:
                    raise _NotUnderstood
            if entry.kind == "text":
                self._text(entry, base if count else name, base, bool(count))
            if entry.kind == "run":
                if not entry.name:
                    self.unnamed.add(base)
                ends = self._run(entry, base, count)
                first.append(ends[0])
                last.append(ends[1])
            elif count:
                first.append(f"{base}_1")
                last.append(f"{base}_{{{count}}}")
            else:
                first.append(name)
        return "\n".join([" ".join(first), "\\vdots", " ".join(last)]) if count else " ".join(first)

    def _run(self, entry: Entry, base: str, count: str) -> tuple[str, str]:
        if not entry.last:
            start, end = "1", re.sub(r"\s", "", entry.count)
        else:
            start, end = (_subscript(name) for name in (entry.name, entry.last))
            if not base or not entry.last.startswith(base):
                raise _NotUnderstood
        if not count:
            return f"{base}_{{{start}}} ... {base}_{{{end}}}", ""
        if entry.last and "," not in start:
            raise _NotUnderstood
        start, end = start.split(",")[-1].strip(), end.split(",")[-1].strip()
        rows = (f"{base}_{{{row},{start}}} ... {base}_{{{row},{end}}}" for row in ("1", count))
        return next(rows), next(rows)

    def _text(self, entry: Entry, name: str, base: str, repeated: bool) -> None:
        shown = f"{name}_i" if repeated else name
        if entry.noun:
            self.nouns.setdefault(entry.noun, []).append(shown)
        self.texts[base] = bool(entry.made_of)
        made_of = f" consisting of {entry.made_of}" if entry.made_of else ""
        length = f" of length {entry.count}" if entry.count else ""
        if made_of or length:
            self.conditions.append(f"{shown} is a string{length}{made_of}")

    def _remarks(self, text: str) -> None:
        """Inequalities and risky words after the entries become conditions."""
        for piece in re.split(r";|--+|\u2014|\u2013|,?\s+where\b", text):
            self.conditions += _limiting(piece.strip(" ,"))

    def result(self, parts: dict[str, str]) -> PlainInput | None:
        """What all sentences together say."""
        if not self.head or (self.cases is not None and not self.body):
            return None
        lines = self.head
        if self.cases is not None:
            lines = [*lines, "case_1", "\\vdots", f"case_{self.cases}"]
            lines += ["Each case has this format", *self.body]
        layout = "\n".join(lines)
        said = [*self.conditions, *sentences(_tidy(parts.get("constraints", "")))]
        bases = set(re.findall(r"\b([A-Za-z])_", layout))
        conditions = []
        for sentence in said:
            for base in bases:
                sentence = re.sub(rf"\b{base}([ij])\b", rf"{base}_\1", sentence)
            conditions.append(self._named(sentence))
        open_texts = [base for base, stated in self.texts.items() if not stated]
        legend = read_legend(self.statement) if len(open_texts) == 1 else None
        return PlainInput(
            layout=layout,
            conditions=conditions,
            texts=frozenset(self.texts),
            unnamed=frozenset(self.unnamed),
            alphabets={open_texts[0]: legend[0]} if legend else {},
            once={open_texts[0]: legend[1]} if legend and legend[1] else {},
            doubtful=_STORY.search(_tidy(parts.get("statement", ""))) is not None,
        )

    def _named(self, sentence: str) -> str:
        """``Names have 1 to 8 characters, letters and digits``, said of the text's own name."""
        subject = re.match(r"(?:the |each |every |all |an? )*(\w+?)s? (?=\w)", sentence, re.I)
        shown = self.nouns.get(subject.group(1).lower(), []) if subject else []
        if subject is None or len(shown) != 1:
            return sentence
        first, *others = f"{shown[0]} {sentence[subject.end() :]}".split(";")
        filled = _FILLED.search(first)
        if filled is not None:
            low, high, _, most, kinds = filled.groups()
            ends = f"at most {most}" if most else f"between {low} and {high}"
            made_of = f" consisting of {kinds}" if kinds else ""
            first = f"{first[: filled.start()]}is a string of length {ends}{made_of}"
        return ";".join([first, *others])


def _without_brackets(text: str) -> tuple[str, list[str]]:
    """A text without its brackets, and the conditions that stood in them."""
    found = []
    for bracket in _BRACKET.findall(text):
        for piece in bracket.split(";"):
            found += _limiting(piece.strip())
    return _BRACKET.sub(" ", text), found


def _limiting(remark: str) -> list[str]:
    limits = any(pattern.search(remark) for pattern in (_INEQUALITY, RISKY, _STORY))
    return [remark] if limits else []


class _NotUnderstood(Exception):
    """A line has no layout that formats can express; internal to the probes."""


_INEQUALITY = re.compile(r"[<>\u2264\u2265]|!=|\\l|\\g")


def _subscript(name: str) -> str:
    return name.partition("_")[2].strip("{}")
