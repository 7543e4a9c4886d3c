"""Honest programs, run before, beside and after hostile ones."""

# ruff: noqa: E501 - programs stay readable on their own lines
from __future__ import annotations

import anyio

from bestofn.sandbox import CallJob, CheckJob, Execution, Job, Sandbox, StdinJob, UnittestJob

# Says what another program could have changed for it. Its first answer is the measure.
HONEST = """
import bisect, collections, decimal, gc, heapq, itertools, json, math, os, random, re, resource
import signal, string, sys, threading, time
n = int(input())
heap = [n - i for i in range(n)]
heapq.heapify(heap)
print([heapq.heappop(heap) for _ in range(3)], json.dumps({'n': n}), sum(map(int, str(math.factorial(20)))))
print(3 + 4, hash('text'), random.Random(7).random(), random.random() < 1, re.findall('a+', 'caat'))
print(decimal.Decimal(1) / 3, decimal.getcontext().prec, sys.getrecursionlimit(), gc.isenabled(), gc.get_threshold())
print(len(vars(__import__('builtins'))), len(sys.path), len(sys.meta_path), len(sys.path_hooks), sorted(os.environ))
print([os.environ[k] for k in sorted(os.environ) if k not in ('HOME', 'TMPDIR')], time.tzname, time.localtime(0).tm_hour)
print([signal.getsignal(s) for s in range(1, 32)], signal.pthread_sigmask(signal.SIG_BLOCK, []), threading.active_count())
print([getattr(resource, k) and resource.getrlimit(getattr(resource, k)) for k in sorted(dir(resource)) if k.startswith('RLIMIT_') and k != 'RLIMIT_NPROC'])
umask = os.umask(0o22)
place = os.stat('.')
print(oct(umask), os.listdir('.'), oct(place.st_mode), place.st_mtime > 10**9, os.getpriority(0, 0), os.sched_getaffinity(0))
for path in ('/dev/shm', '/tmp', '/dev/io'):
    try: print(oct(os.stat(path).st_mode), os.listdir(path) if os.access(path, os.W_OK) else '')
    except OSError as error: print(error.errno)
try:
    print(open('/dev/stdin').read() == f'{n}\\n')
    open('/dev/stdout', 'a').close()
except OSError as error: print(error.errno)
with open(os.environ['TMPDIR'] + '/own', 'w') as file: file.write('x')
os.unlink('own')
print('poison' in dir(int), 'json_poison' in sys.modules)
one = threading.Thread(target=print, args=('thread',))
one.start(); one.join()
print(string.ascii_lowercase, list(itertools.accumulate([1, 2])), bisect.bisect([1, 2], 1), collections.Counter('aab'))
"""
_FUNCTION = "import json, os\ndef f(x):\n    open('own', 'w').close()\n    os.unlink('own')\n    return x + x"
_SCRIPT = """
import os
with open('own', 'w') as file: file.write('x')
os.unlink(os.environ['TMPDIR'] + '/own')
assert f(2) == 4 and f('a') == 'aa'
"""
_TESTS = (
    "import unittest\nclass T(unittest.TestCase):\n    def test(self): self.assertEqual(f(2), 4)"
)
CONTROLS: dict[str, Job] = {
    "stdin": StdinJob(source=HONEST, inputs=("5\n",)),
    "call": CallJob(source=_FUNCTION, entry_point="f", calls=((2,),)),
    "check": CheckJob(source=_FUNCTION, entry_point="f", setup="", checks=(_SCRIPT,)),
    "unittest": UnittestJob(source=_FUNCTION, tests=_TESTS),
}


def said(results: list[Execution]) -> list[tuple[str, str, object, str]]:
    return [(r.status, r.stdout, r.value, r.error) for r in results]


async def control(sandbox: Sandbox, kind: str) -> None:
    """An honest program is judged as ever."""
    answers = said(await sandbox.execute(CONTROLS[kind]))
    assert all(status == "ok" for status, *_ in answers), answers
    assert answers[0] == answers[-1]
    if kind == "stdin":
        assert answers[0][1].startswith('[1, 2, 3] {"n": 5} 54\n7 ')
        lines = answers[0][1].splitlines()
        measure = _measures.setdefault(id(sandbox), lines)
        assert [pair for pair in zip(lines, measure, strict=True) if pair[0] != pair[1]] == []
    if kind == "call":
        assert answers[0][2] == 4


_measures: dict[int, list[str]] = {}


async def both(sandbox: Sandbox, kind: str) -> None:
    """The same in both workers: neither is idle while the other has its first program."""
    for each in dict.fromkeys(("stdin", kind)):
        async with anyio.create_task_group() as group:
            group.start_soon(control, sandbox, each)
            group.start_soon(control, sandbox, each)


async def warm_up(sandbox: Sandbox) -> None:
    for kind in CONTROLS:
        await both(sandbox, kind)
