"""What replies cost, for the caller and for the meter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..budget import Price
from ..chat import Reply
from ..journal import KEPT
from ..types import Usage

BYTES_A_TOKEN = 4
"""A guess that serves where nothing was counted."""


def counted(reply: Reply, price: Price | None) -> Reply:
    """The reply as one call, with dollars where the server names none and a price is known."""
    usage = reply.usage
    dollars = usage.dollars
    if not dollars and price is not None:
        dollars = price.of(usage.input_tokens, usage.output_tokens)
    if usage.calls == 1 and dollars == usage.dollars:
        return reply
    return replace(reply, usage=replace(usage, calls=1, dollars=dollars))


def charged(
    replies: Sequence[Reply], usage: Usage, prompt_tokens: float, price: Price | None
) -> Usage:
    """What the meter takes for the replies to one request.

    Not every server counts tokens. A limit would then never be reached, so the meter takes a
    guess; the replies themselves say only what the server said.
    """
    written = sum(len(reply.text) + len(reply.reasoning) for reply in replies)
    if usage.input_tokens or usage.output_tokens or not written:
        return usage
    asked, answered = round(prompt_tokens), max(1, written // BYTES_A_TOKEN)
    dollars = usage.dollars or (price.of(asked, answered) if price else 0.0)
    return replace(usage, input_tokens=asked, output_tokens=answered, dollars=dollars)


def telling(replies: Sequence[Reply]) -> int:
    """How many of the replies show what such calls cost; failed ones do not."""
    return sum(reply.status in KEPT for reply in replies)
