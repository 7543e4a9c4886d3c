"""What a model is told when it should write a program: one template for each kind of task."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2 import Template as Compiled
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ..errors import FormatError
from ..types import Problem, TestCase

Task = Literal["stdin", "function", "completion"]

TESTS_SHOWN = 3
"""Public tests that are added to a prompt whose statement does not show them."""

TEST_LONGEST = 1_000
"""Characters; a longer test is left out, as a part of one helps nobody."""


def task_of(problem: Problem) -> Task:
    """What kind of program a problem wants.

    ``stdin``: one that reads its input and prints. ``function``: a function, or a method of the
    class in the starter code. ``completion``: the rest of a function whose beginning is given,
    as in HumanEval.
    """
    if problem.starter_code.strip():
        return "function" if "class Solution" in problem.starter_code else "completion"
    return "stdin" if problem.entry_point is None else "function"


@dataclass(frozen=True, kw_only=True)
class SamplingTemplate:
    """A template that has been read and compiled.

    It may use ``task``, ``title``, ``statement``, ``starter_code``, ``entry_point`` (empty when
    there is none), ``language`` (``Python``), ``tag`` (for a fence), and ``tests`` (a list of
    texts: public tests that the statement does not show).

    Attributes:
        name: File name, for records.
        sha256: Of the file's bytes.
        path: Where it lies, for errors.
    """

    name: str
    sha256: str
    path: str
    _compiled: Compiled = field(repr=False, compare=False)

    def prompt(self, problem: Problem, *, language: str) -> str:
        """The request for one problem.

        Raises:
            FormatError: the template cannot be rendered.
        """
        try:
            text = self._compiled.render(_values(problem, language))
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise FormatError(self.path, f"cannot be rendered: {error}") from error
        return text.strip() + "\n"


def _values(problem: Problem, language: str) -> dict[str, Any]:
    task = task_of(problem)
    statement = problem.statement.strip("\n")
    if task == "completion" and statement.strip() == problem.starter_code.strip():
        statement = ""  # HumanEval: the code is all there is
    there = _squeezed(f"{statement}\n{problem.starter_code}")
    tests = [
        text
        for test in problem.public_tests
        if (text := _test_text(test, problem, there)) and len(text) <= TEST_LONGEST
    ]
    return {
        "task": task,
        "title": problem.title,
        "statement": statement,
        "starter_code": problem.starter_code.rstrip(),
        "entry_point": problem.entry_point or "",
        "language": language.capitalize(),
        "tag": language.lower(),
        "tests": tests[:TESTS_SHOWN],
    }


def _test_text(test: TestCase, problem: Problem, there: str) -> str:
    """A test in words; empty when the statement shows it already."""
    if test.kind == "stdin":
        if _squeezed(test.input) in there:
            return ""
        return f"Input:\n{test.input.rstrip()}\nOutput:\n{test.expected.rstrip()}"
    if test.kind == "call":
        arguments = ", ".join(map(repr, test.input))
        if _squeezed(arguments) in there or all(_squeezed(repr(it)) in there for it in test.input):
            return ""
        return f"{problem.entry_point}({arguments}) returns {test.expected!r}"
    return "" if _squeezed(test.input) in there else test.input.strip()


def _squeezed(text: str) -> str:
    return "".join(text.split()).replace('"', "'")


@cache
def builtin_template(task: Task) -> SamplingTemplate:
    """The template that comes with the package for this kind of task."""
    name = f"{task}.jinja2"
    data = resources.files(__package__).joinpath("prompts", name).read_bytes()
    return _compile(data, name, f"prompts/{name}")


def load_template(path: str | Path) -> SamplingTemplate:
    """A user's own template, tried on a small problem of each kind.

    Raises:
        FormatError: naming the file: it cannot be read, is not text, or not a template.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise FormatError(path, f"cannot be read: {error.strerror or error}") from error
    template = _compile(data, Path(path).name, str(path))
    for problem in (
        Problem(statement="Say it."),
        Problem(statement="Say it.", entry_point="say", starter_code="def say():"),
    ):
        if "Say it." not in template.prompt(problem, language="python"):
            raise FormatError(path, "does not show the problem: write {{ statement }}")
    return template


def _compile(data: bytes, name: str, path: str) -> SamplingTemplate:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,  # a prompt is text for a model, not HTML
        trim_blocks=True,
        lstrip_blocks=True,
    )
    try:
        compiled = environment.from_string(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise FormatError(path, f"is not UTF-8 text: {error}") from error
    except TemplateSyntaxError as error:
        message = f"is not a Jinja2 template: {error.message}"
        raise FormatError(path, message, row=error.lineno) from error
    return SamplingTemplate(
        name=name, sha256=hashlib.sha256(data).hexdigest(), path=path, _compiled=compiled
    )
