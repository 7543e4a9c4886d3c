"""The command, the README, and what others see of the package."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import bestofn_gateway
import httpx
import pytest

from bestofn.testing import FaultyServer

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "integrations/gateway/README.md").read_text()
BESTOFN = str(Path(sys.executable).with_name("bestofn"))

PUBLIC = [
    "KeyLimits",
    "KeySettings",
    "PriceSettings",
    "Running",
    "Settings",
    "create_app",
    "read_keys",
    "running",
    "serve",
]


def test_public_names():
    assert sorted(bestofn_gateway.__all__) == PUBLIC
    assert all(getattr(bestofn_gateway, name).__doc__ for name in PUBLIC)


def environment(**changes: str) -> dict[str, str]:
    names = ("BESTOFN_GATEWAY_KEY", "BESTOFN_UPSTREAM_KEY")
    return {**{k: v for k, v in os.environ.items() if k not in names}, **changes}


def run(*command: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(COLUMNS="200", **env),
        check=False,
    )


@pytest.mark.parametrize("command", [[BESTOFN, "serve"], [sys.executable, "-m", "bestofn_gateway"]])
def test_a_server_starts_answers_and_ends(command):
    with FaultyServer(answer=lambda _, k: f"answer {k}").in_process() as upstream:
        process = subprocess.Popen(
            [*command, "--upstream", upstream.url, "--port", "0", "--judge", "self-consistency"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(BESTOFN_GATEWAY_KEY="secret-key-1"),
        )
        try:
            line = process.stdout.readline()
            found = re.fullmatch(r"bestofn gateway: (http://127\.0\.0\.1:\d+/v1) -> (\S+)\n", line)
            assert found, (line, process.stderr.read() if process.poll() is not None else "")
            url = f"{found[1]}/chat/completions"
            body = {"model": "bon-2-m", "messages": [{"role": "user", "content": "x"}]}
            assert httpx.post(url, json=body, trust_env=False).status_code == 401
            key = {"authorization": "Bearer secret-key-1"}
            answer = httpx.post(url, json=body, headers=key, trust_env=False)
            assert answer.json()["bestofn"]["got"] == 2
        finally:
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=20)
    assert (out, err) == ("", "")


@pytest.mark.parametrize(
    ("options", "env", "words"),
    [
        (["--upstream", "nowhere"], {}, "--upstream: must look like"),
        (["--upstream", "http://x/v1", "--host", "0.0.0.0"], {}, "--host: 0.0.0.0 can be reached"),
        (["--upstream", "http://x/v1", "--judge", "consensus"], {}, "--judge: consensus runs"),
        (["--upstream", "http://x/v1", "--keys", "/nowhere"], {}, "--keys: /nowhere cannot be"),
        (["--upstream", "http://x/v1", "--price", "m=1"], {}, "--price: must look like"),
        (["--upstream", "http://x/v1", "--journal", "/nowhere/j"], {}, "--journal: "),
        (["--upstream", "http://x/v1", "--upstream-key-from", "NO_SUCH"], {}, "NO_SUCH"),
        (["--upstream", "http://x/v1"], {"BESTOFN_GATEWAY_KEY": "hunter2"}, "BESTOFN_GATEWAY_KEY:"),
        (["--upstream", "http://x/v1", "--max-n", "0"], {}, "--max-n: "),
    ],
)
def test_what_cannot_be_used_ends_with_one_line(options, env, words):
    done = run(BESTOFN, "serve", *options, **env)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr
    assert "hunter2" not in done.stderr


def test_a_port_that_is_taken():
    with FaultyServer().in_process() as upstream:
        port = upstream.url.split(":")[2].removesuffix("/v1")
        done = run(BESTOFN, "serve", "--upstream", "http://x/v1", "--port", port)
    assert done.returncode == 2
    assert f"error: --port: cannot listen on 127.0.0.1:{port}" in done.stderr


def test_help_names_every_option():
    done = run(BESTOFN, "serve", "--help")
    assert done.returncode == 0
    for option in ("--upstream", "--keys", "--max-calls", "--execute", "--journal"):
        assert option in done.stdout
    assert run(BESTOFN, "--help").stdout.count("serve") >= 1


def test_options_in_the_readme_exist():
    shown = run(BESTOFN, "serve", "--help").stdout
    for option in set(re.findall(r"`(--[a-z-]+)", README)):
        assert option in shown, option


def test_the_core_says_how_to_install_it(monkeypatch):
    import importlib.metadata

    import typer

    from bestofn.cli import extensions
    from bestofn.errors import InvalidInput

    assert importlib.metadata.entry_points(group=extensions.GROUP, name="serve")
    with pytest.raises(InvalidInput, match="pip install bestofn-nothing"):
        extensions._run("nothing", "bestofn-nothing", [])
    assert typer


@pytest.mark.anyio
async def test_the_readme_s_example(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert code.count("\n") < 22
    assert len([line for line in code.splitlines() if line.strip()]) < 20
    async with FaultyServer(answer=lambda _, k: f"{101 + k % 2}") as upstream:
        done = await anyio.run_process(
            [sys.executable, "-W", "error", "-c", code],
            cwd=tmp_path,
            env=environment(OPENAI_BASE_URL=upstream.url, OPENAI_API_KEY="any"),
            check=False,
        )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.startswith((b"101 ", b"102 "))
