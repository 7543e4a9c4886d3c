"""``python -m bestofn_training``: the same as ``bestofn-train``."""

from .cli import main

if __name__ == "__main__":
    main()
