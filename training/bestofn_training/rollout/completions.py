"""What a judge said as one text to train on: the reasoning too, where the server parts it. Pure."""

from __future__ import annotations

from bestofn.chat import Reply

OPEN, CLOSE = "<think>\n", "\n</think>\n\n"
"""Around reasoning, as Qwen3 and most others write it."""


def completion_of(reply: Reply) -> str:
    """The reply as the model wrote it.

    A server with a reasoning parser hands the thinking over apart; the tokens were one text, and
    training on the answer alone would teach the model not to think. Thinking that was cut off is
    left open, as the model left it. Halves of characters that no
    file can hold are replaced.
    """
    text = reply.text
    if reply.reasoning.strip():
        thinking = OPEN + reply.reasoning.strip("\n")
        ended = bool(text.strip()) or reply.status == "ok"
        text = thinking + CLOSE + text.lstrip("\n") if ended else thinking
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
