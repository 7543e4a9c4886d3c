"""Held-out measures of a judge: from its replies to accuracies with intervals."""

from .answers import Answered, Verdict, read_answers
from .bootstrap import Ratio, paired_difference
from .evaluation import EVALUATION, Evaluation, Group, evaluation_of, read_evaluation
from .metrics import MEASURES, measures_of

__all__ = [
    "EVALUATION",
    "MEASURES",
    "Answered",
    "Evaluation",
    "Group",
    "Ratio",
    "Verdict",
    "evaluation_of",
    "measures_of",
    "paired_difference",
    "read_answers",
    "read_evaluation",
]
