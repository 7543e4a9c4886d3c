"""Further inputs for candidates, made from the problem alone."""

from .calls import call_probes
from .docstring import Example, call_examples, docstring_examples
from .stdin import stdin_probes
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
