"""What a request asks of the gateway: a model's name like ``bon-8-<model>``, and ``bestofn``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bestofn import Budget
from bestofn.tournaments import NAMES as TOURNAMENTS

from .documents import MOST_TOKENS, count
from .errors import invalid
from .settings import (
    EXECUTING,
    MOST_ROUNDS,
    PLAYING_ROUNDS,
    Settings,
    is_model,
    known_judge,
)

OURS = frozenset({"model", "n", "stream", "stream_options", "bestofn"})
"""Fields of a request that do not go to the samples as they are."""

Number = TypeVar("Number", int, float)

_NAME = re.compile(r"bon-([0-9]{1,9})-(.+)", re.DOTALL)


class BudgetOptions(BaseModel):
    """What one request may spend; the server's own limits hold as well."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    calls: int | None = Field(default=None, ge=1, le=MOST_TOKENS)
    tokens: int | None = Field(default=None, ge=1, le=MOST_TOKENS)
    dollars: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    seconds: float | None = Field(default=None, gt=0, allow_inf_nan=False)


class Options(BaseModel):
    """The field ``bestofn`` of a request."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    n: int | None = Field(default=None, ge=1)
    judge: str | None = None
    tournament: str | None = None
    rounds: int | None = Field(default=None, ge=1, le=MOST_ROUNDS)
    budget: BudgetOptions = BudgetOptions()

    @field_validator("judge")
    @classmethod
    def _judge(cls, name: str | None) -> str | None:
        return None if name is None else known_judge(name)

    @field_validator("tournament")
    @classmethod
    def _tournament(cls, name: str | None) -> str | None:
        if name is not None and name not in TOURNAMENTS:
            raise ValueError(f"must be one of {', '.join(TOURNAMENTS)}")
        return name


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A request for the best of several samples.

    Attributes:
        model: As the upstream knows it.
        samples: How many samples to draw.
        choices: How many of them the client wants back, best first.
        judge, tournament, rounds: Who chooses, and how.
        budget: Of this request, the server's limits included; ``seconds`` is always set.
        stream: Whether the answer goes out in chunks.
        include_usage: Whether the stream ends with the usage.
        seed: Repeats the choice.
        body: What goes to every sample, without the model.
    """

    model: str
    samples: int
    choices: int
    judge: str
    tournament: str
    rounds: int | None
    budget: Budget
    stream: bool
    include_usage: bool
    seed: int
    body: Mapping[str, Any]


def split_name(name: str) -> tuple[int, str] | None:
    """Number of samples and model of a name like ``bon-8-gpt-5-mini``; None for other names."""
    found = _NAME.fullmatch(name)
    return (int(found[1]), found[2]) if found else None


def may_concern_us(raw: bytes) -> bool:
    """Whether a body may ask for several samples; if not, it need not even be read."""
    return b"bon-" in raw or b"bestofn" in raw


def choices_asked(body: Mapping[str, Any]) -> int:
    """How many choices a request makes the upstream write when it is passed through."""
    each = max(1, count(body.get("n")), count(body.get("best_of")))
    prompts = body.get("prompt")
    if not isinstance(prompts, list) or all(isinstance(token, int) for token in prompts):
        return each
    return each * len(prompts)


def plan_of(body: Mapping[str, Any], settings: Settings) -> Plan | None:
    """What is asked of the gateway, or None when the request is the upstream's business.

    Raises:
        GatewayError: 400, naming the field.
    """
    name = body.get("model")
    named = split_name(name) if isinstance(name, str) else None
    if named is None and "bestofn" not in body:
        return None
    if not isinstance(name, str) or not name:
        raise invalid("model", "model: must be the name of a model, as text.")
    options = _options(body.get("bestofn", {}))
    count, model = named or (options.n or 1, name)
    if not is_model(model):
        raise invalid("model", "model: holds characters that no name of a model has.")
    if named and options.n not in (None, count):
        raise invalid(
            "bestofn.n",
            f"bestofn.n: is {options.n}, but the model's name says {count}; give one of them.",
        )
    where = "model" if named else "bestofn.n"
    choices = _choices(body.get("n"), settings)
    if not 1 <= count <= settings.max_n:
        raise invalid(where, f"{where}: asks for {count} samples; 1 to {settings.max_n} may be.")
    judge = options.judge or settings.judge
    if judge in EXECUTING and not settings.execute:
        raise invalid(
            "bestofn.judge",
            f"bestofn.judge: {judge} runs the candidates, which is switched off on this server.",
        )
    tournament = options.tournament or settings.tournament
    rounds = options.rounds or (None if options.tournament else settings.rounds)
    if rounds is not None and tournament not in PLAYING_ROUNDS:
        raise invalid("bestofn.rounds", f"bestofn.rounds: {tournament} takes none.")
    seed = body.get("seed")
    return Plan(
        model=model,
        samples=max(count, choices),
        choices=choices,
        judge=judge,
        tournament=tournament,
        rounds=rounds,
        budget=_budget(options.budget, settings),
        stream=_stream(body),
        include_usage=_include_usage(body),
        seed=seed if isinstance(seed, int) else 0,
        body={field: value for field, value in body.items() if field not in OURS},
    )


def _options(value: Any) -> Options:
    try:
        return Options.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(("bestofn", *map(str, first["loc"])))
        message = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            message = f"there is no such option; there are {', '.join(Options.model_fields)}"
        raise invalid(place, f"{place}: {message}.") from None


def _choices(value: Any, settings: Settings) -> int:
    if value is None:
        return 1
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= settings.max_n:
        raise invalid("n", f"n: must be a whole number from 1 to {settings.max_n}.")
    return value


def _stream(body: Mapping[str, Any]) -> bool:
    value = body.get("stream")
    if value is None or isinstance(value, bool):
        return bool(value)
    raise invalid("stream", "stream: must be true or false.")


def _include_usage(body: Mapping[str, Any]) -> bool:
    options = body.get("stream_options")
    if options is None:
        return False
    if not isinstance(options, dict):
        raise invalid("stream_options", "stream_options: must be an object.")
    return options.get("include_usage") is True


def _budget(options: BudgetOptions, settings: Settings) -> Budget:
    return Budget(
        calls=_least(options.calls, settings.max_calls),
        tokens=_least(options.tokens, settings.max_tokens),
        dollars=_least(options.dollars, settings.max_dollars),
        seconds=_least(options.seconds, settings.timeout),
    )


def _least(first: Number | None, second: Number | None) -> Number | None:
    given = [value for value in (first, second) if value is not None]
    return min(given, default=None)
