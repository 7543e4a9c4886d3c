"""BigCodeBench's watch over what a program starts and ends.

Where its evaluator looks for ``kill`` and ``ps`` in a command, it does so by ``in``: in a text
that is a part of it, in a list one of its items. The same holds here.
"""

from __future__ import annotations

import contextlib
import os
import signal
from types import ModuleType, TracebackType
from typing import Any

_OS_NAMES = ("kill", "killpg", "system", "popen", "execv", "execvp", "execvpe")
_SUBPROCESS_NAMES = ("call", "check_output", "run", "Popen")


class WatchedProcesses:
    """Within it, a program can end no process but its own, and each it starts gets a session."""

    def __enter__(self) -> None:
        import subprocess  # rarely needed elsewhere, and dear to fork

        self._subprocess = subprocess
        self._own_group = os.getpgid(0)
        self._pids: list[int] = []
        self._kept: list[tuple[ModuleType, str, Any]] = [
            *((os, name, getattr(os, name)) for name in _OS_NAMES),
            *((subprocess, name, getattr(subprocess, name)) for name in _SUBPROCESS_NAMES),
        ]
        self._real = {name: value for module, name, value in self._kept}
        changed = {
            os: {
                "kill": self._kill,
                "killpg": self._killpg,
                "system": self._system,
                "popen": self._popen,
                **dict.fromkeys(("execv", "execvp", "execvpe"), self._execute),
            },
            subprocess: {
                "call": self._call,
                "check_output": self._check_output,
                **self._piped(self._run, self._watched_class()),
            },
        }
        for module, names in changed.items():
            for name, value in names.items():
                setattr(module, name, value)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for module, name, value in self._kept:
            setattr(module, name, value)
        for pid in self._pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)

    def _kill(self, pid: int, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.getpgid(pid)
            if pid == os.getpid() or pid in self._pids:
                self._real["kill"](pid, number)

    def _killpg(self, group: int, number: int) -> None:
        if group == self._own_group or group in {os.getpgid(pid) for pid in self._pids}:
            self._real["killpg"](group, number)

    def _system(self, command: Any) -> int:
        return 0 if "kill" in command else int(self._real["system"](command))

    def _popen(self, command: Any, *_: Any) -> Any:
        return self._real["popen"]("echo Intercepted" if "kill" in command else command)

    def _execute(self, *_: Any, **__: Any) -> None:
        """Upstream lets no program become another one."""

    def _call(self, command: Any, *more: Any, **named: Any) -> int:
        if _ends_processes(command):
            return 0
        return int(self._real["call"](command, *more, **named))

    def _check_output(self, command: Any, *more: Any, **named: Any) -> Any:
        return b"" if "ps" in command else self._real["check_output"](command, *more, **named)

    def _run(self, *arguments: Any, **named: Any) -> Any:
        if _ends_processes(arguments[0]):
            return self._subprocess.CompletedProcess(arguments, 0, b"", b"")
        return self._real["run"](*arguments, **named)

    def _watched_class(self) -> Any:
        watch = self
        real: Any = self._real["Popen"]

        class Popen(real):  # type: ignore[misc]
            def __init__(self, *arguments: Any, **named: Any) -> None:
                named["preexec_fn"] = os.setsid
                super().__init__(*arguments, **named)
                watch._pids.append(self.pid)

            def communicate(self, *arguments: Any, **named: Any) -> Any:
                try:
                    return super().communicate(*arguments, **named)
                except watch._subprocess.TimeoutExpired:
                    return None, None

            def kill(self) -> None:
                watch._kill(self.pid, signal.SIGTERM)

            def terminate(self) -> None:
                watch._kill(self.pid, signal.SIGTERM)

        return Popen

    @staticmethod
    def _piped(run: Any, popen: Any) -> dict[str, Any]:
        """Both with pipes for what is printed, unless asked otherwise; no longer a class."""

        def piped(real: Any) -> Any:
            def start(*arguments: Any, **named: Any) -> Any:
                if named.get("capture_output"):
                    named.pop("stdout", None)
                    named.pop("stderr", None)
                else:
                    named.setdefault("stdout", -1)  # subprocess.PIPE
                    named.setdefault("stderr", -1)
                return real(*arguments, **named)

            return start

        return {"run": piped(run), "Popen": piped(popen)}


def _ends_processes(command: Any) -> bool:
    return "kill" in command or "killall" in command
