"""The batch's printed documents, as the offices would print them: tickets by school, the papers of each site."""

import asyncio
from pathlib import Path
from uuid import UUID

from exam.accounts.rules import Actor
from exam.demo.stage import Stage
from scheduling.timetable import documents, queries
from scheduling.timetable.queries import Material
from scheduling.timetable.rules.prints import Print, PrintOrder, rotas_of

FOLDERS = {
    Print.DOOR: "door_lists",
    Print.SEATS: "seat_plans",
    Print.SIGN_IN: "sign_in_sheets",
    Print.RECORD: "room_records",
    Print.HANDOVER: "handover_sheets",
    Print.SCHEDULE: "work_schedules",
    Print.LETTERS: "duty_letters",
    Print.ROTA: "station_rotas",
}
"""Where the papers of the sites are written, a file per site."""


async def write(stage: Stage, batch_id: UUID, folder: Path) -> int:
    """Write every document of the batch; returns how many files."""
    count = 0
    sites = list(stage.sites.items())  # those of this batch: others join while it is drawn
    for code in stage.schools:
        count += await _tickets(stage, batch_id, code, folder / "admission_tickets")
    for code, site_id in sites:
        count += await _site(stage, batch_id, code, site_id, folder)
    return count


async def _tickets(stage: Stage, batch_id: UUID, code: str, folder: Path) -> int:
    """准考证 of one school, printed by the school."""
    actor = stage.cast[f"school:{code}"]
    order = PrintOrder(batch_id=batch_id, what=Print.TICKETS, institution_id=stage.schools[code])
    async with stage.change() as session:
        cards = await queries.material(session, actor, stage.services.vault, order)
    return await _draw(stage, actor, Print.TICKETS, cards, folder / f"{code}.pdf")


async def _site(stage: Stage, batch_id: UUID, code: str, site_id: UUID, folder: Path) -> int:
    """Every paper of one site, printed by the exam office; the room sessions are read once for all of them."""
    officer = stage.cast["officer"]
    async with stage.change() as session:
        packs = await queries.room_packs(session, officer, batch_id=batch_id, site_id=site_id)
        letters = await queries.letters(session, officer, batch_id=batch_id, site_id=site_id)
    days = queries.days_of(packs)
    own: dict[Print, Material] = {
        Print.HANDOVER: days,
        Print.SCHEDULE: days,
        Print.LETTERS: letters,
        Print.ROTA: rotas_of(packs),
    }
    files = [
        _draw(stage, officer, what, own.get(what, packs), folder / name / f"{code}.pdf")
        for what, name in FOLDERS.items()
    ]
    return sum(await asyncio.gather(*files))  # the children that draw take them side by side


async def _draw(stage: Stage, actor: Actor, what: Print, material: Material, path: Path) -> int:
    """Draw one file; an institution or site without a part in the batch has none."""
    if not material:
        return 0
    services = stage.services
    press = documents.press_of(services.settings, services.files, actor.name, services.clock.now())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((await documents.draw(what, material, press)).data)
    return 1
