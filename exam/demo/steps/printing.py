"""The batch's printed documents, as the offices would print them: tickets by school, room packs and letters by site."""

from datetime import datetime
from pathlib import Path
from typing import TypedDict
from uuid import UUID

from exam.demo.stage import Stage
from scheduling.timetable import documents, queries


class Common(TypedDict):
    """What every print is told."""

    printed_by: str
    now: datetime
    home: Path


async def write(stage: Stage, batch_id: UUID, folder: Path) -> int:
    """Write every document of the batch; returns how many files."""
    count = 0
    for code in stage.schools:
        count += await _tickets(stage, batch_id, code, folder / "admission_tickets")
    for code, site_id in stage.sites.items():
        count += await _rooms(stage, batch_id, code, site_id, folder)
    return count


async def _tickets(stage: Stage, batch_id: UUID, code: str, folder: Path) -> int:
    """准考证 of one school, printed by the school."""
    actor = stage.cast[f"school:{code}"]
    services = stage.services
    async with stage.change() as session:
        cards = await queries.tickets(
            session, actor, services.vault, batch_id=batch_id, institution_id=stage.schools[code]
        )
    if not cards:
        return 0
    data = await documents.tickets(
        cards,
        photos=services.files.get,
        base_url=services.settings.base_url,
        printed_by=actor.name,
        now=services.clock.now(),
        home=services.settings.home,
    )
    _write(folder / f"{code}.pdf", data)
    return 1


async def _rooms(stage: Stage, batch_id: UUID, code: str, site_id: UUID, folder: Path) -> int:
    """Door lists, seat plans, sign-in sheets, room records and duty letters of one site, printed by the exam office."""
    officer, services = stage.cast["officer"], stage.services
    async with stage.change() as session:
        packs = await queries.room_packs(session, officer, batch_id=batch_id, site_id=site_id)
        letters = await queries.letters(session, officer, batch_id=batch_id, site_id=site_id)
    if not packs:
        return 0
    photos = services.files.get
    common: Common = {"printed_by": officer.name, "now": services.clock.now(), "home": services.settings.home}
    _write(folder / "door_lists" / f"{code}.pdf", await documents.door_lists(packs, **common))
    _write(folder / "seat_plans" / f"{code}.pdf", await documents.seat_plans(packs, photos=photos, **common))
    _write(folder / "sign_in_sheets" / f"{code}.pdf", await documents.sign_in_sheets(packs, photos=photos, **common))
    _write(folder / "room_records" / f"{code}.pdf", await documents.room_records(packs, **common))
    _write(folder / "duty_letters" / f"{code}.pdf", await documents.duty_letters(letters, **common))
    return 5


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
