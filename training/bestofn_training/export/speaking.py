"""How the exported judge is spoken to and where it stops: tokenizer, chat template, end of turn.

What the recipe told the chat template (``model.template``) is written into the exported template.
A server then renders the prompts of training without being told anything, whichever server it is.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoTokenizer, GenerationConfig, PreTrainedTokenizerBase

from ..errors import BadInput
from ..models import Tokenising, TokenSettings
from ..models.loading import loading
from ..recipes import Recipe

_TALK = (
    [{"role": "user", "content": "Which program is right?"}],
    [
        {"role": "user", "content": "Which?"},
        {"role": "assistant", "content": "The first."},
        {"role": "user", "content": "Sure?"},
    ],
)

Fact = str | bool | int | float


@dataclass(frozen=True, kw_only=True)
class Speaking:
    """Everything around the weights.

    Attributes:
        tokenizer: With the exported chat template.
        generation: The base's defaults; generation stops at the end of turn of training.
        own_template: Whether the chat template is not the base's.
        own_end: Whether the base alone would not stop where training ended replies.
    """

    tokenizer: PreTrainedTokenizerBase
    generation: GenerationConfig
    own_template: bool
    own_end: bool

    def save(self, folder: Path) -> None:
        """Write tokenizer, chat template and ``generation_config.json``."""
        self.tokenizer.save_pretrained(folder)
        self.generation.save_pretrained(folder)


def speaking_of(adapter: Path, base: str, recipe: Recipe) -> Speaking:
    """Read it from a run.

    Args:
        adapter: The run's adapter, with its tokenizer.
        base: Folder or name of the model it belongs to.
        recipe: Of the run.

    Raises:
        BadInput: tokenizer or base cannot be read, or the template's facts cannot be written down.
    """
    part = recipe.model
    with loading("RUN", adapter):
        tokenizer = AutoTokenizer.from_pretrained(adapter)
    with loading("model.name", base):
        config = AutoConfig.from_pretrained(base)
    settings = TokenSettings(context=2, end_of_turn=part.end_of_turn or None)
    end = Tokenising(tokenizer, settings).end
    try:
        generation = GenerationConfig.from_pretrained(base)
    except OSError:  # the base has none: what its configuration says of generation counts
        generation = GenerationConfig.from_model_config(config)
    stops = generation.eos_token_id
    known = [stops] if isinstance(stops, int) else list(stops or ())
    if end not in known:
        generation.eos_token_id = [*known, end]
    if part.template:
        settle(tokenizer, part.template)
    return Speaking(
        tokenizer=tokenizer,
        generation=generation,
        own_template=bool(part.template),
        own_end=end not in known,
    )


def settle(tokenizer: PreTrainedTokenizerBase, facts: Mapping[str, Fact]) -> None:
    """Write facts into a tokenizer's chat template, and see that it renders as if told them.

    Raises:
        BadInput: a fact cannot be written down, or the template does not take it.
    """
    told = _rendered(tokenizer, facts)
    lines = [f"{{%- set {_name(name)} = {_literal(name, facts[name])} -%}}" for name in facts]
    template = tokenizer.get_chat_template()
    tokenizer.chat_template = "\n".join((*lines, template))
    if _rendered(tokenizer, {}) != told:
        raise BadInput(
            "model.template",
            "could not be written into the chat template: it renders otherwise when it is told",
        )


def _rendered(tokenizer: PreTrainedTokenizerBase, facts: Mapping[str, Any]) -> list[Any]:
    return [
        tokenizer.apply_chat_template(talk, tokenize=False, add_generation_prompt=asks, **facts)
        for talk in _TALK
        for asks in (True, False)
    ]


def _name(name: str) -> str:
    if not name.isidentifier():
        raise BadInput("model.template", f"{name!r} is no name of a variable")
    return name


def _literal(name: str, value: Fact) -> str:
    """As Jinja writes it, which for these types is as JSON does."""
    if isinstance(value, float) and not math.isfinite(value):
        raise BadInput("model.template", f"{name} is {value}, which cannot be written down")
    return json.dumps(value, ensure_ascii=False)
