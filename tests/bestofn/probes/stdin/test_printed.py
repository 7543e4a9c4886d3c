from __future__ import annotations

from bestofn import Problem, TestCase
from bestofn.probes.stdin.make import stdin_probes
from bestofn.probes.stdin.printed import printed_samples, sample_inputs

STATEMENT = """Print the sum.

Input

N
A_1 A_2 \\ldots A_N

Constraints

- 1 \\leq N \\leq 100
- -50 \\leq A_i \\leq 50

Sample Input 1

2
3 -4

Sample Output 1

-1

### Example input 2

```
1
7
```

### Example output 2

7
"""


def test_printed_samples_are_found():
    assert printed_samples(STATEMENT) == ["2\n3 -4\n", "1\n7\n"]
    assert printed_samples("Print 1.") == []
    assert printed_samples("Sample Input\n\nSample Output\n\n1") == []


def test_public_tests_come_first():
    test = TestCase(kind="stdin", input="1\n1\n", expected="1\n")
    assert sample_inputs(Problem(statement=STATEMENT, public_tests=[test])) == ["1\n1\n"]
    assert sample_inputs(Problem(statement=STATEMENT)) == ["2\n3 -4\n", "1\n7\n"]


def test_a_statement_alone_is_enough_to_make_inputs():
    probes = stdin_probes(Problem(statement=STATEMENT), seed=0)
    assert [p.input for p in probes if p.trusted] == ["2\n3 -4\n", "1\n7\n"]
    assert sum(p.origin == "stress" for p in probes) >= 2
    assert len(probes) > 15
