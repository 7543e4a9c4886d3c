"""Joining a reply with the starter code that it was asked to complete."""

from __future__ import annotations

import ast
import re
import textwrap

from .code import Function, outdented, parsed, top_level_names

_MOST_CUTS = 8


def completed(starter_code: str, code: str, entry_point: str | None) -> str:
    """A whole program from starter code and what a model wrote for it.

    The model may have written the whole program, the function without the imports and helpers
    around it, a method without its class, or only the lines of the body; in the last case they
    are indented as the starter code wants it. What fits nowhere is returned as it is.

    Args:
        starter_code: As the model saw it; it need not parse (its last function may lack a body).
        code: The program of the reply, without its fence.
        entry_point: The function that is asked for; None takes the last one of the starter code.
    """
    frame = _frame(starter_code, entry_point)
    if frame is None:
        return code
    tree = parsed(code)
    if tree is not None and frame.function.name in top_level_names(tree):
        wrapped = _in_class(code, tree, frame)
        return frame.with_context(wrapped)
    if tree is None and _says_def(code, frame.function.name):
        return frame.with_context(_outdent_whole(code, frame))
    joined = frame.with_body(code)
    if joined is not None:
        return joined
    return frame.with_context(code) if tree is not None else code


def completes(starter_code: str, code: str, entry_point: str | None) -> bool:
    """Whether these lines, all of them, can be the body of the function that is asked for."""
    frame = _frame(starter_code, entry_point)
    return frame is not None and frame.with_body(code, whole=True) is not None


class _Frame:
    """Starter code that parses, and the function in it that is to be written."""

    def __init__(self, source: str, tree: ast.Module, function: Function, owner: str | None):
        self.source = source
        self.tree = tree
        self.function = function
        self.owner = owner

    def with_context(self, code: str) -> str:
        """A program with the imports and helpers of the starter code that it lacks."""
        tree = parsed(code)
        if tree is None:
            return code
        there = _bound(tree)
        imports = {ast.dump(node) for node in tree.body}
        wanted: list[str] = []
        future: list[str] = []
        for node in self.tree.body:
            text = ast.get_source_segment(self.source, node) or ""
            if isinstance(node, Function):
                text = _with_decorators(self.source, node)
            match node:
                case ast.ImportFrom(module="__future__"):
                    if ast.dump(node) not in imports:
                        future.append(text)
                case ast.Import() | ast.ImportFrom():
                    if ast.dump(node) not in imports:
                        wanted.append(text)
                case ast.Expr():
                    pass
                case _:
                    names = _bound_by(node)
                    ours = {self.function.name, self.owner}
                    if names and not names & ours and not names & there:
                        wanted.append(text)
        if not wanted and not future:
            return code
        lines = code.split("\n")
        at = _after_future(tree)
        head = [*future, *lines[:at]] if at == 0 else [*lines[:at], *future]
        joint = "\n".join((*head, *wanted, *lines[at:]))
        return joint if parsed(joint) is not None else code

    def with_body(self, code: str, *, whole: bool = False) -> str | None:
        """The starter code with this as the body of its function; None if it does not fit."""
        stem = self._stem()
        step = " " * self._indentation()
        code = code.strip("\n").rstrip()
        first, _, rest = code.partition("\n")
        bodies = [
            textwrap.indent(outdented(code), step),
            f"{step}{first.lstrip()}\n{rest}",  # someone stripped the first line's indentation
            f"{step}{first.lstrip()}\n{textwrap.indent(rest, step)}",
        ]
        if first.startswith(step):
            bodies.insert(0, code)
        if not whole:
            bodies += [shorter for body in list(bodies) for shorter in _without_tail(body, step)]
        for body in bodies:
            joined = f"{stem}\n{body.rstrip()}\n"
            tree = parsed(joined)
            if tree is not None and self._grew(tree):
                return joined
        return None

    def _stem(self) -> str:
        """The starter code up to the end of what the function has so far."""
        lines = self.source.split("\n")
        body = self.function.body
        if _is_docstring(body[0]):
            return "\n".join(lines[: body[0].end_lineno])
        return "\n".join(lines[: body[0].lineno - 1]).rstrip()

    def _indentation(self) -> int:
        return self.function.body[0].col_offset

    def _grew(self, tree: ast.Module) -> bool:
        found = _function(tree, self.function.name)
        if found is None:
            return False
        body = [node for node in found[0].body if not _is_docstring(node)]
        return any(not isinstance(node, Function | ast.ClassDef) for node in body)


def _frame(starter_code: str, entry_point: str | None) -> _Frame | None:
    source = starter_code.expandtabs(4).rstrip()
    last = source.split("\n")[-1]
    indented = " " * (len(last) - len(last.lstrip()) + 4)
    for attempt in (source, f"{source}\n{indented}pass", f"{source}\n{indented}    pass"):
        tree = parsed(attempt)
        if tree is None:
            continue
        found = _function(tree, entry_point)
        return _Frame(attempt, tree, *found) if found else None
    return None


def _function(tree: ast.Module, name: str | None) -> tuple[Function, str | None] | None:
    """The last function of that name (None: of any), and the class it is in."""
    found: tuple[Function, str | None] | None = None
    for node in tree.body:
        if isinstance(node, Function) and name in (None, node.name):
            found = node, None
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, Function) and name in (None, inner.name):
                    found = inner, node.name
    return found


def _in_class(code: str, tree: ast.Module, frame: _Frame) -> str:
    """A method that was written without its class, back in it."""
    if frame.owner is None:
        return code
    for node in tree.body:
        if isinstance(node, Function) and node.name == frame.function.name:
            parameters = [*node.args.posonlyargs, *node.args.args]
            if parameters and parameters[0].arg == "self":
                break
    else:
        return code
    apart = _after_imports(tree)
    lines = code.split("\n")
    body = textwrap.indent("\n".join(lines[apart:]).strip("\n"), "    ")
    return "\n".join((*lines[:apart], f"class {frame.owner}:", body)) + "\n"


def _outdent_whole(code: str, frame: _Frame) -> str:
    """A function that was written with the indentation of its place in a class or a list."""
    flat = outdented(code)
    tree = parsed(flat)
    return code if tree is None else _in_class(flat, tree, frame)


def _after_imports(tree: ast.Module) -> int:
    last = 0
    for node in tree.body:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            break
        last = node.end_lineno or last
    return last


def _after_future(tree: ast.Module) -> int:
    last = 0
    for position, node in enumerate(tree.body):
        leading = position == 0 and _is_docstring(node)
        if leading or (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            last = node.end_lineno or last
        else:
            break
    return last


def _with_decorators(source: str, node: Function) -> str:
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return "\n".join(source.split("\n")[first - 1 : node.end_lineno])


def _bound(tree: ast.Module) -> set[str]:
    return set().union(*(_bound_by(node) for node in tree.body)) if tree.body else set()


def _bound_by(node: ast.stmt) -> set[str]:
    """The names that a top-level statement binds."""
    if isinstance(node, Function | ast.ClassDef):
        return {node.name}
    return {
        inner.id
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
    }


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _says_def(code: str, name: str) -> bool:
    return (
        re.search(rf"^[ \t]*(?:async[ \t]+)?def[ \t]+{re.escape(name)}\b", code, re.M) is not None
    )


def _without_tail(body: str, step: str) -> list[str]:
    """The body up to lines that stand further left than a body does: prose may begin there."""
    lines = body.split("\n")
    left = [n for n, line in enumerate(lines) if line.strip() and not line.startswith(step)]
    return ["\n".join(lines[:end]) for end in reversed(left[:_MOST_CUTS])]
