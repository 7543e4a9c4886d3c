"""``bestofn serve``: the gateway from a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import SecretStr

from bestofn import BestOfNError, InvalidInput
from bestofn.judges import NAMES as JUDGES
from bestofn.tournaments import NAMES as TOURNAMENTS

from .server import serve
from .settings import KeySettings, Settings, checked, read_keys

KEY_VARIABLE = "BESTOFN_GATEWAY_KEY"
UPSTREAM_KEY_VARIABLE = "BESTOFN_UPSTREAM_KEY"

EPILOG = (
    "Example: bestofn serve --upstream http://localhost:8000/v1\n\n"
    "Then point an agent at http://127.0.0.1:8642/v1 and ask for the model bon-8-<model>. What it "
    "sends as a key goes on to the upstream, unless the gateway has keys of its own."
)

_WHO, _HOW, _COST, _LIMITS = "Who may ask", "Choosing", "What it may cost", "Limits"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def _default(field: str) -> Any:
    return Settings.model_fields[field].default


@app.command(epilog=EPILOG)
def _serve(
    upstream: Annotated[
        str, typer.Option(metavar="URL", help="An OpenAI-compatible server, version included.")
    ],
    upstream_key_from: Annotated[
        str,
        typer.Option(metavar="NAME", help="Environment variable with the upstream's key."),
    ] = UPSTREAM_KEY_VARIABLE,
    host: Annotated[
        str,
        typer.Option(metavar="ADDRESS", help="Where to listen; other than loopback needs keys."),
    ] = _default("host"),
    port: Annotated[int, typer.Option(metavar="PORT", help="0 takes a free one.")] = _default(
        "port"
    ),
    keys: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=_WHO,
            help="TOML, [[key]] with name, key or sha256, and limits: calls, tokens, dollars. "
            f"For a single key without limits the variable {KEY_VARIABLE} will do.",
        ),
    ] = None,
    judge: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            rich_help_panel=_HOW,
            help="model (the one that was sampled), openai/<model> (another one of the "
            f"upstream), {', '.join(JUDGES)}.",
        ),
    ] = _default("judge"),
    tournament: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            rich_help_panel=_HOW,
            help=f"How a model judges: {', '.join(TOURNAMENTS)}.",
        ),
    ] = _default("tournament"),
    rounds: Annotated[
        int | None,
        typer.Option(metavar="R", rich_help_panel=_HOW, help="Matches of daj and adaptive."),
    ] = None,
    execute: Annotated[
        bool,
        typer.Option(
            "--execute",
            rich_help_panel=_HOW,
            help="Allow judges that run candidates, in the sandbox: consensus, codet, majority.",
        ),
    ] = False,
    isolation: Annotated[
        str | None,
        typer.Option(
            metavar="LEVEL",
            rich_help_panel=_HOW,
            help="Run nothing below this level: full, light or basic.",
        ),
    ] = None,
    max_n: Annotated[
        int, typer.Option(metavar="N", rich_help_panel=_COST, help="Most samples of a request.")
    ] = _default("max_n"),
    max_calls: Annotated[
        int,
        typer.Option(
            metavar="K",
            rich_help_panel=_COST,
            help="Most samples and judgments of a request together.",
        ),
    ] = _default("max_calls"),
    max_tokens: Annotated[
        int | None,
        typer.Option(metavar="K", rich_help_panel=_COST, help="Most tokens of a request."),
    ] = None,
    max_dollars: Annotated[
        float | None,
        typer.Option(metavar="D", rich_help_panel=_COST, help="Most dollars of a request."),
    ] = None,
    price: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL=IN,OUT",
            rich_help_panel=_COST,
            help="Dollars per million tokens of prompt and answer; repeat for several models.",
        ),
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="Keeps every reply (SQLite)."),
    ] = None,
    trace_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Gets a JSONL file for every request.")
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(metavar="S", rich_help_panel=_LIMITS, help="Longest time for a request."),
    ] = _default("timeout"),
    keep_alive: Annotated[
        float,
        typer.Option(
            metavar="S", rich_help_panel=_LIMITS, help="Between comments in a waiting stream."
        ),
    ] = _default("keep_alive"),
    max_body: Annotated[
        int, typer.Option(metavar="B", rich_help_panel=_LIMITS, help="Most bytes of a request.")
    ] = _default("max_body"),
    max_connections: Annotated[
        int, typer.Option(metavar="K", rich_help_panel=_LIMITS, help="Most clients at a time.")
    ] = _default("max_connections"),
) -> None:
    """Serve an OpenAI-compatible URL that answers with the best of several samples."""
    serve(
        checked(
            upstream=upstream,
            upstream_key=_upstream_key(upstream_key_from),
            host=host,
            port=port,
            keys=_keys(keys),
            judge=judge,
            tournament=tournament,
            rounds=rounds,
            execute=execute,
            isolation=isolation,
            max_n=max_n,
            max_calls=max_calls,
            max_tokens=max_tokens,
            max_dollars=max_dollars,
            prices=_prices(price or ()),
            journal=journal,
            trace_dir=trace_dir,
            timeout=timeout,
            keep_alive=keep_alive,
            max_body=max_body,
            max_connections=max_connections,
        )
    )


def main(arguments: Sequence[str] | None = None, *, name: str = "bestofn serve") -> None:
    """Run the command; ends the process with 2 when an option cannot be used.

    Args:
        arguments: Those of the process unless given.
        name: What the command is called in its help.
    """
    try:
        app(None if arguments is None else list(arguments), prog_name=name)
    except BestOfNError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


def _upstream_key(variable: str) -> SecretStr | None:
    key = os.environ.get(variable, "").strip()
    if not key and variable != UPSTREAM_KEY_VARIABLE:
        raise InvalidInput("--upstream-key-from", f"the environment holds no {variable}")
    if not (key.isascii() and key.isprintable()):
        raise InvalidInput("--upstream-key-from", f"{variable} holds characters that no key has")
    return SecretStr(key) if key else None


def _keys(path: Path | None) -> tuple[KeySettings, ...]:
    found = () if path is None else read_keys(path)
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not key:
        return found
    try:
        return (*found, KeySettings(name="environment", key=SecretStr(key)))
    except ValueError:
        raise InvalidInput(KEY_VARIABLE, "must have at least 8 characters") from None


def _prices(texts: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
    prices = {}
    for text in texts:
        model, _, numbers = text.rpartition("=")
        try:
            prompt, answer = map(float, numbers.split(","))
        except ValueError:
            model = ""
        if not model:
            raise InvalidInput("--price", f"must look like gpt-5-mini=0.25,2; got {text!r}")
        prices[model] = {"input": prompt, "output": answer}
    return prices
