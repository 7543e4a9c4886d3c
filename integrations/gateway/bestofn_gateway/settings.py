"""What a gateway is told when it starts: one model, checked before anything is opened."""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from bestofn import InvalidInput, Level
from bestofn.judges import NAMES as JUDGES
from bestofn.tournaments import NAMES as TOURNAMENTS

MODEL = "model"
"""The judge that is the very model that was sampled."""

MODEL_PREFIX = "openai/"
"""Before the name of another model of the upstream that is to judge."""

EXECUTING = frozenset({"consensus", "codet", "majority"})
"""Judges that run the candidates."""

SHORTEST_KEY = 8

PLAYING_ROUNDS = ("daj", "adaptive")
"""Tournaments that are told how long they are."""

MOST_ROUNDS = 1000
"""Of a tournament: all are drawn before the first is played, which takes memory."""

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KeyLimits(_Frozen):
    """What a key may spend while the server runs. None: no limit.

    Attributes:
        calls: Model calls: each sample, each judgment and each choice of a request passed through.
        tokens: Prompt and answer tokens together.
        dollars: Where prices are known.
    """

    calls: int | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=0)
    dollars: Dollars | None = None


class KeySettings(KeyLimits):
    """Somebody who may use the gateway.

    Attributes:
        name: For the log and errors.
        key: What the client sends as ``Authorization: Bearer``; or
        sha256: its digest in hexadecimal, so that the file holds no key.
    """

    name: str = Field(min_length=1)
    key: SecretStr | None = None
    sha256: str | None = Field(default=None, pattern="^[0-9a-fA-F]{64}$")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.key is None) == (self.sha256 is None):
            raise ValueError("give either key or sha256")
        if self.key is not None and len(self.key.get_secret_value()) < SHORTEST_KEY:
            raise ValueError(f"key must have at least {SHORTEST_KEY} characters")
        return self


class PriceSettings(_Frozen):
    """Dollars per million tokens of prompt and answer."""

    input: Dollars
    output: Dollars


class Settings(_Frozen):
    """Everything a gateway needs to know.

    Attributes:
        upstream: Base URL of an OpenAI-compatible server, up to and including the version.
        upstream_key: Sent to the upstream and nowhere else. Without one, and without ``keys``,
            what the client sends as authorization is passed on.
        host, port: Where to listen; port 0 takes a free one.
        keys: Who may ask. Empty: anybody who can reach a loopback address.
        judge: Who judges unless a request says otherwise: ``model`` (the model that was
            sampled), ``openai/<model>`` (another one of the upstream), or an embedded judge.
        tournament, rounds: How a model judges, unless a request says otherwise.
        max_n: Most samples of a request.
        max_calls, max_tokens, max_dollars: Most that a request may spend, sampling and judging
            together; a request can only ask for less.
        execute: Whether judges that run candidates may be asked for.
        isolation: The sandbox level below which nothing is run.
        journal: File that keeps every reply.
        trace_dir: Folder that gets one JSONL file a request.
        prices: By model name; list prices are used for others if ``genai-prices`` is installed.
        timeout: Longest time for a request, from its last byte to the answer, in seconds. A
            request that is passed through may last longer, as long as bytes come.
        keep_alive: Seconds between comments in a stream while there is no answer yet. An error
            that comes before the first comment has its HTTP status; later ones are events.
        max_body: Most bytes of a request's body.
        body_seconds: Longest time for a request's body to arrive.
        stall_seconds: Longest time for a client to take what it is sent.
        header_bytes, header_seconds: Largest head of a request, and longest time for it.
        max_connections: Clients at a time; more are answered 503.
    """

    upstream: str
    upstream_key: SecretStr | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8642, ge=0, le=65535)
    keys: tuple[KeySettings, ...] = ()
    judge: str = MODEL
    tournament: str = "knockout"
    rounds: int | None = Field(default=None, ge=1, le=MOST_ROUNDS)
    max_n: int = Field(default=16, ge=1, le=128)
    max_calls: int | None = Field(default=64, ge=1)
    max_tokens: int | None = Field(default=None, ge=1)
    max_dollars: Dollars | None = None
    execute: bool = False
    isolation: str | None = None
    journal: Path | None = None
    trace_dir: Path | None = None
    prices: Mapping[str, PriceSettings] = Field(default_factory=dict)
    timeout: Seconds = 600.0
    keep_alive: Seconds = 5.0
    max_body: int = Field(default=20 * 2**20, ge=1)
    body_seconds: Seconds = 60.0
    stall_seconds: Seconds = 60.0
    header_bytes: int = Field(default=64 * 2**10, ge=1024)
    header_seconds: Seconds = 20.0
    max_connections: int = Field(default=2000, ge=1)

    @field_validator("upstream")
    @classmethod
    def _upstream(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must look like https://api.openai.com/v1 or http://localhost:8000/v1")
        try:
            parts.port  # noqa: B018 - it is read from the text here
        except ValueError as error:
            raise ValueError(f"names no port: {error}") from None
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("may not hold a password or a query; the key goes into a variable")
        return url.rstrip("/").removesuffix("/chat/completions")

    @field_validator("judge")
    @classmethod
    def _judge(cls, name: str) -> str:
        return known_judge(name)

    @field_validator("tournament")
    @classmethod
    def _tournament(cls, name: str) -> str:
        if name not in TOURNAMENTS:
            raise ValueError(f"must be one of {', '.join(TOURNAMENTS)}")
        return name

    @field_validator("isolation")
    @classmethod
    def _isolation(cls, name: str | None) -> str | None:
        if name is not None:
            Level.named(name, field="isolation")
        return name

    @field_validator("trace_dir")
    @classmethod
    def _trace_dir(cls, folder: Path | None) -> Path | None:
        if folder is not None and not folder.is_dir():
            raise ValueError(f"{folder} is no folder; make it first")
        return folder

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.judge in EXECUTING and not self.execute:
            raise ValueError(f"judge: {self.judge} runs candidates, which needs --execute")
        if self.rounds is not None and self.tournament not in PLAYING_ROUNDS:
            raise ValueError(f"rounds: {self.tournament} takes none")
        names = [key.name for key in self.keys]
        if len(set(names)) < len(names):
            raise ValueError("keys: two have one name")
        if not self.keys and not is_loopback(self.host):
            raise ValueError(
                f"host: {self.host} can be reached by others, who could spend your money: give "
                "keys (--keys FILE, or the variable BESTOFN_GATEWAY_KEY), or listen on 127.0.0.1"
            )
        return self


def known_judge(name: str) -> str:
    """The name of a judge, as it is.

    Raises:
        ValueError: there is none; lists those there are.
    """
    if name in (MODEL, *JUDGES) or (
        name.startswith(MODEL_PREFIX) and is_model(name.removeprefix(MODEL_PREFIX))
    ):
        return name
    names = ", ".join((MODEL, *JUDGES))
    raise ValueError(
        f"must be one of {names}, or {MODEL_PREFIX}<model> for a model of the upstream"
    )


def is_model(name: str) -> bool:
    """Whether a model may be called that: names stand in headers, journals and requests."""
    return bool(name.strip()) and name.isprintable()


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine only."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def checked(**values: Any) -> Settings:
    """Settings from plain values.

    Raises:
        InvalidInput: naming the option as on the command line.
    """
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ")
        if not place:
            place, _, message = message.partition(": ")
        head, dot, rest = place.partition(".")
        raise InvalidInput(f"--{head.replace('_', '-')}{dot}{rest}", message) from None


def read_keys(path: Path) -> tuple[KeySettings, ...]:
    """The keys in a TOML file: a table ``[[key]]`` for each, see :class:`KeySettings`.

    Raises:
        InvalidInput: naming the entry; never shows a key.
    """
    try:
        data = tomllib.loads(path.read_text())
    except OSError as error:
        raise InvalidInput("--keys", f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InvalidInput("--keys", f"{path} is not TOML: {error}") from None
    entries = data.get("key")
    if set(data) != {"key"} or not isinstance(entries, list) or not entries:
        raise InvalidInput("--keys", f"{path} must hold tables [[key]] and nothing else")
    keys = []
    for number, entry in enumerate(entries, 1):
        try:
            keys.append(KeySettings.model_validate(entry))
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"])) or "entry"
            message = first["msg"].removeprefix("Value error, ")
            raise InvalidInput("--keys", f"{path}, key {number}, {place}: {message}") from None
    return tuple(keys)
