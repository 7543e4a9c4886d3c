from __future__ import annotations

import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestofn.sandbox.inside import frames

messages = st.recursive(
    st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.lists(messages, max_size=5), st.integers(1, 7))
def test_frames_survive_any_cutting_of_the_stream(sent: list[Any], step: int) -> None:
    stream = b"".join(map(frames.pack, sent))
    reader = frames.FrameReader()
    got = []
    for start in range(0, len(stream), step):
        reader.feed(stream[start : start + step])
        while (message := reader.next()) is not None:
            got.append(message)
    assert got == sent
    assert reader.pending == 0


@given(st.binary(max_size=200))
def test_any_bytes_are_frames_or_an_error(data: bytes) -> None:
    reader = frames.FrameReader(limit=100)
    reader.feed(data)
    try:
        while reader.next() is not None:
            pass
    except frames.FrameError:
        pass


def test_a_length_beyond_the_limit_is_refused_before_its_bytes_come() -> None:
    reader = frames.FrameReader(limit=10)
    reader.feed((11).to_bytes(4, "big"))
    with pytest.raises(frames.FrameError, match="at most 10"):
        reader.next()


def test_nesting_beyond_reason_is_an_error() -> None:
    body = b"[" * 50_000
    reader = frames.FrameReader()
    reader.feed(len(body).to_bytes(4, "big") + body)
    with pytest.raises(frames.FrameError):
        reader.next()


def test_receive_takes_no_byte_too_many_and_notices_the_end() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(frames.pack({"a": 1}) + b"rest")
        assert frames.receive(ours) == {"a": 1}
        assert ours.recv(4) == b"rest"
        theirs.sendall(b"\0\0\0\5ab")
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(frames.EndOfStream):
            frames.receive(ours)
