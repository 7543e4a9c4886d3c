"""What was seen when candidates were run, as text for a judge. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ..grading import shorten
from ..run import Run
from ..types import Candidate, Outcome
from .groups import Grouping, telling_inputs

Evidence = Literal["none", "tests", "behaviour"]

FAILURES_SHOWN = 3
"""Public tests of one candidate of which the failure is told."""


INPUTS_SHOWN = 4
"""Inputs on which two candidates part that are told; of more candidates some more."""


def findings(
    shown: Sequence[Candidate], evidence: Evidence, run: Run, grouping: Grouping | None
) -> str:
    """What is known of these candidates by running them, in the order shown.

    Args:
        shown: The candidates that are compared.
        evidence: ``none``; ``tests`` for the public tests; ``behaviour`` for these and for inputs
            on which the candidates part.
        run: Holds the outcomes of the public tests.
        grouping: The embedded judge's observations, if there are any.
    """
    if evidence == "none":
        return ""
    parts = [_tests(shown, run)]
    if evidence == "behaviour" and grouping is not None:
        parts.append(_partings(shown, grouping))
    return "\n\n".join(part for part in parts if part)


def _tests(shown: Sequence[Candidate], run: Run) -> str:
    lines = []
    for number, candidate in enumerate(shown, 1):
        outcomes = run.public_tests.get(candidate.id, ())
        known = [o for o in outcomes if o.status not in ("not_run", "sandbox_fault")]
        if known:
            passed = sum(outcome.passed for outcome in known)
            lines.append(f"- Solution {number} passed {passed} of {len(known)}.")
            failed = [n for n, o in enumerate(outcomes, 1) if o in known and not o.passed]
            lines += [f"  Test {n}: {_failure(outcomes[n - 1])}" for n in failed[:FAILURES_SHOWN]]
    return "\n".join(["On the public tests:", *lines]) if lines else ""


def _failure(outcome: Outcome) -> str:
    if outcome.status == "wrong":
        return f"wrong answer: {shorten(outcome.output) or '(nothing)'}"
    return f"{outcome.status}: {shorten(outcome.error)}" if outcome.error else outcome.status


def _partings(shown: Sequence[Candidate], grouping: Grouping) -> str:
    row_of = {candidate.id: row for row, candidate in enumerate(grouping.candidates)}
    rows = [row_of[candidate.id] for candidate in shown]
    # Each way to part is reported once, and two candidates part in one way only: several inputs
    # come from looking at several parts of them.
    splits = [
        split
        for start in range(INPUTS_SHOWN)
        for split in telling_inputs(
            shown,
            [grouping.weights[row] for row in rows],
            grouping.probes[start::INPUTS_SHOWN],
            [grouping.rows[row][start::INPUTS_SHOWN] for row in rows],
        )
    ]
    if not splits:
        return "No input was found on which the solutions differ."
    splits.sort(key=lambda split: (split.origin == "stress", len(split.input)))
    number_of = {candidate.id: number for number, candidate in enumerate(shown, 1)}
    lines = ["Inputs on which the solutions differ:"]
    for split in splits[: INPUTS_SHOWN * (len(shown) - 1)]:
        lines.append(f"- Input: {split.input or '(empty)'}")
        answers = sorted(
            (number_of[id], answer) for answer, members in split.answers for id in members
        )
        lines += [f"  Solution {number}: {shorten(answer)}" for number, answer in answers]
    return "\n".join(lines)
