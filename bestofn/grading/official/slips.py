"""What in a program's text meets a slip of the evaluators that run tests beside the program.

A glance at the syntax, without running anything: it explains a verdict, it does not make one.
"""

from __future__ import annotations

import ast
import builtins
import functools
import warnings
from collections.abc import Iterator

ALWAYS_EQUAL = "defines an __eq__ that always agrees"
LOOKS_AROUND = "reads the evaluator's frames or objects"
ALARM = "sets, cancels or catches the evaluator's alarm"
SHADOWS = "replaces a name that the test uses"
SKIPS = "skips tests"
PATCHES_UNITTEST = "patches unittest"
PRETENDED = "calls what the evaluator may only pretend to do"
TAKEN_AWAY = "uses a function that the evaluator takes away"
FUTURE = "imports from __future__ behind the prompt"
STDIN = "reads standard input, which the evaluator makes an error"
PROVIDED = "uses a name that only the evaluator provides"

_LOOKING = frozenset(
    {
        "_getframe",
        "_current_frames",
        "currentframe",
        "f_back",
        "get_objects",
        "get_referents",
        "get_referrers",
        "getouterframes",
        "settrace",
        "setprofile",
        "tb_frame",
    }
)
_ALARMS = frozenset({"alarm", "setitimer", "SIGALRM"})
_TAKEN_AWAY = {
    "os": frozenset(
        {
            *("chdir", "chmod", "chown", "fork", "getcwd", "kill", "popen", "putenv", "remove"),
            *("removedirs", "rename", "replace", "rmdir", "system", "truncate", "unlink"),
        }
    ),
    "shutil": frozenset({"chown", "move", "rmtree"}),
    "subprocess": frozenset({"Popen", "call", "check_call", "check_output", "run"}),
}
_NOT_TO_BE_IMPORTED = frozenset({"ipdb", "joblib", "psutil", "resource", "tkinter"})
_WATCHED = {
    "os": frozenset({"execv", "execvp", "execvpe", "kill", "killpg", "popen", "system"}),
    "subprocess": frozenset({"Popen", "call", "check_output", "run"}),
}
_SKIPPING = frozenset({"SkipTest", "skip", "skipIf", "skipTest", "skipUnless"})
_TESTING = frozenset({"TestCase", "TestLoader", "TestResult", "TestSuite", "mock", "unittest"})


@functools.lru_cache(maxsize=4)  # one program is looked at in several ways
def parse(source: str) -> ast.Module | None:
    """The syntax tree, or None where it is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source.removeprefix("\ufeff"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def of_program(source: str) -> tuple[str, ...]:
    """Slips that any test beside a program can meet, in a fixed order."""
    tree = parse(source)
    if tree is None:
        return ()
    words = set(_words(tree))
    found = [
        (ALWAYS_EQUAL, any(_always_agrees(node) for node in ast.walk(tree))),
        (LOOKS_AROUND, not words.isdisjoint(_LOOKING) or {"inspect", "stack"} <= words),
        (ALARM, not words.isdisjoint(_ALARMS)),
    ]
    return tuple(name for name, is_there in found if is_there)


def shadowed(source: str, test: str, *, prompt: str, entry_point: str) -> bool:
    """Whether a program gives a built-in or a helper of the prompt a meaning that tests then see.

    Args:
        source: The program; where it begins with the prompt, what follows counts.
        test: The script that shares its names.
        prompt: What the program was asked to complete.
        entry_point: The function under test, which is the program's to define.
    """
    program, script = parse(source), parse(test)
    if program is None or script is None:
        return False
    given = parse(prompt)
    helpers = set() if given is None else _top_names(given.body)
    body = program.body
    if given is not None and source.startswith(prompt):
        body = body[max(len(given.body) - 1, 0) :]  # the last is the one to complete
    own = _top_names(body) - {entry_point}
    own |= {
        node.attr
        for node in ast.walk(program)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("builtins", "__builtins__")
    }
    used = {node.id for node in ast.walk(script) if isinstance(node, ast.Name)}
    return bool(own & used & (helpers | set(dir(builtins))))


def uses_taken_away(source: str, *, open_too: bool) -> bool:
    """Whether a program uses what HumanEval's evaluator, or EvalPlus', sets to None."""
    tree = parse(source)
    if tree is None:
        return False
    if free_names(source) & {"exit", "quit", "help", *(["open"] if open_too else [])}:
        return True
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found = node.attr in _TAKEN_AWAY.get(node.value.id, ())
        elif isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names}
            found = not names.isdisjoint(_TAKEN_AWAY.get(node.module or "", frozenset()))
            found |= (node.module or "").partition(".")[0] in _NOT_TO_BE_IMPORTED
        elif isinstance(node, ast.Import):
            found = any(a.name.partition(".")[0] in _NOT_TO_BE_IMPORTED for a in node.names)
        else:
            continue
        if found:
            return True
    return False


def uses_watched(source: str) -> bool:
    """Whether a program ends or starts processes in a way that BigCodeBench's evaluator watches."""
    tree = parse(source)
    return tree is not None and any(
        (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.attr in _WATCHED.get(node.value.id, ())
        )
        or (
            isinstance(node, ast.ImportFrom)
            and any(alias.name in _WATCHED.get(node.module or "", ()) for alias in node.names)
        )
        for node in ast.walk(tree)
    )


def mentions(source: str, names: frozenset[str]) -> bool:
    """Whether a program uses one of these names, as a variable, an attribute or a module."""
    tree = parse(source)
    return tree is not None and not names.isdisjoint(_words(tree))


def imports_from_future(source: str) -> bool:
    """Whether a program only is one as long as nothing comes before it."""
    tree = parse(source)
    return tree is not None and any(
        isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body
    )


def reads_stdin(source: str) -> bool:
    """Whether a program names its standard input."""
    return "input" in free_names(source) or mentions(source, frozenset({"stdin"}))


def skips(source: str) -> bool:
    """Whether a program names something that skips tests."""
    return mentions(source, _SKIPPING)


def patches_unittest(source: str) -> bool:
    """Whether a program assigns to something of unittest."""
    tree = parse(source)
    if tree is None:
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
            if not _TESTING.isdisjoint(_words(node.value)):
                return True
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("setattr", "delattr")
            and node.args
            and not _TESTING.isdisjoint(_words(node.args[0]))
        ):
            return True
    return False


def free_names(source: str) -> frozenset[str]:
    """Names that a program uses and nowhere binds."""
    tree = parse(source)
    if tree is None:
        return frozenset()
    used: set[str] = set()
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        else:
            bound |= _bound_by(node)
    return frozenset(used - bound)


def top_names(source: str) -> frozenset[str]:
    """Names that a module binds at its top."""
    tree = parse(source)
    return frozenset() if tree is None else frozenset(_top_names(tree.body))


def _words(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield from node.name.split(".")
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from node.module.split(".")


def _always_agrees(node: ast.AST) -> bool:
    """``def __eq__`` that only ever returns True, or ``__eq__ = lambda ...: True``."""
    if isinstance(node, ast.FunctionDef) and node.name == "__eq__":
        answers = [inner.value for inner in ast.walk(node) if isinstance(inner, ast.Return)]
        return bool(answers) and all(_is_true(answer) for answer in answers)
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
        named = any(
            getattr(target, "id", getattr(target, "attr", "")) == "__eq__"
            for target in node.targets
        )
        return named and _is_true(node.value.body)
    if isinstance(node, ast.Dict):
        return any(
            isinstance(key, ast.Constant)
            and key.value == "__eq__"
            and isinstance(value, ast.Lambda)
            and _is_true(value.body)
            for key, value in zip(node.keys, node.values, strict=True)
        )
    return False


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _top_names(body: list[ast.stmt]) -> set[str]:
    names: set[str] = set()
    for node in body:
        names |= _bound_by(node)
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            names |= {
                inner.id
                for inner in ast.walk(node)
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
            }
        elif isinstance(node, ast.If | ast.Try | ast.With | ast.For | ast.While):
            names |= _top_names(node.body) | _top_names(getattr(node, "orelse", []))
    return names


def _bound_by(node: ast.AST) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    if isinstance(node, ast.ExceptHandler) and node.name:
        return {node.name}
    return set()
