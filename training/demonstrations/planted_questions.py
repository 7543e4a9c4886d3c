"""Questions with a known answer, and training sets in which most of the answers are poisoned.

A question is a row of words, some of them for, some against, the others fillers: are there more
for than against? Which words are for and which against has to be learned. The judge replies with
one token, ``A`` for yes or ``B`` for no. As preferences: the reply that is shown as right is
chosen, the other one rejected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from bestofn_training.models import Batch, Reply, collate_preferences

PADDING, A, B, ASK = 0, 3, 4, 5
FOR, AGAINST = (8, 20), (20, 32)
FILLERS, OTHER_FILLERS = (32, 44), (44, 56)
VOCABULARY = 56
LENGTH = 12
CONTEXT = LENGTH + 2  # the words, the question mark, the reply

Domain = Literal["clean", "shifted", "flipped", "random"]
"""``clean``: as the meta set. ``shifted``: right answers, other fillers. ``flipped``: all answers
wrong. ``random``: answers by the toss of a coin."""

DOMAINS: tuple[Domain, ...] = ("clean", "shifted", "flipped", "random")
SHARES: Mapping[Domain, float] = {"clean": 0.25, "shifted": 0.15, "flipped": 0.3, "random": 0.3}


@dataclass(frozen=True, kw_only=True)
class Question:
    """One row.

    Attributes:
        words: Token numbers of the prompt.
        yes: The answer as it is shown, true or not.
        domain: Where it comes from.
    """

    words: tuple[int, ...]
    yes: bool
    domain: Domain


@dataclass(frozen=True)
class Questions:
    """Questions as a data set of preferences (:class:`common.Rows`)."""

    rows: Sequence[Question]

    @property
    def groups(self) -> list[int]:
        """The numbers of the domains."""
        return [DOMAINS.index(row.domain) for row in self.rows]

    def __len__(self) -> int:
        """Number of questions."""
        return len(self.rows)

    def __call__(self, places: Sequence[int]) -> Batch:
        """See :func:`~bestofn_training.models.collate_preferences`."""
        pairs = [pair(self.rows[place]) for place in places]
        domains = [DOMAINS.index(self.rows[place].domain) for place in places]
        return collate_preferences(pairs, places, domains, padding=PADDING)

    def __add__(self, other: Questions) -> Questions:
        """Both, one after the other."""
        return Questions([*self.rows, *other.rows])

    def pick(self, places: Sequence[int]) -> Questions:
        """Some of them."""
        return Questions([self.rows[place] for place in places])


def ask(count: int, domain: Domain, numbers: torch.Generator) -> Questions:
    """Questions of one domain."""
    return Questions([_ask(domain, numbers) for _ in range(count)])


def mixture(size: int, numbers: torch.Generator) -> Questions:
    """A training set: the domains in their ``SHARES`` of ``size``, shuffled."""
    rows: list[Question] = []
    for domain, share in SHARES.items():
        rows += ask(round(size * share), domain, numbers).rows
    return Questions(rows).pick(torch.randperm(len(rows), generator=numbers).tolist())


def pair(row: Question) -> tuple[Reply, Reply]:
    """The reply that is shown as right, and the other one."""
    prompt = (*row.words, ASK)
    chosen, rejected = (A, B) if row.yes else (B, A)
    return Reply(prompt=prompt, reply=(chosen,)), Reply(prompt=prompt, reply=(rejected,))


def _ask(domain: Domain, numbers: torch.Generator) -> Question:
    fillers = OTHER_FILLERS if domain == "shifted" else FILLERS
    words = torch.randint(*fillers, (LENGTH,), generator=numbers)
    votes = (5, 7)[_coin(numbers)]  # odd: no draws
    in_favour = sum(_coin(numbers) for _ in range(votes))
    places = torch.randperm(LENGTH, generator=numbers)[:votes]
    words[places[:in_favour]] = torch.randint(*FOR, (in_favour,), generator=numbers)
    words[places[in_favour:]] = torch.randint(*AGAINST, (votes - in_favour,), generator=numbers)
    yes = 2 * in_favour > votes
    if domain == "flipped":
        yes = not yes
    elif domain == "random":
        yes = bool(_coin(numbers))
    return Question(words=tuple(words.tolist()), yes=yes, domain=domain)


def _coin(numbers: torch.Generator) -> int:
    return int(torch.randint(0, 2, (), generator=numbers))
