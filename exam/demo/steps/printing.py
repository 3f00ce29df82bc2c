"""The batch's printed documents, as the offices would print them: tickets by school, room packs and letters by site."""

from pathlib import Path
from uuid import UUID

from exam.demo.progress import Step
from exam.demo.stage import Stage
from exam.kernel.errors import N_
from scheduling.timetable import documents, queries


async def write(stage: Stage, batch_id: UUID, folder: Path, step: Step) -> int:
    """Write every document of the batch; returns how many files."""
    count = 0
    total = len(stage.schools) + 2 * len(stage.sites)
    for code in stage.schools:
        count += await _tickets(stage, batch_id, code, folder / "admission_tickets")
        step.tell(N_("%(done)s / %(all)s 个文件"), done=count, all=total)
    for code, site_id in stage.sites.items():
        count += await _rooms(stage, batch_id, code, site_id, folder)
        step.tell(N_("%(done)s / %(all)s 个文件"), done=count, all=total)
    step.tell(N_("%(count)s 个文件"), count=count)
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
    now, home = services.clock.now(), services.settings.home
    count = 0
    if packs:
        data = await documents.room_pack(
            packs, photos=services.files.get, printed_by=officer.name, now=now, home=home
        )
        _write(folder / "room_packs" / f"{code}.pdf", data)
        count += 1
    if letters:
        data = await documents.duty_letters(letters, printed_by=officer.name, now=now, home=home)
        _write(folder / "duty_letters" / f"{code}.pdf", data)
        count += 1
    return count


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
