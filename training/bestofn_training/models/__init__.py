"""The judge as a model: adapters, log-probabilities, tokens and batches."""

from .batches import (
    Batch,
    collate_groups,
    collate_labelled,
    collate_preferences,
    collate_targets,
)
from .groups import GroupSet
from .judge import Judge
from .log_probs import completion_log_probs
from .lora import LoraSettings, adapters_off, add_lora, trainable
from .sets import LabelledSet, PreferenceSet, TargetSet, TokenisedSet
from .tokenising import Reply, Tokenising, TokenSettings

__all__ = [
    "Batch",
    "GroupSet",
    "Judge",
    "LabelledSet",
    "LoraSettings",
    "PreferenceSet",
    "Reply",
    "TargetSet",
    "TokenSettings",
    "TokenisedSet",
    "Tokenising",
    "adapters_off",
    "add_lora",
    "collate_groups",
    "collate_labelled",
    "collate_preferences",
    "collate_targets",
    "completion_log_probs",
    "trainable",
]
