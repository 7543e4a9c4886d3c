"""``bestofn-train evaluate``: how good a judge is on problems that it has not seen."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from bestofn.benchmarks.metrics import Estimate
from bestofn.chat import Sampling
from bestofn.cli import options
from bestofn.cli.asking import Server, Spending
from bestofn.cli.grouped import grouped
from bestofn.cli.output import new_table, print_json, stdout
from bestofn.cli.progress import CallCounter
from bestofn.errors import FormatError
from bestofn.judges.llm import JUDGE_SAMPLING

from ..data.checks import check_rows
from ..data.rows import JudgeInput, read_rows
from ..errors import BadInput, MissingPackage
from ..exits import exit_codes
from ..rollout.command import Reporter
from .answers import read_answers
from .evaluation import EVALUATION, Evaluation, How, evaluation_of, read_evaluation
from .metrics import MEASURES
from .runs import RunRecord, check_unseen, read_record
from .served import ask

EPILOG = (
    "Example: bestofn-train evaluate runs/dpo-domain --judge vllm/trained "
    "--base-url http://127.0.0.1:8000/v1"
)
JOURNAL = "evaluation.journal"


@grouped
def evaluate_command(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder of a run; the measures go there.")
    ],
    server: Server,
    spending: Spending,
    judge: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A served judge; else the run's adapter, asked here."),
    ] = None,
    replies: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Measure replies that were given already."),
    ] = None,
    inputs: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Judge inputs; held_out.jsonl beside the run's data."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="RUN/evaluation.json unless given."),
    ] = None,
    scored: Annotated[
        bool,
        typer.Option(
            "--scored",
            metavar="",
            help="Compare the adapter's probabilities of the verdicts; write nothing.",
        ),
    ] = False,
    n: Annotated[int, typer.Option(min=1, metavar="N", help="Replies to each input.")] = 1,
    temperature: Annotated[
        float | None, typer.Option(metavar="T", help="Of the draws; else as at inference.")
    ] = None,
    max_reply: Annotated[
        int | None,
        typer.Option(min=1, metavar="K", help="Longest reply in tokens; else as at inference."),
    ] = None,
    at_once: Annotated[
        int, typer.Option(min=1, metavar="K", help="Inputs that are asked about side by side.")
    ] = 64,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Ask a judge about held-out inputs; accuracies with intervals, also by domain.

    Intervals are 95 %, by a bootstrap over problems. A served judge's replies are kept in a
    journal: the same command goes on where a killed one was.
    """
    with exit_codes():
        asking = _Asking(
            run=run,
            record=read_record(run),
            given=inputs,
            output=output or run / EVALUATION,
            n=n,
            sampling=_sampling(temperature, max_reply),
            seed=seed,
        )
        if sum((judge is not None, replies is not None, scored)) > 1:
            raise BadInput("--judge", "give one of --judge, --replies and --scored")
        _demand_ours(output)
        if n > 1 and (scored or temperature == 0):
            raise BadInput("--n", f"is {n}, and all replies to an input would be the same")
        if replies is not None:
            found = asking.measure(replies, judge=str(replies), how="given", settings={})
        elif judge is not None:
            found = asking.served(judge, server, spending, at_once)
        else:
            found = asking.local(scored)
        found.write(asking.output)
        if json:
            shown = asdict(found)
            del shown["parts"]
            print_json(shown)
        else:
            _print(found, asking.output)


def _sampling(temperature: float | None, max_reply: int | None) -> Sampling:
    sampling = JUDGE_SAMPLING
    if temperature is not None:
        sampling = replace(sampling, temperature=temperature)
    return sampling if max_reply is None else replace(sampling, max_tokens=max_reply)


def _demand_ours(output: Path | None) -> None:
    """A file of another kind, as a run has many, is not written over."""
    if output is None or output.name == EVALUATION or not output.exists():
        return
    try:
        read_evaluation(output)
    except FormatError as error:
        raise BadInput(
            "--output", f"{output} is there and is no evaluation; name another file"
        ) from error


@dataclass(frozen=True, kw_only=True)
class _Asking:
    """One call of the command."""

    run: Path
    record: RunRecord | None
    given: Path | None
    output: Path
    n: int
    sampling: Sampling
    seed: int

    @property
    def inputs(self) -> Path:
        """The held-out judge inputs."""
        if self.given is not None:
            return self.given
        if self.record is None:
            raise BadInput("--inputs", f"{self.run} is no run that would name them; give the file")
        data = self.record.recipe.data
        return Path(data.folder) / (data.held_out or "held_out.jsonl")

    @property
    def replies(self) -> Path:
        """Where what was said goes."""
        return self.output.with_name(f"{self.inputs.stem}.replies.jsonl")

    def served(self, judge: str, server: Server, spending: Spending, at_once: int) -> Evaluation:
        backend = server.backend(judge)
        unseen = self._unseen()
        self.output.parent.mkdir(parents=True, exist_ok=True)
        kept = replace(spending, journal=spending.journal or self.output.parent / JOURNAL)
        counter = CallCounter(live=False)
        with counter, Reporter(self.inputs.stem) as reporter:
            asked = ask(
                self.inputs,
                backend,
                self.replies,
                calls=kept.calls(judge, on_event=counter.heard),
                n=self.n,
                sampling=self.sampling,
                at_once=at_once,
                on_input=reporter.done,
            )
        settings = {"n": self.n, "sampling": asdict(self.sampling), "usage": asdict(asked.usage)}
        return self.measure(
            self.replies,
            judge=backend.name,
            how="served",
            unseen=unseen,
            settings=settings,
            stopped_by=asked.stopped_by,
        )

    def local(self, scored: bool) -> Evaluation:
        if self.record is None:
            raise BadInput(
                "RUN", f"{self.run} is not the folder of a run; name a judge with --judge"
            )
        for package in ("torch", "transformers", "peft"):
            if find_spec(package) is None:
                raise MissingPackage(
                    package, "pip install 'bestofn-training[train]'", "asking an adapter here"
                )
        total = check_rows(self.inputs, JudgeInput)
        unseen = self._unseen()
        room: Any = import_module("bestofn_training.evaluate.local")
        way: How = "scored" if scored else "written"
        import_module("transformers.utils.logging").disable_progress_bar()  # there is one here
        with Reporter(self.inputs.stem) as reporter:
            room.answer(
                room.LocalJudge.load(self.run, self.record.recipe),
                self.inputs,
                self.replies,
                way=way,
                n=self.n,
                sampling=self.sampling,
                seed=self.seed,
                on_input=lambda done: reporter.done(done, total),
            )
        settings = {} if scored else {"n": self.n, "sampling": asdict(self.sampling)}
        return self.measure(
            self.replies, judge=str(self.run), how=way, unseen=unseen, settings=settings
        )

    def _unseen(self) -> bool:
        """Look before anybody is asked: what was trained on is not worth a call."""
        return self._check({row.problem_id for _, row in read_rows(self.inputs, JudgeInput)})

    def _check(self, problems: set[str]) -> bool:
        return self.record is not None and check_unseen(self.record, problems)

    def measure(
        self,
        replies: Path,
        *,
        judge: str,
        how: How,
        settings: dict[str, Any],
        unseen: bool | None = None,
        stopped_by: str | None = None,
    ) -> Evaluation:
        """Read the replies and take the measures."""
        rows = list(read_answers(replies))
        if unseen is None:
            unseen = self._check({row.problem_id for row in rows})
        return evaluation_of(
            rows,
            judge=judge,
            how=how,
            inputs=str(replies if how == "given" else self.inputs),
            unseen=unseen,
            settings=settings,
            stopped_by=stopped_by,
            updates=self.record.recipe.lower_updates if self.record else None,
            seed=self.seed,
        )


def _print(found: Evaluation, path: Path) -> None:
    console = stdout()
    whole = new_table(
        f"held-out measures of {found.judge}", ("measure",), ("share", "95 %", "problems")
    )
    for name, what in MEASURES.items():
        whole.add_row(what, *_share(found.whole.measures.get(name)))
    console.print(whole)
    parts = new_table(
        "pairwise accuracy by domain", ("domain",), ("share", "95 %", "problems", "inputs")
    )
    for name, group in found.domains.items():
        parts.add_row(name, *_share(group.measures.get("accuracy")), str(group.inputs))
    console.print(parts)
    console.print(
        "intervals: 95 %, bootstrap over problems; a reply without a readable verdict counts as "
        "wrong; consistent: right in both orders; contradictions: of sets with two verdicts"
    )
    if found.how == "scored":
        console.print("verdicts were scored, not written: there are no format errors to count")
    if not found.unseen:
        console.print(
            "whether these problems were in the training data was not checked: the files of the "
            "run are not there, or are others by now"
        )
    if found.whole.unanswered:
        console.print(f"{found.whole.unanswered} input(s) without an answer are left out")
    if found.stopped_by:
        console.print(
            f"the limit on {found.stopped_by} ended it early; raise it and repeat the command to "
            "go on"
        )
    console.print(f"written: {path}")


def _share(estimate: Estimate | None) -> tuple[str, str, str]:
    """Mean, interval and problems of a share."""
    if estimate is None:
        return "-", "", ""
    span = f"{estimate.low:.3f}-{estimate.high:.3f}"
    return f"{estimate.mean:.3f}", span, str(estimate.problems)
