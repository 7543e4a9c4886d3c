"""Phrases in which statements say what an input looks like."""

from __future__ import annotations

import re

from .facts import NAME

VERB = re.compile(r"\\in\b|\b(?:is|are|be|consists?|has|have|contains?|satisf(?:y|ies)|does|do)\b")
TUPLE = r"[(\ue000]\s*(" + NAME + r"(?:\s*,\s*" + NAME + r")+)\s*[)\ue001]"
TUPLES_DIFFER = re.compile(TUPLE + r"\s*!=\s*" + TUPLE)
DISTINCT = re.compile(
    r"\b(?:(?:is|are) )?(?:all |pairwise |mutually )*(?:distinct|different)"
    r"(?: from each other| integers)?"
)
NO_TUPLES_TWICE = re.compile(
    r"(?:the )?(?:given )?graph (?:is|has) (?:simple|no (?:self-loops|multi\w*)[\w\s-]*)|"
    r"(?:there are )?no (?:self-loops|multi-?edges|multiple edges)[\w\s-]*|simple(?: and)?"
)
TREE = re.compile(r"(?:the )?(?:given )?(?:graph|edges|input)\b.*\b(?:is|form) a(?: valid)? tree")
CONNECTED = re.compile(r"(?:the )?(?:given )?graph is (?:simple and |undirected and )?connected")
PARITY = re.compile(r"\bis an? (odd|even)(?: number| integer)?|\bis (odd|even)\b")
TOPICS = {
    "graph": re.compile(
        r"\b(?:graph|path|edges?|vert(?:ex|ices)|connected|cycles?|trees?|roads?|bridges?|islands?"
        r"|cit(?:y|ies)|reach(?:able|ed)?|travel)\b",
        re.IGNORECASE,
    ),
    "grid": re.compile(
        r"\b(?:grid|cells?|squares?|rows?|columns?|board|positions?|characters?)\b", re.IGNORECASE
    ),
}
HARMLESS = re.compile(
    r"\b(?:answers?|value to be printed|output)\b.*\b(?:at most|exceed|less than|fits?)\b|"
    r"^(?:time|memory) limit\b|"
    r"\bupper[- ]?(?:case)? (?:and|or) lower[- ]?case (?:letters )?"
    r"(?:differ|are (?:different|distinct))"
    r"|^(?:all|the|every) (?:the )?(?:given |input |numerical |numbers? |values? |inputs? )*"
    r"(?:in (?:the )?input )?(?:is|are) (?:all )?(?:an )?(?:integers?|integral)\b[^<>=]*$",
    re.IGNORECASE,
)
COUNTING = re.compile(
    r"\bfor (?:each|every|all|any)? ?\w ?= ?[01] ?, ?(?:[12] ?, ?)?\.\.\. ?, ?\w+\b,?",
    re.IGNORECASE,
)
LENGTH_MEANS = re.compile(r"\(\|[^|]*\| (?:is|denotes) the length of .*$")
KIND = re.compile(
    r"\b(first|second|third|fourth) (?:type|kind|format)|(?:type|kind)s? (\d)(?: and (\d))?"
)
ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3}
TOTAL = re.compile(
    r"(?:the )?(?:sum|total)(?: sum)? of (?:the )?(?:lengths? of )?(?:all )?(\|?" + NAME + r"\|?)"
    r"(?: values)?(?: is)? (?:over|across|among|for|in) (?:all )?(?:the )?(?:given )?"
    r"(?:test ?cases?|cases|tests)"
    r"(?: in (?:a single|each|one|an) input)?"
    r"(?: (?:does not|doesn't|do not|will not|won't) exceed| is (?:at most|not greater than|no "
    r"more than)| <=) "
)
TOTAL_LENGTH = re.compile(
    r"(?:the )?(?:total length|sum of (?:the )?lengths) of (?:all )?(" + NAME + r")"
    r"(?:,\s*" + NAME + r")*(?:,?\s*\.\.\.,?\s*" + NAME + r")? (?:is at most|does not exceed) "
)
FILLER = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "is",
        "are",
        "be",
        "all",
        "each",
        "every",
        "both",
        "either",
        "any",
        "and",
        "in",
        "for",
        "with",
        "where",
        "given",
        "that",
        "integer",
        "integers",
        "integral",
        "positive",
        "negative",
        "non",
        "number",
        "numbers",
        "numerical",
        "value",
        "values",
        "input",
        "inputs",
        "string",
        "strings",
        "array",
        "arrays",
        "sequence",
        "length",
        "lengths",
        "inclusive",
        "inclusively",
        "type",
        "kind",
        "first",
        "second",
        "third",
        "fourth",
        "query",
        "queries",
        "test",
        "case",
        "cases",
        "satisfying",
        "satisfy",
        "if",
        "it",
        "guaranteed",
        "respectively",
        "denotes",
        "its",
        "also",
        "following",
        "consisting",
        "character",
        "characters",
        "line",
        "lines",
        "th",
        "st",
        "nd",
        "rd",
        "i",
        "j",
        "k",
        "type",
        "types",
        "kinds",
        "single",
        "such",
        "between",
        "time",
        "pair",
        "pairs",
        "element",
        "elements",
        "multiple",
        "note",
    ]
)
