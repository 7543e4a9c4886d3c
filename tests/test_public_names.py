"""The public surface is pinned: a name that goes or comes is a decision, not an accident."""

from __future__ import annotations

import inspect

import bestofn

PUBLIC = [
    "BestOfNError",
    "Candidate",
    "Cluster",
    "Comparison",
    "ConsensusJudge",
    "Evidence",
    "FormatError",
    "InvalidInput",
    "Judge",
    "Level",
    "Limits",
    "Outcome",
    "Problem",
    "Ranking",
    "Rejection",
    "Sandbox",
    "SandboxError",
    "SandboxFault",
    "SandboxUnavailable",
    "Selection",
    "Split",
    "TestCase",
    "Usage",
    "aselect",
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


def test_select_and_aselect_are_twins():
    sync = inspect.signature(bestofn.select)
    twin = inspect.signature(bestofn.aselect)
    assert sync == twin
