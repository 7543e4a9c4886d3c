from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestofn.backends.refusals import Refusal, brief
from bestofn.backends.secrets import Scrubber, Secret

json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["error", "message", "detail", "code", "type", "param", "loc", "x"]),
            inner,
        )
    ),
)


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 1024 tokens. However, your prompt contains at "
        "least 1025 input tokens, which exceeds this limit even without any output tokens.",
        "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens "
        "(808 in the messages, 8192 in the completion). Please reduce the length.",
        "the request exceeds the available context size (4096 tokens), try increasing it",
        "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens",
        "prompt is too long: 208310 tokens > 200000 maximum",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum "
        "context length",
        "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
        "Please reduce the length of the messages or completion.",
        "Input is too long for requested model.",
        "Your request exceeded model token limit: 131072",
    ],
)
def test_context_overflow_in_many_words(message: str) -> None:
    assert Refusal(message=message).context_overflow


@pytest.mark.parametrize(
    "message",
    [
        "Incorrect value for temperature",
        "Rate limit reached for requests",
        "Unknown parameter: 'top_k'.",
        "Invalid value for 'messages': expected a list",
        "The model `x` does not exist.",
    ],
)
def test_other_refusals_are_no_overflow(message: str) -> None:
    assert not Refusal(message=message).context_overflow


SENT = (
    "temperature",
    "top_p",
    "top_k",
    "repetition_penalty",
    "max_tokens",
    "stop",
    "seed",
    "min_p",
)


@pytest.mark.parametrize(
    ("body", "unknown"),
    [
        (
            {
                "error": {
                    "message": "Unknown parameter: 'top_k'.",
                    "param": "top_k",
                    "code": "unknown_parameter",
                }
            },
            {"top_k"},
        ),
        (
            {
                "error": {
                    "message": "Unsupported value: 'temperature' does not support 0.7 with this "
                    "model. Only the default (1) value is supported.",
                    "param": "temperature",
                    "code": "unsupported_value",
                }
            },
            {"temperature"},
        ),
        (
            {
                "error": {
                    "message": "Unrecognized request arguments supplied: repetition_penalty, top_k",
                    "type": "invalid_request_error",
                }
            },
            {"top_k", "repetition_penalty"},
        ),
        ({"error": {"message": "Unexpected keys in the request: {'top_k'}"}}, {"top_k"}),
        (
            {
                "detail": [
                    {
                        "type": "extra_forbidden",
                        "loc": ["body", "top_k"],
                        "msg": "Extra inputs are not permitted",
                        "input": {"seed": 1, "temperature": 1},
                    }
                ]
            },
            {"top_k"},
        ),
        ({"message": "property 'seed' is unsupported"}, {"seed"}),
        ({"error": "stop is not supported"}, set()),  # could be any stop
        ({"error": {"message": "parameter stop is not supported"}}, {"stop"}),
        ({"error": {"message": "temperature must be between 0 and 2"}}, set()),
        (
            {
                "error": {
                    "message": "min_p and logits processors are not supported with speculation"
                }
            },
            {"min_p"},
        ),
        ({"error": {"message": "Unsupported content in messages"}}, set()),
    ],
)
def test_unknown_settings(body: object, unknown: set[str]) -> None:
    assert Refusal.read(json.dumps(body)).unknown(SENT) == unknown


@pytest.mark.parametrize(
    ("message", "refused"),
    [
        ("Only one completion choice is allowed", True),
        ("'n' must be 1", True),
        ("n > 1 is not supported", True),
        ("Number of choices n must be at most 4", True),
        ("no such thing in an answer", False),
    ],
)
def test_several_replies_refused(message: str, refused: bool) -> None:
    assert Refusal(message=message).one_at_a_time == refused


def test_a_rate_limit_that_mentions_billing_may_pass() -> None:
    message = (
        "Rate limit reached for gpt on requests per min. Limit: 3. You can increase your rate "
        "limit by adding a payment method to your account at https://platform/account/billing."
    )
    assert not Refusal(message=message, code="rate_limit_exceeded").out_of_credit
    assert Refusal(message="You exceeded your quota", code="insufficient_quota").out_of_credit


def test_words_out_of_html() -> None:
    page = "<html><style>b{}</style><body><h1>502</h1>Bad\n gateway</body></html>"
    assert brief(Refusal.read(page).message) == "502 Bad gateway"


@settings(deadline=None, max_examples=50)
@given(json_values)
def test_any_body_can_be_read(body: object) -> None:
    refusal = Refusal.read(json.dumps(body))
    assert isinstance(refusal.message, str)
    assert refusal.unknown(SENT) <= set(SENT)
    assert isinstance(refusal.context_overflow or refusal.censored or refusal.out_of_credit, bool)


@given(st.text())
def test_any_text_can_be_read(body: str) -> None:
    assert len(brief(Refusal.read(body).message)) <= 300


@given(st.text(min_size=12), st.text(), st.text())
def test_a_key_never_gets_through(key: str, before: str, after: str) -> None:
    assert key not in Scrubber([key])(f"{before}{key}{after}")


@pytest.mark.parametrize("key", ["", "a", "short"])
def test_odd_keys_do_no_harm(key: str) -> None:
    scrubbed = Scrubber([key])("nothing to see: a short text")
    assert "nothing to see".replace(key, "[key]") in scrubbed if key else "nothing" in scrubbed


def test_a_secret_does_not_show() -> None:
    secret = Secret("sesame")
    assert "sesame" not in f"{secret!r} {secret!s} {[secret]}"
    assert secret.reveal() == "sesame"


@settings(deadline=None, max_examples=20)
@given(st.sampled_from(["a", "<script>", "<", "tokens ", "exceed", "sk-", "[", '{"error":']))
def test_long_words_cost_no_time(piece: str) -> None:
    refusal = Refusal.read(piece * 100_000)
    started = time.process_time()
    assert not refusal.unknown(SENT)
    _ = refusal.context_overflow
    Scrubber(["a-very-long-key-of-some-server"])(refusal.message)
    assert time.process_time() - started < 2
