"""The closed-form hypergradient: by hand on scalars, and against unrolling on a tiny judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

torch = pytest.importorskip("torch")

from bestofn_training.errors import BadInput  # noqa: E402
from bestofn_training.hypergradients import (  # noqa: E402
    MicroGradients,
    adam_jacobian,
    closed_influences,
    exact_hypergradient,
    step_jacobian,
)
from bestofn_training.hypergradients.optimizers import AdamSettings  # noqa: E402
from torch import Tensor  # noqa: E402

Parameters = Mapping[str, Tensor]
ZERO = torch.zeros((), dtype=torch.long)


def closed(
    losses: Callable[[Parameters], Tensor],
    meta_loss: Callable[[Parameters], Tensor],
    weights: Tensor,
    parameters: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
    clip: float | None = None,
) -> Tensor:
    """The way a training run does it; steps the optimizer. Per learning rate, per sample."""
    members = list(parameters.values())
    kept = MicroGradients()
    for place, loss in enumerate(losses(parameters)):
        gradient = torch.autograd.grad(loss, members, retain_graph=True)
        kept.add(torch.tensor(place), ZERO, loss, gradient)
    summed = [
        sum((w * g[i] for w, g in zip(weights, kept.gradients, strict=True)), torch.zeros(()))
        / len(weights)
        for i in range(len(members))
    ]
    jacobian = step_jacobian(optimizer, members, summed, clip=clip)
    for member, gradient in zip(members, jacobian.clipping.apply(summed), strict=True):
        member.grad = gradient
    optimizer.step()
    optimizer.zero_grad()
    vector = torch.autograd.grad(meta_loss(parameters), members)
    return closed_influences(vector, jacobian, kept) / len(weights)


def test_scalar_by_hand() -> None:
    # Losses (φ - 1)² and (φ + 2)², φ = 0, weights 1 and 1/2, meta loss (φ - 3)², SGD at 1/10.
    # Gradients -2 and 4; mean (-2 + 2) / 2 = 0; φ' = 0; meta gradient -6.
    # dL/dw_i = -(-6) · lr · g_i / 2.
    phi = torch.zeros((), requires_grad=True)
    target, wanted = torch.tensor([1.0, -2.0]), torch.tensor([-6.0, 12.0])
    found = closed(
        lambda p: (p["phi"] - target) ** 2,
        lambda p: (p["phi"] - 3) ** 2,
        torch.tensor([1.0, 0.5]),
        {"phi": phi},
        torch.optim.SGD([phi], lr=0.1),
    )
    assert found.tolist() == wanted.tolist()


def test_adam_jacobian_by_hand() -> None:
    # β₁ = β₂ = 1/2, second step (c = 3/4), m₀ = 1, v₀ = 2, g = 2, ε = 0, lr = 3:
    # m = 3/2, v = 3, m/c₁ = 2, s = √4 = 2, u = lr · 1. du/dg: top (1/4)·2 - (1/4)·2·1 = 0.
    one = torch.ones((), dtype=torch.float64)
    settings = AdamSettings(lr=3.0, beta1=0.5, beta2=0.5, eps=0.0)
    assert float(adam_jacobian(2 * one, one, 2 * one, 1, settings)) == 0.0
    # With m₀ = 0 the top is 1/2 · 1/2 · 2 = 1/2 and the bottom c₁ c₂ s³ = 9/16 · 8.
    assert float(adam_jacobian(2 * one, 0 * one, 2 * one, 1, settings)) == pytest.approx(1 / 3)


@pytest.mark.parametrize("steps", [0, 1, 5, 1000])
def test_adam_jacobian_is_the_derivative_of_torch_adam(steps: int) -> None:
    torch.manual_seed(steps)
    settings = AdamSettings(lr=1e-2, beta1=0.9, beta2=0.999, eps=1e-8)
    n = 200
    m = torch.randn(n, dtype=torch.float64) * 1e-3 * (steps > 0)
    v = torch.rand(n, dtype=torch.float64) * 1e-5 * (steps > 0)
    gradient = torch.randn(n, dtype=torch.float64) * 10.0 ** torch.randint(-7, 0, (n,))

    def moved(g: Tensor) -> Tensor:
        p = torch.zeros(n, dtype=torch.float64)
        optimizer = torch.optim.Adam([p], lr=1e-2)
        p.grad = g
        optimizer.state[p] = {
            "step": torch.tensor(float(steps)),
            "exp_avg": m.clone(),
            "exp_avg_sq": v.clone(),
        }
        optimizer.step()
        return -p

    h = gradient.abs() * 1e-3
    numeric = (moved(gradient + h) - moved(gradient - h)) / (2 * h)
    found = adam_jacobian(gradient, m, v, steps, settings)
    torch.testing.assert_close(found, numeric, rtol=1e-4, atol=1e-4 * float(found.abs().min()))


@pytest.mark.parametrize("steps", [0, 3])
def test_adam_jacobian_keeps_its_digits_in_float32(steps: int) -> None:
    torch.manual_seed(0)
    settings = AdamSettings(lr=1.0, beta1=0.9, beta2=0.999, eps=1e-8)
    g = torch.randn(100, dtype=torch.float64) * 1e-3
    m, v = (torch.randn(100).double() * 1e-3, torch.rand(100).double() * 1e-6)
    if not steps:
        m, v = m * 0, v * 0
    exact = adam_jacobian(g, m, v, steps, settings)
    single = adam_jacobian(g.float(), m.float(), v.float(), steps, settings)
    torch.testing.assert_close(single.double(), exact, rtol=1e-3, atol=0.0)


def test_adam_jacobian_is_finite_without_any_gradient() -> None:
    zero = torch.zeros(3)
    settings = AdamSettings(lr=1e-6, beta1=0.9, beta2=0.999, eps=1e-8)
    assert adam_jacobian(zero, zero, zero, 0, settings).tolist() == pytest.approx([100.0] * 3)
    tiny = torch.full((3,), 1e-30)
    assert bool(torch.isfinite(adam_jacobian(tiny, zero, zero, 0, settings)).all())


def small_problem() -> tuple[
    Callable[[Parameters], Tensor], Callable[[Parameters], Tensor], dict[str, Tensor]
]:
    """Sixteen regression losses on a two-layer network, in float64."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    x, y, meta_x, meta_y = draw(16, 3), draw(16), draw(8, 3), draw(8)
    parameters = {"a": draw(3, 4).requires_grad_(), "b": draw(4).requires_grad_()}

    def each(p: Parameters, inputs: Tensor, wanted: Tensor) -> Tensor:
        return ((inputs @ p["a"]).tanh() @ p["b"] - wanted) ** 2

    return (
        lambda p: each(p, x, y),
        lambda p: each(p, meta_x, meta_y).mean(),
        parameters,
    )


def warmed_up(
    make: Callable[[list[Tensor]], torch.optim.Optimizer],
    losses: Callable[[Parameters], Tensor],
    parameters: dict[str, Tensor],
    steps: int,
) -> torch.optim.Optimizer:
    optimizer = make(list(parameters.values()))
    for _ in range(steps):
        losses(parameters).mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    return optimizer


@pytest.mark.parametrize("steps", [0, 5])
@pytest.mark.parametrize("clip", [None, 0.5])
@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "two rates"])
def test_closed_equals_unrolled(name: str, clip: float | None, steps: int) -> None:
    makers: dict[str, Callable[[list[Tensor]], torch.optim.Optimizer]] = {
        "sgd": lambda p: torch.optim.SGD(p, lr=1e-2),
        "adam": lambda p: torch.optim.Adam(p, lr=1e-2),
        "adamw": lambda p: torch.optim.AdamW(p, lr=1e-2, weight_decay=0.1),
        "two rates": lambda p: torch.optim.Adam(
            [{"params": p[:1], "lr": 1e-3}, {"params": p[1:]}], lr=1e-2
        ),
    }
    losses, meta_loss, parameters = small_problem()
    optimizer = warmed_up(makers[name], losses, parameters, steps)
    weights = torch.rand(16, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    exact = exact_hypergradient(losses, meta_loss, weights, parameters, optimizer, clip=clip)
    found = closed(losses, meta_loss, weights, parameters, optimizer, clip)
    torch.testing.assert_close(1e-2 * found, exact, rtol=1e-6, atol=1e-12)


def test_domain_sums_equal_the_sum_of_samples() -> None:
    losses, meta_loss, parameters = small_problem()
    members = list(parameters.values())
    optimizer = warmed_up(lambda p: torch.optim.Adam(p, lr=1e-2), losses, parameters, 3)
    single, summed = MicroGradients(), MicroGradients(keep="domain")
    domains = torch.arange(16) % 3
    for place, loss in enumerate(losses(parameters)):
        gradient = torch.autograd.grad(loss, members, retain_graph=True)
        for kept in (single, summed):
            kept.add(torch.tensor(place), domains[place], loss, gradient)
    jacobian = step_jacobian(optimizer, members, [torch.ones_like(m) for m in members])
    vector = torch.autograd.grad(meta_loss(parameters), members)
    each = closed_influences(vector, jacobian, single)
    assert len(summed) == 3
    wanted = torch.stack([each[domains == k].sum() for k in range(3)])
    torch.testing.assert_close(closed_influences(vector, jacobian, summed), wanted)


def test_micro_gradients_survive_a_checkpoint() -> None:
    kept = MicroGradients()
    kept.add(torch.tensor(3), torch.tensor(1), torch.tensor(0.7), [torch.ones(2)])
    other = MicroGradients()
    other.load_state_dict(kept.state_dict())
    assert [t.tolist() for t in other.about()] == [[3], [1], [pytest.approx(0.7)]]
    assert other.gradients[0][0].tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="domain"):
        MicroGradients(keep="domain").load_state_dict(kept.state_dict())


def test_unknown_steps_are_refused() -> None:
    p = torch.ones(1, requires_grad=True)
    for optimizer, word in (
        (torch.optim.SGD([p], lr=1.0, momentum=0.9), "momentum"),
        (torch.optim.Adam([p], lr=1.0, weight_decay=0.1), "weight_decay"),
        (torch.optim.RMSprop([p], lr=1.0), "RMSprop"),
    ):
        with pytest.raises(BadInput, match=word):
            step_jacobian(optimizer, [p], [torch.ones(1)])
