"""What really keeps programs from the machine, and what that means in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .types import Level


@dataclass(frozen=True, kw_only=True)
class Promise:
    """One thing that a user may want to rely on.

    Attributes:
        what: The thing, such as ``the network``.
        kept: Whether it is kept from programs here.
        how: What does it, or what a program could do.
    """

    what: str
    kept: bool
    how: str


@dataclass(frozen=True, kw_only=True)
class Protection:
    """What was found to work on this machine, by really doing it.

    Attributes:
        level: The level that this makes.
        layers: Names of the layers, see :mod:`bestofn.sandbox.inside.isolate`.
        own_user: Whether programs get a user of their own where the library runs as root.
        missing: Why the level is not higher, and what else is lacking.
    """

    level: Level = Level.BASIC
    layers: tuple[str, ...] = ()
    own_user: bool = True
    missing: tuple[str, ...] = ()

    @property
    def promises(self) -> tuple[Promise, ...]:
        """What is kept from programs at this protection, and what is not."""
        return tuple(_promises(self))

    @property
    def advice(self) -> tuple[str, ...]:
        """How to get what is missing."""
        if self.level == Level.UNSAFE:
            return ("leave out what asks for level unsafe",)
        advice = [text for layer, text in _ADVICE.items() if layer not in self.layers]
        if not self.own_user:
            advice.append(_USER_ADVICE)
        return tuple(advice)


_ADVICE = {
    "namespaces": (
        "namespaces: allow user namespaces to plain users (sysctl user.max_user_namespaces above "
        "0; on Debian kernel.unprivileged_userns_clone=1; on Ubuntu "
        "kernel.apparmor_restrict_unprivileged_userns=0); in Docker, a seccomp profile that "
        "allows clone, unshare, mount and pivot_root"
    ),
    "landlock": "Landlock: Linux 5.13 or later, started with landlock among its security modules",
    "seccomp": "seccomp: a kernel with system call filters, on x86-64 or 64-bit ARM",
}
_USER_ADVICE = "a user of their own: put Python where every user may read it, or run as plain user"


def _promises(found: Protection) -> Iterator[Promise]:
    jail, files, calls = (name in found.layers for name in ("namespaces", "landlock", "seccomp"))
    limited = found.level > Level.UNSAFE

    def promise(what: str, kept: bool, how: str, otherwise: str) -> Promise:
        return Promise(what=what, kept=kept, how=how if kept else otherwise)

    yield promise(
        "processor, memory, output, disk, processes",
        limited,
        "limited for each run; the clock is outside of the program",
        "only the wall clock is limited",
    )
    yield promise(
        "the network",
        jail or calls,
        "no network at all, not even this machine's own"
        if jail
        else "the system call filter refuses sockets",
        "programs can connect to whatever you can",
    )
    yield promise(
        "your files",
        jail or files,
        "programs see Python, system libraries and an empty private directory, nothing else"
        if jail
        else "Landlock: only Python, system libraries and a private directory can be opened",
        "programs can read and write what their user can",
    )
    yield promise(
        "your keys and environment",
        jail or files,
        "programs start with an environment of their own and cannot read that of others",
        "not passed on, but programs can read it from other processes of their user",
    )
    yield promise(
        "your other processes",
        jail or calls,
        "programs are alone in their own process namespace"
        if jail
        else "the system call filter lets programs signal only themselves, and trace nobody",
        "programs can end or trace other processes of their user",
    )
    yield promise(
        "the kernel",
        calls,
        "a system call filter leaves programs the calls that ordinary programs need",
        "every system call can be tried",
    )
    yield promise(
        "what comes after",
        limited,
        "when a program ends, the kernel ends all that it started, and its directory is emptied"
        if jail
        else "what a program started is ended with it, and its directory is removed",
        "what detaches itself from the program lives on",
    )


UNPROTECTED = "level unsafe was asked for: programs run without any isolation"
"""What :attr:`Protection.missing` says at level ``unsafe``."""
