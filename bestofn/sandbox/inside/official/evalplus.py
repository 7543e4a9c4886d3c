"""The rules of EvalPlus' evaluator (evalplus/evalplus, ``eval/__init__.py``).

The program is executed once without an alarm, then its function is called with each input
under one, in the same process, until an answer is wrong. Answers are compared in the frame
that the program is called from. The tolerance is set for good by the first expected answer
that is a float, or a non-empty list or tuple of floats, and from then on also holds for what
is no float.
"""

from __future__ import annotations

import math
import sys
import time
from types import SimpleNamespace
from typing import Any

from .. import harness, values
from .surroundings import Alarm, take_functions_away, unreadable_streams
from .tolerance import close

NOT_NONE = frozenset({"check_str", "text_match_three", "text_starta_endb"})
"""MBPP functions of which only counts whether they return something."""
SAME_SET = frozenset(
    {
        "similar_elements",
        "find_char_long",
        "common_in_nested_lists",
        "extract_singly",
        "larg_nnum",
        "intersection_array",
        "find_dissimilar",
        "Diff",
    }
)
"""MBPP functions whose answer may come in any order and number."""

_FRAMES_UPSTREAM = 30  # command line, pool of processes, a new process, the evaluator
_TOLERANCE, _RELATIVE = 1e-6, 1e-7
_PASS, _FAIL = "pass", "fail"
NEAR = "right only within the evaluator's tolerance"
NEAR_WHOLE = "a whole number that is off passes within the tolerance"
ORACLE = "accepted by a special oracle of the entry point"
OTHER_TYPE = "returns another type than the reference"
NOT_A_NUMBER = "answers nan, which equals nothing, where the reference does"
CHANGED = "changes the arguments that the oracle reads"


def grade(source: str, task: dict[str, Any]) -> dict[str, Any]:
    """Check a program, or run a reference solution.

    Args:
        source: The whole program.
        task: ``entry_point``, ``dataset`` (``humaneval`` or ``mbpp``), ``inputs`` as tagged
            values. To check also ``expected`` (tagged values), ``seconds`` (for each input)
            and ``atol``.

    Returns:
        When checking ``status`` (``pass``, ``fail``), ``details`` for the inputs it came to,
        ``message`` and ``notes``; else ``outputs`` (tagged values) and ``seconds``, or ``error``.
    """
    inputs = [values.decode(data) for data in task["inputs"]]
    if "expected" not in task:
        return _run_reference(source, task["entry_point"], inputs, task["dataset"])
    expected = [values.decode(data) for data in task["expected"]]
    stat = SimpleNamespace(value=_FAIL)
    details = [False] * len(inputs)
    progress = SimpleNamespace(value=0)
    notes: dict[str, Any] = {"alarm": Alarm(), "seen": set(), "message": ""}
    take_functions_away(without_open=True)
    sys.setrecursionlimit(harness.frame_depth() + 1000 - _FRAMES_UPSTREAM + 1)
    _execute(
        task["dataset"],
        task["entry_point"],
        source,
        inputs,
        expected,
        task["seconds"],
        task["atol"],
        stat,
        details,
        progress,
        notes,
    )
    made = [bool(detail) for detail in details[: progress.value]]
    passed = stat.value == _PASS and len(made) == len(inputs) and all(made)
    return {
        "status": _PASS if passed else _FAIL,
        "details": made,
        "message": notes["message"],
        "notes": sorted(notes["seen"]),
        "alarm_rang": notes["alarm"].rang,
        "alarm_touched": notes["alarm"].touched,
    }


def _execute(
    dataset: str,
    entry_point: str,
    code: str,
    inputs: list[Any],
    expected: list[Any],
    time_limits: list[float],
    atol: float,
    stat: SimpleNamespace,
    details: list[bool],
    progress: SimpleNamespace,
    notes: dict[str, Any],
) -> None:
    # The frame that a program finds above its own has upstream's names in it.
    exec_globals: dict[str, Any] = {}
    try:
        with unreadable_streams():
            exec(compile(code, "<string>", "exec", dont_inherit=True), exec_globals)
            fn = exec_globals[entry_point]
        for i, inp in enumerate(inputs):
            try:
                notes["answer"] = None
                before = repr(inp) if entry_point == "find_zero" else ""
                with notes["alarm"].limit(time_limits[i]), unreadable_streams():
                    out = fn(*inp)
                exp = expected[i]
                notes["answer"] = out
                exact = out == exp
                if dataset == "mbpp":
                    exact = _by_oracle(entry_point, exact, out, exp, inp, atol, notes["seen"])
                elif entry_point == "find_zero":
                    if before != repr(inp):
                        notes["seen"].add(CHANGED)
                    assert abs(_polynomial(inp, out)) <= atol
                    details[i] = True
                    progress.value += 1
                    if not exact:
                        notes["seen"].add(ORACLE)
                    continue
                if atol == 0 and _are_floats(exp):
                    atol = _TOLERANCE
                if not exact and atol != 0:
                    assert type(out) is type(exp)
                    assert not isinstance(exp, list | tuple) or len(out) == len(exp)
                    assert close(out, exp, relative=_RELATIVE, absolute=atol)
                    notes["seen"].add(NEAR if _are_floats(exp) else NEAR_WHOLE)
                else:
                    assert exact
            except BaseException:
                notes["seen"] |= _why(notes["answer"], expected[i])
                details[i] = False
                progress.value += 1
                raise
            details[i] = True
            progress.value += 1
        stat.value = _PASS
    except BaseException as error:
        stat.value = _FAIL
        notes["message"] = harness.describe(error)


def _why(out: Any, exp: Any) -> set[str]:
    """What about a wrong answer could be right elsewhere."""
    if type(out) is float and type(exp) is float and math.isnan(out) and math.isnan(exp):
        return {NOT_A_NUMBER}
    return {OTHER_TYPE} if out is not None and type(out) is not type(exp) else set()


def _are_floats(value: Any) -> bool:
    if isinstance(value, float):
        return True
    if isinstance(value, list | tuple):
        return bool(value) and all(isinstance(item, float) for item in value)
    return False


def _by_oracle(
    entry_point: str, exact: Any, out: Any, exp: Any, inp: Any, atol: float, seen: set[str]
) -> Any:
    """What counts as equal for MBPP functions with more than one right answer."""
    accepted = exact
    if entry_point == "are_equivalent":
        accepted = exact or True
    elif entry_point == "sum_div":
        accepted = exact or out == 0
    elif entry_point == "surface_Area":
        accepted = exact or abs(out - _pyramid_surface(*inp)) <= atol
    elif entry_point == "digit_distance_nums":
        accepted = exact or out == _digit_distance(*inp)
    elif entry_point in SAME_SET:
        accepted = set(out) == set(exp)
    elif entry_point in NOT_NONE:
        accepted = (out if isinstance(out, bool) else out is not None) == exp
    if entry_point not in NOT_NONE and accepted and not exact:
        seen.add(ORACLE)
    return accepted


def _polynomial(arguments: list[Any], x: Any) -> Any:
    """A polynomial at ``x``; its coefficients, lowest first, are the only argument."""
    return sum([factor * math.pow(x, power) for power, factor in enumerate(*arguments)])


def _pyramid_surface(edge: float, height: float) -> int:
    """The surface of a square pyramid whose height is that of its tip above the base."""
    slant = math.sqrt((edge / 2) ** 2 + height**2)
    return round(edge**2 + 4 * (edge * slant) / 2)


def _digit_distance(first: int, second: int) -> int:
    """The sum of the differences of digits, the shorter number filled with zeros in front."""
    width = max(len(str(first)), len(str(second)))
    pairs = zip(str(first).zfill(width), str(second).zfill(width), strict=True)
    return sum(abs(int(one) - int(other)) for one, other in pairs)


def _run_reference(code: str, entry_point: str, inputs: list[Any], dataset: str) -> dict[str, Any]:
    import copy

    outputs: list[Any] = []
    seconds: list[float] = []
    try:
        exec_globals: dict[str, Any] = {}
        with unreadable_streams():
            exec(compile(code, "<string>", "exec", dont_inherit=True), exec_globals)
            function = exec_globals[entry_point]
            for arguments in inputs:
                own = copy.deepcopy(arguments)
                began = time.perf_counter()
                answer = function(*own)
                seconds.append(time.perf_counter() - began)
                kept = answer is not None if _only_not_none(dataset, entry_point) else answer
                outputs.append(values.encode(kept))
    except BaseException as error:
        return {"error": f"input {len(outputs)}: {harness.describe(error)}"}
    return {"outputs": outputs, "seconds": seconds}


def _only_not_none(dataset: str, entry_point: str) -> bool:
    return dataset == "mbpp" and entry_point in NOT_NONE
