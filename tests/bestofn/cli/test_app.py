"""Help, version, doctor, and exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Protocol

import pytest
import typer

from bestofn.cli.exits import exit_codes
from bestofn.cli.output import print_json
from bestofn.errors import InvalidInput, SandboxUnavailable


class Run(Protocol):
    def __call__(self, *arguments: object) -> CompletedProcess[str]: ...


def test_help_names_the_commands(bestofn: Run) -> None:
    done = bestofn("--help")
    assert done.returncode == 0
    for word in ("select", "bench", "demo", "doctor", "Usage: bestofn", "Try: bestofn demo"):
        assert word in done.stdout


@pytest.mark.parametrize("command", [(), ("select",), ("bench",), ("bench", "humaneval")])
def test_no_arguments_show_help(bestofn: Run, command: tuple[str, ...]) -> None:
    done = bestofn(*command)
    assert "Usage: bestofn" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_version(bestofn: Run) -> None:
    done = bestofn("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("bestofn ")


def test_the_script_is_installed() -> None:
    (script,) = [e for e in entry_points(group="console_scripts") if e.name == "bestofn"]
    assert callable(script.load())


def test_doctor(bestofn: Run) -> None:
    done = bestofn("doctor", "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["isolation"] in ("basic", "light", "full")
    assert facts["cores"] >= 1
    assert f"isolation  {facts['isolation']}" in bestofn("doctor").stdout


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInput("seed", "is wrong"), 2),
        (SandboxUnavailable("no fork here"), 3),
        (KeyboardInterrupt(), 130),
    ],
)
def test_errors_become_exit_codes(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as caught, exit_codes():
        raise error
    assert caught.value.exit_code == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert str(error) in captured.err


def test_other_errors_keep_their_traceback() -> None:
    with pytest.raises(ZeroDivisionError), exit_codes():
        raise ZeroDivisionError


def test_json_holds_no_numbers_that_json_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [float("inf"), 1.5], "b": {"c": float("nan")}})
    assert json.loads(capsys.readouterr().out) == {"a": [None, 1.5], "b": {"c": None}}


def test_unknown_options_are_named(bestofn: Run, tmp_path: Path) -> None:
    done = bestofn("select", "--problm", tmp_path)
    assert done.returncode == 2
    assert "--problm" in done.stderr


COMMANDS = [
    ("doctor",),
    ("doctor", "--json"),
    ("--version",),
    ("select", "--problem", "problem.json", "--candidates", "candidates", "--json"),
]


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_full_disk_is_one_line(task: Path, arguments: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:
        done = started(arguments, task, full)
        _, errors = done.communicate(timeout=60)
    assert errors == "error: the results could not be written: No space left on device\n"
    assert done.returncode == 4


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_closed_pipe_is_one_line(task: Path, arguments: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as pipe:
        done = started(arguments, task, pipe)
        _, errors = done.communicate(timeout=60)
    assert errors == "error: the results could not be written: Broken pipe\n"
    assert done.returncode == 4


def test_an_interruption_while_commands_are_imported_ends_quietly(tmp_path: Path) -> None:
    # The signal comes from the import itself, which is the one sure moment.
    (tmp_path / "typer.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    done = started(("doctor",), tmp_path, subprocess.PIPE)
    output, errors = done.communicate(timeout=60)
    assert (done.returncode, output, errors) == (130, "", "")


def started(arguments: tuple[str, ...], folder: Path, output: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bestofn.cli", *arguments],
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        # A test run in the background ignores the signal, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    )


def test_flags_take_no_value_in_help(bestofn: Run) -> None:
    for command in (("select",), ("bench", "humaneval"), ("doctor",)):
        lines = bestofn(*command, "--help").stdout.splitlines()
        flags = [line for line in lines if any(f in line for f in ("--json", "--grade", "--exam"))]
        assert flags
        assert not any("bool" in line for line in flags)
