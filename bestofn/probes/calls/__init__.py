"""Argument tuples for functions: from signatures, docstrings, examples and constraints."""
