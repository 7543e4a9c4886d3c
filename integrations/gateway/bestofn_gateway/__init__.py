"""bestofn for an OpenAI-compatible gateway; nothing is here yet (see the README beside it)."""
