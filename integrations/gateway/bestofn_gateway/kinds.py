"""The two forms of an OpenAI completion: chat, and text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bestofn import InvalidInput, Problem
from bestofn.conversations import problem_of

from .errors import invalid

Route = Literal["chat", "completions"]


@dataclass(frozen=True)
class Kind:
    """A form of request.

    Attributes:
        route: Short name.
        path: Below the upstream's base URL.
        chunk: The ``object`` of a piece of a stream.
    """

    route: Route
    path: str
    chunk: str

    def problem(self, body: Mapping[str, Any]) -> Problem:
        """What is asked.

        Raises:
            GatewayError: 400, naming the field.
        """
        if self.route == "completions":
            prompt = body.get("prompt")
            if not isinstance(prompt, str) or not prompt.strip():
                raise invalid("prompt", "prompt: must be one text to choose among its completions.")
            return problem_of([{"role": "user", "content": encodable(prompt)}])
        messages = body.get("messages")
        if not isinstance(messages, list) or not messages:
            raise invalid("messages", "messages: must be a list of at least one message.")
        tools = body.get("tools") or body.get("functions") or ()
        if not isinstance(tools, list | tuple):
            raise invalid("tools", "tools: must be a list.")
        form = body.get("response_format")
        if form is not None and not isinstance(form, dict):
            raise invalid("response_format", "response_format: must be an object.")
        try:
            problem = problem_of(messages, tools=tools, response_format=form)
        except InvalidInput as error:
            raise invalid(error.field, f"{error.field}: {error.message}") from error
        return Problem(id=problem.id, statement=encodable(problem.statement))

    def message(self, choice: Any) -> Mapping[str, Any] | None:
        """The assistant's message in a choice; None when there is none."""
        if not isinstance(choice, dict):
            return None
        if self.route == "completions":
            text = choice.get("text")
            return {"role": "assistant", "content": text} if isinstance(text, str) else None
        message = choice.get("message")
        return message if isinstance(message, dict) else None


CHAT = Kind("chat", "/chat/completions", "chat.completion.chunk")
COMPLETIONS = Kind("completions", "/completions", "text_completion")


def encodable(text: str) -> str:
    """The text with lone surrogates, which JSON can name and UTF-8 cannot hold, replaced."""
    return text if text.isascii() else text.encode(errors="replace").decode()
