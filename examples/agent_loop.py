"""Inside an agent's loop: one open sandbox serves many selections, several at a time."""

import anyio

from bestofn import Problem, Sandbox, Selection, aselect

STARTER = '''\
def middle(values: list[int]) -> float:
    """Return the median of a non-empty list.

    >>> middle([3, 1, 2])
    2
    """
'''

TASKS = [
    Problem(
        id="median",
        statement="Complete the function.",
        starter_code=STARTER,
        entry_point="middle",
        # Tests that a model wrote; the last one is wrong, and outvoted.
        generated_tests=[
            "assert middle([1, 2]) == 1.5",
            "assert middle([5]) == 5",
            "assert middle([1, 2, 3, 4]) == 3",
        ],
    ),
    Problem(id="greeting", statement="Print the word hello."),
]


def sample(problem: Problem) -> list[str]:
    """Stands for your model: N programs for a problem."""
    if problem.id == "greeting":
        return ["print('hello')", "print('hello')  # again", "print('Hello!')"]
    return [
        STARTER + "    return sorted(values)[len(values) // 2]\n",
        STARTER + "    s, n = sorted(values), len(values)\n"
        "    return (s[(n - 1) // 2] + s[n // 2]) / 2\n",
        STARTER + "    import statistics\n    return statistics.median(values)\n",
        STARTER + "    return sum(values) / len(values)\n",
    ]


async def main() -> None:
    """Choose for every task at once."""
    chosen: dict[str, Selection] = {}

    async with Sandbox() as sandbox:

        async def solve(problem: Problem) -> None:
            chosen[problem.id] = await aselect(problem, sample(problem), sandbox=sandbox)

        async with anyio.create_task_group() as tasks:
            for problem in TASKS:
                tasks.start_soon(solve, problem)

    for problem in TASKS:
        selection = chosen[problem.id]
        print(f"{problem.id}: candidate {selection.best.id}")
        if selection.abstained:
            print(f"  not sure: {selection.abstained}")


if __name__ == "__main__":
    anyio.run(main)
