"""bestofn for LangChain; nothing is here yet (see the README beside it)."""
