"""Texts for programs that read standard input: from the statement's format and bounds."""
