"""Words that may not stand on a notice or a certificate (A10), however they are written.

Found also when blanks, points or zero-width characters stand between their characters, in full-width, compatibility
or radical forms (Unicode NFKC) and in traditional characters. Tags are the caller's: it hands over the text without.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

FORBIDDEN: Final = ("教育部指导", "职成司指导", "指定")
_VARIANTS: Final = str.maketrans("導職㨖", "导职指")


def bare(text: str) -> str:
    """The letters and digits of a text in their plain forms, nothing between them."""
    plain = unicodedata.normalize("NFKC", text).translate(_VARIANTS)
    return "".join(one for one in plain if unicodedata.category(one)[0] in "LN")


def words_in(text: str) -> tuple[str, ...]:
    """The forbidden words in a text; empty for an empty one."""
    found = bare(text)
    return tuple(word for word in FORBIDDEN if word in found)


def words_in_any(texts: Iterable[str]) -> tuple[str, ...]:
    """The forbidden words in any of the texts, each once."""
    return tuple(dict.fromkeys(word for text in texts for word in words_in(text)))
