# ruff: noqa: E501 - programs stay readable on their own lines
"""Programs in other languages: compiled, run, graded, chosen among."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bestofn import (
    Candidate,
    ConsensusJudge,
    InvalidInput,
    Problem,
    SandboxUnavailable,
    TestCase,
    aselect,
)
from bestofn.filters import drop_duplicates
from bestofn.grading import grade
from bestofn.judges import Inputs
from bestofn.judges.showing import Showing
from bestofn.judges.templates import builtin_template
from bestofn.sandbox import (
    CPP,
    JAVASCRIPT,
    Execution,
    Limits,
    Runtime,
    Sandbox,
    StdinJob,
    add_runtime,
    languages,
    runtime_named,
    runtimes,
)

pytestmark = pytest.mark.anyio
needs_cpp = pytest.mark.skipif(
    shutil.which("g++") is None, reason=f"no C++ here: install {CPP.install}"
)
needs_node = pytest.mark.skipif(
    shutil.which("node") is None, reason=f"no JavaScript here: install {JAVASCRIPT.install}"
)
BOTH = [pytest.param("cpp", marks=needs_cpp), pytest.param("javascript", marks=needs_node)]

SHELL = Runtime(name="test-shell", source_file="program.sh", run_command=("sh", "program.sh"))
add_runtime(SHELL)

ADD = {
    "cpp": '#include <cstdio>\nint main() { long a, b; scanf("%ld%ld", &a, &b); printf("%ld\\n", a + b); }',
    "javascript": "const [a, b] = require('fs').readFileSync(0, 'utf8').split(/\\s+/).map(Number);\nconsole.log(a + b);",
}
SUBTRACT = {language: source.replace("a + b", "a - b") for language, source in ADD.items()}
ECHO = {
    "cpp": "#include <cstdio>\nint main() { int c; while ((c = getchar()) != EOF) putchar(c); }",
    "javascript": "process.stdin.on('data', part => process.stdout.write(part));",
}
CRASH = {"cpp": "int main() { return *(volatile int *)0; }", "javascript": "null.call();"}
C = "#include <cstdio>\n#include <cstdlib>\n#include <fcntl.h>\n#include <signal.h>\n#include <unistd.h>\n"


async def run(
    sandbox: Sandbox, language: str, source: str, *inputs: str, limits: Limits | None = None
) -> list[Execution]:
    job = StdinJob(source=source, inputs=inputs or ("",), language=language)
    return await sandbox.execute(job, limits=limits)


def stdin_tests(*pairs: tuple[str, str]) -> tuple[TestCase, ...]:
    return tuple(TestCase(kind="stdin", input=i, expected=o) for i, o in pairs)


@pytest.mark.parametrize("language", BOTH)
async def test_verdicts(each: Sandbox, language: str) -> None:
    problem = Problem(statement="Add two numbers.")
    tests = stdin_tests(("2 3", "5"), ("0 0", "0\n"), ("-1 1", "0"))
    found = {}
    for name, sources in (("right", ADD), ("wrong", SUBTRACT), ("broken", CRASH)):
        candidate = Candidate(id=name, code=sources[language], language=language)
        outcomes = await grade(problem, candidate, tests, each)
        found[name] = [outcome.status for outcome in outcomes]
    assert found["right"] == ["passed"] * 3
    assert found["wrong"] == ["wrong", "passed", "wrong"]
    assert found["broken"] == ["error"] * 3


@pytest.mark.parametrize("language", BOTH)
async def test_each_input_is_read_as_it_is(each: Sandbox, language: str) -> None:
    texts = ("", "one\n", "no end of line", "\0 \ud7ff \U0001f600\r\n\t", "x" * 1_000_000)
    executions = await run(each, language, ECHO[language], *texts)
    assert [e.stdout for e in executions] == list(texts)
    assert {e.status for e in executions} == {"ok"}


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize("tested", [True, False])
async def test_selection(sandbox: Sandbox, language: str, tested: bool) -> None:
    sources = [SUBTRACT[language], ADD[language], ADD[language].replace("a + b", "b + a")]
    problem = Problem(
        statement=(
            "Print the sum of two integers.\n\nInput\n\nA B\n\n"
            "Constraints\n\n- -1000 \\leq A, B \\leq 1000\n"
        ),
        public_tests=stdin_tests(("2 1", "3")),
    )
    candidates = [
        Candidate(id=str(number), code=source, language=language)
        for number, source in enumerate(sources)
    ]
    judge = ConsensusJudge(inputs=Inputs(small=8, stress=1))
    selection = await aselect(
        problem, candidates, judge=judge, public_tests=tested, sandbox=sandbox, seconds=None
    )
    assert selection.best.id in ("1", "2")
    assert [r.id for r in selection.rejected] == (["0"] if tested else [])
    assert selection.abstained is None or tested  # both that are left are right
    assert set(selection.ranking.clusters[0].members) == {"1", "2"}


@needs_cpp
@needs_node
async def test_languages_may_be_mixed(sandbox: Sandbox) -> None:
    code = "print(int(input()) + 1)\n"
    candidates = [
        Candidate(id="py", code=code),
        Candidate(id="js", code=code, language="javascript"),  # and is none
        Candidate(id="cc", code=ADD["cpp"], language="cpp"),
    ]
    problem = Problem(statement="Add one.", public_tests=stdin_tests(("1", "2")))
    selection = await aselect(problem, candidates, sandbox=sandbox, seconds=None)
    assert selection.best.id == "py"
    assert {r.id: r.by for r in selection.rejected} == {"js": "public_tests", "cc": "public_tests"}


@needs_cpp
async def test_compile_errors_are_the_programs_own(each: Sandbox) -> None:
    source = "int main() {\n  return undeclared;\n}\n"
    executions = await run(each, "cpp", source, "1", "2")
    for execution in executions:
        assert execution.status == "exception"
        assert execution.error.startswith("CompileError: program.cpp: In function")
        assert "2:10: error:" in execution.error
    assert len(executions) == 2


@needs_cpp
async def test_endless_compilation(hardened: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes, "COMPILE_SECONDS", 1.0)
    doubling = "#include __FILE__\n#include __FILE__\n"
    (execution,) = await run(hardened, "cpp", doubling)
    assert execution.status == "exception"
    assert execution.error == "CompileError: not compiled within 1 seconds"
    limits = Limits(total_seconds=0.5)
    (execution,) = await run(hardened, "cpp", doubling, limits=limits)
    assert execution.status == "not_run"


ENDINGS = (
    ("return *(volatile int *)0;", "crash", "SIGSEGV"),
    ("abort();", "crash", "SIGABRT"),
    ("throw 1;", "crash", "SIGABRT: terminate called after throwing an instance of 'int'"),
    ("raise(SIGTERM);", "crash", "SIGTERM"),
    ('fprintf(stderr, "bye"); return 7;', "exit", "exit status 7: bye"),
    ("volatile int zero = 0; return 100 / zero;", "crash", "SIGFPE"),
    ("return 0;", "ok", ""),
)


@needs_cpp
async def test_how_programs_end(each: Sandbox) -> None:
    cases = "".join(f"case {n}: {{ {body} }}\n" for n, (body, _, _) in enumerate(ENDINGS))
    source = C + f'int main() {{ int n; scanf("%d", &n); switch (n) {{ {cases} }} return 9; }}'
    executions = await run(each, "cpp", source, *map(str, range(len(ENDINGS))))
    assert [(e.status, e.error) for e in executions] == [ending[1:] for ending in ENDINGS]


@needs_node
async def test_errors_of_node_are_found_in_what_it_says(each: Sandbox) -> None:
    (execution,) = await run(each, "javascript", CRASH["javascript"])
    assert execution.status == "exit"
    assert execution.error.startswith("exit status 1: TypeError: Cannot read properties of null")


@needs_cpp
async def test_a_process_for_each_input(each: Sandbox) -> None:
    source = C + (
        'static int runs; int main() { printf("%d %d\\n", ++runs, access("left", F_OK));'
        ' close(open("left", O_CREAT | O_WRONLY, 0600)); }'
    )
    executions = await run(each, "cpp", source, "", "", "")
    assert [e.stdout for e in executions] == ["1 -1\n"] * 3


@needs_cpp
async def test_deep_recursion_and_threads(each: Sandbox) -> None:
    source = (
        "#include <cstdio>\n#include <thread>\n#include <vector>\n"
        "int deep(int n) { volatile char room[64]; room[0] = 1; return n ? deep(n - 1) + room[0] : 0; }\n"
        "int main() { std::vector<std::thread> all; int sums[8];\n"
        "for (int i = 0; i < 8; i++) all.emplace_back([&, i] { sums[i] = deep(1000); });\n"
        "int sum = deep(1000000); for (int i = 0; i < 8; i++) { all[i].join(); sum += sums[i]; }\n"
        'printf("%d\\n", sum); }'
    )
    (execution,) = await run(each, "cpp", source)
    assert (execution.status, execution.stdout) == ("ok", "1008000\n")


async def test_a_runtime_of_ones_own(each: Sandbox) -> None:
    source = "read a b\necho $((a + b)) $#\nexit $a\n"
    executions = await run(each, "test-shell", source, "0 4", "3 4")
    assert [(e.status, e.stdout) for e in executions] == [("ok", "4 0\n"), ("exit", "7 0\n")]
    add_runtime(SHELL)  # again, and the same
    assert runtime_named("test-shell") is SHELL
    assert languages()[:3] == ("python", "cpp", "javascript")


@needs_cpp
async def test_a_product_that_another_command_runs(each: Sandbox) -> None:
    runtime = Runtime(
        name="test-compiled-text",
        source_file="in.h",
        compile_command=("g++", "-E", "-P", "-o", "out.sh", "in.h"),
        product="out.sh",
        run_command=("sh", "out.sh"),
    )
    add_runtime(runtime)
    source = "#define GREETING echo hello\nGREETING world\n"
    (execution,) = await run(each, runtime.name, source)
    assert (execution.status, execution.stdout) == ("ok", "hello world\n")


async def test_what_is_not_there_is_not_the_programs_fault(sandbox: Sandbox) -> None:
    absent = Runtime(
        name="test-absent",
        source_file="x",
        run_command=("no-such-command",),
        install="the no-such package",
    )
    add_runtime(absent)
    with pytest.raises(SandboxUnavailable, match=r"'no-such-command'.*install the no-such package"):
        await run(sandbox, "test-absent", "x")


async def test_commands_must_be_where_programs_see_them(tmp_path: Path, sandbox: Sandbox) -> None:
    command = tmp_path / "command"
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    hidden = Runtime(name="test-hidden", source_file="x", run_command=(str(command),))
    add_runtime(hidden)
    with pytest.raises(SandboxUnavailable, match="outside of what programs can see"):
        await run(sandbox, "test-hidden", "x")


async def test_languages_and_tests_that_do_not_fit(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidInput, match=r"StdinJob\.language.*'rust'.*python, cpp, javascript"):
        await run(sandbox, "rust", "fn main() {}")
    job = StdinJob(source="", inputs=("",), preamble="import os", language="test-shell")
    with pytest.raises(InvalidInput, match=r"StdinJob\.preamble"):
        await sandbox.execute(job)
    problem = Problem(
        statement="Add.",
        entry_point="add",
        public_tests=(TestCase(kind="call", input=(1, 2), expected=3),),
    )
    candidates = [
        Candidate(id=id, code=f"echo {id}", language="test-shell") for id in ("one", "two")
    ]
    with pytest.raises(InvalidInput, match=r"Candidate\.language \(one\).*'call'.*stdin"):
        await grade(problem, candidates[0], problem.public_tests, sandbox)
    with pytest.raises(InvalidInput, match=r"Candidate\.language \(one\).*'add'"):
        await aselect(problem, candidates, public_tests=False, sandbox=sandbox)


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("name", {"name": " "}),
        ("source_file", {"source_file": "../x"}),
        ("source_file", {"source_file": ""}),
        ("product", {"product": "a/b"}),
        ("run_command", {"run_command": None}),
        ("run_command", {"run_command": ("",)}),
        ("run_command", {"run_command": "sh"}),
        ("compile_command", {"compile_command": ()}),
        ("reserved_bytes", {"reserved_bytes": -1}),
        ("stack_bytes", {"stack_bytes": 0}),
    ],
)
def test_runtimes_are_checked(field: str, fields: dict[str, object]) -> None:
    good: dict[str, object] = {"name": "x", "source_file": "x", "run_command": ("sh", "x")}
    with pytest.raises(InvalidInput, match=rf"Runtime\.{field}"):
        Runtime(**{**good, **fields})  # type: ignore[arg-type]


def test_names_stand_for_one_runtime() -> None:
    for name in ("python", "cpp"):
        with pytest.raises(InvalidInput, match="is taken"):
            add_runtime(Runtime(name=name, source_file="x", run_command=("sh",)))
    with pytest.raises(InvalidInput, match="cpp, javascript"):
        runtime_named("rust")


def test_copies_in_other_languages_are_equal_texts() -> None:
    texts = {"a": "f( 1 )\n", "b": "f( 1 )", "c": "f(1)", "d": "f(1)  # one"}
    python = drop_duplicates([Candidate(id=i, code=text) for i, text in texts.items()])
    assert python.copies == {"a": 4}
    other = [Candidate(id=i, code=text, language="cpp") for i, text in texts.items()]
    assert drop_duplicates(other).copies == {"a": 2, "c": 1, "d": 1}
    mixed = [Candidate(id="js", code="f( 1 )", language="javascript"), *other]
    assert drop_duplicates(mixed).copies == {"js": 1, "a": 2, "c": 1, "d": 1}


@pytest.mark.parametrize(("language", "name"), [("cpp", "C++"), ("javascript", "JavaScript")])
def test_models_are_shown_the_language(language: str, name: str) -> None:
    problem = Problem(statement="Say it.", starter_code="start();")
    pair = [Candidate(id=i, code=f"say('{i}');", language=language) for i in "ab"]
    text = Showing(builtin_template(), problem, pair, seed=0).prompt("ab").text
    assert f"```{language}\nsay('a');" in text
    assert f"```{language}\nstart();" in text
    assert name in text
    mixed = [pair[0], Candidate(id="b", code="say('b')")]
    text = Showing(builtin_template(), problem, mixed, seed=0).prompt("ab").text
    assert f"```{language}\nsay('a');" in text
    assert "```python\nsay('b')" in text
    assert "```\nstart();" in text


def test_a_candidates_language_is_a_name() -> None:
    for language in ("", " ", None, 3):
        with pytest.raises(InvalidInput, match=r"Candidate\.language"):
            Candidate(id="a", code="", language=language)  # type: ignore[arg-type]
