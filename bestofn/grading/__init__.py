"""What a test means: running a candidate on tests and comparing outside its process."""

from .compare import same_output, same_value
from .grade import grade, shorten, show
from .preamble import preamble_for

__all__ = ["grade", "preamble_for", "same_output", "same_value", "shorten", "show"]
