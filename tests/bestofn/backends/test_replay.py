from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bestofn.backends import ReplayBackend, recording_line, request_key
from bestofn.chat import ChatRequest, Message, Reply, Sampling
from bestofn.errors import FormatError, InvalidInput, JournalError, UnknownRequest
from bestofn.journal import Call, Journal, keys_of
from bestofn.types import Usage

pytestmark = pytest.mark.anyio

ASK = ChatRequest(
    messages=(Message(role="system", content="Be brief."), Message(role="user", content="Which?")),
    sampling=Sampling(seed=3, stop=("x",), extra={"min_p": 0.5}),
    sample=2,
)
ANSWER = Reply(
    text="The \ud800 second",
    reasoning="hm",
    status="length",
    model="m",
    attempts=3,
    ignored=("top_k",),
    usage=Usage(calls=1, input_tokens=5, output_tokens=7),
    extra={"logprobs": {"content": []}},
)


def recording(folder: Path, *lines: object) -> Path:
    path = folder / "answers.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return path


async def test_what_is_written_comes_back(tmp_path: Path) -> None:
    path = recording(tmp_path, recording_line(ASK, ANSWER))
    async with ReplayBackend(path).session() as session:
        assert await session.ask(ASK) == [replace(ANSWER, recorded=True)]
        for other in (
            replace(ASK, sample=3),
            replace(ASK, sampling=Sampling()),
            replace(ASK, messages=ASK.messages[1:]),
        ):
            with pytest.raises(UnknownRequest, match=r"Which\?"):
                await session.ask(other)


async def test_lines_written_by_hand(tmp_path: Path) -> None:
    path = recording(
        tmp_path,
        {"prompt": "Hi", "reply": "Hello"},
        {"prompt": "Hi", "reply": "Good day"},
        "",
        {"prompt": "Hi", "sample": 9, "reply": {"text": "", "status": "refusal"}},
        {"key": request_key(ASK), "reply": "by key"},
    )
    async with ReplayBackend(path).session() as session:
        two = await session.ask(ChatRequest.ask("Hi"), n=2)
        assert [reply.text for reply in two] == ["Hello", "Good day"]
        cold = ChatRequest.ask("Hi", sampling=Sampling(temperature=0), sample=9)
        assert [reply.status for reply in await session.ask(cold)] == ["refusal"]
        assert [reply.text for reply in await session.ask(ASK)] == ["by key"]
        with pytest.raises(UnknownRequest, match="draw 2"):
            await session.ask(ChatRequest.ask("Hi"), n=3)
        with pytest.raises(UnknownRequest) as caught:
            await session.ask(ChatRequest.ask("long " * 1000))
    assert len(str(caught.value)) < 500


def test_identity_is_what_was_recorded(tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    one = recording(tmp_path, {"prompt": "a", "reply": "b"}, {"prompt": "c", "reply": "d"})
    copy = recording(
        tmp_path / "copy", {"prompt": "c", "reply": "d"}, {"prompt": "a", "reply": "b"}
    )
    assert ReplayBackend(one).identity == ReplayBackend(copy).identity
    before = ReplayBackend(one).identity
    recording(tmp_path, {"prompt": "a", "reply": "other"})
    assert ReplayBackend(one).identity != before
    assert ReplayBackend(one).name == f"replay/{one}"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "not JSON"),
        ([], "object"),
        ({"reply": "a"}, "'prompt', 'messages', 'key'"),
        ({"prompt": "a"}, "'reply'"),
        ({"prompt": "a", "key": "b", "reply": "c"}, "one of"),
        ({"prompt": "a", "reply": "b", "answer": "c"}, "answer"),
        ({"prompt": 5, "reply": "b"}, "Message.content"),
        ({"messages": [], "reply": "b"}, "ChatRequest.messages"),
        ({"messages": [{"role": "robot", "content": ""}], "reply": "b"}, "Message.role"),
        ({"messages": [{"role": "user"}], "reply": "b"}, "'role' and 'content'"),
        ({"prompt": "a", "sampling": {"heat": 1}, "reply": "b"}, "temperature"),
        ({"prompt": "a", "sampling": {"top_p": 5}, "reply": "b"}, "Sampling.top_p"),
        ({"prompt": "a", "sample": -1, "reply": "b"}, "'sample'"),
        ({"prompt": "a", "reply": {"status": "ok"}}, "'text'"),
        ({"prompt": "a", "reply": {"text": 5}}, "texts"),
        ({"prompt": "a", "reply": {"text": "", "status": "odd"}}, "status"),
        ({"prompt": "a", "reply": {"text": "", "usage": {"coins": 1}}}, "usage"),
        ({"prompt": "a", "reply": {"text": "", "ignored": 5}}, "ignored"),
        ({"prompt": "fine", "sample": 0, "reply": "again"}, "earlier"),
        ({"key": "k", "sample": 0, "reply": "again"}, "alone"),
        ("[" * 100_000, ""),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, line: object, words: str) -> None:
    path = recording(tmp_path, {"prompt": "fine", "reply": "fine"}, line)
    with pytest.raises(FormatError) as caught:
        ReplayBackend(path)
    assert (caught.value.row, caught.value.path) == (2, path)
    assert words in str(caught.value)


def test_bad_files(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="No such file"):
        ReplayBackend(tmp_path / "nowhere")
    with pytest.raises(FormatError, match="no answers"):
        ReplayBackend(recording(tmp_path, ""))
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(FormatError, match="UTF-8"):
        ReplayBackend(tmp_path / "binary")
    (tmp_path / "database").write_bytes(b"SQLite format 3\x00 but no more")
    with pytest.raises(JournalError):
        ReplayBackend(tmp_path / "database")
    with pytest.raises(InvalidInput, match="model"):
        ReplayBackend(recording(tmp_path, {"prompt": "a", "reply": "b"}), model="openai/x")


async def in_journal(path: Path, *answers: tuple[str, ChatRequest, Reply]) -> None:
    journal = Journal(path)
    try:
        for backend, request, reply in answers:
            [(key, body)] = keys_of(backend, request)
            call = Call(
                key=key,
                request=body,
                backend=backend,
                identity=backend,
                purpose="judge",
                label=b"{}",
                reply=reply,
            )
            await journal.put([call])
    finally:
        journal.close()


async def test_a_journal_answers_again(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    other = replace(ASK, sample=0)
    await in_journal(path, ("openai/a", ASK, ANSWER), ("openai/a", other, Reply(text="b")))
    async with ReplayBackend(path).session() as session:
        assert await session.ask(ASK) == [replace(ANSWER, recorded=True)]
        [reply] = await session.ask(other)
        assert reply.text == "b"
        with pytest.raises(UnknownRequest):
            await session.ask(replace(ASK, sample=1))


async def test_a_journal_of_two_models(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    await in_journal(path, ("openai/a", ASK, ANSWER), ("openai/b", ASK, Reply(text="b")))
    with pytest.raises(InvalidInput, match="openai/a, openai/b"):
        ReplayBackend(path)
    with pytest.raises(InvalidInput, match="none of openai/c"):
        ReplayBackend(path, model="openai/c")
    async with ReplayBackend(path, model="openai/b").session() as session:
        [reply] = await session.ask(ASK)
    assert reply.text == "b"
