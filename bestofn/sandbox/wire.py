"""Jobs as the bytes that a worker is sent, and its replies as executions."""

from __future__ import annotations

import functools
import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from ..errors import InvalidInput
from .counting import count_tests
from .inside import frames, values
from .inside.files import BLOB_HEADER
from .runtimes import COMPILE_SECONDS, PYTHON, Runtime, languages, orders_for, runtime_named
from .types import (
    CallJob,
    CheckJob,
    Execution,
    ExecutionStatus,
    Job,
    Limits,
    OfficialJob,
    StdinJob,
    UnittestJob,
)

_PRELOADED = frozenset(
    [
        "array",
        "bisect",
        "collections",
        "copy",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "heapq",
        "io",
        "itertools",
        "json",
        "math",
        "numpy",
        "operator",
        "random",
        "re",
        "statistics",
        "string",
        "struct",
        "textwrap",
        "time",
        "typing",
    ]
)
_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+(\w+)|import[ \t]+([\w.,\t ]+))", re.MULTILINE)
_STATUSES = frozenset(get_args(ExecutionStatus))
_RULES = ("livecodebench", "humaneval", "evalplus", "bigcodebench")
_MARKS = frozenset({"threads_left", "unpassable", "gone"})
_MOST_RUNS = 64  # in a group
_MOST_BYTES = 16 << 20


@dataclass(frozen=True)
class Group:
    """Runs that are sent together: what each is fed."""

    runs: tuple[bytes, ...]

    def as_bytes(self) -> bytes:
        """Sizes, then inputs."""
        return frames.pack({"sizes": list(map(len, self.runs))}) + b"".join(self.runs)


@dataclass(frozen=True, kw_only=True)
class WireJob:
    """A job ready to be sent.

    Attributes:
        header: What a worker must know about the job.
        blobs: What its processes load: the program, and what test scripts build on.
        groups: The runs, as many at a time as are sent and answered together.
        kind: The kind of job, by which replies are read.
        limits: For the library's own backstop clock.
        before: Wall-clock seconds that the worker grants to what comes before the first run.
    """

    header: dict[str, Any]
    blobs: tuple[bytes, ...]
    groups: tuple[Group, ...]
    kind: str
    limits: Limits
    before: float = 0.0

    @property
    def opening(self) -> bytes:
        """Everything that comes before the first run."""
        return frames.pack(self.header) + b"".join(map(_blob, self.blobs))

    @property
    def wall_seconds(self) -> float:
        """Wall-clock seconds that the worker grants each run, the first one included."""
        return self.before + _wall_seconds(self.limits)


def prepare(job: Job, limits: Limits) -> WireJob:
    """Check a job and put it into bytes.

    Raises:
        InvalidInput: naming the field of the job.
    """
    second: dict[str, Any] | None = None
    if not isinstance(job, Job):
        raise InvalidInput("job", f"must be a job, got {type(job).__name__}")
    first: dict[str, Any] = {"source": _text(job, "source"), "preamble": ""}
    runs: tuple[bytes, ...]
    rooms: list[str] = []
    runtime: Runtime | None = None
    match job:
        case StdinJob():
            kind = "stdin"
            first["preamble"] = _text(job, "preamble")
            runtime = _runtime(job)
            runs = tuple(_input_bytes(text, i) for i, text in enumerate(_several(job, "inputs")))
        case CallJob():
            kind = "call"
            first["preamble"] = _text(job, "preamble")
            first["entry_point"] = _entry_point(job)
            runs = tuple(_call_bytes(call, i) for i, call in enumerate(_several(job, "calls")))
        case CheckJob():
            kind = "inside" if job.inside else "check"
            first["entry_point"] = _entry_point(job)
            _must_compile(_text(job, "setup"))
            if job.inside:
                first["setup"] = job.setup
            else:
                second = {"setup": job.setup, "entry_point": job.entry_point}
            runs = tuple(_script_bytes(text, i) for i, text in enumerate(_several(job, "checks")))
        case OfficialJob():
            kind = "official"
            if job.rules not in _RULES:
                known = ", ".join(_RULES)
                raise InvalidInput("OfficialJob.rules", f"must be one of {known}")
            first["rules"] = job.rules
            first["task"] = _task(job)
            rooms = [f".official.{job.rules}"]
            runs = (b"",)
        case UnittestJob():
            kind = "unittest"
            first["tests"] = _text(job, "tests")
            first["expected"] = count_tests(job.tests)
            runs = (b"",)
    first["output_bytes"] = limits.output_bytes
    groups = tuple(_groups(runs))
    header: dict[str, Any] = {
        "kind": kind,
        "groups": len(groups),
        "modules": _modules([first, second or {}]) + rooms,
        "limits": {
            **{name: getattr(limits, name) for name in Limits.__dataclass_fields__},
            "wall_seconds": _wall_seconds(limits),
        },
    }
    if runtime is not None:
        orders = orders_for(runtime, limits)
        first |= orders.processes
        header |= {"kind": "native", "modules": [], "runtime": orders.worker}
    blobs = [_json(first)]
    if second is not None:
        second["output_bytes"] = limits.output_bytes
        blobs.append(_json(second))
    return WireJob(
        header=header,
        blobs=tuple(blobs),
        groups=groups,
        kind=kind,
        limits=limits,
        before=COMPILE_SECONDS if runtime is not None else 0.0,
    )


def _groups(runs: Sequence[bytes]) -> Iterator[Group]:
    """Cut into groups that a worker has room for; one run may be as big as it likes."""
    group: list[bytes] = []
    size = 0
    for run in runs:
        if group and (len(group) == _MOST_RUNS or size + len(run) > _MOST_BYTES):
            yield Group(tuple(group))
            group, size = [], 0
        group.append(run)
        size += len(run)
    if group:
        yield Group(tuple(group))


def execution(kind: str, result: Any, answer: bytes) -> Execution:
    """What a run did, from the worker's result and the program's answer.

    Raises:
        FrameError: the result is not one.
    """
    try:
        status, error, seconds, wall, _, marks = result
        known = status in _STATUSES and {*marks} <= _MARKS
    except (TypeError, ValueError):
        known = False
    if not known:
        raise frames.FrameError("the worker's result is not one")
    stdout, value = "", None
    if kind == "stdin":
        stdout = answer.decode("utf-8", "replace")
    elif kind == "call" and status == "ok":
        try:
            value = values.loads(answer)
        except values.MalformedValue as malformed:
            status, error = "crash", f"malformed value: {malformed}"
    elif kind == "check" and not error:
        error = answer.decode("utf-8", "replace")
    elif kind == "official" and status == "ok":
        try:
            value = frames.parse(answer)
        except frames.FrameError as malformed:
            status, error = "crash", f"malformed report: {malformed}"
    return Execution(
        status=status,
        stdout=stdout,
        value=value,
        error=str(error).encode("utf-8", "backslashreplace").decode(),
        seconds=_seconds(seconds),
        wall_seconds=_seconds(wall),
        threads_left="threads_left" in marks,
        unpassable="unpassable" in marks,
    )


def _seconds(value: Any) -> float:
    if type(value) not in (int, float) or not 0 <= value < 1e9:
        raise frames.FrameError("a time that is none")
    return float(value)


def _wall_seconds(limits: Limits) -> float:
    return 2 * limits.seconds + 1 if limits.wall_seconds is None else limits.wall_seconds


def _blob(data: bytes) -> bytes:
    return len(data).to_bytes(BLOB_HEADER, "big") + data


def _json(data: dict[str, Any]) -> bytes:
    return json.dumps(data).encode("ascii")


def _modules(programs: list[dict[str, Any]]) -> list[str]:
    """What a worker does well to import before it forks: trusted modules that are asked for.

    Only a matter of speed, so that a glance at the text is enough.
    """
    found: set[str] = set()
    for program in programs:
        for text in program.values():
            if isinstance(text, str):
                for one, several in _IMPORT.findall(text):
                    parts = filter(None, map(str.split, several.split(",")))
                    found |= {one, *(part[0] for part in parts)}  # not what follows "as"
    return sorted(found & _PRELOADED)


def _field(job: Job, name: str) -> str:
    return f"{type(job).__name__}.{name}"


def _text(job: Job, name: str) -> str:
    text = getattr(job, name)
    if not isinstance(text, str):
        raise InvalidInput(_field(job, name), f"must be text, got {type(text).__name__}")
    return text


def _runtime(job: StdinJob) -> Runtime | None:
    """What runs the job's program; None for Python."""
    language = _text(job, "language")
    if language == PYTHON:
        return None
    if language not in languages():
        raise InvalidInput(
            "StdinJob.language", f"is {language!r}; known are {', '.join(languages())}"
        )
    if job.preamble:
        raise InvalidInput("StdinJob.preamble", "is for Python programs only; leave it empty")
    return runtime_named(language)


def _entry_point(job: CallJob | CheckJob) -> str:
    name = _text(job, "entry_point")
    if not name.isidentifier():
        raise InvalidInput(_field(job, "entry_point"), f"must be a function's name, got {name!r}")
    return name


def _task(job: OfficialJob) -> dict[str, Any]:
    if not isinstance(job.task, Mapping):
        raise InvalidInput("OfficialJob.task", "must be a mapping")
    task = dict(job.task)
    try:
        json.dumps(task)
    except (TypeError, ValueError) as error:
        raise InvalidInput("OfficialJob.task", f"must be what JSON can hold: {error}") from error
    return task


def _several(job: Job, name: str) -> Sequence[Any]:
    values = getattr(job, name)
    if not isinstance(values, tuple | list):
        raise InvalidInput(_field(job, name), f"must be a tuple, got {type(values).__name__}")
    return values


def _input_bytes(text: object, index: int) -> bytes:
    if not isinstance(text, str):
        raise InvalidInput(f"StdinJob.inputs[{index}]", "must be text")
    return text.encode("utf-8", "surrogatepass")


def _call_bytes(call: object, index: int) -> bytes:
    name = f"CallJob.calls[{index}]"
    if not isinstance(call, tuple | list):
        raise InvalidInput(name, "must be a tuple of arguments")
    data = values.encode(list(call))
    if values.holds_opaque(data):
        raise InvalidInput(name, "holds something that is not a plain value")
    return json.dumps(data, separators=(",", ":")).encode("ascii")


def _script_bytes(text: object, index: int) -> bytes:
    if not isinstance(text, str):
        raise InvalidInput(f"CheckJob.checks[{index}]", "must be text")
    return json.dumps(text).encode("ascii")


@functools.lru_cache(maxsize=64)  # one prompt serves many programs
def _must_compile(setup: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(setup, "<setup>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InvalidInput("CheckJob.setup", f"is not valid Python: {error}") from error
