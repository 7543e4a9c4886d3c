"""``python -m bestofn.cli``, for machines where the ``bestofn`` script is not on the path."""

from . import main

main()
