"""What a session has learnt about its server: which settings it takes, and by which names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from ..chat import ChatRequest
from .refusals import Refusal
from .wire import messages_of, settings_of

_LIMIT_NAMES = ("max_tokens", "max_completion_tokens")

Remedy = Literal["again", "shorter", "one_by_one"]


class Dialect:
    """Writes requests in the way in which this server understands them.

    Args:
        model: What the server calls the model.
        refused: Settings that are known not to exist there.
        limit_name: What the server calls ``max_tokens``.
    """

    def __init__(
        self, model: str, *, refused: Iterable[str] = (), limit_name: str = _LIMIT_NAMES[0]
    ) -> None:
        self._model = model
        self._refused = set(refused)
        self._limit_name = limit_name
        self._most_tokens: int | None = None  # a limit on replies that was too high to be taken
        self.one_by_one = False
        """Whether several replies to one request are not to be had."""

    def gave_one(self, request: ChatRequest) -> None:
        """Note that a request for several replies brought a single one."""
        self.one_by_one = self.one_by_one or request.sampling.temperature != 0

    def body(
        self, request: ChatRequest, *, sample: int, count: int, limited: bool = True
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The body of a request, and the settings that are left out of it.

        Args:
            request: What is asked.
            sample: Which draw of it (the first, of several).
            count: How many replies.
            limited: Whether to send the limit on the reply's length.
        """
        settings = settings_of(request, sample=sample, limit_name=self._limit_name)
        left_out = self._refused.intersection(settings)
        limit = settings.get(self._limit_name)
        if limit is not None:
            too_many = self._most_tokens is not None and limit >= self._most_tokens
            if not limited or too_many:
                left_out.add(self._limit_name)
        for name in left_out:
            del settings[name]
        if count > 1:
            settings["n"] = count
        body = {"model": self._model, "messages": messages_of(request), **settings}
        if not left_out:
            return body, ()
        return body, tuple(
            sorted("max_tokens" if name == self._limit_name else name for name in left_out)
        )

    def learn(self, refusal: Refusal, body: dict[str, Any]) -> Remedy | None:
        """Find out from a refusal what to do differently, and remember it.

        Args:
            refusal: What the server said.
            body: The request that it refused.

        Returns:
            ``again``: send what :meth:`body` gives now; ``shorter``: the same without the limit
            on the reply's length, this time; ``one_by_one``; or None when nothing would help.
        """
        settings = [name for name in body if name not in ("model", "messages", "n")]
        limit = next((name for name in _LIMIT_NAMES if name in body), None)
        if limit is not None and refusal.too_many_tokens(limit):
            if refusal.about_the_prompt:  # what fits depends on the request
                return "shorter"
            self._most_tokens = min(body[limit], self._most_tokens or body[limit])
            return "again"
        if refusal.context_overflow:
            return None if limit is None else "shorter"
        unknown = refusal.unknown(settings)
        for name in unknown:
            if name == _LIMIT_NAMES[0]:
                self._limit_name = _LIMIT_NAMES[1]
            else:
                self._refused.add(name)
        if unknown:
            return "again"
        if "n" in body and refusal.one_at_a_time:
            # At temperature 0 all replies are one, and some servers insist on saying so.
            self.one_by_one = self.one_by_one or body.get("temperature") != 0
            return "one_by_one"
        return None
