"""The public surface is pinned: a name that goes or comes is a decision, not an accident."""

from __future__ import annotations

import inspect

import pytest

import bestofn

PUBLIC = [
    "BackendError",
    "BestOfNError",
    "Budget",
    "Calls",
    "Candidate",
    "ChatRequest",
    "Cluster",
    "Comparison",
    "ConsensusJudge",
    "Evidence",
    "FormatError",
    "InvalidInput",
    "JournalError",
    "Judge",
    "LLMJudge",
    "Level",
    "Limits",
    "Message",
    "NoCandidate",
    "Outcome",
    "Price",
    "Problem",
    "Ranking",
    "Rejection",
    "Reply",
    "RequestRejected",
    "Run",
    "Sampling",
    "Sandbox",
    "SandboxError",
    "SandboxFault",
    "SandboxUnavailable",
    "Selection",
    "Split",
    "TestCase",
    "UnknownRequest",
    "Usage",
    "abest_of_n",
    "aselect",
    "best_of_n",
    "price_of",
    "select",
]


def test_public_names():
    assert sorted(bestofn.__all__) == sorted(PUBLIC)
    assert all(hasattr(bestofn, name) for name in PUBLIC)


def test_everything_public_is_documented():
    for name in PUBLIC:
        thing = getattr(bestofn, name)
        assert inspect.getdoc(thing), name
        if inspect.isclass(thing) and thing.__module__.startswith("bestofn"):
            for attribute, value in vars(thing).items():
                if inspect.isfunction(value) and not attribute.startswith("_"):
                    assert inspect.getdoc(value), f"{name}.{attribute}"


@pytest.mark.parametrize(("sync", "twin"), [("select", "aselect"), ("best_of_n", "abest_of_n")])
def test_twins_take_the_same(sync, twin):
    assert inspect.signature(getattr(bestofn, sync)) == inspect.signature(getattr(bestofn, twin))
