"""From a finished run to what is served."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bestofn.benchmarks.results import write_json

from ..errors import BadInput
from ..models import Tokenising, TokenSettings
from ..models.loading import demand_whole
from .card import card_of
from .merging import LOSES, Dtype, Merge, merge, sample_prompts
from .output import RECORD, SCHEMA, whole_folder
from .serving import Serving
from .source import Source, read_object, read_source
from .speaking import Speaking, speaking_of

SCHEMA_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What an export left.

    Attributes:
        folder: All of it, with ``README.md`` and ``export.json``.
        adapter: A folder for vLLM, PEFT and transformers.
        base: The model that the adapter belongs to: an absolute folder, or a name on the hub.
        merged: A whole model, or None.
        merge: What merging changed, or None.
        serving: How to serve and ask it.
        warnings: What a user should know.
    """

    folder: Path
    adapter: Path
    base: str
    merged: Path | None
    merge: Merge | None
    serving: Serving
    warnings: tuple[str, ...]


def export_run(
    run: Path, output: Path, *, merged: bool = False, dtype: Dtype | None = None
) -> Exported:
    """Export a run, whole or not at all.

    Args:
        run: Its folder.
        output: A folder that is new, empty, or an earlier export, which is replaced.
        merged: Also add the adapter into its base, and prove that nothing was lost.
        dtype: Of the merged weights; by default that of the base in training.

    Raises:
        BadInput: the run has not ended, its base cannot be loaded, the output is somebody
            else's, or the merged model answers differently.
        FormatError: a file of the run is damaged.
        OSError: the output cannot be written.
    """
    if dtype is not None and not merged:
        raise BadInput("--dtype", "is of the merged model; add --merged")
    source = read_source(run)
    speaking = speaking_of(source.adapter, source.base, source.recipe)
    demand_whole(source.adapter / "adapter_model.safetensors")
    if source.carries_base:
        demand_whole(Path(source.base) / "model.safetensors")
    final = output.resolve()
    with whole_folder(final) as draft:
        base = source.base
        if source.carries_base:
            shutil.copytree(base, draft / "base")
            base = str(final / "base")  # where it will be: adapters name it
        _write_adapter(source, speaking, draft / "adapter", base)
        found = _merge(source, speaking, draft / "merged", dtype) if merged else None
        serving = Serving.of(source, speaking, final, base, merged=merged)
        exported = Exported(
            folder=final,
            adapter=final / "adapter",
            base=base,
            merged=final / "merged" if merged else None,
            merge=found,
            serving=serving,
            warnings=tuple(_warnings(source, found)),
        )
        write_json(draft / RECORD, _record(source, exported))
        (draft / "README.md").write_text(card_of(source, exported), encoding="utf-8")
    return exported


def _write_adapter(source: Source, speaking: Speaking, folder: Path, base: str) -> None:
    folder.mkdir()
    shutil.copy(source.adapter / "adapter_model.safetensors", folder)
    settings = read_object(source.adapter / "adapter_config.json", "target_modules")
    settings["base_model_name_or_path"] = base
    settings["target_modules"] = sorted(settings["target_modules"])  # a set, in any order
    write_json(folder / "adapter_config.json", settings)
    speaking.save(folder)


def _merge(source: Source, speaking: Speaking, folder: Path, dtype: Dtype | None) -> Merge:
    settings = TokenSettings(context=source.recipe.data.context)
    trained_in = source.recipe.model.dtype
    found = merge(
        source.adapter,
        source.base,
        folder,
        sample_prompts(Tokenising(speaking.tokenizer, settings)),
        speaking.generation,
        trained_in=trained_in,
        dtype=dtype or trained_in,
    )
    speaking.save(folder)
    return found


def _warnings(source: Source, found: Merge | None) -> list[str]:
    said = []
    if source.asked is None:
        said.append(
            f"{source.recipe.data.folder} holds no data card for the rows of this run, so that the "
            "export cannot say how the judge is to be asked; export from the folder in which "
            "training ran"
        )
    if found is not None and found.effect == 0:
        said.append("the adapter changes nothing: merged model and base are the same")
    elif found is not None and found.lost > LOSES:
        said.append(
            f"weights in {found.dtype} miss {found.lost:.0%} of what training changed; serve the "
            "adapter, or export with --dtype float32"
        )
    return said


def _record(source: Source, exported: Exported) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "base": exported.base,
        "adapter": "adapter",
        "merged": None if exported.merged is None else "merged",
        "merge": None if exported.merge is None else asdict(exported.merge),
        "asked": source.asked,
        # A bound that is infinite is null here: JSON knows no infinity.
        "recipe": json.loads(source.recipe.model_dump_json(exclude_none=True)),
        "files": dict(source.files),
        "serve": exported.serving.commands,
        "warnings": list(exported.warnings),
    }
