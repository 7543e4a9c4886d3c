"""Programs that misuse what they are given: descriptors, frames, streams, output."""

# ruff: noqa: E501 - programs stay readable on their own lines
from __future__ import annotations

from dataclasses import replace

from .casebook import SHORT, SMALL, SOON, Case

_SOCKETS = """
import json, os, socket, stat, sys
def sockets():
    found = []
    for fd in range(64):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode): found.append(fd)
        except OSError: pass
    return found
def frame(message):
    body = json.dumps(message).encode()
    return len(body).to_bytes(4, 'big') + body
def say(data):
    for fd in sockets():
        try: os.write(fd, data)
        except OSError: pass
"""

CASES = (
    Case(
        name="two gigabytes of output",
        source="""
line = 'x' * (1 << 20) + '\\n'
for _ in range(2048): print(line)
""",
        ends=("output",),
        neighbours=True,
    ),
    Case(
        name="two gigabytes of errors",
        source="""
import os, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for _ in range(2048):
    try: os.write(2, bytes(1 << 20))
    except OSError: pass
print('on')
""",
        ends=("ok", "output"),
    ),
    Case(
        name="output without a newline, on both, by many small writes",
        source="""
import os
while True:
    os.write(1, b'x')
    os.write(2, b'y')
""",
        ends=("output", "timeout"),
        limits=replace(SMALL, seconds=2, output_bytes=1 << 12, file_bytes=1 << 12),
    ),
    Case(
        name="output at a far place",
        source="""
import os
os.lseek(1, 900_000, 0)
os.write(1, b'end')
os.lseek(1, 0, 0)
os.write(1, b'start')
""",
        prints="start" + "\0" * 899_995 + "end",
    ),
    Case(
        name="output taken back",
        source="import os\nprint('x' * 1000, flush=True)\nos.ftruncate(1, 3)\nos.lseek(1, 3, 0)\nprint('y')",
        prints="xxxy\n",
    ),
    Case(
        name="surrogates, zeros, bytes that are no text, escape codes",
        source="""
import sys
print('\\ud800\\udfff', end='')
sys.stdout.flush()
sys.stdout.buffer.write(b'\\xff\\xfe\\x00\\x1b[2J\\x1b]0;x\\x07\\r\\x9b\\xed\\xa0\\x80')
""",
        ends=("exception", "ok"),
    ),
    Case(
        name="bytes that are no text",
        source="""
import sys
sys.stdout.buffer.write(b'\\xff\\x00\\x1b[2J\\xc3')
""",
        prints="\ufffd\x00\x1b[2J\ufffd",
    ),
    Case(
        name="error that cannot be written down",
        source="raise ValueError('\\ud800 \\x00 \\x1b[2J \\n' * 10)",
        ends=("exception",),
        error="ValueError",
    ),
    Case(
        name="error whose name and text lie",
        source="""
class Liar(Exception):
    wire_name = property(lambda self: 1 / 0)
    __class__ = KeyError
    def __str__(self): raise SystemExit(0)
    __repr__ = __str__
raise Liar
""",
        ends=("exception", "exit", "crash"),
    ),
    Case(
        name="error without an end",
        source="raise ValueError('x' * (1 << 24))",
        ends=("exception",),
        error="ValueError: xxx",
    ),
    Case(
        name="error of an error of an error",
        source="""
error = None
for _ in range(100000):
    fresh = ValueError()
    fresh.__cause__ = fresh.__context__ = error
    error = fresh
raise error
""",
        ends=("exception", "crash"),
        error="",
    ),
    Case(
        name="exit with what cannot be shown",
        source="""
class Odd:
    def __str__(self): raise KeyboardInterrupt
raise SystemExit(Odd())
""",
        ends=("exit", "exception", "crash"),
    ),
    Case(
        name="exit with a number that is too big",
        source="raise SystemExit(10 ** 5000)",
        ends=("exit", "exception", "ok"),
    ),
    Case(
        name="garbage on every descriptor",
        source=_SOCKETS
        + """
for fd in range(64):
    try:
        os.set_blocking(fd, False)
        os.write(fd, os.urandom(4096))
    except OSError: pass
""",
        ends=("crash",),
    ),
    Case(
        name="flood on every socket",
        source=_SOCKETS
        + """
import threading
def flood(fd):
    while True:
        try: os.write(fd, bytes(1 << 16))
        except OSError: return
for fd in sockets(): threading.Thread(target=flood, args=(fd,)).start()
""",
        ends=("crash",),
        limits=replace(SMALL, seconds=5),
    ),
    Case(
        name="frame of four gigabytes",
        source=_SOCKETS + "say(b'\\xff' * 4)\nwhile True: pass",
        ends=("crash",),
    ),
    Case(
        name="frame just too long",
        source=_SOCKETS + "say((65537).to_bytes(4, 'big') + b'x' * 65537)\nwhile True: pass",
        ends=("crash",),
    ),
    Case(
        name="frame that never ends",
        source=_SOCKETS + "say((1000).to_bytes(4, 'big') + b'{')\nwhile True: pass",
        ends=("timeout",),
        limits=SHORT,
    ),
    Case(
        name="frame that is no JSON",
        source=_SOCKETS + "say(b'\\0\\0\\0\\3{[}')\nwhile True: pass",
        ends=("crash",),
    ),
    Case(
        name="frame nested beyond reason",
        source=_SOCKETS + "say((60000).to_bytes(4, 'big') + b'[' * 60000)\nwhile True: pass",
        ends=("crash",),
    ),
    Case(
        name="frame with a long number",
        source=_SOCKETS + "say((60000).to_bytes(4, 'big') + b'9' * 60000)\nwhile True: pass",
        ends=("crash",),
    ),
    Case(
        name="frame that is null",
        source=_SOCKETS + "say(frame(None))\nwhile True: pass",
        ends=("crash",),
    ),
    Case(
        name="report with a wrong token",
        source=_SOCKETS
        + """
say(frame({'token': '0' * 16, 'status': 'ok', 'error': '', 'reuse': True, 'threads_left': False, 'gone': False, 'unpassable': False}))
while True: pass
""",
        ends=("crash",),
    ),
    Case(
        name="report of a fault of the sandbox",
        source=_SOCKETS + "say(frame({'fault': 'x'}))\nwhile True: pass",
        ends=("crash",),
    ),
    Case(
        name="report with its own token and a status of its own",
        source=_SOCKETS
        + """
frames = sys._current_frames().values()
token = None
frame_ = sys._getframe()
while frame_:
    token = frame_.f_locals.get('token', token)
    frame_ = frame_.f_back
say(frame({'token': token, 'status': 'perfect', 'error': [], 'reuse': 7}))
while True: pass
""",
        ends=("crash",),
    ),
    Case(
        name="report with its own token before it is over, and on",
        source=_SOCKETS
        + """
token = None
frame_ = sys._getframe()
while frame_:
    token = frame_.f_locals.get('token', token)
    frame_ = frame_.f_back
report = {'token': token, 'status': 'ok', 'error': '', 'reuse': True}
say(frame(report) * 50)
while True: print('more', flush=True)
""",
        ends=("ok", "crash", "output", "timeout", "exit"),
        tests=("a", "b", "c"),
        limits=SHORT,
    ),
    Case(
        name="every descriptor closed",
        source="import os\nprint('x', flush=True)\nos.closerange(0, 64)",
        ends=("ok", "exit", "crash", "exception"),
    ),
    Case(
        name="every descriptor closed, and on",
        source="import os\nos.closerange(0, 64)\nwhile True: pass",
        ends=("timeout", "crash"),
        limits=SHORT,
    ),
    Case(
        name="every descriptor is the first",
        source="""
import os
print('x', flush=True)
for fd in range(1, 64):
    try: os.dup2(0, fd)
    except OSError: pass
""",
        ends=("ok", "exit", "crash", "exception", "timeout"),
        limits=SOON,
    ),
    Case(
        name="sockets connected to themselves",
        source=_SOCKETS
        + """
for fd in sockets():
    a, b = socket.socketpair()
    os.dup2(a.fileno(), fd)
    kept = b
print('on')
""",
        ends=("ok", "exit", "crash", "timeout", "exception"),
        limits=SOON,
    ),
    Case(
        name="all descriptors used up",
        source="""
import os
kept = []
try:
    while True: kept.append(os.dup(0))
except OSError: pass
print(len(kept) <= 64)
""",
        prints="True\n",
    ),
    Case(
        name="descriptors in flight",
        source="""
import array, socket
pairs = [socket.socketpair() for _ in range(20)]
for a, b in pairs:
    for c, d in pairs:
        try: a.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [x.fileno() for p in pairs for x in p]))], socket.MSG_DONTWAIT)
        except OSError: pass
print('on')
""",
        prints="on\n",
    ),
    Case(
        name="mappings of its streams",
        source="""
import mmap, os
print('x' * 4096, flush=True)
view = mmap.mmap(1, 4096)
os.ftruncate(1, 0)
try: view[0] = 65
finally: pass
""",
        ends=("crash", "exception", "ok"),
    ),
    Case(
        name="value that is no JSON",
        source="import os\ndef f(x):\n    os.write(5, b'[' * 100000)\n    os._exit(0)",
        ends=("exit", "crash"),
        kind="call",
        tests=((1,),),
    ),
    Case(
        name="value put before the real one",
        source="import os\ndef f(x):\n    os.write(5, b'12')\n    return 3",
        ends=("ok", "crash"),
        kind="call",
        tests=((1,),),
    ),
    Case(
        name="value nested beyond reason",
        source="import os\ndef f(x):\n    os.write(5, b'[' * 500000 + b']' * 500000)\n    return []",
        ends=("crash",),
        kind="call",
        tests=((1,),),
    ),
    Case(
        name="value with a long number",
        source="import os\ndef f(x):\n    os.write(5, b'9' * 900000)\n    return 3",
        ends=("crash",),
        kind="call",
        tests=((1,),),
    ),
    Case(
        name="value with tags that are none",
        source='import os\ndef f(x):\n    os.write(5, b\'{"t": "set", "v": [[], [], {"t": "float", "v": "__import__"}]} \')\n    return \'\'',
        ends=("crash",),
        kind="call",
        tests=((1,),),
    ),
    Case(
        name="replies to the checks that are none",
        source=_SOCKETS
        + """
def f(x):
    say(b'\\xff' * 100)
    return x
""",
        ends=("crash",),
        kind="check",
        tests=("assert f(1) == 1",),
    ),
    Case(
        name="reply nested beyond reason",
        source=_SOCKETS
        + """
def f(x):
    say((200000).to_bytes(4, 'big') + b'[' * 200000)
    return x
""",
        ends=("crash",),
        kind="check",
        tests=("assert f(1) == 1",),
    ),
    Case(
        name="reply before its call",
        source=_SOCKETS
        + """
for word in ('early', 'value'): say(frame({'call': '0' * 16, 'value': True}))
def f(x): return x
""",
        ends=("crash",),
        kind="check",
        tests=("assert f(1)",),
    ),
)
