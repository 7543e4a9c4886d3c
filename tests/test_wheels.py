"""The wheels hold what they promise: one import name each, and a light core."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DISTRIBUTIONS = {
    ".": "bestofn",
    "training": "bestofn_training",
    "integrations/langchain": "langchain_bestofn",
    "integrations/gateway": "bestofn_gateway",
}


def build(folder: Path, to: Path) -> zipfile.ZipFile:
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet"),
            *("--no-deps", "--no-build-isolation", "--wheel-dir", str(to), str(folder)),
        ],
        check=True,
        timeout=120,
    )
    (wheel,) = to.glob("*.whl")
    return zipfile.ZipFile(wheel)


@pytest.mark.parametrize(("folder", "module"), DISTRIBUTIONS.items())
def test_a_wheel_installs_one_unique_name(folder, module, tmp_path):
    with build(ROOT / folder, tmp_path) as wheel:
        names = wheel.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {module}
    assert f"{module}/py.typed" in names
    if module == "bestofn":
        assert any(name.endswith("demo/problem.json") or "/demo/" in name for name in names)
        assert "bestofn/sandbox/inside/zygote.py" in names
    if module == "bestofn_training":
        recipes = {name for name in names if name.endswith(".toml")}
        place = f"{module}/recipes/shipped"
        assert {f"{place}/dpo-domain.toml", f"{place}/cpu/dpo-domain.toml"} <= recipes
        assert len(recipes) == 28  # a row of table 4 each, and its twin for the CPU


def test_the_core_stays_light():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {requirement.split(">")[0] for requirement in project["dependencies"]}
    assert wanted <= {
        "anyio", "jinja2", "numpy", "openai", "pydantic", "rich", "tenacity", "typer"
    }  # fmt: skip


def test_importing_does_nothing():
    """No torch, no network client, no command line, no benchmark: only what select needs."""
    code = (
        "import sys, threading; before = set(sys.modules); import bestofn; "
        "print(threading.active_count(), "
        "*sorted({m.split('.')[0] for m in set(sys.modules) - before}), "
        "*[m for m in sys.modules if m.startswith(('bestofn.cli', 'bestofn.benchmarks'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    count, *modules = done.stdout.split()
    assert count == "1"
    unwanted = {"torch", "transformers", "typer", "rich", "openai", "pydantic", "numpy"}
    assert not unwanted & set(modules)
    assert not [name for name in modules if name.startswith("bestofn.")]
