"""Pick the best of five programs: no key, no GPU, one public example."""

from bestofn import Problem, TestCase, select

problem = Problem(
    id="spread",
    statement="""\
Print the difference between the largest and the smallest of N integers.

Input

N
A_1 A_2 \\ldots A_N

Constraints

- 1 \\leq N \\leq 2 \\times 10^5
- -10^9 \\leq A_i \\leq 10^9

Sample Input 1

3
4 9 2

Sample Output 1

7
""",
    public_tests=[TestCase(kind="stdin", input="3\n4 9 2\n", expected="7\n")],
)

candidates = [
    # right
    "n = int(input())\na = list(map(int, input().split()))\nprint(max(a) - min(a))\n",
    # right, and written differently
    "import sys\n_, *a = map(int, sys.stdin.read().split())\na.sort()\nprint(a[-1] - a[0])\n",
    # wrong for negative numbers: starts from 0
    "input()\nhigh, low = 0, 10**9\nfor x in map(int, input().split()):\n"
    "    high, low = max(high, x), min(low, x)\nprint(high - low)\n",
    # wrong: looks at neighbours only
    "input()\na = list(map(int, input().split()))\n"
    "print(max([abs(x - y) for x, y in zip(a, a[1:])], default=0))\n",
    # right, but compares every pair
    "input()\na = list(map(int, input().split()))\nprint(max(abs(x - y) for x in a for y in a))\n",
]

if __name__ == "__main__":
    selection = select(problem, candidates, seed=0)
    print("best:", selection.best.id)
    print("ranking:", ", ".join(selection.ranking.order))
    for cluster in selection.ranking.clusters:
        print(f"  behave alike: {', '.join(cluster.members)}  (score {cluster.score:.1f})")
    for split in selection.ranking.splits[:2]:
        print(f"told apart by {split.origin} input {split.input!r}:")
        for answer, ids in split.answers:
            print(f"  {answer!r} from {', '.join(ids)}")
    for rejection in selection.rejected:
        print(f"dropped {rejection.id}: {rejection.reason}")
    print("isolation:", selection.evidence.isolation)
