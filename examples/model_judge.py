"""A model judges a tournament within a budget; a journal makes sure that nothing is paid twice.

Runs without a key: a small server on the loopback plays the model. With a key, replace the two
lines that name it by ``judge="openai/gpt-5-mini"``.
"""

import tempfile
from pathlib import Path

from bestofn import Budget, Calls, LLMJudge, select
from bestofn.backends import OpenAIBackend
from bestofn.testing import FaultyServer, judging
from bestofn.tournaments import Adaptive

STATEMENT = "Print the number of distinct integers on the line that is read."
RIGHT = "print(len(set(map(int, input().split()))))\n"
CANDIDATES = [
    "print(len(input().split()))\n",
    RIGHT,
    "print(len(set(input().split())))\n",  # 7 and 07 are one integer
    "numbers = sorted(map(int, input().split()))\nprint(len(numbers))\n",
    "print(len(set(input())))\n",
]


def main() -> None:
    """Choose, and choose again from the journal."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "run.db"
        with FaultyServer(answer=judging("right", right=[RIGHT])).in_process() as server:
            model = OpenAIBackend("any", base_url=server.url, api_key="any")
            judge = LLMJudge(model, tournament=Adaptive(max_calls=12), swap="both")
            for _ in range(2):
                calls = Calls(budget=Budget(calls=24), journal=journal)
                selection = select(STATEMENT, CANDIDATES, judge=judge, calls=calls)
                print(f"best: {selection.best.id}")
                print(f"  {len(selection.ranking.comparisons)} comparisons, {server.count} paid")


if __name__ == "__main__":
    main()
