"""Words that may not stand on a certificate (A10): no borrowed authority; the list is that of the designs."""

from __future__ import annotations

from collections.abc import Iterable

from certificates.designs.rules.words import words_in_any
from exam.kernel.errors import N_, Invalid


class ForbiddenWords(Invalid):
    """The text borrows an authority it does not have."""

    message = N_("文字中含有不得标注的“%(words)s”。")
    way_out = N_("依据通知要求，不得擅自标注“教育部指导”“职成司指导”“指定”等字样，请删去后再试。")


def require_clean(texts: Iterable[str]) -> None:
    """Raise `ForbiddenWords` when one of the texts has any; nothing for none."""
    found = words_in_any(texts)
    if found:
        raise ForbiddenWords(words="、".join(found))
