"""Sampling candidates from a chat model."""

from __future__ import annotations

from pathlib import Path

from ..backends.base import Backend
from ..chat import ChatRequest, Reply, Sampling
from ..errors import InvalidInput
from ..run import Run
from ..types import Candidate, Problem
from .asking import builtin_template, load_template, task_of
from .extract import extract_code


class ChatPolicy:
    """Asks a chat model for programs: one request for all samples of a problem.

    Args:
        backend: Who is asked.
        sampling: How replies are drawn; the defaults are those of the DaJ paper, appendix B. A
            ``seed`` is passed on as it is; without one the server's own randomness decides.
        template: A Jinja2 file in place of the shipped prompts, for every kind of task; see
            :class:`~bestofn.policies.asking.SamplingTemplate` for what it may use.
        language: What programs are written in, as it is written behind a fence.

    Raises:
        InvalidInput: an argument cannot be used; a template's error names the file.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        sampling: Sampling | None = None,
        template: str | Path | None = None,
        language: str = "python",
    ) -> None:
        if isinstance(backend, type) or not isinstance(backend, Backend):
            raise InvalidInput("backend", "must be an object with name, identity and session")
        if not language.strip() or "`" in language or len(language.split()) != 1:
            raise InvalidInput("language", f"must be one word, as behind a fence, got {language!r}")
        self._backend = backend
        self._sampling = sampling or Sampling()
        self._template = load_template(template) if template is not None else None
        self._language = language

    @property
    def name(self) -> str:
        """The backend's name."""
        return self._backend.name

    def prompt(self, problem: Problem) -> str:
        """What the model is told."""
        template = self._template or builtin_template(task_of(problem))
        return template.prompt(problem, language=self._language)

    async def sample(self, problem: Problem, n: int, run: Run) -> list[Candidate]:
        """Draw ``n`` candidates with the ids ``"0"`` to ``"n-1"``; fewer if the budget ends.

        A draw that failed is a candidate without code; ``metadata["status"]`` and
        ``metadata["error"]`` say why. ``metadata["reasoning"]`` holds thinking that the server
        hands over apart.

        Raises:
            InvalidInput: ``n`` is not a number above 0.
            BackendError: the model cannot be asked at all.
        """
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise InvalidInput("n", f"must be a whole number above 0, got {n!r}")
        request = ChatRequest.ask(self.prompt(problem), sampling=self._sampling)
        replies = await run.calls.ask(
            self._backend, request, n=n, purpose="sample", label={"problem": problem.id}
        )
        return [self._candidate(problem, str(i), reply) for i, reply in enumerate(replies)]

    def _candidate(self, problem: Problem, id: str, reply: Reply) -> Candidate:
        code = ""
        if reply.usable:
            code = extract_code(
                reply.text,
                starter_code=problem.starter_code,
                entry_point=problem.entry_point,
                language=self._language,
            )
        return Candidate(
            id=id,
            code=code,
            text=reply.text,
            usage=reply.usage,
            metadata={
                "status": reply.status,
                "error": reply.error,
                "finish_reason": reply.finish_reason,
                "model": reply.model,
                "reasoning": reply.reasoning,
                "recorded": reply.recorded,
                "seconds": reply.seconds,
            },
        )
