"""Blank paper by its printed serial: ranges taken in, one sheet for one version of a certificate, every sheet accounted for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from exam.kernel.errors import N_, Conflict, Forbidden, Invalid

RANGE_LIMIT: Final = 10_000
_SERIAL: Final = re.compile(r"([A-Z]{0,6})(\d{4,12})")


class PaperStatus(StrEnum):
    """Where one sheet is."""

    BLANK = "blank"
    BOUND = "bound"  # printed with one version of a certificate
    SPOILED = "spoiled"


LABELS: Final[Mapping[PaperStatus, str]] = MappingProxyType(
    {PaperStatus.BLANK: N_("空白"), PaperStatus.BOUND: N_("已印"), PaperStatus.SPOILED: N_("作废")}
)
TONES: Final[Mapping[PaperStatus, str]] = MappingProxyType(
    {PaperStatus.BLANK: "plain", PaperStatus.BOUND: "done", PaperStatus.SPOILED: "stopped"}
)


class BadRange(Invalid):
    """The two serials are no range."""

    message = N_("证书纸号段“%(first)s”到“%(last)s”不对。")
    way_out = N_("字头（大写字母）和位数须相同，后一个不小于前一个，一次最多 10000 张，例如 A0000001 到 A0000500。")


class AlreadyIn(Conflict):
    """Some of the serials were taken in before."""

    message = N_("证书纸 %(serial)s 已经入库，整段没有登记。")
    way_out = N_("请核对纸上的号码，去掉已经入库的部分再登记。")


class NoPaper(Conflict):
    """There are fewer blank sheets than certificates."""

    message = N_("空白证书纸只剩 %(left)s 张，要印 %(wanted)s 张。")
    way_out = N_("请先登记新的证书纸，或少选一些证书。")


class NotNow(Conflict):
    """The sheet is spoiled already, or nobody has reported it."""

    message = N_("证书纸 %(serial)s 现在不能作废：它已经作废，或还没有人报告。")
    way_out = N_("请核对纸上的号码。")


class SameSpoiler(Forbidden):
    """Who reports a spoiled sheet does not confirm it."""

    message = N_("作废须由另一人确认：您就是报告的人。")
    way_out = N_("请由另一名发证员核对废页后确认。")


@dataclass(frozen=True, kw_only=True)
class Balance:
    """Sheets of an organisation by where they are."""

    taken_in: int
    bound: int
    spoiled: int
    left: int

    @property
    def adds_up(self) -> bool:
        """Whether every sheet that came in is bound, spoiled or left."""
        return self.taken_in == self.bound + self.spoiled + self.left


def serials(first: str, last: str) -> list[str]:
    """Every serial of a range; raises `BadRange`."""
    first, last = first.strip().upper(), last.strip().upper()
    begin, end = _SERIAL.fullmatch(first), _SERIAL.fullmatch(last)
    if not begin or not end or begin[1] != end[1] or len(begin[2]) != len(end[2]):
        raise BadRange(first=first, last=last)
    low, high = int(begin[2]), int(end[2])
    if not low <= high < low + RANGE_LIMIT:
        raise BadRange(first=first, last=last)
    return [f"{begin[1]}{number:0{len(begin[2])}d}" for number in range(low, high + 1)]
