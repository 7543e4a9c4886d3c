"""The data of a recipe, checked without a model: what can be refused early is refused early."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data import (
    JudgeInput,
    Labelled,
    Measure,
    Preference,
    Target,
    check_apart,
    check_domains,
    check_rows,
    read_rows,
)
from ..data.card import file_digest, rollouts_of
from ..errors import BadData, BadRow
from .schema import Recipe

KINDS: Mapping[str, type[JudgeInput] | type[Labelled] | type[Preference] | type[Target]] = {
    "dpo": Preference,
    "sft+dpo": Preference,
    "orpo": Preference,
    "kto": Labelled,
    "sft": Target,
    "grpo": JudgeInput,
}
"""Which rows each loss is computed on."""


@dataclass(frozen=True, kw_only=True)
class FileReport:
    """What a file holds.

    Attributes:
        path: The file.
        rows: How many.
        problems: How many problems they belong to.
        domains: Rows by domain.
        right: Rows whose reply is right, and rows whose reply is not; KTO only.
    """

    path: Path
    rows: int
    problems: int
    domains: Mapping[str, int]
    right: tuple[int, int] | None = None


def check_files(recipe: Recipe, *, measure: Measure | None = None) -> dict[str, FileReport]:
    """Read the files of a recipe through, and refuse what cannot be trained on.

    Args:
        recipe: Names them.
        measure: Counts tokens, where a tokenizer is at hand; else lengths are not looked at.

    Returns:
        By ``lower`` and ``upper``.

    Raises:
        BadRow: a row is broken, too long, there twice, or its problem is in two of the files.
        BadData: a domain has no samples, KTO finds replies of one kind only, or a rollout's rows
            are older than the judge inputs beside them.
        FormatError: a file cannot be read or is empty.
    """
    kind: Any = KINDS[recipe.loss.kind]  # four kinds of rows: more than a type variable takes
    folder = Path(recipe.data.folder)
    files = {"lower": folder / recipe.data.lower}
    if recipe.data.upper:
        files["upper"] = folder / recipe.data.upper
    if not recipe.upper:
        files.pop("upper", None)
    reports = {}
    for name, path in files.items():
        _check_fresh(name, path)
        check_rows(path, kind, measure=measure, context=recipe.data.context)
        reports[name] = _report(path, kind)
    check_apart(files, kind)
    _check_unseen(recipe, files, kind)
    _check_domains(recipe, files["lower"], kind, reports["lower"])
    for name, report in reports.items():
        if recipe.loss.kind == "kto" and report.right is not None and 0 in report.right:
            which = "right" if report.right[0] == 0 else "wrong"
            raise BadData(name, f"{report.path} has no {which} reply; KTO needs both kinds")
    return reports


def held_out_of(recipe: Recipe) -> Path | None:
    """The file of what must stay unseen."""
    return Path(recipe.data.folder) / recipe.data.held_out if recipe.data.held_out else None


def _report(path: Path, kind: Any) -> FileReport:
    problems: set[str] = set()
    domains: Counter[str] = Counter()
    labels: Counter[bool] = Counter()
    for _, row in read_rows(path, kind):
        problems.add(row.problem_id)
        domains[row.domain] += 1
        if isinstance(row, Labelled):
            labels[row.label] += 1
    return FileReport(
        path=path,
        rows=domains.total(),
        problems=len(problems),
        domains=dict(sorted(domains.items())),
        right=(labels[True], labels[False]) if kind is Labelled else None,
    )


def _check_fresh(name: str, path: Path) -> None:
    """Rows of a rollout must be of the judge inputs that lie beside them now.

    The data card knows from which they were made. Other rows, and inputs elsewhere, are the
    caller's own affair.
    """
    for source, part in rollouts_of(path.parent).items():
        inputs = path.with_name(f"{source}.jsonl")
        if path.name not in part["files"].values() or not inputs.exists():
            continue
        if file_digest(inputs) != part["inputs_sha256"]:
            raise BadData(
                name,
                f"{path} was made from other judge inputs than {inputs} holds now; run "
                f"`bestofn-train rollout {inputs}` again",
            )


def _check_unseen(recipe: Recipe, files: Mapping[str, Path], kind: Any) -> None:
    """No row's problem may be held out."""
    held_out = held_out_of(recipe)
    if held_out is None:
        return
    unseen: dict[str, int] = {}
    for number, row in read_rows(held_out, JudgeInput):
        unseen.setdefault(row.problem_id, number)
    for path in files.values():
        for number, row in read_rows(path, kind):
            if row.problem_id in unseen:
                reason = (
                    f"{row.problem_id!r} is held out ({held_out.name}, row "
                    f"{unseen[row.problem_id]}); remove its rows here"
                )
                raise BadRow(path, number, "problem_id", reason)


def _check_domains(recipe: Recipe, path: Path, kind: Any, report: FileReport) -> None:
    """All domains have rows, and all rows have a domain."""
    wanted = recipe.data.domains
    if not wanted:
        return
    check_domains(report.domains, wanted, where="lower")
    for number, row in read_rows(path, kind):
        if row.domain not in wanted:
            listed = ", ".join(wanted)
            raise BadRow(path, number, "domain", f"{row.domain!r} is not one of: {listed}")
