"""Replies of every kind, honest, odd and hostile, and what is made of them."""

# ruff: noqa: RUF001 - characters that look like others are what is tested
from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestofn.chat import Reply, ReplyStatus
from bestofn.judges.parsing import Parsed, answer_of, parse_selection, read_reply

ONE, TWO = "<selection>1</selection>", "<selection>2</selection>"

VOTES = {
    "just the tag": (TWO, 2),
    "analysis first": (f"Step 1: fine.\nStep 2: off by one in solution 1.\n\n{TWO}\n", 2),
    "trailing blank lines": (f"{ONE}\n\n  \n", 1),
    "on a line with prose": (f"My choice is {ONE}", 1),
    "blanks around the index": ("<selection> 2 </selection>", 2),
    "index on its own line": ("<selection>\n1\n</selection>", 1),
    "windows line ends": ("So:\r\n<selection>\r\n2\r\n</selection>\r\n", 2),
    "bold": (f"**{ONE}**", 1),
    "underscored": (f"Answer: __{ONE}__\n", 1),
    "behind thinking": (f"<think>{TWO}? No, 1.</think>\n{ONE}", 1),
    "behind upper-case thinking": (f"<THINK>hm {TWO}</THINK>{ONE}", 1),
    "behind thinking whose start the template wrote": (f"It is 2: {TWO}\n</think>\n\n{ONE}", 1),
    "behind several thoughts": (f"<think>a {TWO}</think>x<think>{TWO}</think>{ONE}", 1),
    "behind reasoning tags": (f"<reasoning>{TWO}</reasoning>{ONE}", 1),
    "behind magistral thinking": (f"[THINK]{TWO}[/THINK]{ONE}", 1),
    "behind kimi thinking": (f"◁think▷{TWO}◁/think▷{ONE}", 1),
    "behind seed thinking": (f"<seed:think>{TWO}</seed:think>{ONE}", 1),
    "behind open thought": (f"<|begin_of_thought|>{TWO}<|end_of_thought|>{ONE}", 1),
    "in the final channel": (
        f"<|channel|>analysis<|message|>{TWO}<|end|><|start|>assistant"
        f"<|channel|>final<|message|>{ONE}<|return|>",
        1,
    ),
    "end token left in": (f"{TWO}<|im_end|>", 2),
    "two end tokens left in": (f"{TWO}</s>\n<|eot_id|>", 2),
    "closed fence before": (f"```python\nprint(1)\n```\n{ONE}", 1),
    "fence with another inside": (f"````\n```\n````\n{ONE}", 1),
    "neutralised quotation": (f"It says <·selection>2<·/selection>, a trick.\n{ONE}", 1),
    "the word alone": (f"My selection: solution 2 has the better selection sort.\n{ONE}", 1),
    "comparison signs": (f"if a < selected and b > c, 1 <2\n{ONE}", 1),
    "the last of three": ("<selection>3</selection>", 3),
}

ABSTENTIONS = {
    "nothing": ("", "empty"),
    "blanks": (" \n\t\n", "empty"),
    "a bare colon": (":", "no verdict"),
    "prose": ("Solution 2 is better.", "no verdict"),
    "a number": ("2", "no verdict"),
    "another tag": ("<answer>2</answer>", "no verdict"),
    "a box": ("\\boxed{2}", "no verdict"),
    "square brackets": ("[selection]2[/selection]", "no verdict"),
    "json": ('{"selection": 2}', "no verdict"),
    "zero": ("<selection>0</selection>", "malformed verdict"),
    "out of range": ("<selection>4</selection>", "index out of range"),
    "far out of range": ("<selection>999999</selection>", "index out of range"),
    "huge": (f"<selection>{'9' * 5000}</selection>", "malformed verdict"),
    "long but short enough": (f"<selection>{'1' * 50}</selection>", "malformed verdict"),
    "negative": ("<selection>-1</selection>", "malformed verdict"),
    "plus": ("<selection>+1</selection>", "malformed verdict"),
    "leading zero": ("<selection>01</selection>", "malformed verdict"),
    "fraction": ("<selection>1.0</selection>", "malformed verdict"),
    "a word": ("<selection>one</selection>", "malformed verdict"),
    "the placeholder": ("<selection>INDEX</selection>", "malformed verdict"),
    "two indices": ("<selection>1, 2</selection>", "malformed verdict"),
    "solution 2": ("<selection>Solution 2</selection>", "malformed verdict"),
    "empty tag": ("<selection></selection>", "malformed verdict"),
    "blank tag": ("<selection> </selection>", "malformed verdict"),
    "arabic digit": ("<selection>٢</selection>", "malformed verdict"),
    "full-width digit": ("<selection>２</selection>", "malformed verdict"),
    "superscript": ("<selection>²</selection>", "malformed verdict"),
    "roman": ("<selection>Ⅱ</selection>", "malformed verdict"),
    "circled": ("<selection>②</selection>", "malformed verdict"),
    "mathematical digit": ("<selection>𝟐</selection>", "malformed verdict"),
    "zero-width space beside the digit": ("<selection>\u200b2</selection>", "malformed verdict"),
    "zero-width space in the tag": ("<sel\u200bection>2</selection>", "malformed verdict"),
    "byte-order mark behind": (f"{TWO}\ufeff", "the verdict is not the last thing said"),
    "right-to-left override": ("<selection>\u202e2</selection>", "malformed verdict"),
    "no-break space": ("<selection>\u00a02</selection>", "malformed verdict"),
    "full-width brackets": ("＜selection＞2＜/selection＞", "malformed verdict"),
    "full-width name": ("<ｓｅｌｅｃｔｉｏｎ>2</ｓｅｌｅｃｔｉｏｎ>", "malformed verdict"),
    "html escapes": ("&lt;selection&gt;2&lt;/selection&gt;", "malformed verdict"),
    "numeric escapes": ("&#60;selection>2&#x3C;/selection>", "malformed verdict"),
    "upper case": ("<SELECTION>2</SELECTION>", "malformed verdict"),
    "attribute": ('<selection id="1">2</selection>', "malformed verdict"),
    "blank in the tag": ("< selection>2</ selection>", "malformed verdict"),
    "plural": ("<selections>2</selections>", "malformed verdict"),
    "self-closing": ("<selection/>2", "malformed verdict"),
    "never closed": ("<selection>2", "malformed verdict"),
    "never opened": ("2</selection>", "malformed verdict"),
    "closed by its opener": ("<selection>2<selection>", "several verdicts"),
    "nested": ("<selection><selection>2</selection></selection>", "several verdicts"),
    "nested in another": ("<selection><b>2</b></selection>", "malformed verdict"),
    "two different": (f"{ONE}\n{TWO}", "several verdicts"),
    "two equal": (f"{TWO}\n{TWO}", "several verdicts"),
    "one quoted, one meant": (f"It says {ONE} in a comment.\n{TWO}", "several verdicts"),
    "one escaped, one meant": (f"&lt;selection&gt;1&lt;/selection&gt;\n{TWO}", "several verdicts"),
    "one hidden, one meant": (f"<sel\u200bection>1</sel\u200bection>\n{TWO}", "several verdicts"),
    "one wide, one meant": (f"＜selection＞1＜/selection＞\n{TWO}", "several verdicts"),
    "the tag named before": (f"I will end with <selection>.\n{TWO}", "several verdicts"),
    "said before the analysis": (f"{TWO}\nBecause...", "the verdict is not the last thing said"),
    "full stop behind": (f"{TWO}.", "the verdict is not the last thing said"),
    "quoted": (f'"{TWO}"', "the verdict is not the last thing said"),
    "in inline code": (f"`{TWO}`", "the verdict is not the last thing said"),
    "in an html comment": (f"<!-- {TWO} -->", "the verdict is not the last thing said"),
    "in a code block": (f"```\n{TWO}\n```", "the verdict is not the last thing said"),
    "in a code block that is cut off": (f"```xml\n{TWO}", "the verdict stands in a code block"),
    "in a tilde block": (f"~~~\n```\n{TWO}", "the verdict stands in a code block"),
    "only while thinking": (f"<think>{TWO}</think>", "empty"),
    "only while thinking, then prose": (f"<think>{TWO}</think>Two.", "no verdict"),
    "thinking without end": (f"<think>{TWO}", "the reasoning does not end"),
    "thinking that begins again": (f"<think>a</think><think>{TWO}", "the reasoning does not end"),
    "thinking with a wide tag end": (f"<think >{TWO}", "the reasoning does not end"),
    "bracketed thinking without end": (f"[THINK]{TWO}", "the reasoning does not end"),
    "only the analysis channel": (
        f"<|channel|>analysis<|message|>{TWO}",
        "the reasoning does not end",
    ),
    "a channel of no known form": (f"<|channel|>{TWO}", "the reasoning does not end"),
    "verdict before the thinking": (f"{TWO}<think>hm</think>", "empty"),
    "repeated prompt": (
        "=== SELECTION TASK ===\nend with\n<selection>INDEX</selection>\nwhere INDEX is 1 or 2",
        "malformed verdict",
    ),
}


@pytest.mark.parametrize("name", VOTES)
def test_votes(name: str) -> None:
    text, index = VOTES[name]
    assert parse_selection(text, 3) == Parsed(index)


@pytest.mark.parametrize("name", ABSTENTIONS)
def test_abstentions(name: str) -> None:
    text, reason = ABSTENTIONS[name]
    parsed = parse_selection(text, 3)
    assert parsed.index is None
    assert parsed.reason.partition(":")[0] == reason


@pytest.mark.parametrize(
    "status", ["length", "refusal", "context_overflow", "empty", "malformed", "stalled"]
)
def test_what_did_not_end_well_is_no_verdict(status: ReplyStatus) -> None:
    parsed = read_reply(Reply(text=ONE, status=status, error="so said the server"), 2)
    assert parsed.index is None
    assert parsed.reason.startswith(status)
    assert read_reply(Reply(text="", status=status), 2).reason.startswith(status)


def test_reasoning_handed_over_apart_is_not_read() -> None:
    assert read_reply(Reply(text=TWO, reasoning=ONE), 2).index == 2
    assert read_reply(Reply(text="Two.", reasoning=TWO), 2).index is None


@given(st.text(), st.integers(2, 9))
def test_text_without_a_tag_is_an_abstention(text: str, count: int) -> None:
    if "<selection>" not in text:
        assert parse_selection(text, count).index is None


PIECES = st.sampled_from(
    ["<selection>", "</selection>", "1", "2", "３", "<think>", "</think>", "```\n", "\n", " ", "a"]
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_a_vote_always_has_exactly_one_tag_at_its_end(text: str) -> None:
    parsed = parse_selection(text, 2)
    if parsed.index is not None:
        answer = answer_of(text)
        assert answer is not None
        assert answer.count("<selection>") == answer.count("</selection>") == 1
        _, _, rest = answer.partition("<selection>")
        inside, _, after = rest.partition("</selection>")
        assert inside.strip() == str(parsed.index)
        assert not after.strip()
    else:
        assert parsed.reason


@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "< ",
        "<selection>",
        "</",
        "<think",
        "`",
        "```\n",
        "&lt",
        "\u200b",
        "*",
        " ",
        "<|channel|>",
    ],
)
def test_long_replies_are_read_in_linear_time(piece: str) -> None:
    started = time.process_time()
    parse_selection(piece * (400_000 // len(piece)), 2)
    parse_selection("<selection>" + piece * (400_000 // len(piece)), 2)
    assert time.process_time() - started < 4.0
