"""Best of n for every model call of an agent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import anyio
from anyio import to_thread
from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableBinding, ensure_config
from langgraph.errors import GraphBubbleUp

from bestofn import Budget, InvalidInput, Price

from .blocking import blocking
from .choosing import Candidates, Chooser, JudgeLike
from .drawing import Choice, request_of
from .models import Model, talking
from .sampling import Drawn, Sample, draw_samples
from .tracing import Judgments, quiet, within

Response = ModelResponse[Any]
"""What a model call of an agent brings: a message, or more where it has a given form."""


class BestOfNMiddleware(AgentMiddleware[AgentState[Any], Any, Any]):
    """Lets an agent's model answer ``n`` times at every step and goes on with the best answer.

    ::

        agent = create_agent(model, tools, middleware=[BestOfNMiddleware(n=4)])

    Answers, tool calls and code are judged in the light of the conversation and of the tools on
    offer; equal tool calls count as one answer given several times. The chosen message says in
    ``response_metadata["bestofn"]`` how it was chosen. Answers that were not chosen leave no
    trace in the agent's state. Middleware that stands before this one in the list sees one call;
    what stands after it works on every sample: retries and fallbacks belong there, and what
    interrupts to ask a human does not, for it would ask about each sample.

    A step costs ``n`` samples and what the judge asks: by default 8 comparisons and at most as
    many repeated ones, by the agent's model, and none where all samples agree.

    Args:
        n: How many answers to draw at each step.
        judge: Who chooses. None: the agent's own model compares. Another chat model, a judge of
            bestofn, or the name of one (``"self-consistency"`` is free and fits tool calls).
        candidates: ``"answer"`` judges words and tool calls. ``"program"`` judges the code in
            answers and **runs it in bestofn's sandbox**; steps that call tools are judged as
            answers.
        seed: Repeats the choice's own randomness.
        budget: Of each step, sampling and judging together.
        prices: Dollars per million tokens by model, where ``budget`` counts dollars.

    Raises:
        InvalidInput: an argument cannot be used; the error names it.
        BackendError: at a step: no sample could be drawn; its cause is the first error.
    """

    def __init__(
        self,
        *,
        n: int = 8,
        judge: JudgeLike | None = None,
        candidates: Candidates = "answer",
        seed: int = 0,
        budget: Budget = Budget(),  # noqa: B008 - frozen
        prices: Mapping[str, Price] | None = None,
    ) -> None:
        super().__init__()
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise InvalidInput("n", f"must be a whole number of at least 1, got {n!r}")
        self._n = n
        self._judge = judge
        self._chooser = partial(
            Chooser, candidates=candidates, seed=seed, budget=budget, prices=prices or {}
        )
        self._chooser(judge="first" if judge is None else judge)  # says what is wrong with it

    def wrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Response],
    ) -> Response:
        """Answer ``n`` times, side by side in threads, and choose."""

        async def call(sample: ModelRequest[Any], limiter: anyio.CapacityLimiter) -> Response:
            # The thread works in a copy of this context, and so below the right run.
            return await to_thread.run_sync(handler, sample, limiter=limiter)

        async def choose() -> Response:
            limiter = anyio.CapacityLimiter(self._n)
            return await self._best(
                request, lambda sample: call(sample, limiter), asynchronous=False
            )

        result: Response = blocking(choose)
        return result

    async def awrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[Response]],
    ) -> Response:
        """Answer ``n`` times, side by side, and choose."""
        return await self._best(request, handler, asynchronous=True)

    async def _best(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[Response]],
        *,
        asynchronous: bool,
    ) -> Response:
        source = Model.of(request.model)
        chooser = self._chooser(
            judge=talking(request.model) if self._judge is None else self._judge
        )
        said = [*([request.system_message] if request.system_message else []), *request.messages]
        config = ensure_config()

        async def draw(number: int, _: int) -> Drawn:
            sample = request.override(model=_sampled(request.model, number))
            run = quiet(config, f"sample {number}", bestofn_sample=number)
            response = await within(run, _called(handler, sample))
            message = _spoken(response)
            return Drawn(messages=(message,), usage=message.usage_metadata, value=response)

        judgments = Judgments()
        async with chooser.calls(judgments) as calls:
            samples = await draw_samples(
                calls,
                request_of(said),
                draw,
                n=self._n,
                name=source.name,
                identity=source.identity,
                fatal=(GraphBubbleUp,),
            )
            offered = {"tools": request.tools, "response_format": _form(request.response_format)}
            choice = Choice(chooser, calls, judgments, config, asynchronous)
            chosen, message = await choice.of(samples, said, offered, model_name=source.name)
        return _with_message(chosen, message)


async def _called(
    handler: Callable[[ModelRequest[Any]], Awaitable[Response]], request: ModelRequest[Any]
) -> Response:
    return await handler(request)


def _spoken(response: Response) -> AIMessage:
    for message in response.result:
        if isinstance(message, AIMessage):
            return message
    raise ValueError("the model's response holds no message of an assistant")


def _sampled(model: object, number: int) -> Any:
    """The agent's model as it is asked for one sample: no cache, no stream, a seed of its own."""
    sampled = Model.of(model).seeded(number).drawing(1)
    if not isinstance(model, RunnableBinding):
        return sampled.chat
    return RunnableBinding(bound=sampled.chat, kwargs=sampled.bound, config=sampled.config)


def _form(wanted: Any) -> Any:
    """The form of answers that an agent was given, by its schema."""
    return getattr(wanted, "schema", wanted)


def _with_message(chosen: Sample, message: AIMessage) -> Response:
    response: Response = chosen.value
    result = [message if said is chosen.message else said for said in response.result]
    return ModelResponse(result=result, structured_response=response.structured_response)
