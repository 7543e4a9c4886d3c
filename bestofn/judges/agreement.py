"""How much what was seen speaks for each group of equal behaviour. Pure arithmetic.

The question asked of every group is the same: *if this group were the right one, how likely
would everything that was seen be?* Several kinds of evidence are added up as natural logarithms:

- the sizes of the groups (:func:`size_evidence`),
- tests of unknown quality (:func:`test_evidence`),
- examples that are known to be right (:data:`EXAMPLE_MISSED` for each one missed),
- inputs without an answer (:func:`failure_evidence`),
- answers that do not depend on the input (:data:`CONSTANT`) or hand it back (:data:`ECHO`),
- programs that by their source do no work on their input (:data:`IDLE`) or never look at a part
  of it (:data:`UNREAD`),
- answers of another kind than the problem declares (:data:`MISFIT`).

Unknown rates (how many candidates are right, how often a wrong one passes a test) are
integrated out with Beta priors instead of being fitted to a data set. Choosing by such a
likelihood is the idea of Chen et al., "B4" (arXiv 2409.08692); the older dual agreement (Chen
et al., "CodeT", arXiv 2207.10397, section 2.2) is in :mod:`bestofn.judges.dual_agreement`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import lgamma, log, log2

RIGHT_SHARE = (1.0, 1.0)
"""Beta prior of the share of candidates that are right: nothing is known."""

SCATTER = 4.0
"""How readily wrong candidates differ from each other (concentration of the process that hands
them to groups): at 4, two wrong candidates agree by chance one time in five."""

WRONG_PASSES_VALID = (1.0, 1.0)
"""Beta prior of how often a wrong candidate passes a valid test: nothing is known."""

WRONG_PASSES_INVALID = (1.0, 9.0)
"""Beta prior of how often a wrong candidate passes an invalid test: seldom, since both would
have to be wrong in the same way."""

EXAMPLE_MISSED = log(0.02)
"""Evidence of missing one example of the statement: examples are rarely wrong."""

CONSTANT = log(0.05)
"""Evidence of giving one and the same answer to several different inputs: hardly any problem
asks for that, and unfinished programs do little else."""

ECHO = log(0.05)
"""Evidence of returning one of the arguments as it came, on every input: like a constant answer,
hardly ever asked for and the mark of programs that were never finished."""

IDLE = log(0.001)
"""Evidence of programs that, by their source, do no work on what they are given. Unlike
:data:`CONSTANT` it cannot be mistaken for a condition that the inputs hardly ever meet."""

UNREAD = log(0.2)
"""Evidence of never looking at one of several parameters, by the source: most are there because
the answer depends on them, but some repeat what another one tells (the length of a list)."""

MISFIT = log(0.05)
"""Evidence of answers that are mostly not of the kind that the problem declares, by annotation or
plain words. Statements are seldom wrong there; reading the words may be."""

FAILED = 0.5
"""Cost of each doubling of the inputs without an answer. They come in families that one slip
(or one invalid kind of input) explains, so that the tenth says less than the first."""


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _counts(prior: tuple[float, float], hits: float, misses: float) -> float:
    """Log-likelihood of a series of hits and misses whose rate has a Beta prior."""
    return _log_beta(prior[0] + hits, prior[1] + misses) - _log_beta(*prior)


def size_evidence(sizes: Sequence[int], right: int) -> float:
    """Log-likelihood that candidates fall into groups of these sizes.

    Args:
        sizes: Candidates in each group.
        right: The group taken to be the right one.

    The right group has a Beta-binomial number of members; the others are scattered by a
    Chinese restaurant process.
    """
    total = sum(sizes)
    wrong = total - sizes[right]
    scattered = lgamma(SCATTER) - lgamma(SCATTER + wrong)
    for group, size in enumerate(sizes):
        if group != right:
            scattered += log(SCATTER) + lgamma(size)
    return _counts(RIGHT_SHARE, sizes[right], wrong) + scattered


def test_evidence(passes: Sequence[Sequence[bool]], right: int) -> float:
    """Log-likelihood of who passes which generated test.

    Args:
        passes: For each group, whether it passes each test.
        right: The group taken to be the right one; a test is valid if that group passes it.

    The other groups together are one witness a test, heard as the share of them that passes:
    they come from one model and err alike. Nothing is concluded from the number of valid tests
    itself, which depends on the model that wrote them more than on the candidates.
    """
    valid = passes[right]
    others = [row for group, row in enumerate(passes) if group != right]
    if not others:
        return 0.0
    hits = {True: 0.0, False: 0.0}
    for test, is_valid in enumerate(valid):
        hits[is_valid] += sum(row[test] for row in others) / len(others)
    valid_tests = sum(valid)
    return _counts(WRONG_PASSES_VALID, hits[True], valid_tests - hits[True]) + _counts(
        WRONG_PASSES_INVALID, hits[False], len(valid) - valid_tests - hits[False]
    )


test_evidence.__test__ = False  # type: ignore[attr-defined]  # not a test, whatever its name


def failure_evidence(failed: int) -> float:
    """Evidence of giving no answer to ``failed`` of the small inputs."""
    return -FAILED * log2(1 + failed)
