from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestofn import BestOfNError, Candidate, InvalidInput, Limits, Problem, TestCase, Usage


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Problem(statement=""), "Problem.statement"),
        (lambda: Problem(statement=" \n"), "Problem.statement"),
        (lambda: Problem(statement=3), "Problem.statement"),
        (lambda: Problem(statement="x", id=""), "Problem.id"),
        (lambda: Problem(statement="x", title=None), "Problem.title"),
        (lambda: Problem(statement="x", entry_point="not a name"), "Problem.entry_point"),
        (lambda: Problem(statement="x", public_tests="1 2"), "Problem.public_tests"),
        (lambda: Problem(statement="x", public_tests=None), "Problem.public_tests"),
        (lambda: Limits(seconds="3"), "Limits.seconds"),
        (lambda: Limits(threads=0), "Limits.threads"),
        (lambda: Problem(statement="x", public_tests=["1 2"]), "Problem.public_tests[0]"),
        (lambda: Problem(statement="x", generated_tests="assert 1"), "Problem.generated_tests"),
        (lambda: Problem(statement="x", generated_tests=["ok", 3]), "Problem.generated_tests[1]"),
        (lambda: Problem(statement="x", tolerance=-1e-6), "Problem.tolerance"),
        (lambda: Problem(statement="x", tolerance=float("nan")), "Problem.tolerance"),
        (lambda: Problem(statement="x", tolerance=float("inf")), "Problem.tolerance"),
        (lambda: Problem(statement="x", tolerance="1e-6"), "Problem.tolerance"),
        (lambda: Problem(statement="x", tolerance=True), "Problem.tolerance"),
        (lambda: Problem(statement="x", tolerance=None), "Problem.tolerance"),
        (lambda: Problem(statement="x", checker=None), "Problem.checker"),
        (lambda: Problem(statement="x", checker="def check("), "Problem.checker"),
        (lambda: Candidate(id="", code="x"), "Candidate.id"),
        (lambda: Candidate(id="a", code=b"x"), "Candidate.code"),
        (lambda: Candidate(id="a", code="x", kind="poem"), "Candidate.kind"),
        (lambda: TestCase(kind="exam", input=""), "TestCase.kind"),
        (lambda: TestCase(kind="stdin", input="1"), "TestCase.expected"),
        (lambda: TestCase(kind="call", input="12", expected=3), "TestCase.input"),
        (lambda: TestCase(kind="assertion", input="assert ("), "TestCase.input"),
        (lambda: TestCase(kind="unittest", input=""), "TestCase.input"),
    ],
)
def test_bad_input_names_the_field(make, field):
    with pytest.raises(InvalidInput) as caught:
        make()
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")
    assert isinstance(caught.value, BestOfNError | ValueError)


def test_function_tests_need_an_entry_point():
    for test in (
        TestCase(kind="call", input=[1], expected=1),
        TestCase(kind="assertion", input="assert f(1) == 1"),
    ):
        with pytest.raises(InvalidInput, match=r"Problem\.entry_point"):
            Problem(statement="x", public_tests=[test])
        assert Problem(statement="x", entry_point="f", public_tests=[test]).public_tests == (test,)


def test_nouns_are_frozen_and_keyword_only():
    problem = Problem(statement="x")
    with pytest.raises(dataclasses.FrozenInstanceError):
        problem.statement = "y"  # type: ignore[misc]
    with pytest.raises(TypeError):
        Problem("x")  # type: ignore[misc]


counts = st.integers(min_value=0, max_value=10**9)
usages = st.builds(
    Usage, calls=counts, input_tokens=counts, output_tokens=counts, dollars=st.just(0.5)
)


@given(usages, usages, usages)
def test_usage_adds_up(a, b, c):
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a + Usage() == a
