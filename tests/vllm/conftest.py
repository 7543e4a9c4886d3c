"""A real vLLM server on the CPU, with a tiny random model and a LoRA adapter."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MODEL, ADAPTER = "tiny", "tiny-judge"
START_S, STOP_S = 400, 20
ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_CACHE_ROOT": str(Path(sys.prefix, "cache")),  # not in the user's home
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # the executor in the engine's own process wants it
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "OMP_NUM_THREADS": "1",  # more of them wait for each other in busy loops
    "TORCHDYNAMO_DISABLE": "1",  # else the first request with top-k compiles C++
    "TOKENIZERS_PARALLELISM": "false",
}
OPTIONS = (
    *("--dtype", "float32", "--max-model-len", "8192", "--max-num-seqs", "32", "--enforce-eager"),
    *("--distributed-executor-backend", "uni", "--kv-cache-memory-bytes", str(128 << 20)),
    *("--enable-lora", "--max-loras", "2", "--max-lora-rank", "8"),
    *("--generation-config", "vllm", "--enable-prompt-tokens-details"),
    "--disable-uvicorn-access-log",
)
Serve = Callable[..., AbstractContextManager[int]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find_spec("vllm") is None:
        missing = pytest.mark.skip(reason="needs vLLM in an environment of its own: make test-vllm")
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(missing)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        # 10,000 modules: compiled once, not again by every process.
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield


@pytest.fixture(scope="session")
def tiny(environment: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``model`` and ``adapter``."""
    folder = tmp_path_factory.mktemp("tiny")
    made = subprocess.run(
        [sys.executable, HERE / "make_tiny_model.py", folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert made.returncode == 0, made.stdout
    return folder


def free_port() -> int:
    """A port that was free a moment ago; vLLM does not tell which one it takes for port 0."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def get(port: int, path: str) -> str:
    """The body of a page; fails with OSError unless the status is 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        if answer.status != 200:
            raise OSError(f"{path} answered {answer.status}")
        return answer.read().decode()
    finally:
        connection.close()


def wait_until_ready(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + START_S
    while True:
        try:
            get(port, "/health")
        except OSError:
            if server.poll() is not None or time.monotonic() > end:
                pytest.fail(f"vLLM did not start; the end of {log}:\n{log.read_text()[-4000:]}")
            time.sleep(0.25)  # how often to look, there is nothing to wait on
        else:
            return


def stop(server: subprocess.Popen[bytes]) -> None:
    """End the server and its engine, which are a process group of their own."""
    server.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):  # what is left then is ended at once
        server.wait(STOP_S)
    with suppress(ProcessLookupError):  # nothing is left
        os.killpg(server.pid, signal.SIGKILL)
    server.wait(STOP_S)


@pytest.fixture(scope="session")
def serve(
    environment: None, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Serve:
    """Starts a server, with further arguments; its port while it runs."""

    @contextmanager
    def serving(*arguments: str) -> Iterator[int]:
        port = free_port()
        log = tmp_path_factory.mktemp("server") / "vllm.log"
        command = [sys.executable, "-W", "ignore", "-m", "vllm.entrypoints.openai.api_server"]
        command += ["--host", "127.0.0.1", "--port", str(port), *OPTIONS, *arguments]
        failures = request.session.testsfailed
        with log.open("wb") as output:
            server = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            wait_until_ready(server, port, log)
            yield port
        finally:
            stop(server)
            if request.session.testsfailed > failures:
                print(f"\nthe server's log is kept: {log}", file=sys.__stderr__)

    return serving


@pytest.fixture(scope="session")
def port(tiny: Path, serve: Serve) -> Iterator[int]:
    """Where the server listens: model ``tiny``, with the adapter ``tiny-judge``."""
    named = ("--model", str(tiny / "model"), "--served-model-name", MODEL)
    with serve(*named, "--lora-modules", f"{ADAPTER}={tiny / 'adapter'}") as port:
        yield port


@pytest.fixture(scope="session")
def url(port: int) -> str:
    """The base URL that a client is given."""
    return f"http://127.0.0.1:{port}/v1"


@pytest.fixture(scope="session")
def requests_running(port: int) -> Callable[[], int]:
    """How many sequences the server is working on, by its own metrics."""

    def count() -> int:
        found = re.search(r"^vllm:num_requests_running\{.*?\} (\S+)$", get(port, "/metrics"), re.M)
        assert found, "the server has no metrics"
        return int(float(found[1]))

    return count
