"""System calls that no program needs, and the machine around them."""

# ruff: noqa: E501 - programs stay readable on their own lines
from __future__ import annotations

from .casebook import KERNEL, Case


def _calls(name: str, *calls: str) -> Case:
    listed = ",\n    ".join(calls)
    return Case(name=name, source=f"{KERNEL}\nprint(went_through(\n    {listed}))", prints="[]\n")


CASES = (
    _calls(
        "mounting",
        "('mount', (165, 40), b'none', b'.', b'tmpfs', 0, None)",
        "('umount2', (166, 39), b'/', 2)",
        "('pivot_root', (155, 41), b'.', b'.')",
        "('chroot', (161, 51), b'.')",
        "('fsopen', (430, 430), b'tmpfs', 0)",
        "('fsmount', (432, 432), -1, 0, 0)",
        "('open_tree', (428, 428), -100, b'.', 1)",
        "('move_mount', (429, 429), -100, b'.', -100, b'.', 0)",
        "('mount_setattr', (442, 442), -100, b'.', 0, bytes(32), 32)",
    ),
    _calls(
        "namespaces",
        *(f"('unshare {kind:x}', (272, 97), {kind})" for kind in (0x10000000, 0x20000, 0x40000000)),
        *(
            f"('clone {kind:x}', (56, 220), {kind} | 17, 0, 0, 0, 0)"
            for kind in (0x10000000, 0x20000000, 0x20000, 0x40000000)
        ),
        "('clone3', (435, 435), bytes(88), 88)",
        "('setns', (308, 268), 0, 0)",
    ),
    _calls(
        "programs in the kernel",
        "('bpf', (321, 280), 0, bytes(128), 128)",
        "('perf_event_open', (298, 241), bytes(128), 0, -1, -1, 0)",
        "('userfaultfd', (323, 282), 1)",
        "('io_uring_setup', (425, 425), 8, bytes(256))",
        "('io_uring_enter', (426, 426), 0, 1, 0, 0, None, 0)",
        "('io_setup', (206, 0), 8, bytes(8))",
        "('seccomp', (317, 277), 0, 0, None)",
        "('landlock_create_ruleset', (444, 444), None, 0, 1)",
        "('landlock_restrict_self', (446, 446), -1, 0)",
    ),
    _calls(
        "kernel modules and rebooting",
        "('init_module', (175, 105), None, 0, b'')",
        "('finit_module', (313, 273), -1, b'', 0)",
        "('delete_module', (176, 106), b'no-such-module', 0x800)",
        "('kexec_load', (246, 104), 0, 0, None, 0)",
        "('kexec_file_load', (320, 294), -1, -1, 0, b'', 0)",
        "('reboot', (169, 142), 0, 0, 0, None)",
        "('swapon', (167, 224), b'nothing', 0)",
        "('swapoff', (168, 225), b'nothing')",
        "('acct', (163, 89), b'nothing')",
        "('quotactl', (179, 60), 0, None, 0, None)",
        "('syslog', (103, 116), 3, bytes(16), 16)",
        "('sethostname', (170, 161), b'mine', 4)",
        "('setdomainname', (171, 162), b'mine', 4)",
        "('iopl', (172, None), 3)",
        "('ioperm', (173, None), 0x80, 1, 1)",
        "('modify_ldt', (154, None), 0, bytes(16), 16)",
        "('vhangup', (153, 58))",
    ),
    _calls(
        "key rings and handles",
        "('add_key', (248, 217), b'user', b'hostile', b'x', 1, -3)",
        "('request_key', (249, 218), b'user', b'hostile', None, -3)",
        "('keyctl', (250, 219), 0, -3, 1)",
        "('name_to_handle_at', (303, 264), -100, b'.', bytes(136), bytes(4), 0)",
        "('open_by_handle_at', (304, 265), -1, bytes(136), 0)",
        "('pidfd_getfd', (438, 438), 0, 0, 0)",
        "('kcmp', (312, 272), 1, 1, 0, 0, 0)",
        "('personality', (135, 92), 0x40000)",
        "('memfd_create', (319, 279), b'x', 0)",
        "('memfd_secret', (447, 447), 0)",
    ),
    _calls(
        "clocks of the machine",
        "('settimeofday', (164, 170), bytes(16), None)",
        "('clock_settime', (227, 112), 0, bytes(16))",
        "('adjtimex', (159, 171), bytes(256))",
        "('clock_adjtime', (305, 266), 0, bytes(256))",
    ),
    _calls(
        "other users' rights",
        "('setuid', (105, 146), 0)",
        "('setgid', (106, 144), 0)",
        "('setreuid', (113, 145), 0, 0)",
        "('setresuid', (117, 147), 0, 0, 0)",
        "('setresgid', (119, 149), 0, 0, 0)",
        "('setgroups', (116, 159), 0, None)",
        "('setfsuid', (122, 151), 0)",
        "('capset', (126, 91), bytes([0x22, 5, 8, 0x20, 0, 0, 0, 0]), b'\\xff' * 24)",
        "('chown', (92, None), b'.', 0, 0)",
        "('fchownat', (260, 54), -100, b'.', 0, 0, 0)",
        "('setxattr', (188, 5), b'.', b'user.x', b'x', 1, 0)",
        "('mknodat', (259, 33), -100, b'device', 0o20666, 0x0101)",
    ),
    _calls(
        "tracing and other processes' memory",
        *(
            f"('ptrace {request}', (101, 117), {request}, {who}, 0, 0)"
            for request in (0, 16, 0x4206)
            for who in ("WORKER", "os.getppid()")
        ),
        *(
            f"('process_vm_readv', (310, 270), {who}, bytes(16), 1, bytes(16), 1, 0)"
            for who in ("WORKER", "LIBRARY", "os.getpid()")
        ),
        "('process_vm_writev', (311, 271), WORKER, bytes(16), 1, bytes(16), 1, 0)",
        "('process_madvise', (440, 440), 0, bytes(16), 1, 4, 0)",
        "('pidfd_open', (434, 434), WORKER, 0)",
        "('migrate_pages', (256, 238), WORKER, 0, None, None)",
        "('get_mempolicy', (239, 236), None, None, 0, 0, 0)",
    ),
    _calls(
        "the scheduler",
        "('setpriority', (141, 140), 2, 0, 5)",
        "('sched_setscheduler', (144, 119), 0, 1, bytes([1, 0, 0, 0]))",
        "('sched_setparam', (142, 118), 0, bytes(4))",
        "('sched_setattr', (314, 274), 0, bytes([56, 0, 0, 0]) + bytes(52), 0)",
        "('sched_setaffinity', (203, 122), 0, 8, b'\\xff' * 8)",
        "('sched_setaffinity of the worker', (203, 122), WORKER, 8, b'\\xff' * 8)",
        "('ioprio_set', (251, 30), 1, 0, 0x2001)",
        "('mlock', (149, 228), bytes(64), 64)",
        "('mlockall', (151, 230), 3)",
        "('set_mempolicy', (238, 237), 0, None, 0)",
    ),
    _calls(
        "attributes of the process",
        *(
            f"('prctl {option}', (157, 167), {option}, {argument}, 0, 0, 0)"
            for option, argument in (
                (1, 0),
                (4, 1),
                (8, 1),
                (22, 2),
                (23, 0),
                (24, 21),
                (27, 1),
                (28, 1),
                (29, 0),
                (31, 1),
                (35, 8),
                (36, 1),
                (38, 0),
                (41, 1),
                (47, 2),
                (52, 0),
                (53, 0),
                (59, 1),
                (0x59616D61, -1),
            )
        ),
    ),
    _calls(
        "messages and semaphores",
        "('shmget', (29, 194), IPC_KEY, 4096, 0o1666)",
        "('shmget private', (29, 194), 0, 4096, 0o1666)",
        "('semget', (64, 190), IPC_KEY, 1, 0o1666)",
        "('msgget', (68, 186), IPC_KEY, 0o1666)",
        "('mq_open', (240, 180), MARK.encode(), 0o102, 0o666, None)",
        "('mq_unlink', (241, 181), MARK.encode())",
        "('inotify_init1', (294, 26), 0)",
        "('fanotify_init', (300, 262), 0, 0)",
        "('signalfd4', (289, 74), -1, bytes(8), 8, 0)",
        "('timerfd_create', (283, 85), 1, 0)",
    ),
    _calls(
        "signals to everybody",
        "('rt_sigqueueinfo', (129, 138), WORKER, 9, bytes(128))",
        "('rt_tgsigqueueinfo', (297, 240), WORKER, WORKER, 9, bytes(128))",
        "('pidfd_send_signal', (424, 424), 0, 9, None, 0)",
        "('process_mrelease', (448, 448), 0, 0)",
    ),
    _calls(
        "terminals and owners of files",
        *(
            f"('ioctl {request:x}', (16, 29), {fd}, {request}, b'x')"
            for fd in (0, 1)
            for request in (
                0x5412,
                0x540E,
                0x5410,
                0x8901,
                0x8902,
                0x40045436,
                0x541C,
                0x40086602,
                0xC0189436,
                0x5423,
            )
        ),
        *(f"('fcntl {command}', (72, 25), 1, {command}, os.getpid())" for command in (8, 10)),
        "('fcntl 15', (72, 25), 1, 15, bytes(8))",
    ),
    Case(
        name="every call that is not listed",
        source=KERNEL
        + """
PROBES = {335, 336} if COLUMN == 0 else set()  # the kernel's own: not filtered, of use to nobody else
calls = [(n, (n, n), -1, -1, -1, -1, -1, -1) for n in range(512) if n not in LISTED | PROBES]
print(len(calls) > 200, went_through(*calls))
""",
        prints="True []\n",
    ),
    Case(
        name="calls of the other interface of x86-64",
        source=KERNEL
        + """
print('here', flush=True)
call(0x40000000 + 39)
print('not here')
""",
        ends=("crash",),
        prints="here\n",
    ),
    Case(
        name="calls of the 32-bit interface",
        source="""
import ctypes, mmap
# mov eax, 20 (getpid); int 0x80; ret
page = mmap.mmap(-1, 4096, prot=7)
page.write(bytes([0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xc3]))
print('here', flush=True)
ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
print('not here')
""",
        ends=("crash",),
        prints="here\n",
    ),
    Case(
        name="raising limits",
        source=KERNEL
        + """
import resource, struct
raised = []
for name in dir(resource):
    if name.startswith('RLIMIT_'):
        which = getattr(resource, name)
        soft, hard = resource.getrlimit(which)
        if hard != resource.RLIM_INFINITY:
            try:
                resource.setrlimit(which, (soft, hard + 1))
                raised.append(name)
            except (ValueError, OSError):
                pass
        for pid in (WORKER, LIBRARY, 1 if os.getpid() != 1 else WORKER):
            try:
                resource.prlimit(pid, which, (soft, hard))
                raised.append((name, pid))
            except OSError:
                pass
print(raised)
""",
        prints="[]\n",
    ),
    Case(
        name="limits that matter are set",
        source="""
import resource as r
print(r.getrlimit(r.RLIMIT_AS), r.getrlimit(r.RLIMIT_MEMLOCK), r.getrlimit(r.RLIMIT_MSGQUEUE))
print(max(r.getrlimit(r.RLIMIT_CORE)) <= 1, r.getrlimit(r.RLIMIT_FSIZE)[1] <= (1 << 20) + 1)
""",
        prints=f"({512 << 20}, {512 << 20}) (0, 0) (0, 0)\nTrue True\n",
    ),
    Case(
        name="no new rights and no capabilities",
        source=KERNEL
        + """
data = ctypes.create_string_buffer(24)
libc.capget(ctypes.c_char_p(bytes([0x22, 5, 8, 0x20, 0, 0, 0, 0])), data)
print(call(125 if COLUMN == 0 else 90, bytes([0x22, 5, 8, 0x20, 0, 0, 0, 0]), data)[1], data.raw == bytes(24))
""",
        prints="1 True\n",
    ),
)
