"""What an upstream evaluator says about one program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Rules = Literal["livecodebench", "humaneval", "evalplus", "bigcodebench"]


@dataclass(frozen=True, kw_only=True)
class OfficialVerdict:
    """The verdict that the upstream evaluator gives, its slips included.

    Attributes:
        passed: Whether it counts as solved.
        results: What the evaluator lists for each test it came to, in its own terms
            (LiveCodeBench: True, False, or a negative code).
        code: The evaluator's error code, where it has one (LiveCodeBench: -1 to -5).
        message: What it says about the failure, in our words.
        slips: What about the program meets a known slip of the evaluator: where strict grading
            says otherwise, these are the reasons to look at. Short, stable sentences, such as
            ``reads sys.stdin by iteration``.
    """

    passed: bool
    results: tuple[bool | int, ...] = ()
    code: int | None = None
    message: str = ""
    slips: tuple[str, ...] = ()
