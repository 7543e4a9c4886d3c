"""Recipes: what a training run is, as a file; and a look at its data before anything is loaded."""

from .files import FileReport, check_files, held_out_of
from .names import recipe_file, shipped_names
from .reading import as_record, parse_recipe, read_recipe
from .schema import TINY, Recipe

__all__ = [
    "TINY",
    "FileReport",
    "Recipe",
    "as_record",
    "check_files",
    "held_out_of",
    "parse_recipe",
    "read_recipe",
    "recipe_file",
    "shipped_names",
]
