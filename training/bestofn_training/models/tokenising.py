"""From the shared rows to tokens.

A reply is tokenised as what the model would generate after the prompt: the prompt as the chat
template renders it with its generation prompt, then the reply's own text, then the end of the
turn. Rendering the whole conversation instead would go wrong with templates that rewrite
assistant turns (they drop or add a thinking part), and would train on what is never generated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerBase

from bestofn.chat import Message

from ..errors import BadInput, BadRow

NO_FILE = Path("<memory>")


@dataclass(frozen=True, kw_only=True)
class TokenSettings:
    """How rows become tokens.

    Attributes:
        context: Most tokens of a prompt with its reply; a longer row is refused, never cut.
        template: Further variables of the chat template, the same as at inference
            (``{"enable_thinking": False}``).
        end_of_turn: The token that ends a reply; by default the tokenizer's end of sequence.
    """

    context: int
    template: Mapping[str, Any] = field(default_factory=dict)
    end_of_turn: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One prompt with one reply.

    Attributes:
        prompt: Token numbers, the generation prompt included.
        reply: Token numbers, the end of the turn included.
    """

    prompt: tuple[int, ...]
    reply: tuple[int, ...]

    def __len__(self) -> int:
        """Tokens in all."""
        return len(self.prompt) + len(self.reply)


class Tokenising:
    """Tokenises rows for one model.

    Args:
        tokenizer: With a chat template.
        settings: The context above all.

    Raises:
        BadInput: when the tokenizer has no chat template or no end of turn.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, settings: TokenSettings) -> None:
        if not tokenizer.chat_template:
            raise BadInput("tokenizer", "has no chat template; take that of the instruct model")
        end = settings.end_of_turn
        number = tokenizer.eos_token_id if end is None else tokenizer.convert_tokens_to_ids(end)
        if not isinstance(number, int) or number == tokenizer.unk_token_id:
            raise BadInput("end_of_turn", f"{end!r} is not a token of this tokenizer")
        if settings.context < 2:
            raise BadInput("context", f"must be at least 2, got {settings.context}")
        self.tokenizer = tokenizer
        self.settings = settings
        self.end = number

    @property
    def padding(self) -> int:
        """The token that fills batches; it is masked everywhere, so any would do."""
        pad = self.tokenizer.pad_token_id
        return pad if isinstance(pad, int) else self.end

    def prompt(self, conversation: Sequence[Message]) -> tuple[int, ...]:
        """The tokens that a server would feed to the model before it answers."""
        turns = [{"role": turn.role, "content": turn.content} for turn in conversation]
        text = self.tokenizer.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=True, **self.settings.template
        )
        if not isinstance(text, str):
            raise TypeError(f"the chat template returned a {type(text).__name__}")
        return self._encode(text)

    def reply(
        self,
        conversation: Sequence[Message],
        text: str,
        *,
        path: str | Path = NO_FILE,
        row: int = 0,
        column: str = "completion",
    ) -> Reply:
        """A prompt and a reply to it.

        Args:
            conversation: What the judge is asked.
            text: What it answered, its reasoning included.
            path: The file, for errors.
            row: The 1-based line, for errors.
            column: The field of the reply, for errors.

        Raises:
            BadRow: when the reply is empty, or does not fit into the context with its prompt.
        """
        if not text.strip():
            raise BadRow(path, row, column, "the reply is empty")
        prompt = self.prompt(conversation)
        made = Reply(prompt=prompt, reply=(*self._encode(text), self.end))
        context = self.settings.context
        if len(prompt) >= context:
            raise BadRow(
                path,
                row,
                "prompt",
                f"has {len(prompt)} tokens, which leaves no room for a reply in a context of "
                f"{context}; leave the row out or train with a longer context",
            )
        if len(made) > context:
            raise BadRow(
                path,
                row,
                column,
                f"prompt and reply have {len(prompt)} + {len(made.reply)} tokens, the context has "
                f"{context}; leave the row out or train with a longer context",
            )
        return made

    def _encode(self, text: str) -> tuple[int, ...]:
        return tuple(self.tokenizer.encode(text, add_special_tokens=False))
