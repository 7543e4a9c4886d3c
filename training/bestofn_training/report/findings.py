"""Who is a baseline, who is compared with whom, and what the comparison says. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from bestofn.benchmarks.metrics import Estimate

from ..evaluate import paired_difference
from .runs import Run
from .scales import points

Role = Literal["none", "meta only"]

ROLES: Mapping[Role, str] = {
    "none": "none",
    "meta only": "meta data only",
}
"""The baselines, and what the page calls them."""

HOW_TO: Mapping[Role, str] = {
    "none": "Train the recipe …-none on the same data and name it: --baseline none=RUN.",
    "meta only": (
        "Train the recipe …-none with --set data.lower=upper.preferences.jsonl (the meta data "
        'alone) and name it: --baseline "meta only"=RUN.'
    ),
}
"""What to do where a baseline is missing."""

Tone = Literal["above", "below", "open"]

FEWEST = 6
"""Problems that it takes to call a difference more than chance. Resampling cannot show a sign that
no problem has, and on 5 problems all signs agree by chance once in 16 times, on 6 once in 32."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """Runs that belong together: those of one loss, with the baselines beside them.

    Attributes:
        loss: Kind of the loss.
        baselines: By role; a role that nobody has is there with nobody.
        methods: The others.
    """

    loss: str
    baselines: Mapping[Role, tuple[Run, ...]]
    methods: tuple[Run, ...]

    def baseline_of(self, run: Run, role: Role) -> Run | None:
        """The run of a role that another is compared with: of the same seed where there is one."""
        candidates = self.baselines[role]
        seed = run.record.recipe.seed
        same = [one for one in candidates if one.record.recipe.seed == seed]
        return next(iter([*same, *candidates]), None)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One method beside one baseline.

    Attributes:
        run: The method.
        role: Which baseline.
        text: What is seen, as the end of a sentence that begins with the name.
        tone: Whether the method is better, worse, or that is open.
        difference: Of the accuracies; None where nothing is compared.
    """

    run: Run
    role: Role
    text: str
    tone: Tone = "open"
    difference: Estimate | None = None


def role_of(run: Run, meta_files: frozenset[str]) -> Role | None:
    """Which baseline a run is by its recipe; None of a method.

    Args:
        run: Any.
        meta_files: Digests of files that some run used as its meta data.
    """
    recipe = run.record.recipe
    if recipe.weights.kind != "none":
        return None
    data = recipe.data
    on_meta = (
        run.record.files.get("lower") in meta_files
        or data.lower == data.upper
        or PurePath(data.lower).name.startswith("upper.")
    )
    return "meta only" if on_meta else "none"


def families_of(
    runs: Sequence[Run], named: Mapping[Role, Sequence[Run]] | None = None
) -> list[Family]:
    """Sort runs by their loss and into baselines and methods.

    A baseline of another loss, when it was named, stands in where a family has none of its own.

    Args:
        runs: All runs, without those that were named.
        named: Runs that were called baselines, by role.
    """
    given = {role: tuple((named or {}).get(role, ())) for role in ROLES}
    everyone = [*runs, *(run for some in given.values() for run in some)]
    meta_files = frozenset(
        digest for run in everyone if (digest := run.record.files.get("upper")) is not None
    )
    roles = [(run, role_of(run, meta_files)) for run in runs]
    found = []
    for loss in dict.fromkeys(run.loss for run in runs or everyone):
        own: dict[Role, tuple[Run, ...]] = {}
        for role in ROLES:
            told = tuple(run for run in given[role] if run.loss == loss)
            seen = tuple(run for run, its in roles if run.loss == loss and its == role)
            own[role] = (told + seen) or given[role]
        methods = tuple(run for run, its in roles if run.loss == loss and its is None)
        found.append(Family(loss=loss, baselines=own, methods=methods))
    return found


def compare(run: Run, baseline: Run, role: Role) -> Finding:
    """What held-out accuracy says of a method beside a baseline, problem by problem."""
    name = f"the baseline \u201c{ROLES[role]}\u201d ({baseline.name})"
    if reason := _why_not(run, baseline):
        text = f"cannot be set beside {name}: {reason}."
        return Finding(run=run, role=role, text=text)
    found = _difference(run, baseline)
    if found is None:
        text = f"cannot be set beside {name}: they share fewer than two problems with answers."
        return Finding(run=run, role=role, text=text)
    size = f"{points(abs(found.mean)).lstrip('+')} points"
    interval = f"95 % interval {points(found.low)} to {points(found.high)}"
    tone: Tone = "open"
    if found.low > 0 and found.problems >= FEWEST:
        text, tone = f"beats {name} by {size} ({interval}).", "above"
    elif found.mean > 0:
        text = f"is ahead of {name} by {size}, which may be chance ({interval})."
    elif found.mean == 0:
        text = f"is as good as {name}, no better ({interval})."
    elif found.high < 0 and found.problems >= FEWEST:
        text, tone = f"loses to {name} by {size} ({interval}).", "below"
    else:
        text, tone = f"loses to {name} by {size}, which may be chance ({interval}).", "below"
    if found.problems < FEWEST:
        text += f" {found.problems} problems are too few to tell."
    return Finding(run=run, role=role, text=text, tone=tone, difference=found)


def _why_not(run: Run, baseline: Run) -> str:
    """Why two runs cannot be compared; empty where they can."""
    mine, other = run.evaluation, baseline.evaluation
    if mine is None or other is None:
        return f"{(run if mine is None else baseline).name} was not measured on held-out problems"
    for measured, found in ((run, mine), (baseline, other)):
        if found.outdated(measured.record.recipe):
            return f"{measured.name} has been trained further since it was measured"
    if mine.digest != other.digest:
        return "they were measured on other held-out inputs"
    if mine.how != other.how or mine.settings.get("sampling") != other.settings.get("sampling"):
        return "they were not asked in the same way"
    return ""


def _difference(run: Run, baseline: Run) -> Estimate | None:
    if run.evaluation is None or baseline.evaluation is None:
        return None
    mine, other = run.evaluation.ratio("accuracy"), baseline.evaluation.ratio("accuracy")
    return paired_difference(
        mine, other, seed=run.evaluation.seed, resamples=run.evaluation.resamples
    )
