"""The chat model that answers with the best of n answers of another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from langchain_core.language_models import BaseChatModel, LanguageModelInput, ModelProfile
from langchain_core.language_models.base import LangSmithParams
from langchain_core.messages import LC_ID_PREFIX, AIMessage, BaseMessage
from langchain_core.runnables import Runnable, RunnableBinding
from langchain_core.tools import BaseTool
from pydantic import BaseModel, ConfigDict, Field, SkipValidation, model_validator

from bestofn import Budget, Price

from .binding import named_model, rebound, structured
from .choosing import Candidates, Chooser, JudgeLike
from .drawing import Settings, best_answer
from .models import BEST_OF_N, Model, talking
from .streaming import ChoosingChatModel
from .tracing import LLMRun, below, within


class BestOfNChatModel(ChoosingChatModel):
    """Answers with the best of ``n`` answers of a chat model.

    ::

        model = BestOfNChatModel(model=ChatOpenAI(model="gpt-5-mini"), n=8)
        answer = model.invoke("Why is the sky blue?")
        answer.response_metadata["bestofn"]  # ranking, comparisons, failures, cost

    A drop-in chat model: it binds tools, gives structured output, batches, and streams the
    chosen answer once it is chosen. Samples are drawn side by side; those that fail are left out
    and named. Each sample and each judgment is a run below this model's own, tagged
    ``nostream``, so that LangGraph streams the chosen answer alone.

    A call costs ``n`` samples and what the judge asks: by default 8 comparisons and at most as
    many repeated ones, by the same model, and none where all samples agree. ``budget`` caps
    both together, for each call. What was paid is the message's ``usage_metadata``.

    Attributes:
        model: A chat model, one with arguments bound to it, or its name as for
            ``init_chat_model`` (``"openai:gpt-5-mini"``; needs ``langchain``), in which case
            further arguments are that function's. It is used without its cache, which would make
            all samples one, and a fixed seed is counted up from sample to sample. One that draws
            several answers to a request itself (``ChatOpenAI(n=4)``) is asked that much less.
        n: How many answers to draw.
        judge: Who chooses. None: the same model compares the answers. Another chat model, a
            judge of bestofn, or a name: ``"self-consistency"`` (the answer given most often, for
            free), ``"openai/gpt-5"``; with ``candidates="program"`` also ``"consensus"``, which
            runs the programs and compares what they do.
        candidates: ``"answer"`` judges words and tool calls. ``"program"`` judges the code in
            the answers and **runs it in bestofn's sandbox**; answers without code are dropped,
            and turns that call tools are judged as answers.
        seed: Repeats the choice's own randomness.
        budget: Of each call, sampling and judging together.
        journal: SQLite file that keeps every paid reply. The same call is answered from it at no
            cost, and an interrupted one goes on where it was.
        prices: Dollars per million tokens by model, where ``budget`` counts dollars and list
            prices do not know it.
        temperature, max_tokens, stop: Of every sample, when given; the judge keeps its own.

    Raises:
        BackendError: when called: no sample could be drawn; its cause is the first error.
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True, extra="forbid", hide_input_in_errors=True
    )

    model: Annotated[BaseChatModel | RunnableBinding[Any, Any] | str, SkipValidation] = Field(
        exclude=True, repr=False
    )
    n: int = Field(default=8, ge=1)
    judge: Annotated[JudgeLike | None, SkipValidation] = Field(
        default=None, exclude=True, repr=False
    )
    candidates: Candidates = "answer"
    seed: int = 0
    budget: Budget = Budget()
    journal: str | Path | None = None
    prices: Mapping[str, Price] = Field(default_factory=dict)
    temperature: float | None = None
    max_tokens: int | None = None
    stop: list[str] | None = None

    @model_validator(mode="before")
    @classmethod
    def _make_named_model(cls, values: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(values.get("model"), str):
            return values
        own = {name: value for name, value in values.items() if name in cls.model_fields}
        rest = {name: value for name, value in values.items() if name not in own}
        return {**own, "model": named_model(values["model"], rest)}

    @model_validator(mode="after")
    def _check(self) -> BestOfNChatModel:
        self._settings()  # says what is wrong with them
        return self

    def _settings(self) -> Settings:
        # Made anew for each call: copies and assigned attributes count from then on.
        settings = {"temperature": self.temperature, "max_tokens": self.max_tokens}
        given = {name: value for name, value in settings.items() if value is not None}
        source, unknown = Model.of(self.model).set(given)
        source = replace(source, bound={**source.bound, **{it: given[it] for it in unknown}})
        return Settings(
            source=source,
            n=self.n,
            chooser=Chooser(
                judge=talking(self.model) if self.judge is None else self.judge,
                candidates=self.candidates,
                seed=self.seed,
                budget=self.budget,
                journal=self.journal,
                prices=self.prices,
            ),
        )

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        # By name: what a model shows of itself, also to tracers, may hold headers with keys.
        return [("model", Model.of(self.model).name), *super().__repr_args__()]

    @property
    def model_name(self) -> str:
        """The inner model's own name; agents look up by it what a model can do."""
        return self._settings().source.name.partition("/")[2]

    @property
    def _llm_type(self) -> str:
        return BEST_OF_N

    @property
    def _identifying_params(self) -> dict[str, Any]:
        settings = self._settings()
        return {
            "model": settings.source.identity,
            "n": self.n,
            "choice": settings.chooser.identity,
            **self._sent(None, {}),
        }

    def _resolve_model_profile(self) -> ModelProfile | None:
        return Model.of(self.model).chat.profile

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        sent = self._sent(stop, kwargs)
        source = self._settings().source
        params = source.chat._get_ls_params(**{**source.bound, **sent})
        # Tracers price runs by provider and model: the samples below are priced, not their sum.
        params["ls_provider"] = "bestofn"
        params.setdefault("ls_model_name", self.model_name)
        return params

    def get_token_ids(self, text: str) -> list[int]:
        """The inner model's tokens."""
        return self._settings().source.chat.get_token_ids(text)

    def get_num_tokens_from_messages(
        self, messages: list[BaseMessage], tools: Sequence[Any] | None = None
    ) -> int:
        """The inner model's count of tokens."""
        return self._settings().source.chat.get_num_tokens_from_messages(messages, tools)

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind tools in the form that the inner model's provider wants.

        Raises:
            NotImplementedError: the inner model takes no tools.
        """
        chat = self._settings().source.chat
        given = kwargs if tool_choice is None else {**kwargs, "tool_choice": tool_choice}
        return rebound(self, chat, chat.bind_tools(tools, **given))

    def with_structured_output(
        self,
        schema: dict[str, Any] | type,
        *,
        include_raw: bool = False,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, dict[str, Any] | BaseModel]:
        """Answers of a given form, asked for and read as the inner model does it.

        Samples that do not have the form count like others unless the model itself fails on
        them.

        Raises:
            NotImplementedError: the inner model offers no such thing, or does it in a way that
                cannot be carried over.
        """
        chat = self._settings().source.chat
        return structured(self, chat, schema, include_raw=include_raw, **kwargs)

    async def _choose(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        run: LLMRun | None,
        kwargs: Mapping[str, Any],
        *,
        asynchronous: bool = True,
    ) -> AIMessage:
        config = below(run)
        message = await within(
            config,
            best_answer(
                self._settings(),
                messages,
                self._sent(stop, kwargs),
                config=config,
                asynchronous=asynchronous,
            ),
        )
        if message.id is None and run is not None:  # pieces and whole must bear the same
            message = message.model_copy(update={"id": f"{LC_ID_PREFIX}-{run.run_id}"})
        return message

    def _sent(self, stop: list[str] | None, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """What the inner model is called with, beside the messages and what is bound to it."""
        given = {name: value for name, value in kwargs.items() if name != "stream"}
        stops = stop or self.stop
        return {**given, "stop": stops} if stops else given
