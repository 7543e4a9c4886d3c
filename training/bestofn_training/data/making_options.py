"""Options of ``bestofn-train data``, in groups that all its commands share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from bestofn.benchmarks import Benchmark
from bestofn.cli import options
from bestofn.cli.output import new_table, print_json, stderr, stdout
from bestofn.errors import FormatError
from bestofn.judges.showing import LONGEST

from .build import build
from .card import CARD_MD
from .checks import tokenizer_measure
from .grading import OnItem
from .prompts import Prompter
from .settings import DataSettings, Pools
from .splits import DifficultySplit, RandomSplit, Split, TemporalSplit

_LINES = 10  # of plain progress in a whole run

Names = list[str] | None


@dataclass(frozen=True, kw_only=True)
class Splitting:
    """Which problems are for training, for the weights, and for measuring."""

    split: Annotated[
        Literal["temporal", "difficulty", "random"],
        typer.Option(
            metavar="temporal|difficulty|random",
            rich_help_panel="Split",
            help="How problems are parted, never within a problem.",
        ),
    ]
    lower_until: Annotated[
        datetime,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="DATE",
            rich_help_panel="Split",
            help="temporal: first day of the meta set.",
        ),
    ] = datetime(2024, 8, 1)
    upper_until: Annotated[
        datetime,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="DATE",
            rich_help_panel="Split",
            help="temporal: first day that is held out.",
        ),
    ] = datetime(2025, 2, 1)
    hardest: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            rich_help_panel="Split",
            help="difficulty: share of the hardest problems, for the meta set.",
        ),
    ] = 0.2
    among: Annotated[
        Literal["all", "usable"],
        typer.Option(
            metavar="all|usable",
            rich_help_panel="Split",
            help="difficulty: rank all problems, or those with right and wrong candidates.",
        ),
    ] = "all"
    meta: Annotated[
        float,
        typer.Option(
            metavar="SHARE", rich_help_panel="Split", help="random: share for the meta set."
        ),
    ] = 0.2
    held_out: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            rich_help_panel="Split",
            help="difficulty, random: share that is held out; 0.2 unless some are by name.",
        ),
    ] = None
    held_out_ids: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            dir_okay=False,
            rich_help_panel="Split",
            help="difficulty, random: problems held out by name, one id a line.",
        ),
    ] = None

    def make(self) -> Split:
        """The split."""
        if self.split == "temporal":
            return TemporalSplit(
                lower_until=self.lower_until.date(), upper_until=self.upper_until.date()
            )
        named = _lines(self.held_out_ids) if self.held_out_ids else []
        share = self.held_out if self.held_out is not None else 0.0 if named else 0.2
        if self.split == "difficulty":
            return DifficultySplit(
                hardest=self.hardest,
                held_out=named,
                held_out_share=share,
                among=self.among,
            )
        return RandomSplit(upper=self.meta, held_out=named, held_out_share=share)


@dataclass(frozen=True, kw_only=True)
class Showing:
    """Which candidates are shown together, and how."""

    weak: Annotated[
        Names,
        typer.Option(
            metavar="NAME",
            rich_help_panel="Candidates",
            help="Generator whose candidates are trained on; repeat. All unless given.",
        ),
    ] = None
    strong: Annotated[
        Names,
        typer.Option(
            metavar="NAME",
            rich_help_panel="Candidates",
            help="Generator of the meta set; repeat. All unless given.",
        ),
    ] = None
    held_out_by: Annotated[
        Names,
        typer.Option(
            metavar="NAME",
            rich_help_panel="Candidates",
            help="Generator for the held-out set; repeat. As --strong unless given.",
        ),
    ] = None
    k: Annotated[
        int,
        typer.Option(
            min=2, metavar="K", rich_help_panel="Candidates", help="Candidates in a prompt."
        ),
    ] = 2
    max_sets: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="M",
            rich_help_panel="Candidates",
            help="Sets a problem at most, each in both orders; 0 takes all pairs.",
        ),
    ] = 8
    within: Annotated[
        Literal["pool", "generator"],
        typer.Option(
            metavar="pool|generator",
            rich_help_panel="Candidates",
            help="Whether a set may mix generators.",
        ),
    ] = "pool"
    only_survivors: Annotated[
        bool,
        typer.Option(
            "--only-survivors",
            metavar="",
            rich_help_panel="Candidates",
            help="Leave out what the public tests drop before a judge is asked.",
        ),
    ] = False
    generator_column: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            rich_help_panel="Candidates",
            help="Where candidates' metadata name their generator, if not in the id.",
        ),
    ] = "generator"
    template: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            dir_okay=False,
            rich_help_panel="Prompts",
            help="Your own prompt, as for bestofn --template.",
        ),
    ] = None
    evidence: Annotated[
        Literal["none", "tests", "behaviour"],
        typer.Option(
            metavar="none|tests|behaviour",
            rich_help_panel="Prompts",
            help="What the judge is told about running them, as for bestofn --evidence.",
        ),
    ] = "none"
    max_chars: Annotated[
        int,
        typer.Option(
            metavar="C", rich_help_panel="Prompts", help="Characters of a candidate that are shown."
        ),
    ] = LONGEST
    tokenizer: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", rich_help_panel="Prompts", help="Tokenizer of the model to be trained."
        ),
    ] = None
    context: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="T",
            rich_help_panel="Prompts",
            help="Tokens of a prompt at most; needs --tokenizer.",
        ),
    ] = None
    too_long: Annotated[
        Literal["refuse", "drop"],
        typer.Option(
            metavar="refuse|drop",
            rich_help_panel="Prompts",
            help="What becomes of longer prompts; dropped ones are counted.",
        ),
    ] = "refuse"


@dataclass(frozen=True, kw_only=True)
class Making(Splitting, Showing):
    """Everything about the sets, and where they go."""

    output: Annotated[
        Path, typer.Option(metavar="DIR", file_okay=False, help="Folder for the sets and the card.")
    ]
    domain: Annotated[
        str,
        typer.Option(
            metavar="RULE", help="platform-difficulty, category (of libraries), or column:NAME."
        ),
    ] = "platform-difficulty"
    need_domain: Annotated[
        Names, typer.Option(metavar="NAME", help="Domain that must have samples; repeat.")
    ] = None
    date_column: Annotated[
        str, typer.Option(metavar="NAME", help="Where problems' metadata hold their date.")
    ] = "contest_date"
    seed: options.Seed = 0
    jobs: options.Jobs = None
    grade: options.Grade = False
    limit: options.Limit = None
    json: options.Json = False

    def run(self, benchmark: Benchmark) -> None:
        """Make the sets and print what they hold."""
        settings = DataSettings(
            seed=self.seed,
            k=self.k,
            most=self.max_sets or None,
            within=self.within,
            domain=self.domain,
            domains=tuple(self.need_domain or ()),
            date_column=self.date_column,
            generator_column=self.generator_column,
            pools=Pools(
                lower=tuple(self.weak or ()),
                upper=tuple(self.strong or ()),
                held_out=None if self.held_out_by is None else tuple(self.held_out_by),
            ),
            prompter=Prompter(
                template=self.template,
                max_chars=self.max_chars,
                evidence=self.evidence,
                seed=self.seed,
            ),
            only_survivors=self.only_survivors,
            grade=self.grade,
            jobs=self.jobs,
            context=self.context,
            too_long=self.too_long,
        )
        card = build(
            [benchmark],
            self.make(),
            self.output,
            settings=settings,
            measure=tokenizer_measure(self.tokenizer) if self.tokenizer else None,
            on_item=_reporter(stderr()),
        )
        if self.json:
            print_json(card)
            return
        console = stdout()
        table = new_table(
            f"judge inputs of {benchmark.name}",
            ("side",),
            ("problems", "sets", "inputs", "domains", "longest prompt"),
        )
        for name, side in card["sides"].items():
            counts = (side["problems"], side["sets"], side["inputs"], len(side["domains"]))
            table.add_row(name, *map(str, counts), str(side["prompt_characters"]["most"]))
        console.print(table)
        for reason, count in card["dropped"]["problems"].items():
            console.print(f"{count} problem(s) left out: {reason}")
        console.print(f"More in {self.output / CARD_MD}")


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(path, f"cannot be read: {error}") from error


def _reporter(console: Console) -> OnItem:
    def graded(done: int, total: int, _id: str) -> None:
        if done == total or done * _LINES // total > (done - 1) * _LINES // total:
            console.print(f"verdicts on {done}/{total} problems")

    return graded
