"""Candidates from a chat model."""

from __future__ import annotations

from pathlib import Path

import pytest

from bestofn.backends.openai import OpenAIBackend
from bestofn.budget import Budget
from bestofn.calls import Calls
from bestofn.chat import Reply
from bestofn.errors import FormatError, InvalidInput, RequestRejected
from bestofn.policies import ChatPolicy, Policy
from bestofn.run import Run
from bestofn.sandbox import Sandbox
from bestofn.testing import FaultyServer, ScriptedBackend, faults, programming
from bestofn.types import Problem, TestCase

pytestmark = pytest.mark.anyio

STDIN = Problem(
    id="sum",
    title="A Sum",
    statement="Add two numbers.\n\nInput\n1 2\nOutput\n3",
    public_tests=(
        TestCase(kind="stdin", input="1 2\n", expected="3\n"),
        TestCase(kind="stdin", input="40 2\n", expected="42\n"),
        TestCase(kind="stdin", input="9 " * 2000, expected="0"),
    ),
)
METHOD = Problem(
    statement="Return the sum.",
    starter_code="class Solution:\n    def add(self, a: int, b: int) -> int:\n        ",
    entry_point="add",
    public_tests=(TestCase(kind="call", input=(40, 2), expected=42),),
)
HEAD = 'def add(a, b):\n    """Add.\n\n    >>> add(40, 2)\n    42\n    """\n'
COMPLETION = Problem(
    statement=HEAD,
    starter_code=HEAD,
    entry_point="add",
    public_tests=(TestCase(kind="call", input=(40, 2), expected=42),),
)
FUNCTION = Problem(statement="Return the sum of two numbers.", entry_point="add")


def policy(*replies: str | Reply) -> ChatPolicy:
    return ChatPolicy(ScriptedBackend(replies))


async def test_replies_become_candidates() -> None:
    replies: list[str | Reply] = [
        "Here:\n```python\nprint(1)\n```",
        Reply(text="", status="refusal", error="no"),
    ]
    backend = ScriptedBackend([*replies, "I cannot.", Reply(text="```\nx = 1", status="length")])
    async with Calls() as calls:
        run = Run(sandbox=Sandbox(), calls=calls)
        made = await ChatPolicy(backend).sample(STDIN, 4, run)
    assert [candidate.id for candidate in made] == ["0", "1", "2", "3"]
    assert [candidate.code for candidate in made] == ["print(1)", "", "", "x = 1"]
    assert made[0].text == replies[0]
    assert [candidate.metadata["status"] for candidate in made] == ["ok", "refusal", "ok", "length"]
    assert made[1].metadata["error"] == "no"
    assert made[0].usage.calls == 1
    assert made[0].usage.input_tokens > 0 == made[2].usage.input_tokens
    assert [n for _, n in backend.requests] == [4]  # one request for all


async def test_completions_become_whole_programs() -> None:
    async with Calls() as calls:
        run = Run(sandbox=Sandbox(), calls=calls)
        whole, method = [
            (await policy("```python\n    return a + b\n```").sample(problem, 1, run))[0].code
            for problem in (COMPLETION, METHOD)
        ]
    assert whole == HEAD + "    return a + b\n"
    assert method.startswith("class Solution:\n    def add(self, a: int, b: int) -> int:\n")


async def test_a_budget_may_allow_fewer() -> None:
    backend = ScriptedBackend(lambda _: "```\nprint(1)\n```")
    async with Calls(budget=Budget(calls=3)) as calls:
        made = await ChatPolicy(backend).sample(STDIN, 8, Run(sandbox=Sandbox(), calls=calls))
        assert calls.stopped_by == "calls"
    assert [candidate.id for candidate in made] == ["0", "1", "2"]


async def test_through_a_server() -> None:
    script: list[faults.Step | None] = [faults.error(503), faults.no_choices(), None]
    async with FaultyServer(script, answer=programming(["a = 1", "b = 2", "c = 3"])) as server:
        backend = OpenAIBackend("m", base_url=server.url)
        async with Calls() as calls:
            run = Run(sandbox=Sandbox(), calls=calls)
            made = await ChatPolicy(backend).sample(STDIN, 3, run)
        sent = server.requests[-1].body
    assert sorted(candidate.code for candidate in made) == ["a = 1", "b = 2", "c = 3"]
    assert sent["n"] == 3
    assert {name: sent[name] for name in ("temperature", "top_p", "top_k", "max_tokens")} == {
        "temperature": 0.7,
        "top_p": 0.8,
        "top_k": 20,
        "max_tokens": 8192,
    }
    assert "seed" not in sent


async def test_a_wrong_key_ends_the_run() -> None:
    async with FaultyServer(api_key="right") as server, Calls() as calls:
        backend = OpenAIBackend("m", base_url=server.url, api_key="wrong")
        with pytest.raises(RequestRejected):
            await ChatPolicy(backend).sample(STDIN, 2, Run(sandbox=Sandbox(), calls=calls))


def test_prompts_say_what_the_task_is() -> None:
    ask = policy().prompt
    stdin = ask(STDIN)
    assert "# A Sum" in stdin
    assert "standard input" in stdin
    assert "40 2" in stdin  # the first example stands in the statement, the last is too long
    assert stdin.count("1 2") == 1
    assert "9 9 9" not in stdin
    method = ask(METHOD)
    assert "class Solution" in method
    assert "`add` will be called" in method
    assert "add(40, 2) returns 42" in method
    completion = ask(COMPLETION)
    assert completion.count(HEAD.strip()) == 1
    assert "returns 42" not in completion
    assert "named `add`" in ask(FUNCTION)
    other = ChatPolicy(ScriptedBackend([]), language="cpp").prompt(STDIN)
    assert "```cpp" in other
    for text in (stdin, method, completion, other):
        assert "\n\n\n" not in text


def test_a_template_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.jinja2"
    path.write_text(
        "{{ task }}: {{ statement }}{% if entry_point %} ({{ entry_point }}){% endif %}"
    )
    mine = ChatPolicy(ScriptedBackend([]), template=path)
    assert mine.prompt(FUNCTION) == "function: Return the sum of two numbers. (add)\n"
    for broken in ("{{ nobody }}{{ statement }}", "{% if %}", "no problem", "{{ 1 / 0 }}"):
        path.write_text(broken)
        with pytest.raises(FormatError, match="mine"):
            ChatPolicy(ScriptedBackend([]), template=path)
    with pytest.raises(FormatError, match="cannot be read"):
        ChatPolicy(ScriptedBackend([]), template=tmp_path / "none")


async def test_wrong_arguments_are_named() -> None:
    assert isinstance(policy(), Policy)
    with pytest.raises(InvalidInput, match="backend"):
        ChatPolicy("openai/gpt")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="language"):
        ChatPolicy(ScriptedBackend([]), language="two words")
    async with Calls() as calls:
        for n in (0, True, 1.5):
            with pytest.raises(InvalidInput, match="n:"):
                await policy().sample(STDIN, n, Run(sandbox=Sandbox(), calls=calls))  # type: ignore[arg-type]
