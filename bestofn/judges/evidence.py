"""Looking at candidates: which inputs are made up, and what running them shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from anyio import to_thread

from ..probes import Probe, call_examples, call_probes, text_key
from ..run import Run
from ..sandbox import Limits
from ..types import Candidate, Problem
from .assertions import Assertion, parse_assertions
from .observe import SMALL_LIMITS, Row, answer_key, observe

STRESS_LIMITS = Limits(seconds=4.0, total_seconds=16.0, timeouts=1)
"""Judges allow Python two to six seconds (LiveCodeBench: six), on inputs seldom this bad."""


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Which inputs to make and which claims about answers to use.

    Attributes:
        use_examples: Whether the examples in the statement and in docstrings count as tests
            and as inputs.
        use_generated_tests: Whether ``Problem.generated_tests`` count, likewise.
        small: How many small inputs to make.
        stress: How many large ones.
    """

    use_examples: bool = True
    use_generated_tests: bool = True
    small: int = 40
    stress: int = 4


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What running the candidates showed; rows follow the order of the candidates.

    ``examples`` and ``tests`` are pairs of a small input's number and the key of the answer
    that is right (an example) or claimed to be (a generated test).
    """

    weights: tuple[int, ...]
    small: tuple[Probe, ...]
    small_rows: tuple[Row, ...]
    stress: tuple[Probe, ...]
    stress_rows: tuple[Row, ...]
    examples: tuple[tuple[int, str], ...]
    tests: tuple[tuple[int, str], ...]

    def usable(self) -> list[int]:
        """Numbers of the small inputs that may part groups.

        An input that most programs cannot answer more likely breaks the statement's rules
        than most programs do; those of the statement itself are always kept. Of inputs made
        for a guessed type, the whole family stands or falls together. Programs that answer
        nothing at all have no say.
        """
        return _answerable(self.small, self.small_rows, _voices(self.weights, self.small_rows))

    def keys(self, row: int, usable: Sequence[int]) -> list[str | None]:
        """What a candidate is grouped by: its answers, and on large inputs only answers."""
        small = (self.small_rows[row][number] for number in usable)
        large = (b if b is None or not b.failure else None for b in self.stress_rows[row])
        return [None if b is None else b.key for b in (*small, *large)]

    def passes(self, group: Sequence[int], expected: tuple[int, str]) -> bool | None:
        """Whether a group gives that answer to that input; None if nobody of it was asked."""
        for row in group:
            behaviour = self.small_rows[row][expected[0]]
            if behaviour is not None:
                return behaviour.key == expected[1]
        return None


def _voices(weights: Sequence[int], rows: Sequence[Row]) -> list[int]:
    """The weights of the programs that answer any input; what is broken tells nothing of inputs."""
    answers = [any(behaviour and not behaviour.failure for behaviour in row) for row in rows]
    return [weight * works for weight, works in zip(weights, answers, strict=True)]


def _answerable(probes: Sequence[Probe], rows: Sequence[Row], weights: Sequence[int]) -> list[int]:
    """Numbers of the inputs that are trusted, or on which fewer than half of the programs raise.

    Other failures say nothing of an input: a loop without end is the program's own.
    """
    raised: dict[str, int] = {}
    for number, probe in enumerate(probes):
        key = probe.family or f"#{number}"
        for row, weight in zip(rows, weights, strict=True):
            behaviour = row[number]
            if behaviour is not None:
                sign = 1 if behaviour.failure == "exception" else -1
                raised[key] = raised.get(key, 0) + sign * weight
    return [
        number
        for number, probe in enumerate(probes)
        if probe.trusted or raised.get(probe.family or f"#{number}", 0) < 0
    ]


async def look(problem: Problem, candidates: Sequence[Candidate], run: Run, inputs: Inputs) -> Seen:
    """Run the candidates on examples, generated tests and made-up inputs.

    Raises:
        SandboxError: programs could not be run.
    """
    one_answer = not problem.checker.strip()  # else who answers otherwise may be right too
    examples: list[tuple[tuple[Any, ...], str]] = []
    claimed: list[Assertion] = []
    if problem.entry_point is not None and inputs.use_examples:
        examples = [
            (example.arguments, answer_key(example.expected)) for example in call_examples(problem)
        ]
    if problem.entry_point is not None and inputs.use_generated_tests:
        claimed, _ = parse_assertions(problem.generated_tests, problem.entry_point)
    calls = [test.arguments for test in claimed]
    made = await _make(problem, replace(inputs, stress=0), run.seed, calls)
    small, number_of = _unique(
        [
            *(Probe(input=call, origin="example", trusted=True) for call, _ in examples),
            *(Probe(input=test.arguments, origin="generated test") for test in claimed),
            *_public_inputs(problem),
            *(made or _nothing_to_read(problem)),
        ]
    )
    small_rows = await observe(problem, candidates, small, run, SMALL_LIMITS)
    stress: tuple[Probe, ...] = ()
    if inputs.stress and not run.deadline.over:
        made = await _make(problem, replace(inputs, small=0), run.seed, calls)
        stress = tuple(probe for probe in made if probe.origin == "stress")
    stress_rows = await observe(problem, candidates, stress, run, STRESS_LIMITS)
    weights = tuple(run.copies.get(candidate.id, 1) for candidate in candidates)
    # A large input that most programs cannot answer is no more valid than a small one.
    kept = _answerable(stress, stress_rows, _voices(weights, small_rows))
    return Seen(
        weights=weights,
        small=small,
        small_rows=tuple(small_rows),
        stress=tuple(stress[number] for number in kept),
        stress_rows=tuple(tuple(row[number] for number in kept) for row in stress_rows),
        examples=_expectations(number_of, examples) if one_answer else (),
        tests=_expectations(
            number_of, [(test.arguments, answer_key(test.expected)) for test in claimed]
        )
        if one_answer
        else (),
    )


def _public_inputs(problem: Problem) -> list[Probe]:
    kind = "stdin" if problem.entry_point is None else "call"
    return [
        Probe(input=test.input, origin="public test", trusted=True)
        for test in problem.public_tests
        if test.kind == kind
    ]


def _nothing_to_read(problem: Problem) -> list[Probe]:
    """A program that is given nothing to read may still print something to compare."""
    return [Probe(input="", origin="random")] if problem.entry_point is None else []


async def _make(
    problem: Problem, inputs: Inputs, seed: int, claimed: Sequence[tuple[Any, ...]]
) -> list[Probe]:
    """Make inputs in a thread: large ones take long enough to hold up an event loop."""
    make: Callable[..., list[Probe]]
    if problem.entry_point is None:
        from ..probes.stdin.make import stdin_probes  # its numpy takes longer than all the rest

        make = partial(stdin_probes, problem)
    else:
        make = partial(call_probes, problem, use_examples=inputs.use_examples, extra_calls=claimed)
    return await to_thread.run_sync(
        partial(make, seed=seed, small=inputs.small, stress=inputs.stress)
    )


def _unique(probes: Sequence[Probe]) -> tuple[tuple[Probe, ...], dict[str, int]]:
    """Each input once, the first (most trusted) origin kept, and where each one stands."""
    first: dict[str, Probe] = {}
    for probe in probes:
        first.setdefault(text_key(probe.input), probe)
    return tuple(first.values()), {text: number for number, text in enumerate(first)}


def _expectations(
    number_of: dict[str, int], answers: Sequence[tuple[object, str]]
) -> tuple[tuple[int, str], ...]:
    return tuple(dict.fromkeys((number_of[text_key(input)], key) for input, key in answers))
