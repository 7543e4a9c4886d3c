"""What a message says about how it was chosen: plain data, for ``response_metadata``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.messages.ai import UsageMetadata, add_usage

from bestofn import Calls, Selection, Usage

from .messages import as_metadata
from .sampling import Samples

KEY = "bestofn"
"""Where it stands in ``response_metadata``."""


def verdict_of(selection: Selection) -> dict[str, Any]:
    """A selection as plain data.

    Returns:
        ``best`` (the number of the sample, as text), ``judge``, ``ranking`` (best first),
        ``scores``, ``comparisons`` (each with ``shown`` and ``winner``, or why there is none),
        ``rejected``, ``abstained`` (why the best could not be told apart, or None),
        ``stopped_by`` (the limit that ended the work early, or None), ``isolation`` (of the
        sandbox, where programs were run) and ``seconds`` of choosing.
    """
    ranking = selection.ranking
    return {
        "best": selection.best.id,
        "judge": selection.judge,
        "ranking": list(ranking.order),
        "scores": dict(ranking.scores),
        "comparisons": [
            {
                "shown": list(it.shown),
                "winner": it.winner,
                "error": it.error,
                "attempts": it.attempts,
            }
            for it in ranking.comparisons
        ],
        "rejected": [
            {"id": it.id, "by": it.by, "reason": it.reason, "same_as": it.same_as}
            for it in selection.rejected
        ],
        "abstained": selection.abstained,
        "stopped_by": selection.stopped_by,
        "isolation": selection.evidence.isolation,
        "seconds": round(selection.evidence.seconds, 3),
    }


def report_of(selection: Selection, samples: Samples, calls: Calls) -> dict[str, Any]:
    """Sampling and choosing as plain data: :func:`verdict_of`, and what came before it.

    Returns:
        Besides the verdict: ``n`` (samples wanted), ``samples`` (how many are good), ``failed``
        (number and error of each that is not) and ``usage`` (``sampling``, ``judging`` and
        ``paid``: what was paid now and did not come from a journal).
    """
    sampling = sum((sample.reply.usage for sample in samples.all), Usage())
    verdict = verdict_of(selection)
    return {
        **verdict,
        "n": samples.wanted,
        "samples": len(samples.good),
        "failed": [
            {"id": sample.id, "status": sample.reply.status, "error": sample.reply.error}
            for sample in samples.all
            if sample.message is None
        ],
        "stopped_by": verdict["stopped_by"] or calls.stopped_by,
        "usage": {
            "sampling": _plain(sampling),
            "judging": _plain(selection.usage),
            "paid": _plain(calls.paid),
        },
    }


def with_report(
    message: AIMessage, report: Mapping[str, Any], usage: UsageMetadata | None, model_name: str
) -> AIMessage:
    """The chosen message with the cost of all and the word of how it was chosen.

    Its ``model_name`` is one of its own, so that counters by model (LangChain's
    ``UsageMetadataCallbackHandler``) do not count for one model what its samples cost and then
    their sum again.
    """
    about = {**message.response_metadata, "model_name": model_name, KEY: dict(report)}
    return message.model_copy(update={"response_metadata": about, "usage_metadata": usage})


def usage_of_all(samples: Samples, calls: Calls) -> UsageMetadata | None:
    """What was paid now, each request once, samples and judge together; None if nobody says."""
    total: UsageMetadata | None = None
    fresh = Usage()
    for sample in samples.all:
        if not sample.reply.recorded:
            fresh += sample.reply.usage
            if sample.usage is not None:
                total = add_usage(total, sample.usage)
    judging = Usage(
        input_tokens=calls.paid.input_tokens - fresh.input_tokens,
        output_tokens=calls.paid.output_tokens - fresh.output_tokens,
    )
    if judging.input_tokens or judging.output_tokens:
        total = add_usage(total, as_metadata(judging))
    if total is None and any(sample.reply.recorded for sample in samples.good):
        return as_metadata(Usage())
    return total


def _plain(usage: Usage) -> dict[str, Any]:
    return {
        "calls": usage.calls,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "dollars": usage.dollars,
    }
