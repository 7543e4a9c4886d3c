"""Whole files of rows, tokenised: what a :class:`~bestofn_training.bilevel.Stream` reads from."""

from __future__ import annotations

import abc
from array import array
from collections.abc import Sequence
from pathlib import Path

from ..data.rows import Conversation, Labelled, Preference, Target, read_rows
from ..errors import BadData, BadRow
from .batches import Batch, collate_labelled, collate_preferences, collate_targets
from .tokenising import Reply, Tokenising


class TokenisedSet(abc.ABC):
    """What the three kinds of sets share. Call a set with places to get their batch.

    All rows are read and tokenised at once, so that a bad one is refused before training starts,
    and kept as 4 bytes a token.

    Args:
        path: The file.
        tokenising: For the model that is trained.
        domains: Names of all domains, in the order of their numbers; by default those of the
            file, sorted. Rows of another domain are refused, and so is a domain without rows.

    Attributes:
        ids: Of the rows.
        problems: Of the rows: the problems they belong to.
        domains: Names of the domains.
        numbers: Of the rows: the numbers of their domains.

    Raises:
        BadRow: naming file, row, field and reason.
        BadData: a domain has no rows.
    """

    def __init__(
        self, path: str | Path, tokenising: Tokenising, domains: Sequence[str] | None = None
    ) -> None:
        self.path = Path(path)
        self.tokenising = tokenising
        self.ids: list[str] = []
        self.problems: list[str] = []
        self._names: list[str] = []
        self._lines: list[int] = []
        self._read()
        self.domains = tuple(sorted(set(self._names)) if domains is None else domains)
        known = {name: number for number, name in enumerate(self.domains)}
        for line, name in zip(self._lines, self._names, strict=True):
            if name not in known:
                listed = ", ".join(self.domains)
                raise BadRow(self.path, line, "domain", f"{name!r} is not one of: {listed}")
        empty = [name for name in self.domains if name not in set(self._names)]
        if empty:
            raise BadData(
                "domains", f"{', '.join(empty)}: no row of {self.path}, so nothing to weight"
            )
        self.numbers = [known[name] for name in self._names]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.ids)

    @abc.abstractmethod
    def __call__(self, places: Sequence[int]) -> Batch:
        """The batch of the rows at these places."""

    @abc.abstractmethod
    def _read(self) -> None:
        """Tokenise and keep every row; :meth:`_note` each."""

    def _note(self, line: int, row: Preference | Labelled | Target) -> None:
        self._lines.append(line)
        self.ids.append(row.id)
        self.problems.append(row.problem_id)
        self._names.append(row.domain)

    def _tokens(self, line: int, prompt: Conversation, reply: Conversation, column: str) -> Packed:
        text = reply[0].content
        return Packed(self.tokenising.reply(prompt, text, path=self.path, row=line, column=column))

    def _domain(self, places: Sequence[int]) -> list[int]:
        return [self.numbers[place] for place in places]


class PreferenceSet(TokenisedSet):
    """Pairs of replies: for DPO, ORPO and SFT + DPO."""

    def _read(self) -> None:
        self._pairs: list[tuple[Packed, Packed]] = []
        for line, row in read_rows(self.path, Preference):
            self._note(line, row)
            chosen = self._tokens(line, row.prompt, row.chosen, "chosen")
            rejected = self._tokens(line, row.prompt, row.rejected, "rejected")
            self._pairs.append((chosen, rejected))

    def __call__(self, places: Sequence[int]) -> Batch:
        """See :func:`~bestofn_training.models.collate_preferences`."""
        pairs = [(a.reply(), b.reply()) for a, b in (self._pairs[place] for place in places)]
        padding = self.tokenising.padding
        return collate_preferences(pairs, places, self._domain(places), padding=padding)


class LabelledSet(TokenisedSet):
    """Replies that are right or not: for KTO.

    Each comes with the reply of a row far from it put after its prompt, from which the drift of
    the judge is estimated (batches of one have no neighbours to take it from).
    """

    def _read(self) -> None:
        self._replies: list[Packed] = []
        self.labels: list[bool] = []
        for line, row in read_rows(self.path, Labelled):
            self._note(line, row)
            self._replies.append(self._tokens(line, row.prompt, row.completion, "completion"))
            self.labels.append(row.label)

    def __call__(self, places: Sequence[int]) -> Batch:
        """See :func:`~bestofn_training.models.collate_labelled`."""
        crossed = [self._mismatched(place) for place in places]
        return collate_labelled(
            [self._replies[place].reply() for place in places],
            [self.labels[place] for place in places],
            places,
            self._domain(places),
            padding=self.tokenising.padding,
            mismatched=[reply for reply in crossed if reply is not None],
        )

    def _mismatched(self, place: int) -> Reply | None:
        own = self._replies[place].reply()
        for step in range(len(self) // 2, len(self) // 2 + len(self)):
            other = (place + step) % len(self)
            if self.problems[other] == self.problems[place]:
                continue
            made = Reply(prompt=own.prompt, reply=self._replies[other].reply().reply)
            if len(made) <= self.tokenising.settings.context:
                return made
        return None


class TargetSet(TokenisedSet):
    """Replies to imitate: for SFT."""

    def _read(self) -> None:
        self._replies: list[Packed] = []
        for line, row in read_rows(self.path, Target):
            self._note(line, row)
            self._replies.append(self._tokens(line, row.prompt, row.completion, "completion"))

    def __call__(self, places: Sequence[int]) -> Batch:
        """See :func:`~bestofn_training.models.collate_targets`."""
        replies = [self._replies[place].reply() for place in places]
        padding = self.tokenising.padding
        return collate_targets(replies, places, self._domain(places), padding=padding)


class Packed:
    """A :class:`~bestofn_training.models.Reply` at 4 bytes a token instead of 36."""

    __slots__ = ("_tokens", "_turn")

    def __init__(self, reply: Reply) -> None:
        self._tokens = array("i", reply.prompt + reply.reply)
        self._turn = len(reply.prompt)

    def reply(self) -> Reply:
        """As it was."""
        prompt, reply = self._tokens[: self._turn], self._tokens[self._turn :]
        return Reply(prompt=tuple(prompt), reply=tuple(reply))
