"""The completeness ledger of a session: what is expected, what is confirmed, and what is missing, by device and by sheet.

A device says with everything it sends how far its chain goes ("I am T07, I have written 93"). So what the server has not
seen is known by number even while the line is down, as soon as one message comes through. A session balances when every
device's chain is whole and every candidate has the sheets that the exam scheme asks for, or a state that needs none
(absent, stopped). Whatever does not balance is closed only by an officer, with a reason, and stays visible.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from exam.kernel.errors import N_, Conflict, Invalid
from scoring.tablets.rules.events import SheetKey, gaps
from scoring.tablets.rules.folding import SheetState

SILENT_AFTER: Final = timedelta(minutes=2)
"""A tablet that has not been heard of for longer is shown as silent [C]."""


class Lacking(StrEnum):
    """Why a session does not balance."""

    NUMBERS = "numbers"  # a device has written events that did not arrive
    UNKNOWN = "unknown"  # a device was given out and has never been heard of
    LINK = "link"  # an event does not follow from the one before
    SHEET = "sheet"  # a sheet is missing or unsigned
    CONTRADICTION = "contradiction"  # two signatures under one version
    UNAPPLIED = "unapplied"  # changes beside a signature, not looked at yet


LACKING_LABELS: Mapping[Lacking, str] = {
    Lacking.NUMBERS: N_("还有记录没有送到"),
    Lacking.UNKNOWN: N_("平板领出后一直没有联系"),
    Lacking.LINK: N_("记录链不连续"),
    Lacking.SHEET: N_("评分表缺少或未签名"),
    Lacking.CONTRADICTION: N_("同一评分表有两个不同的签名"),
    Lacking.UNAPPLIED: N_("签名之后另一台平板还有改动"),
}


class NotBalanced(Conflict):
    """A session that is closed as if it balanced."""

    message = N_("本场还有 %(count)s 处没有对平，不能关闭。")
    way_out = N_("请等待平板送出记录，或由考务管理员写明理由后关闭。")


class GapReasonMissing(Invalid):
    """A gap is signed with a reason."""

    message = N_("请写明为什么在没有对平时关闭本场。")


@dataclass(frozen=True, kw_only=True)
class DeviceAccount:
    """What is known of one tablet's chain."""

    device_id: UUID
    label: str
    numbers: Collection[int]  # events the server has
    last: int  # how far the chain goes, as the tablet said last
    seen_at: datetime | None
    broken: bool  # an event does not follow from the one before

    @property
    def expected(self) -> int:
        """How many events there are."""
        return max(self.last, max(self.numbers, default=0))

    @property
    def missing(self) -> list[tuple[int, int]]:
        """The runs of numbers that did not arrive."""
        return gaps(self.numbers, self.expected)

    def silent(self, now: datetime) -> bool:
        """Whether nothing was heard for too long."""
        return self.seen_at is None or now - self.seen_at > SILENT_AFTER


@dataclass(frozen=True, kw_only=True)
class Gap:
    """One thing that keeps a session from balancing."""

    why: Lacking
    device_id: UUID | None = None
    first: int = 0  # numbers
    last: int = 0
    sheet: SheetKey | None = None


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The account of one session."""

    events_expected: int
    events_confirmed: int
    sheets_expected: int
    sheets_signed: int
    devices: tuple[DeviceAccount, ...]
    gaps: tuple[Gap, ...]

    @property
    def balanced(self) -> bool:
        """Nothing is missing; of a session without devices and sheets, nothing is either."""
        return not self.gaps


def balance(
    devices: Sequence[DeviceAccount],
    wanted: Iterable[SheetKey],
    states: Mapping[SheetKey, SheetState],
    *,
    settled: Collection[SheetKey] = (),
) -> Ledger:
    """Draw the account. `wanted`: one key (version 1) for each candidate who is there and each assessor whose sheet is asked
    for; `settled`: those of them that stand signed on the server by another way (keyed in from paper)."""
    found: list[Gap] = []
    for one in devices:
        if one.seen_at is None and not one.numbers:
            found.append(Gap(why=Lacking.UNKNOWN, device_id=one.device_id))
        found += [
            Gap(why=Lacking.NUMBERS, device_id=one.device_id, first=first, last=last) for first, last in one.missing
        ]
        if one.broken:
            found.append(Gap(why=Lacking.LINK, device_id=one.device_id))
    wanted = sorted(set(wanted))
    signed = [key for key in wanted if key in settled or _sound(states, key)]
    found += [
        Gap(why=Lacking.SHEET, sheet=key) for key in wanted if key not in set(signed) and not _signed(states, key)
    ]
    for key in sorted(states):
        if states[key].contradicting:
            found.append(Gap(why=Lacking.CONTRADICTION, sheet=key))
        elif states[key].unapplied:
            found.append(Gap(why=Lacking.UNAPPLIED, sheet=key))
    return Ledger(
        events_expected=sum(one.expected for one in devices),
        events_confirmed=sum(len(set(one.numbers)) for one in devices),
        sheets_expected=len(wanted),
        sheets_signed=len(signed),
        devices=tuple(devices),
        gaps=tuple(found),
    )


def require_balanced(ledger: Ledger, reason: str = "", *, officer: bool = False) -> None:
    """Refuse to close what does not balance, unless an officer signs the gap."""
    if ledger.balanced:
        return
    if not officer:
        raise NotBalanced(count=len(ledger.gaps))
    if not reason.strip():
        raise GapReasonMissing


def _signed(states: Mapping[SheetKey, SheetState], key: SheetKey) -> bool:
    return key in states and states[key].signed is not None


def _sound(states: Mapping[SheetKey, SheetState], key: SheetKey) -> bool:
    return key in states and states[key].sound
