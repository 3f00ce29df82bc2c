"""What the printed forms of one room are filled from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import queries as accounts
from exam.accounts.rules import Role, Scope
from exam.kernel.files import FileStore
from exam.registration import queries as registration
from exam.sittings.models import RoomSessionRow
from exam.sittings.queries.desk import RoomDesk, room_desk
from exam.sittings.rules import Duty
from exam.sittings.rules.minutes import MinuteLine


@dataclass(frozen=True)
class RoomPaper:
    """One room with everything recorded about it."""

    desk: RoomDesk
    batch_code: str
    heads: tuple[str, ...]
    note: str

    @property
    def plan(self) -> tuple[MinuteLine, ...]:
        """The minute plan as it stands."""
        return self.desk.view.plan


async def read_paper(session: AsyncSession, room_session_id: UUID, now: datetime) -> RoomPaper:
    """Read one room for its printed forms."""
    desk = await room_desk(session, room_session_id, now)
    room = desk.view.room
    heads = [one.name for one in desk.view.duties if one.duty is Duty.SITE_HEAD] or [
        one.name for one in await accounts.accounts_of_role(session, Role.SITE_HEAD, Scope("site", str(room.site_id)))
    ]
    batches = {batch.id: batch.code for batch in await registration.batches(session)}
    note = await session.scalar(select(RoomSessionRow.note).where(RoomSessionRow.id == room.id))
    return RoomPaper(desk, batches.get(room.batch_id, ""), tuple(sorted(set(heads))), note or "")


def photos_of(desk: RoomDesk, files: FileStore) -> Mapping[str, bytes]:
    """The photos of a room's candidates by their hash; a missing file leaves its place empty."""
    wanted = sorted({row.person.photo_sha256 for row in desk.rows if row.person and row.person.photo_sha256})
    return {sha256: files.get(sha256) for sha256 in wanted if files.exists(sha256)}
