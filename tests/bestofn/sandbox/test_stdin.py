# ruff: noqa: E501 - programs stay readable on their own lines
from __future__ import annotations

import pytest

from bestofn.sandbox import Execution, Sandbox, StdinJob

pytestmark = pytest.mark.anyio


async def run(sandbox: Sandbox, source: str, *inputs: str) -> list[Execution]:
    return await sandbox.execute(StdinJob(source=source, inputs=inputs or ("",)))


READERS = {
    "input": "n = int(input()); xs = list(map(int, input().split()))",
    "iteration": "import sys\nn, xs = [l.split() for l in sys.stdin]\nxs = list(map(int, xs))",
    "read": "import sys\nn, *xs = map(int, sys.stdin.read().split())",
    "readlines": "import sys\nxs = list(map(int, sys.stdin.readlines()[1].split()))",
    "readline": "import sys\ninput = sys.stdin.readline\ninput(); xs = list(map(int, input().split()))",
    "buffer": "import sys\nn, *xs = map(int, sys.stdin.buffer.read().split())",
    "buffer lines": "import sys\nr = sys.stdin.buffer.readline\nr(); xs = list(map(int, r().split()))",
    "open(0)": "n, *xs = map(int, open(0).read().split())",
    "os.read": "import os\nn, *xs = map(int, os.read(0, 10**6).split())",
    "fileinput": "import fileinput\nxs = [l for l in fileinput.input()][1]\nxs = list(map(int, xs.split()))",
    "/dev/stdin": "n, *xs = map(int, open('/dev/stdin').read().split())",
    "patched": "import sys\nfrom io import BytesIO\nimport os\n"
    "sys.stdin = BytesIO(os.read(0, os.fstat(0).st_size))\nsys.stdin.readline()\n"
    "xs = list(map(int, sys.stdin.readline().split()))",
}
WRITERS = {
    "print": "print(sum(xs))",
    "write": "import sys\nsys.stdout.write(f'{sum(xs)}\\n')",
    "buffer write": "import sys\nsys.stdout.buffer.write(b'%d\\n' % sum(xs))",
    "os.write": "import os\nos.write(1, b'%d\\n' % sum(xs))",
    "unflushed file": "f = open(1, 'w')\nf.write(f'{sum(xs)}\\n')",
    "replaced": "import sys, io\nsys.stdout = io.TextIOWrapper(sys.stdout.detach())\nprint(sum(xs))",
    "at exit": "import atexit\natexit.register(lambda: print(sum(xs)))",
    "in a thread": "import threading\nthreading.Thread(target=lambda: print(sum(xs))).start()",
    "after exit": "import sys\nprint(sum(xs))\nsys.exit()",
    "quit": "print(sum(xs))\nquit()",
    "hard exit": "import os\nprint(sum(xs), flush=True)\nos._exit(0)",
}


@pytest.mark.parametrize("way", READERS)
async def test_every_way_of_reading_works_for_every_input(sandbox: Sandbox, way: str) -> None:
    source = READERS[way] + "\nprint(sum(xs))"
    results = await run(sandbox, source, "2\n1 2\n", "3\n1 2 3\n", "1\n7")
    assert [(r.status, r.stdout) for r in results] == [("ok", "3\n"), ("ok", "6\n"), ("ok", "7\n")]


@pytest.mark.parametrize("way", WRITERS)
async def test_every_way_of_writing_is_seen(each: Sandbox, way: str) -> None:
    source = "xs = list(map(int, input().split()))\n" + WRITERS[way]
    results = await run(each, source, "1 2", "1 2 3")
    assert [(r.status, r.stdout) for r in results] == [("ok", "3\n"), ("ok", "6\n")]


@pytest.mark.parametrize(
    ("ending", "status", "error"),
    [
        ("import sys; sys.exit(0)", "ok", ""),
        ("import sys; sys.exit(3)", "exit", "SystemExit: 3"),
        ("import sys; sys.exit('sorry')", "exit", "SystemExit: sorry"),
        ("import os; os._exit(4)", "exit", "exit status 4"),
        ("raise ValueError('no')", "exception", "ValueError: no"),
        ("assert False", "exception", "AssertionError"),
        ("input()", "exception", "EOFError"),
        ("(", "exception", "SyntaxError"),
        ("x = '\\0'; eval('1' + x)", "exception", ""),
        ("def f(): f()\nf()", "exception", "RecursionError"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crash", ""),
        ("raise MemoryError", "memory", "MemoryError"),
    ],
)
async def test_endings(each: Sandbox, ending: str, status: str, error: str) -> None:
    if "SIGSEGV" in ending and str(each.level) == "full":
        pytest.skip("the first process of a namespace ignores signals from within")
    (result,) = await run(each, ending)
    assert result.status == status
    assert result.error.startswith(error)


async def test_a_run_that_dies_says_nothing_about_the_next(sandbox: Sandbox) -> None:
    source = (
        "import os, ctypes\nn = int(input())\nprint(n, flush=True)\n"
        "if n == 1: os._exit(0)\nif n == 2: os._exit(9)\nif n == 3: ctypes.string_at(0)\nprint('end')"
    )
    results = await run(sandbox, source, *"012340")
    assert [r.status for r in results] == ["ok", "ok", "exit", "crash", "ok", "ok"]
    assert [r.stdout for r in results] == ["0\nend\n", "1\n", "2\n", "3\n", "4\nend\n", "0\nend\n"]
    assert results[3].error == "SIGSEGV"


LEAKS = {
    "recursion limit": "import sys\nold = sys.getrecursionlimit()\nsys.setrecursionlimit(10**6)\nprint(old < 2000)",
    "decimal context": "import decimal\nprint(decimal.getcontext().prec == 28)\ndecimal.getcontext().prec = 5",
    "input": "import builtins\nprint(builtins.input.__name__ == 'input')\nbuiltins.input = print",
    "print": "import builtins\np = print\np(print.__class__.__name__[:7] == 'builtin')\nbuiltins.print = lambda *a: 0",
    "patched module": "import heapq\nprint(heapq.heappop.__name__ == 'heappop')\nheapq.heappop = len",
    "setattr": "import math\nprint(math.gcd(4, 6) == 2)\nsetattr(math, 'gcd', max)",
    "globals": "print('seen' not in globals())\nseen = 1",
    "working directory": "import os\nprint(os.getcwd() != '/')\nos.chdir('/')",
    "files": "import os\nprint(os.listdir() == [])\nopen('left', 'w').write('x')",
    "environment": "import os\nprint('LEAK' not in os.environ)\nos.environ['LEAK'] = '1'",
    "signals": "import signal\nprint(signal.getsignal(signal.SIGALRM) == 0)\nsignal.signal(signal.SIGALRM, print)",
    "argv": "import sys\nprint(sys.argv == ['program.py'])\nsys.argv.append('x')",
    "digits": "import sys\nprint(sys.get_int_max_str_digits() == 4300)\nsys.set_int_max_str_digits(0)",
    "threads": "import threading, time\nprint(threading.active_count() == 1)\n"
    "threading.Thread(target=time.sleep, args=(99,), daemon=True).start()",
    "standard streams": "import sys, os\nprint(input() == 'x', flush=True)\nos.close(0); os.close(1)",
    "main module": "import sys\nprint(vars(sys.modules['__main__']).get('y') is None)\ny = 1\n"
    "assert sys.modules['__main__'].y == 1",
    "executor": "from concurrent.futures import ThreadPoolExecutor as T\n"
    "with T() as pool: print(pool.submit(lambda: True).result())",
}


@pytest.mark.parametrize("what", LEAKS)
async def test_no_input_sees_what_an_earlier_one_changed(sandbox: Sandbox, what: str) -> None:
    results = await run(sandbox, LEAKS[what], "x", "x", "x")
    assert [(r.status, r.stdout) for r in results] == [("ok", "True\n")] * 3


async def test_runs_as_main_with_preamble_and_standard_arguments(sandbox: Sandbox) -> None:
    job = StdinJob(
        source="from __future__ import annotations\nimport sys\n"
        "if __name__ == '__main__': print(sys.argv, sqrt(9), __name__)",
        preamble="from math import *",
        inputs=("",),
    )
    (result,) = await sandbox.execute(job)
    assert result.stdout == "['program.py'] 3.0 __main__\n"


@pytest.mark.parametrize("depth", [900, 100_000])
async def test_recursion_goes_as_deep_as_allowed(sandbox: Sandbox, depth: int) -> None:
    source = f"import sys\nif {depth} > 1000: sys.setrecursionlimit(10**6)\n"
    source += f"def f(n): return 0 if n == 0 else 1 + f(n - 1)\nprint(f({depth}))"
    (result,) = await run(sandbox, source)
    assert result.stdout == f"{depth}\n", result


async def test_recursion_through_c_code_uses_the_large_stack(sandbox: Sandbox) -> None:
    source = (
        "import sys, functools\nsys.setrecursionlimit(10**6)\n"
        "@functools.lru_cache(None)\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)\nprint(f(20000))"
    )
    (result,) = await run(sandbox, source)
    assert result.stdout == "20000\n", result


async def test_deep_recursion_in_a_thread_with_its_own_stack(sandbox: Sandbox) -> None:
    source = (
        "import sys, threading\nsys.setrecursionlimit(10**7)\nthreading.stack_size(2**27)\n"
        "def f(n): return 0 if n == 0 else 1 + f(n - 1)\n"
        "t = threading.Thread(target=lambda: print(f(50000)))\nt.start()\nt.join()"
    )
    results = await run(sandbox, source, "", "")
    assert [r.stdout for r in results] == ["50000\n"] * 2, results


async def test_many_threads_and_raising_the_stack_limit(each: Sandbox) -> None:
    source = (
        "import resource, threading\n"
        "resource.setrlimit(resource.RLIMIT_STACK, (2**28, resource.RLIM_INFINITY))\n"
        "ts = [threading.Thread(target=lambda: seen.append(1)) for _ in range(30)]\nseen = []\n"
        "gate = threading.Barrier(31)\nts = [threading.Thread(target=gate.wait) for _ in range(30)]\n"
        "[t.start() for t in ts]\ngate.wait()\nprint(len(ts))"
    )
    (result,) = await run(each, source)
    assert result.stdout == "30\n", result


async def test_threads_at_work_at_the_end_are_reported(sandbox: Sandbox) -> None:
    source = "import threading\nt = threading.Thread(target=lambda: threading.Event().wait(.05))\nt.start()"
    (left,) = await run(sandbox, source)
    (joined,) = await run(sandbox, source + "\nt.join()")
    assert (left.threads_left, joined.threads_left) == (True, False)


async def test_large_input_and_output(sandbox: Sandbox) -> None:
    text = "x" * 3_000_000
    (result,) = await run(sandbox, "print(input())", text)
    assert result.stdout == text + "\n"


async def test_undecodable_output_and_odd_input_characters(sandbox: Sandbox) -> None:
    (result,) = await run(sandbox, "import os; os.write(1, b'a\\xffb')")
    assert result.stdout == "a\ufffdb"
    (result,) = await run(sandbox, "print(len(input()))", "äö\U0001f600")
    assert result.stdout == "3\n"


async def test_numpy_programs(each: Sandbox) -> None:
    source = "import numpy as np\nprint(int(np.arange(int(input())).sum()))"
    results = await run(each, source, "10", "100")
    assert [r.stdout for r in results] == ["45\n", "4950\n"], results


async def test_order_of_sets_is_the_same_in_every_worker(sandbox: Sandbox) -> None:
    source = "print(list({'a', 'b', 'c', 'd', 'e', 'f'}))"
    first = await run(sandbox, source)
    async with Sandbox(workers=1) as other:
        assert (await run(other, source))[0].stdout == first[0].stdout


async def test_own_processes_work_behind_namespaces(sandbox: Sandbox) -> None:
    if str(sandbox.level) != "full":
        pytest.skip("programs may only start processes behind namespaces")
    source = (
        "import os, subprocess, sys\n"
        "pid = os.fork()\nif pid == 0:\n    os._exit(3)\nprint(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n"
        "print(subprocess.run(['/bin/sh', '-c', 'echo hi'], capture_output=True, text=True).stdout)"
    )
    (result,) = await run(sandbox, source)
    assert result.stdout == "3\nhi\n\n", result


async def test_a_forked_copy_does_not_answer_for_the_program(sandbox: Sandbox) -> None:
    if str(sandbox.level) != "full":
        pytest.skip("programs may only start processes behind namespaces")
    source = "import os\nn = input()\npid = os.fork()\nif pid: os.wait()\nprint('parent' if pid else 'child', n)"
    results = await run(sandbox, source, "1", "2")
    assert [r.stdout for r in results] == ["child 1\nparent 1\n", "child 2\nparent 2\n"], results
