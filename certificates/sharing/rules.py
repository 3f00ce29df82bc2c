"""Share codes: how long one holds, what it shows beyond the masked public answer, how many may stand. Pure.

Privacy first: the ID number stays masked whatever the holder chooses, the photo is shown only where the holder ticked it,
and nobody but the holder learns that a code was made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from exam.kernel.errors import N_, Conflict, Invalid, Problem

DAYS: Final = (7, 30, 90)
"""How long a code may hold; the last is the longest there is."""
USUAL_DAYS: Final = 30
LIVE_LIMIT: Final = 10
"""Codes of one certificate that may stand at the same time."""
LABEL_LIMIT: Final = 40


class ShareState(StrEnum):
    """Where a code stands."""

    LIVE = "live"
    ENDED = "ended"
    REVOKED = "revoked"


LABELS: Final[Mapping[ShareState, str]] = MappingProxyType(
    {ShareState.LIVE: N_("可用"), ShareState.ENDED: N_("已到期"), ShareState.REVOKED: N_("已收回")}
)
TONES: Final[Mapping[ShareState, str]] = MappingProxyType(
    {ShareState.LIVE: "done", ShareState.ENDED: "plain", ShareState.REVOKED: "stopped"}
)


class TooManyShares(Conflict):
    """So many codes stand that nobody would know any more who has one."""

    message = N_("这张证书已有 %(limit)s 个可用的分享码，没有再生成。")
    way_out = N_("请先收回不再需要的分享码。")


class NotShareable(Conflict):
    """Only a certificate in force is shared."""

    message = N_("这张证书已不在有效状态，不能生成分享码。")
    way_out = N_("请用“我的证书”中有效的版本。")


class AlreadyRevoked(Conflict):
    """A code is taken back once."""

    message = N_("这个分享码已经收回或到期。")


@dataclass(frozen=True)
class Use:
    """How often a code was opened on a day (in China). Who opened it is not known."""

    day: date
    count: int


@dataclass(frozen=True, kw_only=True)
class Share:
    """A code, without the code: that is shown once and kept nowhere."""

    id: UUID
    certificate_id: UUID
    label: str
    shows_name: bool
    shows_photo: bool
    made_at: datetime
    ends_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None = None
    uses: tuple[Use, ...] = ()

    def state(self, now: datetime) -> ShareState:
        """Where it stands now; taken back counts before ended."""
        if self.revoked_at is not None:
            return ShareState.REVOKED
        return ShareState.LIVE if now < self.ends_at else ShareState.ENDED

    @property
    def count(self) -> int:
        """How often it was opened."""
        return sum(one.count for one in self.uses)


@dataclass(frozen=True)
class Shown:
    """What a live code lets its reader see."""

    share_id: UUID
    certificate_id: UUID
    name: bool
    photo: bool


def end_of(days: int, now: datetime) -> datetime:
    """When a code that is made now ends; Invalid where the holder may not choose so many days."""
    if days not in DAYS:
        choices = "、".join(map(str, DAYS))
        message = N_("有效期只能是 %(choices)s 天。")
        raise Invalid(problems=[Problem(field="days", message=message, facts={"choices": choices}, code="days")])
    return now + timedelta(days=days)


def checked_label(typed: str) -> str:
    """The holder's own note on a code; Invalid where it is too long."""
    label = " ".join(typed.split())
    if len(label) > LABEL_LIMIT:
        message = N_("备注最多 %(limit)s 个字。")
        raise Invalid(problems=[Problem(field="label", message=message, facts={"limit": LABEL_LIMIT}, code="label")])
    return label


def require_room(shares: Sequence[Share], now: datetime) -> None:
    """Raise `TooManyShares` where another code would be one too many."""
    if sum(one.state(now) is ShareState.LIVE for one in shares) >= LIVE_LIMIT:
        raise TooManyShares(limit=LIVE_LIMIT)
