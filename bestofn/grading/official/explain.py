"""Why an official verdict and strict grading part."""

from __future__ import annotations

from collections.abc import Sequence

from ...types import Outcome
from .verdict import OfficialVerdict

PRELUDE_NAME = "uses a name that only the evaluator's star imports bring"
RECURSION = "recurses deeper than Python's own limit, which the evaluator raises to 50000"
LONG_INTEGERS = "turns integers of more than 4300 digits into text or back"
ONE_PROCESS = "changes something that outlives a test in the evaluator's one process"
TIME = "its time is counted in another way (wall-clock or processor time, per test or in all)"
MEMORY = "needs more memory than strict grading allows"
UNKNOWN = "no known slip explains this"

_STRICT_ERRORS = (
    ("NameError", PRELUDE_NAME),
    ("RecursionError", RECURSION),
    ("ValueError: Exceeds the limit", LONG_INTEGERS),
)


def explain(verdict: OfficialVerdict, outcomes: Sequence[Outcome]) -> str:
    """What makes an upstream evaluator's verdict differ from strict grading.

    Args:
        verdict: The official one.
        outcomes: The strict ones of the same program on the same tests.

    Returns:
        The slips that come into question, joined by ``"; "``; ``UNKNOWN`` if there is none;
        empty where both agree.
    """
    failed = next((outcome for outcome in outcomes if not outcome.passed), None)
    if verdict.passed == (failed is None):
        return ""
    causes = [] if failed is None else _from_strict(failed)
    causes += [slip for slip in verdict.slips if slip not in causes]
    if not causes and failed is None:
        if verdict.code == -3:
            causes.append(TIME)
        elif len(verdict.results) > 1:
            causes.append(ONE_PROCESS)
    return "; ".join(causes) or UNKNOWN


def _from_strict(failed: Outcome) -> list[str]:
    """What the first failure in strict grading tells of a program that passes upstream."""
    if failed.status == "timeout":
        return [TIME]
    if failed.status == "memory":
        return [MEMORY]
    return [slip for start, slip in _STRICT_ERRORS if failed.error.startswith(start)]
