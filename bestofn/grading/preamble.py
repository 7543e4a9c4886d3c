"""Names that a program may use without importing them.

LeetCode shows solvers a class whose hints (``List[int]``) come from imports that its own
machine adds, so models leave them out. Such programs, and only those, get the usual imports.
"""

from __future__ import annotations

LEETCODE_PREAMBLE = """\
import bisect, collections, copy, functools, heapq, itertools, math, operator, random, re
import string, sys
from bisect import *
from collections import *
from functools import *
from heapq import *
from itertools import *
from math import *
from typing import *
from builtins import *
"""
# The last line gives back what a star import hid (``pow`` of three arguments).


def preamble_for(source: str) -> str:
    """The imports that ``source`` may expect to find; empty for a self-contained program."""
    return LEETCODE_PREAMBLE if "class Solution" in source else ""
