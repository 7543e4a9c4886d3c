"""The best of several samples: what is asked of the upstream, what comes back."""

from __future__ import annotations

import json

import pytest
from starlette.responses import JSONResponse

from .conftest import chat
from .upstream import Upstream, completion, says

pytestmark = pytest.mark.anyio

URL = "/chat/completions"


async def test_the_best_of_four_in_one_request(upstream, gate):
    async with gate() as client:
        answer = await client.post(URL, json=chat(temperature=0.5, seed=7, user="u", x_new=[1]))
    body = answer.json()
    assert answer.status_code == 200
    assert [choice["message"]["content"] for choice in body["choices"]] == ["best"]
    assert body["tier"] == "x", "the upstream's own fields are kept"
    (sample,) = upstream.samples
    sent = {"temperature": 0.5, "seed": 7, "user": "u", "x_new": [1], "n": 4}
    assert sample.body == {**chat("m"), **sent}
    told = body["bestofn"]
    assert told["asked"] == told["got"] == 4
    assert told["chosen"] == [2]
    assert told["judge"] == "openai/m"
    assert told["judge_calls"] == 3 == len(upstream.judgments) == len(told["comparisons"])
    assert told["failed"] == []
    assert told["abstained"] is None
    assert answer.headers["x-bestofn-chosen"] == "2"
    assert answer.headers["x-bestofn-judge-calls"] == "3"


async def test_usage_is_the_sum_of_samples_and_judgments(upstream, gate):
    async with gate(prices={"m": {"input": 1, "output": 2}}) as client:
        answer = await client.post(URL, json=chat())
    body = answer.json()
    # One prompt and four answers; then three prompts and three verdicts.
    assert body["usage"] == {
        "prompt_tokens": 40,
        "completion_tokens": 35,
        "total_tokens": 75,
    }
    told = body["bestofn"]
    assert told["usage"]["samples"]["prompt_tokens"] == 10
    assert told["usage"]["samples"]["completion_tokens"] == 20
    assert told["usage"]["judge"]["calls"] == 3
    assert told["dollars"] == pytest.approx((40 * 1 + 35 * 2) / 1e6)
    assert float(answer.headers["x-bestofn-dollars"]) == pytest.approx(110e-6)


async def test_options_in_the_body(upstream, gate):
    body = chat("m", bestofn={"n": 3, "judge": "openai/j", "tournament": "listwise"})
    async with gate() as client:
        told = (await client.post(URL, json=body)).json()["bestofn"]
    assert told["asked"] == 3
    assert told["judge"] == "openai/j"
    assert [one.body["model"] for one in upstream.judgments] == ["j"]


async def test_n_gives_that_many_choices_best_first(upstream, gate):
    async with gate() as client:
        answer = (await client.post(URL, json=chat(n=2))).json()
    assert [choice["index"] for choice in answer["choices"]] == [0, 1]
    assert answer["choices"][0]["message"]["content"] == "best"
    assert len(answer["bestofn"]["chosen"]) == 2
    assert upstream.samples[0].body["n"] == 4


async def test_more_choices_than_samples_draws_more(upstream, gate):
    body = chat("bon-2-m", n=4, bestofn={"judge": "self-consistency"})
    async with gate() as client:
        answer = (await client.post(URL, json=body)).json()
    assert len(answer["choices"]) == 4
    assert answer["bestofn"]["asked"] == 4


async def test_copies_come_last_and_cost_no_judgment(upstream, gate):
    upstream.texts = ("best", "best", "bad", "best")
    async with gate() as client:
        answer = (await client.post(URL, json=chat(n=4))).json()
    texts = [choice["message"]["content"] for choice in answer["choices"]]
    assert texts == ["best", "bad", "best", "best"]
    assert answer["bestofn"]["judge_calls"] == 1
    assert {one["same_as"] for one in answer["bestofn"]["dropped"]} == {0}


async def test_one_sample_is_not_judged(upstream, gate):
    async with gate() as client:
        answer = (await client.post(URL, json=chat("bon-1-m"))).json()
    assert answer["choices"][0]["message"]["content"] == "good"
    assert len(upstream.asked) == 1
    assert "n" not in upstream.samples[0].body


async def test_an_upstream_that_gives_one_choice_is_topped_up_and_remembered(upstream, gate):
    def one(asked):
        if asked.judging:
            return None
        return completion(asked.body, [says(upstream.texts[asked.body.get("seed", 0) - 5])])

    upstream.answer = one
    async with gate() as client:
        first = (await client.post(URL, json=chat(seed=5))).json()
        asked = [sample.body.get("n") for sample in upstream.samples]
        second = (await client.post(URL, json=chat(seed=5))).json()
    assert asked == [4, None, None, None]
    assert [sample.body.get("n") for sample in upstream.samples[4:]] == [None] * 4
    # The seeds follow each other, as they do on servers that draw several at once.
    assert sorted(sample.body["seed"] for sample in upstream.samples[4:]) == [5, 6, 7, 8]
    for answer in (first, second):
        assert answer["bestofn"]["got"] == 4
        assert answer["choices"][0]["message"]["content"] == "best"


async def test_an_upstream_that_refuses_n(upstream, gate):
    def strict(asked):
        if "n" in asked.body:
            return JSONResponse({"error": {"message": "n is not supported"}}, status_code=400)
        return None

    upstream.answer = strict
    async with gate() as client:
        answer = (await client.post(URL, json=chat())).json()
    assert answer["bestofn"]["got"] == 4
    assert [sample.body.get("n") for sample in upstream.samples] == [4, None, None, None, None]


async def test_failed_samples_are_left_out_and_named(upstream, gate):
    def flaky(asked):
        if asked.judging:
            return None
        if "n" in asked.body:
            return completion(asked.body, [says("good")])
        if asked.number == 2:
            return JSONResponse({"error": {"message": "too busy"}}, status_code=503)
        if asked.number == 3:
            return {"choices": None}
        return completion(asked.body, [says("best")])

    upstream.answer = flaky
    async with gate() as client:
        answer = await client.post(URL, json=chat())
    told = answer.json()["bestofn"]
    assert answer.status_code == 200
    assert told["got"] == 2
    assert answer.json()["choices"][0]["message"]["content"] == "best"
    assert sorted((one["status"], one["reason"]) for one in told["failed"]) == [
        (502, "The upstream's answer has no choices."),
        (503, "too busy"),
    ]


async def test_stragglers_are_left_out_when_the_time_is_over(upstream, gate):
    async def slow(asked):
        if not asked.judging and asked.number == 3:
            await upstream.until(lambda: False, seconds=60)
        if not asked.judging and "n" in asked.body:
            return completion(asked.body, [says("good")])
        return None

    upstream.answer = slow
    async with gate() as client:
        body = chat("bon-3-m", bestofn={"budget": {"seconds": 1.0}})
        first = await client.post(URL, json=body)
        body = chat("bon-4-m", bestofn={"budget": {"seconds": 1.0}})
        answer = await client.post(URL, json=body)
    assert first.status_code == 200
    told = answer.json()["bestofn"]
    assert told["got"] == 3
    assert told["stopped_by"] == "seconds"
    assert told["failed"][0]["status"] is None


async def test_a_judge_that_is_not_there_is_said(upstream, gate):
    def no_judge(asked):
        if asked.judging:
            return JSONResponse({"error": {"message": "no such model"}}, status_code=404)
        return None

    upstream.answer = no_judge
    upstream.texts = ("best", "bad", "best", "good")
    async with gate() as client:
        answer = (await client.post(URL, json=chat())).json()
    assert answer["choices"][0]["message"]["content"] == "best"
    assert "self-consistency" in answer["bestofn"]["abstained"]
    assert answer["bestofn"]["judge"] == "self-consistency"


async def test_tool_calls_are_judged_and_come_back_whole(upstream, gate):
    tool = {"type": "function", "function": {"name": "weather", "parameters": {}}}
    body = chat(tools=[tool], tool_choice="required")
    async with gate() as client:
        answer = (await client.post(URL, json=body)).json()
    (choice,) = answer["choices"]
    assert choice["finish_reason"] == "tool_calls"
    (call,) = choice["message"]["tool_calls"]
    assert call["id"] == "call_best"
    assert json.loads(call["function"]["arguments"]) == {"city": "best"}
    assert upstream.samples[0].body["tools"] == [tool]
    assert upstream.samples[0].body["tool_choice"] == "required"
    assert b"weather" in upstream.judgments[0].raw


async def test_an_empty_answer_is_an_answer(upstream, gate):
    upstream.texts = ("",)
    async with gate() as client:
        answer = (await client.post(URL, json=chat())).json()
    assert answer["choices"][0]["message"]["content"] == ""
    assert answer["bestofn"]["abstained"]


async def test_text_completions(upstream, gate):
    body = {"model": "bon-4-m", "prompt": "Once upon", "max_tokens": 5}
    async with gate() as client:
        answer = (await client.post("/completions", json=body)).json()
    assert answer["choices"][0]["text"] == "best"
    assert answer["object"] == "text_completion"
    assert upstream.samples[0].path == "/v1/completions"


async def test_models_and_their_bests(upstream, gate):
    async with gate() as client:
        assert (await client.get("/models")).json()["data"][0]["id"] == "m"
        found = (await client.get("/models/bon-4-other%2Fm")).json()
    assert found["id"] == "bon-4-other/m"
    assert upstream.asked[-1].path == "/v1/models/other%2Fm"


WRONG = [
    ({"model": "bon-0-m"}, "model"),
    ({"model": "bon-99-m"}, "model"),
    ({"n": 0}, "n"),
    ({"n": "2"}, "n"),
    ({"stream": "yes"}, "stream"),
    ({"messages": []}, "messages"),
    ({"messages": [{"content": "x"}]}, "messages[0].role"),
    ({"bestofn": None}, "bestofn"),
    ({"bestofn": {"nn": 3}}, "bestofn.nn"),
    ({"bestofn": {"n": 3}}, "bestofn.n"),
    ({"bestofn": {"judge": "nobody"}}, "bestofn.judge"),
    ({"bestofn": {"judge": "replay//etc/passwd"}}, "bestofn.judge"),
    ({"bestofn": {"judge": "consensus"}}, "bestofn.judge"),
    ({"bestofn": {"tournament": "chess"}}, "bestofn.tournament"),
    ({"bestofn": {"rounds": 3}}, "bestofn.rounds"),
    ({"bestofn": {"budget": {"calls": 0}}}, "bestofn.budget.calls"),
    ({"bestofn": {"budget": {"calls": True}}}, "bestofn.budget.calls"),
    ({"bestofn": {"budget": {"euros": 1}}}, "bestofn.budget.euros"),
    ({"bestofn": {"budget": {"dollars": 1.0}}}, "bestofn.budget.dollars"),
]


@pytest.mark.parametrize(("change", "param"), WRONG)
async def test_what_cannot_be_used_is_named(upstream: Upstream, gate, change, param):
    async with gate() as client:
        answer = await client.post(URL, json={**chat(), **change})
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, param), error
    assert error["type"] == "invalid_request_error"
    assert param in error["message"]
    assert not upstream.asked


NO_OBJECT = [
    b'{"model": "bon-2-m"',
    b'["bestofn"]',
    b'{"bestofn": NaN}',
    b'"bestofn"',
    b"[" * 10**5 + b"bon-",
]


@pytest.mark.parametrize("raw", NO_OBJECT)
async def test_what_is_no_json_object(upstream: Upstream, gate, raw):
    async with gate() as client:
        answer = await client.post(URL, content=raw)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert not upstream.asked
