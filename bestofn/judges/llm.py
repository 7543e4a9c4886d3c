"""The judge of the paper: a model compares candidates, a tournament adds the verdicts up.

DaJ (arXiv 2601.22230), section 3 and appendices B and D. Around the model stand the things that
make it frugal and hard to fool: programs of equal behaviour do not meet, what running them showed
goes in as a prior and, if wanted, as evidence, and a reply without a clear verdict is an
abstention.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

import anyio

from ..backends.base import Backend
from ..chat import Sampling
from ..concurrency import gather
from ..errors import InvalidInput
from ..events import ComparisonMade
from ..run import Run
from ..tournaments import Adaptive, RandomPairs, RoundRobin, Tournament
from ..tournaments.base import Match, Play, Standings, Verdict
from ..types import Candidate, Comparison, Problem, Ranking, Usage
from .beforehand import Beforehand, look_beforehand
from .comparing import ATTEMPTS, Comparer, Opinion, Question
from .evidence import Inputs
from .findings import Evidence, findings
from .showing import LONGEST, Showing, check_template
from .templates import ANSWERS, PromptTemplate, builtin_template, load_template

JUDGE_SAMPLING = Sampling(
    temperature=0.7, top_p=0.8, top_k=20, repetition_penalty=1.05, max_tokens=8192
)
"""How verdicts are drawn in the paper, appendix B."""

SHORTEST = 200
"""The least that may be shown of a candidate, in characters."""

Swap = Literal["none", "both"]


@dataclass(frozen=True)
class LLMJudge:
    """Ranks candidates by letting a model compare them.

    Args:
        backend: The model, see :func:`bestofn.backends.backend_named`.
        tournament: Who meets whom; by default eight random pairs, and a single match when only
            two are left, as in the paper.
        swap: ``both`` shows every match in both orders: each order has half a vote, so that a
            model that contradicts itself gives half a vote to each side. A round robin and an
            adaptive tournament then play each pair once.
        sampling: How verdicts are drawn.
        template: A file with a template of your own, see :mod:`bestofn.judges.templates`. None:
            the shipped one for programs and patches, or the one for answers.
        evidence: What the model is told of running the candidates: ``none``; ``tests`` for the
            public tests; ``behaviour`` for these and for inputs on which the candidates part.
        compare_equivalent: Whether programs of equal behaviour meet. If not, one stands for its
            group.
        max_chars: Characters of one candidate that a prompt of two may show. What is longer loses
            its middle; the same limit holds for everyone in a prompt.
        inputs: Which inputs the programs are run on before they meet. None: nothing is run; then
            everyone meets, and only copies count beforehand. Candidates that are not programs
            are never run.

    Raises:
        InvalidInput: a setting cannot be used; a template's error names the file.
    """

    backend: Backend
    _: KW_ONLY
    tournament: Tournament = field(default_factory=lambda: RandomPairs(rounds=8))
    swap: Swap = "none"
    sampling: Sampling = JUDGE_SAMPLING
    template: str | Path | None = None
    evidence: Evidence = "none"
    compare_equivalent: bool = False
    max_chars: int = LONGEST
    inputs: Inputs | None = Inputs()
    asks_models: ClassVar[bool] = True
    prompt: PromptTemplate = field(init=False, repr=False)
    """The template for programs, or your own for everything, with version and digest."""

    def __post_init__(self) -> None:
        if isinstance(self.backend, str | type) or not isinstance(self.backend, Backend):
            raise InvalidInput(
                "LLMJudge.backend", "must be a backend; backend_named('openai/<model>') makes one"
            )
        if isinstance(self.tournament, type) or not isinstance(self.tournament, Tournament):
            raise InvalidInput("LLMJudge.tournament", "must be a tournament: RandomPairs(rounds=8)")
        if not isinstance(self.sampling, Sampling):
            raise InvalidInput("LLMJudge.sampling", "must be a Sampling")
        for name, allowed in (("swap", get_args(Swap)), ("evidence", get_args(Evidence))):
            if getattr(self, name) not in allowed:
                raise InvalidInput(f"LLMJudge.{name}", f"must be one of {', '.join(allowed)}")
        if not isinstance(self.max_chars, int) or self.max_chars < SHORTEST:
            raise InvalidInput("LLMJudge.max_chars", f"must be a whole number from {SHORTEST}")
        if self.template is None:
            template = builtin_template()
        else:
            template = load_template(self.template)
            check_template(template)
        object.__setattr__(self, "prompt", template)
        object.__setattr__(self, "tournament", _for_orders(self.tournament, self.swap))

    @property
    def name(self) -> str:
        """The model's name."""
        return self.backend.name

    def prompt_for(self, candidates: Sequence[Candidate]) -> PromptTemplate:
        """The template that these candidates are shown with."""
        if self.template is None and any(candidate.kind == "answer" for candidate in candidates):
            return builtin_template(ANSWERS)
        return self.prompt

    async def rank(self, problem: Problem, candidates: Sequence[Candidate], run: Run) -> Ranking:
        """Let the candidates meet until the tournament is over, or time or budget is.

        Raises:
            BackendError: the model can never be asked.
            FormatError: the template cannot be rendered for this problem.
            SandboxError: programs could not be run.
        """
        known = await look_beforehand(
            problem, candidates, run, self.inputs, compare_equivalent=self.compare_equivalent
        )
        prompt = self.prompt_for(candidates)
        run.calls.note("judge", self._settings(problem, prompt, known))
        if len(known.entrants) == 1:
            # Nobody is left to meet: the embedded judge has told them apart, or says why not.
            assert known.ranking is not None
            return known.ranking
        by_id = {candidate.id: candidate for candidate in candidates}

        def told(shown: Sequence[str]) -> str:
            return findings([by_id[id] for id in shown], self.evidence, run, known.grouping)

        comparer = Comparer(
            backend=self.backend,
            sampling=self.sampling,
            problem=problem.id,
            showing=Showing(prompt, problem, candidates, seed=run.seed, max_chars=self.max_chars),
            record={"template": dict(prompt.record)},
            run=run,
            findings=told,
        )
        rules = self._rules(len(known.entrants))
        play = rules.start(known.entrants, run.rng("judge", problem.id), prior=known.prior)
        desk = _Desk(self, comparer, run)
        await desk.play(play)
        return _ranking(play.standings(), known, desk)

    def _rules(self, entrants: int) -> Tournament:
        # The paper draws rounds of pairs among more than two; between two, one match decides.
        if entrants == 2 and isinstance(self.tournament, RandomPairs):
            return replace(self.tournament, rounds=1)
        return self.tournament

    def _settings(
        self, problem: Problem, prompt: PromptTemplate, known: Beforehand
    ) -> Mapping[str, Any]:
        return {
            "problem": problem.id,
            "judge": self.name,
            "tournament": self.tournament.name,
            "swap": self.swap,
            "evidence": self.evidence,
            "template": dict(prompt.record),
            "max_chars": self.max_chars,
            "entrants": list(known.entrants),
            "merged": {id: list(others) for id, others in known.merged.items()},
            "prior": dict(known.prior),
        }


def _for_orders(rules: Tournament, swap: Swap) -> Tournament:
    """The tournament that fits a judge which answers every match in both orders, or in one."""
    if swap == "both" and isinstance(rules, Adaptive):
        return replace(rules, both_orders=True)
    if swap == "both" and isinstance(rules, RoundRobin):
        return replace(rules, orders="one")
    return rules


class _Desk:
    """Answers the matches of one tournament and keeps every comparison."""

    def __init__(self, judge: LLMJudge, comparer: Comparer, run: Run) -> None:
        self._comparer = comparer
        self._run = run
        self._swap = judge.swap == "both"
        self._repeats = isinstance(judge.tournament, RandomPairs)
        self._drawn: Counter[frozenset[str]] = Counter()
        # The likeliest answer is the same every time; only other draws are worth another call.
        self._same_again = judge.sampling.temperature == 0
        self._answers: dict[Opinion, Comparison | None] = {}
        self.stopped_by: str | None = None

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Everything that was asked, in the order of the tournament."""
        return tuple(answer for answer in self._answers.values() if answer is not None)

    async def play(self, play: Play) -> None:
        """Play to the end, or until time or budget runs out."""
        while self.stopped_by is None and (matches := play.matches()):
            wanted = [self._opinions(match) for match in matches]
            new = [
                opinion
                for opinion in dict.fromkeys(one for opinions in wanted for one in opinions)
                if opinion not in self._answers
            ]
            self._answers |= dict.fromkeys(new)  # keeps the tournament's order
            questions = [self._comparer.question(opinion) for opinion in new]
            await self._answer(questions)
            play.record([self._verdict(*pair) for pair in zip(matches, wanted, strict=True)])
            if any(question.open or question.refused for question in questions):
                over = self._run.deadline.over
                self.stopped_by = "seconds" if over else self._run.calls.stopped_by or "calls"

    def _opinions(self, match: Match) -> list[Opinion]:
        draw = match.sample
        if self._swap and self._repeats:
            # Both orders are asked at every meeting, so that meetings count, not orders. Other
            # tournaments want no order asked twice, whichever of a match's orders it was.
            draw = self._drawn[frozenset(match.shown)]
            self._drawn[frozenset(match.shown)] += 1
        orders = [match.shown, match.shown[::-1]] if self._swap else [match.shown]
        return [Opinion(order, 0 if self._same_again else draw) for order in orders]

    async def _answer(self, questions: Sequence[Question]) -> None:
        """Ask everything at once, and then what had no verdict once more.

        Not each again as soon as it can be: a budget would then go to whoever was answered
        first, and a run that is repeated from its journal would take another course.
        """
        with anyio.move_on_after(self._run.deadline.remaining):
            for _ in range(ATTEMPTS):
                if not self._run.deadline.over:
                    await gather(self._ask, [question for question in questions if question.open])
        for question in questions:
            if question.open and (comparison := question.comparison()) is not None:
                self._made(question.opinion, comparison)  # time ran out before the second attempt

    async def _ask(self, question: Question) -> None:
        await self._comparer.ask(question)
        if not question.open and (comparison := question.comparison()) is not None:
            self._made(question.opinion, comparison)

    def _made(self, opinion: Opinion, comparison: Comparison) -> None:
        self._answers[opinion] = comparison
        problem, judge = self._comparer.problem, self._comparer.backend.name
        self._run.calls.emit(ComparisonMade(problem=problem, judge=judge, comparison=comparison))

    def _verdict(self, match: Match, opinions: Sequence[Opinion]) -> Verdict:
        answers = [a for a in map(self._answers.__getitem__, opinions) if a is not None]
        votes: dict[str, float] = {}
        for answer in answers:
            if answer.winner is not None:
                votes[answer.winner] = votes.get(answer.winner, 0.0) + 1 / len(opinions)
        return Verdict(match=match, votes=votes, asked=bool(answers))


def _ranking(standings: Standings, known: Beforehand, desk: _Desk) -> Ranking:
    order = known.everyone(standings.order)
    scores = known.scores(standings.scores)
    comparisons = desk.comparisons
    return Ranking(
        order=order,
        scores=scores,
        comparisons=comparisons,
        clusters=known.clusters(scores, order),
        splits=() if known.ranking is None else known.ranking.splits,
        abstained=_abstention(standings, comparisons, desk.stopped_by),
        stopped_by=desk.stopped_by,
        usage=sum((comparison.usage for comparison in comparisons), Usage()),
    )


def _abstention(
    standings: Standings, comparisons: Sequence[Comparison], stopped_by: str | None
) -> str | None:
    """Why the judge did not tell the best candidates apart, or None when it did."""
    if not comparisons and stopped_by is not None:
        return "no comparison could be made within time and budget"
    reasons = Counter(c.error.partition(":")[0] for c in comparisons if c.winner is None)
    if comparisons and reasons.total() == len(comparisons):
        counts = ", ".join(f"{count} times {reason}" for reason, count in reasons.most_common())
        return f"none of {len(comparisons)} comparisons gave a verdict: {counts}"
    if len(standings.tied) > 1:
        return f"{len(standings.tied)} candidates share the first place"
    return None
