"""Level ``unsafe``: only when asked for, only honest programs, the same answers."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bestofn import Candidate, Problem, TestCase, aselect
from bestofn.errors import InvalidInput, SandboxUnavailable
from bestofn.grading import grade
from bestofn.sandbox import CallJob, CheckJob, Level, Limits, Sandbox, StdinJob, UnittestJob

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def unsafe(anyio_backend: str) -> AsyncIterator[Sandbox]:
    limits = Limits(seconds=30, wall_seconds=60)
    async with Sandbox(workers=2, limits=limits, unsafe=True) as sandbox:
        yield sandbox


async def test_it_says_so(unsafe: Sandbox) -> None:
    await unsafe.execute(StdinJob(source="", inputs=("",)))
    assert unsafe.level is Level.UNSAFE
    assert "asked for" in unsafe.missing[0]


def test_it_cannot_be_required_away() -> None:
    with pytest.raises(InvalidInput, match="unsafe"):
        Sandbox(unsafe=True, require="light")
    with pytest.raises(InvalidInput, match="full, light, basic, unsafe, got 'best'"):
        Sandbox(require="best")


async def test_programs_read_and_print(unsafe: Sandbox) -> None:
    job = StdinJob(
        source="import sys\nprint(int(input()) + 1)\nsys.exit(int(input() or 0))",
        inputs=("1\n0", "2\n\n", "41\n3", "x"),
    )
    got = await unsafe.execute(job)
    assert [(each.status, each.stdout) for each in got] == [
        ("ok", "2\n"),
        ("ok", "3\n"),
        ("exit", "42\n"),
        ("exception", ""),
    ]
    assert got[3].error.startswith("ValueError: ")


async def test_endings(unsafe: Sandbox) -> None:
    async def run(source: str, limits: Limits | None = None) -> tuple[str, str]:
        (got,) = await unsafe.execute(StdinJob(source=source, inputs=("",)), limits=limits)
        return got.status, got.stdout

    assert await run("import os\nos.write(1, b'x')\nos._exit(0)") == ("ok", "x")
    assert (await run("import os\nos._exit(3)"))[0] == "exit"
    assert (await run("import os\nos.abort()"))[0] == "crash"
    assert (await run("x = "))[0] == "exception"
    small = Limits(seconds=1, wall_seconds=1)
    assert (await run("while True: pass", small))[0] == "timeout"
    assert await run("print('a' * 100)", Limits(output_bytes=10)) == ("output", "a" * 10)


async def test_functions_and_tests(unsafe: Sandbox) -> None:
    double = "def f(x):\n    return x * 2\n"
    calls = CallJob(source=double, entry_point="f", calls=((1,), ("a",), ({1, 2},)))
    got = await unsafe.execute(calls)
    assert [(each.status, each.value) for each in got[:2]] == [("ok", 2), ("ok", "aa")]
    assert got[2].status == "exception"
    checks = ("def check(c):\n    assert c(2) == 4", "def check(c):\n    assert c(2) == 5")
    checked = await unsafe.execute(
        CheckJob(source=double, entry_point="f", setup="", checks=checks)
    )
    assert [each.status for each in checked] == ["ok", "exception"]
    tests = "import unittest\nclass T(unittest.TestCase):\n    def test_f(self):\n        "
    for assertion, status in (("self.assertEqual(f(1), 2)", "ok"), ("self.fail()", "exception")):
        (one,) = await unsafe.execute(UnittestJob(source=double, tests=tests + assertion))
        assert one.status == status


async def test_nothing_is_left_and_the_environment_is_not_seen(
    unsafe: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SECRET_KEY", "k")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    source = "import os\nopen('left', 'w').write('x')\nprint('SECRET_KEY' in os.environ)"
    (got,) = await unsafe.execute(StdinJob(source=source, inputs=("",)))
    assert got.stdout == "False\n"
    assert os.listdir(tmp_path) == []


async def test_checks_are_marked_as_sharing_a_process(unsafe: Sandbox) -> None:
    problem = Problem(
        statement="double",
        entry_point="f",
        public_tests=[TestCase(kind="assertion", input="assert f(1) == 2")],
    )
    candidate = Candidate(id="a", code="def f(x):\n    return x * 2\n")
    (outcome,) = await grade(problem, candidate, problem.public_tests, unsafe)
    assert outcome.passed
    assert outcome.tamper_evident


async def test_select_works_and_reports_the_level() -> None:
    problem = Problem(
        statement="Print N + 1.",
        public_tests=[TestCase(kind="stdin", input="1\n", expected="2\n")],
    )
    programs = ["print(int(input()))", "print(int(input()) + 1)"]
    async with Sandbox(unsafe=True) as sandbox:
        selection = await aselect(problem, programs, sandbox=sandbox)
    assert selection.best.code == programs[1]
    assert selection.evidence.isolation == "unsafe"


async def test_other_languages_are_refused(unsafe: Sandbox) -> None:
    with pytest.raises((SandboxUnavailable, InvalidInput)):
        await unsafe.execute(StdinJob(source="", inputs=("",), language="cpp"))


async def test_the_total_time_ends_a_run(unsafe: Sandbox) -> None:
    job = StdinJob(source="import time\ntime.sleep(1000)", inputs=("", ""))
    limits = Limits(seconds=60, wall_seconds=120, total_seconds=1)
    assert [each.status for each in await unsafe.execute(job, limits=limits)] == ["not_run"] * 2
