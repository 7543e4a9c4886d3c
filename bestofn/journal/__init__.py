"""Every paid model call in one SQLite file, committed before its reply is used.

A run that is ended at any point and repeated with the same journal pays for no committed call
again. The file is in WAL mode: several processes may use it at once, on a local disk. It holds
prompts and replies in full and never a key.
"""

from .codec import key_of, keys_of, request_of, request_text
from .entries import Entry, Head, Note, RunStarted, Summary, Tally
from .reading import JournalReader, read_journal
from .writing import KEPT, Call, Journal

__all__ = [
    "KEPT",
    "Call",
    "Entry",
    "Head",
    "Journal",
    "JournalReader",
    "Note",
    "RunStarted",
    "Summary",
    "Tally",
    "key_of",
    "keys_of",
    "read_journal",
    "request_of",
    "request_text",
]
