"""From graded candidates to judge inputs on three sides, with a data card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from bestofn.benchmarks import Benchmark
from bestofn.benchmarks.results import package_version
from bestofn.concurrency import run_sync
from bestofn.sandbox import Sandbox

from ..errors import BadData, BadInput
from .card import new_card, rollouts_of, write_card
from .checks import Measure, check_apart, check_domains
from .grading import OnItem, sources_of, verdicts_of
from .making import Maker
from .rows import JudgeInput, RowWriter
from .settings import DataSettings
from .splits import SIDES, Side, Split

GRADES_FILE = "grades.jsonl"


def file_of(side: Side) -> str:
    """The name of a side's file."""
    return f"{side}.jsonl"


def build(
    benchmarks: Sequence[Benchmark],
    split: Split,
    output: Path,
    *,
    settings: DataSettings | None = None,
    measure: Measure | None = None,
    on_item: OnItem | None = None,
) -> dict[str, Any]:
    """Make judge inputs; the synchronous twin of :func:`abuild`."""
    return run_sync(
        partial(
            abuild,
            benchmarks,
            split,
            output,
            settings=settings,
            measure=measure,
            on_item=on_item,
        )
    )


async def abuild(
    benchmarks: Sequence[Benchmark],
    split: Split,
    output: Path,
    *,
    settings: DataSettings | None = None,
    measure: Measure | None = None,
    on_item: OnItem | None = None,
) -> dict[str, Any]:
    """Grade what has no verdict, split by problem, and write what a judge is to be asked.

    Writes ``lower.jsonl``, ``upper.jsonl``, ``held_out.jsonl`` (rows of
    :class:`~.rows.JudgeInput`), ``card.json`` and ``card.md``, each whole, and keeps finished
    grading in ``grades.jsonl``. The same arguments give the same files, byte for byte.

    Args:
        benchmarks: Problems with candidates, from any reader of :mod:`bestofn.benchmarks`.
        split: Which problem is on which side.
        output: The folder.
        settings: Everything else.
        measure: Counts tokens, for ``settings.context``.
        on_item: Hears of every graded problem.

    Returns:
        The card.

    Raises:
        BadData: naming the problem, the side or the domain that cannot be used, and why.
        BadInput: a setting does not fit the data.
        SandboxUnavailable: candidates need to be run and no sandbox can be had.
    """
    settings = settings or DataSettings()
    if settings.context is not None and measure is None:
        raise BadInput("context", "needs something that counts tokens: give a tokenizer")
    maker = Maker(sources_of(benchmarks), settings, measure)
    async with Sandbox(workers=settings.jobs) as sandbox:
        grades = await verdicts_of(
            maker.sources,
            sandbox,
            log=output / GRADES_FILE,
            again=settings.grade,
            on_item=on_item,
        )
        sides = maker.part(grades, split)
        with ExitStack() as stack:
            writers = {
                side: stack.enter_context(RowWriter(output / file_of(side))) for side in SIDES
            }
            for source in maker.sources:
                side = sides.get(source.item.problem.id)
                verdicts = grades[source.item.problem.id]
                if side is not None and verdicts is not None:
                    for row in await maker.rows(source, verdicts.verdicts, side, sandbox):
                        writers[side].add(row)
            _check(maker, writers, settings)
            card = new_card() | {
                "version": package_version(),
                "benchmarks": [
                    {"name": b.name, "problems": len(b.items), "arguments": dict(b.arguments)}
                    for b in benchmarks
                ],
                "settings": settings.record,
                "prompt": settings.prompter.record,
                "split": split.record,
                **maker.record(file_of),
                # Their rows are still there, and `train` must find out if these are others now.
                "rollouts": rollouts_of(output),
            }
            for side, writer in writers.items():
                card["sides"][side]["sha256"] = writer.digest.hexdigest() if writer.rows else None
                if writer.rows:
                    writer.keep()
                else:
                    writer.path.unlink(missing_ok=True)  # of an earlier run
            write_card(output, card)
    return card


def _check(maker: Maker, writers: Mapping[Side, RowWriter], settings: DataSettings) -> None:
    """Refuse what cannot be trained on, before anything is put in its place."""
    for side in ("lower", "upper"):
        if not maker.sides[side].inputs:
            why = ", ".join(f"{reason}: {n}" for reason, n in maker.problems_dropped.items())
            raise BadData(
                side,
                f"no judge input came of its {maker.assigned[side]} problem(s)"
                f" ({why or 'no problem was left out'}); move the cuts, allow more generators, or "
                "rank only usable problems by difficulty (--among usable)",
            )
    check_domains(maker.sides["lower"].domains, settings.domains, where="lower")
    written = {side: writer for side, writer in writers.items() if writer.rows}
    for writer in written.values():
        writer.flush()
    check_apart({side: writer.part for side, writer in written.items()}, JudgeInput)
