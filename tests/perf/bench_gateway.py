"""What a gateway adds: to a request that passes through, and to the best of four under load.

    make bench
    .venv/bin/python tests/perf/bench_gateway.py --rounds 3 --latency 0.2 --watched 5000

Upstream (a loopback server with a fixed latency), gateway and clients are three processes that
share the cores here: look at the ratios. (a) Pairs of requests, one to the upstream directly and
one through the gateway, the order changing from pair to pair; the upstream answers at once.
(b) 200 requests of n=4 at once; the ideal is the latency times the waits that follow each other:
one for the samples, and for a model that judges the rounds of its tournament. The best of the
rounds counts, as other users of the machine only ever add. (c) Resident memory of the gateway
before and after thousands of requests. (d) From a client's death to the upstream's noticing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio

from bestofn.testing import FaultyServer, faults, server_process

sys.path.insert(0, str(Path(__file__).parents[1] / "integrations" / "gateway" / "load"))

from driver import ask, burst, clients, gateway_process, steady

BURST, PAIRS = 200, 1000
WALL_TARGET, DEATH_TARGET, GROWTH_TARGET = 1.3, 1.0, 8.0  # ratio, seconds, MiB
PROGRAMS = ("print(1)", "print(2) #", "print(3) ##", "print(4) ###")
BEST = {"model": "bon-4-m"}
WAYS: dict[str, tuple[dict[str, Any], int]] = {  # fields of the request, waits in sequence
    "passed through, n=4": ({"model": "m", "n": 4}, 1),
    "self-consistency": ({**BEST, "bestofn": {"judge": "self-consistency"}}, 1),
    "model, listwise": ({**BEST, "bestofn": {"tournament": "listwise"}}, 2),
    "model, knockout": (BEST, 3),
}


def write_programs(folder: Path) -> None:
    """Four different answers for the upstream; its judge prefers the longest."""
    for number, text in enumerate(PROGRAMS):
        (folder / f"{number}.py").write_text(text)


async def added_latency() -> None:
    """(a) Interleaved pairs; nobody else asks meanwhile."""
    fields = {"model": "m"}
    seconds: dict[str, list[float]] = {"direct": [], "gateway": []}
    with server_process() as upstream, gateway_process(upstream) as gateway:
        urls = {"direct": upstream, "gateway": gateway.url}
        async with clients() as session:
            for url in urls.values():
                await steady(session, url, 50, fields, at_once=1)
            for number in range(PAIRS):
                for way in sorted(urls, reverse=number % 2 == 1):
                    started = time.perf_counter()
                    await ask(session, urls[way], number, fields)
                    seconds[way].append(time.perf_counter() - started)
    print(f"one request at a time, {PAIRS} pairs, milliseconds")
    for name, rank in (("p50", 49), ("p99", 98)):
        direct, through = (1000 * statistics.quantiles(seconds[way], n=100)[rank] for way in urls)
        print(
            f"  {name}  direct {direct:6.2f}  through the gateway {through:6.2f}   "
            f"{through / direct:5.2f} x   {through - direct:+6.2f} ms"
        )


async def under_load(latency: float, rounds: int, folder: str) -> list[bool]:
    """(b) Bursts against a server that takes its time."""
    fine = []
    with (
        server_process("--latency", str(latency), "--programs", folder) as upstream,
        gateway_process(upstream) as gateway,
    ):
        async with clients() as session:
            print(f"{BURST} requests of n=4 at once, latency {latency} s, best of {rounds}")
            direct = {"model": "m", "n": 4}
            bare = min([(await burst(session, upstream, BURST, direct))[0] for _ in range(rounds)])
            print(f"  {'upstream directly':<20} {bare:5.2f} s   {bare / latency:5.2f} x ideal")
            for way, (fields, waits) in WAYS.items():
                await burst(session, gateway.url, BURST // 4, fields)  # connections, imports
                walls, cpu = [], gateway.cpu
                for _ in range(rounds):
                    walls.append((await burst(session, gateway.url, BURST, fields))[0])
                cost = 1000 * (gateway.cpu - cpu) / rounds / BURST
                ideal = waits * latency
                ratio = min(walls) / ideal
                fine.append(ratio <= WALL_TARGET)
                print(
                    f"  {way:<20} {min(walls):5.2f} s   {ratio:5.2f} x ideal of {ideal:.1f} s   "
                    f"{cost:5.2f} ms CPU a request"
                )
    print(f"  target: {WALL_TARGET} x: {_words(fine)}")
    return fine


async def memory(watched: int, folder: str) -> list[bool]:
    """(c) The gateway's resident memory, a quarter of the requests each way."""
    with (
        server_process("--programs", folder) as upstream,
        gateway_process(upstream) as gateway,
    ):
        async with clients() as session:

            async def some(count: int, first: int) -> None:
                for fields, _ in WAYS.values():
                    part = count // len(WAYS)
                    await steady(session, gateway.url, part, fields, at_once=50, first=first)

            await some(watched // 4, 0)
            before = gateway.resident
            await some(watched, watched)
            growth = (gateway.resident - before) / 2**20
    print(
        f"memory: {before / 2**20:.1f} MiB after {watched // 4} requests, "
        f"{growth:+.1f} MiB after {watched} more"
    )
    print(f"  target: {GROWTH_TARGET} MiB: {_words([growth <= GROWTH_TARGET])}")
    return [growth <= GROWTH_TARGET]


async def deaths() -> list[bool]:
    """(d) How long the upstream goes on working for a client that is gone."""
    worst = 0.0
    async with FaultyServer(faults.forever(faults.stall())) as server:
        with gateway_process(server.url) as gateway:
            for model, stream in (("m", False), ("bon-4-m", False), ("bon-4-m", True)):
                for _ in range(10):
                    worst = max(worst, await _death(server, gateway.url, model, stream))
    print(f"a client's death is noticed upstream after {1000 * worst:.0f} ms (worst of 30)")
    print(f"  target: {DEATH_TARGET} s: {_words([worst <= DEATH_TARGET])}")
    return [worst <= DEATH_TARGET]


async def _death(server: FaultyServer, url: str, model: str, stream: bool) -> float:
    left, asked = server.left, server.count
    body = json.dumps({"model": model, "stream": stream, "messages": [_HELLO]}).encode()
    address = urlsplit(url)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\n"
        b"content-length: %d\r\n\r\n" % len(body) + body
    )
    while server.count == asked:  # noqa: ASYNC110 - nobody sets an event
        await asyncio.sleep(0.001)
    started = time.perf_counter()
    writer.transport.abort()
    while server.left == left:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    return time.perf_counter() - started


_HELLO = {"role": "user", "content": "Hello"}


def _words(fine: list[bool]) -> str:
    return ", ".join("met" if one else "MISSED" for one in fine)


async def main(latency: float, rounds: int, watched: int) -> bool:
    """Run all; True when every target is met."""
    with tempfile.TemporaryDirectory() as folder:
        write_programs(Path(folder))
        await added_latency()
        fine = await under_load(latency, rounds, folder)
        fine += await memory(watched, folder)
        fine += await deaths()
    return all(fine)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--latency", type=float, default=0.2, help="seconds")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--watched", type=int, default=5000, help="requests for the memory")
    parser.add_argument("--check", action="store_true", help="fail when a target is missed")
    arguments = parser.parse_args()
    met = anyio.run(main, arguments.latency, arguments.rounds, arguments.watched)
    raise SystemExit(0 if met or not arguments.check else 1)
