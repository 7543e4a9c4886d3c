"""Options of every command that may ask models: which judge, where, how much it may cost."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Literal

import typer

from ..backends import Backend, backend_named
from ..budget import Budget, Price
from ..calls import Calls
from ..errors import InvalidInput
from ..events import Event
from ..judges import Judge, LLMJudge, judge_named
from ..tournaments import NAMES as TOURNAMENTS
from ..tournaments import tournament_named


@dataclass(frozen=True, kw_only=True)
class ForModels:
    """Options that only mean something where a model is asked."""

    def check_use(self, *judges: str) -> None:
        """Complain of an option that was given and that no judge heeds.

        Raises:
            InvalidInput: naming the option; every judge is an embedded one.
        """
        if any("/" in judge for judge in judges):
            return
        given = " ".join(f"--judge {judge}" for judge in judges)
        of_models = [
            field
            for group in type(self).__mro__
            if ForModels in group.__bases__
            for field in fields(group)
        ]
        for field in of_models:
            if getattr(self, field.name) != field.default:
                raise InvalidInput(
                    f"--{field.name.replace('_', '-')}",
                    f"is for models, and {given} asks none; leave it out, or "
                    "name a model: --judge openai/<model>",
                )


MODELS = "When a model is asked"
COSTS = "What its calls may cost"


@dataclass(frozen=True, kw_only=True)
class Server(ForModels):
    """Where models are."""

    base_url: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=MODELS,
            metavar="URL",
            help="An OpenAI-compatible server; else the provider's own.",
        ),
    ] = None
    key_from: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=MODELS,
            metavar="NAME",
            help="Environment variable that holds the server's key; OPENAI_API_KEY for openai/.",
        ),
    ] = None

    def backend(self, name: str) -> Backend:
        """The model of that name, on this server.

        Raises:
            InvalidInput: there is no such kind of backend.
        """
        key = None
        if self.key_from is not None:
            key = os.environ.get(self.key_from)
            if not key:
                raise InvalidInput("--key-from", f"the environment holds no {self.key_from}")
        return backend_named(name, base_url=self.base_url, api_key=key)


@dataclass(frozen=True, kw_only=True)
class Judging(ForModels):
    """How a model judges."""

    tournament: Annotated[
        str,
        typer.Option(
            rich_help_panel=MODELS,
            metavar="NAME",
            help=f"Which pairs meet: {', '.join(TOURNAMENTS)}.",
        ),
    ] = "daj"
    rounds: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=MODELS,
            min=1,
            metavar="R",
            help="Matches at most (each is judged twice with --swap both); 8 for daj unless given.",
        ),
    ] = None
    swap: Annotated[
        Literal["none", "both"],
        typer.Option(
            rich_help_panel=MODELS,
            metavar="none|both",
            help="Whether each pair is judged in both orders.",
        ),
    ] = "none"
    evidence: Annotated[
        Literal["none", "tests", "behaviour"],
        typer.Option(
            rich_help_panel=MODELS,
            metavar="none|tests|behaviour",
            help="What the judge is told about running them.",
        ),
    ] = "none"
    template: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=MODELS,
            metavar="FILE",
            help="Your own prompt, a Jinja template.",
            dir_okay=False,
        ),
    ] = None

    def make_judge(self, name: str, server: Server) -> Judge:
        """The judge of that name: an embedded one, or a model.

        Raises:
            InvalidInput: there is none.
        """
        if "/" not in name:
            return judge_named(name)
        return LLMJudge(
            server.backend(name),
            tournament=tournament_named(self.tournament, rounds=self.rounds),
            swap=self.swap,
            evidence=self.evidence,
            template=self.template,
        )


@dataclass(frozen=True, kw_only=True)
class Spending:
    """What calls may cost, and where they are kept."""

    max_calls: Annotated[
        int | None,
        typer.Option(rich_help_panel=COSTS, min=0, metavar="K", help="Model calls at most."),
    ] = None
    max_tokens: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=COSTS, min=0, metavar="K", help="Tokens at most, prompts included."
        ),
    ] = None
    max_dollars: Annotated[
        float | None,
        typer.Option(rich_help_panel=COSTS, min=0, metavar="D", help="Dollars at most."),
    ] = None
    price: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=COSTS,
            metavar="IN,OUT",
            help="Dollars per million tokens of prompt and reply, if unknown.",
        ),
    ] = None
    journal: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=COSTS,
            metavar="FILE",
            dir_okay=False,
            help="Keeps every reply; what is in it is not paid again.",
        ),
    ] = None
    trace: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=COSTS,
            metavar="FILE",
            dir_okay=False,
            help="Every prompt, reply and verdict, JSONL.",
        ),
    ] = None

    def calls(self, *models: str, on_event: Callable[[Event], None] | None = None) -> Calls:
        """The gate for a run's calls.

        Args:
            models: Names of what may be asked, whose price ``--price`` is.
            on_event: Hears of every call.

        Raises:
            InvalidInput: naming the option.
        """
        budget = Budget(calls=self.max_calls, tokens=self.max_tokens, dollars=self.max_dollars)
        prices = {model: _price(self.price) for model in models} if self.price else {}
        return Calls(
            budget=budget,
            journal=self.journal,
            trace=self.trace,
            prices=prices,
            on_event=on_event,
        )


def _price(text: str) -> Price:
    try:
        prompt, reply = map(float, text.split(","))
    except ValueError as error:
        raise InvalidInput("--price", f"must be two numbers, as in 0.25,2; got {text!r}") from error
    return Price(input=prompt, output=reply)
