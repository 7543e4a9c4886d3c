"""What became of the inputs and the replies of a rollout, counted for the data card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ..data.card import Retention
from ..data.rows import JudgeInput
from .preferences import Rows
from .reward import Graded

LEVELS = ("right", "wrong", "format_error", "unanswered")


class Tally:
    """Counts, by level, domain and generator."""

    def __init__(self) -> None:
        columns = ("inputs", "retained", *LEVELS, "preferences")
        self._domains = Retention(columns)
        self._generators = Retention(columns)
        self._levels: Counter[str] = Counter()
        self._format_errors: Counter[str] = Counter()
        self._unused: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self.inputs = 0
        self.asked = 0
        self.retained = 0

    @property
    def answered(self) -> int:
        """Replies that were graded."""
        return self._levels.total() - self._levels["unanswered"]

    def add(
        self,
        row: JudgeInput,
        grades: Sequence[Graded | None],
        unused: Sequence[str],
        rows: Rows,
        dropped: str | None,
    ) -> None:
        """Count one input.

        Args:
            row: The input.
            grades: Of its replies; None for what is no answer.
            unused: Why replies are in no row.
            rows: What came of it.
            dropped: Why nothing did, or None.
        """
        self.inputs += 1
        self.asked += bool(grades)
        self.retained += dropped is None
        levels = Counter("unanswered" if g is None else g.level for g in grades)
        self._levels += levels
        self._unused.update(unused)
        if dropped is not None:
            self._dropped[dropped] += 1
        for grade in grades:
            if grade is not None and grade.level == "format_error":
                self._format_errors[grade.reason.partition(":")[0]] += 1
        for table, name in ((self._domains, row.domain), (self._generators, row.generator)):
            table.add(name, "inputs")
            table.add(name, "retained", dropped is None)
            table.add(name, "preferences", len(rows.preferences))
            for level, count in levels.items():
                table.add(name, level, count)

    def record(self) -> dict[str, Any]:
        """The card's counts."""
        return {
            "inputs": self.inputs,
            "asked": self.asked,
            "retained": self.retained,
            "replies": {level: self._levels[level] for level in LEVELS},
            "format_errors": dict(sorted(self._format_errors.items())),
            "dropped": dict(sorted(self._dropped.items())),
            "unused": dict(sorted(self._unused.items())),
            "retention": {
                "domains": self._domains.record(),
                "generators": self._generators.record(),
            },
        }
