"""``python -m bestofn_gateway`` is ``bestofn serve``."""

from .command import main

main(name="python -m bestofn_gateway")
