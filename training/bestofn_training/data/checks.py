"""What must hold of whole files before anything is paid for or trained on.

Everything here reads row by row and names the row that is at fault.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from bestofn.chat import Message

from ..errors import BadData, BadInput, BadRow, MissingPackage
from .rows import AnyRow, Conversation, Labelled, Preference, Row, Target, read_rows

Measure = Callable[[Sequence[Message]], int]
"""How many tokens a conversation has; see :func:`tokenizer_measure`."""

TooLong = Literal["refuse", "drop"]


def check_rows(
    path: Path, kind: type[AnyRow], *, measure: Measure | None = None, context: int | None = None
) -> int:
    """Read a whole file; the number of its rows.

    Args:
        path: The file.
        kind: What its rows are.
        measure: Counts tokens, where a tokenizer is known.
        context: The most tokens that a prompt with its longest reply may have.

    Raises:
        BadRow: a row is broken, its id is there twice, or it is longer than the context.
        FormatError: the file cannot be read or is empty.
    """
    seen: dict[str, int] = {}
    for number, row in read_rows(path, kind):
        if (earlier := seen.setdefault(row.id, number)) != number:
            raise BadRow(path, number, "id", f"{row.id!r} is also in row {earlier}")
        if measure is not None and context is not None:
            tokens = max(measure(conversation) for conversation in _conversations(row))
            if tokens > context:
                raise BadRow(path, number, "prompt", too_long(tokens, context))
    return len(seen)


def _conversations(row: Row) -> list[Conversation]:
    """The prompt with each reply that the row holds; the prompt alone where it holds none."""
    match row:
        case Preference():
            return [row.prompt + row.chosen, row.prompt + row.rejected]
        case Labelled() | Target():
            return [row.prompt + row.completion]
        case _:
            return [row.prompt]


def too_long(tokens: int, context: int) -> str:
    """What is wrong with a row that does not fit."""
    return (
        f"has {tokens} tokens, more than the context of {context}; raise the context, or make the "
        "data with a smaller --max-chars or with --too-long drop"
    )


def check_apart(files: Mapping[str, Path], kind: type[AnyRow]) -> None:
    """No problem may be in two of these files: what is measured must not have been trained on.

    Args:
        files: By what they are for (``lower``, ``upper``, ``held_out``).
        kind: What their rows are.

    Raises:
        BadRow: the first row whose problem is also in an earlier file.
    """
    found: dict[str, tuple[str, int]] = {}
    for name, path in files.items():
        for number, row in read_rows(path, kind):
            side, earlier = found.setdefault(row.problem_id, (name, number))
            if side != name:
                raise BadRow(
                    path,
                    number,
                    "problem_id",
                    f"{row.problem_id!r} is also in {side} ({files[side].name}, row {earlier}); a "
                    "problem belongs to one set alone: remove its rows from one of them",
                )


def check_domains(counts: Mapping[str, int], wanted: Collection[str], *, where: str) -> None:
    """Every domain that gets a weight must have samples, or its weight would mean nothing.

    Args:
        counts: Samples by domain.
        wanted: The domains that must be there.
        where: The set, for the message.

    Raises:
        BadData: naming the domains without samples.
    """
    if missing := [name for name in wanted if not counts.get(name)]:
        has = ", ".join(f"{name} ({count})" for name, count in sorted(counts.items())) or "none"
        raise BadData(
            where,
            f"has no samples of the domain(s) {', '.join(map(repr, missing))} (it has: {has}); "
            "give more candidates of these problems, or leave the domain out",
        )


def tokenizer_measure(path: str, template: Mapping[str, Any] | None = None) -> Measure:
    """Counts tokens with a tokenizer of ``transformers`` and its chat template, as training does.

    A prompt counts with what asks for the answer; a reply as its own tokens after that, and one
    more for the end of its turn.

    Args:
        path: A folder with a tokenizer, or a model's name.
        template: Further variables of the chat template, as at inference.

    Raises:
        MissingPackage: transformers is not installed.
        BadInput: there is no such tokenizer, or it has no chat template.
    """
    try:
        transformers = import_module("transformers")
    except ImportError as error:
        raise MissingPackage(
            "transformers", "pip install 'bestofn-training[train]'", "--tokenizer"
        ) from error
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(path)
    except (OSError, ValueError) as error:
        said = " ".join(str(error).split())
        raise BadInput("tokenizer", f"{path!r} cannot be loaded: {said}") from error
    if not getattr(tokenizer, "chat_template", None):
        raise BadInput("tokenizer", f"{path!r} has no chat template; judge prompts need one")

    def tokens(text: str) -> int:
        return len(tokenizer(text, add_special_tokens=False)["input_ids"])

    def measure(messages: Sequence[Message]) -> int:
        answered = messages[-1].role == "assistant"
        asked = messages[:-1] if answered else messages
        prompt = tokenizer.apply_chat_template(
            [{"role": message.role, "content": message.content} for message in asked],
            tokenize=False,
            add_generation_prompt=True,
            **(template or {}),
        )
        return tokens(prompt) + (tokens(messages[-1].content) + 1 if answered else 0)

    return measure
