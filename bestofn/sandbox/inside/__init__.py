"""What runs in the worker processes: the standard library only, and never ``bestofn`` itself.

Workers import this package as ``inside`` with an environment of their own; the library imports
the same modules as ``bestofn.sandbox.inside``. Importing any of them does nothing.
"""
