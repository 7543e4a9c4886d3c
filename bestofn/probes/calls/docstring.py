"""Examples that a function's docstring or statement gives: arguments and the value expected.

Reads doctests (``>>> f(1)`` with the value below), comparisons and arrows (``f(1) == 2``,
``=>``, ``->``, ``➞``), words (``f(1) returns 2``), ``For x = 1 the output should be 2`` and
``Input: x = 1`` / ``Output: 2`` blocks. Only literals count, and whatever is ambiguous is
dropped: a missed example costs little, a wrong one misleads every later step.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...types import Problem
from .arithmetic import read_sum
from .literals import NotALiteral, read_literal, read_sequence, skip_blanks
from .source import docstring_of, function_names, parameters_of

_MAX_TEXT = 40_000
_MAX_EXAMPLES = 64
_MAX_LOOK = 200  # characters beside a call that are looked at, so that time stays linear

_SIGNS = r"(?:=+>|-+>|➞|→|⇒|⟹|➔|⟶|↦|={1,3}(?!>))"
_WORDS = (
    r"(?:(?:should|must|will|would)\s+)?"
    r"(?:returns?|gives?|yields?|outputs?|equals?|evaluates\s+to|be)"
)
_ARROW = re.compile(
    rf"[ \t]*(?:#[ \t]*)?(?P<sign>{_SIGNS}|is\b|{_WORDS}\b)(?:[ \t]*:)?(?P<gap>\s*)", re.IGNORECASE
)
_DOCTEST_VALUE = re.compile(r"[ \t]*\n[ \t]*(?![ \t]|>>>|\.\.\.)")
# What may follow a value; a comma must not be followed by a further value.
_AFTER = re.compile(
    r"[ \t]*(?:$|\n|\.(?=\s|$)|,(?![ \t]*[-\d\"'(\[{])|;|\(|#|//(?!\s*\d)"
    r"|because\b|since\b|and\b|as\b)"
)
_NEXT_CALL = re.compile(r"\s+(?:>>>\s*)?[A-Za-z_]\w*\(")
_HEADING = re.compile(r"(?im)^[ \t]*(?:for[ \t]+)?examples?\b|^[ \t]*e\.g\.")
# A call that is part of a larger expression or of a condition says nothing of its own value.
_NOT_BEFORE = re.compile(
    r"(?:[-+/%(\[{=<>!&|^~]|(?<=\S)[ \t]*\*|\b(?:if|when|unless|not|whether|suppose|while|or))$",
    re.IGNORECASE,
)
_FOR_INPUT = re.compile(
    r"\bfor\s+(?:the\s+)?(?:input\s+)?(?P<bindings>[A-Za-z_]\w*\s*=\s*)", re.IGNORECASE
)
_OUTPUT_SHOULD_BE = re.compile(
    r"[ \t]*,?\s*(?:the\s+)?(?:output|result|answer|function)\s+"
    r"(?:(?:should|must|will|would)\s+(?:be|return)|is|returns?)\s*:?\s*",
    re.IGNORECASE,
)
_INPUT = re.compile(r"(?im)^[ \t]*(?:sample\s+)?inputs?[ \t]*:[ \t]*\n?[ \t]*")
_OUTPUT = re.compile(
    r"\s*(?:sample\s+)?(?:outputs?|returns?|result)[ \t]*:[ \t]*\n?[ \t]*", re.IGNORECASE
)
_BINDING = re.compile(r"([A-Za-z_]\w*)\s*=\s*(?!=)")


@dataclass(frozen=True)
class Example:
    """A call and the value that the text says it returns."""

    arguments: tuple[Any, ...]
    expected: Any


@dataclass(frozen=True)
class _Found:
    example: Example
    at: int


def docstring_examples(starter_code: str, entry_point: str) -> list[Example]:
    """The examples in the docstring of a function that is to be completed.

    Args:
        starter_code: The code that candidates complete, as in a HumanEval prompt. It need not
            parse. Helper functions in it do not confuse the search.
        entry_point: The function's name. Where its own docstring calls it by one other name
            throughout, and by nothing else, that name counts too.

    Returns:
        Examples in the order of the text, without repetitions. Text that contradicts itself
        (one call, two values) gives no example for that call.
    """
    names = parameters_of(starter_code, entry_point)
    arity = None if names is None else len(names)
    text = docstring_of(starter_code, entry_point)[:_MAX_TEXT]
    found = _search(text, entry_point, names)
    if not found:
        alias = _alias(text, entry_point, function_names(starter_code))
        if alias is not None:
            found = [one for one in _calls(text, alias) if len(one.example.arguments) == arity]
    return _settled(text, found, arity)


def call_examples(problem: Problem) -> list[Example]:
    """The examples of a problem's starter code and of its statement, without repetitions.

    Empty for a problem without an entry point. Public tests are not repeated here.
    """
    if problem.entry_point is None:
        return []
    examples = docstring_examples(problem.starter_code, problem.entry_point)
    if problem.statement.strip() == problem.starter_code.strip():
        return examples
    names = parameters_of(problem.starter_code or problem.statement, problem.entry_point)
    text = problem.statement[:_MAX_TEXT]
    if parameters_of(text, problem.entry_point) is not None:
        more = docstring_examples(text, problem.entry_point)
    else:
        found = _search(text, problem.entry_point, names)
        more = _settled(text, found, None if names is None else len(names))
    known = {_key(example.arguments) for example in examples}
    return examples + [example for example in more if _key(example.arguments) not in known]


def _search(text: str, name: str, parameters: Sequence[str] | None) -> list[_Found]:
    found = _calls(text, name)
    if parameters:
        found += _for_inputs(text, parameters) + _input_blocks(text, parameters)
    return sorted(found, key=lambda one: one.at)[:_MAX_EXAMPLES]


def _calls(text: str, name: str) -> list[_Found]:
    """``name(literals)`` followed by something that says what it returns."""
    found = []
    for match in re.finditer(rf"(?<![\w.]){re.escape(name)}[ ]?\(", text):
        before = text[max(0, match.start() - _MAX_LOOK) : match.start()].rsplit("\n", 1)[-1].strip()
        try:
            arguments, end = read_sequence(text, match.end(), ")")
            doctest = before == ">>>"
            if not doctest and before not in ("-", "*", "=>", "->") and _NOT_BEFORE.search(before):
                continue
            value = _value_after(text, end, doctest=doctest)
        except NotALiteral:
            continue
        found.append(_Found(Example(arguments, value), match.start()))
        if len(found) >= _MAX_EXAMPLES:
            break
    return found


def _value_after(text: str, at: int, *, doctest: bool) -> Any:
    """The value that the text after a call promises.

    Raises:
        NotALiteral: none, or none that is beyond doubt.
    """
    arrow = _ARROW.match(text, at)
    if arrow is not None:
        if arrow.group("gap").count("\n") > 1:
            raise NotALiteral(at)
        return _plain_value(text, arrow.end())
    if not doctest:
        raise NotALiteral(at)
    below = _DOCTEST_VALUE.match(text, at)
    start = below.end() if below is not None else skip_blanks(text, at)
    if below is None and "\n" in text[at:start]:
        raise NotALiteral(at)
    return _plain_value(text, start)


def _plain_value(text: str, at: int) -> Any:
    line = text[at : at + _MAX_LOOK].split("\n", 1)[0]
    try:
        value, end = read_literal(text, at)
    except NotALiteral:
        return read_sum(line)
    if _AFTER.match(text, end) or _NEXT_CALL.match(text, end):
        return value
    return read_sum(line)


def _for_inputs(text: str, parameters: Sequence[str]) -> list[_Found]:
    """``For lst = [1, 2] the output should be 3``."""
    found = []
    for match in _FOR_INPUT.finditer(text):
        try:
            arguments, end = _bindings(text, match.start("bindings"), parameters)
            output = _OUTPUT_SHOULD_BE.match(text, end)
            if output is not None:
                value = _plain_value(text, output.end())
                found.append(_Found(Example(arguments, value), match.start()))
        except NotALiteral:
            continue
    return found


def _input_blocks(text: str, parameters: Sequence[str]) -> list[_Found]:
    """``Input: x = 1, y = 2`` with ``Output: 3`` on the next line."""
    found = []
    for match in _INPUT.finditer(text):
        try:
            if _BINDING.match(text, match.end()):
                arguments, end = _bindings(text, match.end(), parameters)
            elif len(parameters) == 1:
                value, end = read_literal(text, match.end())
                arguments = (value,)
            else:
                continue
            output = _OUTPUT.match(text, end)
            if output is not None:
                value = _plain_value(text, output.end())
                found.append(_Found(Example(arguments, value), match.start()))
        except NotALiteral:
            continue
    return found


def _bindings(text: str, at: int, parameters: Sequence[str]) -> tuple[tuple[Any, ...], int]:
    """``x = 1, y = 2`` for all the parameters, in any order.

    Raises:
        NotALiteral: a name is missing, unknown or repeated.
    """
    values: dict[str, Any] = {}
    while True:
        match = _BINDING.match(text, at)
        if match is None or match.group(1) in values:
            raise NotALiteral(at)
        values[match.group(1)], at = read_literal(text, match.end())
        separator = re.compile(r"[ \t]*(?:,|and\b|\n)\s*").match(text, at)
        if separator is None or not _BINDING.match(text, separator.end()):
            break
        at = separator.end()
    if len(parameters) == 1 and len(values) == 1:
        return tuple(values.values()), at
    if set(values) != set(parameters):
        raise NotALiteral(at)
    return tuple(values[name] for name in parameters), at


def _alias(text: str, entry_point: str, defined: Sequence[str]) -> str | None:
    """The one other name by which a docstring calls its own function, if there is one.

    Only at the start of a line (after ``assert`` or ``>>>``), where nothing else is meant.
    """
    names = set(re.findall(r"(?m)^[ \t*]*(?:assert[ \t]+|>>>[ \t]*)?([A-Za-z_]\w*)\(", text))
    names -= {"print", *defined}
    if len(names) != 1 or re.search(rf"(?<!\w){re.escape(entry_point)}\(", text):
        return None
    return str(names.pop())


def _settled(text: str, found: Sequence[_Found], arity: int | None) -> list[Example]:
    """The examples that do not contradict the signature or each other."""
    if arity is not None:
        found = [one for one in found if len(one.example.arguments) == arity]
    found = _of_one_shape(text, found)
    by_call: dict[str, list[Example]] = {}
    for one in found:
        by_call.setdefault(_key(one.example.arguments), []).append(one.example)
    return [
        group[0]
        for group in by_call.values()
        if all(_key(one.expected) == _key(group[0].expected) for one in group)
    ]


def _of_one_shape(text: str, found: Sequence[_Found]) -> Sequence[_Found]:
    """Without those whose value is a container where the others' are not, or the reverse.

    Texts define sequences in passing (``tri(1) = 3``) before they show what the function
    returns (``tri(3) = [1, 3, 2, 8]``): under the last heading counts more.
    """
    if len({_shape(one.example.expected) for one in found} - {""}) <= 1:
        return found
    headings = [match.start() for match in _HEADING.finditer(text)]
    last = [one for one in found if headings and one.at > headings[-1]]
    if last and len({_shape(one.example.expected) for one in last} - {""}) <= 1:
        return last
    shapes = [_shape(one.example.expected) for one in found]
    common = max(sorted(set(shapes) - {""}), key=shapes.count)
    if shapes.count(common) * 3 < 2 * len(shapes):
        return []
    return [one for one in found if _shape(one.example.expected) in ("", common)]


def _shape(value: Any) -> str:
    if value is None:
        return ""
    return type(value).__name__ if isinstance(value, list | tuple | dict | set) else "scalar"


def _key(value: Any) -> str:
    return repr(value)
