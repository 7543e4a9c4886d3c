"""The judge as a model: adapters, log-probabilities, tokens and batches."""

from .batches import (
    Batch,
    collate_groups,
    collate_labelled,
    collate_preferences,
    collate_targets,
)
from .judge import Judge
from .log_probs import completion_log_probs
from .lora import LoraSettings, adapters_off, add_lora, trainable
from .tokenising import Reply, TokenSettings, Tokenising

__all__ = [
    "Batch",
    "Judge",
    "LoraSettings",
    "Reply",
    "TokenSettings",
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
