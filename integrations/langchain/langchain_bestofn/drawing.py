"""From a conversation to the best of n answers: drawing, then choosing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import RunnableConfig

from bestofn import Calls, Candidate, ChatRequest, InvalidInput, Message
from bestofn.conversations import candidate_of

from .backend import LEFT_ALONE
from .choosing import Candidates, Chooser
from .messages import answer_form, conversation, request_form
from .models import Model
from .report import report_of, usage_of_all, with_report
from .sampling import Drawn, Sample, Samples, draw_samples
from .tracing import Judgments, quiet


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a best-of-n model is made of.

    Attributes:
        source: Who answers.
        n: How often.
        chooser: Who chooses.
    """

    source: Model
    n: int
    chooser: Chooser


async def best_answer(
    settings: Settings,
    messages: Sequence[BaseMessage],
    kwargs: Mapping[str, Any],
    *,
    config: RunnableConfig,
    asynchronous: bool,
) -> AIMessage:
    """The best of n answers to a conversation.

    Args:
        settings: Who answers how often, and who chooses.
        messages: The conversation.
        kwargs: What the model is called with besides.
        config: Of the run to which samples and judgments belong.
        asynchronous: Whether models may be asked by their async methods.

    Raises:
        BackendError: no sample could be drawn, or the judge can never be asked.
        InvalidInput: the conversation is empty.
    """
    chooser = settings.chooser
    source = replace(settings.source, bound={**settings.source.bound, **kwargs})
    if not asynchronous:
        source = source.threaded(settings.n)

    async def draw(number: int, count: int) -> Drawn:
        run = quiet(config, f"sample {number}", bestofn_sample=number)
        answer = await source.seeded(number).drawing(count).ask(messages, config=run)
        return Drawn(messages=answer.messages, usage=answer.usage)

    judgments = Judgments()
    async with chooser.calls(judgments) as calls:
        samples = await draw_samples(
            calls,
            request_of(messages),
            draw,
            n=settings.n,
            name=source.name,
            identity=source.identity,
            at_once=source.draws,
        )
        choice = Choice(chooser, calls, judgments, config, asynchronous)
        _, message = await choice.of(samples, messages, source.bound, model_name=source.name)
    return message


@dataclass(frozen=True)
class Choice:
    """One choice under way.

    Attributes:
        chooser: Who chooses.
        calls: The open gate.
        judgments: Its listener.
        config: Of the run to which the choice belongs.
        asynchronous: Whether models may be asked by their async methods.
    """

    chooser: Chooser
    calls: Calls
    judgments: Judgments
    config: RunnableConfig
    asynchronous: bool

    async def of(
        self,
        samples: Samples,
        messages: Sequence[BaseMessage],
        kwargs: Mapping[str, Any],
        *,
        model_name: str,
    ) -> tuple[Sample, AIMessage]:
        """The best sample, and its message with the word of how it was chosen.

        Args:
            samples: At least one of them good.
            messages: What was said before.
            kwargs: What the model was called with besides.
            model_name: Provider and model that answered.
        """
        candidates = candidates_of(samples.good, self.chooser.candidates)
        selection = await self.chooser.choose(
            conversation(messages, kwargs, kind=candidates[0].kind),
            candidates,
            calls=self.calls,
            judgments=self.judgments,
            config=self.config,
            asynchronous=self.asynchronous,
        )
        chosen = next(sample for sample in samples.good if sample.id == selection.best.id)
        assert chosen.message is not None
        message = with_report(
            chosen.message,
            report_of(selection, samples, self.calls),
            usage_of_all(samples, self.calls),
            f"best-of-{samples.wanted}/{model_name}",
        )
        return chosen, message


def candidates_of(samples: Sequence[Sample], kind: Candidates) -> list[Candidate]:
    """Samples as candidates.

    Where programs are wanted, a turn may still be a call of tools, or words alone: if any sample
    calls tools, or none holds a program, all are answers.
    """
    spoken = [(sample, sample.message) for sample in samples if sample.message is not None]

    def made(kind: Candidates) -> list[Candidate]:
        return [
            candidate_of(answer_form(message), id=sample.id, kind=kind, usage=sample.reply.usage)
            for sample, message in spoken
        ]

    if kind == "program" and not any(message.tool_calls for _, message in spoken):
        programs = made("program")
        if any(program.code.strip() for program in programs):
            return programs
    return made("answer")


def request_of(messages: Sequence[BaseMessage]) -> ChatRequest:
    """A conversation as a request of bestofn: the last words to read, all of it as its key.

    Raises:
        InvalidInput: there is no message.
    """
    if not messages:
        raise InvalidInput("messages", "must be at least one message")
    return ChatRequest(
        messages=(Message(role="user", content=str(messages[-1].text)),),
        sampling=replace(LEFT_ALONE, extra={"messages": request_form(messages)}),
    )
