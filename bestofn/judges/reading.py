"""What a program's source says before anything is run.

Running shows what a program does on a few inputs; reading shows what it cannot do on any. Only
what is certain is said here: where reflection, decorators or rebinding leave a way out, nothing
is concluded.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from ..types import Problem

_PARSED_CHARACTERS = 100_000
_REFLECTION = frozenset(
    ("locals", "vars", "eval", "exec", "inspect", "_getframe", "currentframe", "gc")
)
_READERS = frozenset(
    (
        *_REFLECTION,
        *("input", "stdin", "open", "fileinput", "read", "readline", "readlines", "io", "os"),
        *("pathlib", "subprocess", "ctypes", "fromfile", "loadtxt", "genfromtxt", "getattr"),
        *("globals", "builtins", "__builtins__", "__import__", "importlib"),
    )
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def parsed(source: str) -> ast.Module | None:
    """The syntax tree, or None for what is not valid Python or too long to be worth it."""
    if len(source) > _PARSED_CHARACTERS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in a candidate is its own business
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _words(tree: ast.AST) -> Iterator[str]:
    """Every name, attribute and imported module."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                yield name
            case ast.alias(name=name):
                yield from name.split(".")
            case ast.ImportFrom(module=str(name)):
                yield from name.split(".")


def reads_stdin(tree: ast.Module) -> bool:
    """Whether a program may read standard input: it names something that could."""
    return not _READERS.isdisjoint(_words(tree))


def function_in(tree: ast.Module, name: str) -> tuple[Function, bool] | None:
    """The function that a call of ``name`` reaches and whether it is a method of ``Solution``.

    None where that is not certain: it is not there, decorated, or the name is bound in other
    ways too.
    """
    found: tuple[Function, bool] | None = None
    top = {id(node) for node in tree.body}
    methods = {
        id(inner)
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == "Solution"
        for inner in node.body
    }
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=bound, ctx=ast.Store()) | ast.alias(asname=bound) if bound == name:
                return None
            case ast.FunctionDef(name=bound) | ast.AsyncFunctionDef(name=bound) if bound == name:
                method = id(node) in methods
                elsewhere = id(node) not in top | methods or (found and found[1] != method)
                if elsewhere or node.decorator_list:
                    return None
                found = (node, method)
    return found


def _parameters(function: Function, method: bool) -> list[str]:
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args][1 if method else 0 :]
    rest = [arguments.vararg, *arguments.kwonlyargs, arguments.kwarg]
    return [argument.arg for argument in (*positional, *rest) if argument is not None]


def unread_parameters(function: Function, *, method: bool = False) -> tuple[list[str], list[str]]:
    """The parameters of a function, and those of them whose value it never looks at.

    Args:
        function: Its definition.
        method: Whether the first parameter is the object.
    """
    names = _parameters(function, method)
    read: set[str] = set()
    for statement in function.body:
        for node in ast.walk(statement):
            match node:
                case ast.Name(id=name, ctx=ast.Load()):
                    read.add(name)
                case ast.AugAssign(target=ast.Name(id=name)):
                    read.add(name)
    if not _REFLECTION.isdisjoint(word for part in function.body for word in _words(part)):
        return names, []
    return names, [name for name in names if name not in read]


def hands_back(function: Function) -> bool:
    """Whether all that a function does is to return one of its parameters as it came."""
    body = [
        statement
        for statement in function.body
        if not isinstance(statement, ast.Pass)
        and not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
    ]
    match body:
        case [ast.Return(value=ast.Name(id=name))]:
            return name in _parameters(function, False)
    return False


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What is certain of a program from its source alone.

    Attributes:
        idle: It does no work on what it is given: a function that looks at none of its
            parameters or returns one as it came; a program that names nothing that could read
            its standard input, where the problem gives some.
        unread: It never looks at one of its parameters.
    """

    idle: bool = False
    unread: bool = False


def read_program(problem: Problem, source: str) -> Reading:
    """Read one candidate."""
    tree = parsed(source)
    if tree is None:
        return Reading()
    if problem.entry_point is None:
        return Reading(idle=_gives_input(problem) and not reads_stdin(tree))
    found = function_in(tree, problem.entry_point)
    if found is None:
        return Reading()
    names, unread = unread_parameters(found[0], method=found[1])
    idle = bool(names) and (len(unread) == len(names) or hands_back(found[0]))
    return Reading(idle=idle, unread=bool(unread))


def _gives_input(problem: Problem) -> bool:
    fed = [test.input for test in problem.public_tests if test.kind == "stdin"]
    section = re.search(r"(?im)^\W*input\b[^.\n]{0,20}$", problem.statement)
    return any(text.strip() for text in fed) or (not fed and section is not None)
