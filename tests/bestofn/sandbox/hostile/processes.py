"""Programs that multiply, linger, or attack other processes."""

# ruff: noqa: E501 - programs stay readable on their own lines
from __future__ import annotations

from dataclasses import replace

from .casebook import SHORT, SMALL, SOON, Case

CASES = (
    Case(
        name="fork bomb",
        source="""
import os
count = 0
try:
    while True:
        if os.fork() == 0:
            while True: os.getppid()
        count += 1
except OSError:
    print(count < 64)
""",
        prints="True\n",
        neighbours=True,
    ),
    Case(
        name="fork bomb whose children fork",
        source="""
import os
for _ in range(2000):
    try: os.fork()
    except OSError: pass
print('done')
""",
        ends=("ok", "timeout"),
        limits=SHORT,
        neighbours=True,
    ),
    Case(
        name="bomb of threads",
        source="""
import _thread  # threading would wait for ever for a thread that finds no memory to begin with
gate, count = _thread.allocate_lock(), 0
gate.acquire()
_thread.stack_size(1 << 20)
try:
    while count < 5000:
        _thread.start_new_thread(gate.acquire, ())
        count += 1
except (RuntimeError, MemoryError):
    pass
print(count <= 5000)
""",
        prints="True\n",
        neighbours=True,
    ),
    Case(
        name="bomb of bare threads that burn",
        source="""
import _thread
def spin():
    while True: pass
try:
    while True: _thread.start_new_thread(spin, ())
except RuntimeError: pass
spin()
""",
        ends=("timeout",),
        limits=SHORT,
        neighbours=True,
    ),
    Case(
        name="multiprocessing bomb",
        source="""
import multiprocessing, time
if __name__ == '__main__':
    context = multiprocessing.get_context('fork')
    alive = []
    try:
        while True:
            one = context.Process(target=time.sleep, args=(1000,), daemon=True)
            one.start()
            alive.append(one)
    except OSError:
        print(len(alive) < 64)
    import os
    os._exit(0)
""",
        prints="",
        light={"prints": None},
        ends=("ok",),
    ),
    Case(
        name="subprocess bomb",
        source="""
import subprocess
alive = []
try:
    while True: alive.append(subprocess.Popen(['/bin/sleep', '1000']))
except OSError:
    print(len(alive) < 64)
for one in alive: one.returncode = 0
""",
        prints="True\n",
    ),
    Case(
        name="daemon by two forks",
        source="""
import os
try: pid = os.fork()
except OSError: pid = -1
if pid == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv('/bin/sleep', [MARK, '1000'])
    os._exit(0)
print('started')
""",
        prints="started\n",
    ),
    Case(
        name="daemons that ignore every signal and hold the streams",
        source="""
import os, signal
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
for _ in range(8):
    try: pid = os.fork()
    except OSError: break
    if pid == 0:
        os.setsid()
        while True:
            try: os.write(1, b'x' * 1000)
            except OSError: pass
print('parent', flush=True)
os._exit(0)
""",
        ends=("ok", "output"),
    ),
    Case(
        name="child that stops itself and is orphaned",
        source="""
import os, signal
try: pid = os.fork()
except OSError: pid = -1
if pid == 0:
    os.setpgid(0, 0)
    if os.fork() == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    os._exit(0)
if pid > 0: os.waitpid(pid, 0)
print('left')
""",
        prints="left\n",
    ),
    Case(
        name="stops itself",
        source="import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\nprint('on')",
        prints="on\n",  # the first process of a namespace cannot stop itself
        light={"ends": ("timeout",), "prints": None},
        limits=SOON,
    ),
    Case(
        name="kills everybody",
        source="""
import os, signal
print(passed(**{f'{number} to {victim}': lambda v=victim, n=number: os.kill(v, n)
    for victim in (LIBRARY, WORKER, BYSTANDER) for number in (0, 9, 15, 19, 2)}))
for victims in (-1, 0):
    for number in (0, 9, 19):
        try: os.kill(victims, number)
        except OSError: pass
try: os.killpg(os.getpgid(WORKER), 9)
except OSError: pass
print('still here')
""",
        prints="[]\nstill here\n",
        neighbours=True,
    ),
    Case(
        name="kills its parent and the first process",
        source="""
import os, signal
for victim in (os.getppid(), 1):
    if victim != os.getpid():
        try: os.kill(victim, signal.SIGKILL)
        except OSError: pass
print('still here')
""",
        prints="still here\n",
    ),
    Case(
        name="signals threads of others",
        source="""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
import os
tgkill, tkill = {'x86_64': (234, 200), 'aarch64': (131, 130)}[os.uname().machine]
done = []
for victim in (LIBRARY, WORKER, BYSTANDER):
    done += [n for n in (9, 19) if libc.syscall(tgkill, victim, victim, n) == 0]
    done += [n for n in (9, 19) if libc.syscall(tkill, victim, n) == 0]
print(done)
""",
        prints="[]\n",
    ),
    Case(
        name="traces its own child",
        source="""
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
try: pid = os.fork()
except OSError: pid = -1
if pid == 0:
    while True: os.getppid()
print(libc.ptrace(16, pid if pid > 0 else WORKER, 0, 0))
""",
        prints="-1\n",
    ),
    Case(
        name="ignores and blocks every signal, for ever",
        source="""
import signal
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
while True:
    try:
        while True: pass
    except BaseException: pass
""",
        ends=("timeout",),
        limits=SHORT,
        neighbours=True,
    ),
    Case(
        name="swallows every exception, for ever",
        source="""
import sys
def again(*ignored): return again
sys.settrace(again)
while True:
    try: raise KeyboardInterrupt
    except BaseException: continue
    finally: continue
""",
        ends=("timeout",),
        limits=SHORT,
    ),
    Case(
        name="main thread leaves by itself, another burns",
        source="""
import ctypes, os, threading
def burn():
    while True: pass
threading.Thread(target=burn, daemon=True).start()
ctypes.CDLL(None).syscall({'x86_64': 60, 'aarch64': 93}[os.uname().machine], 0)
""",
        ends=("timeout",),
        limits=SHORT,
    ),
    Case(
        name="thread that never ends",
        source="import threading\nthreading.Thread(target=threading.Event().wait).start()\nprint('on')",
        ends=("timeout",),
        limits=SOON,
    ),
    Case(
        name="sleeps in C with every signal blocked",
        source="""
import ctypes, signal
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
ctypes.CDLL(None).sleep(1000)
ctypes.CDLL(None).pause()
""",
        ends=("timeout",),
        limits=SOON,
    ),
    Case(
        name="exec of a shell",
        source="""
import os
print('before', flush=True)
try: os.execv('/bin/sh', ['sh', '-c', 'cat /etc/passwd /proc/1/environ; echo $$; exec 3>&1; echo more >&3'])
except OSError: print('refused')
""",
        prints="before\n1\nmore\n",
        light={"prints": "before\nrefused\n"},
    ),
    Case(
        name="shell that stays behind",
        source="import os\nos.system(f'(exec -a {MARK} sleep 1000) & (trap \"\" 1 2 15; while :; do :; done) &')\nprint('on')",
        prints="on\n",
    ),
    Case(
        name="exec of python with open doors",
        source="""
import os, sys
os.environ['PYTHONSTARTUP'] = os.environ['PYTHONPATH'] = '/tmp'
print('before', flush=True)
look = 'import os; print([fd for fd in range(64) if os.path.exists(f"/dev/fd/{fd}")], os.getppid())'
try: os.execv(sys.executable, [sys.executable, '-c', look])
except OSError: print('refused')
""",
        prints="before\n[] 0\n",
        light={"prints": "before\nrefused\n"},
    ),
    Case(
        name="vfork and exec from C",
        source="""
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
argv = (ctypes.c_char_p * 3)(MARK.encode(), b'1000', None)
pid = ctypes.c_int()
print(libc.posix_spawn(ctypes.byref(pid), b'/bin/sleep', None, None, argv, None) == 0)
""",
        prints="True\n",
        light={"prints": "False\n"},
    ),
    Case(
        name="program in anonymous memory",
        source="""
import os
try:
    fd = os.memfd_create('code')
    os.write(fd, open('/bin/true', 'rb').read())
    os.execve(fd, ['true'], {})
except OSError as error:
    print(type(error).__name__)
""",
        prints="PermissionError\n",
    ),
    Case(
        name="program written to its own place",
        source="""
import os, shutil, subprocess
try:
    shutil.copyfile('/bin/sleep', MARK)
    os.chmod(MARK, 0o6755)
    subprocess.Popen([f'./{MARK}', '1000'])
    print('started')
except OSError:
    print('refused')
""",
        prints="started\n",
        light={"prints": "refused\n"},
    ),
    Case(
        name="burns in children, so that its own clock stands still",
        source="""
import os
try:
    for _ in range(4):
        if os.fork() == 0:
            while True: pass
    os.wait()
except OSError:
    while True: pass
""",
        ends=("timeout",),
        limits=replace(SMALL, seconds=0.4, wall_seconds=0.9),
        neighbours=True,
    ),
    Case(
        name="exits before anything is checked",
        source="import os\nos._exit(0)\ndef f(x): return x",
        ends=("exit",),
        kind="check",
        tests=("assert f(1) == 1",),
    ),
    Case(
        name="exits from within a call",
        source="import os\ndef f(x): os._exit(0)",
        ends=("exit",),
        kind="check",
        tests=("assert f(1) == 1",),
    ),
    Case(
        name="forks within a call, and both answer",
        source="""
import os
def f(x):
    try: pid = os.fork()
    except OSError: pid = -1
    return x if pid else x + 1
""",
        ends=("ok", "crash", "exception"),
        kind="check",
        tests=("assert f(1) == 1\nassert f(2) == 2",),
    ),
)
