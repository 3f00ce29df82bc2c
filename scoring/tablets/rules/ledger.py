"""The completeness ledger of a session: what is expected, what is confirmed, and what is missing, by device and by sheet.

A device says with everything it sends how far its chain goes ("I am T07, I have written 93"). So what the server has not
seen is known by number even while the line is down, as soon as one message comes through. A session balances when every
device's chain is whole and every candidate has the sheets that the exam scheme asks for, or a state that needs none
(absent). Photos that are spoken of must be there, and what could not be taken must have been looked at. Whatever does not
balance is closed only by an officer, with a reason, and stays visible.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from exam.kernel.errors import N_, Conflict, Invalid
from scoring.tablets.rules.events import SheetKey, gaps, sha256
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
    UNSETTLED = "unsettled"  # signed on a tablet, and could not be entered
    EVIDENCE = "evidence"  # a photo that an event speaks of did not arrive
    ODDITY = "oddity"  # an event that could not be taken, and that nobody has looked at


LACKING_LABELS: Mapping[Lacking, str] = {
    Lacking.NUMBERS: N_("还有记录没有送到"),
    Lacking.UNKNOWN: N_("平板领出后一直没有联系"),
    Lacking.LINK: N_("记录链不连续"),
    Lacking.SHEET: N_("评分表缺少或未签名"),
    Lacking.CONTRADICTION: N_("同一评分表有两个不同的签名"),
    Lacking.UNAPPLIED: N_("签名之后另一台平板还有改动"),
    Lacking.UNSETTLED: N_("已在平板上签名，尚未入账"),
    Lacking.EVIDENCE: N_("证据照片还没有送到"),
    Lacking.ODDITY: N_("有记录未能接收，尚未处理"),
}
ADVICE: Mapping[Lacking, str] = {
    Lacking.NUMBERS: N_("把这台平板带到有网络的地方，它会自己补送；一直没有网络时，在平板上导出文件，再由主考上传。"),
    Lacking.UNKNOWN: N_("打开平板让它联系一次服务器；没有用到的平板也要打开一次，证明上面没有记录。"),
    Lacking.LINK: N_("同一台平板有两段不同的记录（例如被复制或还原过）。两段都已保留，请考评员逐份核对签名的评分表。"),
    Lacking.SHEET: N_("请考评员完成并签名；平板丢失时按纸质评分表补录。"),
    Lacking.CONTRADICTION: N_("两个签名都不计入；请考评员更正，由组长会签。"),
    Lacking.UNAPPLIED: N_("改动没有计入。请考评员确认签名的内容；确需修改时发起更正。"),
    Lacking.UNSETTLED: N_("请看表中写明的原因；条件具备后会自动入账，评分有误的由考评员更正后再签名。"),
    Lacking.EVIDENCE: N_("把拍照的平板带到有网络的地方，它会自己补送照片。"),
    Lacking.ODDITY: N_("请看下面“未能接收的记录”，写明处理意见。"),
}
"""What to do about each."""


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
    sha256: str = ""  # of the photo, or of the event kept aside

    @property
    def body(self) -> dict[str, Any]:
        """As JSON, to be kept with a closing."""
        return {
            "why": self.why.value,
            "device": str(self.device_id) if self.device_id else None,
            "first": self.first,
            "last": self.last,
            "sheet": [str(self.sheet.sitting_id), str(self.sheet.assessor_id), self.sheet.version]
            if self.sheet
            else None,
            "sha256": self.sha256,
        }


def read_gap(body: Mapping[str, Any]) -> Gap:
    """A gap as it was kept."""
    sheet = body["sheet"]
    return Gap(
        why=Lacking(body["why"]),
        device_id=UUID(body["device"]) if body["device"] else None,
        first=body["first"],
        last=body["last"],
        sheet=SheetKey(sitting_id=UUID(sheet[0]), assessor_id=UUID(sheet[1]), version=sheet[2]) if sheet else None,
        sha256=body["sha256"],
    )


@dataclass(frozen=True, kw_only=True)
class Aside:
    """An event that was kept aside and that nobody has settled."""

    device_id: UUID
    number: int
    sha256: str


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

    @property
    def digest(self) -> str:
        """Of the whole account: what somebody signs when the session is closed. When a tablet was seen is no part of it."""
        return sha256(
            {
                "events": [self.events_expected, self.events_confirmed],
                "sheets": [self.sheets_expected, self.sheets_signed],
                "devices": [[str(one.device_id), one.expected, len(set(one.numbers))] for one in self.devices],
                "gaps": [one.body for one in self.gaps],
            }
        )


def balance(
    devices: Sequence[DeviceAccount],
    wanted: Iterable[SheetKey],
    states: Mapping[SheetKey, SheetState],
    *,
    settled: Collection[SheetKey] = (),
    differing: Collection[SheetKey] = (),
    corrected: Collection[SheetKey] = (),
    waiting: Collection[SheetKey] = (),
    unsettled: Collection[SheetKey] = (),
    photos: Collection[str] = (),
    aside: Iterable[Aside] = (),
) -> Ledger:
    """Draw the account. `wanted`: one key (version 1) for each candidate who is there and each assessor whose sheet is asked
    for; `settled`: those of them that stand signed on the server by another way (keyed in from paper); `differing`: those
    that stand there with other contents than their tablet signed; `corrected`: versions that a later one on the server has put right; `waiting`: those that a second person must sign; `unsettled`: those that a tablet signed and that were not entered; `photos`: hashes of the evidence that is there."""
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
    latest = _latest(states)
    signed = [
        key
        for key in wanted
        if key not in differing
        and key not in waiting
        and key not in unsettled
        and (key in settled or (key.sitting_id, key.assessor_id) in latest)
    ]
    found += [
        Gap(why=Lacking.SHEET, sheet=key)
        for key in wanted
        if key in waiting or (key not in signed and key not in differing and not _signed(states, key))
    ]
    found += [Gap(why=Lacking.UNSETTLED, sheet=key) for key in sorted(set(unsettled) - set(differing))]
    for key in sorted(states):
        if key in corrected or key.version < latest.get((key.sitting_id, key.assessor_id), 0):
            pass  # a later version has put it right
        elif states[key].contradicting or key in differing:
            found.append(Gap(why=Lacking.CONTRADICTION, sheet=key))
        elif states[key].unapplied:
            found.append(Gap(why=Lacking.UNAPPLIED, sheet=key))
        found += [
            Gap(why=Lacking.EVIDENCE, sheet=key, sha256=photo)
            for photo in sorted({photo for photo, _ in states[key].evidence})
            if photo not in photos
        ]
    found += [
        Gap(why=Lacking.ODDITY, device_id=one.device_id, first=one.number, last=one.number, sha256=one.sha256)
        for one in sorted(aside, key=lambda one: (str(one.device_id), one.number, one.sha256))
    ]
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


def arrived_since(then: Iterable[Gap], now: Iterable[Gap]) -> list[Gap]:
    """Of the gaps that a session was closed with: what is there by now, numbers one run at a time."""
    still = list(now)
    left = {one for one in still if one.why is not Lacking.NUMBERS}
    missing: dict[UUID | None, set[int]] = defaultdict(set)
    for one in still:
        if one.why is Lacking.NUMBERS:
            missing[one.device_id] |= set(range(one.first, one.last + 1))
    found: list[Gap] = []
    for one in then:
        if one.why is not Lacking.NUMBERS:
            found += [one] if one not in left else []
            continue
        here = [number for number in range(one.first, one.last + 1) if number not in missing[one.device_id]]
        found += [replace(one, first=first, last=last) for first, last in _runs(here)]
    return found


def wanted_of(
    sitting_id: UUID, assessors: Sequence[UUID], needed: int, *, signed: Collection[UUID], begun: Collection[UUID]
) -> list[SheetKey]:
    """Whose sheets of a candidate are asked for: everybody's who signed or began one, and of the others, in their order, as
    many as are still needed. `needed`: sheets that the agreement asks for, with the third where two differ."""
    own = [one for one in assessors if one in signed or one in begun]
    own += sorted((set(signed) | set(begun)) - set(own))
    more = [one for one in assessors if one not in own][: max(0, needed - len(own))]
    return [SheetKey(sitting_id=sitting_id, assessor_id=one) for one in (*own, *more)]


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Numbers in their order as runs (first, last)."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def _latest(states: Mapping[SheetKey, SheetState]) -> dict[tuple[UUID, UUID], int]:
    """Per candidate and assessor the latest version that is soundly signed."""
    return {(key.sitting_id, key.assessor_id): key.version for key in sorted(states) if states[key].sound}


def _signed(states: Mapping[SheetKey, SheetState], key: SheetKey) -> bool:
    return key in states and states[key].signed is not None
