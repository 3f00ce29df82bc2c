"""Devices: what a tablet sends, how it proves that it is itself, and what is wrong with what cannot be taken.

Every message is signed with the tablet's own key (ECDSA P-256 with SHA-256, FIPS 186-5; the raw r‖s of IEEE P1363, as
browsers write it) over the canonical JSON of the message. The key is made on the tablet and cannot be taken out of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from exam.kernel.canonical import MOST
from exam.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from scoring.tablets.rules.events import FORMAT, Event, Kind, NotAnEvent, SheetKey

MESSAGE: Final = "kaowu-tablet-message/1"
EVENTS_MOST: Final = 500
"""Events in one message: a tablet cuts its queue."""
DATA_MOST: Final = 20_000
"""Characters of an event's data."""


class Oddness(StrEnum):
    """Why an event could not be taken."""

    NO_PASS = "no_pass"  # this assessor never signed in on this tablet
    NOT_THEIR_SHEET = "not_their_sheet"  # no duty in that room
    UNKNOWN_SITTING = "unknown_sitting"  # no such sitting


ODDNESS_LABELS: Mapping[Oddness, str] = {
    Oddness.NO_PASS: N_("这名考评员没有在这台平板上登录过"),
    Oddness.NOT_THEIR_SHEET: N_("这名考评员在该考场没有考评职责"),
    Oddness.UNKNOWN_SITTING: N_("没有这个考次"),
}


class TabletUnknown(NotFound):
    """Nobody registered this device."""

    message = N_("这台平板没有登记。")
    way_out = N_("请由主考在本站点登记这台平板；已保存的记录会在登记后送出。")


class TabletRevoked(Forbidden):
    """Its key was revoked: stolen, lost, or given back."""

    message = N_("平板 %(label)s 的密钥已于 %(at)s 停用，不再接收它的记录。")
    way_out = N_("如平板已找回，请联系考务管理员；其中的记录可以导出后由两人核对补录。")


class SignatureWrong(Forbidden):
    """The message is not what the tablet signed."""

    message = N_("平板 %(label)s 的签名不符，这批记录没有接收。")
    way_out = N_("记录仍在平板上。请重新发送；仍不符时联系考务管理员。")


class LabelTaken(Conflict):
    """Two tablets with one name at a site."""

    message = N_("本站点已有名为 %(label)s 的平板。")
    way_out = N_("请换一个标签，例如 T08。")


class NeverHeard(Conflict):
    """A tablet that comes back silent may hold what nobody has."""

    message = N_("平板 %(label)s 领出后一直没有联系，里面可能还有没送出的记录。")
    way_out = N_("请先让它连上网络送出记录；确实没有使用过的，请写明理由后收回。")


class KeyUnusable(Invalid):
    """A key that is no P-256 public key, or another tablet's."""

    message = N_("平板的公钥无效，或已属于另一台平板。")
    way_out = N_("请在平板上重新打开登记页面，生成新的密钥。")


class MessageInvalid(Invalid):
    """What came is no message of ours."""

    message = N_("平板发来的内容不符合格式，没有接收。")
    way_out = N_("记录仍在平板上；请更新平板上的程序后重新发送。")


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message of a tablet: how far its chain goes, and a part of it in any order."""

    tablet_id: UUID
    last: int
    events: tuple[Mapping[str, Any], ...]
    hear: bool = False  # the news of its rooms are asked for

    @property
    def body(self) -> dict[str, Any]:
        """What is signed."""
        asked = {"hear": True} if self.hear else {}
        return {
            "format": MESSAGE,
            "device": str(self.tablet_id),
            "last": self.last,
            "events": [dict(one) for one in self.events],
            **asked,
        }


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What the server has of a tablet, after it committed."""

    confirmed: int  # every number up to this one
    missing: tuple[tuple[int, int], ...]  # runs beyond it that are not there, up to the tablet's last
    refused: tuple[tuple[int, Oddness], ...]  # of this message: kept aside

    @property
    def body(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "confirmed": self.confirmed,
            "missing": [list(one) for one in self.missing],
            "refused": [{"number": number, "why": why.value} for number, why in self.refused],
        }


def read_message(sent: Any) -> Message:
    """A message from what was sent; raises :class:`MessageInvalid`."""
    if not isinstance(sent, dict) or sent.get("format") != MESSAGE:
        raise MessageInvalid
    last, events = sent.get("last"), sent.get("events")
    if not isinstance(last, int) or not _whole(last, 0) or not isinstance(events, list) or len(events) > EVENTS_MOST:
        raise MessageInvalid
    if not all(isinstance(one, dict) for one in events):
        raise MessageInvalid
    hear = sent.get("hear") is True
    return Message(tablet_id=_uuid(sent.get("device"), 0), last=last, events=tuple(events), hear=hear)


def read_event(sent: Mapping[str, Any], tablet_id: UUID) -> Event:
    """An event from its body; raises :class:`NotAnEvent` with what is wrong. Its hash is that of exactly what was sent."""
    number = sent["number"] if _whole(sent.get("number"), 1) else 0
    if set(sent) != _MEMBERS:
        raise NotAnEvent(number=number, what="members")
    if sent["format"] != FORMAT or sent["device"] != str(tablet_id):
        raise NotAnEvent(number=number, what="device")
    if not number or not _whole(sent["counter"], 1) or not _whole(sent["version"], 1):
        raise NotAnEvent(number=number, what="number")
    if not isinstance(sent["previous"], str) or len(sent["previous"]) != 64:
        raise NotAnEvent(number=number, what="previous")
    if sent["kind"] not in set(Kind) or not isinstance(sent["data"], dict) or len(str(sent["data"])) > DATA_MOST:
        raise NotAnEvent(number=number, what="kind")
    kind = Kind(sent["kind"])
    if not _fits(kind, sent["data"]):
        raise NotAnEvent(number=number, what="data")
    sheet = SheetKey(
        sitting_id=_uuid(sent["sitting"], number), assessor_id=_uuid(sent["assessor"], number), version=sent["version"]
    )
    return Event(
        device_id=tablet_id,
        number=number,
        previous=sent["previous"],
        id=_uuid(sent["id"], number),
        counter=sent["counter"],
        kind=kind,
        sheet=sheet,
        said_at=_moment(sent["said_at"], number),
        data=sent["data"],
    )


_MEMBERS: Final = frozenset(
    {
        "format", "device", "number", "previous", "id", "counter", "kind", "sitting", "assessor", "version", "said_at",
        "data",
    }
)  # fmt: skip
_NEEDS: Final[Mapping[Kind, Mapping[str, tuple[type, ...]]]] = {
    Kind.OPENED: {},
    Kind.ANSWERED: {"row": (str,), "value": (str, int, bool, type(None))},
    Kind.OVERTIME: {"minutes": (int,)},
    Kind.NOTED: {"text": (str,)},
    Kind.EVIDENCE: {"sha256": (str,), "row": (str,), "bytes": (int,)},
    Kind.STOPPED: {"row": (str,), "reason": (str,)},
    Kind.SIGNED: {"answers": (dict,), "overtime": (int, type(None)), "note": (str,)},
    Kind.CORRECTED: {"reason": (str,)},
    Kind.RERUN: {"reason": (str,)},
}


_MAY: Final[Mapping[Kind, Mapping[str, tuple[type, ...]]]] = {
    Kind.SIGNED: {"evidence": (dict,), "seconded": (dict, type(None))},  # veto items: docs/formats/tablets.md
}


def _fits(kind: Kind, data: Mapping[str, Any]) -> bool:
    needed = all(name in data and isinstance(data[name], types) for name, types in _NEEDS[kind].items())
    return needed and all(
        isinstance(data.get(name), (*types, type(None))) for name, types in _MAY.get(kind, {}).items()
    )


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= min(MOST, 2**31 - 1)


def _uuid(value: Any, number: int) -> UUID:
    try:
        found = UUID(value)
    except (ValueError, TypeError, AttributeError) as error:
        raise NotAnEvent(number=number, what="id") from error
    if str(found) != value:  # one spelling: it is hashed
        raise NotAnEvent(number=number, what="id")
    return found


def _moment(value: Any, number: int) -> str:
    try:
        zoned = datetime.fromisoformat(value).tzinfo is not None
    except (ValueError, TypeError) as error:
        raise NotAnEvent(number=number, what="said_at") from error
    if not zoned:
        raise NotAnEvent(number=number, what="said_at")
    return str(value)


def confirmed_up_to(numbers: Sequence[int]) -> int:
    """The number up to which a chain is there without a gap."""
    at = 0
    for number in sorted(set(numbers)):
        if number != at + 1:
            break
        at = number
    return at
