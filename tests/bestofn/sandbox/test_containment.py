# ruff: noqa: E501, ASYNC230 - programs stay readable on their own lines
"""What programs can see and keep. Those that attack are in ``hostile/``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bestofn.sandbox import CallJob, CheckJob, Execution, Level, Limits, Sandbox, StdinJob

pytestmark = pytest.mark.anyio


async def run(sandbox: Sandbox, source: str, *inputs: str) -> Execution:
    assert sandbox.level is not None
    assert sandbox.level >= Level.LIGHT
    job = StdinJob(source=source, inputs=inputs or ("",))
    return (await sandbox.execute(job, limits=Limits(seconds=5, wall_seconds=30)))[-1]


async def test_no_descriptors_but_its_own(each: Sandbox) -> None:
    source = (
        "import os, stat\nfound = []\n"
        "for fd in range(1000):\n    try:\n        s = os.fstat(fd)\n    except OSError:\n        continue\n"
        "    found.append(fd)\nprint(found)"
    )
    with open(__file__, "rb") as inherited:
        os.set_inheritable(inherited.fileno(), True)
        job = StdinJob(source=source, inputs=("",))
        async with Sandbox(workers=1, _level=each.level or Level.BASIC) as fresh:
            (result,) = await fresh.execute(job)
    assert result.stdout == "[0, 1, 2, 3, 4, 5, 6, 9, 10]\n"  # see harness.py


SCAN = """
import ctypes, gc
libc = ctypes.CDLL(None)
libc.sbrk.restype = ctypes.c_void_p
libc.pwrite.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_long]
sink = open("sink", "wb")
def mapped(page): return libc.pwrite(sink.fileno(), page, 1, 0) == 1  # no crash if unreadable
backwards = input().encode()  # the text itself must not get into memory by being looked for
KEEP
spots = {libc.sbrk(0) - 4096}
for one in gc.get_objects():
    spots |= {id(one) & ~0xfff} | {id(other) & ~0xfff for other in gc.get_referents(one)}
pages = set()
for spot in spots:
    for step in (-4096, 4096):
        page = spot
        while page not in pages and mapped(page):
            pages.add(page)
            page += step
        pages.discard(spot)
    pages.add(spot)
print(any(backwards in ctypes.string_at(page, 4096)[::-1] for page in pages))
"""


async def test_nothing_of_earlier_jobs_or_later_inputs_is_in_memory(hardened: Sandbox) -> None:
    marks = [f"{letter}-{'secret'}-{os.getpid()}" for letter in "abcdefg"]
    limits = Limits(seconds=30, wall_seconds=120)
    check = CheckJob(
        source=f"def f(x): return x  # {marks[0]}",
        entry_point="f",
        setup=f"x = {marks[1]!r}",
        checks=(f"assert f(1) == 2, {marks[2]!r}",),
    )
    (failed,) = await hardened.execute(check)
    assert (failed.status, failed.error) == ("exception", f"AssertionError: {marks[2]}")
    await hardened.execute(
        StdinJob(source=f"print(input(), {marks[3]!r})", inputs=(marks[4],)), limits=limits
    )
    for mark in marks[:6]:
        job = StdinJob(source=SCAN.replace("KEEP", ""), inputs=(mark[::-1], marks[5]))
        assert (await hardened.execute(job, limits=limits))[0].stdout == "False\n", mark
    kept = SCAN.replace("KEEP", "kept = backwards[::-1] + b'!'")
    job = StdinJob(source=kept, inputs=(marks[6][::-1],))
    assert (await hardened.execute(job, limits=limits))[0].stdout == "True\n", "control"


async def test_places_to_write_are_empty_and_emptied(each: Sandbox, tmp_path: Path) -> None:
    source = (
        "import os, tempfile\nprint(os.listdir('.'), os.path.samefile('.', tempfile.gettempdir()))\n"
        "os.makedirs('a/b')\nopen('a/b/c', 'w').close()\n"
        "if NOT_LIGHT: os.chmod('a/b', 0); os.chmod('.', 0)"
    ).replace("NOT_LIGHT", str(each.level != Level.LIGHT))
    for _ in range(3):
        (result,) = await each.execute(StdinJob(source=source, inputs=("",)))
        assert (result.status, result.stdout) == ("ok", "[] True\n")


async def test_device_files_of_standard_streams_can_be_misused_once(hardened: Sandbox) -> None:
    if str(hardened.level) != "full":
        pytest.skip("there are such files behind namespaces only")
    source = "import os\nos.chmod('/dev/io/stdin', 0)\nopen('/dev/stdout', 'w').write('hello')"
    assert (await run(hardened, source, "")).stdout == "hello"
    assert (await run(hardened, "print(input())", "x")).stdout == "x\n"


async def test_answers_of_earlier_programs_are_not_there_to_be_read(hardened: Sandbox) -> None:
    secret = CallJob(source="def f(x): return ['SECRET', x]", entry_point="f", calls=((1,), (2,)))
    looking = (
        "import os\nfound = [os.pread(fd, 1000, 0) for fd in (4, 5)]\ndef f(): return str(found)"
    )
    for _ in range(3):
        assert [each.value for each in await hardened.execute(secret)] == [
            ["SECRET", 1],
            ["SECRET", 2],
        ]
        (seen,) = await hardened.execute(CallJob(source=looking, entry_point="f", calls=((),)))
        assert seen.status == "ok"
        assert "SECRET" not in seen.value


async def test_what_is_done_to_shared_files_ends_with_the_program(hardened: Sandbox) -> None:
    spoil = (
        "import fcntl, os\nfor fd in (4, 5):\n    os.fchmod(fd, 0)\n"
        "    fcntl.fcntl(fd, fcntl.F_SETFL, os.O_RDWR | os.O_APPEND | os.O_NONBLOCK)\n"
    )
    await hardened.execute(StdinJob(source=spoil, inputs=("", "")))
    honest = StdinJob(source="print(input())", inputs=("a", "b", "c"))
    got = await hardened.execute(honest)
    assert [(each.status, each.stdout) for each in got] == [
        ("ok", "a\n"),
        ("ok", "b\n"),
        ("ok", "c\n"),
    ]
