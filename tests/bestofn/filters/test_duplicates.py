from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bestofn import Candidate
from bestofn.filters import drop_duplicates, fingerprint

PLAIN = "def f(x):\n    return x + 1\n"
SPACED = '''
def f( x ):   # adds one
    """Add one."""

    return (x+1)
'''
OTHER = "def f(x):\n    return x + 2\n"


def candidates(*codes: str) -> list[Candidate]:
    return [Candidate(id=str(index), code=code) for index, code in enumerate(codes)]


def test_formatting_comments_and_docstrings_do_not_count():
    assert fingerprint(PLAIN) == fingerprint(SPACED)
    assert fingerprint(PLAIN) != fingerprint(OTHER)


def test_a_read_docstring_counts():
    source = 'def f():\n    "{}"\n    return f.__doc__\n'
    assert fingerprint(source.format("a")) != fingerprint(source.format("b"))


def test_copies_are_counted_and_named():
    distinct = drop_duplicates(candidates(PLAIN, OTHER, SPACED, PLAIN))
    assert [candidate.id for candidate in distinct.kept] == ["0", "1"]
    assert distinct.copies == {"0": 3, "1": 1}
    assert {(r.id, r.same_as, r.by) for r in distinct.rejected} == {
        ("2", "0", "duplicates"),
        ("3", "0", "duplicates"),
    }


def test_what_does_not_parse_is_compared_as_text():
    assert fingerprint("def f(:  \n") == fingerprint("def f(:\n\n")
    assert fingerprint("def f(:\n") != fingerprint("def g(:\n")
    assert fingerprint("a\0b") != fingerprint("a\0c")
    assert fingerprint("(" * 50_000) == fingerprint("(" * 50_000)


def test_answers_and_programs_never_meet():
    mixed = [
        Candidate(id="p", code="1"),
        Candidate(id="a", code="1", kind="answer"),
        Candidate(id="b", code=" 1 ", kind="answer"),
    ]
    assert drop_duplicates(mixed).copies == {"p": 1, "a": 2}


@given(st.lists(st.sampled_from([PLAIN, SPACED, OTHER, "x = 1", "(", ""]), max_size=12))
def test_nobody_is_lost(codes):
    entrants = candidates(*codes)
    distinct = drop_duplicates(entrants)
    kept = {candidate.id for candidate in distinct.kept}
    assert kept | {r.id for r in distinct.rejected} == {c.id for c in entrants}
    assert sum(distinct.copies.values()) == len(entrants)
    assert drop_duplicates(distinct.kept).kept == distinct.kept
