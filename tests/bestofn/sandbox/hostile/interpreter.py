"""Programs that turn the language, or the harness, against whoever reads their results."""

# ruff: noqa: E501 - programs stay readable on their own lines
from __future__ import annotations

from .casebook import SHORT, Case

_UNITTESTS = """
import unittest
class TestIt(unittest.TestCase):
    def test_value(self): self.assertEqual(f(2), SECRET_OF_TESTS)
SECRET_OF_TESTS = 4
"""

CASES = (
    Case(
        name="equal to everything",
        source="""
class Yes(int):
    __eq__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __class__ = int
    __hash__ = int.__hash__
def f(x): return Yes(0)
""",
        ends=("exception",),
        kind="check",
        tests=("assert f(2) == 4",),
    ),
    Case(
        name="reads what is expected",
        source="""
import gc, inspect, os, sys
def look():
    found = []
    frame = sys._getframe()
    while frame:
        found += [v for v in list(frame.f_locals.values()) + list(frame.f_globals.values()) if isinstance(v, (str, bytes))]
        frame = frame.f_back
    for one in gc.get_objects():
        if isinstance(one, (list, tuple, dict)):
            try: found += [v for v in (one.values() if isinstance(one, dict) else one) if isinstance(v, (str, bytes))]
            except Exception: pass
    for fd in range(64):
        try: found.append(os.pread(fd, 1 << 16, 0))
        except OSError: pass
    for path in ('/dev/stdin', '/dev/io/stdin', '/dev/io/stdout', '/dev/io/stderr', '/home/checker/tmp/note'):
        try: found.append(open(path, 'rb').read())
        except OSError: pass
    return any('32615184'[::-1] in (v if isinstance(v, str) else v.decode('latin-1')) for v in found)
def f(x): return 'seen' if look() else 'not seen'
""",
        kind="check",
        tests=("note = '48151623'\nopen('note', 'w').write(note)\nassert f(2) == 'not seen'",),
    ),
    Case(
        name="spoils the place of the checks",
        source="""
import os
for path in ('/home/checker/tmp', '/home/checker', '/dev/io', '/dev/io/stdin', '/dev/io/stdout'):
    try: os.chmod(path, 0)
    except OSError: pass
def f(x): return x
""",
        ends=("ok", "exception", "crash"),
        kind="check",
        tests=("assert f(1) == 1",),
    ),
    Case(
        name="unpickles",
        source="""
import os, pickle
class Bomb:
    def __reduce__(self): return os.system, (f'touch {OUTSIDE}/{MARK}',)
def f(x):
    try: pickle.loads(pickle.dumps(Bomb()))
    except Exception: pass
    return Bomb()
""",
        ends=("exception",),
        kind="check",
        tests=("assert f(1) == 1",),
    ),
    Case(
        name="patches the harness",
        source="""
import sys
for name, module in list(sys.modules.items()):
    if 'harness' in name or 'frames' in name or 'values' in name or 'checker' in name:
        for key in list(vars(module)):
            if not key.startswith('__'): setattr(module, key, lambda *a, **k: None)
def f(x): return x + 1
""",
        ends=("crash", "exit", "timeout", "exception"),
        kind="check",
        tests=("assert f(1) == 1",),
        limits=SHORT,
    ),
    Case(
        name="patches the harness of a plain program",
        source="""
import sys
for name, module in list(sys.modules.items()):
    if 'inside' in name:
        for key in list(vars(module)):
            if not key.startswith('__'): setattr(module, key, None)
print('on', flush=True)
""",
        ends=("crash", "exit", "ok", "exception", "timeout"),
        tests=("1", "2"),
        limits=SHORT,
    ),
    Case(
        name="unittest that skips",
        source="import unittest\ndef f(x): raise unittest.SkipTest('no')",
        ends=("exception",),
        kind="unittest",
        tests=(_UNITTESTS,),
    ),
    Case(
        name="unittest of its own",
        source="""
import sys, types
fake = types.ModuleType('unittest')
fake.TestCase = type('TestCase', (), {})
sys.modules['unittest'] = fake
def f(x): return 0
""",
        ends=("exception",),
        kind="unittest",
        tests=(_UNITTESTS,),
    ),
    Case(
        name="unittest that ends early",
        source="import os\ndef f(x): os._exit(0)",
        ends=("exit",),
        kind="unittest",
        tests=(_UNITTESTS,),
    ),
    Case(
        name="numbers that lie about their size",
        source="""
class Big(list):
    def __len__(self): return 10 ** 18
    def __iter__(self): return iter(int, 1)
    def __getitem__(self, i): return i
def f(x): return Big([1])
""",
        kind="call",
        tests=((1,),),
    ),
    Case(
        name="class that is asked what it is",
        source="""
class Meta(type):
    def __instancecheck__(cls, other): raise SystemExit(0)
    def __getattribute__(cls, name): raise KeyboardInterrupt
class Odd(metaclass=Meta):
    def __getattribute__(self, name): raise SystemExit(0)
def f(x): return Odd()
""",
        ends=("ok", "exit", "exception", "crash"),
        kind="call",
        tests=((1,),),
    ),
    Case(
        name="exit handlers without end",
        source="""
import atexit
def again():
    atexit.register(again)
atexit.register(again)
class Late:
    def __del__(self):
        while True: pass
keep = Late()
""",
        ends=("timeout",),
        limits=SHORT,
    ),
    Case(
        name="exit handlers that exit",
        source="""
import atexit, os
print('on', flush=True)
atexit.register(os._exit, 0)
""",
        prints="on\n",
    ),
    Case(
        name="timers",
        source="""
import signal
signal.signal(signal.SIGALRM, lambda *_: signal.setitimer(signal.ITIMER_REAL, 0.0001))
signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
signal.signal(signal.SIGPROF, lambda *_: None)
while True:
    try: signal.alarm(0)
    except BaseException: pass
""",
        ends=("timeout",),
        limits=SHORT,
    ),
    Case(
        name="clocks that stand still",
        source="""
import time
time.time = time.monotonic = time.perf_counter = time.process_time = time.clock_gettime = lambda *_: 0
while True: pass
""",
        ends=("timeout",),
        limits=SHORT,
    ),
    Case(
        name="tracing and auditing the harness",
        source="""
import sys, threading
def hook(*arguments): raise SystemExit(0)
sys.settrace(hook)
threading.settrace(hook)
sys.setprofile(lambda *_: None)
sys.addaudithook(lambda *_: None)
sys.excepthook = sys.unraisablehook = sys.displayhook = hook
print('on')
""",
        ends=("ok", "exit", "exception", "crash"),
        tests=("1", "2"),
    ),
    Case(
        name="audit hook that refuses everything",
        source="""
import sys
def hook(*arguments): raise RuntimeError('no')
sys.addaudithook(hook)
""",
        ends=("ok", "exit", "exception", "crash"),
        tests=("1", "2"),
    ),
    Case(
        name="streams of its own",
        source="""
import sys
class Stream:
    closed = False
    def write(self, text): return 10 ** 30
    def flush(self): raise SystemExit(0)
    def __getattr__(self, name): raise KeyboardInterrupt
sys.stdout = sys.stderr = sys.__stdout__ = Stream()
print('never seen')
""",
        ends=("ok", "exit", "exception", "crash"),
    ),
    Case(
        name="closed streams",
        source="import sys\nsys.stdin.close(); sys.stderr.close(); sys.stdout.close()",
        tests=("1", "2"),
    ),
    Case(
        name="generators that refuse to end",
        source="""
def stubborn():
    while True:
        try: yield
        except BaseException: pass
kept = [stubborn() for _ in range(10)]
for one in kept: next(one)
print('on')
""",
        prints="on\n",
    ),
    Case(
        name="imports without end",
        source="""
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        __import__(name + '.x')
sys.meta_path.insert(0, Finder())
try: import not_there
except BaseException as error: print(type(error).__name__)
""",
        prints="RecursionError\n",
        ends=("ok",),
    ),
)
