"""What hostile programs are let loose on: a worker with a neighbour, and things to attack."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bestofn.sandbox import Level, Limits, Protection, Sandbox
from bestofn.sandbox.inside import isolate, syscall_numbers
from bestofn.sandbox.inside.trees import remove_tree

from .casebook import WORDS
from .controls import warm_up
from .watcher import Watcher

GENEROUS = Limits(seconds=10, wall_seconds=120)
_KEYS = ("HOSTILE_API_KEY", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY")


@dataclass
class Targets:
    """Things outside that programs are told where to find, and a secret that they are not."""

    secret: str
    names: dict[str, Any]
    sockets: list[socket.socket]
    watcher: Watcher

    def header(self, level: Level) -> str:
        """The lines put before every program."""
        tables = syscall_numbers
        machine = os.uname().machine
        listed = set(tables.numbers(tables.ALWAYS, machine).values())
        listed |= set(tables.numbers(tables.CHECKED, machine).values())
        if level == Level.FULL:
            listed |= set(tables.numbers(tables.NAMESPACED, machine).values())
        workers = self.watcher.workers()
        known = {**self.names, "WORKER": workers[-1], "LISTED": listed}
        return "".join(f"{name} = {value!r}\n" for name, value in known.items()) + WORDS

    def heard(self) -> list[str]:
        """Who of the listeners heard anything."""
        found = []
        for listener in self.sockets:
            try:
                if listener.type == socket.SOCK_STREAM:
                    listener.accept()[0].close()
                else:
                    listener.recv(1)
                found.append(str(listener))
            except BlockingIOError:
                continue
        return found


def _listeners(folder: Path, mark: str) -> tuple[list[socket.socket], dict[str, Any]]:
    tcp = socket.create_server(("127.0.0.1", 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    found = [tcp, udp]
    names: dict[str, Any] = {"TCP_PORT": tcp.getsockname()[1], "UDP_PORT": udp.getsockname()[1]}
    for name, address in (("ABSTRACT", f"\0{mark}"), ("PATH", str(folder / "socket"))):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            datagram = kind == socket.SOCK_DGRAM
            full = address + ("-datagram" if datagram else "")
            one = socket.socket(socket.AF_UNIX, kind)
            one.bind(full)
            if not datagram:
                one.listen()
            if name == "PATH":
                os.chmod(full, 0o777)
            found.append(one)
            names[name + ("_DATAGRAM" if datagram else "")] = full
    names["PATH_SOCKET"] = names.pop("PATH")
    for one in found:
        one.setblocking(False)
    return found, names


@pytest.fixture(scope="module")
def targets() -> Iterator[Targets]:
    """Everything there is to attack, in a directory of its own that everybody may reach."""
    root = Path(tempfile.mkdtemp(prefix="hostile-"))
    mark = f"mark{os.urandom(6).hex()}"
    secret = f"secret{os.urandom(8).hex()}"
    folders = {name: root / name for name in ("bases", "home", "outside")}
    root.chmod(0o755)
    for folder in folders.values():
        folder.mkdir()
    folders["outside"].chmod(0o777)
    (folders["home"] / ".ssh").mkdir()
    for path in ("home/.ssh/id_ed25519", "home/.bashrc", "outside/open", "outside/secret"):
        (root / path).write_text(secret)
        (root / path).chmod(0o666)
    sockets, names = _listeners(root, mark)
    with pytest.MonkeyPatch.context() as patch:
        for key in _KEYS:
            patch.setenv(key, secret)
        patch.setenv("HOME", str(folders["home"]))
        patch.setattr(tempfile, "tempdir", str(folders["bases"]))
        bystander = subprocess.Popen(
            [sys.executable, "-c", "input()", secret], stdin=subprocess.PIPE
        )
        ipc_key = int.from_bytes(os.urandom(3), "big") | 1 << 24
        names |= {
            "MARK": mark,
            "KEY": _KEYS[0],
            "SECRET_FILE": str(folders["outside"] / "secret"),
            "HOME": str(folders["home"]),
            "OUTSIDE": str(folders["outside"]),
            "BASES": str(folders["bases"]),
            "TEST_FILE": __file__,
            "LIBRARY_FILE": os.__file__,
            "SITE": sysconfig.get_paths()["purelib"],
            "LIBRARY": os.getpid(),
            "BYSTANDER": bystander.pid,
            "IPC_KEY": ipc_key,
        }
        watcher = Watcher(
            mark=mark,
            bases=folders["bases"],
            trees=[folders["home"], folders["outside"]],
            files=[
                Path(path)
                for path in (os.__file__, __file__, sys.executable, "/dev/null", "/dev/zero")
            ],
            bystander=bystander.pid,
            ipc_key=ipc_key,
        )
        try:
            yield Targets(secret=secret, names=names, sockets=sockets, watcher=watcher)
        finally:
            bystander.communicate()
            for one in sockets:
                one.close()
            remove_tree(str(root))


@pytest.fixture(scope="module", params=[Level.LIGHT, Level.FULL], ids=str)
async def hardened(
    request: pytest.FixtureRequest, anyio_backend: str, targets: Targets
) -> AsyncIterator[Sandbox]:
    """The levels that hostile programs may be run at, with a second worker as a neighbour."""
    async with Sandbox(workers=2, limits=GENEROUS, _level=request.param) as sandbox:
        await warm_up(sandbox)
        if sandbox.level != request.param:
            pytest.skip(f"isolation level {request.param} does not work here: {sandbox.missing}")
        before = await targets.watcher.calm()
        yield sandbox
        await warm_up(sandbox)
        assert await targets.watcher.settled(before) == {}, "all of them together left something"


@pytest.fixture(scope="module")
async def as_root(anyio_backend: str, targets: Targets) -> AsyncIterator[Sandbox]:
    """Level full, without a user of their own for the programs."""
    async with Sandbox(workers=2, limits=GENEROUS) as sandbox:
        await warm_up(sandbox)
        if sandbox.level != Level.FULL:
            pytest.skip(f"isolation level full does not work here: {sandbox.missing}")
    async with Sandbox(workers=2, limits=GENEROUS) as sandbox:
        sandbox._found = Protection(level=Level.FULL, layers=isolate.LAYERS, own_user=False)
        await warm_up(sandbox)
        yield sandbox
