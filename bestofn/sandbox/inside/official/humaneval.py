"""The rules of HumanEval's evaluator (openai/human-eval, ``execution.py``).

Prompt, completion, tests and the call of ``check`` are one text, executed once under an alarm;
whatever it raises, ``SystemExit`` included, is a failure. The first entry of a list that the
program can reach through frames decides.
"""

from __future__ import annotations

import sys
from typing import Any

from .. import harness
from .surroundings import Alarm, TimeIsOver, take_functions_away, unreadable_streams

_FRAMES_UPSTREAM = 13  # a pool's thread, a new process, the evaluator
_PASSED = "passed"


def grade(source: str, task: dict[str, Any]) -> dict[str, Any]:
    """Execute a program with its tests.

    Args:
        source: Prompt and completion.
        task: ``test``, ``entry_point`` and ``seconds`` for the alarm.

    Returns:
        ``passed``, ``timed_out``, ``message``; ``alarm_rang`` and ``alarm_touched``, as far as
        the program let it be seen.
    """
    result: list[Any] = []
    alarm = Alarm()
    take_functions_away(without_open=False)
    sys.setrecursionlimit(harness.frame_depth() + 1000 - _FRAMES_UPSTREAM + 1)
    _execute({"prompt": "", **task}, source, task["seconds"], result, alarm)
    verdict = result[0]
    return {
        "passed": type(verdict) is str and verdict == _PASSED,
        "timed_out": isinstance(verdict, TimeIsOver),
        "message": harness.describe(verdict) if isinstance(verdict, BaseException) else "",
        "alarm_rang": alarm.rang,
        "alarm_touched": alarm.touched,
    }


def _execute(
    problem: dict[str, Any], completion: str, timeout: float, result: list[Any], alarm: Alarm
) -> None:
    # The frame that a program finds above its own has upstream's names in it.
    check_program = (
        f"{problem['prompt']}{completion}\n{problem['test']}\ncheck({problem['entry_point']})"
    )
    exec_globals: dict[str, Any] = {}
    try:
        with unreadable_streams(), alarm.limit(timeout):
            # As text to exec, but without what this module imports from the future.
            exec(compile(check_program, "<string>", "exec", dont_inherit=True), exec_globals)
        result.append(_PASSED)
    except BaseException as error:
        result.append(error)
