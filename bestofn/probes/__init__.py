"""Further inputs for candidates, made from the problem alone."""

from .calls.docstring import Example, call_examples, docstring_examples
from .calls.make import call_probes
from .stdin.make import stdin_probes
from .types import Origin, Probe

__all__ = [
    "Example",
    "Origin",
    "Probe",
    "call_examples",
    "call_probes",
    "docstring_examples",
    "stdin_probes",
]
