"""The wire between library and worker: cut anywhere, or full of nonsense."""

from __future__ import annotations

import contextlib
import random
import socket

import anyio
import pytest

from bestofn.errors import SandboxError, SandboxFault, SandboxUnavailable
from bestofn.sandbox import Execution, Job, Sandbox
from bestofn.sandbox import worker as worker_module

from .processes import open_files
from .tasks import LIMITS, MORE, task, wrong

pytestmark = pytest.mark.anyio


async def pump(
    source: socket.socket, sink: socket.socket, budget: int | None, moved: list[int]
) -> None:
    """Pass bytes on until so many have passed, then hang up on both sides."""
    while budget is None or moved[0] < budget:
        await anyio.wait_readable(source)
        most = 1 << 16 if budget is None else min(1 << 16, budget - moved[0])
        data = source.recv(most)
        if not data:
            break
        moved[0] += len(data)
        view = memoryview(data)
        while view:
            await anyio.wait_writable(sink)
            view = view[sink.send(view) :]
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


async def through(
    sandbox: Sandbox, job: Job, *, asked: int | None = None, said: int | None = None
) -> tuple[list[Execution], int, int]:
    """Run a job with its idle worker's wire cut after so many bytes; also how many passed."""
    worker = sandbox._idle[0]
    wire = worker._stream
    ours, theirs = socket.socketpair()
    up, down = [0], [0]
    with theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        worker._stream = ours
        async with anyio.create_task_group() as group:
            group.start_soon(pump, theirs, wire, asked, down)
            group.start_soon(pump, wire, theirs, said, up)
            results = await sandbox.execute(job)
            group.cancel_scope.cancel()
        if sandbox._idle[0] is worker:
            worker._stream = wire
            ours.close()
        else:
            wire.close()
    return results, down[0], up[0]


@pytest.mark.parametrize("kind", [0, 1, 2], ids=["stdin", "call", "check"])
@pytest.mark.parametrize("cut", ["asked", "said"])
async def test_a_wire_cut_anywhere_costs_no_verdict(
    nothing_left: set[tuple[int, str]], kind: int, cut: str
) -> None:
    one = task(kind)
    rng = random.Random(f"{kind} {cut}")
    files = open_files()
    async with Sandbox(workers=1, limits=LIMITS) as sandbox:
        assert wrong([one], {0: await sandbox.execute(one.job)}) == []
        executions, asked, said = await through(sandbox, one.job)
        assert wrong([one], {0: executions}) == []
        total = asked if cut == "asked" else said // 2  # how long it is varies with the times in it
        worker = sandbox._idle[0].pid
        for place in sorted(rng.randrange(total) for _ in range(4 * MORE)):
            if cut == "asked":
                executions, *_ = await through(sandbox, one.job, asked=place)
            else:
                executions, *_ = await through(sandbox, one.job, said=place)
            assert wrong([one], {0: executions}) == []
            assert sandbox._idle[0].pid != worker  # the cut was felt
            worker = sandbox._idle[0].pid
    assert open_files() == files


GREETING = (
    "import json, os, socket, struct, sys\n"
    "config = json.loads(sys.argv[2])\n"
    "wire = socket.socket(fileno=config['socket'])\n"
    "def say(data): wire.sendall(struct.pack('>I', len(data)) + data)\n"
    "hello = {'level': 3, 'layers': [], 'drop_user': False, 'missing': []}\n"
)
AFTER = GREETING + "say(json.dumps(hello).encode())\nwire.recv(1)\n"


@pytest.mark.parametrize(
    ("program", "error"),
    [
        ("raise ValueError('cannot')", SandboxUnavailable),
        ("", SandboxUnavailable),
        (GREETING + "wire.sendall(b'\\xff' * 1000)", SandboxUnavailable),
        (GREETING + "say(b'[]')", SandboxUnavailable),
        (GREETING + "say(b'{\"level\": 77}')", SandboxUnavailable),
        (GREETING + "say(b'{')", SandboxUnavailable),
        (AFTER, SandboxFault),
        (AFTER + "wire.sendall(os.urandom(4096))", SandboxFault),
        (AFTER + "say(b'{}' * 3)", SandboxFault),
        (AFTER + 'say(b\'{"fault": "no room"}\')', SandboxFault),
        (AFTER + 'say(b\'{"size": 0, "status": "fine"}\')', SandboxFault),
        (AFTER + 'say(b\'{"size": -1, "status": "ok"}\')', SandboxFault),
        (AFTER + "wire.sendall(b'\\0\\0')", SandboxFault),
        (AFTER + "os.kill(os.getpid(), 9)", SandboxFault),
    ],
)
async def test_a_worker_that_talks_nonsense_gives_no_verdict(
    nothing_left: set[tuple[int, str]],
    monkeypatch: pytest.MonkeyPatch,
    program: str,
    error: type[SandboxError],
) -> None:
    one = task(0)
    files = open_files()
    async with Sandbox(workers=1, limits=LIMITS) as sandbox:
        with monkeypatch.context() as patched:
            patched.setattr(worker_module, "_BOOT", program)
            with pytest.raises(error):
                await sandbox.execute(one.job)
    assert open_files() == files
    async with Sandbox(workers=1, limits=LIMITS) as sandbox:
        assert wrong([one], {0: await sandbox.execute(one.job)}) == []
