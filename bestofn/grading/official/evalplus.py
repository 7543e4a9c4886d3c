"""EvalPlus' verdict (evalplus/evalplus, HumanEval+ and MBPP+), its slips included.

What differs here: the address space is bounded as in the sandbox (4 GiB unless changed, as
upstream), the stack is not; there is no network; what a program writes to the evaluator's
shared memory before it ends its own process is lost; expected answers are plain data, so that a
reference that returns NumPy arrays is compared as if it returned lists. Time is wall-clock time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ...errors import InvalidInput
from ...sandbox import Executor, Limits
from ...sandbox.inside import values
from ...types import Candidate, Problem, TestCase
from . import running, slips
from .verdict import OfficialVerdict

Dataset = Literal["humaneval", "mbpp"]
MIN_SECONDS, FACTOR, WHOLE_SECONDS = 4.0, 4.0, 60.0
_REFERENCE_BYTES = 256 << 20  # what all the answers of a reference may take
_REFERENCE_SECONDS = 600.0


@dataclass(frozen=True, kw_only=True)
class EvalPlusInputs:
    """One list of inputs with what the reference solution did on them.

    Attributes:
        inputs: The arguments of each call, plain values.
        outputs: What the reference returned for each (for MBPP functions of which only counts
            whether they return something: whether it did).
        seconds: Wall-clock seconds that the reference took for each.

    Raises:
        InvalidInput: the three have different lengths, or hold what is not a plain value.
    """

    inputs: tuple[tuple[Any, ...], ...] = ()
    outputs: tuple[Any, ...] = ()
    seconds: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.inputs) == len(self.outputs) == len(self.seconds):
            raise InvalidInput(
                "EvalPlusInputs", "needs one output and one time for each of its inputs"
            )
        for name in ("inputs", "outputs"):
            for index, value in enumerate(getattr(self, name)):
                _encoded(f"EvalPlusInputs.{name}[{index}]", value)


@dataclass(frozen=True, kw_only=True)
class EvalPlusTests:
    """A problem's inputs.

    Attributes:
        dataset: Whose special rules hold.
        base: The inputs of the original benchmark.
        plus: Those that EvalPlus added; without any, only ``base`` counts.
        atol: The absolute tolerance that the problem names; upstream raises 0 to 1e-6 when it
            meets the first expected float.
    """

    dataset: Dataset
    base: EvalPlusInputs
    plus: EvalPlusInputs = EvalPlusInputs()
    atol: float = 0.0

    def as_calls(self) -> tuple[TestCase, ...]:
        """The same inputs as tests for strict grading, base first."""
        return tuple(
            TestCase(kind="call", input=arguments, expected=output)
            for part in (self.base, self.plus)
            for arguments, output in zip(part.inputs, part.outputs, strict=True)
        )


async def expected(
    reference: str,
    entry_point: str,
    inputs: Sequence[Sequence[Any]],
    sandbox: Executor,
    *,
    dataset: Dataset = "humaneval",
    limits: Limits | None = None,
) -> EvalPlusInputs:
    """What a reference solution answers, and how long it takes, as upstream finds it out.

    Args:
        reference: The whole program: prompt and canonical solution.
        entry_point: The function to call.
        inputs: Arguments of each call, plain values; the reference gets copies.
        sandbox: Where it runs.
        dataset: Whose special rules hold.
        limits: Of memory and files; the sandbox's own when None. Its clocks are not used.

    Raises:
        InvalidInput: the reference fails, or returns something that is not a plain value.
        SandboxError: the sandbox is at fault.
    """
    task = {
        "dataset": dataset,
        "entry_point": entry_point,
        "inputs": [_encoded(f"inputs[{i}]", list(value)) for i, value in enumerate(inputs)],
    }
    bounds = running.clocks(limits or sandbox.limits, _REFERENCE_SECONDS)
    bounds = replace(bounds, output_bytes=max(bounds.output_bytes, _REFERENCE_BYTES))
    execution, report = await running.run(sandbox, "evalplus", reference, task, bounds)
    if report is None:
        raise InvalidInput("reference", running.ending(execution))
    if "error" in report:
        raise InvalidInput("reference", f"fails on {report['error']}")
    for index, data in enumerate(report["outputs"]):
        if values.holds_opaque(data):
            raise InvalidInput(
                "reference", f"returns something that is not a plain value for input {index}"
            )
    return EvalPlusInputs(
        inputs=tuple(map(tuple, inputs)),
        outputs=tuple(map(values.decode, report["outputs"])),
        seconds=tuple(map(float, report["seconds"])),
    )


async def grade(
    problem: Problem,
    candidate: Candidate,
    tests: EvalPlusTests,
    sandbox: Executor,
    *,
    min_seconds: float = MIN_SECONDS,
    limits: Limits | None = None,
) -> OfficialVerdict:
    """What EvalPlus' evaluator says about a program.

    Both lists of inputs are run, each in a process of its own and until its first failure; each
    input may take ``max(min_seconds, 4 times the reference's time)``, a process at most a
    minute.

    Args:
        problem: Names the entry point.
        candidate: The whole program (upstream: prompt and completion, or a solution).
        tests: The inputs.
        sandbox: Where it runs.
        min_seconds: Wall-clock seconds that every input is granted (upstream: 4).
        limits: Of memory and files; the sandbox's own when None. Its clocks are not used.

    Returns:
        ``results`` are those of the base inputs come to, then of the others.

    Raises:
        InvalidInput: the problem names no entry point, or ``min_seconds`` is no time.
        SandboxError: the sandbox is at fault; no verdict follows.
    """
    running.require_python(candidate)
    if problem.entry_point is None:
        raise InvalidInput("Problem.entry_point", "is needed: EvalPlus calls it")
    if not running.positive(min_seconds):
        raise InvalidInput("min_seconds", f"must be a number above 0, got {min_seconds!r}")
    found = list(slips.of_program(candidate.code))
    if slips.reads_stdin(candidate.code):
        found.append(slips.STDIN)
    if slips.uses_taken_away(candidate.code, open_too=True):
        found.append(slips.TAKEN_AWAY)
    passed, results, messages = True, [], []
    for name, part in (("base", tests.base), ("plus", tests.plus)):
        if name == "plus" and not part.inputs:
            continue
        seconds = [max(min_seconds, FACTOR * time) for time in part.seconds]
        task = {
            "dataset": tests.dataset,
            "entry_point": problem.entry_point,
            "inputs": [values.encode(list(arguments)) for arguments in part.inputs],
            "expected": [values.encode(output) for output in part.outputs],
            "seconds": seconds,
            "atol": float(tests.atol),
        }
        # One second on top, and one more that upstream waits for the process.
        whole = min(max(WHOLE_SECONDS, min_seconds), sum(seconds)) + 2
        execution, report = await running.run(
            sandbox,
            "evalplus",
            candidate.code,
            task,
            running.clocks(limits or sandbox.limits, whole),
        )
        if report is None:
            passed = False
            messages.append(f"{name}: {running.ending(execution)}")
            continue
        details = [detail is True for detail in report.get("details") or ()]
        results += details
        if report.get("status") != "pass":
            passed = False
            messages.append(f"{name}, input {len(details) - 1}: {report.get('message', '')}")
        found += running.texts(report, "notes")
        if running.is_true(report, "alarm_touched") or (
            report.get("status") == "pass" and running.is_true(report, "alarm_rang")
        ):
            found.append(slips.ALARM)
    return OfficialVerdict(
        passed=passed,
        results=tuple(results),
        message="; ".join(messages),
        slips=tuple(dict.fromkeys(found)),
    )


def _encoded(name: str, value: Any) -> Any:
    data = values.encode(value)
    if values.holds_opaque(data):
        raise InvalidInput(name, "holds something that is not a plain value")
    return data
