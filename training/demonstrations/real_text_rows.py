"""From pairs of real text to batches, and what a trained judge says about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from bestofn_training.bilevel.objectives import halves, score
from bestofn_training.models import Batch, Judge, Reply, collate_preferences
from bestofn_training.models.tiny import tiny_tokenizer
from real_text_data import Row
from transformers import PreTrainedTokenizerFast

VOCABULARY = 1024
HEAD, PROGRAM = 24, 96  # tokens shown of the statement and of each program
CONTEXT = HEAD + PROGRAM + 8
APPROVAL = "1"


def tokenizer_for(rows: Iterable[Row]) -> PreTrainedTokenizerFast:
    """A tokenizer whose pieces are learned from these rows: the training side, no other."""
    texts = {text for row in rows for text in (row.head, *row.programs)}
    return tiny_tokenizer(sorted(texts), vocabulary=VOCABULARY)


class TextPairs:
    """Pairs of approvals: of the right program (chosen) and of the wrong one (rejected).

    A prompt shows the task and one program, the reply is one token of approval, and the judge
    chooses the program that it approves of more readily. Both programs in one prompt, with the
    place as the reply, were tried too: so small a judge then learns little but places (.58 instead
    of .68 right without noise), and data weights follow which place was right in the last batch.

    Call it with places for their batch, see
    :func:`~bestofn_training.models.collate_preferences`.

    Args:
        rows: What is asked and told; the two orders of a pair follow each other.
        tokenizer: Of :func:`tokenizer_for`.
        domains: All of them, in the order of their numbers.

    Raises:
        ValueError: two rows that follow each other are not one pair in both orders.
    """

    def __init__(
        self, rows: Sequence[Row], tokenizer: PreTrainedTokenizerFast, domains: Sequence[str]
    ) -> None:
        self._tokenizer = tokenizer
        self._numbers = tokenizer.get_vocab()
        self._pieces: dict[str, list[int]] = {}
        places = {name: number for number, name in enumerate(domains)}
        for row, swapped in zip(rows[::2], rows[1::2], strict=True):
            if (row.pair, row.programs) != (swapped.pair, swapped.programs[::-1]):
                raise ValueError(f"the two orders of {row.pair} must follow each other")
        pairs = rows[::2]  # each program is read alone: the other order would be the same
        self.domains = [places[row.domain] for row in pairs]
        self.replies = [
            tuple(self._approval(row, place) for place in (row.right, 3 - row.right))
            for row in pairs
        ]

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.replies)

    def __call__(self, places: Sequence[int]) -> Batch:
        """The batch of the pairs at these places."""
        return collate_preferences(
            [(self.replies[place][0], self.replies[place][1]) for place in places],
            places,
            [self.domains[place] for place in places],
            padding=self._numbers["<pad>"],
        )

    def _approval(self, row: Row, place: int) -> Reply:
        turn, end = self._numbers["<|im_start|>"], self._numbers["<|im_end|>"]
        task = self._start_of(row.head, HEAD)
        program = self._start_of(row.programs[place - 1], PROGRAM)
        (approval,) = self._tokenizer.encode(APPROVAL, add_special_tokens=False)
        return Reply(prompt=(turn, *task, turn, *program, end, turn), reply=(approval,))

    def _start_of(self, text: str, tokens: int) -> list[int]:
        if text not in self._pieces:
            self._pieces[text] = self._tokenizer.encode(text, add_special_tokens=False)
        return self._pieces[text][:tokens]


def points(judge: Judge, pairs: TextPairs, *, batch: int = 32) -> list[float]:
    """1 for each pair whose right program the judge approves of more, 1/2 where it cannot tell.

    It cannot tell where both programs begin alike for as long as they are shown.
    """
    found: list[float] = []
    with torch.no_grad():
        for start in range(0, len(pairs), batch):
            places = range(start, min(start + batch, len(pairs)))
            right, wrong = halves(score(judge, pairs(places)))
            alike = [
                pairs.replies[place][0].prompt == pairs.replies[place][1].prompt for place in places
            ]
            more = (right.total() > wrong.total()).tolist()
            found += [0.5 if same else float(a) for same, a in zip(alike, more, strict=True)]
    return found
