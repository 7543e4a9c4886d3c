"""Losses against numbers worked out by hand."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from bestofn_training.losses import (  # noqa: E402
    TokenLogProbs,
    balanced_weights,
    dpo_loss,
    group_advantages,
    grpo_loss,
    kto_kl,
    kto_loss,
    orpo_loss,
    sft_dpo_loss,
    sft_loss,
)


def replies(*rows: list[float], dtype: torch.dtype = torch.float64) -> TokenLogProbs:
    longest = max(map(len, rows))
    # What lies outside the mask must not matter, whatever it is.
    values = torch.full((len(rows), longest), float("nan"), dtype=dtype)
    mask = torch.zeros((len(rows), longest), dtype=torch.bool)
    for place, row in enumerate(rows):
        values[place, : len(row)] = torch.tensor(row, dtype=dtype)
        mask[place, : len(row)] = True
    return TokenLogProbs(values=values, mask=mask)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def close(found: torch.Tensor, *wanted: float) -> None:
    torch.testing.assert_close(found, torch.tensor(wanted, dtype=found.dtype), rtol=1e-6, atol=1e-7)


def test_dpo_by_hand() -> None:
    chosen, rejected = replies([-1.0, -2.0], [-0.5]), replies([-3.0], [-1.0, -1.0])
    base_chosen, base_rejected = replies([-2.0, -2.0], [-0.5]), replies([-2.5], [-1.5, -1.5])
    # Sample 0: gained 1, lost -.5; sample 1: gained 0, lost 1.
    wanted = [-math.log(sigmoid(0.1 * 1.5)), -math.log(sigmoid(0.1 * -1.0))]
    close(dpo_loss(chosen, rejected, base_chosen, base_rejected), *wanted)
    steep = dpo_loss(chosen, rejected, base_chosen, base_rejected, beta=2.0)
    close(steep, -math.log(sigmoid(3.0)), -math.log(sigmoid(-2.0)))


def test_dpo_starts_at_log_2() -> None:
    a, b = replies([-1.0, -2.0]), replies([-3.0])
    close(dpo_loss(a, b, a, b), math.log(2))


def test_sft_is_a_mean_over_each_reply_of_its_own() -> None:
    close(sft_loss(replies([-1.0, -2.0, -3.0], [-0.5])), 2.0, 0.5)


def test_sft_and_dpo_count_alike() -> None:
    a, b = replies([-1.0, -2.0]), replies([-3.0])
    close(sft_dpo_loss(a, b, a, b), 1.5 + math.log(2))


def test_kto_by_hand() -> None:
    policy, base = replies([-1.0], [-4.0]), replies([-2.0], [-2.0])
    label, kl = torch.tensor([True, False]), torch.tensor(0.5, dtype=torch.float64)
    wanted = [1.5 * (1 - sigmoid(0.1 * (1 - 0.5))), 0.75 * (1 - sigmoid(0.1 * (0.5 + 2)))]
    found = kto_loss(policy, base, label, kl, desirable_weight=1.5, undesirable_weight=0.75)
    close(found, *wanted)


def test_kto_starts_at_one_half() -> None:
    same = replies([-1.0], [-4.0])
    close(kto_loss(same, same, torch.tensor([True, False]), torch.zeros(())), 0.5, 0.5)


def test_kto_reference_point_is_never_negative() -> None:
    low, high = replies([-4.0], [-4.0]), replies([-1.0], [-3.0])
    assert float(kto_kl(low, high)) == 0.0
    assert float(kto_kl(high, low)) == 2.0


def test_balanced_weights_give_both_kinds_one_total() -> None:
    good, bad = balanced_weights(30, 10)
    assert 30 * good == pytest.approx(10 * bad)
    assert (30 * good + 10 * bad) / 40 == pytest.approx(1.0)
    with pytest.raises(ValueError, match="both kinds"):
        balanced_weights(3, 0)


def test_orpo_by_hand() -> None:
    chosen, rejected = replies([math.log(0.8)] * 3), replies([math.log(0.2), math.log(0.8)])
    p, q = 0.8, math.sqrt(0.16)
    odds = math.log(p / (1 - p)) - math.log(q / (1 - q))
    wanted = -math.log(0.8) - 0.1 * math.log(sigmoid(odds))
    close(orpo_loss(chosen, rejected), wanted)
    given = torch.tensor([7.0], dtype=torch.float64)
    close(orpo_loss(chosen, rejected, nll=given), 7.0 - 0.1 * math.log(sigmoid(odds)))


@pytest.mark.parametrize("mean", [0.0, -1e-12, -1e-6, -0.69, -0.7, -20.0, -200.0])
def test_orpo_and_its_gradient_stay_finite(mean: float) -> None:
    values = torch.full((1, 1), mean, requires_grad=True)
    mask = torch.ones((1, 1), dtype=torch.bool)
    chosen = TokenLogProbs(values=values, mask=mask)
    loss = orpo_loss(chosen, replies([-1.0], dtype=torch.float32)).sum()
    loss.backward()
    assert math.isfinite(float(loss.detach()))
    assert values.grad is not None
    assert bool(torch.isfinite(values.grad).all())


def test_advantages_by_hand() -> None:
    rewards = torch.tensor([[1.0, 0.0, -1.0, 0.0], [1.0, 1.0, 1.0, 1.0]], dtype=torch.float64)
    spread = math.sqrt(2 / 3)
    found = group_advantages(rewards)
    close(found[0], 1 / (spread + 1e-4), 0.0, -1 / (spread + 1e-4), 0.0)
    close(found[1], 0.0, 0.0, 0.0, 0.0)
    close(group_advantages(rewards, scale="none")[0], 1.0, 0.0, -1.0, 0.0)
    with pytest.raises(ValueError, match="G >= 2"):
        group_advantages(rewards[:, :1])


def group() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    log_probs = torch.tensor([[[-1.0, -2.0, -3.0], [-1.0, 0.0, 0.0]]], dtype=torch.float64)
    mask = torch.tensor([[[True, True, True], [True, False, False]]])
    return log_probs, mask, torch.tensor([[1.0, -1.0]], dtype=torch.float64)


def test_grpo_normalisations_by_hand() -> None:
    log_probs, mask, advantages = group()
    # On policy every ratio is 1: three tokens at -1, one at +1.
    close(grpo_loss(log_probs, mask, advantages, normalise="sequence"), 0.0)
    close(grpo_loss(log_probs, mask, advantages, normalise="tokens"), (-3 + 1) / 4)
    close(grpo_loss(log_probs, mask, advantages, tokens_per_group=8.0), (-3 + 1) / 8)


def test_grpo_clips_what_pays_and_only_that() -> None:
    log_probs, mask, advantages = group()
    old = log_probs - math.log(2)  # every ratio is 2
    found = grpo_loss(log_probs, mask, advantages, old_log_probs=old, normalise="sequence")
    # The good reply is cut at 1.2, the bad one is not cut: (-1.2 + 2) / 2.
    close(found, 0.4)


def test_grpo_penalty_by_hand() -> None:
    log_probs, mask, advantages = group()
    reference = log_probs + 0.5
    found = grpo_loss(
        log_probs, mask, advantages, reference_log_probs=reference, beta=0.1, normalise="sequence"
    )
    close(found, 0.1 * (math.exp(0.5) - 0.5 - 1))
    with pytest.raises(ValueError, match="reference_log_probs"):
        grpo_loss(log_probs, mask, advantages, beta=0.1)


def test_grpo_gradient_is_the_policy_gradient() -> None:
    log_probs, mask, advantages = group()
    log_probs.requires_grad_()
    grpo_loss(log_probs, mask, advantages).sum().backward()
    wanted = torch.tensor([[[-0.25, -0.25, -0.25], [0.25, 0.0, 0.0]]], dtype=torch.float64)
    torch.testing.assert_close(log_probs.grad, wanted)


def test_half_precision_is_summed_in_float32() -> None:
    values = torch.full((1, 4096), -0.01, dtype=torch.bfloat16)
    reply = TokenLogProbs(values=values, mask=torch.ones((1, 4096), dtype=torch.bool))
    assert reply.total().dtype == torch.float32
    wanted = 4096 * float(values[0, 0])
    assert float(reply.total()) == pytest.approx(wanted, rel=1e-6)


def test_nothing_leaks_through_the_mask_backwards() -> None:
    values = torch.tensor([[-1.0, float("-inf")]], requires_grad=True)
    mask = torch.tensor([[True, False]])
    reply = TokenLogProbs(values=values, mask=mask)
    (sft_loss(reply) + orpo_loss(reply, reply)).sum().backward()
    assert values.grad is not None
    assert bool(torch.isfinite(values.grad).all())


def test_unusable_token_log_probs_are_refused() -> None:
    values = torch.zeros(2, 3)
    with pytest.raises(ValueError, match="shape"):
        TokenLogProbs(values=values, mask=torch.ones((2, 2), dtype=torch.bool))
    with pytest.raises(ValueError, match="boolean"):
        TokenLogProbs(values=values, mask=torch.ones(2, 3))
    with pytest.raises(ValueError, match="reply 1"):
        TokenLogProbs(values=values, mask=torch.tensor([[True] * 3, [False] * 3]))
