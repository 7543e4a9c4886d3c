"""``python -m bestofn.testing``: the loopback server as a process."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import BestOfNError, InvalidInput
from . import faults
from .behaviours import either, judging, programming
from .server import FaultyServer

_FAULTS: dict[str, Callable[[], faults.Step]] = {
    "busy": lambda: faults.busy(seconds=1),
    "stall": faults.stall,
    "half": faults.half_body,
    "hang-up": faults.hang_up,
    "not-json": faults.not_json,
    "no-choices": faults.no_choices,
    "refusal": faults.refusal,
    "empty": faults.empty,
    "length": lambda: faults.cut_off("I ran out of"),
}
_TASTES = ("right", "first", "random", "longest", "shortest")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bestofn.testing",
        description="An OpenAI-compatible server that judges and writes programs by rule.",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8001, help="0 takes a free one")
    add("--latency", type=float, default=0.0, metavar="SECONDS", help="from request to reply")
    add("--model", metavar="NAME", help="the only model it serves (default: any name)")
    add("--api-key", metavar="KEY", help="refuse other keys")
    add(
        "--judge",
        choices=_TASTES,
        help="what its judge prefers (default: longest; with --right: right)",
    )
    add(
        "--right",
        action="append",
        type=Path,
        default=[],
        metavar="PATH",
        help="right programs for the judge: files, or folders of .py files; may be repeated",
    )
    add("--accuracy", type=float, default=1.0, help="how often the judge follows its taste")
    add("--position-bias", type=float, default=0.0, help="how often it takes the first unseen")
    add("--seed", type=int, default=0, help="of the judge's random numbers")
    add(
        "--programs",
        action="append",
        type=Path,
        default=[],
        metavar="PATH",
        help="what it answers where no verdict is asked: files, or folders of .py files",
    )
    add(
        "--fault",
        action="append",
        default=[],
        metavar="NAME[:COUNT]",
        help=f"the next requests fail: an HTTP status, or {', '.join(_FAULTS)}; may be repeated",
    )
    add("--refuses", action="append", default=[], metavar="SETTING", help="answer it with 400")
    add("--most-choices", type=int, metavar="N", help="ignore a larger n")
    add("--until-stdin-ends", action="store_true", help="stop when standard input is closed")
    return parser


def _sources(paths: Sequence[Path]) -> list[str]:
    files = [
        file for path in paths for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])
    ]
    return [file.read_text(encoding="utf-8") for file in files]


def _script(names: Sequence[str]) -> list[faults.Step | None]:
    steps: list[faults.Step | None] = []
    for text in names:
        name, _, count = text.partition(":")
        if not (count or "1").isdecimal():
            raise InvalidInput("--fault", f"{text!r}: after the colon comes a number of requests")
        if name.isdecimal() and 400 <= int(name) <= 599:
            step: faults.Step = faults.error(int(name))
        elif name in _FAULTS:
            step = _FAULTS[name]()
        else:
            raise InvalidInput("--fault", f"{name!r} is no status and none of {', '.join(_FAULTS)}")
        steps += faults.times(int(count or 1), step)
    return steps


async def _serve(server: FaultyServer, *, until_stdin_ends: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if until_stdin_ends:
        loop.add_reader(0, lambda: _look(stop))
    async with server:
        print(server.url, flush=True)
        await stop.wait()
    if until_stdin_ends:
        loop.remove_reader(0)


def _look(stop: asyncio.Event) -> None:
    if not os.read(0, 4096):
        asyncio.get_running_loop().remove_reader(0)
        stop.set()


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until a signal comes; prints the base URL on a line of its own.

    Args:
        argv: Command line without the program; None takes this process's.
    """
    arguments = _parser().parse_args(argv)
    try:
        right = _sources(arguments.right)
        judge = judging(
            arguments.judge or ("right" if right else "longest"),
            right=right,
            accuracy=arguments.accuracy,
            position_bias=arguments.position_bias,
            seed=arguments.seed,
        )
        programs = _sources(arguments.programs)
        server = FaultyServer(
            _script(arguments.fault),
            answer=either(judge, programming(programs)) if programs else judge,
            latency=arguments.latency,
            model=arguments.model,
            api_key=arguments.api_key,
            refuses=arguments.refuses,
            most_choices=arguments.most_choices,
            host=arguments.host,
            port=arguments.port,
            record=False,
        )
        asyncio.run(_serve(server, until_stdin_ends=arguments.until_stdin_ends))
    except (BestOfNError, OSError, UnicodeDecodeError) as error:
        print(f"bestofn.testing: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
