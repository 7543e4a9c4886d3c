"""Making the judge inputs of one problem after the other, and counting what becomes of it all."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from bestofn.benchmarks import Grades
from bestofn.errors import SandboxFault
from bestofn.sandbox import Sandbox
from bestofn.types import Candidate, Problem

from ..errors import BadData, BadInput
from .card import Retention, SideTally
from .checks import Measure, too_long
from .domains import domain_of
from .grading import SANDBOX_FAULT, Source
from .pairing import both_orders, candidate_sets, generator_of, sieve, why_none
from .prompts import Asking, look
from .rows import JudgeInput
from .settings import DataSettings
from .splits import SIDES, Facts, Side, Split

SAME_STATEMENT = "the same statement as an earlier problem"
OTHER_GENERATOR = "its generator is not for this side"
LONGER = "longer than the context"


class Maker:
    """Makes rows and counts.

    Args:
        sources: All problems.
        settings: How.
        measure: Counts tokens, or None.

    Attributes:
        sources: The problems without those that another one repeats.
        sides: What was written, by side.
        assigned: How many problems the split put on each side.
        problems_dropped: Reasons why problems gave no row.

    Raises:
        BadInput: a pool names a generator that wrote nothing.
        BadData: a problem has no domain, or a date that is none.
    """

    def __init__(
        self, sources: Sequence[Source], settings: DataSettings, measure: Measure | None
    ) -> None:
        self._settings = settings
        self._measure = measure
        self.problems_dropped: Counter[str] = Counter()
        self._candidates_dropped: Counter[str] = Counter()
        self._sets_dropped: Counter[str] = Counter()
        self._generators = Retention(("candidates", "right", "shown", "inputs"))
        self._domains = Retention(("problems", "used", "candidates", "shown", "inputs"))
        self.assigned: Counter[str] = Counter()
        self.sides = {side: SideTally(settings.pools.of(side)) for side in SIDES}
        self.sources = self._distinct(sources)
        self._domain = {
            s.item.problem.id: domain_of(s.item.problem, settings.domain, otherwise=s.benchmark)
            for s in self.sources
        }
        self._date = {s.item.problem.id: _date(s.item.problem, settings) for s in self.sources}
        self._check_pools()

    def part(self, grades: Mapping[str, Grades | None], split: Split) -> dict[str, Side]:
        """Which side each problem is on.

        Raises:
            BadData: the split names an unknown problem.
        """
        facts = []
        for source in self.sources:
            problem, found = source.item.problem, grades[source.item.problem.id]
            domain = self._domain[problem.id]
            self._domains.add(domain, "problems")
            self._domains.add(domain, "candidates", len(source.item.candidates))
            for candidate in source.item.candidates:
                name = self._generator(candidate)
                self._generators.add(name, "candidates")
                self._generators.add(name, "right", bool(found and found.verdicts[candidate.id]))
            if found is None:
                self.problems_dropped[SANDBOX_FAULT] += 1
                continue
            facts.append(self._facts(source, found.verdicts))
        parted = split.part(facts, self._settings.seed)
        self.problems_dropped.update(parted.dropped.values())
        self.assigned.update(parted.sides.values())
        return dict(parted.sides)

    async def rows(
        self, source: Source, verdicts: Mapping[str, bool], side: Side, sandbox: Sandbox
    ) -> list[JudgeInput]:
        """The judge inputs of one problem; none is counted with its reason.

        Raises:
            BadData: a prompt is longer than the context, and such are refused.
        """
        settings, problem = self._settings, source.item.problem
        allowed = settings.pools.of(side)
        pool = [c for c in source.item.candidates if not allowed or self._generator(c) in allowed]
        self._drop_candidates(OTHER_GENERATOR, len(source.item.candidates) - len(pool))
        sieved = sieve(pool, verdicts)
        self._candidates_dropped.update(sieved.dropped.values())
        try:
            looked = await look(
                problem,
                sieved.kept,
                sandbox,
                settings.prompter,
                limits=source.limits,
                only_survivors=settings.only_survivors,
                copies=sieved.copies,
            )
        except SandboxFault:
            self.problems_dropped[SANDBOX_FAULT] += 1
            return []
        self._candidates_dropped.update(looked.dropped.values())
        shown = [candidate for candidate in sieved.kept if candidate.id not in looked.dropped]
        sets = candidate_sets(
            self._groups(shown),
            verdicts,
            k=settings.k,
            most=settings.most,
            rng=random.Random(f"{settings.seed}/sets/{problem.id}"),
        )
        rows: list[JudgeInput] = []
        if sets:
            asking = settings.prompter.asking(problem, shown, looked.told)
            for number, members in enumerate(sets):
                name = f"{problem.id}:{number}"
                rows += self._set(name, problem, members, verdicts, asking, shown, side)
        else:
            ids = [candidate.id for candidate in shown]
            self.problems_dropped[why_none(ids, verdicts)] += 1
        if rows:
            self.sides[side].problems += 1
            self._domains.add(self._domain[problem.id], "used")
        elif sets:
            self.problems_dropped[LONGER] += 1
        self._count_shown(problem, shown, {id for row in rows for id in row.order})
        return rows

    def record(self, file_of: Callable[[Side], str]) -> dict[str, Any]:
        """The card's counts."""
        return {
            "sides": {side: self.sides[side].record(file_of(side)) for side in SIDES},
            "retention": {
                "generators": self._generators.record(),
                "domains": self._domains.record(),
            },
            "dropped": {
                "problems": dict(sorted(self.problems_dropped.items())),
                "candidates": dict(sorted(self._candidates_dropped.items())),
                "sets": dict(sorted(self._sets_dropped.items())),
            },
        }

    def _set(
        self,
        name: str,
        problem: Problem,
        members: tuple[str, ...],
        verdicts: Mapping[str, bool],
        asking: Asking,
        shown: Sequence[Candidate],
        side: Side,
    ) -> list[JudgeInput]:
        """Both orders of one set, or neither where one is too long."""
        authors = sorted({self._generator(c) for c in shown if c.id in members})
        rows, lengths = [], []
        for place, order in enumerate(both_orders(members)):
            row = JudgeInput(
                id=f"{name}:{place}",
                problem_id=problem.id,
                prompt=asking(order),
                order=order,
                right=tuple(n for n, id in enumerate(order, start=1) if verdicts[id]),
                domain=self._domain[problem.id],
                difficulty=problem.difficulty,
                date=_text(self._date[problem.id]),
                generator="+".join(authors),
                platform=problem.platform,
            )
            tokens = self._measure(row.prompt) if self._measure else None
            context = self._settings.context
            if tokens is not None and context is not None and tokens > context:
                if self._settings.too_long == "refuse":
                    raise BadData(
                        f"problem {problem.id!r}",
                        f"the prompt on {', '.join(order)} {too_long(tokens, context)}",
                    )
                self._sets_dropped[LONGER] += 1
                return []
            rows.append(row)
            lengths.append(tokens)
        tally = self.sides[side]
        tally.sets += 1
        for row, tokens in zip(rows, lengths, strict=True):
            tally.add(row, tokens)
        for author in authors:
            self._generators.add(author, "inputs", len(rows))
        self._domains.add(self._domain[problem.id], "inputs", len(rows))
        return rows

    def _count_shown(
        self, problem: Problem, candidates: Sequence[Candidate], shown: set[str]
    ) -> None:
        for candidate in candidates:
            if candidate.id in shown:
                self._generators.add(self._generator(candidate), "shown")
        self._domains.add(self._domain[problem.id], "shown", len(shown))

    def _distinct(self, sources: Sequence[Source]) -> list[Source]:
        """Each task once: under another id it could come to stand on another side."""
        seen: set[bytes] = set()
        kept = []
        for source in sources:
            problem = source.item.problem
            words = " ".join(f"{problem.statement}\0{problem.starter_code}".split())
            digest = hashlib.sha256(words.encode("utf-8", "surrogatepass")).digest()
            if digest in seen:
                self.problems_dropped[SAME_STATEMENT] += 1
            else:
                kept.append(source)
            seen.add(digest)
        return kept

    def _check_pools(self) -> None:
        known = {self._generator(c) for s in self.sources for c in s.item.candidates}
        for side in SIDES:
            if unknown := [name for name in self._settings.pools.of(side) if name not in known]:
                raise BadInput(
                    f"{side} generators",
                    f"nobody called {unknown[0]!r} wrote a candidate; there are "
                    f"{', '.join(sorted(known))}",
                )

    def _generator(self, candidate: Candidate) -> str:
        return generator_of(candidate, self._settings.generator_column)

    def _groups(self, candidates: Sequence[Candidate]) -> list[list[str]]:
        if self._settings.within == "pool":
            return [[candidate.id for candidate in candidates]]
        groups: dict[str, list[str]] = {}
        for candidate in candidates:
            groups.setdefault(self._generator(candidate), []).append(candidate.id)
        return list(groups.values())

    def _facts(self, source: Source, verdicts: Mapping[str, bool]) -> Facts:
        rights: dict[str, list[bool]] = {}
        for candidate in source.item.candidates:
            rights.setdefault(self._generator(candidate), []).append(verdicts[candidate.id])
        shares = [sum(right) / len(right) for right in rights.values()]
        strong = self._settings.pools.upper
        seen = {
            right for name, all in rights.items() if not strong or name in strong for right in all
        }
        return Facts(
            id=source.item.problem.id,
            benchmark=source.benchmark,
            date=self._date[source.item.problem.id],
            pass_rate=sum(shares) / len(shares),
            usable=len(seen) == 2,
        )

    def _drop_candidates(self, reason: str, count: int) -> None:
        if count:
            self._candidates_dropped[reason] += count


def _date(problem: Problem, settings: DataSettings) -> date | None:
    value = problem.metadata.get(settings.date_column)
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return datetime.fromisoformat(str(value).strip()).date()
    except ValueError as error:
        raise BadData(
            f"problem {problem.id!r}",
            f"its {settings.date_column} is {value!r}, which is no date like 2024-08-01",
        ) from error


def _text(day: date | None) -> str:
    return "" if day is None else day.isoformat()
