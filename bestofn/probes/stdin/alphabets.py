"""Which characters or words a token may hold, as statements list them."""

from __future__ import annotations

import re
import string

_CLASSES = (
    (
        r"(?:uppercase|upper-case|upper case|capital) (?:and|or) "
        r"(?:lowercase|lower-case|lower case)"
        r" (?:English |Latin |alphabet )?(?:letters?|alphabets?)",
        string.ascii_letters,
    ),
    (
        r"(?:lowercase|lower-case|lower case|small) (?:and|or) (?:uppercase|upper-case|upper case)"
        r" (?:English |Latin |alphabet )?(?:letters?|alphabets?)",
        string.ascii_letters,
    ),
    (
        r"(?:lowercase|lower-case|lower case|small) (?:English |Latin |alphabet )?"
        r"(?:letters?|alphabets?|characters?)",
        string.ascii_lowercase,
    ),
    (
        r"(?:uppercase|upper-case|upper case|capital) (?:English |Latin |alphabet )?"
        r"(?:letters?|alphabets?|characters?)",
        string.ascii_uppercase,
    ),
    (r"(?:English |Latin )?letters?", string.ascii_letters),
    (r"digits? (?:from |between )?(\d) (?:through|to|and) (\d)", ""),
    (r"(?:decimal )?digits?", string.digits),
)
_LEAD = re.compile(
    r"\bconsist(?:s|ing)? (?:only |solely )?of (?:the )?(?:following )?(?:characters? )?"
    r"|\bstrings? of (?:the )?(?:characters? )?(?=lower|upper|digit|English|Latin)"
    r"|(?:where |in which |and )?each character (?:of \w+ |in \w+ )?(?:is|being) "
    r"(?:an? )?(?:either |one of |any of )?"
    r"|\b(?:is|are) (?:either |one of |any of )+(?:the )?(?:following )?(?:characters? )?"
    r"|\\in ?(?=\ue000)"
    r"|\b(?:is|are) (?:an? )?(?=(?:lower|upper)case|digit|English|Latin)"
    r"|\b(?:is|are) (?=\S+(?:(?:,? or |,? and |, )\S+)+$)"
)
_STOP = re.compile(
    r"(?: (?:with|where|such that|whose|of length|and (?:has|its|whose|the length)|in which)\b"
    r"|, (?:with|where|and (?:has|its|whose|the length))\b)"
)
_QUOTES = "`'\"\u2018\u2019\u201c\u201d"


def parse_alphabet(text: str) -> tuple[str, tuple[str, ...], str] | None:
    """The characters or the words that a sentence allows.

    Returns:
        Allowed characters (or ``""``), allowed words (or none), and the sentence without the
        piece that said so; None when it lists nothing that can be read.
    """
    for lead in _LEAD.finditer(text):
        tail = text[lead.end() :]
        stop = _STOP.search(tail)
        listing, rest = (tail[: stop.start()], tail[stop.start() :]) if stop else (tail, "")
        parsed = _parse_list(listing.strip())
        if parsed is not None:
            return (*parsed, f"{text[: lead.start()]} {rest}")
    return None


def _parse_list(listing: str) -> tuple[str, tuple[str, ...]] | None:
    characters: set[str] = set()
    words: list[str] = []
    listing = listing.strip("\ue000\ue001 ")
    for pattern, members in _CLASSES:
        for match in list(re.finditer(pattern, listing, re.IGNORECASE))[::-1]:
            if members:
                characters |= set(members)
            else:
                first, last = (int(part) for part in match.groups())
                characters |= {str(digit) for digit in range(first, last + 1)}
            listing = listing[: match.start()] + " " + listing[match.end() :]
    for item in re.split(
        r"\s*,\s*(?:and |or )?|\s+(?:and|or)\s+|\s*/\s*(?=\S)|\s+(?=and$|or$)", listing
    ):
        bare = item.strip()
        for filler in ("the ", "a ", "character ", "characters ", "either "):
            bare = bare.removeprefix(filler)
        if len(bare) > 2 and bare[0] in _QUOTES and bare[-1] in _QUOTES:
            bare = bare[1:-1]
        bare = bare.replace("\\#", "#").strip()
        if not bare or bare in ("and", "or"):
            continue
        if len(bare) == 1:
            characters.add(bare)
        elif re.fullmatch(r"[A-Za-z]+|-?\d+", bare):
            words.append(bare)
        else:
            return None
    if words and (characters or not all(len(word) > 1 for word in words)):
        return None
    if not characters and not words:
        return None
    return "".join(sorted(characters)), tuple(words)
