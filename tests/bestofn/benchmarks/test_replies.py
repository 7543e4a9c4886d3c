"""Programs from raw replies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestofn.benchmarks.replies import last_code_block


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("```python\nprint(1)\n```", "print(1)"),
        ("first\n```\na\n```\nthen\n```py\nb\nc\n```\nthe end", "b\nc"),
        ("no fence at all", ""),
        ("", ""),
        ("```python\ncut off", "cut off"),
        ("```\na\n```\n```", "a"),
        ("````\n```\ninner\n```\n````", "```\ninner\n```"),
        ("~~~\na\n~~~", "a"),
        ("  ```\n  if a:\n      b\n  ```", "if a:\n    b"),
        ("```one line``` of prose\n```\na\n```", "a"),
        ("```python\r\na\r\nb\r\n```\r\n", "a\nb"),
    ],
)
def test_by_hand(reply: str, code: str) -> None:
    assert last_code_block(reply) == code


@given(
    prose=st.text(alphabet=st.characters(exclude_characters="`~"), max_size=50),
    code=st.text(alphabet=st.characters(exclude_characters="`~\r"), min_size=1, max_size=50),
)
def test_a_fenced_program_comes_back(prose: str, code: str) -> None:
    prose = prose.replace("\r", "")
    assert last_code_block(f"{prose}\n```python\n{code}\n```\n{prose}") == code
