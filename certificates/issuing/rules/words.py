"""Words that may not stand on a notice or a certificate (A10): no borrowed authority."""

from __future__ import annotations

import re
from typing import Final

from exam.kernel.errors import N_, Invalid

FORBIDDEN: Final = ("教育部指导", "职成司指导", "指定")
_TAG: Final = re.compile(r"<[^>]*>")
_SPACE: Final = re.compile(r"[\s\u3000\u200b-\u200d\u2060\ufeff·・.．、,，\-—_]+")


class ForbiddenWords(Invalid):
    """The text borrows an authority it does not have."""

    message = N_("文字中含有不得标注的“%(words)s”。")
    way_out = N_("依据通知要求，不得擅自标注“教育部指导”“职成司指导”“指定”等字样，请删去后再试。")


def forbidden_words(text: str) -> tuple[str, ...]:
    """The forbidden words in a text, also when spaces, points or tags stand between their characters."""
    bare = _SPACE.sub("", _TAG.sub("", text))
    return tuple(word for word in FORBIDDEN if word in bare)


def require_clean(text: str) -> None:
    """Raise `ForbiddenWords` when there are any."""
    found = forbidden_words(text)
    if found:
        raise ForbiddenWords(words="、".join(found))
