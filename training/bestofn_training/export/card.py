"""The model card of an export: ``README.md``, with front matter as model hubs read it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..evaluate import MEASURES
from ..recipes import Recipe
from .serving import Serving
from .source import Source

if TYPE_CHECKING:
    from .run import Exported

_LISTED = 20
"""Learned weights that are written out."""


def card_of(source: Source, exported: Exported) -> str:
    """The text of the card.

    Args:
        source: The run.
        exported: What became of it.
    """
    blocks = [
        _front(source, exported),
        f"# {exported.serving.name}",
        "A judge of [bestofn](https://pypi.org/project/bestofn/): it is shown rival programs for "
        "one task and says which is most likely right. Trained with `bestofn-train` from "
        f"`{exported.base}`.",
        *(f"**Note:** {warning}." for warning in exported.warnings),
        "## Serve",
        *_serve(exported),
        "## Ask",
        *_ask(exported.serving),
        "## Training",
        "\n".join(_training(source)),
        *_measures(source),
        *_merged(exported),
    ]
    return "\n\n".join(blocks) + "\n"


def _front(source: Source, exported: Exported) -> str:
    base = "" if exported.base.startswith("/") else f"base_model: {exported.base}\n"
    kind = "transformers" if exported.merged else "peft"
    loss = source.recipe.loss.kind
    return f"---\n{base}library_name: {kind}\ntags:\n- bestofn\n- judge\n- {loss}\n---"


def _serve(exported: Exported) -> Iterable[str]:
    titles = {"adapter": "The adapter, beside its base:", "merged": "Or the merged model, alone:"}
    for kind, command in exported.serving.commands.items():
        yield titles[kind]
        yield _fenced(command, "bash")
    yield (
        "The adapter names its base by the folder above: keep both where they are, or correct "
        "`base_model_name_or_path` in `adapter/adapter_config.json`."
        if exported.base.startswith("/")
        else "The base is fetched from the hub when it is first served."
    )


def _ask(serving: Serving) -> Iterable[str]:
    if serving.asked is None:
        yield (
            "How this judge was asked in training is not known: look up template, evidence and "
            "`max_chars` in the data card, and ask with the same."
        )
    else:
        yield "With the settings that its training data was made with:"
        template = serving.asked["template"]
        yield _table(
            ("setting", "value"),
            (
                ("template", f"`{template['name']}`, SHA-256 `{template['sha256']}`"),
                ("evidence", serving.asked["evidence"]),
                ("max_chars", serving.asked["max_chars"]),
            ),
        )
    if serving.shell is not None:
        yield _fenced(serving.shell, "bash")
    yield _fenced(serving.python.rstrip(), "python")
    yield (
        "Both expect the server at `http://localhost:8000/v1`; `--base-url` and "
        "`VLLMBackend(..., base_url=...)` name another."
    )


def _training(source: Source) -> Iterable[str]:
    recipe, result = source.recipe, source.result
    yield f"- loss: `{json.dumps(recipe.loss.model_dump())}`"
    yield f"- data weights: `{recipe.weights.kind}`{_hypergradient(recipe)}"
    yield (
        f"- LoRA: r = {recipe.lora.rank}, alpha = {recipe.lora.alpha}, on "
        f"{', '.join(recipe.lora.targets)}; the base in {recipe.model.dtype}"
    )
    yield (
        f"- Adam at {recipe.lower.rate:g}: {result['lower_updates']} updates of "
        f"{recipe.lower.batch * recipe.lower.accumulation} samples; {result['upper_updates']} "
        "updates of the weights"
    )
    if recipe.model.template:
        facts = json.dumps(recipe.model.template, ensure_ascii=False)
        yield f"- chat template: told `{facts}`, which the exported one says by itself"
    if recipe.model.end_of_turn:
        yield f"- replies end with `{recipe.model.end_of_turn}`"
    for side, digest in source.files.items():
        yield f"- {side} data: SHA-256 `{digest}`"
    weights = result.get("weights")
    domains = result.get("domains") or []
    if recipe.weights.kind == "domain" and isinstance(weights, list) and len(domains) <= _LISTED:
        pairs = zip(domains, weights, strict=True)
        yield "- learned weights: " + ", ".join(f"{name} {value:.3g}" for name, value in pairs)
    for name in ("loss", "meta_loss"):
        if isinstance(result.get(name), float):
            yield f"- last {name.replace('_', ' ')}: {result[name]:.4g}"
    yield "- all settings: `recipe` in `export.json`"


def _hypergradient(recipe: Recipe) -> str:
    return "" if recipe.upper is None else f", hypergradient `{recipe.upper.hypergradient}`"


def _measures(source: Source) -> Iterable[str]:
    found = source.evaluation
    if found is None:
        return
    unseen = "none of them trained on" if found.unseen else "not compared with the training data"
    yield "## Held out"
    yield (
        f"{found.whole.inputs} inputs on {found.whole.problems} problems, {unseen}; replies "
        f"{found.how}. Mean with its 95 % interval, resampled by problem."
    )
    if found.outdated(source.recipe):
        yield f"Measured after {found.updates} updates of the judge; it was trained further since."
    rows = [
        (MEASURES.get(name, name), f"{each.mean:.3f} ({each.low:.3f} to {each.high:.3f})")
        for name, each in found.whole.measures.items()
        if each is not None
    ]
    yield _table(("measure", "value"), rows)


def _merged(exported: Exported) -> Iterable[str]:
    found = exported.merge
    if found is None:
        return
    yield "## Merging"
    yield (
        f"Adapter and base were added in float32 and written in {found.dtype}. On {found.prompts} "
        f"prompts the adapter moves the base's logits by {found.effect:.3g} (root mean square); "
        f"merged, they differ from base and adapter by {found.merging:.2g} before rounding and by "
        f"{found.rounding:.2g} after it, {found.lost:.1%} of what training changed."
    )


def _fenced(text: str, language: str) -> str:
    return f"```{language}\n{text}\n```"


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
