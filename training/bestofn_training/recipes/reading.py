"""Recipes from TOML; every complaint names the file and the key."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ..errors import BadRecipe
from .names import recipe_file
from .schema import Recipe

_TAGGED = ("loss", "weights")
"""Sections of several kinds; pydantic puts the kind into the path of a complaint."""


def read_recipe(path: str | Path, changes: Iterable[str] = ()) -> Recipe:
    """A recipe from a file.

    Args:
        path: A TOML file, or the name of a recipe that comes with the package.
        changes: ``section.key=value`` each, which take the place of what the file says. Values
            are TOML; what is not is taken as text.

    Raises:
        BadRecipe: naming file and key.
    """
    path = recipe_file(path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadRecipe(str(path), f"cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRecipe(str(path), f"is not TOML: {error}") from error
    return parse_recipe(data, changes, name=str(path))


def parse_recipe(
    data: Mapping[str, Any], changes: Iterable[str] = (), *, name: str = "recipe"
) -> Recipe:
    """A recipe from what a file holds.

    Raises:
        BadRecipe: naming ``name`` and the key.
    """
    changed = _copied(data)
    for change in changes:
        _apply(changed, change)
    try:
        return Recipe.model_validate(changed)
    except ValidationError as error:
        key, reason = _complaint(error, changed)
        raise BadRecipe(f"{name}: {key}" if key else name, reason) from error


def as_record(recipe: Recipe) -> dict[str, Any]:
    """All settings as plain data, what :func:`parse_recipe` takes."""
    return recipe.model_dump(mode="python", exclude_none=True)


def _copied(data: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _copied(v) if isinstance(v, Mapping) else v for k, v in data.items()}


def _apply(data: dict[str, Any], change: str) -> None:
    key, equals, text = change.partition("=")
    *sections, last = key.strip().split(".")
    if not equals or not last:
        raise BadRecipe("--set", f"{change!r} must look like lower.rate=1e-5")
    here = data
    for section in sections:
        inner = here.setdefault(section, {})
        if not isinstance(inner, dict):
            raise BadRecipe("--set", f"{change!r}: {section} is no section")
        here = inner
    here[last] = _value(text.strip())


def _value(text: str) -> Any:
    try:
        found = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return found["value"]


def _complaint(error: ValidationError, data: Mapping[str, Any]) -> tuple[str, str]:
    """The key at fault and what is wrong, of the first error; typing mistakes come first."""
    errors = error.errors(include_url=False)
    first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
    loc = [str(part) for part in first["loc"]]
    kind = ""
    if len(loc) > 1 and loc[0] in _TAGGED and loc[1] == data.get(loc[0], {}).get("kind"):
        kind = loc.pop(1)
    key = ".".join(loc)
    if first["type"] == "extra_forbidden":
        return key, f"is not a key of a recipe{_near(loc, kind)}"
    if first["type"] == "missing":
        return key, "is missing"
    if first["type"].startswith("union_tag"):
        return f"{key}.kind", f"must be one of: {first['ctx'].get('expected_tags', 'see README')}"
    message = first["msg"].removeprefix("Value error, ")
    return key, message[:1].lower() + message[1:]


def _near(loc: list[str], kind: str) -> str:
    here: Any = Recipe
    for part in loc[:-1]:
        here = _part(here, part, kind)
    if here is None:
        return ""
    names = list(here.model_fields)
    near = difflib.get_close_matches(loc[-1], names, n=1)
    known = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(names)}"
    return f"; {known}"


def _part(here: Any, name: str, kind: str) -> type[BaseModel] | None:
    """The model of a section, of the given kind where there are several."""
    if here is None or name not in here.model_fields:
        return None
    hint = here.model_fields[name].annotation
    options = [hint, *getattr(hint, "__args__", ())]
    models = [o for o in options if isinstance(o, type) and issubclass(o, BaseModel)]
    for model in models:
        tags = getattr(model.model_fields.get("kind"), "annotation", None)
        if not kind or kind in getattr(tags, "__args__", ()):
            return model
    return None
