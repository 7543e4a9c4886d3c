"""Programs that leave something for the next one. The controls after them would find it."""

# ruff: noqa: E501 - programs stay readable on their own lines
from __future__ import annotations

from .casebook import Case

_ALL = "('json', 'heapq', 'collections', 'math', 'random', 're', 'os', 'io', 'string', 'itertools', 'bisect')"

CASES = (
    Case(
        name="modules",
        source=f"""
import sys
for name in {_ALL}:
    module = __import__(name)
    for key in list(vars(module)):
        if not key.startswith('_'): setattr(module, key, lambda *a, **k: 'poison')
    sys.modules[name + '_poison'] = sys
sys.modules['json'] = sys
del sys.modules['heapq']
""",
        ends=("ok", "exit", "crash", "exception"),
    ),
    Case(
        name="built-ins",
        source="""
import builtins
for name in ('print', 'len', 'sorted', 'sum', 'int', 'input', 'range', 'open', 'map', 'max'):
    setattr(builtins, name, lambda *a, **k: 'poison')
builtins.__dict__['__build_class__'] = builtins.__import__ = builtins.exec = builtins.compile = None
builtins.MARK = MARK
""",
        ends=("ok", "exit", "crash", "exception"),
    ),
    Case(
        name="types in C",
        source="""
import ctypes, gc
for kind in (int, str, list, dict):
    names = gc.get_referents(kind.__dict__)[0]
    names['poison'] = 1
ctypes.pythonapi.PyType_Modified(ctypes.py_object(int))
""",
        ends=("ok", "exit", "crash", "exception"),
    ),
    Case(
        name="small numbers",
        source="""
import ctypes
ctypes.memmove(id(7) + 24, id(8) + 24, 4)
print(3 + 4)
""",
        ends=("ok", "exit", "crash", "exception"),
    ),
    Case(
        name="search path and site-packages",
        source="""
import os, site, sys, sysconfig
sys.path.insert(0, os.getcwd())
sys.path_hooks.clear()
sys.meta_path.reverse()
sys.path_importer_cache.clear()
open('json.py', 'w').write('poison = 1')
done = []
for folder in (sysconfig.get_paths()['purelib'], sysconfig.get_paths()['stdlib'], SITE, os.path.dirname(os.__file__) + '/__pycache__'):
    try: done.append(open(f'{folder}/{MARK}.pth', 'w'))
    except OSError: pass
print(done)
""",
        prints="[]\n",
    ),
    Case(
        name="shared memory and places for everybody",
        source="""
import os
for folder in ('/dev/shm', '/tmp', '/var/tmp', '/run', '/run/lock', '.', os.environ['HOME'], os.environ['TMPDIR'], '/home/program', '/home/program/tmp'):
    try: open(f'{folder}/{MARK}', 'w').write('poison')
    except OSError: pass
    try: os.mkdir(f'{folder}/{MARK}.d')
    except OSError: pass
print('on')
""",
        prints="on\n",
    ),
    Case(
        name="rights and times of shared places",
        source="""
import os
for path in ('/dev/io', '/dev/io/stdin', '/dev/io/stdout', '/home/program/tmp', '/home/program', '/home/checker/tmp', '/home', '/dev', '/tmp', '.', '..'):
    for attempt in (lambda: os.utime(path, (1, 1)), lambda: os.chmod(path, 0)):
        try: attempt()
        except OSError: pass
print('on')
""",
        prints="on\n",
    ),
    Case(
        name="environment",
        source="""
import os, locale, time
os.environ.clear()
os.environ.update(PATH=MARK, HOME=MARK, TMPDIR=MARK, LD_PRELOAD=MARK, PYTHONHASHSEED='7', TZ='Asia/Tokyo', PYTHONPATH=MARK)
time.tzset()
os.umask(0o777)
print('on')
""",
        prints="on\n",
    ),
    Case(
        name="state of the process",
        source="""
import decimal, gc, random, signal, sys, threading, warnings
random.seed(7)
decimal.getcontext().prec = 2
decimal.DefaultContext.prec = 2
sys.setrecursionlimit(50)
sys.setswitchinterval(100)
sys.set_int_max_str_digits(640)
sys.setdlopenflags(0)
gc.disable(); gc.set_threshold(1); gc.freeze()
signal.signal(signal.SIGALRM, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
warnings.simplefilter('error')
threading.stack_size(1 << 16)
print('on')
""",
        prints="on\n",
    ),
    Case(
        name="cyclic state kept by exit handlers and caches",
        source="""
import atexit, functools, linecache, re, sys, weakref
linecache.cache['x'] = (1, None, ['poison'], 'x')
re._cache.clear() if hasattr(re, '_cache') else None
atexit.register(lambda: sys.modules.update(json=None))
functools.lru_cache = None
sys.intern(MARK)
class Kept: pass
kept = Kept(); weakref.finalize(kept, exec, 'import builtins; builtins.len = None')
print('on')
""",
        prints="on\n",
        ends=("ok", "exit"),
    ),
    Case(
        name="stays in its thread when the run is over",
        source="""
import _thread, time
def later():
    while True:
        try: open(MARK, 'w').write('x')
        except OSError: pass
_thread.start_new_thread(later, ())
print('on')
""",
        prints="on\n",
        tests=("1", "2", "3"),
    ),
)
