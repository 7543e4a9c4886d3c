"""The known slips of LiveCodeBench's evaluator, in words, and those that a source text shows.

What a run shows is noted by :mod:`.lcb_streams` and :mod:`.livecodebench`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from .surroundings import FROM_MODULES, FROM_OS, NOT_TO_BE_IMPORTED

ITERATES_STDIN = "reads sys.stdin by iteration"
READS_IN_PARTS = "expects sys.stdin.read() to go on where reading stopped"
READS_LINES = "calls sys.stdin.readlines(), which adds a last empty line and drops line ends"
STDIN_DESCRIPTOR = "asks sys.stdin for something that only a real file has"
STDIN_AS_CONTEXT = "uses sys.stdin in a with statement"
BUFFER_LINE = "calls sys.stdin.buffer.readline more than once, which repeats the first line"
BUFFER_IN_PARTS = "expects sys.stdin.buffer.read() to go on where reading stopped"
ITERATES_BUFFER = "reads sys.stdin.buffer by iteration"
BUFFER_OTHER = "uses sys.stdin.buffer for more than read and readline"
NO_BUFFER = "uses sys.stdin.buffer or the like, which there is not"
EARLY_STDIN = "takes stdin from sys when it is imported (lines come without their ends)"
EARLY_STDIN_REST = "takes stdin from sys when it is imported (only its read methods are replaced)"
PATCHED_OPEN = "calls builtins.open, which is replaced while a program runs"
DESCRIPTOR_0 = "reads file descriptor 0, which is empty"
DESCRIPTOR_1 = "writes to file descriptor 1, which is not collected"
STDOUT_FILE = "uses sys.stdout for more than text (buffer, descriptor, reconfigure)"
STDOUT_CLOSED = "closes sys.stdout"
EARLY_STDOUT = "takes stdout from sys when it is imported, which is not collected"
QUIT = "calls quit(), which is disabled"
DISABLED = "uses what is disabled: {}"
ENVIRONMENT = "sets an environment variable, which is disabled"
GLOBAL = "declares global what its top level assigns, which has become local"
FUTURE = "imports from __future__, which no longer comes first"
GUARD_NOT_LAST = "its __name__ guard is not the last statement, so never entered"
GUARD_OTHER = "its __name__ guard is written another way, so never entered"
STAR_IN_BLOCK = "imports a star within a block, which a function does not allow"
SOLUTION = "mentions 'class Solution' without being called by it"
NO_FUNCTION = "cannot be written back as a function, so it runs without input"
NOT_A_MODULE = "relies on its top level being a module, and no function"
IMPORTS_FIRST = "has an import that fails, and all imports moved to the front"
OUTSIDE_FUNCTION = "returns or yields outside a function, which wrapping makes valid"
BYTE_ORDER_MARK = "starts with a byte order mark"
OS_EXIT = "ends its process with os._exit"
EXIT_STATUS = "ends with an exit status, which is not looked at"
EXIT_IN_CALL = "ends the program within a call, which ends the evaluator"
THREAD_LEFT = "leaves a thread running"
STATE_KEPT = "keeps state in its Solution object from one test to the next"
BREAKS_STDERR = "replaces sys.stderr by something without a descriptor"
ALARM_CAUGHT = "catches the evaluator's time-out"
ALARM_TOUCHED = "cancels or takes over the evaluator's alarm"
LONG_INTEGERS = "turns integers of more than 4300 digits into text or back"
TUPLE = "returns a tuple, which counts as a list at the top"
INNER_TUPLE = "returns tuples within, which equal no lists"
CONTAINER = "returns a set, deque or other container, which equals no list"
NAN = "returns or prints nan, which equals nothing"
LOOSE_TYPES = "returns an equal value of another type (True == 1 == 1.0)"
OWN_EQUALITY = "returns an object with its own idea of equality"
NUMBERS_AS_TEXT = "prints a number in another form (1.0 is 1, 1e0 and 1_0 are numbers)"

_WORTH_A_WALK = re.compile(
    r"\bglobal\b|\bquit\b|\bos\b|\bopen\b|FileIO|" + "|".join((*FROM_MODULES, *NOT_TO_BE_IMPORTED))
)
_HAS_SOLUTION = re.compile(r"\bclass Solution\b")
_ASKS_MODULE = re.compile(r"\b(?:globals|exec)\s*\(")
_STDIN_PATHS = (0, "/dev/stdin", "/proc/self/fd/0", "/dev/fd/0")
_STDOUT_PATHS = (1, "/dev/stdout", "/proc/self/fd/1", "/dev/fd/1")
_FOR_FUNCTIONS = re.compile(r"\b(?:return|yield|await)\b|import\s*\*")
_ENDINGS = frozenset({ast.Return, ast.Yield, ast.YieldFrom, ast.Await})
_SCOPES = frozenset({ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda})


def shown_by(source: str, tree: ast.Module | None = None, *, called: bool) -> list[str]:
    """Slips that a program's text meets.

    Args:
        source: The program.
        tree: Its tree where there is one already; None to parse it if it seems worth it.
        called: Whether its function is called; else it is run with text on standard input.
    """
    found: list[str] = []
    if source.startswith("\ufeff"):
        found.append(BYTE_ORDER_MARK)
        source = source[1:]
    if "class Solution" in source and not (called and _HAS_SOLUTION.search(source)):
        found.append(SOLUTION)
    worth_a_walk = _WORTH_A_WALK.search(source)
    if tree is None and (worth_a_walk or not called or "__future__" in source):
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return found
    if not called and _ASKS_MODULE.search(source):
        found.append(NOT_A_MODULE)
    if tree is None:
        return found
    if worth_a_walk:
        for node in ast.walk(tree):
            found += _in_node(node)
    if "__future__" in source and "__future__" in _imported_from(tree.body):
        found.append(FUTURE)
    if not called:
        found += _of_wrapping(tree.body, source)
    return list(dict.fromkeys(found))


def _in_node(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call):
        yield from _in_call(node)
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        owner, name = node.value.id, node.attr
        if (owner == "os" and name in FROM_OS) or name in FROM_MODULES.get(owner, ()):
            yield DISABLED.format(f"{owner}.{name}")
        elif owner == "os" and name == "_exit":
            yield OS_EXIT
    elif isinstance(node, ast.Import | ast.ImportFrom):
        modules = [node.module] if isinstance(node, ast.ImportFrom) else []
        for module in modules or [alias.name for alias in node.names]:
            if module in (*NOT_TO_BE_IMPORTED, "subprocess"):
                yield DISABLED.format(module)
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from (DISABLED.format(f"os.{a.name}") for a in node.names if a.name in FROM_OS)
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
        target = node.value
        if isinstance(target, ast.Attribute) and ast.unparse(target) == "os.environ":
            yield ENVIRONMENT


def _in_call(node: ast.Call) -> Iterator[str]:
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name == "quit" and isinstance(function, ast.Name):
        yield QUIT
    first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
    if name in ("open", "fdopen", "FileIO", "read", "readv", "write", "writev") and (
        name not in ("read", "write") or ast.unparse(function) in ("os.read", "os.write")
    ):
        # False is 0 to a set, but not a descriptor that anybody writes.
        if first in _STDIN_PATHS and first is not False:
            yield DESCRIPTOR_0
        if first in _STDOUT_PATHS and first is not True:
            yield DESCRIPTOR_1


def _imported_from(body: list[ast.stmt]) -> Iterator[str | None]:
    return (node.module for node in body if isinstance(node, ast.ImportFrom))


def _of_wrapping(body: list[ast.stmt], source: str) -> Iterator[str]:
    """What a top level loses when it becomes a function."""
    for index, statement in enumerate(body):
        if isinstance(statement, ast.If) and "__name__" in (test := ast.unparse(statement.test)):
            if test != "__name__ == '__main__'":
                yield GUARD_OTHER
            elif index < len(body) - 1:
                yield GUARD_NOT_LAST
    for node in _within(body) if _FOR_FUNCTIONS.search(source) else ():
        if isinstance(node, ast.ImportFrom) and node not in body and node.names[0].name == "*":
            yield STAR_IN_BLOCK
        elif type(node) in _ENDINGS:
            yield OUTSIDE_FUNCTION
    if "global" in source:
        own = set(_assigned(body))
        for statement in body:
            for inner in ast.walk(statement):
                if isinstance(inner, ast.Global) and own.intersection(inner.names):
                    yield GLOBAL


def _within(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Every node of a scope, without what is in scopes inside it."""
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        yield node
        if type(node) not in _SCOPES:
            waiting += ast.iter_child_nodes(node)


def _assigned(body: list[ast.stmt]) -> Iterator[str]:
    declared: set[str] = set()
    for node in _within(body):
        if isinstance(node, ast.Global):
            declared.update(node.names)
    for node in _within(body):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            if node.id not in declared:
                yield node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
