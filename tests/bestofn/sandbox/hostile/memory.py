"""Programs that take all they can get: memory, numbers, stacks."""

from __future__ import annotations

from .casebook import SHORT, Case

_KILLED = ("memory", "crash")

CASES = (
    Case(
        name="list",
        source="x = []\nwhile True: x.append([0] * 100000)",
        ends=("memory",),
        neighbours=True,
    ),
    Case(name="bytearray", source="x = bytearray(1 << 40)", ends=("memory",)),
    Case(
        name="bytearray that grows",
        source="x = bytearray()\nwhile True: x += bytes(1 << 20)",
        ends=("memory",),
    ),
    Case(name="text times a number", source="x = 'ab' * (1 << 34)", ends=("memory",)),
    Case(
        name="swallows MemoryError",
        source="""
kept = []
while True:
    try:
        while True: kept.append(bytearray(1 << 22))
    except MemoryError:
        pass
""",
        ends=("timeout",),
        limits=SHORT,
    ),
    Case(
        name="mappings",
        source="""
import mmap
kept = []
try:
    while True:
        kept.append(mmap.mmap(-1, 1 << 24))
        kept[-1][::4096] = b'x' * 4096
except OSError:
    print(len(kept) <= 32)
""",
        prints="True\n",
    ),
    Case(
        name="shared memory",
        source="""
from multiprocessing import shared_memory
kept = []
try:
    for _ in range(64):
        kept.append(shared_memory.SharedMemory(create=True, size=1 << 20))
        kept[-1].buf[:] = b'x' * (1 << 20)
except OSError:
    pass
print(len(kept) <= 64)
import os
os._exit(0)
""",
        ends=("ok", "exception", "crash", "exit"),
        error="",
    ),
    Case(
        name="files in the private place",
        source="""
count = 0
try:
    for number in range(80):
        with open(f'{number}', 'wb') as file: file.write(bytes(1 << 20))
        count += 1
except OSError as error:
    print(error.errno)
""",
        prints="28\n",
        light={"prints": ""},
    ),  # a plain directory knows no limit but that of a file
    Case(
        name="numpy", source="import numpy\nx = numpy.ones(1 << 33)", ends=("memory", "exception")
    ),
    Case(
        name="recursion in Python",
        source="def f(x): return f(x + 1) + f(x)\nf(0)",
        ends=("exception",),
        error="RecursionError",
    ),
    Case(
        name="recursion without a limit",
        source="""
import sys
sys.setrecursionlimit(1 << 30)
def f(x): return [f(x + 1)]
f(0)
""",
        ends=("crash", "memory", "timeout", "exception"),
        limits=SHORT,
    ),
    Case(
        name="recursion in C",
        source="""
import sys
sys.setrecursionlimit(1 << 30)
x = ()
for _ in range(500_000): x = (x,)
print(hash(x), repr(x) == '')
""",
        ends=(*_KILLED, "exception", "timeout"),
        limits=SHORT,
    ),
    Case(
        name="recursion of the parser",
        source="eval('(' * 100000 + ')' * 100000)",
        ends=("exception", "memory", "crash"),
    ),
    Case(
        name="recursion of the compiler",
        source="import sys\nsys.setrecursionlimit(10**9)\neval('+'.join(['x'] * 200000))",
        ends=("exception", "memory", "crash"),
    ),
    Case(
        name="source nested too deep", source="x = " + "[" * 3000 + "]" * 3000, ends=("exception",)
    ),
    Case(
        name="iterators in iterators",
        source="x = iter(())\nfor _ in range(300_000): x = map(int, x)\ndel x\nprint('on')",
        ends=("ok", *_KILLED),
    ),
    Case(
        name="big number as text",
        source="import sys\nsys.set_int_max_str_digits(0)\nprint(len(str(10 ** 10_000_000)))",
        ends=("timeout",),
        limits=SHORT,
        neighbours=True,
    ),
    Case(
        name="big number as text, refused",
        source="print(len(str(10 ** 10_000)))",
        ends=("exception",),
        error="ValueError",
    ),
    Case(
        name="power",
        source="x = 7 ** (7 ** 9)\nx = x ** x",
        ends=("timeout", "memory"),
        limits=SHORT,
    ),
    Case(name="shift", source="x = 1 << (1 << 40)", ends=("memory", "exception")),
    Case(
        name="regular expression",
        source="import re\nre.match('(a|aa|a?)+$', 'a' * 64 + 'b')",
        ends=("timeout",),
        limits=SHORT,
    ),
    Case(
        name="one call in C that takes for ever",
        source="sum(range(10 ** 15))",
        ends=("timeout",),
        limits=SHORT,
    ),
    Case(
        name="decompression",
        source="""
import zlib
small = zlib.compress(bytes(1 << 24))
for _ in range(3): small = zlib.compress(small)
x = small
while True: x = zlib.decompress(zlib.compress(bytes(1 << 26))) * 64
""",
        ends=("memory",),
    ),
    Case(name="format", source="print('{:>99999999999}'.format(1))", ends=("memory", "exception")),
    Case(
        name="null dereference",
        source="import ctypes\nprint('on', flush=True)\nctypes.string_at(0)",
        ends=("crash",),
        prints="on\n",
    ),
    Case(
        name="null dereference that is handled",
        source="""
import ctypes, signal
signal.signal(signal.SIGSEGV, lambda *_: None)
ctypes.memset(0, 0, 1)
""",
        ends=("crash", "timeout"),
        limits=SHORT,
    ),
    Case(name="abort", source="import os\nos.abort()", ends=("crash",)),
    Case(
        name="writes over itself",
        source="""
import ctypes
ctypes.memset(id(None), 0xff, 16)
ctypes.memset(id(int), 0x41, 400)
print(1 + 1)
""",
        ends=("crash", "exception", "ok", "exit", "timeout", "memory"),
        limits=SHORT,
    ),
    Case(
        name="stack of its own that overflows",
        source="""
import threading
threading.stack_size(64 << 10)
import sys
sys.setrecursionlimit(10**6)
def f(x): return sorted([x], key=f)
one = threading.Thread(target=f, args=(1,))
one.start()
one.join()
""",
        ends=("crash", "ok", "exception"),
    ),
    Case(
        name="garbage that asks for more when it is collected",
        source="""
import gc
class Again:
    def __init__(self): self.me = self
    def __del__(self): Again(); Again()
Again()
while True: gc.collect()
""",
        ends=("timeout", "memory"),
        limits=SHORT,
    ),
)
