"""Both levels together on a tiny judge: accumulation, hypergradients, resume, stops."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("betty")

from bestofn_training.bilevel import (  # noqa: E402
    DPO,
    GRPO,
    KTO,
    ORPO,
    SFT,
    Checkpoints,
    Event,
    JudgeEngine,
    LowerProblem,
    LowerSettings,
    LowerUpdate,
    MicroStep,
    Objective,
    Records,
    Schedule,
    Stream,
    UpperProblem,
    UpperUpdate,
    WeightHistory,
)
from bestofn_training.data.rows import JudgeInput  # noqa: E402
from bestofn_training.errors import BadInput, BadRow, CheckpointError, Diverged  # noqa: E402
from bestofn_training.hypergradients import Hypergradient  # noqa: E402
from bestofn_training.models import (  # noqa: E402
    Batch,
    GroupSet,
    Judge,
    LoraSettings,
    Reply,
    Tokenising,
    TokenSettings,
    add_lora,
    collate_groups,
    collate_labelled,
    collate_preferences,
    collate_targets,
    trainable,
)
from bestofn_training.models.tiny import tiny_model, tiny_tokenizer  # noqa: E402
from bestofn_training.weights import (  # noqa: E402
    Bounds,
    DomainTable,
    InstanceNet,
    InstanceTable,
    NoWeights,
    Weighting,
)

SAMPLES, META = 16, 6


def reply(numbers: torch.Generator, prompt: Sequence[int], length: int) -> Reply:
    drawn = torch.randint(3, 64, (length,), generator=numbers).tolist()
    return Reply(prompt=tuple(prompt), reply=tuple(drawn))


class Pairs:
    """Random preferences: a data set of its own for each seed."""

    def __init__(self, count: int, seed: int) -> None:
        numbers = torch.Generator().manual_seed(seed)
        self.pairs = []
        for place in range(count):
            prompt = torch.randint(3, 64, (6,), generator=numbers).tolist()
            made = [reply(numbers, prompt, 3 + (place + i) % 4) for i in range(2)]
            self.pairs.append((made[0], made[1]))

    def __call__(self, places: Sequence[int]) -> Batch:
        chosen = [self.pairs[place] for place in places]
        return collate_preferences(chosen, places, [p % 3 for p in places], padding=0)


def judge(*, stirred: bool = True, attention: str = "sdpa", **options: Any) -> Judge:
    model = add_lora(tiny_model(vocabulary=64, attention=attention), LoraSettings(rank=4, alpha=8))
    if stirred:
        numbers = torch.Generator().manual_seed(5)
        for parameter in trainable(model).values():
            parameter.data = torch.randn(parameter.shape, generator=numbers) * 0.1
    return Judge(model, **options)


def weighting(name: str) -> Weighting:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made: dict[str, Weighting] = {
            "none": NoWeights(),
            "domain": DomainTable(["a", "b", "c"]),
            "table": InstanceTable(SAMPLES),
            "net": InstanceNet(),
        }
        return made[name]


def engine(
    kind: str = "table",
    hypergradient: Hypergradient = "closed",
    *,
    iterations: int = 16,
    lower: int = 4,
    upper: int = 2,
    rate: float = 1e-3,
    upper_rate: float = 1e-2,
    objective: Objective | None = None,
    clip: float | None = None,
    of: Judge | None = None,
    weights: Weighting | None = None,
    batch: int = 1,
    after: int = 0,
    **options: Any,
) -> JudgeEngine:
    subject = of or judge(attention="eager" if hypergradient == "exact" else "sdpa")
    alpha = weights or weighting(kind)
    learned = list(alpha.parameters())
    members = list(trainable(subject.model).values())
    loss = objective or DPO()
    schedule = Schedule(
        iterations=iterations,
        lower_accumulation=lower,
        upper_accumulation=upper,
        upper_after=after,
    )
    below = LowerProblem(
        subject,
        loss,
        alpha,
        torch.optim.Adam(members, lr=rate),
        Stream(SAMPLES, Pairs(SAMPLES, 1), seed=1, batch=batch),
        schedule,
        LowerSettings(
            hypergradient=hypergradient if learned else None,
            clip=clip,
            max_loss=options.pop("max_loss", math.inf),
            factor=options.pop("factor", None),
        ),
    )
    if not learned:
        return JudgeEngine(below, **options)
    above = UpperProblem(
        subject,
        loss,
        alpha,
        torch.optim.Adam(learned, lr=upper_rate),
        Stream(META, Pairs(META, 2), batch=2, seed=2),
        schedule,
    )
    return JudgeEngine(below, above, **options)


def judged(run: JudgeEngine) -> torch.Tensor:
    return torch.cat([p.detach().reshape(-1) for p in run.lower.trainable_parameters()])


def learned(run: JudgeEngine) -> torch.Tensor:
    return torch.cat([p.detach().reshape(-1) for p in run.upper.trainable_parameters()])


class Watch:
    """Keeps events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


class Recording(torch.optim.Adam):
    """An upper optimizer that stands still and keeps the gradient it is given."""

    seen: torch.Tensor

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        found = [p.grad for group in self.param_groups for p in group["params"]]
        self.seen = torch.cat([torch.zeros(1) if g is None else g.reshape(-1) for g in found])


def hypergradient_of(
    kind: str, name: Hypergradient, *, warm: int = 2, lower: int = 16, **options: Any
) -> torch.Tensor:
    """The gradient that the first upper update sees after ``warm`` updates of the lower level."""
    run = engine(kind, name, iterations=(warm + 1) * lower, lower=lower, upper=1, **options)
    run.upper.optimizer = Recording(run.upper.trainable_parameters())
    run.run()
    return run.upper.optimizer.seen


def cosine(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(torch.nn.functional.cosine_similarity(a.double(), b.double(), dim=0))


@pytest.mark.parametrize("clip", [None, 0.05])
@pytest.mark.parametrize("kind", ["table", "domain", "net"])
def test_closed_points_where_the_exact_one_points(kind: str, clip: float | None) -> None:
    found = hypergradient_of(kind, "closed", clip=clip, rate=1e-4)
    exact = hypergradient_of(kind, "exact", clip=clip, rate=1e-4)
    assert cosine(found, exact) >= 0.999
    torch.testing.assert_close(found, exact, rtol=2e-2, atol=1e-3 * float(exact.abs().max()))
    if kind == "table":
        assert int((found != 0).sum()) == SAMPLES  # all 16 micro-batches, not the last alone


def test_closed_keeps_its_direction_in_bfloat16() -> None:
    def subject(compute: torch.dtype) -> Judge:
        return judge(attention="eager", compute=compute)

    # Before Adam's moments have filled, bfloat16 leaves no direction to compare.
    half, exact = (
        hypergradient_of("table", name, of=subject(torch.bfloat16), rate=1e-4, warm=10)
        for name in ("closed", "exact")
    )
    assert cosine(half, exact) >= 0.99
    assert int((half != 0).sum()) == SAMPLES


def test_darts_sees_the_last_micro_batch_only() -> None:
    found = hypergradient_of("table", "darts", rate=1e-4)
    assert int((found != 0).sum()) == 1


@pytest.mark.parametrize("name", ["closed", "exact", "darts", "sama"])
def test_the_upper_level_leaves_the_judge_as_it_was(name: Hypergradient) -> None:
    run = engine("table", name, iterations=4, lower=4)
    moved: list[torch.Tensor] = []

    def look(event: Event) -> None:
        if isinstance(event, LowerUpdate):
            moved.append(judged(run).clone())

    run.callbacks = (look,)
    run.run()
    assert torch.equal(judged(run), moved[-1])


@pytest.mark.parametrize("name", ["closed", "exact", "darts", "sama"])
@pytest.mark.parametrize("kind", ["domain", "table", "net"])
def test_every_hypergradient_moves_every_weighting(kind: str, name: Hypergradient) -> None:
    run = engine(kind, name)
    before, start = learned(run).clone(), judged(run).clone()
    run.run()
    assert run.upper.weighting.moved().largest > 0
    assert not torch.equal(learned(run), before)
    assert not torch.equal(judged(run), start)
    assert bool(torch.isfinite(judged(run)).all())


def test_a_batch_is_as_good_as_so_many_micro_batches() -> None:
    one = engine(lower=4, upper=1, iterations=4, batch=1)
    four = engine(lower=1, upper=1, iterations=1, batch=4)
    one.run()
    four.run()
    torch.testing.assert_close(judged(one), judged(four), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(learned(one), learned(four), rtol=1e-4, atol=1e-5)


def test_weights_of_one_are_plain_training() -> None:
    plain, weighted = engine("none"), engine("table", upper_rate=0.0)
    plain.run()
    weighted.run()
    torch.testing.assert_close(judged(plain), judged(weighted), rtol=1e-5, atol=1e-7)


def test_accumulation_counts_as_documented() -> None:
    watch = Watch()
    engine(iterations=35, lower=4, upper=2, callbacks=[watch]).run()
    micro, lower, upper = watch.of(MicroStep), watch.of(LowerUpdate), watch.of(UpperUpdate)
    assert [event.step for event in micro] == list(range(1, 36))
    assert [event.step for event in lower] == list(range(4, 36, 4))
    assert [event.step for event in upper] == list(range(8, 36, 8))
    assert lower[0].loss == pytest.approx(sum(e.loss for e in micro[:4]) / 4)
    assert upper[-1].moved.largest > 0
    seen = [place for event in micro[:16] for place in event.index]
    assert sorted(seen) == list(range(16))


def test_the_upper_level_can_wait() -> None:
    watch = Watch()
    run = engine(iterations=32, lower=4, upper=2, after=3, callbacks=[watch])
    run.run()
    assert [event.step for event in watch.of(UpperUpdate)] == [20, 28]
    assert run.schedule.upper_updates == 2


def test_what_an_iteration_is() -> None:
    paper = Schedule()
    assert (paper.micro_steps, paper.lower_updates, paper.upper_updates) == (20_000, 1_250, 156)
    assert paper.reach(1e-4) == pytest.approx(0.0156)
    other = Schedule(unit="update")
    assert (other.micro_steps, other.lower_updates, other.upper_updates) == (320_000, 20_000, 2_500)
    with pytest.raises(ValueError, match="unit"):
        Schedule(unit="epoch")  # type: ignore[arg-type]


def test_adam_moves_a_weight_by_at_most_its_rate() -> None:
    run = engine(iterations=24, upper_rate=1e-2, lower=4, upper=2)
    run.run()
    assert 0 < run.upper.weighting.moved().largest <= run.schedule.reach(1e-2) * 1.01


def test_clipping_and_warm_up() -> None:
    watch = Watch()
    run = engine(clip=1e-3, factor=lambda update: min(1.0, (update + 1) / 4), callbacks=[watch])
    run.run()
    lower = watch.of(LowerUpdate)
    assert [event.rate for event in lower] == pytest.approx([2.5e-4, 5e-4, 7.5e-4, 1e-3])
    assert all(event.gradient_norm > 1e-3 for event in lower)


def test_weights_stay_in_their_bounds() -> None:
    bounded = InstanceTable(SAMPLES, bounds=Bounds(low=0.9, high=1.1))
    run = engine(weights=bounded, upper_rate=1.0, lower=2, upper=1)
    run.run()
    low, high = bounded.table.detach().aminmax()
    assert (float(low), float(high)) == pytest.approx((0.9, 1.1))


@pytest.mark.parametrize("name", ["closed", "darts", "sama", "exact"])
@pytest.mark.parametrize("stop", [1, 5, 8, 11, 12])
def test_resume_is_exact_at_any_micro_step(tmp_path: Path, stop: int, name: Hypergradient) -> None:
    kind = "net" if stop % 2 else "table"
    whole_watch, first_watch, second_watch = Watch(), Watch(), Watch()
    whole = engine(kind, name, callbacks=[whole_watch])
    whole.run()
    first = engine(kind, name, callbacks=[first_watch], checkpoints=Checkpoints(tmp_path))
    first.run(until=stop)
    first.save()
    torch.rand(7)  # whatever else happens in a process
    second = engine(kind, name, callbacks=[second_watch], checkpoints=Checkpoints(tmp_path))
    assert second.resume()
    second.run()
    assert torch.equal(judged(whole), judged(second))
    assert torch.equal(learned(whole), learned(second))
    for kind_of_event in (MicroStep, LowerUpdate, UpperUpdate):
        together = first_watch.of(kind_of_event) + second_watch.of(kind_of_event)
        assert together == whole_watch.of(kind_of_event)


def test_resume_without_an_upper_level_and_by_domain(tmp_path: Path) -> None:
    for kind in ("none", "domain"):
        whole = engine(kind)
        whole.run()
        first = engine(kind, checkpoints=Checkpoints(tmp_path / kind, every=3, keep=1))
        first.run(until=10)
        assert [p.name for p in first.checkpoints.all()] == ["step-00000009"]
        second = engine(kind, checkpoints=Checkpoints(tmp_path / kind))
        assert second.resume()
        assert second.global_step == 9
        second.run()
        assert torch.equal(judged(whole), judged(second))


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    run = engine(checkpoints=Checkpoints(tmp_path))
    assert not run.resume()
    run.run(until=3)
    path = run.save()
    with pytest.raises(CheckpointError, match="lower_accumulation was 4, is 2"):
        engine(lower=2, checkpoints=Checkpoints(tmp_path)).resume()
    file = path / "rank-0.pt"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(CheckpointError, match="damaged"):
        engine(checkpoints=Checkpoints(tmp_path)).resume()
    with pytest.raises(CheckpointError, match="is it a checkpoint"):
        engine().resume(tmp_path)
    with pytest.raises(BadInput, match="are off"):
        engine().save()


def test_what_is_not_a_number_stops_before_it_does_harm(tmp_path: Path) -> None:
    def poisoned(after: int) -> Objective:
        calls = iter(range(10_000))

        def loss(subject: Judge, batch: Batch) -> torch.Tensor:
            found = DPO()(subject, batch)
            return found * float("nan") if next(calls) >= after else found

        return loss

    # 2 updates of 4 micro-batches with a meta batch each: the 11th call is micro-step 9.
    run = engine(
        lower=4, upper=2, objective=poisoned(10), checkpoints=Checkpoints(tmp_path, every=4)
    )
    with pytest.raises(Diverged, match=r"micro-step 9: the loss on samples \[\d+\].*nan") as error:
        run.run()
    assert error.value.checkpoint == tmp_path / "step-00000008"
    assert bool(torch.isfinite(judged(run)).all())
    back = engine(lower=4, upper=2, checkpoints=Checkpoints(tmp_path))
    assert back.resume()
    assert torch.equal(judged(back), judged(run))


def test_a_loss_that_runs_away_stops_too() -> None:
    with pytest.raises(Diverged, match=r"above the limit of 0\.001; nothing was kept yet"):
        engine(max_loss=1e-3).run()


def test_an_infinite_gradient_stops_before_the_step() -> None:
    def loss(subject: Judge, batch: Batch) -> torch.Tensor:
        return (DPO()(subject, batch) * 0).sqrt()  # finite, with an infinite slope

    run = engine(objective=loss)
    before = judged(run).clone()
    with pytest.raises(Diverged, match="norm of the gradient"):
        run.run()
    assert torch.equal(judged(run), before)


def test_records_tell_one_story_across_a_kill(tmp_path: Path) -> None:
    def made(folder: Path) -> JudgeEngine:
        alpha = weighting("domain")
        return engine(
            weights=alpha,
            iterations=24,
            checkpoints=Checkpoints(folder / "checkpoints", every=8),
            callbacks=[
                Records(folder / "metrics.jsonl"),
                WeightHistory(folder / "weights.jsonl", alpha),
            ],
        )

    made(tmp_path / "whole").run()
    made(tmp_path / "cut").run(until=20)  # the last checkpoint is at 16
    with (tmp_path / "cut" / "metrics.jsonl").open("a") as file:
        file.write('{"event": "lower_upd')  # killed in the middle of a line
    second = made(tmp_path / "cut")
    assert second.resume()
    second.run()
    for name in ("metrics.jsonl", "weights.jsonl"):
        whole, cut = ((tmp_path / f / name).read_text() for f in ("whole", "cut"))
        assert whole == cut
    rows = [json.loads(line) for line in whole.splitlines()]
    assert [row["update"] for row in rows] == [1, 2, 3]
    assert len(rows[0]["weights"]) == 3


def test_settings_that_do_not_fit_are_refused() -> None:
    run = engine()
    other = engine(lower=2)
    with pytest.raises(BadInput, match="same"):
        JudgeEngine(run.lower, other.upper)
    with pytest.raises(BadInput, match="upper level"):
        JudgeEngine(run.lower)


class Planted:
    """Points whose side a line decides; in domain 1 the labels are flipped."""

    def __init__(self, count: int, flipped: float, seed: int) -> None:
        numbers = torch.Generator().manual_seed(seed)
        self.x = torch.randn((count, 8), generator=numbers)
        self.domain = (torch.rand(count, generator=numbers) < flipped).long()
        side = torch.where(self.x @ torch.linspace(1, -1, 8) > 0, 1.0, -1.0)
        self.y = torch.where(self.domain == 1, -side, side)

    def __call__(self, places: Sequence[int]) -> Batch:
        rows = torch.tensor(places)
        return {
            "x": self.x[rows],
            "y": self.y[rows],
            "index": rows,
            "domain": self.domain[rows],
        }


def logistic(subject: Judge, batch: Batch) -> torch.Tensor:
    margin = batch["y"] * subject.model(batch["x"]).squeeze(-1)
    return torch.nn.functional.softplus(-margin)


@pytest.mark.parametrize("name", ["closed", "sama"])
@pytest.mark.parametrize("kind", ["domain", "table"])
def test_poisoned_data_loses_its_weight(kind: str, name: Hypergradient) -> None:
    data, meta = Planted(200, 0.6, seed=0), Planted(40, 0.0, seed=1)

    def accuracy(reweighted: bool) -> tuple[float, Weighting]:
        torch.manual_seed(0)
        subject = Judge(torch.nn.Linear(8, 1))
        members = list(subject.model.parameters())
        alpha: Weighting = NoWeights()
        if reweighted:
            alpha = DomainTable(["clean", "flipped"]) if kind == "domain" else InstanceTable(200)
        schedule = Schedule(
            iterations=500, unit="update", lower_accumulation=4, upper_accumulation=1
        )
        lower = LowerProblem(
            subject,
            logistic,
            alpha,
            torch.optim.Adam(members, lr=0.03),
            Stream(200, data, batch=4),
            schedule,
            LowerSettings(hypergradient=name if reweighted else None, sama_alpha=0.1),
        )
        upper = None
        if reweighted:
            upper = UpperProblem(
                subject,
                logistic,
                alpha,
                torch.optim.Adam(alpha.parameters(), lr=0.05),
                Stream(40, meta, batch=20),
                schedule,
            )
        JudgeEngine(lower, upper).run()
        test = Planted(500, 0.0, seed=2)
        right = (test.y * subject.model(test.x).detach().squeeze(-1)) > 0
        return float(right.float().mean()), alpha

    misled, _ = accuracy(reweighted=False)
    healed, alpha = accuracy(reweighted=True)
    assert misled < 0.4
    assert healed > (0.9 if kind == "domain" else 0.8)
    weights = alpha.snapshot()["weights"]
    if kind == "domain":
        assert float(weights[1]) < 0.2 * float(weights[0])
    else:
        clean, flipped = weights[data.domain == 0], weights[data.domain == 1]
        assert float(flipped.mean()) < 0.5 * float(clean.mean())


def test_streams_of_processes_share_one_order() -> None:
    def fetch(places: Sequence[int]) -> Batch:
        return {"index": torch.tensor(places)}

    alone = Stream(5, fetch, batch=4, seed=3)
    parts = [Stream(5, fetch, batch=2, seed=3, rank=rank, world=2) for rank in range(2)]
    for _ in range(6):
        wanted = next(alone)["index"].tolist()
        assert wanted == [i for part in parts for i in next(part)["index"].tolist()]
    later = Stream(5, fetch, batch=4, seed=3)
    later.position = 6
    assert next(later)["index"].tolist() == next(alone)["index"].tolist()
    first = Stream(5, fetch, batch=5, seed=3)
    epochs = [next(first)["index"].tolist() for _ in range(3)]
    assert all(sorted(epoch) == [0, 1, 2, 3, 4] for epoch in epochs)
    assert epochs[0] != epochs[1]


def questions(path: Path) -> Path:
    rows = [
        {
            "id": f"p{n}:0:0",
            "problem_id": f"p{n}",
            "prompt": [{"role": "user", "content": f"A or B, {n}?"}],
            "order": ["a", "b"],
            "right": [1 + n % 2],
            "domain": "easy" if n < 3 else "hard",
        }
        for n in range(6)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_grpo_draws_learns_and_resumes_exactly(tmp_path: Path) -> None:
    path = questions(tmp_path / "inputs.jsonl")
    seen: list[str] = []

    def reward(row: JudgeInput, text: str) -> float:
        seen.append(text)
        return float(len(text) % 3 - row.right[0] % 2)

    def build() -> JudgeEngine:
        torch.manual_seed(0)
        model = add_lora(tiny_model(), LoraSettings(rank=4, alpha=8), gradient_checkpointing=True)
        subject = Judge(model)
        made = Tokenising(tiny_tokenizer(), TokenSettings(context=128))
        groups = GroupSet(path, made, subject, reward, group=4, longest=5)
        alpha = DomainTable(groups.domains)
        schedule = Schedule(iterations=8, lower_accumulation=2, upper_accumulation=2)
        lower = LowerProblem(
            subject,
            GRPO(),
            alpha,
            torch.optim.Adam(list(trainable(model).values()), lr=1e-3),
            Stream(len(groups), groups),
            schedule,
        )
        upper = UpperProblem(
            subject,
            GRPO(),
            alpha,
            torch.optim.Adam(alpha.parameters(), lr=1e-2),
            Stream(len(groups), groups, seed=1),
            schedule,
        )
        return JudgeEngine(lower, upper, checkpoints=Checkpoints(tmp_path / "kept"))

    whole, first = build(), build()
    torch.manual_seed(1)
    whole.run()
    assert len(seen) == (8 + 4) * 4
    assert whole.upper.weighting.moved().largest > 0
    torch.manual_seed(1)
    first.run(until=3)
    first.save()
    second = build()
    torch.rand(5)
    assert second.resume()
    second.run()
    assert torch.equal(judged(whole), judged(second))
    assert torch.equal(learned(whole), learned(second))
    assert seen[:48] == seen[48:]


def test_prompts_without_room_for_a_reply_are_refused(tmp_path: Path) -> None:
    path = questions(tmp_path / "inputs.jsonl")
    made = Tokenising(tiny_tokenizer(), TokenSettings(context=40))
    with pytest.raises(BadRow, match=r"inputs\.jsonl:1.*'prompt'.*replies of 30 do not fit"):
        GroupSet(path, made, judge(), lambda row, text: 0.0, longest=30)


def objectives() -> dict[str, tuple[Objective, Batch]]:
    numbers = torch.Generator().manual_seed(0)
    prompts = [torch.randint(3, 64, (5,), generator=numbers).tolist() for _ in range(2)]
    made = [reply(numbers, prompts[i // 4], 3 + i % 3) for i in range(8)]
    crossed = [Reply(prompt=tuple(prompts[1]), reply=made[0].reply)]
    pairs = collate_preferences([(made[0], made[1]), (made[4], made[5])], [0, 1], [0, 0], padding=0)
    labelled = collate_labelled(
        [made[0], made[4]], [True, False], [0, 1], [0, 0], padding=0, mismatched=crossed
    )
    groups = collate_groups(
        [made[:4], made[4:]], [[1, 0, 0, -1], [1, 1, 0, 0]], [0, 1], [0, 0], padding=0
    )
    return {
        "dpo": (DPO(), pairs),
        "sft+dpo": (DPO(supervised=True), pairs),
        "orpo": (ORPO(), pairs),
        "kto": (KTO(), labelled),
        "sft": (SFT(), collate_targets([made[0], made[4]], [0, 1], [0, 0], padding=0)),
        "grpo": (GRPO(), groups),
        "grpo against the reference": (GRPO(beta=0.1, normalise="sequence"), groups),
    }


@pytest.mark.parametrize("name", list(objectives()))
def test_objectives_give_a_loss_per_sample_that_reaches_the_adapters(name: str) -> None:
    objective, batch = objectives()[name]
    subject = judge()
    losses = objective(subject, batch)
    assert losses.shape == (2,)
    gradient = torch.autograd.grad(losses.sum(), list(trainable(subject.model).values()))
    assert any(bool(g.any()) for g in gradient)
    again = objective(subject, batch)
    assert torch.equal(losses, again)


def test_losses_start_where_they_should() -> None:
    fresh = judge(stirred=False)
    wanted = {"dpo": math.log(2), "kto": 0.5}
    for name, value in wanted.items():
        objective, batch = objectives()[name]
        assert objective(fresh, batch).tolist() == pytest.approx([value] * 2)
    objective, batch = objectives()["grpo"]
    batch["old_log_probs"] = fresh.log_probs(
        batch["input_ids"], batch["attention_mask"], batch["completion_mask"]
    ).values.detach()
    torch.testing.assert_close(objective(fresh, batch), GRPO()(fresh, objectives()["grpo"][1]))
