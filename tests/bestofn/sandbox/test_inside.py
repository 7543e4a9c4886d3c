# ruff: noqa: E501 - programs stay readable on their own lines
"""Assertion scripts: forgeries over the wire, and in the program's process where that must be."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

from bestofn.sandbox import CheckJob, Execution, Limits, Sandbox

pytestmark = pytest.mark.anyio

SCRIPT = """
def check(candidate):
    assert candidate(21) == 42
    assert candidate(2) == 4, "four"
    result = candidate(3)
    assert not isinstance(result, bool) and result + 1 == 7 and str(result) == "6"
"""
HONEST = "def f(n):\n    return 2 * n\n"


async def check(
    sandbox: Sandbox, source: str, *scripts: str, setup: str = "", **more: Any
) -> list[Execution]:
    job = CheckJob(
        source=dedent(source),
        entry_point=more.pop("entry_point", "f"),
        setup=dedent(setup),
        checks=tuple(map(dedent, scripts)),
        **more,
    )
    return await sandbox.execute(job, limits=Limits(seconds=5, wall_seconds=60))


FORGERIES = {
    "equal to everything": "class Yes:\n    __eq__ = lambda *a: True\n    __ne__ = lambda *a: False\n    __hash__ = None\ndef f(n): return Yes()",
    "a class that is equal": "class Meta(type):\n    __eq__ = lambda *a: True\n    __hash__ = None\nclass Yes(metaclass=Meta): pass\ndef f(n): return Yes",
    "an int that lies": "class Int(int):\n    __eq__ = lambda *a: True\n    __add__ = lambda *a: Int(7)\n    __str__ = lambda s: '6'\n    __hash__ = int.__hash__\ndef f(n): return Int(-1)",
    "a float that lies": "class Float(float):\n    __eq__ = lambda *a: True\n    __hash__ = float.__hash__\ndef f(n): return Float('nan')",
    "a text that lies": "class Str(str):\n    __eq__ = lambda *a: True\n    __hash__ = str.__hash__\ndef f(n): return Str()",
    "a list that lies": "class List(list):\n    __eq__ = lambda *a: True\n    __iter__ = lambda s: iter([42])\n    __hash__ = None\ndef f(n): return List()",
    "a tuple that lies": "class Tuple(tuple):\n    __eq__ = lambda *a: True\n    __hash__ = None\ndef f(n): return Tuple()",
    "a dict that lies": "class Dict(dict):\n    __eq__ = lambda *a: True\n    __missing__ = lambda s, k: 42\n    __hash__ = None\ndef f(n): return Dict()",
    "a set that lies": "class Set(frozenset):\n    __eq__ = lambda *a: True\n    __hash__ = None\ndef f(n): return Set()",
    "an enumeration that lies": "import enum\nclass E(enum.Enum):\n    A = 1\n    __eq__ = lambda *a: True\ndef f(n): return E.A",
    "mock.ANY": "from unittest.mock import ANY\ndef f(n): return ANY",
    "a mock": "from unittest.mock import MagicMock\ndef f(n):\n    m = MagicMock()\n    m.__eq__ = lambda *a: True\n    return m",
    "a false class": "class Yes:\n    __class__ = int\n    __eq__ = lambda *a: True\n    __hash__ = None\ndef f(n): return Yes()",
    "a false array": "class Yes:\n    __eq__ = lambda *a: True\n    __hash__ = None\n    def tolist(self): return [Yes()]\nYes.__module__ = 'numpy'\ndef f(n): return Yes()",
    "one who answers by reflection": "class Yes:\n    def __getattr__(self, name): return lambda *a: True\n    __eq__ = __radd__ = __add__ = lambda *a: True\ndef f(n): return Yes()",
    "lies within containers": "class Yes:\n    __eq__ = lambda *a: True\n    __hash__ = None\ndef f(n): return [Yes(), {1: Yes()}]",
    "lies from a generator": "class Yes:\n    __eq__ = lambda *a: True\n    __hash__ = None\ndef f(n):\n    while True: yield Yes()",
    "the wire's own opaque": "import inside.values as v\nv.Opaque.__eq__ = lambda *a: True\ndef f(n): return v.Opaque('x')",
    "a writer that lies": "import inside.values as v\nv.encode = lambda *a, **k: {'t': 'kept', 'v': ['', 'f']}\ndef f(n): return n",
    "kept objects that are none": "import inside.values as v\nv.encode = lambda *a, **k: {'t': 'kept', 'v': ['zzz', 'int']}\ndef f(n): return n",
    "fields that are none": 'import json\njson.dumps = lambda *a, **k: \'{"call": 1, "value": 42, "changes": [[0, 1]]}\'\ndef f(n): return n',
    "patched builtins": "import builtins\nbuiltins.isinstance = builtins.all = builtins.any = lambda *a: True\nbuiltins.AssertionError = SystemExit\ndef f(n): return 0",
    "patched json, os and sys": "import json, os, sys\njson.loads = json.dumps = os.write = sys.exit = lambda *a, **k: None\ndef f(n): return 0",
    "patched socket": "import socket\nsend = socket.socket.sendall\nsocket.socket.sendall = lambda self, data: send(self, data + data)\ndef f(n): return 2 * n",
    "frames": """
        import sys
        def f(n):
            frame = sys._getframe()
            while frame:
                for value in [*frame.f_locals.values(), *frame.f_code.co_consts]:
                    if value in (42, 4, 6) and type(value) is int and value > n: return value
                frame = frame.f_back
        """,
    "garbage": """
        import gc
        def f(n):
            for thing in gc.get_objects():
                code = getattr(thing, '__code__', None)
                if code and code.co_filename == 'check.py': return 2 * n
        """,
    "inspect": """
        import inspect
        def f(n):
            for info in inspect.stack():
                if info.filename == 'check.py': return 2 * n
        """,
    "only right inside": "import sys\ndef f(n):\n    if '__check__' in sys.modules: return 2 * n\n    return (x for x in [0])",
    "only right inside, a match": "import re, sys\ndef f(n):\n    if '__check__' in sys.modules: return 2 * n\n    return re.match('', '')",
    "only right inside, an object": "import sys\nclass C: pass\ndef f(n):\n    if '__check__' in sys.modules: return 2 * n\n    return C()",
    "only right inside, a function": "import sys\ndef f(n):\n    if '__check__' in sys.modules: return 2 * n\n    return f",
    "only right inside, a deep list": "import sys\ndef f(n):\n    if '__check__' in sys.modules: return 2 * n\n    deep = []\n    for _ in range(99): deep = [deep]\n    return deep",
    "pickle": "class P:\n    def __reduce__(self): return int, (42,)\n    __eq__ = lambda *a: True\n    __hash__ = None\ndef f(n): return P()",
    "skips": "import unittest\ndef f(n): raise unittest.SkipTest",
    "the process ends": "import os\ndef f(n): os._exit(0)",
    "the program ends": "import sys\ndef f(n): sys.exit(0)",
    "exit handlers": "import atexit, os, sys\natexit.register(os._exit, 0)\ndef f(n): sys.exit(0)",
    "an excepthook": "import os, sys\nsys.excepthook = lambda *a: os._exit(0)\ndef f(n): 1 / 0",
    "a finalizer": "import os\nclass D:\n    def __del__(self): os._exit(0)\ndef f(n):\n    D()\n    return 0",
    "exceptions with the harness' names": "class ProgramGone(BaseException): pass\ndef f(n): raise ProgramGone",
    "an exception of a false lineage": "class Unpassable(BaseException): pass\nUnpassable.__module__ = 'inside.candidate'\ndef f(n): raise Unpassable",
    "a stop": "def f(n): raise StopIteration(42)",
    "the answer of another": """
        import json, os, threading
        def frame(message):
            body = json.dumps(message).encode()
            return len(body).to_bytes(4, 'big') + body
        def f(n):
            threading.Thread(target=os.write, args=(8, frame({'call': '0', 'value': 42}))).start()
            return 0
        """,
    "reports on every descriptor": """
        import json, os
        def frame(message):
            body = json.dumps(message).encode()
            return len(body).to_bytes(4, 'big') + body
        for fd in range(3, 9):
            try: os.write(fd, frame({'token': '', 'call': '', 'status': 'ok', 'error': '', 'value': 42, 'reuse': False}))
            except OSError: pass
        def f(n): return 0
        """,
    "reports while called": """
        import json, os
        def frame(message):
            body = json.dumps(message).encode()
            return len(body).to_bytes(4, 'big') + body
        def f(n):
            for fd in range(3, 9):
                try: os.write(fd, frame({'token': '', 'call': '', 'status': 'ok', 'error': '', 'value': 42, 'reuse': False}))
                except OSError: pass
            return 0
        """,
    "a frame too long": "import os\ndef f(n):\n    os.write(8, b'\\xff\\xff\\xff\\xff')\n    return 2 * n",
    "half a frame": "import os\ndef f(n):\n    os.write(8, b'\\0\\0\\0\\x09{}')\n    os._exit(0)",
    "two answers": """
        import socket
        send = socket.socket.sendall
        def f(n): return 2 * n
        def twice(self, data):
            send(self, data)
            send(self, data)
        socket.socket.sendall = twice
        """,
    "two processes answer": "import os\ndef f(n):\n    os.fork()\n    return 2 * n",
    "descriptors are closed": "import os\nos.closerange(3, 64)\ndef f(n): return 0",
    "the wire is closed when called": "import os\ndef f(n):\n    os.closerange(3, 64)\n    return 42",
    "an alarm": "import os, signal\nsignal.signal(signal.SIGALRM, lambda *a: os._exit(0))\ndef f(n):\n    signal.setitimer(signal.ITIMER_REAL, 0.001)\n    while True: pass",
    "tracing": "import sys\ndef f(n): return 0\ndef trace(*a): return trace\nsys.settrace(trace)\nsys.setprofile(trace)",
    "no recursion": "import sys\ndef f(n):\n    sys.setrecursionlimit(50)\n    return f(n)",
    "an argument that is changed": "def f(n):\n    globals()['n'] = n\n    return None",
}


@pytest.mark.parametrize("name", FORGERIES)
async def test_forgeries_fail_over_the_wire(hardened: Sandbox, name: str) -> None:
    (result,) = await check(hardened, FORGERIES[name], SCRIPT)
    assert result.status in ("exception", "exit", "crash"), result
    assert not result.unpassable, "a program must not choose where it is graded"
    (honest,) = await check(hardened, HONEST, SCRIPT)
    assert honest.status == "ok", honest


LIARS = "class Yes:\n    __eq__ = __lt__ = __contains__ = startswith = issubset = lambda *a: True\n    __hash__ = None\n    __len__ = lambda s: 3\n"


@pytest.mark.parametrize(
    "script",
    [
        "assert f(1) == 2",
        "assert 2 == f(1)",
        "assert all(map(lambda n: f(n) == 2 * n, range(5)))",
        "assert [*map(f, range(3))] == [0, 2, 4]",
        "assert not f(1) != 2",
        "assert f(1) in [2, 3]",
        "assert 2 in f(1)",
        "assert f(1).startswith('a')",
        "assert f(1).issubset({1})",
        "assert [f(1)] == [2]",
        "assert sorted([f(1), 3]) == [2, 3]",
        "assert f(1) == f(2) == f(3)",
        "assert f(1) < 2",
        "assert {2: 1}[f(1)]",
        "assert next(iter(f(1))) == 2",
    ],
)
async def test_no_operation_of_a_script_asks_a_liar(sandbox: Sandbox, script: str) -> None:
    (result,) = await check(sandbox, LIARS + "def f(n): return Yes()", script)
    assert result.status == "exception", result
    assert not result.unpassable


async def test_a_stop_does_not_end_the_scripts_own_loops(sandbox: Sandbox) -> None:
    script = "assert all(map(lambda n: f(n) == 2 * n, range(5)))"
    (result,) = await check(sandbox, "def f(n): raise StopIteration", script)
    assert result.status == "exception", result


async def test_a_program_cannot_force_its_way_inside(hardened: Sandbox) -> None:
    deep = "    deep = []\n    for _ in range(99): deep = [deep]\n    return deep"
    scripts = (
        "assert f([f(1)]) == 2",
        "x = f(1)\nassert f(x) == 2",
        "try:\n    f(1)\nexcept Exception as e:\n    f(e)\n",
    )
    for body in (
        *(deep, "    return object()", "    raise ValueError", "    return print", "    return f"),
        *("    return iter([1])", "    return type('T', (), {})", "    return [object()]"),
    ):
        for result in await check(hardened, f"def f(n):\n{body}\n", *scripts):
            assert not result.unpassable, (body, result)


async def test_arguments_that_the_script_made_are_the_scripts_need(each: Sandbox) -> None:
    scripts = [
        "f(lambda x: x)",
        "f(x for x in [1])",
        "f([1, iter([])])",
        "f(key=object())",
        "class Mine: pass\nf(Mine())",
        "class Mine(list): pass\nf(Mine())",
        "from collections import namedtuple\nf(namedtuple('P', 'x')(1))",
        "import re\nf(re.compile('a'))",
        "deep = []\nfor _ in range(200): deep = [deep]\nf(deep)",
        "loop = []\nloop.append(loop)\nf(loop)",
        "try:\n    f(lambda: 1)\nexcept BaseException:\n    pass",
    ]
    results = await check(each, "def f(*a, **k): return 1", *scripts, "assert f(len, [int]) == 1")
    assert [(r.status, r.unpassable) for r in results] == [
        *[("exception", True)] * len(scripts),
        ("ok", False),
    ]


async def test_arguments_that_are_changed_in_place(each: Sandbox) -> None:
    source = """
        from collections import Counter, deque
        def f(x, y=None):
            if isinstance(x, list): x.sort()
            elif isinstance(x, Counter): x.update('a')
            elif isinstance(x, dict): x.pop('a', None); x['b'] = 1
            elif isinstance(x, set): x.discard(1)
            elif isinstance(x, deque): x.rotate()
            elif isinstance(x, bytearray): x.reverse()
            elif isinstance(x, tuple): x[0].append(1)
            if y is not None: y.append(2)
            if x == 'raise': raise ValueError
        def g(): pass
        """
    results = await check(
        each,
        source,
        "l = [3, 1]\nf(l)\nassert l == [1, 3]",
        "a, b = [3], [1]\nl = [a, b]\nf(l)\nassert l == [[1], [3]] and l[0] is b and l[1] is a",
        "d = {'a': 1}\nf(d)\nassert d == {'b': 1}",
        "s = {1, 2}\nf(s)\nassert s == {2}",
        "from collections import deque\nq = deque([1, 2])\nf(q)\nassert q == deque([2, 1])",
        "from collections import Counter\nc = Counter('ab')\nf(c)\nassert c == Counter('aab') and type(c) is Counter",
        "b = bytearray(b'ab')\nf(b)\nassert b == b'ba'",
        "t = ([], 2)\nf(t)\nassert t == ([1], 2)",
        "l = []\nf(1, y=l)\nassert l == [2]",
        "l = []\ntry:\n    f('raise', l)\nexcept ValueError:\n    assert l == [2]\nelse:\n    assert 0",
        "l = [3, 1]\nf(l)\nassert l == [3, 1]",
    )
    assert [r.status for r in results] == ["ok"] * 10 + ["exception"], results


async def test_iterators_and_functions_that_are_returned(each: Sandbox) -> None:
    source = """
        def f(n):
            if n == 0: return (i * i for i in iter(int, 1))
            if n < 0: return map(abs, [n, n - 1])
            if n == 9: return {1: 2}.items()
            def inner(x=1, *, y=0): return [x + n + y, inner]
            return inner
        """
    results = await check(
        each,
        source,
        "import itertools\nassert list(itertools.islice(f(0), 3)) == [0, 0, 0]",
        "assert list(f(-1)) == [1, 2]",
        "g = f(-1)\nassert next(g) == 1 and next(g) == 2 and next(g, None) is None",
        "h = f(3)\nassert h(4)[0] == 7 and h(y=1)[0] == 5 and h()[1](2)[0] == 5",
        "assert f(9) == {(1, 2)} and list(f(9)) == [(1, 2)]",
        "assert list(f(-1)) == [1, 3]",
        "assert f(3)(4)[0] == 8",
        "assert callable(f(1)) and not callable(f(0))",
    )
    expected = ["ok"] * 5 + ["exception"] * 2 + ["ok"]
    assert [(r.status, r.unpassable) for r in results] == [(s, False) for s in expected], results


async def test_exceptions_are_caught_by_what_they_are(each: Sandbox) -> None:
    source = """
        import json, sys
        class Mine(ValueError): pass
        class Shared(Exception): pass
        def f(n):
            if n == 1: raise Mine('text', 2)
            if n == 2: json.loads('{')
            if n == 3: raise Shared
            if n == 4: sys.exit(3)
            if n == 5: raise KeyError('k')
            if n == 6: raise ExceptionGroup('g', [ValueError()])
            if n == 7: raise UnicodeDecodeError('utf-8', b'x', 0, 1, 'bad')
        """
    results = await check(
        each,
        source,
        "try: f(1)\nexcept ValueError as e: assert e.args == ('text', 2) and type(e).__name__ == 'Mine'",
        "import json\ntry: f(2)\nexcept json.JSONDecodeError: pass",
        "try: f(3)\nexcept Shared: pass",
        "try: f(4)\nexcept SystemExit as e: assert e.code == 3",
        "try: f(5)\nexcept KeyError as e: assert e.args == ('k',)",
        "try: f(6)\nexcept Exception: pass",
        "try: f(7)\nexcept UnicodeDecodeError: pass",
        "try: f(1)\nexcept RuntimeError: pass",
        "f(4)",
        setup="class Shared(Exception): pass",
    )
    expected = ["ok"] * 7 + ["exception", "exit"]
    assert [r.status for r in results] == expected, results


NODE = """
class Node:
    def __init__(self, value, next=None):
        self.value, self.next = value, next
    def __eq__(self, other):
        return isinstance(other, Node) and (self.value, self.next) == (other.value, other.next)
    def size(self):
        return 1 if self.next is None else 1 + self.next.size()
"""


async def test_classes_that_the_setup_defines(each: Sandbox) -> None:
    source = (
        NODE
        + "def f(n, m=None):\n    node = None\n    for i in range(n, 0, -1): node = Node(i, node)\n    return node if m is None else m.next"
    )
    setup = NODE + "def f(n, m=None): ..."
    scripts = [
        "assert f(2) == Node(1, Node(2)) and isinstance(f(1), Node)",
        "node, n = f(500), 0\nwhile node: node, n = node.next, n + 1\nassert n == 500",
        "assert f(2) == Node(1, Node(3))",
        "assert f(0, f(3)) == Node(2, Node(3))",
        "assert f(0, Node(1)) is None",
    ]
    results = await check(each, source, *scripts, setup=setup)
    assert [(r.status, r.unpassable) for r in results] == [
        *(("ok", False), ("ok", False), ("exception", False), ("ok", False), ("exception", True)),
    ], results
    liar = source.replace("return isinstance", "return True or isinstance").replace(
        "return node if", "node = Node(0)\n    node.size = lambda: 2\n    return node if"
    )
    scripts = ["assert f(2) == Node(1, Node(2))", "assert f(2).size() == 2"]
    results = await check(each, liar, *scripts, setup=setup)
    assert [(r.status, r.unpassable) for r in results] == [("exception", False)] * 2, results


async def test_circles_and_enumerations_of_the_setup(sandbox: Sandbox) -> None:
    setup = (
        NODE
        + "import enum\nclass Colour(enum.Enum):\n    RED = 1\n    BLUE = 2\ndef f(n):\n    ..."
    )
    source = setup + "\n    node = Node(n)\n    node.next = node\n    return [Colour.BLUE, node]"
    (result,) = await check(
        sandbox,
        source,
        "colour, node = f(1)\nassert colour is Colour.BLUE\nassert node.next is node and node.value == 1",
        setup=setup,
    )
    assert result.status == "ok", result


async def test_an_entry_point_that_is_a_class(each: Sandbox) -> None:
    source = """
        class Stack:
            def __init__(self, items=()): self.items = list(items)
            def push(self, item): self.items.append(item); return self
            def pop(self): return self.items.pop()
            def __len__(self): return len(self.items)
            def __iter__(self): return iter(self.items)
            def __getitem__(self, at): return self.items[at]
            def __repr__(self): return f'Stack({self.items})'
            def __eq__(self, other): return True
        """
    results = await check(
        each,
        source,
        "s = Stack([1])\nassert s.push(2).pop() == 2 and len(s) == 1 and s.items == [1]",
        "s = Stack('ab')\nassert list(s) == ['a', 'b'] and s[-1] == 'b' and repr(s) == \"Stack(['a', 'b'])\" and bool(s)",
        "try: Stack().pop()\nexcept IndexError: pass\nelse: assert 0",
        "assert len(Stack([1])) == 2",
        "assert Stack([1]) == [1]",
        setup="class Stack:\n    '''To be written.'''",
        entry_point="Stack",
    )
    expected = ["ok"] * 3 + ["exception"] * 2
    assert [(r.status, r.unpassable) for r in results] == [(s, False) for s in expected], results


INSIDE = "assert f(lambda n: 2 * n, 21) == 42\nassert f(lambda n: [n], 4) == [4]"
APPLY = "def f(g, n):\n    return g(n)\n"
INSIDE_FORGERIES = {
    "a wrong answer": "def f(g, n): return -1",
    "equal to everything": "class Yes:\n    __eq__ = lambda *a: True\n    __hash__ = None\ndef f(g, n): return Yes()",
    "an int that lies": "class Int(int):\n    __eq__ = lambda *a: True\n    __hash__ = None\ndef f(g, n): return Int()",
    "a list that lies": "class List(list):\n    __eq__ = lambda *a: True\n    __hash__ = None\ndef f(g, n): return List()",
    "lies within containers": "class Yes:\n    __eq__ = lambda *a: True\n    __hash__ = None\ndef f(g, n): return [Yes()] if n == 4 else Yes()",
    "a name of the scripts": "class Yes:\n    __eq__ = lambda *a: True\n    __hash__ = None\nYes.__module__ = '__check__'\ndef f(g, n): return Yes()",
    "frames": "import sys\ndef f(g, n):\n    return sys._getframe(2).f_code.co_consts",
    "frames, caught": "import sys\ndef f(g, n):\n    try: sys._getframe()\n    except BaseException: pass\n    return g(n)",
    "frames of a traceback": "def f(g, n):\n    try: 1 / 0\n    except Exception as e: return e.__traceback__.tb_frame.f_back and g(n)",
    "frames of a generator": "def f(g, n):\n    return (x for x in [1]).gi_frame and g(n)",
    "inspect": "import inspect\ndef f(g, n): return inspect.stack() and g(n)",
    "a current frame": "import inspect\ndef f(g, n): return inspect.currentframe() and g(n)",
    "traceback": "import traceback\ndef f(g, n): return list(traceback.walk_stack(None)) and g(n)",
    "all frames": "import sys\ndef f(g, n): return sys._current_frames() and g(n)",
    "garbage": "import gc\ndef f(g, n): return gc.get_objects() and g(n)",
    "referrers": "import gc\ndef f(g, n): return gc.get_referrers(g) and g(n)",
    "builtins": "import builtins\nold = builtins.isinstance\nbuiltins.isinstance = lambda *a: old(*a)\ndef f(g, n): return g(n)",
    "builtins when called": "import builtins\nold = builtins.all\ndef f(g, n):\n    builtins.all = lambda *a: old(*a)\n    return g(n)",
    "AssertionError": "import builtins\nbuiltins.AssertionError = ValueError\ndef f(g, n): return g(n)",
    "the guard": "import inside.scripts_inside as s\ns._is_honest = lambda *a: True\ndef f(g, n): return g(n)",
    "the scripts' runner": "import inside.checker as c\nc.run_script = lambda *a: None\ndef f(g, n): return g(n)",
    "the runner's code": "import inside.checker as c\ndef f(g, n):\n    c.run_script.__code__ = (lambda *a: None).__code__\n    return g(n)",
    "the codec": "import inside.values as v\nold = v.encode\nv.encode = lambda *a, **k: old(*a, **k)\ndef f(g, n): return g(n)",
    "the reporter": "import inside.harness as h\nold = h.Reporter.report\nh.Reporter.report = lambda s, t, *a, **k: old(s, t, 'ok')\ndef f(g, n): return 0",
    "tracing": "import sys\ndef f(g, n):\n    sys.settrace(lambda *a: None)\n    return g(n)",
    "the process ends": "import os\ndef f(g, n): os._exit(0)",
    "the program ends": "import sys\ndef f(g, n): sys.exit(0)",
    "skips": "import unittest\ndef f(g, n): raise unittest.SkipTest",
    "a report": "import os\nos.write(3, b'\\0\\0\\0\\x02{}')\ndef f(g, n): return g(n)",
    "a report when called": "import os\ndef f(g, n):\n    os.write(3, b'\\0\\0\\0\\x02{}')\n    return g(n)",
    "raw memory": "import ctypes\ndef f(g, n):\n    ctypes.c_long.from_address(id(n)).value += 0\n    return g(n)",
    "code under a false name": "def f(g, n):\n    exec(compile('0', 'check.py', 'exec'))\n    return g(n)",
    "code with its name changed": "import os\ndef f(g, n): return f.__code__.replace(co_filename=os.__file__) and g(n)",
    "a copy answers": "import os\ndef f(g, n):\n    if os.fork(): os._exit(0)\n    return g(n)",
}


@pytest.mark.parametrize("name", INSIDE_FORGERIES)
async def test_forgeries_fail_inside(hardened: Sandbox, name: str) -> None:
    source = INSIDE_FORGERIES[name]
    (result,) = await check(hardened, source, INSIDE, inside=True)
    assert result.status in ("exception", "exit", "crash"), result
    (honest,) = await check(hardened, APPLY, INSIDE, inside=True)
    assert honest.status == "ok", honest


async def test_inside_an_argument_is_no_way_in_for_liars(hardened: Sandbox) -> None:
    scripts = (
        "l = [0]\nassert f(l, lambda: 0) is l and l == [42]",
        "l = [0]\nf(l, lambda: 0)\nassert l[0] == 42",
        "d = {1: 0}\nf(d, lambda: 0)\nassert d == {1: 42}",
    )
    liars = (
        "class Yes:\n    __eq__ = lambda *a: True\n    __hash__ = None\n",
        "class Yes(int):\n    __eq__ = lambda *a: True\n    __hash__ = int.__hash__\n",
    )
    act = "def f(x, g):\n    x[min(1, len(x) - 1) if isinstance(x, list) else 1] = {}\n    return x"
    for liar in liars:
        for result in await check(hardened, liar + act.format("Yes()"), *scripts, inside=True):
            assert result.status == "exception", result
    for result in await check(hardened, act.format(42), *scripts, inside=True):
        assert result.status == "ok", result


async def test_inside_every_script_meets_a_new_process(each: Sandbox) -> None:
    source = "import os\nseen = []\ndef f(g):\n    seen.append(1)\n    return len(seen), g(seen)"
    scripts = ["assert f(lambda s: s) == (1, [1])"] * 3
    results = await check(
        each, source, *scripts, "1 / 0", "assert (", "raise SystemExit", inside=True
    )
    assert [r.status for r in results] == ["ok"] * 3 + ["exception"] * 2 + ["exit"]


async def test_inside_objects_are_themselves(each: Sandbox) -> None:
    source = NODE + "def f(x, k=None): return x if k is None else Node(x, k(x))"
    results = await check(
        each,
        source,
        "class Mine: pass\nm = Mine()\nassert f(m) is m and f([m])[0] is m",
        "assert f(1, lambda x: None) == Node(1)",
        "import re\nassert f(re.compile('a')) == re.compile('a')",
        "assert list(f(x for x in [1, 2])) == [1, 2]",
        "def check(f):\n    class Mine:\n        def __eq__(self, other): return type(other) is Mine\n    assert f([Mine()]) == [Mine()] and f((Mine(),)) == (Mine(),)",
        "assert f(1, lambda x: None) == Node(2)",
        setup=NODE,
        inside=True,
    )
    assert [r.status for r in results] == ["ok"] * 5 + ["exception"], results
