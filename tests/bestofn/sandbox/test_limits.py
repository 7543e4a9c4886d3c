# ruff: noqa: E501 - programs stay readable on their own lines
from __future__ import annotations

import pytest

from bestofn.errors import InvalidInput
from bestofn.sandbox import CallJob, CheckJob, Execution, Limits, Sandbox, StdinJob

pytestmark = pytest.mark.anyio


async def run(
    sandbox: Sandbox, source: str, *inputs: str, limits: Limits | None = None
) -> list[Execution]:
    return await sandbox.execute(StdinJob(source=source, inputs=inputs or ("",)), limits=limits)


async def test_processor_time(each: Sandbox) -> None:
    source = "print('before', flush=True)\nif input() == '1':\n    while True: pass"
    results = await run(each, source, *"010", limits=Limits(seconds=0.3, wall_seconds=30))
    assert [r.status for r in results] == ["ok", "timeout", "ok"]
    assert results[1].stdout == "before\n"
    assert 0.3 <= results[1].seconds < 1


async def test_wall_clock_time_of_a_program_that_sleeps(each: Sandbox) -> None:
    source = "import time\ntime.sleep(60)"
    (result,) = await run(each, source, limits=Limits(seconds=5, wall_seconds=0.3))
    assert result.status == "timeout"
    assert result.seconds < 0.3 <= result.wall_seconds < 10


async def test_threads_count_together_on_the_processor_clock(sandbox: Sandbox) -> None:
    source = (
        "import threading, hashlib\n"
        "def burn():\n    while True: hashlib.sha256(bytes(10**6)).digest()\n"
        "for _ in range(4): threading.Thread(target=burn).start()"
    )
    (result,) = await run(sandbox, source, limits=Limits(seconds=0.3, wall_seconds=30))
    assert result.status == "timeout"


async def test_total_time_of_a_job(sandbox: Sandbox) -> None:
    limits = Limits(seconds=5, wall_seconds=30, total_seconds=0.5)
    results = await run(sandbox, "import time; time.sleep(.3)", *"abcdef", limits=limits)
    statuses = [r.status for r in results]
    assert statuses[0] == "ok"
    assert statuses[-1] == "not_run"
    assert sorted(statuses) == sorted(statuses, key=("not_run", "ok").index)


async def test_memory(each: Sandbox) -> None:
    source = "if input() == '1':\n    x = bytearray(3 << 30)\nprint('fine')"
    results = await run(each, source, *"010", limits=Limits(memory_bytes=1 << 30))
    assert [r.status for r in results] == ["ok", "memory", "ok"]


async def test_output(each: Sandbox) -> None:
    source = "n = int(input())\nprint('x' * n)"
    limits = Limits(output_bytes=1000)
    results = await run(each, source, "999", "1000", "5000", "1", limits=limits)
    assert [r.status for r in results] == ["ok", "output", "output", "ok"]
    assert results[0].stdout == "x" * 999 + "\n"
    assert len(results[2].stdout) == 1000


async def test_endless_output_ends_early(each: Sandbox) -> None:
    limits = Limits(seconds=20, wall_seconds=60, output_bytes=1 << 20)
    (result,) = await run(each, "while True: print('y' * 1000)", limits=limits)
    assert result.status == "output"
    assert len(result.stdout) == 1 << 20


async def test_size_of_files(each: Sandbox) -> None:
    source = "f = open('big', 'wb')\nfor _ in range(100): f.write(bytes(10**6))"
    limits = Limits(file_bytes=1 << 20, output_bytes=1 << 10)
    (result,) = await run(each, source, limits=limits)
    assert result.status == "output"


async def test_open_files(each: Sandbox) -> None:
    source = "fs = [open('/dev/null') for _ in range(100)]"
    (result,) = await run(each, source, limits=Limits(open_files=32))
    assert result.error.startswith("OSError: [Errno 24]")


async def test_threads(hardened: Sandbox) -> None:
    if str(hardened.level) != "full":
        pytest.skip("other processes of the user are counted along without namespaces")
    source = (
        "import threading\ngate = threading.Event()\nn = 0\ntry:\n"
        "    for _ in range(200):\n        threading.Thread(target=gate.wait).start()\n        n += 1\n"
        "finally:\n    gate.set()\n    print(n)"
    )
    (result,) = await run(hardened, source, limits=Limits(threads=20))
    assert 10 < int(result.stdout) < 40
    assert result.error.startswith("RuntimeError: can't start new thread")


async def test_limits_of_one_job_are_not_those_of_the_next(sandbox: Sandbox) -> None:
    await run(sandbox, "", limits=Limits(open_files=16, memory_bytes=1 << 29))
    source = "fs = [open('/dev/null') for _ in range(40)]\nx = bytearray(1 << 30)"
    (result,) = await run(sandbox, source)
    assert result.status == "ok"


async def test_time_of_a_call(sandbox: Sandbox) -> None:
    source = "def f(n):\n    while n: pass\n    return n"
    job = CallJob(source=source, entry_point="f", calls=((0,), (1,), (0,)))
    results = await sandbox.execute(job, limits=Limits(seconds=0.3, wall_seconds=30))
    assert [r.status for r in results] == ["ok", "timeout", "ok"]


@pytest.mark.parametrize("field", ["seconds", "memory_bytes", "threads"])
def test_limits_must_be_positive(field: str) -> None:
    with pytest.raises(InvalidInput, match=field):
        Limits(**{field: 0})


async def test_time_outs_of_a_job_are_counted(sandbox: Sandbox) -> None:
    job = StdinJob(
        source="x = input()\nwhile x == 'spin': pass\nprint(x)",
        inputs=("a", "spin", "b", "spin", "c"),
    )
    limits = Limits(seconds=0.2, timeouts=2)
    results = await sandbox.execute(job, limits=limits)
    assert [r.status for r in results] == ["ok", "timeout", "ok", "timeout", "not_run"]
    results = await sandbox.execute(job, limits=Limits(seconds=0.2, timeouts=1))
    assert [r.status for r in results] == ["ok", "timeout", "not_run", "not_run", "not_run"]


async def test_each_script_has_its_own_processor_time(sandbox: Sandbox) -> None:
    burn = (
        "import time\nend = time.process_time() + 0.4\n"
        "while time.process_time() < end: pass\nassert f(1) == 1"
    )
    job = CheckJob(source="def f(x): return x", entry_point="f", setup="", checks=(burn,) * 4)
    got = await sandbox.execute(job, limits=Limits(seconds=1, wall_seconds=60))
    assert [each.status for each in got] == ["ok"] * 4
