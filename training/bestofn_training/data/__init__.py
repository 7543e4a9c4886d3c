"""From graded candidates to judge inputs: sets, splits, rows, and a card of what is there."""

from .build import abuild, build
from .card import read_card, write_card
from .checks import Measure, check_apart, check_domains, check_rows, tokenizer_measure
from .prompts import Prompter
from .rows import JudgeInput, Labelled, Preference, RowWriter, Target, read_rows
from .settings import DataSettings, Pools
from .splits import SIDES, DifficultySplit, PerBenchmark, RandomSplit, Side, Split, TemporalSplit

__all__ = [
    "SIDES",
    "DataSettings",
    "DifficultySplit",
    "JudgeInput",
    "Labelled",
    "Measure",
    "PerBenchmark",
    "Pools",
    "Preference",
    "Prompter",
    "RandomSplit",
    "RowWriter",
    "Side",
    "Split",
    "Target",
    "TemporalSplit",
    "abuild",
    "build",
    "check_apart",
    "check_domains",
    "check_rows",
    "read_card",
    "read_rows",
    "tokenizer_measure",
    "write_card",
]
