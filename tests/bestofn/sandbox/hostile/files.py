"""Programs that look for, change or leave files."""

# ruff: noqa: E501 - programs stay readable on their own lines
from __future__ import annotations

from dataclasses import replace

from .casebook import SMALL, Case

CASES = (
    Case(
        name="reading outside",
        source="""
print(passed(
    secret=lambda: open(SECRET_FILE).read(),
    home=lambda: open(HOME + '/.ssh/id_ed25519').read(),
    passwd=lambda: open('/etc/passwd').read(),
    shadow=lambda: open('/etc/shadow').read(),
    tests=lambda: open(TEST_FILE).read(),
    up=lambda: open('../' * 20 + SECRET_FILE).read(),
    machine=lambda: open('/etc/machine-id').read(),
    kernel=lambda: open('/sys/kernel/notes', 'rb').read(),
    memory=lambda: open('/dev/mem', 'rb').read(1),
    log=lambda: open('/dev/kmsg', 'rb').read(1),
    terminal=lambda: open('/dev/tty', 'rb').read(1),
    pty=lambda: open('/dev/ptmx', 'rb+'),
    disk=lambda: open('/dev/vda', 'rb').read(1),
    sockets=lambda: open('/run/docker.sock', 'rb'),
))
""",
        prints="[]\n",
    ),
    Case(
        name="listing outside",
        source="""
import os
def foreign(path):
    if os.path.realpath(path) != path: raise OSError('a link into its own place')
    os.listdir(path)
print(passed(
    home=lambda: os.listdir(HOME),
    outside=lambda: os.listdir(OUTSIDE),
    up=lambda: os.listdir('../../..'),
    tmp=lambda: foreign('/tmp'),
    proc=lambda: os.listdir('/proc'),
    sys=lambda: os.listdir('/sys'),
    shm=lambda: foreign('/dev/shm'),
    root=lambda: os.listdir('/root'),
    etc=lambda: os.listdir('/etc'),
    dev=lambda: os.listdir('/dev'),
    others=lambda: os.listdir('/home/checker/tmp'),
    io=lambda: os.listdir('/dev/io'),
))
""",
        prints="[]\n",
    ),
    Case(
        name="processes seen through files",
        source="""
import os
paths = [f'/proc/{who}/{what}' for who in ('self', 1, LIBRARY, WORKER, BYSTANDER, os.getppid())
         for what in ('environ', 'cmdline', 'mem', 'maps', 'root/etc/passwd', 'cwd/x', 'status', 'stack')]
paths += [f'/proc/{who}/fd/{fd}' for who in (LIBRARY, WORKER, BYSTANDER) for fd in range(10)]
paths += ['/proc/kcore', '/proc/kallsyms', '/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger', '/proc/mounts', '/proc/net/tcp', '/proc/keys']
opened = []
for path in paths:
    for flags in (os.O_RDONLY, os.O_WRONLY):
        try: opened.append((path, os.close(os.open(path, flags))))
        except OSError: pass
print(opened)
""",
        prints="[]\n",
    ),
    Case(
        name="links of processes",
        source="""
import os
seen = []
for who in (1, LIBRARY, WORKER, BYSTANDER):
    for what in ('cwd', 'root', 'exe', 'fd/0', 'fd/3', 'ns/net', 'ns/mnt'):
        try: seen.append(os.readlink(f'/proc/{who}/{what}'))
        except OSError: pass
print(seen)
""",
        prints="[]\n",
    ),
    Case(
        name="environment and arguments",
        source="""
import ctypes, os, sys
print(sorted(os.environ))
libc = ctypes.CDLL(None)
libc.getenv.restype = ctypes.c_char_p
print(libc.getenv(KEY.encode()), libc.getenv(b'HOSTILE_API_KEY'), sys.argv, len(sys.orig_argv) and 'arguments')
environ = ctypes.POINTER(ctypes.c_char_p).in_dll(libc, 'environ')
index = 0
while environ[index]:
    print(environ[index])
    index += 1
print(sys.orig_argv)
""",
    ),
    Case(
        name="writing outside",
        source="""
import os
own = [OUTSIDE + '/' + MARK, OUTSIDE + '/open', HOME + '/.bashrc', SECRET_FILE]
others = [TEST_FILE, LIBRARY_FILE, '/etc/passwd', '/usr/' + MARK, '/' + MARK, '/var/tmp/' + MARK, '/run/' + MARK, '/dev/' + MARK,
          '/dev/mqueue/' + MARK, '/sys/' + MARK, '../' + MARK, '../../' + MARK, '/home/' + MARK, '/home/checker/tmp/' + MARK, '/dev/io/' + MARK,
          SITE + '/' + MARK + '.pth', BASES + '/' + MARK, '/var/spool/cron/' + MARK]
done = []
for path in own + others:
    for flags in (os.O_WRONLY | os.O_CREAT, os.O_RDWR, os.O_WRONLY | os.O_APPEND, os.O_TMPFILE | os.O_RDWR, os.O_WRONLY | os.O_TRUNC * (path in own)):
        try: done.append((path, flags, os.close(os.open(path, flags, 0o666))))
        except OSError: pass
print(done)
""",
        prints="[]\n",
    ),
    Case(
        name="changing outside without opening",
        source="""
import os
own = (OUTSIDE + '/open', SECRET_FILE, HOME + '/.bashrc', OUTSIDE, HOME, BASES)
others = (LIBRARY_FILE, TEST_FILE, '/', '/usr', '/etc', '/tmp/..', '/dev', '/dev/null', '/dev/zero', '/dev/urandom')
done = []
for path in own + others:
    try: facts = os.stat(path)
    except OSError: continue
    done += [path + ' ' + name for name in passed(
        # Were this to go wrong, it should not ruin the machine: they are what they were.
        chmod=lambda: os.chmod(path, facts.st_mode & 0o7777),
        utime=lambda: os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns)),
        chown=lambda: os.chown(path, facts.st_uid, facts.st_gid),
        setxattr=lambda: os.setxattr(path, 'user.hostile', b'x'),
        mkdir=lambda: os.mkdir(path + '/' + MARK),
        mkfifo=lambda: os.mkfifo(path + '/' + MARK),
        symlink=lambda: os.symlink('x', path + '/' + MARK),
        link=lambda: os.link(path, 'link'),
    )]
for path in own:
    done += [path + ' ' + name for name in passed(
        truncate=lambda: os.truncate(path, 0),
        unlink=lambda: os.unlink(path),
        rmdir=lambda: os.rmdir(path),
        rename=lambda: os.rename(path, 'mine'),
        beside=lambda: os.rename(path, path + MARK),
        over=lambda: (open('own', 'w').close(), os.rename('own', path)),
    )]
print(done)
""",
        prints="[]\n",
    ),
    Case(
        name="symbolic links out of its place",
        source="""
import os
os.symlink(SECRET_FILE, 'file')
os.symlink(OUTSIDE, 'folder')
os.symlink('/', 'root')
os.symlink('loop', 'loop')
print(passed(
    read=lambda: open('file').read(),
    write=lambda: open('folder/' + MARK, 'w'),
    through=lambda: open('root' + SECRET_FILE).read(),
    loop=lambda: open('loop'),
    list=lambda: os.listdir('folder'),
))
""",
        prints="[]\n",
    ),
    Case(
        name="hard links and bind-like tricks",
        source="""
import os
fd = os.open('/', os.O_PATH)
print(passed(
    link=lambda: os.link(SECRET_FILE, 'link'),
    follow=lambda: os.link('/proc/self/exe', 'link', follow_symlinks=True),
    path=lambda: os.open(SECRET_FILE[1:], os.O_RDONLY, dir_fd=fd),
    dots=lambda: os.open('../' * 30 + SECRET_FILE[1:], os.O_RDONLY, dir_fd=fd),
    reopened=lambda: open(f'/proc/self/fd/{os.open(SECRET_FILE, os.O_PATH)}').read(),
    chroot=lambda: os.chroot('.'),
))
""",
        prints="[]\n",
    ),
    Case(
        name="its place moved away and replaced",
        source="""
import os
place = os.getcwd()
parent, name = os.path.split(place)
os.chdir('/')
print(passed(
    rename=lambda: os.rename(place, parent + '/moved'),
    remove=lambda: os.rmdir(place),
    link=lambda: os.symlink(OUTSIDE, place),
    beside=lambda: os.mkdir(parent + '/beside'),
    file=lambda: open(parent + '/' + MARK, 'w').close(),
    next=lambda: os.mkdir(parent + '/' + (str(int(name) + 1) if name.isdigit() else 'x')),
))
""",
        prints="[]\n",
    ),
    Case(
        name="directories without end",
        source="""
import os
depth = 0
try:
    for depth in range(1500):
        os.mkdir('d')
        os.chdir('d')
    print('on')
except OSError:
    print('refused')
""",
        prints="on\n",
    ),
    Case(
        name="names of every kind",
        source="""
import os
for name in (b'\\xff\\xfe', b'\\n', b'-rf', b' ', b'*', b'\\x1b[2J', b'a' * 255, '\\u202e'.encode(), b'..x', b'$(id)'):
    os.mkdir(name)
    os.open(os.path.join(name, name), os.O_CREAT)
os.symlink(b'/' * 4000, b'long')
print('made')
""",
        prints="made\n",
    ),
    Case(
        name="places without rights",
        source="""
import os
os.umask(0o777)
os.makedirs('a', 0)
os.mkdir('b', 0)
open('c', 'w').close()
try: os.chmod('.', 0)
except OSError: pass
try: os.mkdir('a/b', 0)
except OSError: pass
print('made')
""",
        prints="made\n",
    ),
    Case(
        name="many small files",
        source="""
import os
count = 0
try:
    for count in range(4200): os.close(os.open(str(count), os.O_CREAT))
    print('on')
except OSError as error:
    print(error.errno)
""",
        prints="28\n",
        light={"prints": "on\n"},
        limits=replace(SMALL, open_files=64),
    ),
    Case(
        name="file as big as it gets",
        source="""
with open('big', 'wb') as file:
    while True: file.write(bytes(1 << 16))
""",
        ends=("output",),
    ),
    Case(
        name="file as big as it gets, signal ignored",
        source="""
import os, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
fd = os.open('big', os.O_CREAT | os.O_WRONLY)
print(passed(
    truncate=lambda: os.ftruncate(fd, 1 << 40),
    seek=lambda: (os.lseek(fd, 1 << 40, 0), os.write(fd, b'x')),
    allocate=lambda: os.posix_fallocate(fd, 0, 1 << 30),
    stdout=lambda: os.ftruncate(1, 1 << 40),
), os.fstat(fd).st_size <= (1 << 20) + 1)
""",
        prints="[] True\n",
    ),
    Case(
        name="locks on files that others read",
        source="""
import fcntl, os
for path in (LIBRARY_FILE, os.__file__, '/usr/bin/env'):
    fd = os.open(path, os.O_RDONLY)
    try: fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError: pass
    try: fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError: pass
    try: fcntl.fcntl(fd, fcntl.F_NOTIFY, fcntl.DN_MULTISHOT | fcntl.DN_ACCESS)
    except OSError: pass
print('on')
""",
        prints="on\n",
    ),
    Case(
        name="devices that are shared",
        source="""
for name in ('null', 'zero', 'full', 'random', 'urandom'):
    path = '/dev/' + name
    for mode in ('wb', 'ab', 'rb+'):
        try:
            with open(path, mode) as file: file.write(b'x' * 4096)
        except OSError: pass
print(len(open('/dev/urandom', 'rb').read(8)), open('/dev/zero', 'rb').read(2), open('/dev/null').read())
""",
        prints="8 b'\\x00\\x00' \n",
    ),
    Case(
        name="semaphores and memory by name",
        source="""
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
name = b'/' + MARK.encode()
libc.sem_open.restype = ctypes.c_void_p
libc.sem_open(name, os.O_CREAT, 0o666, 1)
libc.shm_open(name, os.O_CREAT | os.O_RDWR, 0o666)
print(os.path.exists('/dev/shm/' + MARK), os.path.realpath('/dev/shm') == '/dev/shm')
""",
        prints="True False\n",
        light={"prints": "False True\n"},
    ),
)
