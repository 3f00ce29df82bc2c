"""What a tablet is told beside its receipt, when it asks: announcements to its rooms, attendance as it is now, and sheets that
could not be entered. Nothing of it is needed to score; all of it may come late."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel.i18n import LOCALES, translate, use_locale
from exam.signals import queries as signals
from exam.sittings import queries as sittings
from exam.sittings.rules import PRESENT, RoomSession
from scoring.tablets.models import TabletPassRow
from scoring.tablets.queries.packs import rooms_of_tablet
from scoring.tablets.queries.settlements import Settlement, settlements
from scoring.tablets.rules.packs import current
from scoring.tablets.rules.settling import Matter, Outcome

NEWEST: Final = 20
"""Announcements told at most."""
_TOLD: Final = (Outcome.REFUSED, Outcome.CONTRADICTION)


async def news(session: AsyncSession, tablet_id: UUID, now: datetime) -> dict[str, Any]:
    """As JSON, for the sessions that a tablet is out for; no names of candidates, nobody's marks."""
    rooms = [one for one in await rooms_of_tablet(session, tablet_id) if current(one.starts_at, one.ends_at, now)]
    people = [one for room in rooms for one in await sittings.sittings(session, room_session_id=room.id)]
    return {
        "now": now.isoformat(),
        "announcements": await _announcements(session, rooms, now),
        "candidates": [
            {"sitting": str(one.id), "present": one.status in PRESENT, "status": one.status.value, "ends_at": one.until.isoformat()}
            for one in people
        ],
        "sheets": [_sheet(one) for one in await _refused(session, tablet_id, rooms)],
    }  # fmt: skip


async def _announcements(session: AsyncSession, rooms: Sequence[RoomSession], now: datetime) -> list[dict[str, str]]:
    """Each once, the newest first, also where it is for several rooms of this tablet."""
    found = {one.id: one for room in rooms for one in await signals.for_room(session, room, now)}
    newest = sorted(found.values(), key=lambda one: (one.made_at, str(one.id)), reverse=True)[:NEWEST]
    return [
        {"id": str(one.id), "at": one.made_at.isoformat(), "zh": one.text_zh, "en": one.text_en or one.text_zh}
        for one in newest
    ]


async def _refused(session: AsyncSession, tablet_id: UUID, rooms: Sequence[RoomSession]) -> list[Settlement]:
    """What only the assessor can put right, of those who signed in on this tablet."""
    if not rooms:
        return []
    passes = set(await session.scalars(select(TabletPassRow.account_id).where(TabletPassRow.tablet_id == tablet_id)))
    return [
        one
        for one in await settlements(session, room_session_ids=[room.id for room in rooms], open_only=True)
        if one.matter is Matter.SHEET and one.outcome in _TOLD and one.assessor_id in passes
    ]


def _sheet(one: Settlement) -> dict[str, Any]:
    words: dict[str, str] = {}
    for name in LOCALES:
        with use_locale(name, "scoring_tablets"):
            told = [translate(one.message, **one.facts), translate(one.way_out, **one.facts) if one.way_out else ""]
        words[name] = " ".join(part for part in told if part)
    return {
        "sitting": str(one.sitting_id), "assessor": str(one.assessor_id), "version": one.version, "code": one.code, **words,
    }  # fmt: skip
