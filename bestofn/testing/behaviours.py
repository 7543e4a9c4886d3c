"""What the loopback server answers: a judge, an author of programs, an echo."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

from ..errors import InvalidInput
from ..policies.fences import blocks
from .completions import Answer, Behaviour, Received

Taste: TypeAlias = Literal["right", "first", "random", "longest", "shortest"]

_SHIPPED = re.compile(  # as in the judge's own template
    r"^--- Solution (\d+) \[(\w+)\] ---\n(.*?)\n--- End of Solution \1 \[\2\] ---$",
    re.DOTALL | re.MULTILINE,
)
_HEADING = re.compile(
    r"^[^\w\n]*(?:candidate|solution|program)(?:[ _]*(?:index|number|id))?[ \t=:#\"'_-]*(\d+)\b.*$",
    re.IGNORECASE | re.MULTILINE,
)
_VERDICT = "<selection>"


def echo(received: Received, _index: int) -> Answer:
    """What was asked last comes back."""
    return received.last


def asks_for_verdict(prompt: str) -> bool:
    """Whether a prompt wants one of several candidates selected."""
    return _VERDICT in prompt


def shown_candidates(prompt: str) -> list[str]:
    """The candidates in a judge's prompt, in their order.

    In prompts that the shipped template did not make, these are the blocks (of those with a
    fence, the inside) that follow headings numbered 1, 2, ... in this order: lines that start
    with candidate, solution or program and the number, whatever marks stand around them.
    Candidates that imitate a heading can mislead this reader; a judge must not be built on it.
    """
    shipped = [match[3] for match in _SHIPPED.finditer(prompt)]
    if shipped:
        return shipped
    starts: list[tuple[int, int]] = []
    for heading in _HEADING.finditer(prompt):
        if int(heading[1]) == len(starts) + 1:
            starts.append((heading.start(), heading.end()))
    edges = [*(start for start, _ in starts), len(prompt)]
    sections = [prompt[end : edges[k + 1]] for k, (_, end) in enumerate(starts)]
    return [next((block.text for block in blocks(it)), it) for it in sections]


def judging(
    taste: Taste | Callable[[Sequence[str]], int | None] = "longest",
    *,
    right: Iterable[str] = (),
    accuracy: float = 1.0,
    position_bias: float = 0.0,
    seed: int = 0,
) -> Behaviour:
    """A judge: a short analysis, then ``<selection>k</selection>``.

    The same request gets the same verdict, given the seed.

    Args:
        taste: ``right`` prefers a candidate that holds one of the ``right`` programs (any of
            them, or any candidate when none does); ``first``, ``random``, ``longest`` and
            ``shortest`` say what they take. Or a function of the candidates' blocks that
            returns an index from 0, or None to abstain.
        right: Source of right programs, for ``right``.
        accuracy: How often the verdict follows the taste; else it names another candidate.
        position_bias: How often the first candidate is taken without a look.
        seed: Of the judge's own random numbers.

    Raises:
        InvalidInput: ``right`` is missing, or a number is not a probability.
    """
    known = [_squeezed(program) for program in right if program.strip()]
    if taste == "right" and not known:
        raise InvalidInput("right", "is empty; hand in the programs that the judge should prefer")
    for name, value in (("accuracy", accuracy), ("position_bias", position_bias)):
        if not 0 <= value <= 1:
            raise InvalidInput(name, f"must be from 0 to 1, got {value!r}")

    def answer(received: Received, index: int) -> Answer:
        shown = shown_candidates(received.prompt)
        if not shown:
            return "I see no candidates to choose from."
        rng = received.rng(index, "judge", str(seed))
        chosen = taste(shown) if callable(taste) else _taken(taste, shown, known, rng)
        if chosen is None:
            return f"I compared {len(shown)} candidates and cannot tell them apart."
        if rng.random() >= accuracy and len(shown) > 1:
            chosen = rng.choice([other for other in range(len(shown)) if other != chosen])
        if rng.random() < position_bias:
            chosen = 0
        lines = [f"Candidate {k}: {len(block.split())} words." for k, block in enumerate(shown, 1)]
        return "\n".join((*lines, "", f"<selection>{chosen + 1}</selection>"))

    return answer


def _taken(taste: Taste, shown: Sequence[str], known: Sequence[str], rng: random.Random) -> int:
    everyone = range(len(shown))
    match taste:
        case "first":
            return 0
        case "random":
            return rng.choice(everyone)
        case "longest":
            return max(everyone, key=lambda index: len(shown[index]))
        case "shortest":
            return min(everyone, key=lambda index: len(shown[index]))
        case "right":
            blocks = [_squeezed(block) for block in shown]
            good = [i for i in everyone if any(program in blocks[i] for program in known)]
            return rng.choice(good or everyone)
    raise InvalidInput("taste", f"must be right, first, random, longest or shortest, got {taste!r}")


def _squeezed(text: str) -> str:
    return "".join(text.split())


def programming(programs: Sequence[str] | Mapping[str, Sequence[str]]) -> Behaviour:
    """An author: a sentence and one of the programs in a fenced block.

    Without a ``seed`` in the request the programs come one after the other, again and again;
    with one the same request gets the same program.

    Args:
        programs: What to answer; or, by a text that the prompt holds (a problem's title), what
            to answer there.

    Raises:
        InvalidInput: there are none.
    """
    groups = programs if isinstance(programs, Mapping) else {"": programs}
    if not groups or not all(groups.values()):
        raise InvalidInput("programs", "is empty; hand in what should be answered")
    turns = {key: itertools.cycle(group) for key, group in groups.items()}

    def answer(received: Received, index: int) -> Answer:
        key = next((key for key in groups if key in received.prompt), None)
        if key is None:
            return "I have no program for this task."
        if received.body.get("seed") is None:
            program = next(turns[key])
        else:
            program = received.rng(index, "author").choice(groups[key])
        fence = "```"
        while fence in program:
            fence += "`"
        return f"Here is my solution.\n\n{fence}python\n{program.rstrip()}\n{fence}\n"

    return answer


def either(judge: Behaviour, author: Behaviour) -> Behaviour:
    """A model of all work: judges where a verdict is asked for, else writes programs."""

    def answer(received: Received, index: int) -> Answer:
        return (judge if asks_for_verdict(received.prompt) else author)(received, index)

    return answer
