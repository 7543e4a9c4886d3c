"""Upstream evaluators' rules, in the process of the program: the slips are part of the verdict."""

from __future__ import annotations

import importlib
import json
from typing import Any

from .. import reporting

_encode = json.JSONEncoder().encode  # whatever a program does to the module


def run(reporter: reporting.Reporter, program: dict[str, Any]) -> None:
    """Hand program and tests to one set of rules; what it returns is the answer.

    A module of rules has ``grade(source: str, task: dict[str, Any]) -> dict[str, Any]``.
    """
    reporter.report(reporter.next_run(), "ok")
    token = reporter.next_run()
    rules = importlib.import_module(f".{program['rules']}", __package__)
    answer = rules.grade(program["source"], program["task"])
    reporter.report(token, "ok", reuse=False, answer=_encode(answer).encode("ascii"))
