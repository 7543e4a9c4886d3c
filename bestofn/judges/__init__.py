"""Who ranks: models that compare, the embedded judges, and the ends of every table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from .base import Judge, asks_models
from .baselines import FirstJudge, OracleJudge, RandomJudge
from .consensus import ConsensusJudge
from .dual_agreement import DualAgreementJudge
from .evidence import Inputs
from .majority import MajorityJudge
from .self_consistency import SelfConsistencyJudge

if TYPE_CHECKING:
    from .llm import LLMJudge

_JUDGES: dict[str, Callable[[], Judge]] = {
    "consensus": ConsensusJudge,
    "codet": DualAgreementJudge,
    "majority": MajorityJudge,
    "self-consistency": SelfConsistencyJudge,
    "random": RandomJudge,
    "first": FirstJudge,
}

NAMES = tuple(_JUDGES)
"""Judges that need no model and can be asked for by name."""


def __getattr__(name: str) -> Any:
    if name == "LLMJudge":  # its imports take as long as all the rest, and many need no model
        from .llm import LLMJudge

        return LLMJudge
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def judge_named(name: str) -> Judge:
    """The judge of that name.

    A name with a slash is a model, judged with the settings of the paper: ``openai/<model>``,
    ``vllm/<model>``, or ``replay/<path>`` for a recording.

    Raises:
        InvalidInput: there is none; the error lists the names.
    """
    if "/" in name:
        from ..backends import backend_named
        from .llm import LLMJudge

        return LLMJudge(backend_named(name))
    if name not in _JUDGES:
        raise InvalidInput(
            "judge",
            f"there is no {name!r}; the names are {', '.join(NAMES)}, and for a model "
            "openai/<model>, vllm/<model> or replay/<path>",
        )
    return _JUDGES[name]()


__all__ = [
    "NAMES",
    "ConsensusJudge",
    "DualAgreementJudge",
    "FirstJudge",
    "Inputs",
    "Judge",
    "LLMJudge",
    "MajorityJudge",
    "OracleJudge",
    "RandomJudge",
    "SelfConsistencyJudge",
    "asks_models",
    "judge_named",
]
