"""Reports that a program forges on its own wire to the worker."""

from __future__ import annotations

import pytest

from bestofn.sandbox import Sandbox, StdinJob

from .tasks import task, wrong

pytestmark = pytest.mark.anyio

FORGE = """\
import json, os, stat, sys
frame, token = sys._getframe(), ""
while frame is not None:
    token = frame.f_locals.get("token", token)
    frame = frame.f_back
report = {{"token": token, "status": "ok", "error": "", "reuse": True}}
report |= {{"marks": [], "answer": 0, **{changes}}}
body = json.dumps(report, ensure_ascii=False).encode("utf-8", "surrogatepass")
for fd in range(3, 64):
    try:
        if stat.S_ISSOCK(os.fstat(fd).st_mode):
            os.write(fd, len(body).to_bytes(4, "big") + body)
    except OSError:
        pass
"""


@pytest.mark.parametrize(
    "changes",
    [
        "{'status': []}",
        "{'status': {}}",
        "{'status': 'exception', 'error': '\u00e9' * 20000}",
        "{'status': 'exception', 'error': 'x' * 60000}",
        "{'status': 'exception', 'error': 'x' * 70000}",
        "{'status': 'exception', 'error': '\\ud800'}",
        "{'status': 'exception', 'error': []}",
        "{'status': None}",
        "{'status': 'fine'}",
        "{'reuse': 1}",
        "{'token': []}",
        "{'marks': {}}",
        "{'marks': [[], 7]}",
        "{'marks': ['gone', 'threads_left', 'unpassable']}",
        "{'marks': ['gone', 'threads_left', 'unpassable'] * 1000}",
        "{'answer': 1 << 70}",
        "{'answer': -2}",
        "{'answer': '1'}",
        "{'answer': 1000}",
        "{'fault': 'x'}",
    ],
)
async def test_a_forged_report_is_the_forgers_own_business(hardened: Sandbox, changes: str) -> None:
    forger = StdinJob(source=FORGE.format(changes=changes), inputs=("", ""))
    first, second = await hardened.execute(forger)
    for execution in (first, second):
        assert execution.status in ("ok", "exception", "crash")
        assert execution.stdout == ""
    one = task(0)
    assert wrong([one], {0: await hardened.execute(one.job)}) == []
