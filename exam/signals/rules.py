"""The rules of announcements and of signs of life (heartbeats): whom one reaches, when silence is too long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from exam.kernel.errors import N_, Invalid

LONGEST = 500
SILENT_AFTER = timedelta(minutes=5)
"""Nothing heard for longer than this: silent [C]."""
BEAT_EVERY = timedelta(seconds=60)
"""How often a page, a computer or a tablet says that it is there."""
SHOWN_BEFORE = timedelta(hours=24)
"""An announcement is shown in a room from this long before its session."""
SHOWN_AFTER = timedelta(hours=3)
"""And so long after its end."""


class Reach(StrEnum):
    """Whom an announcement is for."""

    ROOM = "room"
    SITE = "site"
    BATCH = "batch"


class Source(StrEnum):
    """Who says that it is there."""

    PAGE = "page"  # somebody of the staff has the room's page open
    COMPUTER = "computer"  # a candidate's exam page
    TABLET = "tablet"  # an assessor's tablet


REACH_LABELS: Mapping[Reach, str] = {
    Reach.ROOM: N_("一个考场"), Reach.SITE: N_("一个站点的全部考场"), Reach.BATCH: N_("本批次的全部考场"),
}  # fmt: skip


@dataclass(frozen=True)
class Beat:
    """One sign of life: what, which one, in which room."""

    source: Source
    id: UUID
    room_session_id: UUID


class WordsMissing(Invalid):
    """An announcement has words, at most 500."""

    message = N_("请写通知内容，最多 %(most)s 字。")


def require_words(zh: str, en: str) -> None:
    """Refuse an announcement without Chinese words, or a long one; English may be missing, then the Chinese is shown."""
    if not zh.strip() or len(zh) > LONGEST or len(en) > LONGEST:
        raise WordsMissing(most=LONGEST)


def shown(made_at: datetime, starts_at: datetime, ends_at: datetime, now: datetime) -> bool:
    """Whether a room still shows an announcement: from a day before its session to three hours after, never one that was
    made when the room was long over."""
    return starts_at - SHOWN_BEFORE <= now <= ends_at + SHOWN_AFTER and made_at <= ends_at + SHOWN_AFTER


def silent(seen_at: datetime | None, since: datetime, now: datetime) -> bool:
    """Whether nothing was heard for too long, counted from `since` where nothing was ever heard."""
    return now - max(seen_at or since, since) > SILENT_AFTER


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What of the exam day concerns somebody: own duties, own sites, own organisation's batches, own province."""

    everywhere: bool = False  # the system itself
    sites: frozenset[UUID] = frozenset()  # headed
    batches: frozenset[UUID] = frozenset()  # of the own organisation
    all_batches: bool = False
    provinces: frozenset[str] = frozenset()  # overseen; codes of two digits
    all_provinces: bool = False
    rooms: frozenset[UUID] = frozenset()  # own duties

    def sees(
        self, *, site_id: UUID, prefecture_code: str, batch_ids: Iterable[UUID], room_session_id: UUID | None = None
    ) -> bool:
        """Whether this place concerns them."""
        return (
            self.runs(site_id=site_id, batch_ids=batch_ids)
            or self.all_provinces
            or prefecture_code[:2] in self.provinces
            or room_session_id in self.rooms
        )

    def runs(self, *, site_id: UUID, batch_ids: Iterable[UUID]) -> bool:
        """Whether they decide there: its head, or officers of a batch that is held there."""
        return self.everywhere or self.all_batches or site_id in self.sites or not self.batches.isdisjoint(batch_ids)

    @property
    def oversees(self) -> bool:
        """Whether there is more than single rooms to watch."""
        wide = self.everywhere or self.all_batches or self.all_provinces
        return bool(wide or self.sites or self.batches or self.provinces)
