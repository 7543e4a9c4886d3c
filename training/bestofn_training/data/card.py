"""The data card: what a set holds, where it came from, what was left out and why.

``card.json`` is for programs, ``card.md`` says the same for people. Both are written whole, after
the rows, and again by whatever adds to them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bestofn.benchmarks.results import write_json
from bestofn.errors import FormatError

from .rows import JudgeInput

SCHEMA = "bestofn-training/card"
SCHEMA_VERSION = 1
CARD_JSON = "card.json"
CARD_MD = "card.md"


class SideTally:
    """Counts the judge inputs of one side as they are written."""

    def __init__(self, generators: Sequence[str]) -> None:
        self.generators = tuple(generators)
        self.problems = 0
        self.inputs = 0
        self.sets = 0
        self.domains: Counter[str] = Counter()
        self.difficulties: Counter[str] = Counter()
        self.by_generator: Counter[str] = Counter()
        self.places: Counter[str] = Counter()
        self.first_date = ""
        self.last_date = ""
        self.longest = 0
        self.characters = 0
        self.most_tokens: int | None = None

    def add(self, row: JudgeInput, tokens: int | None) -> None:
        """Count one input."""
        self.inputs += 1
        self.domains[row.domain] += 1
        self.difficulties[row.difficulty or "unknown"] += 1
        self.by_generator[row.generator] += 1
        self.places.update(str(place) for place in row.right)
        if row.date:
            self.first_date = min(self.first_date or row.date, row.date)
            self.last_date = max(self.last_date, row.date)
        length = sum(len(message.content) for message in row.prompt)
        self.longest = max(self.longest, length)
        self.characters += length
        if tokens is not None:
            self.most_tokens = max(self.most_tokens or 0, tokens)

    def record(self, file: str) -> dict[str, Any]:
        """The counts."""
        return {
            "file": file if self.inputs else None,
            "generators_allowed": list(self.generators) or "all",
            "problems": self.problems,
            "sets": self.sets,
            "inputs": self.inputs,
            "domains": _sorted(self.domains),
            "difficulties": _sorted(self.difficulties),
            "generators": _sorted(self.by_generator),
            "right_places": _sorted(self.places),
            "dates": [self.first_date, self.last_date] if self.first_date else None,
            "prompt_characters": {
                "mean": round(self.characters / self.inputs) if self.inputs else 0,
                "most": self.longest,
            },
            "prompt_tokens_most": self.most_tokens,
        }


class Retention:
    """Counts what came in and what was used, by generator or domain."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = tuple(columns)
        self._counts: dict[str, Counter[str]] = {}

    def add(self, name: str, column: str, count: int = 1) -> None:
        """Add to one cell."""
        self._counts.setdefault(name, Counter())[column] += count

    def record(self) -> dict[str, dict[str, int]]:
        """All cells, rows by name."""
        return {
            name: {column: counts[column] for column in self._columns}
            for name, counts in sorted(self._counts.items())
        }


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def read_card(folder: Path) -> dict[str, Any] | None:
    """The card of a folder, or None where there is none.

    Raises:
        FormatError: what is there is no card, or one of a newer version.
    """
    path = folder / CARD_JSON
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise FormatError(path, f"cannot be read as a data card: {error}") from error
    if not isinstance(card, dict) or card.get("schema") != SCHEMA:
        raise FormatError(path, "is not a data card; use another --output")
    if card.get("schema_version") != SCHEMA_VERSION:
        raise FormatError(path, f"has version {card.get('schema_version')}; make the data again")
    return card


def rollouts_of(folder: Path) -> dict[str, Any]:
    """What the card of a folder says about rollouts, by the name of their judge inputs.

    Nothing where there is no card, and nothing where ``card.json`` is somebody else's: that says
    nothing about our rows.
    """
    try:
        card = read_card(folder)
    except FormatError:
        return {}
    return {} if card is None else dict(card["rollouts"])


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal: tells whether it has been made anew since."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def new_card() -> dict[str, Any]:
    """A card that says nothing yet."""
    return {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, "rollouts": {}}


def write_card(folder: Path, card: Mapping[str, Any]) -> None:
    """Write both forms, each whole.

    Raises:
        OSError: they cannot be written.
    """
    write_json(folder / CARD_JSON, card)
    part = folder / f".{CARD_MD}.{os.getpid()}.part"
    try:
        part.write_text(as_markdown(card), encoding="utf-8")
        part.replace(folder / CARD_MD)
    finally:
        part.unlink(missing_ok=True)


def as_markdown(card: Mapping[str, Any]) -> str:
    """The card for people."""
    lines = ["# Data card", ""]
    if "sides" in card:
        lines += _data(card)
    for name, rollout in card.get("rollouts", {}).items():
        lines += _rollout(name, rollout)
        now = card.get("sides", {}).get(name)
        if now is not None and now["sha256"] != rollout["inputs_sha256"]:
            lines += ["Out of date: made from other judge inputs than those above.", ""]
    return "\n".join(lines).rstrip() + "\n"


def _data(card: Mapping[str, Any]) -> list[str]:
    sides, settings = card["sides"], card["settings"]
    names = ", ".join(source["name"] for source in card["benchmarks"])
    prompt = card["prompt"]
    lines = [
        f"Judge inputs from {names}: sets of {settings['k']} candidates with at least one right "
        f"and one wrong, each in both orders, at most {settings['most'] or 'all'} sets a problem, "
        f"seed {settings['seed']}.",
        "",
        f"Split: {_facts(card['split'])}. By problem: no problem is on two sides (checked).",
        "",
        f"Prompts: template {prompt['template']['name']} version "
        f"{prompt['template']['version'] or '-'} ({prompt['template']['sha256'][:12]}), evidence "
        f"{prompt['evidence']}, at most {prompt['max_chars']} characters of a candidate, seed "
        f"{prompt['seed']} in the codes around foreign text.",
        "",
        "## Sides",
        "",
        *_table(
            ["side", "problems", "sets", "inputs", "generators allowed", "dates", "longest prompt"],
            [
                [
                    name,
                    side["problems"],
                    side["sets"],
                    side["inputs"],
                    _names(side["generators_allowed"]),
                    " to ".join(side["dates"]) if side["dates"] else "-",
                    f"{side['prompt_characters']['most']} characters"
                    + (
                        f", {side['prompt_tokens_most']} tokens"
                        if side["prompt_tokens_most"]
                        else ""
                    ),
                ]
                for name, side in sides.items()
            ],
        ),
        "## Inputs by domain",
        "",
        *_table(
            ["domain", *sides],
            [
                [domain, *(side["domains"].get(domain, 0) for side in sides.values())]
                for domain in sorted({d for side in sides.values() for d in side["domains"]})
            ],
        ),
    ]
    for kind in ("domains", "generators"):
        lines += [f"## Retention by {kind[:-1]}", "", *_cells(kind[:-1], card["retention"][kind])]
    for what in ("problems", "candidates", "sets"):
        lines += _reasons(f"## Dropped {what}", card["dropped"][what])
    return lines


def _rollout(name: str, rollout: Mapping[str, Any]) -> list[str]:
    levels = rollout["replies"]
    return [
        f"## Rollout of {name}",
        "",
        f"{rollout['judge']}, {rollout['n']} replies an input, rewards "
        f"{_facts(rollout['rewards'])}, pairs: {rollout['pairing']}, seed {rollout['seed']}.",
        "",
        *_table(
            ["inputs", "asked", "with both kinds", "preferences", "KTO rows", "SFT rows"],
            [
                [
                    rollout["inputs"],
                    rollout["asked"],
                    rollout["retained"],
                    *(rollout["rows"][kind] for kind in ("preferences", "kto", "sft")),
                ]
            ],
        ),
        *_table(list(levels), [list(levels.values())]),
        *_reasons("Inputs that were dropped", rollout["dropped"]),
        *_reasons("Replies that are format errors", rollout["format_errors"]),
        *_reasons("Replies that are in no row", rollout["unused"]),
        "### Retention by domain",
        "",
        *_cells("domain", rollout["retention"]["domains"]),
        "### Retention by generator",
        "",
        *_cells("generator", rollout["retention"]["generators"]),
    ]


def _facts(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} ({_facts(value)})"
        if isinstance(value, Mapping)
        else f"{name.replace('_', ' ')} {value}"
        for name, value in values.items()
    )


def _names(value: Any) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def _reasons(title: str, counts: Mapping[str, int]) -> list[str]:
    if not counts:
        return []
    heading = [title, ""] if title.startswith("#") else [f"{title}:", ""]
    return [*heading, *_table(["reason", "count"], [list(pair) for pair in counts.items()])]


def _cells(kind: str, rows: Mapping[str, Mapping[str, int]]) -> list[str]:
    columns = next((list(row) for row in rows.values()), [])
    return _table([kind, *columns], [[name, *row.values()] for name, row in rows.items()])


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    def line(cells: Iterable[object]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"

    return [line(head), line("---" for _ in head), *map(line, rows), ""]
