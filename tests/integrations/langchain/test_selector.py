"""The selector: candidates in, the best out."""

from __future__ import annotations

import pytest
from langchain_bestofn import Selector
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers.base import BaseTracer

from bestofn import Budget, Candidate, InvalidInput, Problem, Selection, TestCase

pytestmark = pytest.mark.anyio

SUM = "print(sum(map(int, input().split())))"
DIFFERENCE = "a, b = map(int, input().split())\nprint(a - b)"


async def test_the_most_frequent_answer():
    selector = Selector(judge="self-consistency")
    given = {"problem": "6 * 7?", "candidates": ["36", "42", "42"]}
    assert selector.invoke(given) == "42"
    assert await selector.ainvoke(given) == "42"
    assert selector.batch([given, given]) == ["42", "42"]


def test_a_chat_model_as_judge(provider, chat):
    selector = Selector(judge=chat, include_selection=True)
    result = selector.invoke({"problem": "Say much.", "candidates": ["a b c d", "a"]})
    assert result["best"] == "a b c d"
    assert isinstance(result["selection"], Selection)
    assert result["selection"].judge == "openai/loopback"
    assert provider.count == 1


async def test_messages_come_back_as_they_are(chat):
    messages = [AIMessage("short", id="1"), AIMessage("rather longer", id="2")]
    given = {"problem": [HumanMessage("Say much.")], "candidates": messages}
    assert await Selector(judge=chat).ainvoke(given) is messages[1]


def test_programs_on_public_tests():
    problem = Problem(
        statement="Add.", public_tests=(TestCase(kind="stdin", input="2 3\n", expected="5"),)
    )
    fenced = [f"Like this:\n```python\n{it}\n```" for it in (DIFFERENCE, SUM)]
    selector = Selector(judge="consensus", candidates="program")
    assert selector.invoke({"problem": problem, "candidates": fenced}) == fenced[1]
    candidates = [Candidate(id="x", code=DIFFERENCE), Candidate(id="y", code=SUM)]
    assert selector.invoke({"problem": problem, "candidates": candidates}) is candidates[1]


def test_it_is_a_step_of_a_chain(chat):
    draw = RunnableLambda(lambda topic: {"problem": topic, "candidates": [topic, topic * 2]})
    assert (draw | Selector(judge=chat)).invoke("hm ") == "hm hm "


class Tree(BaseTracer):
    """Keeps the finished root run."""

    def _persist_run(self, run):
        self.root = run


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_judgments_are_runs_below(chat, asynchronous):
    tree = Tree()
    given = {"problem": "Say much.", "candidates": ["a b c d", "a"]}
    selector = Selector(judge=chat)
    if asynchronous:
        await selector.ainvoke(given, {"callbacks": [tree]})
    else:
        selector.invoke(given, {"callbacks": [tree]})
    assert tree.root.name == "Selector"
    (choice,) = tree.root.child_runs
    assert choice.name == "bestofn select"
    assert [run.run_type for run in choice.child_runs] == ["llm"]


def test_budget_and_journal(provider, chat, tmp_path):
    given = {"problem": "Say much.", "candidates": ["a b c", "a b", "a"]}
    Selector(judge=chat, budget=Budget(calls=2)).invoke(given)
    assert provider.count == 2
    selector = Selector(judge=chat, journal=tmp_path / "calls.db")
    best = selector.invoke(given)
    count = provider.count
    assert selector.invoke(given) == best
    assert provider.count == count


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"problem": "?"}, "input"),
        ("?", "input"),
        ({"problem": "?", "candidates": []}, "candidates"),
        ({"problem": "?", "candidates": "a"}, "candidates"),
        ({"problem": "?", "candidates": ["a", 3]}, r"candidates\[1\]"),
        ({"problem": None, "candidates": ["a"]}, "problem: must be text"),
        ({"problem": [], "candidates": ["a"]}, "messages"),
    ],
)
def test_the_input_is_checked(given, field):
    with pytest.raises(InvalidInput, match=field):
        Selector(judge="first").invoke(given)
