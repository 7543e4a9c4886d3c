"""Code from replies: a table of odd ones, and properties."""

from __future__ import annotations

import ast
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bestofn.policies import extract_code, without_reasoning
from bestofn.policies.fences import blocks

PROGRAM = "import sys\nprint(sum(map(int, sys.stdin.read().split())))"
OTHER = "n = int(input())\nprint(n)"
F = "def add(a, b):\n    return a + b"

# name, reply, expected program
STDIN = [
    ("plain fence", f"Sure:\n\n```python\n{PROGRAM}\n```\n", PROGRAM),
    ("no tag", f"```\n{PROGRAM}\n```", PROGRAM),
    ("py tag", f"```py\n{PROGRAM}\n```", PROGRAM),
    ("python3 tag", f"```Python3\n{PROGRAM}\n```", PROGRAM),
    ("braces around the tag", f"```{{.python}}\n{PROGRAM}\n```", PROGRAM),
    ("attributes behind the tag", f'```python title="a.py"\n{PROGRAM}\n```', PROGRAM),
    ("blank before the tag", f"``` python\n{PROGRAM}\n```", PROGRAM),
    ("tildes", f"~~~python\n{PROGRAM}\n~~~", PROGRAM),
    ("tildes hold backticks", f"~~~\n{PROGRAM}\n# ```\n~~~", f"{PROGRAM}\n# ```"),
    ("longer fence", f"````python\n{PROGRAM}\n# ```\n````", f"{PROGRAM}\n# ```"),
    ("closed by more", f"```python\n{PROGRAM}\n`````", PROGRAM),
    ("windows lines", f"```python\r\n{PROGRAM}\r\n```\r\n".replace("\n", "\r\n"), PROGRAM),
    ("not closed", f"Here:\n```python\n{PROGRAM}", PROGRAM),
    ("not closed, one line end", f"```python\n{PROGRAM}\n", PROGRAM + "\n"),
    ("closed behind the code", f"```python\n{PROGRAM}```\nThat is all.", PROGRAM),
    ("opened behind prose", f"The program is: ```python\n{PROGRAM}\n```", PROGRAM),
    ("within a line", "Use ```print(input())``` and be happy.", "print(input())"),
    ("within a line, tagged", "Use ```python print(input())``` here.", "print(input())"),
    ("in a list", "1. ```python\n   import sys\n   print(1)\n   ```", "import sys\nprint(1)"),
    ("in a bullet", f"- ```python\n  {OTHER.replace(chr(10), chr(10) + '  ')}\n  ```", OTHER),
    (
        "indented",
        "    ```python\n    a = 1\n    if a:\n        print(a)\n    ```",
        "a = 1\nif a:\n    print(a)",
    ),
    ("quoted", "> ```python\n> a = input()\n>\n> print(a)\n> ```", "a = input()\n\nprint(a)"),
    ("last of two", f"```python\n{OTHER}\n```\nBetter:\n```python\n{PROGRAM}\n```", PROGRAM),
    ("then its output", f"```python\n{PROGRAM}\n```\nIt prints:\n```\n6\n```", PROGRAM),
    ("then a shell", f"```python\n{PROGRAM}\n```\n```bash\npython a.py < in.txt\n```", PROGRAM),
    ("then another language", f"```python\n{PROGRAM}\n```\n```cpp\nint main(){{}}\n```", PROGRAM),
    ("then a snippet", f"```python\n{PROGRAM}\n```\nNote:\n```python\nx += 1\n```", PROGRAM),
    ("then an empty block", f"```python\n{PROGRAM}\n```\n```\n```", PROGRAM),
    (
        "then a cut-off block",
        f"```python\n{PROGRAM}\n```\nOr:\n```python\nfor x in input(",
        PROGRAM,
    ),
    ("no fence", PROGRAM, PROGRAM),
    ("no fence, prose around", f"Here you go.\n\n{PROGRAM}\n\nI hope this helps!", f"{PROGRAM}\n"),
    (
        "no fence, two runs",
        f"Try x = 1 first.\n{OTHER}\nOr rather:\n{PROGRAM}\nDone, I think.",
        PROGRAM,
    ),
    (
        "thinking first",
        f"<think>\n```python\n{OTHER}\n```\n</think>\n```python\n{PROGRAM}\n```",
        PROGRAM,
    ),
    (
        "thinking without its start",
        f"I try\n```python\n{OTHER}\n```\n</think>\n\n{PROGRAM}",
        f"\n\n{PROGRAM}",
    ),
    ("thinking never ends", f"<think>\nI would write\n```python\n{OTHER}\n```", ""),
    ("thinking twice", f"<think>a</think><think>b</think>```python\n{PROGRAM}\n```", PROGRAM),
    (
        "thinking after a word",
        f"Sure! <think>\n```\n{OTHER}\n```\n</think>\n```\n{PROGRAM}\n```",
        PROGRAM,
    ),
    ("thinking in between", f"Well.\n<think>\n```\n1\n</think>\n```\n{PROGRAM}\n```", PROGRAM),
    (
        "thinking opens a block",
        f"Hm\n```python\n{OTHER}\n</think>\n```python\n{PROGRAM}\n```",
        PROGRAM,
    ),
    ("other thinking tag", f"<reasoning>x = 1</reasoning>\n{PROGRAM}", f"\n{PROGRAM}"),
    ("a thinking tag printed", 'Hi\n```python\nprint("</think>")\n```', 'print("</think>")'),
    ("a thinking tag mentioned", f"I closed `</think>` early.\n```\n{PROGRAM}\n```", PROGRAM),
    ("marks of other models", f"[PYTHON]\n{PROGRAM}\n[/PYTHON]", PROGRAM),
    ("html", f"<code>\n{PROGRAM}\n</code>", PROGRAM),
    ("a refusal", "I cannot help with that.", ""),
    ("a word", "Sorry", ""),
    ("a number", "42", ""),
    ("nothing", "", ""),
    ("blanks", " \n\n ", ""),
    ("an empty block", "```python\n```", ""),
    ("only a fence", "```", ""),
    ("code that does not parse", "```python\nprint 'hello'\n```", "print 'hello'"),
    ("null bytes", "```python\nprint('\0')\n```", "print('\0')"),
]


@pytest.mark.parametrize(
    ("reply", "expected"), [row[1:] for row in STDIN], ids=[r[0] for r in STDIN]
)
def test_replies_for_stdin_tasks(reply: str, expected: str) -> None:
    assert extract_code(reply) == expected


HEAD = '''from typing import List


def total(xs: List[int]) -> int:
    """Add them.

    >>> total([1, 2])
    3
    """
'''
BODY = "    result = 0\n    for x in xs:\n        result += x\n    return result"
FLAT = "result = 0\nfor x in xs:\n    result += x\nreturn result"
HELPER = "def double(x):\n    return 2 * x\n\n\n" + HEAD
SOLUTION = "class Solution:\n    def total(self, xs: List[int]) -> int:\n        "
METHOD = "def total(self, xs):\n    return sum(xs)"

# name, starter code, reply, what total([1, 2]) gives
COMPLETION = [
    ("body as it is", HEAD, BODY, 3),
    ("body in a fence", HEAD, f"```python\n{BODY}\n```", 3),
    ("body without indentation", HEAD, f"```python\n{FLAT}\n```", 3),
    ("body, first line stripped", HEAD, f"```python\n{BODY.lstrip()}\n```", 3),
    ("body with tabs", HEAD, "```\n" + BODY.replace("    ", "\t") + "\n```", 3),
    ("one line", HEAD, "```python\nreturn sum(xs)\n```", 3),
    ("one line without a fence", HEAD, "    return sum(xs)\n", 3),
    ("one line, stripped", HEAD, "return sum(xs)", 3),
    ("raw, then prose", HEAD, f"{BODY}\n\nThis adds all numbers.", 3),
    ("raw, then another function", HEAD, f"{BODY}\n\n\ndef other():\n    pass\n", 3),
    ("the whole thing", HEAD, f"```python\n{HEAD}{BODY}\n```", 3),
    ("whole, no fence", HEAD, f"{HEAD}{BODY}", 3),
    (
        "whole without its imports",
        HEAD,
        f"```python\ndef total(xs: List[int]) -> int:\n{BODY}\n```",
        3,
    ),
    (
        "whole with a future import",
        HEAD,
        f"```python\nfrom __future__ import annotations\ndef total(xs: List[int]):\n{BODY}\n```",
        3,
    ),
    (
        "whole, then its use",
        HEAD,
        f"```python\n{HEAD}{BODY}\n```\nUse it:\n```python\nprint(total([1]))\n```",
        3,
    ),
    ("helper kept", HELPER, "```python\ndef total(xs):\n    return double(sum(xs))\n```", 6),
    ("helper for a body", HELPER, "```python\n    return double(sum(xs))\n```", 6),
    (
        "helper rewritten",
        HELPER,
        "```\ndef double(x):\n    return 5 * x\ndef total(xs):\n    return double(sum(xs))\n```",
        15,
    ),
    ("imports before the body", HEAD, "```python\nimport math\nreturn int(math.fsum(xs))\n```", 3),
    ("starter that ends in pass", HEAD + "    pass\n", f"```python\n{FLAT}\n```", 3),
    ("starter without a body", "def total(xs):", f"```python\n{FLAT}\n```", 3),
    (
        "class as a whole",
        SOLUTION,
        "```python\nclass Solution:\n    def total(self, xs):\n        return sum(xs)\n```",
        3,
    ),
    ("method without its class", SOLUTION, f"```python\n{METHOD}\n```", 3),
    (
        "indented method",
        SOLUTION,
        "```python\n    def total(self, xs):\n        return sum(xs)\n```",
        3,
    ),
    ("body of a method", SOLUTION, "```python\n        return sum(xs)\n```", 3),
    ("flat body of a method", SOLUTION, f"```python\n{FLAT}\n```", 3),
    ("imports and a method", SOLUTION, f"```python\nimport math\n\n{METHOD}\n```", 3),
    ("a plain function instead", SOLUTION, "```python\ndef total(xs):\n    return sum(xs)\n```", 3),
    ("thinking, then a body", HEAD, f"<think>return 1</think>\n```python\n{BODY}\n```", 3),
]


@pytest.mark.parametrize(
    ("starter", "reply", "expected"),
    [row[1:] for row in COMPLETION],
    ids=[r[0] for r in COMPLETION],
)
def test_replies_for_completion_tasks(starter: str, reply: str, expected: int) -> None:
    code = extract_code(reply, starter_code=starter, entry_point="total")
    names: dict[str, object] = {}
    exec("from typing import *\n" if "class Solution" in starter else "", names)
    exec(code, names)  # our own text above, nobody else's
    function = names["Solution"]().total if "class Solution" in code else names["total"]  # type: ignore[operator]
    assert function([1, 2]) == expected  # type: ignore[operator]


def test_the_block_with_the_entry_point_wins() -> None:
    reply = f"```python\n{F}\n```\nTry it:\n```python\nfrom a import add\nprint(add(1, 2))\n```"
    assert extract_code(reply, entry_point="add") == F


def test_a_reply_that_fits_nowhere_is_returned_as_it_is() -> None:
    starter = "def total(xs):\n"
    assert extract_code("```python\ndef total(xs:\n```", starter_code=starter) == "def total(xs:"
    assert extract_code("```\n)(\n```", starter_code=starter, entry_point="total") == ")("
    assert extract_code("I will not.", starter_code=starter, entry_point="total") == ""


def test_odd_starter_code_changes_nothing() -> None:
    assert extract_code(f"```\n{F}\n```", starter_code="%%% no code %%%", entry_point="add") == F
    assert extract_code(f"```\n{F}\n```", starter_code="x = 1", entry_point="add") == F


def test_other_languages_are_taken_as_they_stand() -> None:
    reply = "```text\nhello\n```\n```cpp\nint main() {}\n```\n```\n0\n```"
    assert extract_code(reply, language="cpp") == "int main() {}"
    assert extract_code("int main() {}", language="cpp") == ""


FENCES = st.sampled_from(["```", "````", "`" * 9, "~~~", "~~~~~"])
TAGS = st.sampled_from(["", "python", "py", " Python", "python3"])
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=300)
LINES = st.lists(
    st.sampled_from(
        [*PROGRAM.split("\n"), *F.split("\n"), "", "# ```", "```python", "    ~~~", "x = '<think>'"]
    ),
    max_size=12,
).map("\n".join)


@given(program=TEXT | LINES, fence=FENCES, tag=TAGS, before=st.booleans(), closed=st.booleans())
@example(program="print('</think>')", fence="```", tag="", before=False, closed=True)
@example(program="'''\n<think>\n'''", fence="~~~", tag="python", before=True, closed=True)
def test_any_program_in_any_fence_comes_back(
    program: str, fence: str, tag: str, before: bool, closed: bool
) -> None:
    while any(
        line.strip().startswith(fence) and not line.strip().strip(fence[0])
        for line in program.split("\n")
    ):
        fence += fence[0]  # as everybody does who puts a fence into a fence
    if not closed and any(line.rstrip().endswith(fence) for line in program.split("\n")):
        closed = True
    reply = f"{'Here it is.' if before else ''}\n{fence}{tag}\n{program}" + (
        f"\n{fence}\nBye." if closed else ""
    )
    assert extract_code(reply) == (program if program.strip() else "")


@given(TEXT)
def test_without_fences_nothing_but_programs_are_found(text: str) -> None:
    code = extract_code(text)
    if (
        code
        and not blocks(text)
        and "```" not in text
        and "<code" not in text
        and "[PYTHON]" not in text
    ):
        ast.parse(code)


@given(
    st.lists(
        st.sampled_from(
            [
                "```python\n",
                "```\n",
                "~~~\n",
                "<think>",
                "</think>",
                "\n",
                "x = 1\n",
                "def f():\n",
                "  return 1\n",
                "`",
                "> ",
                "- ",
            ]
        )
    ).map("".join),
    st.sampled_from(["", "def f():\n", SOLUTION]),
)
def test_nothing_breaks_it(reply: str, starter: str) -> None:
    assert isinstance(extract_code(reply, starter_code=starter, entry_point="f"), str)


@given(TEXT.filter(lambda text: not set(text) & set("<◁`'\"~")))
def test_thinking_is_taken_off(text: str) -> None:
    assert without_reasoning(f"<think>{text}</think>{text}") == text
    assert without_reasoning(text) == text


def test_long_replies_are_read_in_no_time() -> None:
    started = time.process_time()
    extract_code("x = (\n" * 20_000)
    extract_code("Some prose here. " * 20_000)
    extract_code("```\n" * 20_000)
    extract_code("<think>\n" * 20_000)
    extract_code("</think>\n```\n" * 10_000)
    extract_code("x = 1 +\n" * 2_000, starter_code=HEAD, entry_point="total")
    extract_code("    return (\nprose\n" * 5_000, starter_code=HEAD, entry_point="total")
    assert time.process_time() - started < 5.0
