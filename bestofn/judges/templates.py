"""The judge's prompt as a template: the one that is shipped, or a user's own file.

Templates are Jinja2, rendered in a sandbox; a name that does not exist is an error. They may use:

- ``title``, ``platform``, ``difficulty``, ``language``: one line each, empty when unknown,
- ``statement``, ``starter_code``, ``tests``, ``findings``: parts of foreign text with their
  delimiting lines; None when there is none, which ``{% if %}`` takes for false,
- ``tests_left_out``: how many public tests are not in ``tests``,
- ``solutions``: likewise, one a candidate, each with ``index`` (from 1), ``left_out`` (characters
  missing from its middle) and ``language``,
- ``count``: how many candidates there are,
- ``problem_code`` and ``code``: what the delimiting lines of the task and of the rest hold.

Written as ``{{ solution }}`` a part carries its delimiting lines; ``{{ solution.body }}`` is the
text without them, still with control sequences made harmless.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FormatError

if TYPE_CHECKING:
    from jinja2 import Template as Compiled

PROGRAMS = "judge.jinja2"
"""The shipped template for programs: five steps as in the DaJ paper, appendix D, in words of our
own."""

ANSWERS = "answers.jinja2"
"""The shipped template for an assistant's next turn: words, tool calls or both."""

_VERSION = re.compile(r"\{#-?\s*version:\s*(\S{1,40})\s*-?#\}")


@dataclass(frozen=True, kw_only=True)
class PromptTemplate:
    """A template that has been read and compiled.

    Attributes:
        name: File name, for records.
        version: From a first line ``{# version: … #}``; empty when it has none.
        sha256: Of the file's bytes.
        path: Where it lies, for errors.
    """

    name: str
    version: str
    sha256: str
    path: str
    _compiled: Compiled = field(repr=False, compare=False)

    @property
    def record(self) -> Mapping[str, str]:
        """What is written down beside every call."""
        return {"name": self.name, "version": self.version, "sha256": self.sha256}

    def render(self, values: Mapping[str, Any]) -> str:
        """The prompt.

        Raises:
            FormatError: the template uses a name that does not exist, or does not come to an end.
        """
        try:
            return self._compiled.render(values).strip() + "\n"
        except Exception as error:  # whatever the user's own words did wrong
            raise FormatError(self.path, f"cannot be rendered: {error}") from error


@cache
def builtin_template(name: str = PROGRAMS) -> PromptTemplate:
    """A template that comes with the package: :data:`PROGRAMS` or :data:`ANSWERS`."""
    source = resources.files(__package__).joinpath("prompts", name)
    return _compile(source.read_bytes(), name, f"prompts/{name}")


def load_template(path: str | Path) -> PromptTemplate:
    """A user's own template.

    Raises:
        FormatError: naming the file: it cannot be read, is not text, or not a template.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise FormatError(path, f"cannot be read: {error.strerror or error}") from error
    return _compile(data, Path(path).name, str(path))


def _compile(data: bytes, name: str, path: str) -> PromptTemplate:
    from jinja2 import StrictUndefined, TemplateSyntaxError  # as slow to import as all the rest
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # Without a loader a template cannot include others: its digest says everything about it.
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,  # a prompt is text for a model, not HTML
        trim_blocks=True,
        lstrip_blocks=True,
    )
    try:
        source = data.decode("utf-8")
        compiled = environment.from_string(source)
    except UnicodeDecodeError as error:
        raise FormatError(path, f"is not UTF-8 text: {error}") from error
    except TemplateSyntaxError as error:
        raise FormatError(
            path, f"is not a Jinja2 template: {error.message}", row=error.lineno
        ) from error
    version = _VERSION.match(source)
    return PromptTemplate(
        name=name,
        version=version[1] if version else "",
        sha256=hashlib.sha256(data).hexdigest(),
        path=path,
        _compiled=compiled,
    )
