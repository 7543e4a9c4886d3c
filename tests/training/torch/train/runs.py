"""How runs are asked for, and what they leave."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from bestofn_training.recipes import Recipe
from bestofn_training.trainer import Trained
from safetensors.torch import load_file

Twin = Callable[..., Recipe]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def adapter(result: Trained) -> dict[str, torch.Tensor]:
    return load_file(result.adapter / "adapter_model.safetensors")
