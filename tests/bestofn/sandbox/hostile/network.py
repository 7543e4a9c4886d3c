"""Programs that talk to somebody."""

# ruff: noqa: E501 - programs stay readable on their own lines
from __future__ import annotations

from .casebook import Case

CASES = (
    Case(
        name="tcp and udp",
        source="""
import socket
def udp(family, where):
    with socket.socket(family, socket.SOCK_DGRAM) as s: s.sendto(b'x', where)
print(passed(
    tcp=lambda: socket.create_connection(('127.0.0.1', TCP_PORT), 2),
    tcp6=lambda: socket.create_connection(('::1', TCP_PORT), 2),
    name=lambda: socket.create_connection(('localhost', TCP_PORT), 2),
    far=lambda: socket.create_connection(('192.0.2.1', 80), 0.2),
    udp=lambda: udp(socket.AF_INET, ('127.0.0.1', UDP_PORT)),
    broadcast=lambda: udp(socket.AF_INET, ('255.255.255.255', UDP_PORT)),
    udp6=lambda: udp(socket.AF_INET6, ('::1', UDP_PORT)),
))
""",
        prints="[]\n",
    ),
    Case(
        name="listening",
        source="""
import socket
def listen(family, where):
    s = socket.socket(family)
    s.bind(where)
    s.listen()
print(passed(
    tcp=lambda: listen(socket.AF_INET, ('127.0.0.1', 0)),
    tcp6=lambda: listen(socket.AF_INET6, ('::1', 0)),
    abstract=lambda: listen(socket.AF_UNIX, '\\0' + MARK),
    path=lambda: listen(socket.AF_UNIX, MARK),
))
""",
        prints="[]\n",
    ),
    Case(
        name="unix sockets of others",
        source="""
import socket
def connect(where, kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_UNIX, kind) as s: s.connect(where)
def send(where, kind):
    a, b = socket.socketpair(socket.AF_UNIX, kind)
    a.sendto(b'x', where)
print(passed(
    abstract=lambda: connect(ABSTRACT),
    path=lambda: connect(PATH_SOCKET),
    docker=lambda: connect('/var/run/docker.sock'),
    dbus=lambda: connect('/run/dbus/system_bus_socket'),
    journal=lambda: connect('/run/systemd/journal/stdout'),
    from_pair=lambda: send(ABSTRACT_DATAGRAM, socket.SOCK_DGRAM),
    from_pair_path=lambda: send(PATH_DATAGRAM, socket.SOCK_DGRAM),
    reconnect=lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].connect(ABSTRACT_DATAGRAM),
))
""",
        prints="[]\n",
    ),
    Case(
        name="kinds of sockets",
        source="""
import socket
families = [getattr(socket, name) for name in dir(socket) if name.startswith('AF_')] + list(range(46))
opened = []
for family in sorted(set(map(int, families))):
    for kind in (1, 2, 3, 5, 10):
        for protocol in (0, 1, 6, 15, 16, 255):
            try: opened.append((family, kind, socket.socket(family, kind, protocol).close()))
            except (OSError, OverflowError): pass
print(opened)
""",
        prints="[]\n",
    ),
    Case(
        name="names looked up",
        source="""
import socket
try: print(socket.getaddrinfo('example.com', 80))
except OSError as error: print('no')
try: print(socket.gethostbyname('localhost') and 'file')
except OSError: print('no')
""",
        ends=("ok",),
        prints="no\nno\n",
        light={"prints": None},
    ),
    Case(
        name="through programs",
        source="""
import subprocess
for words in (['curl', '-m', '2', f'http://127.0.0.1:{TCP_PORT}'], ['bash', '-c', f'echo > /dev/tcp/127.0.0.1/{TCP_PORT}'],
              ['nc', '-w', '1', '127.0.0.1', str(TCP_PORT)], ['ping', '-c', '1', '127.0.0.1'], ['ssh', 'localhost'], ['sudo', '-n', 'true'], ['su', '-c', 'true']):
    try:
        print(subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, timeout=20).returncode == 0)
    except OSError:
        print(False)
""",
        prints="False\n" * 7,
    ),
    Case(
        name="urllib and asyncio",
        source="""
import asyncio, urllib.request
def request(): urllib.request.urlopen(f'http://127.0.0.1:{TCP_PORT}', timeout=2)
async def loop(): await asyncio.open_connection('127.0.0.1', TCP_PORT)
print(passed(urllib=request, asyncio=lambda: asyncio.run(loop())))
""",
        prints="[]\n",
    ),
    Case(
        name="descriptors sent to the worker",
        source="""
import array, os, socket
kept = []
for number in range(3, 64):
    try: s = socket.socket(fileno=os.dup(number))
    except OSError: continue
    for _ in range(200):
        rights = array.array('i', [0, 1, 2] + [os.dup(0) for _ in range(8)])
        try: s.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)], socket.MSG_DONTWAIT)
        except OSError: pass
        for fd in rights[3:]: os.close(fd)
    kept.append(s)
print(len(kept))
""",
        ends=("crash",),
    ),
)
