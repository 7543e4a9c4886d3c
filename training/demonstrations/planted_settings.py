"""The three settings of the demonstration, and one run of one method in one of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from bestofn_training.bilevel import DPO, Objective
from bestofn_training.models import Judge
from bestofn_training.weights import Bounds, DomainTable, InstanceNet, InstanceTable, Weighting
from common import Rows, Training, accuracy, tiny_judge, train
from planted_points import GROUPS, draw, linear_judge, logistic, points_accuracy
from planted_questions import CONTEXT, DOMAINS, VOCABULARY, ask, mixture
from planted_tables import CLEAN_ONLY, META_ONLY, NONE, WITH_META, Run

META, HELD_OUT = 96, 1000


@dataclass(frozen=True, kw_only=True)
class Task:
    """What one seed makes of a setting.

    Attributes:
        rows: The training set, poison included.
        with_meta: The same and the meta set.
        clean: What of it is not poisoned.
        meta: The meta set.
        groups: Of the rows of the training set, for the report: which group each belongs to.
        judge: Not trained yet.
        objective: Its loss.
        accuracy: Of a judge on the held-out set.
    """

    rows: Rows
    with_meta: Rows
    clean: Rows
    meta: Rows
    groups: list[int]
    judge: Judge
    objective: Objective
    accuracy: Callable[[Judge], float]


@dataclass(frozen=True, kw_only=True)
class Learned:
    """A weighting to be learned: how it is made, for so many rows, and Adam's rate for it."""

    make: Callable[[int], Weighting]
    rate: float


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A planted truth, and what is tried on it.

    Attributes:
        title: What it is, in a sentence or two.
        groups: Names of the groups of rows.
        poisoned: Those that do harm.
        make: From a seed to the data and an untrained judge.
        training: The same for all methods.
        weightings: By the names of the methods.
    """

    title: str
    groups: tuple[str, ...]
    poisoned: tuple[str, ...]
    make: Callable[[int], Task]
    training: Training
    weightings: Mapping[str, Learned]

    @property
    def methods(self) -> tuple[str, ...]:
        """The baselines, then the weightings."""
        return (NONE, WITH_META, META_ONLY, CLEAN_ONLY, *self.weightings)


def questions(seed: int, size: int = 1600) -> Task:
    """Questions in four domains, a Qwen3 from scratch, its preferences by DPO."""
    numbers = torch.Generator().manual_seed(seed)
    rows = mixture(size, numbers)
    meta, held_out = ask(META, "clean", numbers), ask(HELD_OUT, "clean", numbers)
    helpful = [place for place, row in enumerate(rows.rows) if row.domain in ("clean", "shifted")]
    return Task(
        rows=rows,
        with_meta=rows + meta,
        clean=rows.pick(helpful),
        meta=meta,
        groups=rows.groups,
        judge=tiny_judge(vocabulary=VOCABULARY, context=CONTEXT, layers=1, seed=seed),
        objective=DPO(beta=1.0),
        accuracy=lambda judge: accuracy(judge, held_out),
    )


def points(seed: int, *, size: int, features: int, bad: float, stretch: float = 1.0) -> Task:
    """Points on two sides, a linear judge, its logistic loss."""
    numbers = torch.Generator().manual_seed(seed)
    truth = torch.randn(features, generator=numbers)
    rows = draw(size, truth, numbers, bad=bad, stretch=stretch)
    meta, held_out = draw(META, truth, numbers), draw(HELD_OUT, truth, numbers)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        judge = linear_judge(features)
    return Task(
        rows=rows,
        with_meta=rows + meta,
        clean=rows.pick([place for place, group in enumerate(rows.groups) if group == 0]),
        meta=meta,
        groups=rows.groups,
        judge=judge,
        objective=logistic,
        accuracy=lambda judge: points_accuracy(judge, held_out),
    )


# On-policy, DPO's and the logistic loss start at log 2: that is where the net has to look.
SETTINGS: Mapping[str, Setting] = {
    "mixture": Setting(
        title=(
            "Domains: clean 25 %, shifted 15 % (right answers, other fillers), flipped 30 %, "
            "random 30 %. A Qwen3 of one layer, made from scratch, learns by DPO which of two "
            "replies to choose."
        ),
        groups=DOMAINS,
        poisoned=("flipped", "random"),
        make=questions,
        # The first hypergradients are mostly noise: with 16 rows an update, half the meta set at a
        # time and a rate of 0.05, three seeds of four ended below 0.8.
        training=Training(
            updates=600, batch=32, accumulation=1, rate=2e-3, meta_batch=META, upper_after=20
        ),
        weightings={
            "domain table": Learned(make=lambda _: DomainTable(DOMAINS), rate=0.02),
            "instance table": Learned(make=InstanceTable, rate=0.05),
            "instance net": Learned(make=lambda _: InstanceNet(centre=0.69, scale=0.5), rate=0.005),
        },
    ),
    "flips": Setting(
        title="35 % of 2,000 labels flipped, nothing tells which. A linear judge of 60 features.",
        groups=GROUPS,
        poisoned=("bad",),
        make=lambda seed: points(seed, size=2000, features=60, bad=0.35),
        training=Training(updates=800, batch=32, accumulation=1, rate=0.02),
        weightings={
            "instance table": Learned(
                make=lambda size: InstanceTable(size, bounds=Bounds(high=1.0)), rate=0.1
            ),
            "instance net": Learned(make=lambda _: InstanceNet(centre=0.69, scale=0.5), rate=0.01),
        },
    ),
    "outliers": Setting(
        title=(
            "15 % of 800 rows lie three times further out, on the wrong side. A linear judge of "
            "30 features."
        ),
        groups=GROUPS,
        poisoned=("bad",),
        make=lambda seed: points(seed, size=800, features=30, bad=0.15, stretch=3.0),
        training=Training(updates=400, batch=32, accumulation=1, rate=0.02),
        weightings={
            "instance table": Learned(
                make=lambda size: InstanceTable(size, bounds=Bounds(high=1.0)), rate=0.1
            ),
            "instance net": Learned(make=lambda _: InstanceNet(centre=0.69, scale=0.5), rate=0.01),
        },
    ),
}


def run(name: str, method: str, seed: int) -> Run:
    """One method on one seed of the setting called ``name``."""
    return run_in(SETTINGS[name], name, method, seed)


def run_in(setting: Setting, name: str, method: str, seed: int) -> Run:
    """The same in a setting that may differ from those above."""
    start = time.perf_counter()
    task = setting.make(seed)
    baselines = {
        NONE: task.rows,
        WITH_META: task.with_meta,
        META_ONLY: task.meta,
        CLEAN_ONLY: task.clean,
    }
    weights: dict[str, float] = {}
    if method in baselines:
        train(task.judge, task.objective, baselines[method], setting.training, seed=seed)
    else:
        weighting = learn(setting, task, method, seed)
        weights = mean_weights(setting, task, weighting)
    return Run(
        setting=name,
        method=method,
        seed=seed,
        accuracy=task.accuracy(task.judge),
        weights=weights,
        seconds=time.perf_counter() - start,
    )


def learn(setting: Setting, task: Task, method: str, seed: int) -> Weighting:
    """Train the task's judge and its weights together."""
    learned = setting.weightings[method]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # where the net starts
        weighting = learned.make(len(task.rows))
    training = setting.training.with_upper_rate(learned.rate)
    train(
        task.judge,
        task.objective,
        task.rows,
        training,
        seed=seed,
        weighting=weighting,
        meta=task.meta,
    )
    return weighting


def mean_weights(setting: Setting, task: Task, weighting: Weighting) -> dict[str, float]:
    """The mean weight of each group of rows, as the judge and the weighting are now."""
    sums = dict.fromkeys(setting.groups, 0.0)
    counts = dict.fromkeys(setting.groups, 0)
    with torch.no_grad():
        for start in range(0, len(task.rows), 200):
            places = range(start, min(start + 200, len(task.rows)))
            batch = task.rows(places)
            losses = task.objective(task.judge, batch)
            found = weighting(batch["index"], batch["domain"], losses).tolist()
            for place, weight in zip(places, found, strict=True):
                group = setting.groups[task.groups[place]]
                sums[group] += weight
                counts[group] += 1
    return {group: sums[group] / counts[group] for group in setting.groups}
