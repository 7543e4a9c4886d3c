"""What is dropped before judging, with the reason."""

from .duplicates import Distinct, drop_duplicates, fingerprint
from .public_tests import Tested, run_public_tests

__all__ = ["Distinct", "Tested", "drop_duplicates", "fingerprint", "run_public_tests"]
