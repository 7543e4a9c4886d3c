"""Choose the best of N candidate programs.

>>> from bestofn import select
>>> select("Print the sum of two integers.", [program_a, program_b]).best  # doctest: +SKIP
"""

from typing import TYPE_CHECKING, Any

from .best_of_n import abest_of_n, best_of_n
from .budget import Budget, Price, price_of
from .calls import Calls
from .chat import ChatRequest, Message, Reply, Sampling
from .errors import (
    BackendError,
    BestOfNError,
    FormatError,
    InvalidInput,
    JournalError,
    NoCandidate,
    RequestRejected,
    SandboxError,
    SandboxFault,
    SandboxUnavailable,
    UnknownRequest,
)
from .judges import ConsensusJudge, Judge
from .run import Run
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

if TYPE_CHECKING:
    from .judges import LLMJudge


def __getattr__(name: str) -> Any:
    if name == "LLMJudge":  # what it needs takes as long to import as all the rest
        from .judges import LLMJudge

        return LLMJudge
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
