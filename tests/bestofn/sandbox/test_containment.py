# ruff: noqa: E501, ASYNC220, ASYNC230, ASYNC240 - programs stay readable on their own lines
"""Programs that attack the machine. They run at the hardened levels only."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bestofn.sandbox import CheckJob, Execution, Level, Limits, Sandbox, StdinJob

pytestmark = pytest.mark.anyio


async def run(sandbox: Sandbox, source: str, *inputs: str) -> Execution:
    assert sandbox.level is not None
    assert sandbox.level >= Level.LIGHT
    job = StdinJob(source=source, inputs=inputs or ("",))
    return (await sandbox.execute(job, limits=Limits(seconds=5, wall_seconds=30)))[-1]


async def test_environment(hardened: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_API_KEY", "hunter2")
    async with Sandbox(workers=1) as fresh:
        job = StdinJob(source="import os; print(sorted(os.environ))", inputs=("",))
        (result,) = await fresh.execute(job)
    assert result.status == "ok"
    assert "SECRET" not in result.stdout
    assert "SECRET" not in (await run(hardened, "import os; print(os.environ)")).stdout


async def test_files_of_the_user(hardened: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    home = Path.home()
    for path in (secret, Path("/etc/passwd"), Path("/proc/self/environ"), Path(__file__)):
        result = await run(hardened, f"print(open({str(path)!r}, 'rb').read())")
        assert result.error.split(":")[0] in ("PermissionError", "FileNotFoundError"), path
    for folder in (home, tmp_path, Path("/")):
        if str(hardened.level) == "full" and folder == Path("/"):
            continue
        result = await run(hardened, f"import os; print(os.listdir({str(folder)!r}))")
        assert result.error.split(":")[0] in ("PermissionError", "FileNotFoundError"), folder


async def test_nothing_can_be_written_outside(hardened: Sandbox, tmp_path: Path) -> None:
    targets = [tmp_path / "new", Path(sys.prefix) / "new", Path("/usr/new"), Path("/etc/new")]
    for target in targets:
        result = await run(hardened, f"open({str(target)!r}, 'w').write('x')")
        assert result.status == "exception", target
        assert not target.exists()
    library = Path(os.__file__)
    before = library.stat()
    for attack in (
        f"import os; os.chmod({str(library)!r}, 0)",
        f"import os; os.utime({str(library)!r}, (0, 0))",
        f"import os; os.unlink({str(library)!r})",
        f"import os; os.fchmod(os.open({str(library)!r}, os.O_RDONLY), 0)",
    ):
        assert (await run(hardened, attack)).status == "exception", attack
    after = library.stat()
    assert (before.st_mode, before.st_mtime) == (after.st_mode, after.st_mtime)


async def test_network(hardened: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        source = f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 2)"
        result = await run(hardened, source)
    assert result.error.startswith(("PermissionError", "OSError")), result


async def test_sockets_of_the_machine(hardened: Sandbox) -> None:
    name = f"\0bestofn-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        source = f"import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect({name!r})"
        result = await run(hardened, source)
    assert result.status == "exception"


async def test_signals_to_other_processes(hardened: Sandbox) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        for victim in (bystander.pid, os.getpid(), os.getppid(), -1):
            source = (
                "import os, signal\ntry:\n"
                f"    os.kill({victim}, signal.SIGKILL)\nexcept OSError as e: print(type(e).__name__)"
            )
            result = await run(hardened, source)
            assert result.status == "ok", (victim, result)
        assert (await run(hardened, "print('alive')")).stdout == "alive\n"
        assert bystander.poll() is None
    finally:
        bystander.communicate()


async def test_fork_bomb(hardened: Sandbox) -> None:
    source = (
        "import os\nn = 0\ntry:\n"
        "    while True:\n        if os.fork() == 0:\n            while True: os.getppid()\n"
        "        n += 1\nexcept OSError as e:\n    print(type(e).__name__, n < 100)"
    )
    result = await run(hardened, source)
    assert result.stdout.endswith("True\n"), result
    assert (await run(hardened, "print('alive')")).stdout == "alive\n"


async def test_daemons_end_with_the_run(hardened: Sandbox) -> None:
    mark = f"mark-{os.getpid()}"
    source = (
        "import os\ntry:\n    pid = os.fork()\nexcept OSError:\n    pid = 1\n"
        f"if pid == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        f"        os.execv('/bin/sleep', ['{mark}', '1000'])\n    os._exit(0)\n"
        "print('started')"
    )
    assert (await run(hardened, source)).stdout == "started\n"
    lines = [p.read_bytes() for p in Path("/proc").glob("[0-9]*/cmdline") if p.exists()]
    assert not any(mark.encode() in line and b"1000" in line for line in lines)


@pytest.mark.parametrize(
    "attack",
    [
        "import ctypes, os\nr = ctypes.CDLL(None, use_errno=True).ptrace(16, os.getppid(), 0, 0)",
        "import ctypes\nr = ctypes.CDLL(None).mount(b'x', b'/tmp', b'tmpfs', 0, None)",
        "import ctypes\nr = ctypes.CDLL(None).unshare(0x10000000)",
        "import ctypes\nr = ctypes.CDLL(None).personality(0x0040000)",
        "import ctypes\nr = ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)",
        "import ctypes\nr = ctypes.CDLL(None).setuid(0)",
        "import ctypes\nr = ctypes.CDLL(None).memfd_create(b'x', 0)",
        "import ctypes\nr = ctypes.CDLL(None).syscall(425, 1, 0)",
        "import resource\nr = 0\ntry:\n    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))\n"
        "except ValueError:\n    r = -1",
        "import os\nr = 0\ntry:\n    os.setpriority(os.PRIO_USER, 0, 5)\nexcept OSError:\n    r = -1",
    ],
)
async def test_system_calls_that_no_program_needs_fail(hardened: Sandbox, attack: str) -> None:
    assert (await run(hardened, attack + "\nprint(r)")).stdout == "-1\n"


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
    assert result.stdout == "[0, 1, 2, 3, 4, 5, 6]\n"


SCAN = """
import ctypes, gc
libc = ctypes.CDLL(None)
libc.sbrk.restype = ctypes.c_void_p
libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
answer = ctypes.create_string_buffer(1)
def mapped(page): return libc.mincore(page, 4096, answer) == 0
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
        checks=(f"assert f(1) == 1, {marks[2]!r}",),
    )
    assert (await hardened.execute(check))[0].status == "ok"
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
