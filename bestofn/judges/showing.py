"""What a judge gets to read: problem, tests, candidates and what was observed, made harmless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import FormatError
from ..grading import show
from ..types import Candidate, Problem, TestCase
from .neutralize import Block, Cut, code_for, cut, fenced, neutralize, on_one_line
from .templates import PromptTemplate

LONGEST = 24_000
"""Characters of one candidate that are shown when two are compared; some 7,000 tokens."""

STATEMENT_LONGEST = 40_000
"""Characters of a statement, and of starter code, that are shown."""

TESTS_SHOWN = 12
"""Public tests in a prompt."""

TEST_LONGEST = 2_000
"""Characters of an input, of an expected answer or of a test script that are shown."""

_LANGUAGE_NAMES = {"python": "Python", "cpp": "C++", "javascript": "JavaScript"}
_VERDICT = "<selection>"


@dataclass(frozen=True)
class Solution(Block):
    """A candidate as a template sees it.

    Attributes:
        index: Its number in this prompt, from 1.
        left_out: Characters left out of its middle.
        language: Of the code, for a fence; empty when unknown.
    """

    index: int
    left_out: int
    language: str


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A judge's prompt.

    Attributes:
        text: All of it.
        code: What the lines around candidates hold, see :func:`~.neutralize.code_for`.
        problem_code: The same for the problem; equal for all prompts on it, so that servers can
            keep their common beginning.
        left_out: Characters not shown, for each candidate id that was too long.
    """

    text: str
    code: str
    problem_code: str
    left_out: Mapping[str, int]


class Showing:
    """Makes the prompts of one problem: what they have in common is prepared once.

    Args:
        template: The words.
        problem: The task. Its metadata and generated tests are not shown.
        candidates: All that may be shown.
        seed: Goes into the codes around foreign text.
        max_chars: Characters of each candidate that are shown if there are two. With more
            candidates each gets its part of twice that, so that the prompt does not grow. The
            limit is the same for every candidate of a prompt; what is longer loses its middle.
    """

    def __init__(
        self,
        template: PromptTemplate,
        problem: Problem,
        candidates: Sequence[Candidate],
        *,
        seed: int,
        max_chars: int = LONGEST,
    ) -> None:
        self._template = template
        self._max_chars = max_chars
        self._candidates = {candidate.id: candidate for candidate in candidates}
        self._bodies: dict[tuple[str, int], tuple[Cut, str]] = {}
        languages = set(map(_language, candidates))
        language = languages.pop() if len(languages) == 1 else ""
        facts = {n: on_one_line(getattr(problem, n)) for n in ("title", "platform", "difficulty")}
        statement = cut(problem.statement.strip("\n"), STATEMENT_LONGEST).text
        starter = cut(problem.starter_code.strip("\n"), STATEMENT_LONGEST).text
        starter = starter and fenced(starter, language)
        tests = _tests_text(problem)
        texts = [*facts.values(), statement, starter, tests]
        self._problem_code = code_for(
            [str(seed), problem.id, *texts],
            avoid=[*texts, *(candidate.code for candidate in candidates)],
        )

        def block(name: str, body: str) -> Block | None:
            return Block(name, self._problem_code, body) if body else None

        self._common = {
            **facts,
            "language": _LANGUAGE_NAMES.get(language, ""),
            "statement": block("Statement", statement),
            "starter_code": block("Starter code", starter),
            "tests": block("Public tests", tests),
            "tests_left_out": max(0, len(problem.public_tests) - TESTS_SHOWN),
            "problem_code": self._problem_code,
        }

    def prompt(self, shown: Sequence[str], findings: str = "") -> Prompt:
        """The prompt that asks which of these candidates is best.

        Args:
            shown: Candidate ids in the order in which the judge sees them.
            findings: What was observed of these candidates; neutralised here.

        Raises:
            FormatError: the template cannot be rendered, or leaves a candidate or the verdict
                out.
        """
        share = min(self._max_chars, 2 * self._max_chars // max(2, len(shown)))
        bodies = [self._body(id, share) for id in shown]
        findings = neutralize(findings)
        code = code_for(
            [self._problem_code, findings, *(body for _, body in bodies)],
            avoid=[findings, *(body for _, body in bodies)],
        )
        solutions = [
            Solution(
                f"Solution {number}",
                code,
                body,
                index=number,
                left_out=cut_text.left_out,
                language=_language(self._candidates[id]),
            )
            for number, (id, (cut_text, body)) in enumerate(zip(shown, bodies, strict=True), 1)
        ]
        text = self._template.render(
            {
                **self._common,
                "findings": Block("Observations", code, findings) if findings else None,
                "solutions": solutions,
                "count": len(solutions),
                "code": code,
            }
        )
        _complete(self._template, text, solutions)
        return Prompt(
            text=text,
            code=code,
            problem_code=self._problem_code,
            left_out={
                id: solution.left_out
                for id, solution in zip(shown, solutions, strict=True)
                if solution.left_out
            },
        )

    def _body(self, id: str, share: int) -> tuple[Cut, str]:
        if (id, share) not in self._bodies:
            candidate = self._candidates[id]
            whole = cut(candidate.code.strip("\n"), share)
            self._bodies[id, share] = whole, fenced(whole.text, _language(candidate))
        return self._bodies[id, share]


def _language(candidate: Candidate) -> str:
    """What a fence around a candidate's code says; empty when that is unknown."""
    if candidate.kind == "program":
        return candidate.language if candidate.language.isalnum() else ""
    return "diff" if candidate.kind == "patch" else ""


def _complete(template: PromptTemplate, text: str, solutions: Sequence[Solution]) -> None:
    for solution in solutions:
        if solution.body not in text:
            raise FormatError(
                template.path,
                f"does not show solution {solution.index}: write {{{{ solution }}}} for each",
            )
    if _VERDICT not in text:
        raise FormatError(
            template.path,
            f"does not ask for a verdict: say to end with {_VERDICT}INDEX</selection>",
        )


def check_template(template: PromptTemplate) -> None:
    """Try a template on small problems, so that its slips show before anything is paid for.

    Raises:
        FormatError: naming the file.
    """
    pair = [Candidate(id=id, code=f"print({id!r})") for id in "ab"]
    full = Problem(
        statement="Say it.",
        title="T",
        platform="P",
        difficulty="easy",
        starter_code="def f(): ...",
        public_tests=(TestCase(kind="stdin", input="1\n", expected="2\n"),) * (TESTS_SHOWN + 1),
    )
    Showing(template, full, pair, seed=0).prompt("ab", "Solution 1 said b.")
    Showing(template, Problem(statement="Say it."), pair, seed=0).prompt("ab")


def _tests_text(problem: Problem) -> str:
    tests = problem.public_tests[:TESTS_SHOWN]
    return "\n\n".join(
        f"Test {number}\n{_test_text(test, problem)}" for number, test in enumerate(tests, 1)
    )


def _test_text(test: TestCase, problem: Problem) -> str:
    if test.kind == "stdin":
        return f"Input:\n{_literal(test.input)}\nExpected output:\n{_literal(test.expected)}"
    if test.kind == "call":
        call = f"{problem.entry_point}({', '.join(map(show, test.input))})"
        return f"Call:\n{_literal(call)}\nExpected value:\n{_literal(show(test.expected))}"
    what = "A script of assertions" if test.kind == "assertion" else "A module of unit tests"
    return f"{what}:\n{_literal(test.input, 'python')}"


def _literal(text: str, language: str = "") -> str:
    return fenced(cut(text.strip("\n"), TEST_LONGEST).text, language)
