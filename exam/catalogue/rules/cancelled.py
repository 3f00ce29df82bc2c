"""Cancelled vocational qualifications may not come back under a certificate's name (A04).

新入校园证书必须通过遴选渠道,已取消的职业资格证书不得再引入: the list is data that the organisations enter from the official notices.
A title is meant by its name, however it is spaced and whatever kind of paper it is called.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from exam.kernel.errors import N_, Conflict, Invalid

_KINDS = ("职业技能等级证书", "职业资格证书", "资格证书", "职业资格", "证书")


@dataclass(frozen=True, kw_only=True)
class CancelledTitle:
    """One qualification of the list: its name, the first day on which it is gone, the notice that says so."""

    name_zh: str
    cancelled_on: date
    source: str


class TitleCancelled(Conflict):
    message = N_("“%(name)s”是已取消的职业资格（自 %(since)s 起，%(source)s），不得再引入。")
    way_out = N_("新入校园的证书须通过遴选渠道；请核对证书名称。")


class TitleIncomplete(Invalid):
    message = N_("请写明职业资格的名称和取消它的文件。")


class TitleListed(Conflict):
    message = N_("“%(name)s”已经在已取消的职业资格名单中。")
    way_out = N_("不需要再次录入。")


def title_key(name: str) -> str:
    """What a title is compared by: without blanks, width and the word for its kind of paper."""
    text = "".join(unicodedata.normalize("NFKC", name).split()).casefold()
    for kind in _KINDS:
        if text != kind:
            text = text.removesuffix(kind)
    return text


def require_introducible(names: Iterable[str], titles: Iterable[CancelledTitle], on: date) -> None:
    """Refuse the first name that is a cancelled title's on that day."""
    gone = {title_key(title.name_zh): title for title in titles if title.cancelled_on <= on}
    for name in names:
        if (title := gone.get(title_key(name))) is not None:
            raise TitleCancelled(name=name, since=title.cancelled_on, source=title.source)
