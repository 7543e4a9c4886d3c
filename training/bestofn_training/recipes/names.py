"""The recipes that come with the package, by name: ``dpo-domain``, ``cpu/dpo-domain``."""

from __future__ import annotations

from pathlib import Path

from ..errors import BadRecipe

FOLDER = Path(__file__).with_name("shipped")
"""A TOML file for each row of the paper's table 4, and in ``cpu`` a twin of each for the CPU."""


def shipped_names() -> list[str]:
    """All names, those of the paper's settings first."""
    files = [*sorted(FOLDER.glob("*.toml")), *sorted(FOLDER.glob("cpu/*.toml"))]
    return [file.relative_to(FOLDER).with_suffix("").as_posix() for file in files]


def recipe_file(name: str | Path) -> Path:
    """The file that is meant: a file's path, or the name of a recipe that comes with the package.

    A file that exists is taken, whatever its name; a folder is not (runs have such names too).

    Raises:
        BadRecipe: it is neither; lists the names.
    """
    path = Path(name)
    if path.exists() and not path.is_dir():
        return path
    names = shipped_names()
    if path.as_posix() in names:
        return FOLDER / f"{path.as_posix()}.toml"
    large = [one for one in names if "/" not in one]
    raise BadRecipe(
        str(path),
        f"there is no such file, and no recipe of that name; there are {', '.join(large)}, and "
        "for the CPU cpu/dpo-domain and so on",
    )
