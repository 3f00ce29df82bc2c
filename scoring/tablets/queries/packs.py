"""What goes into a tablet's pack: its sessions with sheet, candidates and assessors, and nobody's name but the assessors'."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.catalogue.rules import plain
from exam.kernel.files import FileStore
from exam.registration import queries as registration
from exam.sittings import queries as sittings
from exam.sittings.rules import PRESENT, DutySpec, RoomSession, Sitting
from scoring.marking import queries as marking
from scoring.tablets.models import TabletEventRow, TabletHandoutRow
from scoring.tablets.queries.cards import badges
from scoring.tablets.queries.chains import numbers
from scoring.tablets.rules.packs import current, sheet_data, sheet_sha256, short_codes

PHOTO_SIZE = (200, 280)


@dataclass(frozen=True, kw_only=True)
class PackContent:
    """Everything of a pack that is not about keys."""

    rooms: tuple[RoomSession, ...]
    assessors: Mapping[UUID, str]  # on duty in any of them: account -> name
    inside: dict[str, Any]


async def rooms_of_tablet(session: AsyncSession, tablet_id: UUID) -> list[RoomSession]:
    """The sessions that a tablet is out for now, by time."""
    query = select(TabletHandoutRow.room_session_id).where(
        TabletHandoutRow.tablet_id == tablet_id, TabletHandoutRow.returned_at.is_(None)
    )
    ids = list(await session.scalars(query))
    return await sittings.room_sessions(session, ids=ids) if ids else []


async def pack_content(
    session: AsyncSession, files: FileStore, tablet_id: UUID, *, export_key: bytes, now: datetime
) -> PackContent:
    """Read what a tablet needs for the sessions that it was given out for."""
    rooms = [one for one in await rooms_of_tablet(session, tablet_id) if current(one.starts_at, one.ends_at, now)]
    on_duty = {one.id: await marking.assessing(session, one.id) for one in rooms}
    people = {duty.account_id: duty.name for duties in on_duty.values() for duty in duties}
    numbers_of = {account: badge.number for account, badge in (await badges(session, people)).items()}
    inside = {
        "rooms": [await _room(session, files, one, on_duty[one.id], numbers_of) for one in rooms],
        "export_key": base64.b64encode(export_key).decode(),
        "counter": await _counter(session, tablet_id, [one.id for one in rooms]),
        "last": max(await numbers(session, tablet_id), default=0),
    }
    return PackContent(rooms=tuple(rooms), assessors=people, inside=inside)


async def _room(
    session: AsyncSession,
    files: FileStore,
    room: RoomSession,
    duties: Sequence[DutySpec],
    badge_of: Mapping[UUID, str],
) -> dict[str, Any]:
    scheme, component = await marking.component(session, room.component_id)
    agreement = await marking.agreement_in(session, room.id, room.component_id)
    definition = component.sheet or {}
    return {
        **room_head(room),
        "site": room.site_name,
        "site_en": room.site_name_en,
        "certificate": {
            "name": scheme.certificate_name_zh, "name_en": scheme.certificate_name_en,
            "level": scheme.level.zh, "level_en": scheme.level.en,
        },
        "component": {
            "id": str(component.id), "code": component.code, "name": component.name_zh, "name_en": component.name_en,
            "duration_minutes": component.duration_minutes, "full_marks": plain(component.full_marks),
        },
        "sheet": sheet_data(definition),
        "sheet_sha256": sheet_sha256(definition),
        "agreement": {
            "tolerance": plain(agreement.tolerance), "assessors": agreement.assessors_count, "third": agreement.third,
        },
        "candidates": await _candidates(session, files, room),
        "assessors": [
            {"account": str(one.account_id), "name": one.name, "duty": one.duty.value, "badge": badge_of.get(one.account_id)}
            for one in duties
        ],
    }  # fmt: skip


def room_head(room: RoomSession) -> dict[str, Any]:
    """What of a session may be read without a badge."""
    return {
        "id": str(room.id),
        "name": room.room_name,
        "name_en": room.room_name_en,
        "starts_at": room.starts_at.isoformat(),
        "ends_at": room.ends_at.isoformat(),
    }


async def _candidates(session: AsyncSession, files: FileStore, room: RoomSession) -> list[dict[str, Any]]:
    people = sorted(await sittings.sittings(session, room_session_id=room.id), key=lambda one: one.seat_no)
    photos = {
        one.id: one.photo_sha256
        for one in await registration.registrations(session, ids=[person.registration_id for person in people])
    }
    codes = short_codes([one.ticket_no for one in people])
    return [
        _candidate(one, code, order, _photo(files, photos.get(one.registration_id)))
        for order, (one, code) in enumerate(zip(people, codes, strict=True), 1)
    ]


def _candidate(sitting: Sitting, code: str, order: int, photo: str | None) -> dict[str, Any]:
    return {
        "sitting": str(sitting.id), "ticket": sitting.ticket_no, "seat": sitting.seat_no, "code": code, "order": order,
        "photo": photo, "present": sitting.status in PRESENT, "status": sitting.status.value,
        "starts_at": sitting.starts_at.isoformat(), "ends_at": sitting.until.isoformat(),
    }  # fmt: skip


async def _counter(session: AsyncSession, tablet_id: UUID, room_ids: Sequence[UUID]) -> int:
    query = select(func.max(TabletEventRow.counter)).where(
        (TabletEventRow.tablet_id == tablet_id) | TabletEventRow.room_session_id.in_(list(room_ids))
    )
    return int(await session.scalar(query) or 0)


def _photo(files: FileStore, sha256: str | None) -> str | None:
    if sha256 is None or not files.exists(sha256):
        return None
    return _small(files, sha256)


@lru_cache(maxsize=2048)
def _small(files: FileStore, sha256: str) -> str:
    """A photo as a data address, small enough for a day of candidates; the same bytes for the same photo."""
    with Image.open(io.BytesIO(files.get(sha256))) as image:
        image.draft("RGB", PHOTO_SIZE)
        small = image.convert("RGB")
        small.thumbnail(PHOTO_SIZE)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=78)
    return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"
