"""Who ranks: the embedded judges and the ends of every table."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import InvalidInput
from .base import Judge
from .baselines import FirstJudge, OracleJudge, RandomJudge
from .consensus import ConsensusJudge
from .dual_agreement import DualAgreementJudge
from .evidence import Inputs
from .majority import MajorityJudge

_JUDGES: dict[str, Callable[[], Judge]] = {
    "consensus": ConsensusJudge,
    "codet": DualAgreementJudge,
    "majority": MajorityJudge,
    "random": RandomJudge,
    "first": FirstJudge,
}

NAMES = tuple(_JUDGES)
"""Judges that can be asked for by name."""


def judge_named(name: str) -> Judge:
    """The judge of that name.

    Raises:
        InvalidInput: there is none; the error lists the names.
    """
    if name not in _JUDGES:
        raise InvalidInput("judge", f"there is no {name!r}; the names are {', '.join(NAMES)}")
    return _JUDGES[name]()


__all__ = [
    "NAMES",
    "ConsensusJudge",
    "DualAgreementJudge",
    "FirstJudge",
    "Inputs",
    "Judge",
    "MajorityJudge",
    "OracleJudge",
    "RandomJudge",
    "judge_named",
]
