"""LiveCodeBench's recorded verdicts, on the tests that are known, and the official ones.

What is known of a program's tests: the examples of its problem's statement, which are the first
of the tests that upstream ran, and the one test that it failed, where the record holds its text
uncut. So for each recorded program the results on the known tests are known one by one:

* recorded right: it passes all examples;
* it failed at an example: it passes those before, and fails that one with the recorded code;
* it failed at a later test that is known: it passes all examples and fails that one so;
* it failed at a later test that is not known: it passes all examples;
* it failed before any test: likewise.

The files were graded before May 2025, with the evaluator's revision of January.
"""

from __future__ import annotations

import ast
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest

from bestofn.benchmarks.livecodebench import read_problems
from bestofn.grading.official import OfficialVerdict, livecodebench
from bestofn.sandbox import Sandbox
from bestofn.sandbox.inside.official import lcb_slips
from bestofn.types import Candidate, Problem, TestCase

pytestmark = pytest.mark.anyio

KINDS = (
    "right",
    "failed an example",
    "failed a known test",
    "failed an unknown test",
    "before any test",
    "process ended",
)
MODELS = ("o1-mini", "o1-preview")
CUT = "...(truncated) ..."

# What a record says of the machine it was made on, or of luck, by model and problem.
SPEED = "was too slow by the time of one machine on a test that is known"
SLOW = {
    "o1-mini": "3406 3563 abc301_e abc361_f",
    "o1-preview": "3406 abc361_f",
}
OWN_STDIN = "reads descriptor 0, which was no empty file where the record was made, but a wait"
WAITED = {"o1-mini": "abc315_b abc349_a abc365_b", "o1-preview": "abc301_b abc349_a"}
CHANGED = "changes its input: the record shows what became of it, which is an example to begin with"
CHANGERS = {"o1-preview": "3382"}
THREADS = "starts a thread and does not wait for it: what it prints in time is a matter of luck"
STARTERS = {
    "o1-mini": """
    abc304_d abc331_d abc333_e abc341_f abc362_d abc365_e abc368_f abc368_g
    """,
    "o1-preview": """
    1883_C 1899_B 3532 3631 abc301_e abc301_f abc302_d abc302_e abc302_f abc303_c abc303_d
    abc303_e abc304_d abc305_e abc306_e abc308_f abc310_d abc312_f abc314_c abc314_e abc315_e
    abc315_f abc318_c abc318_e abc319_c abc320_e abc323_d abc324_c abc324_e abc324_f abc325_c
    abc325_e abc326_c abc326_d abc327_d abc329_d abc329_e abc329_f abc330_e abc331_d abc333_d
    abc334_d abc335_c abc337_d abc338_d abc339_d abc340_e abc341_b abc341_c abc341_d abc341_f
    abc342_c abc342_d abc344_e abc345_d abc346_c abc347_c abc348_d abc348_e abc349_e abc350_d
    abc350_e abc351_f abc352_b abc352_e abc353_c abc353_e abc354_e abc355_d abc356_e abc359_e
    abc360_d abc360_e abc361_c abc362_c abc362_d abc362_e abc363_d abc364_e abc365_d abc365_e
    abc367_e abc367_f abc368_c abc368_d abc368_e abc368_f abc368_g abc369_c abc369_d abc369_e
    abc371_c abc372_c abc372_d abc372_f abc373_f abc373_g abc374_c abc374_e abc374_f abc375_e
    abc375_f abc377_e abc377_f abc378_d abc378_g abc379_c abc380_c abc380_d abc382_f abc382_g
    abc383_c abc383_d abc384_e abc385_f abc386_c abc386_d abc386_e arc181_b arc182_c arc182_d
    arc183_a arc183_c arc185_e arc186_b arc187_b arc189_a
    """,
}


def listed(ids: dict[str, str], reason: str) -> dict[tuple[str, str], str]:
    return {(model, name): reason for model in ids for name in ids[model].split()}


INHERENT = (
    listed(SLOW, SPEED)
    | listed(WAITED, OWN_STDIN)
    | listed(CHANGERS, CHANGED)
    | listed(STARTERS, THREADS)
)


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One program, what is known of its tests, and what came of them."""

    model: str
    problem: Problem
    code: str
    kind: str
    tests: tuple[TestCase, ...]
    results: tuple[bool | int, ...]
    error: int | None

    @property
    def key(self) -> tuple[str, str]:
        return self.model, self.problem.id


def shown(text: str) -> str:
    """A text as records hold it."""
    return text if len(text) <= 300 else text[:150] + CUT + text[-150:]


def input_shown(test: TestCase) -> set[str]:
    """What a record may show of a test's input; newer problems' texts are stripped there."""
    if test.kind == "call":
        return {shown(str(list(test.input)))}
    return {shown(test.input), shown(test.input.strip())}


def known_test(metadata: dict[str, Any], examples: tuple[TestCase, ...]) -> TestCase | None:
    """The test that a program failed, if its text is whole."""
    given, wanted = metadata["inputs"], metadata["expected"]
    if CUT in given or CUT in wanted:
        return None
    if examples[0].kind == "stdin":
        return TestCase(kind="stdin", input=given, expected=wanted)
    is_text = isinstance(examples[0].expected, str)
    if "inf" in given:  # put there by the program: the record shows what it made of its input
        return None
    return TestCase(
        kind="call",
        input=tuple(ast.literal_eval(given)),
        expected=wanted if is_text else ast.literal_eval(wanted),
    )


def recorded(model: str, problem: Problem, row: dict[str, Any]) -> Recorded:
    examples = problem.public_tests
    metadata = json.loads(row["metadata"][0])
    code = None if row["graded_list"][0] else int(metadata["error_code"])
    passed: tuple[bool | int, ...] = (True,) * len(examples)
    # A call that gives a wrong value is listed as False, other failures as their code.
    failed = False if code == -2 and examples[0].kind == "call" else code
    tests, results, error = examples, passed, None
    if row["graded_list"][0]:
        kind = "right"
    elif "inputs" not in metadata:
        kind = "before any test" if code == -4 else "process ended"
        results, error = ((-4,), -4) if code == -4 else ((-2,), -5)
    else:
        assert failed is not None
        where = [i for i, test in enumerate(examples) if metadata["inputs"] in input_shown(test)]
        if where:
            kind = "failed an example"
            results, error = (*passed[: where[0]], failed), code
        elif extra := known_test(metadata, examples):
            kind = "failed a known test"
            tests, results, error = (*examples, extra), (*passed, failed), code
        else:
            kind = "failed an unknown test"
    return Recorded(
        model=model,
        problem=problem,
        code=row["code_list"][0],
        kind=kind,
        tests=tests,
        results=results,
        error=error,
    )


@pytest.fixture(scope="module")
def records() -> list[Recorded]:
    folder = Path(__file__).resolve().parents[5] / "shared" / "data" / "livecodebench"
    if not folder.is_dir():
        pytest.skip("the recorded programs (../shared/data/livecodebench) are not beside this")
    entries = {
        entry.problem.id: entry.problem for entry in read_problems(folder / "problems.jsonl")
    }
    found = []
    for model in MODELS:
        path = folder / model / "Scenario.codegeneration_1_0.2_eval_all.json"
        for row in json.loads(path.read_text(encoding="utf-8")):
            found.append(recorded(model, entries[row["question_id"]], row))
    return found


async def test_every_record_is_met(records: list[Recorded], sandbox: Sandbox) -> None:
    verdicts: dict[tuple[str, str], OfficialVerdict] = {}
    at_once = anyio.Semaphore(2 * sandbox.workers)

    async def grade(record: Recorded) -> None:
        # A slow program must be given up when upstream gave it up; others have all the time.
        seconds = 6 if record.error == -3 else 60
        async with at_once:
            verdicts[record.key] = await livecodebench.grade(
                record.problem,
                Candidate(id="recorded", code=record.code),
                record.tests,
                sandbox,
                seconds=seconds,
                revision="2025-01",
            )

    async with anyio.create_task_group() as group:
        for record in records:
            group.start_soon(grade, record)
    met: Counter[str] = Counter()
    excused: Counter[str] = Counter()
    unmet: dict[tuple[str, str], str] = {}
    for record in records:
        verdict = verdicts[record.key]
        # The record has a code but no list of results, and a call whose value cannot be shown
        # is listed as False before its code: the count of tests passed before is what is known.
        if (before(verdict.results), verdict.code) == (before(record.results), record.error):
            met[record.kind] += 1
            continue
        reason = INHERENT.get(record.key, "")
        if reason and as_expected_of(reason, verdict):
            excused[reason] += 1
            continue
        unmet[record.key] = (
            f"{record.kind}: {record.results} {record.error}, but {verdict.results} "
            f"{verdict.code}: {verdict.message} {verdict.slips} {reason}"
        )
    print(f"\n{met.total()} of {len(records)} as recorded: {dict(met)}; excused: {dict(excused)}")
    assert not unmet, "\n".join(f"{key}: {text}" for key, text in unmet.items())
    assert met.keys() == set(KINDS)
    assert met.total() + excused.total() == len(records) == 842
    # Luck and machines may excuse those that are listed; most are as recorded all the same.
    assert met.total() >= len(records) - len(INHERENT)


def before(results: tuple[bool | int, ...]) -> int:
    """Tests passed before the first failure."""
    return next((i for i, result in enumerate(results) if result is not True), len(results))


def as_expected_of(reason: str, verdict: OfficialVerdict) -> bool:
    """Whether a verdict that is not the recorded one can come from a reason."""
    if reason == OWN_STDIN:
        return verdict.code == -4 and lcb_slips.DESCRIPTOR_0 in verdict.slips
    if reason == THREADS:
        return verdict.code == -2 or verdict.passed
    if reason == SPEED:
        return verdict.code in (None, -2, -3)  # slower here at an earlier test, or faster
    return verdict.code == -2 and verdict.results[0] is False
