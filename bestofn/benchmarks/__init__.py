"""Benchmarks: problems with hidden tests, files that hold them, and runs over them."""

from .base import Benchmark, Item
from .metrics import Estimate, Pairs, bootstrap, expected_accuracy, paired_gain
from .results import BenchmarkResult, Choice, Grades, Group, Machine, ProblemResult, Row
from .run import Settings, arun_benchmark, run_benchmark

__all__ = [
    "Benchmark",
    "BenchmarkResult",
    "Choice",
    "Estimate",
    "Grades",
    "Group",
    "Item",
    "Machine",
    "Pairs",
    "ProblemResult",
    "Row",
    "Settings",
    "arun_benchmark",
    "bootstrap",
    "expected_accuracy",
    "paired_gain",
    "run_benchmark",
]
