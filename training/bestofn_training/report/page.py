"""From runs to one HTML page, which needs nothing from elsewhere. Pure but for the template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata, resources

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from .charts import POINTS
from .figures import Figure, Table, figures_of
from .findings import Role, families_of
from .heldout import WEIGHTINGS, held_out_of
from .runs import Run
from .scales import short

_ALL_POINTS = 36_000
"""Points of a kind of chart over all runs: what keeps the page below two megabytes."""

_EXTREMES = 5


@dataclass(frozen=True, kw_only=True)
class Section:
    """One run on the page."""

    id: str
    name: str
    about: str
    notes: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    figures: tuple[Figure, ...]
    extremes: Table | None


def render(
    runs: Sequence[Run],
    named: Mapping[Role, Sequence[Run]] | None = None,
    *,
    title: str = "Training report",
) -> str:
    """The page. The same runs give the same page.

    Args:
        runs: At least one, those that were named as baselines apart.
        named: Runs that were called baselines, by role.
        title: Its heading.
    """
    everyone = [*runs, *(run for some in (named or {}).values() for run in some)]
    everyone = list({id(run): run for run in everyone}.values())
    most = max(min(POINTS, _ALL_POINTS // len(everyone)), 120)
    families = families_of(runs, named)
    measured = sum(run.evaluation is not None for run in everyone)
    ended = sum(run.result is not None for run in everyone)
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    folder = resources.files(__package__)
    template = environment.from_string(folder.joinpath("page.html.jinja2").read_text("utf-8"))
    # The style is ours, and holds no text of others.
    style = Markup(folder.joinpath("style.css").read_text("utf-8"))
    page = template.render(
        title=title,
        style=style,
        lead=f"{_counted(len(everyone), 'run')}, {ended} ended, {measured} measured on held-out "
        "problems.",
        families=[
            held_out_of(family, f"family-{number}")
            for number, family in enumerate(families, start=1)
        ],
        runs=[_section(run, f"run-{number}", most) for number, run in enumerate(everyone, start=1)],
        foot=f"Made by bestofn-training {metadata.version('bestofn-training')}. Long lines are "
        "thinned to what a screen can show; the lowest and the highest value of every stretch "
        "are kept.",
    )
    # Half a character, as JSON may hold it, cannot be written to any file.
    return page.encode("utf-8", "replace").decode("utf-8")


def _section(run: Run, id_: str, most: int) -> Section:
    return Section(
        id=id_,
        name=run.name,
        about=f"{run.loss.upper()}, {WEIGHTINGS[run.weighting]}. Folder: {run.folder}",
        notes=run.notes,
        facts=tuple(_facts(run)),
        figures=tuple(figures_of(run, id_, most=most)),
        extremes=_extremes(run),
    )


def _facts(run: Run) -> list[tuple[str, str]]:
    recipe = run.record.recipe
    made = run.lower[-1].update if run.lower else 0
    facts = [
        ("model", recipe.model.name),
        ("trained on", recipe.data.lower),
        ("updates of the judge", f"{made:,} of {recipe.lower_updates:,}"),
    ]
    if run.lower:
        facts.append(("last loss", short(run.lower[-1].loss)))
    if recipe.upper is not None:
        weighed = run.upper[-1].update if run.upper else 0
        facts += [
            ("meta data", recipe.data.upper),
            ("hypergradient", recipe.upper.hypergradient),
            ("updates of the weights", f"{weighed:,} of {recipe.upper_updates:,}"),
        ]
    if run.upper:
        moved = run.upper[-1].moved
        facts += [
            ("last meta loss", short(run.upper[-1].meta_loss)),
            ("weights moved", f"{short(moved.largest)} at most, {short(moved.mean)} on average"),
        ]
    return [*facts, ("seed", str(recipe.seed))]


def _extremes(run: Run) -> Table | None:
    """The samples at either end, where weights belong to samples."""
    result = run.result
    if run.weighting != "instance-table" or result is None:
        return None
    if len(result.samples) != len(result.weights):
        return None
    ranked = sorted(
        zip(result.samples, result.weights, strict=True), key=lambda pair: (-pair[1], pair[0])
    )
    if len(ranked) > 2 * _EXTREMES:
        ranked = ranked[:_EXTREMES] + ranked[-_EXTREMES:]
    return Table(
        caption="Samples by weight at the end of the run",
        head=("sample", "weight"),
        rows=tuple((name, short(weight)) for name, weight in ranked),
    )


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
