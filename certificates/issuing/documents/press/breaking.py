"""Where a line may end: the pairs of UAX #14 (Unicode Line Breaking) that occur in names, titles and dates.

Only the classes that our certificates use are known; for any other character the press is unsure. Pure.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from certificates.issuing.documents.press.faces import Unsure

_OPEN: Final = frozenset("([{（〔【《〈「『［｛")
_CLOSE: Final = frozenset("、。，．》〉」』】〕）］｝")
_CLOSE_NARROW: Final = frozenset(")]")
_EXCLAIM: Final = frozenset("！？!?：；")
_INFIX: Final = frozenset(",.:;")
_HYPHEN: Final = frozenset("-")
_AFTER: Final = frozenset("\u2010\u2013")
_QUOTE: Final = frozenset("\"'“”‘’")
_MIDDLE: Final = frozenset("·")
_SLASH: Final = frozenset("/")
_HAN_BLOCKS: Final = ("CJK UNIFIED IDEOGRAPH", "CJK COMPATIBILITY IDEOGRAPH", "IDEOGRAPHIC NUMBER ZERO")
_NOT_BEFORE: Final = frozenset({"CL", "CP", "EX", "IS", "SY", "HY", "BA"})
_WORD: Final = frozenset({"AL", "NU"})


def may_break(before: str, after: str) -> bool:
    """Whether a line may end between two neighbouring characters; raises `Unsure` where a class is not known."""
    first, second = _class(before), _class(after)
    if second == "SP":
        return False
    if second in ("CL", "CP", "EX", "IS", "SY"):
        return False
    if first == "SP":
        return True
    if first == "OP" or second in _NOT_BEFORE or "QU" in (first, second):
        return False
    if first in _WORD and second in _WORD:
        return False
    if first in ("CP", *_WORD) and second in ("OP", *_WORD):
        wide = second == "OP" and unicodedata.east_asian_width(after) in "WF"
        return wide
    if first in ("IS", "SY", "HY"):
        return second == "ID" if first == "IS" else second != "NU" and (first != "SY" or second != "AL")
    return True


def _class(character: str) -> str:
    found = _KNOWN.get(character)
    if found is None:
        found = _KNOWN[character] = _classify(character)
    return found


def _classify(character: str) -> str:
    for name, members in _SETS.items():
        if character in members:
            return name
    if unicodedata.name(character, "").startswith(_HAN_BLOCKS):
        return "ID"
    if character.isascii() and character.isdigit():
        return "NU"
    if character.isalpha() and unicodedata.name(character, "").startswith("LATIN"):
        return "AL"
    raise Unsure(f"line breaking: U+{ord(character):04X}")


_SETS: Final = {
    "SP": frozenset(" "),
    "OP": _OPEN,
    "CL": _CLOSE,
    "CP": _CLOSE_NARROW,
    "EX": _EXCLAIM,
    "IS": _INFIX,
    "HY": _HYPHEN,
    "BA": _AFTER,
    "QU": _QUOTE,
    "AL": _MIDDLE | frozenset("&*+_=@#"),
    "SY": _SLASH,
}
_KNOWN: Final[dict[str, str]] = {}
