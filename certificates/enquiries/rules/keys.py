"""Organisations that check certificates, their keys, their quota: when one holds, and what is refused. Pure.

The public checks one certificate at a time (domain.md section 2: no listing). Whoever checks more is known to the awarding
organisation: who answers for it, for what purpose, until when, how many a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from certificates.verification.rules import Verdict
from exam.kernel.errors import N_, Conflict, Forbidden, Invalid, Problem, TooMany

QUOTA_LIMIT: Final = 20_000
LONGEST_DAYS: Final = 366
PER_MINUTE: Final = 60
"""Requests of one organisation in a minute, whatever they hold."""
TEXT_LIMIT: Final = 200
PREFIX: Final = "kw_"
PREFIX_LENGTH: Final = 10  # kw_ and what stays readable of a key


class Channel(StrEnum):
    """How somebody asked."""

    LIST = "list"
    API = "api"


class KeyState(StrEnum):
    """Where a key, or the organisation, stands."""

    LIVE = "live"
    ENDED = "ended"
    REVOKED = "revoked"


CHANNEL_LABELS: Final[Mapping[Channel, str]] = MappingProxyType({Channel.LIST: N_("名单"), Channel.API: N_("接口")})
LABELS: Final[Mapping[KeyState, str]] = MappingProxyType(
    {KeyState.LIVE: N_("可用"), KeyState.ENDED: N_("已到期"), KeyState.REVOKED: N_("已停用")}
)
TONES: Final[Mapping[KeyState, str]] = MappingProxyType(
    {KeyState.LIVE: "done", KeyState.ENDED: "plain", KeyState.REVOKED: "stopped"}
)


class KeyRefused(Forbidden):
    """A key that is unknown, ended or revoked: one answer."""

    message = N_("密钥无效：可能抄错、已到期或已停用。")
    way_out = N_("请核对密钥，或联系给您密钥的培训评价组织。")


class QuotaSpent(TooMany):
    """More rows than are left today; nothing was checked."""

    message = N_("今天的额度还剩 %(left)s 条，这次有 %(wanted)s 条，没有查验任何一条。")
    way_out = N_("请减少条数，或等额度在北京时间零点恢复，或请培训评价组织调整额度。")


class AskedTooFast(TooMany):
    """A limit of requests per minute."""

    message = N_("每分钟最多查验 %(limit)s 次。")


class AlreadyOver(Conflict):
    """What is over is not ended again."""

    message = N_("它已经到期或停用。")


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """An organisation that may check many."""

    id: UUID
    organisation_id: UUID  # the awarding organisation that let it in
    name: str
    contact: str
    purpose: str
    quota: int  # rows a day, in China
    made_at: datetime
    ends_at: datetime
    closed_at: datetime | None
    reason: str

    def state(self, now: datetime) -> KeyState:
        """Where it stands."""
        return _state(self.closed_at, self.ends_at, now)

    @property
    def last_at(self) -> datetime:
        """The last second: its day is the last day."""
        return self.ends_at - timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Key:
    """A key, without its secret."""

    id: UUID
    organisation_id: UUID  # whose it is
    prefix: str
    label: str
    made_at: datetime
    ends_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None

    def state(self, now: datetime) -> KeyState:
        """Where it stands; its organisation's end is not looked at."""
        return _state(self.revoked_at, self.ends_at, now)

    @property
    def last_at(self) -> datetime:
        """The last second: its day is the last day."""
        return self.ends_at - timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One request that was answered: how many rows, why, with what result. No name and no number."""

    at: datetime
    channel: Channel
    reason: str
    rows: int
    counts: Mapping[Verdict, int]


@dataclass(frozen=True)
class Caller:
    """Who asks, as the key says."""

    organisation_id: UUID
    key_id: UUID
    purpose: str


@dataclass(frozen=True)
class Quota:
    """How much is left today, and when the next day begins."""

    limit: int
    used: int
    resets_at: datetime

    @property
    def left(self) -> int:
        """Rows that may still be asked today."""
        return max(0, self.limit - self.used)


def next_day(now: datetime) -> datetime:
    """When the quota is whole again: midnight in the zone of `now`."""
    return datetime.combine(now.date() + timedelta(days=1), time(), tzinfo=now.tzinfo)


def require_quota(quota: Quota, wanted: int, now: datetime) -> None:
    """Raise `QuotaSpent` where so many rows are more than is left."""
    if wanted > quota.left:
        raise QuotaSpent(left=quota.left, wanted=wanted, seconds=int((quota.resets_at - now).total_seconds()) + 1)


def checked_text(field: str, typed: str) -> str:
    """A line somebody has to fill in; Invalid where it is blank or long."""
    text = " ".join(typed.split())
    if not text or len(text) > TEXT_LIMIT:
        message = N_("请填写，最多 %(limit)s 个字。")
        raise Invalid(problems=[Problem(field=field, message=message, facts={"limit": TEXT_LIMIT}, code="text")])
    return text


def checked_quota(quota: int) -> int:
    """Rows a day; Invalid outside 1 to `QUOTA_LIMIT`."""
    if not 1 <= quota <= QUOTA_LIMIT:
        message = N_("每天的额度在 1 到 %(limit)s 条之间。")
        raise Invalid(problems=[Problem(field="quota", message=message, facts={"limit": QUOTA_LIMIT}, code="quota")])
    return quota


def checked_end(ends_on: date, now: datetime, latest: datetime | None = None) -> datetime:
    """The end of a day in the zone of `now`; Invalid where it is past, too far off, or after `latest`."""
    ends_at = datetime.combine(ends_on + timedelta(days=1), time(), tzinfo=now.tzinfo)
    if ends_at <= now or ends_at > now + timedelta(days=LONGEST_DAYS):
        message = N_("截止日期在今天到 %(limit)s 天之内。")
        facts = {"limit": LONGEST_DAYS - 1}
        raise Invalid(problems=[Problem(field="ends_on", message=message, facts=facts, code="ends_on")])
    if latest is not None and ends_at > latest:
        message = N_("密钥不能晚于单位的截止日期。")
        raise Invalid(problems=[Problem(field="ends_on", message=message, code="ends_on")])
    return ends_at


def _state(over_at: datetime | None, ends_at: datetime, now: datetime) -> KeyState:
    if over_at is not None:
        return KeyState.REVOKED
    return KeyState.LIVE if now < ends_at else KeyState.ENDED
