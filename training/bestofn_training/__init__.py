"""Training the judge of bestofn; nothing is here yet (see the README beside it)."""
