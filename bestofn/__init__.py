"""Choose the best of N candidate programs.

>>> from bestofn import select
>>> select("Print the sum of two integers.", [program_a, program_b]).best  # doctest: +SKIP
"""

from .errors import (
    BestOfNError,
    FormatError,
    InvalidInput,
    SandboxError,
    SandboxFault,
    SandboxUnavailable,
)
from .judges import ConsensusJudge, Judge
from .sandbox import Level, Limits, Sandbox
from .select import aselect, select
from .types import (
    Candidate,
    Cluster,
    Comparison,
    Evidence,
    Outcome,
    Problem,
    Ranking,
    Rejection,
    Selection,
    Split,
    TestCase,
    Usage,
)

__all__ = [
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
