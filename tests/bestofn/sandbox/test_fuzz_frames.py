"""Any bytes whatever on the wires: an answer or a named error, never anything else."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestofn.errors import SandboxUnavailable
from bestofn.sandbox import CallJob, Execution, Level, Limits, OfficialJob, StdinJob
from bestofn.sandbox.inside import frames
from bestofn.sandbox.wire import prepare
from bestofn.sandbox.worker import Worker, WorkerGone

MORE = int(os.environ.get("BESTOFN_FUZZ", "0"))


def examples(count: int) -> settings:
    """The same examples every time, or with ``BESTOFN_FUZZ=10`` ten times as many new ones."""
    return settings(max_examples=count * (MORE or 1), derandomize=not MORE, deadline=None)


LIMITS = Limits(output_bytes=100)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["ok", "exception", "timeout", "not_run", "size"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)
cuts = st.lists(st.integers(0, 400), max_size=12)


def pieces(data: bytes, places: list[int]) -> Iterator[bytes]:
    """``data`` cut at those places."""
    ends = sorted({min(place, len(data)) for place in places} | {len(data)})
    start = 0
    for end in ends:
        yield data[start:end]
        start = end


def read_all(reader: frames.FrameReader, parts: Iterator[bytes]) -> tuple[list[Any], bool]:
    """The messages in a stream, and whether it stopped being one."""
    found: list[Any] = []
    for part in parts:
        reader.feed(part)
        try:
            while (message := reader.next()) is not None:
                found.append(message)
        except frames.FrameError:
            return found, True
        # Whoever reads after each piece that came is never left with more than one frame.
        assert reader.pending < frames.HEADER + reader.limit
    return found, False


@examples(300)
@given(st.binary(max_size=400), cuts, cuts, st.integers(0, 64))
def test_any_stream_in_any_pieces_is_read_alike(
    data: bytes, one: list[int], other: list[int], limit: int
) -> None:
    first = read_all(frames.FrameReader(limit), pieces(data, one))
    second = read_all(frames.FrameReader(limit), pieces(data, other))
    whole = read_all(frames.FrameReader(limit), iter([data]))
    assert repr(first) == repr(second) == repr(whole)  # by repr: a nan is in no list twice


@examples(300)
@given(
    st.lists(json_values.filter(lambda value: value is not None), max_size=6),
    cuts,
    st.binary(max_size=8),
)
def test_what_is_packed_arrives_and_what_follows_takes_nothing_back(
    messages: list[Any], places: list[int], rest: bytes
) -> None:
    stream = b"".join(map(frames.pack, messages))
    reader = frames.FrameReader()
    found, broken = read_all(reader, pieces(stream, places))
    assert (repr(found), broken, reader.pending) == (repr(messages), False, 0)
    found, _ = read_all(frames.FrameReader(), pieces(stream + rest, places))
    assert repr(found[: len(messages)]) == repr(messages)


@examples(200)
@given(st.lists(st.binary(max_size=40), max_size=6), cuts)
def test_bodies_that_are_no_json_are_errors(bodies: list[bytes], places: list[int]) -> None:
    stream = b"".join(len(body).to_bytes(frames.HEADER, "big") + body for body in bodies)
    found, broken = read_all(frames.FrameReader(), pieces(stream, places))
    assert len(found) == len(bodies) or broken


@examples(200)
@given(st.binary(max_size=200), st.integers(0, 64))
def test_reading_from_a_socket_ends_in_a_message_or_an_error(data: bytes, limit: int) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        taken = 0
        try:
            while True:
                message = frames.receive(ours, limit)
                taken += 1
                assert len(frames.pack(message)) >= frames.HEADER
        except frames.EndOfStream:
            pass
        except frames.FrameError:
            return
    found, broken = read_all(frames.FrameReader(limit), iter([data]))
    assert broken or len(found) == taken


# What follows talks to the library's own end of a worker's wire.

RESULT = ["ok", "", 0.5, 0.5, 3, ["threads_left"]]
SECONDS, SIZE = 2, 4  # places in it
HELLO = {"level": 3, "layers": ["rlimits"], "drop_user": False, "missing": []}


def mutated(message: dict[str, Any]) -> st.SearchStrategy[Any]:
    """The message, or one with a field lost, another or of another kind; or something else."""
    fields = st.sampled_from(sorted(message))
    return st.one_of(
        st.just(message),
        st.builds(lambda key, value: {**message, key: value}, fields, json_values),
        st.builds(lambda gone: {k: v for k, v in message.items() if k != gone}, fields),
        st.builds(lambda value: {**message, "fault": value}, json_values),
        json_values,
    )


def changed(place: int, value: Any) -> list[Any]:
    """The result with something else in one place."""
    return [*RESULT[:place], value, *RESULT[place + 1 :]]


def replies() -> st.SearchStrategy[Any]:
    """What a worker says of some runs, or something like it."""
    result = st.one_of(
        st.just(RESULT),
        st.builds(changed, st.integers(0, 5), json_values),
        st.builds(lambda end: RESULT[:end], st.integers(0, 5)),
        json_values,
    )
    return mutated({"results": [RESULT]}) | st.builds(
        lambda results: {"results": results}, st.lists(result, max_size=3)
    )


@pytest.fixture(scope="module")
def process() -> Iterator[subprocess.Popen[bytes]]:
    """Something for a Worker to hold on to; the test itself sits at the other end."""
    with subprocess.Popen(["true"]) as process:
        yield process


def talk(process: subprocess.Popen[bytes], said: bytes, job: Any | None) -> Any:
    """What the library makes of a worker that says this and hangs up: results or an error."""

    async def main() -> Any:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with tempfile.TemporaryFile() as errors, ours, theirs:
            theirs.sendall(said)
            theirs.shutdown(socket.SHUT_WR)
            worker = Worker(process, ours, base="/nonexistent", errors=errors, index=0)
            if job is None:
                await worker.greet()
                return worker.found
            return await worker.run(prepare(job, LIMITS), lambda: None)

    try:
        return anyio.run(main)
    except (WorkerGone, SandboxUnavailable) as error:
        return error


JOBS = (
    StdinJob(source="", inputs=("a", "b")),
    CallJob(source="", entry_point="f", calls=((1,), (2,))),
    OfficialJob(source="", rules="livecodebench", task={}),
)
answers = st.binary(max_size=8) | st.sampled_from([b"", b"abc", b"[1]", b"{}", b'{"t":"int"}'])


@examples(250)
@given(st.sampled_from(JOBS), st.lists(st.tuples(replies(), answers), max_size=3), st.binary())
def test_a_worker_that_says_anything_gives_results_or_is_given_up(
    process: subprocess.Popen[bytes], job: Any, replies: list[tuple[Any, bytes]], rest: bytes
) -> None:
    said = b"".join(frames.pack(reply) + answer for reply, answer in replies) + rest
    made = talk(process, said, job)
    if not isinstance(made, WorkerGone):
        runs = 1 if isinstance(job, OfficialJob) else 2
        assert len(made) == runs
        assert all(isinstance(execution, Execution) for execution in made)
        assert len(said) >= len(frames.pack(None))


@examples(60)
@given(st.lists(st.binary(max_size=60), min_size=2, max_size=2))
def test_a_worker_that_says_what_it_should_is_believed(
    process: subprocess.Popen[bytes], texts: list[bytes]
) -> None:
    results = [changed(SIZE, len(text)) for text in texts]
    said = frames.pack({"results": results}) + b"".join(texts)
    made = talk(process, said, JOBS[0])
    assert [execution.stdout for execution in made] == [
        text.decode("utf-8", "replace") for text in texts
    ]
    # Cut anywhere, it is given up: no answer is made of half of one.
    for end in (len(said) - 1, len(said) // 2, 3, 0):
        assert isinstance(talk(process, said[:end], JOBS[0]), WorkerGone)
    assert isinstance(talk(process, said + b"\0", JOBS[0]), WorkerGone)
    apart = b"".join(
        frames.pack({"results": [result]}) + text
        for result, text in zip(results, texts, strict=True)
    )
    assert talk(process, apart, JOBS[0]) == made


@examples(150)
@given(mutated(HELLO), st.binary(max_size=40), st.booleans())
def test_a_greeting_of_any_kind_is_understood_or_refused(
    process: subprocess.Popen[bytes], hello: Any, noise: bytes, noise_first: bool
) -> None:
    packed = frames.pack(hello)
    made = talk(process, noise + packed if noise_first else packed + noise, None)
    if not isinstance(made, SandboxUnavailable):
        assert isinstance(made.level, Level)
        assert all(isinstance(name, str) for name in (*made.layers, *made.missing))


def test_a_time_that_no_float_can_hold_is_garbage_too(
    process: subprocess.Popen[bytes],
) -> None:
    result = [*changed(SECONDS, 10**400)[:SIZE], 0, []]
    said = frames.pack({"results": [result, result]})
    assert isinstance(talk(process, said, JOBS[0]), WorkerGone)


def test_lengths_beyond_what_was_agreed_are_refused_before_they_come(
    process: subprocess.Popen[bytes],
) -> None:
    long = frames.pack({"results": [changed(SIZE, LIMITS.output_bytes + 1)]})
    for said in (b"\xff\xff\xff\xff", (frames.LARGE + 1).to_bytes(4, "big"), long):
        assert "malformed" in str(talk(process, said, JOBS[0]))
    assert "malformed" in str(talk(process, frames.pack(json.loads("[]")), JOBS[0]))
