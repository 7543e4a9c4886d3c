# ruff: noqa: E501, ASYNC110, ASYNC230 - programs stay readable on their own lines
"""Programs in other languages that attack the machine. They run at the hardened levels only."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import anyio
import pytest

from bestofn.sandbox import (
    CPP,
    JAVASCRIPT,
    Execution,
    Level,
    Limits,
    Runtime,
    Sandbox,
    StdinJob,
    add_runtime,
)

pytestmark = pytest.mark.anyio
needs_cpp = pytest.mark.skipif(
    shutil.which("g++") is None, reason=f"no C++ here: install {CPP.install}"
)
needs_node = pytest.mark.skipif(
    shutil.which("node") is None, reason=f"no JavaScript here: install {JAVASCRIPT.install}"
)
BOTH = [pytest.param("cpp", marks=needs_cpp), pytest.param("javascript", marks=needs_node)]

SPIN = {
    "cpp": "int main() { for (volatile int i = 0;; i++); }",
    "javascript": "for (;;);",
}
GREEDY = {
    "cpp": "#include <vector>\nint main() { std::vector<std::vector<char>> all; for (;;) all.emplace_back(1 << 20, 1); }",
    "javascript": "const all = []; for (;;) all.push(new Array(1e5).fill(.5));",
}
FLOOD = {
    "cpp": '#include <cstdio>\nint main() { for (;;) puts("all work and no play"); }',
    "javascript": "const fs = require('fs'); for (;;) fs.writeSync(1, 'all work and no play'.repeat(5000));",
}
C = "#include <cerrno>\n#include <cstdio>\n#include <cstdlib>\n#include <cstring>\n#include <fcntl.h>\n#include <initializer_list>\n#include <signal.h>\n#include <unistd.h>\n"


async def run(
    sandbox: Sandbox, language: str, source: str, *inputs: str, limits: Limits | None = None
) -> list[Execution]:
    job = StdinJob(source=source, inputs=inputs or ("",), language=language)
    return await sandbox.execute(job, limits=limits)


async def run_hostile(
    sandbox: Sandbox, language: str, source: str, limits: Limits | None = None
) -> Execution:
    assert sandbox.level is not None
    assert sandbox.level >= Level.LIGHT
    execution = (await run(sandbox, language, source, limits=limits))[0]
    honest = await run(sandbox, "python", "print(sum(map(int, input().split())))", "2 3")
    assert honest[0].stdout == "5\n", "the next program is not as it should be"
    return execution


@pytest.mark.parametrize("language", BOTH)
async def test_processor_time(hardened: Sandbox, language: str) -> None:
    limits = Limits(seconds=0.5, wall_seconds=60)
    execution = await run_hostile(hardened, language, SPIN[language], limits)
    assert (execution.status, execution.error) == ("timeout", "out of processor time")
    assert execution.seconds >= 0.5


@pytest.mark.parametrize("language", BOTH)
async def test_memory(hardened: Sandbox, language: str) -> None:
    limits = Limits(seconds=60, wall_seconds=120, memory_bytes=256 << 20)
    execution = await run_hostile(hardened, language, GREEDY[language], limits)
    assert execution.status == "memory", execution


@pytest.mark.parametrize("language", BOTH)
async def test_output(hardened: Sandbox, language: str) -> None:
    limits = Limits(seconds=60, wall_seconds=120, output_bytes=1 << 20)
    execution = await run_hostile(hardened, language, FLOOD[language], limits)
    assert execution.status == "output", execution.error
    assert len(execution.stdout) == 1 << 20


@needs_cpp
async def test_forks_end_with_the_run(hardened: Sandbox) -> None:
    mark = f"mark-{os.getpid()}"
    source = C + (
        "int main(int, char **names) { int made = 0;\n"
        "for (int i = 0; i < 1000; i++) { int pid = fork(); if (pid < 0) break; made++;\n"
        f'if (pid == 0) {{ setsid(); execl("/bin/sleep", "{mark}", "1000", nullptr); pause(); }} }}\n'
        'printf("%d\\n", made); }'
    )
    execution = await run_hostile(hardened, "cpp", source)
    assert execution.status == "ok"
    made = int(execution.stdout)
    assert made == 0 if hardened.level == Level.LIGHT else 10 < made < 100
    assert processes_named(mark) == []


@needs_cpp
async def test_network(hardened: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        source = C + (
            "#include <arpa/inet.h>\n#include <sys/socket.h>\n"
            "int main() { for (int kind : {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK}) {\n"
            'int s = socket(kind, SOCK_STREAM, 0); if (s >= 0) printf("%d ", kind);\n'
            f"sockaddr_in to = {{}}; to.sin_family = AF_INET; to.sin_port = htons({port});\n"
            "to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);\n"
            'if (connect(s, (sockaddr *)&to, sizeof to) == 0) printf("connected"); } }'
        )
        execution = await run_hostile(hardened, "cpp", source)
        assert (execution.status, execution.stdout) == ("ok", "")


@needs_node
async def test_network_of_node(hardened: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        source = (
            f"require('net').connect({server.getsockname()[1]}, '127.0.0.1', () => console.log('connected'))"
            ".on('error', error => console.log('refused'));"
        )
        execution = await run_hostile(hardened, "javascript", source)
    assert execution.stdout == "refused\n"


@needs_cpp
async def test_environment_and_descriptors(
    hardened: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_API_KEY", "hunter2")
    source = C + (
        "int main(int, char **, char **names) { for (; *names; names++) puts(*names);\n"
        'for (int fd = 0; fd < 1000; fd++) if (fcntl(fd, F_GETFD) >= 0) printf("%d ", fd); }'
    )
    with open(__file__, "rb") as inherited:
        os.set_inheritable(inherited.fileno(), True)
        async with Sandbox(workers=1, _level=hardened.level or Level.LIGHT) as fresh:
            (execution,) = await run(fresh, "cpp", source)
    *names, descriptors = execution.stdout.splitlines()
    assert descriptors == "0 1 2 "
    assert "HOME" in {name.partition("=")[0] for name in names}
    assert not [n for n in names if n.startswith(("SECRET", "PYTHON")) or os.getcwd() in n]


@needs_cpp
async def test_files(hardened: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2\n")
    new = tmp_path / "new"
    paths = ", ".join(
        f'"{path}"'
        for path in (secret, "/etc/passwd", __file__, "/proc/1/environ", "/proc/self/mem")
    )
    source = C + (
        f"int main() {{ for (auto path : {{{paths}}}) if (open(path, O_RDONLY) >= 0) puts(path);\n"
        f'for (auto path : {{"{new}", "/usr/new", "/etc/new", "/dev/shm/../new"}})\n'
        "if (open(path, O_CREAT | O_WRONLY, 0600) >= 0) puts(path);\n"
        'if (symlink("/etc/passwd", "link") == 0 && open("link", O_RDONLY) >= 0) puts("link"); }'
    )
    execution = await run_hostile(hardened, "cpp", source)
    assert (execution.status, execution.stdout) == ("ok", "")
    assert not new.exists()
    for path in (secret, Path("/etc/passwd"), Path("/proc/self/environ")):
        for how in (f'#include "{path}"\n', f'asm(".incbin \\"{path}\\"");\n'):
            (execution,) = await run(hardened, "cpp", how + "int main() {}")
            assert execution.error.startswith("CompileError: "), execution
            assert "hunter2" not in execution.error
            assert "root:" not in execution.error


@needs_cpp
async def test_signals_and_system_calls(hardened: Sandbox) -> None:
    calls = [
        "kill(getppid(), SIGKILL)" if hardened.level == Level.LIGHT else "(kill(1, SIGINT), -1)",
        "ptrace(PTRACE_ATTACH, getppid(), 0, 0)",
        'mount("x", "/tmp", "tmpfs", 0, nullptr)',
        "unshare(CLONE_NEWUSER)",
        "setuid(0) + setgid(0) + 1",
        'syscall(SYS_memfd_create, "x", 0)',
        "syscall(SYS_io_uring_setup, 1, 0)",
        "setrlimit(RLIMIT_NOFILE, &more)",
        "setrlimit(RLIMIT_AS, &more)",
        "setrlimit(RLIMIT_STACK, &more)",
    ]
    source = (
        "#include <sched.h>\n#include <sys/mount.h>\n#include <sys/ptrace.h>\n"
        "#include <sys/resource.h>\n#include <sys/syscall.h>\n" + C + "int main() {"
        "rlimit more = {1ull << 40, 1ull << 40};\n"
        + "\n".join(f'printf("{n}:%ld ", (long)({call}));' for n, call in enumerate(calls))
        + "\nreturn getuid() == 0; }"
    )
    execution = await run_hostile(hardened, "cpp", source)
    assert execution.stdout == "".join(f"{n}:-1 " for n in range(len(calls)))
    own_user = "exit" if os.geteuid() == 0 and hardened.missing else "ok"
    assert execution.status in ("ok", own_user)


@needs_cpp
async def test_other_programs_are_as_confined_as_it_is(hardened: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2\n")
    source = C + (
        'int main() { fflush(stdout); dup2(1, 2); execl("/bin/sh", "sh", "-c",\n'
        f'"echo shell; read x < {tmp_path}/secret; echo got $x; echo y > {tmp_path}/new", nullptr); }}'
    )
    execution = await run_hostile(hardened, "cpp", source)
    assert execution.stdout.startswith("shell\n")
    assert "hunter2" not in execution.stdout
    assert not (tmp_path / "new").exists()


@needs_cpp
async def test_the_executable_cannot_be_changed_for_later_inputs(hardened: Sandbox) -> None:
    source = C + (
        'int main(int, char **names) { puts("same"); for (const char *path : {"/proc/self/exe", "program", (const char *)names[0]}) {\n'
        'int fd = open(path, O_RDWR | O_CREAT, 0700); if (fd >= 0) { ftruncate(fd, 0); write(fd, "#!/bin/echo\\n", 12); } }\n'
        "for (int fd = 3; fd < 100; fd++) ftruncate(fd, 0); }"
    )
    executions = await run(hardened, "cpp", source, "", "", "")
    assert [(e.status, e.stdout) for e in executions] == [("ok", "same\n")] * 3


def processes_named(mark: str) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:  # it ended meanwhile
            continue
    return found


@needs_cpp
async def test_a_compiler_ends_with_who_waits_for_it(hardened: Sandbox) -> None:
    mark = f"MARK_{hardened.level}_{os.getpid()}"
    assert CPP.compile_command is not None
    command, *rest = CPP.compile_command
    add_runtime(
        Runtime(
            name=mark, source_file=CPP.source_file, compile_command=(command, "-D", mark, *rest)
        )
    )
    job = StdinJob(source="#include __FILE__\n" * 2, inputs=("",), language=mark)
    async with Sandbox(workers=1, _level=hardened.level or Level.LIGHT) as fresh:
        with anyio.fail_after(60):
            async with anyio.create_task_group() as group:
                group.start_soon(fresh.execute, job)
                while len(processes_named(mark)) < 2:  # the driver and what it drives
                    await anyio.sleep(0.01)
                group.cancel_scope.cancel()
        assert processes_named(mark) == []
        assert (await run(fresh, "cpp", "int main() {}"))[0].status == "ok"
