"""Where a paper certificate is, how it gets on, and who may say so; what was noted is taken back by a further entry only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from exam.kernel.errors import N_, Conflict, Invalid, Problem


class Place(StrEnum):
    """Where the paper is."""

    OFFICE = "office"  # printed, with the awarding organisation
    SENT = "sent"
    INSTITUTION = "institution"
    HOLDER = "holder"


class Deed(StrEnum):
    """What is noted of it."""

    SEND = "send"
    ARRIVE = "arrive"
    TAKE = "take"
    UNDO = "undo"  # the deed before is taken back, with a reason


ALLOWED: Final[Mapping[Place, Mapping[Deed, Place]]] = MappingProxyType(
    {
        Place.OFFICE: {Deed.SEND: Place.SENT, Deed.TAKE: Place.HOLDER},
        Place.SENT: {Deed.ARRIVE: Place.INSTITUTION},
        Place.INSTITUTION: {Deed.TAKE: Place.HOLDER},
        Place.HOLDER: {},
    }
)
LABELS: Final[Mapping[Place, str]] = MappingProxyType(
    {
        Place.OFFICE: N_("待发出"),
        Place.SENT: N_("在途"),
        Place.INSTITUTION: N_("待领取"),
        Place.HOLDER: N_("已领取"),
    }
)
TONES: Final[Mapping[Place, str]] = MappingProxyType(
    {Place.OFFICE: "plain", Place.SENT: "needs", Place.INSTITUTION: "needs", Place.HOLDER: "done"}
)
DEED_LABELS: Final[Mapping[Deed, str]] = MappingProxyType(
    {Deed.SEND: N_("发往院校"), Deed.ARRIVE: N_("院校收到"), Deed.TAKE: N_("领取"), Deed.UNDO: N_("撤回上一条")}
)
LATE_DAYS: Final = 30
"""After so many days a certificate that nobody has taken stands out."""
LIMIT: Final = 500
"""Rows that are noted together: as many as a page shows."""


class NothingTicked(Invalid):
    """No row was chosen."""

    message = N_("没有勾选证书。")
    way_out = N_("请先勾选名单中的证书，再登记。")


class NotedMeanwhile(Conflict):
    """Somebody else has noted something of the same certificate since the page was opened."""

    message = N_("证书 %(number)s 已由 %(name)s 在 %(at)s 登记为“%(place)s”，这次没有登记任何一本。")
    way_out = N_("请刷新页面，去掉这一本后再登记。")


class NotFromHere(Conflict):
    """The deed does not begin where the certificate is."""

    message = N_("证书 %(number)s 现在是“%(place)s”，不能登记“%(deed)s”，这次没有登记任何一本。")
    way_out = N_("请刷新页面，查看它现在在哪里。")


class NotOnPaper(Conflict):
    """The certificate stands on no sheet, or is not valid any more."""

    message = N_("证书 %(number)s 没有印在纸上，或已经失效，不能交付，这次没有登记任何一本。")
    way_out = N_("失效的纸质证书请收回；补发的新版本印好后再登记。")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the register."""

    step: int  # of this certificate, from 1
    deed: Deed
    place: Place  # afterwards
    serial: str
    recipient: str
    relation: str  # of an authorised person to the holder; empty: the holder, or an institution's person
    on_date: date
    reason: str
    noted_by: UUID
    noted_at: datetime


@dataclass(frozen=True, kw_only=True)
class Taking:
    """Who took it, and for whom."""

    recipient: str = ""  # empty: each holder in person
    relation: str = ""
    on_date: date


def standing(entries: Sequence[Entry]) -> list[Entry]:
    """The deeds that still hold, in order: each undo takes back the last of them. None for no entry."""
    held: list[Entry] = []
    for one in entries:
        if one.deed is Deed.UNDO:
            held = held[:-1]
        else:
            held.append(one)
    return held


def place_of(entries: Sequence[Entry]) -> Place:
    """Where the paper is."""
    held = standing(entries)
    return held[-1].place if held else Place.OFFICE


def flaws(entries: Sequence[Entry]) -> list[str]:
    """What cannot be in a certificate's lines: a step that is missing, a deed from the wrong place; empty for no entry."""
    found = []
    for number, one in enumerate(entries, start=1):
        before = entries[: number - 1]
        if one.step != number:
            found.append(f"step {number} is missing")
            break
        expected = place_of(entries[:number]) if one.deed is Deed.UNDO else ALLOWED[place_of(before)].get(one.deed)
        if (one.deed is Deed.UNDO and not standing(before)) or one.place is not expected:
            found.append(f"step {number} ({one.deed}) does not lead to {one.place}")
    return found


def next_place(number: str, entries: Sequence[Entry], deed: Deed) -> Place:
    """Where the deed leads; raises `NotFromHere`."""
    present = place_of(entries)
    if deed is Deed.UNDO:
        held = standing(entries)
        if held:
            return held[-2].place if len(held) > 1 else Place.OFFICE
    elif deed in ALLOWED[present]:
        return ALLOWED[present][deed]
    raise NotFromHere(number=number, place=LABELS[present], deed=DEED_LABELS[deed])


def taking_problems(deed: Deed, taking: Taking, *, today: date) -> list[Problem]:
    """What a note lacks: an institution's person, an authorised person's relation, a day that has come."""
    found = []
    if deed in (Deed.SEND, Deed.ARRIVE) and not taking.recipient.strip():
        found.append(_problem("recipient", N_("请写明院校的经手人。")))
    if deed is Deed.TAKE and taking.recipient.strip() and not taking.relation.strip():
        found.append(_problem("relation", N_("请写明代领人与持证人的关系，例如班主任、父亲。")))
    if deed is Deed.TAKE and taking.relation.strip() and not taking.recipient.strip():
        found.append(_problem("recipient", N_("请写明代领人的姓名。")))
    if taking.on_date > today:
        found.append(_problem("on_date", N_("日期不能晚于今天。")))
    return found


def _problem(field: str, message: str) -> Problem:
    return Problem(message=message, field=field, code="missing")
