"""Further inputs for candidates, made from the problem alone.

Texts for programs that read standard input come from :mod:`bestofn.probes.stdin.make`, which
needs numpy and is imported by those who need it.
"""

from .calls.docstring import Example, call_examples, docstring_examples
from .calls.make import call_probes
from .types import Origin, Probe, text_key

__all__ = [
    "Example",
    "Origin",
    "Probe",
    "call_examples",
    "call_probes",
    "docstring_examples",
    "text_key",
]
