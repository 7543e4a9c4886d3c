"""Map, then select: drafts of one text side by side in a LangGraph graph, and the best of them.

    python map_select.py "Write a slogan for a bakery." openai:gpt-5-mini

Needs langchain and langgraph. It costs four drafts and at most eight comparisons, each repeated
once at most; the comparisons stop at the budget.
"""

import operator
import sys
from typing import Annotated, Any, TypedDict

from langchain.chat_models import init_chat_model
from langchain_bestofn import Selector
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from bestofn import Budget

ANGLES = ("plain", "playful", "bold", "poetic")


class Work(TypedDict, total=False):
    """What the graph works on."""

    task: str
    drafts: Annotated[list[AIMessage], operator.add]
    best: AIMessage
    why: dict[str, float]


def graph_of(model: BaseChatModel) -> Any:
    """A graph that maps the task to drafts and selects one."""
    selector = Selector(judge=model, budget=Budget(calls=16), include_selection=True)

    def spread(work: Work) -> list[Send]:
        return [Send("draft", {"task": work["task"], "angle": angle}) for angle in ANGLES]

    def draft(order: dict[str, str]) -> Work:
        return {"drafts": [model.invoke(f"{order['task']} Be {order['angle']}.")]}

    def select(work: Work) -> Work:
        chosen = selector.invoke({"problem": work["task"], "candidates": work["drafts"]})
        return {"best": chosen["best"], "why": dict(chosen["selection"].ranking.scores)}

    builder = StateGraph(Work)
    builder.add_node("draft", draft)
    builder.add_node("select", select)
    builder.add_conditional_edges(START, spread, ["draft"])
    builder.add_edge("draft", "select")
    builder.add_edge("select", END)
    return builder.compile()


def main(task: str, model: str) -> None:
    """Print the best draft and the scores of all."""
    done = graph_of(init_chat_model(model)).invoke({"task": task})
    print("best:", done["best"].text)
    print("scores:", done["why"])


if __name__ == "__main__":
    main(*sys.argv[1:3])
