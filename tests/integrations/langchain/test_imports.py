"""What the distribution leans on: bestofn's public names, and langchain only where it must."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import langchain_bestofn
import pytest

PACKAGE = Path(langchain_bestofn.__file__).parent
PUBLIC_ROOMS = {
    "bestofn",
    "bestofn.backends",
    "bestofn.conversations",
    "bestofn.events",
    "bestofn.judges",
    "bestofn.policies",
}


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.stem)
def test_only_public_names_of_bestofn_are_used(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "bestofn":
            assert node.module in PUBLIC_ROOMS
            room = importlib.import_module(node.module)
            for alias in node.names:
                assert alias.name in getattr(room, "__all__", dir(room))
                assert not alias.name.startswith("_")


def test_langchain_is_needed_for_agents_and_names_alone():
    program = """
import sys
sys.modules["langchain"] = None
sys.modules["langgraph"] = None
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_bestofn import BestOfNChatModel, LangChainBackend, Selector
print(BestOfNChatModel(model=FakeListChatModel(responses=["yes"]), n=3).invoke("?").text)
try:
    BestOfNChatModel(model="openai:gpt-5-mini")
except ValueError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("yes\n")
    assert "pip install 'langchain-bestofn[agents]'" in done.stdout
