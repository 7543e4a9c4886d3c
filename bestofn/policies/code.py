"""What a piece of text is as Python: whether it parses, what it defines, what it reads."""

from __future__ import annotations

import ast
import re
import textwrap
import warnings

_MOST_CHARACTERS = 200_000
_READERS = re.compile(r"\binput\s*\(|\bstdin\b|\bopen\s*\(\s*0|\bfileinput\b")
_STARTS = re.compile(
    r"(?:import|from|def|class|async|if|for|while|try|with)\b|@|#|print\("
    r"|[A-Za-z_][\w, .\[\]]*[-+*/|&]?=[^=]"
)
_MOST_PARSED = 2_000_000
"""Characters that are parsed, over all attempts, in search of a program in prose."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def parsed(source: str) -> ast.Module | None:
    """The syntax tree of a program that compiles; None for anything else."""
    if len(source) > _MOST_CHARACTERS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in a program is its own business
            # Compiled, not only parsed: a return outside of a function is no program.
            compile(source, "<reply>", "exec", dont_inherit=True)
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def top_level_names(tree: ast.Module) -> set[str]:
    """Names of the functions and classes of a module, and of the methods of ``Solution``."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef) and node.name == "Solution":
            names.update(inner.name for inner in node.body if isinstance(inner, Function))
    return names


def defines(source: str, name: str) -> bool:
    """Whether a program defines a function, at its top or in ``Solution``; parsing or not."""
    tree = parsed(source)
    if tree is not None:
        return name in top_level_names(tree)
    return (
        re.search(rf"^[ \t]*(?:async[ \t]+)?def[ \t]+{re.escape(name)}\b", source, re.M) is not None
    )


def reads_input(source: str) -> bool:
    """Whether a program names something that reads standard input."""
    return _READERS.search(source) is not None


def is_program(tree: ast.Module) -> bool:
    """Whether a module does something; ``Sorry`` and ``42`` parse too."""
    return any(
        not isinstance(node, ast.Expr) or isinstance(node.value, ast.Call | ast.Await)
        for node in tree.body
    )


def program_in_prose(text: str) -> str:
    """The longest run of lines that is a program; empty when there is none."""
    tree = parsed(text)
    if tree is not None:
        return text if is_program(tree) else ""
    lines = text.split("\n")
    best = ""
    covered = 0
    parser = _BoundedParser()
    for start, line in enumerate(lines):
        if start < covered or not _STARTS.match(line):
            continue
        run, covered = parser.longest_from(lines, start)
        if len(run.strip()) > len(best.strip()):
            best = run
    return best


class _BoundedParser:
    """Looks for programs by trying, until it has read enough: replies can be made to be slow."""

    def __init__(self) -> None:
        self._left = _MOST_PARSED

    def longest_from(self, lines: list[str], start: int) -> tuple[str, int]:
        """The longest program that starts at this line, and where to go on."""
        end = len(lines)
        while end > start:
            source = "\n".join(lines[start:end])
            self._left -= len(source)
            if self._left < 0:
                return "", len(lines)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    tree = ast.parse(source)
            except SyntaxError as error:
                # From the bad line on it is prose; a run that ends in the middle of a statement
                # is shortened line by line.
                wrong = start + (error.lineno or 1) - 1
                end = wrong if start < wrong < end else end - 1
            except (ValueError, RecursionError, MemoryError):
                return "", start
            else:
                return (source, end) if is_program(tree) else ("", end)
        return "", start


def outdented(text: str) -> str:
    """The text with its common indentation taken off."""
    return textwrap.dedent(text.expandtabs(4) if "\t" in text else text)
