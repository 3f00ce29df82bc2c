"""An institution reads its own people's hours, an officer those of the own batches; the workbook holds no formula."""

import io
from datetime import UTC, datetime, timedelta

import httpx
from python_calamine import CalamineWorkbook
from sqlalchemy import text

from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Grant, Role
from exam.kernel.ids import new_id
from exam.kernel.services import Services
from exam.sittings import actions as sittings
from exam.sittings.rules import Duty, DutySpec
from scheduling.duties import actions as duties
from scheduling.duties.actions import NewExaminer
from tests.exam.day import make_publication, make_room, make_specs
from tests.exam.registration.world import NOW, person
from tests.scheduling.pages import sign_in
from tests.scheduling.world import World, make_world
from tests.scoring.pages import plain_text

START = datetime(2026, 4, 11, 1, 0, tzinfo=UTC)
PERIOD = "first=2026-04-01&last=2026-04-30"
EVIL = "=1+1 甲"


async def served(services: Services) -> World:
    """One of the first school invigilates a room that was open for 75 of its planned minutes, one of the second is on duty too."""
    async with services.db.transaction() as session:
        world = await make_world(session)
        room = make_room(world.scheme, world.batch.id, START, 0)
        people = [
            await accounts.create_staff(
                session,
                SYSTEM,
                login=f"i{n}",
                name=name,
                password="correct-horse",
                grants=(Grant(Role.INVIGILATOR),),
                now=NOW,
            )
            for n, name in enumerate((EVIL, "乙"))
        ]
        pool = [
            NewExaminer(account_id=id, name=name, institution_id=world.schools[n].id)
            for n, (id, name) in enumerate(zip(people, (EVIL, "乙"), strict=True))
        ]
        await duties.add_examiners(session, world.officer, people=pool, now=NOW)
        found = [
            DutySpec(new_id(), room.id, one.account_id, one.name, Duty.INVIGILATOR, room.starts_at, room.ends_at)
            for one in pool
        ]
        publication = make_publication(world.batch.id, [room], make_specs(room, 1), found)
        await sittings.admit(session, world.officer, publication=publication, now=NOW)
        opened = START - timedelta(minutes=15)
        await session.execute(
            text("UPDATE exam.room_sessions SET status = 'closed', opened_at = :a, closed_at = :b, expected = 1, present = 0,"
                 " absent = 1"), {"a": opened, "b": START + timedelta(minutes=60)},
        )  # fmt: skip
    return world


async def test_each_reads_what_is_theirs(client: httpx.AsyncClient, services: Services) -> None:
    world = await served(services)
    await sign_in(client, services, world.secretaries[0])
    words = plain_text((await client.get(f"/scheduling/workload?{PERIOD}")).text)
    assert EVIL in words and "1.25" in words and "乙" not in words
    assert "这段时间没有职责" in (await client.get("/scheduling/workload?first=2026-05-01&last=2026-05-31")).text
    assert (await client.get(f"/scheduling/workload?{PERIOD}&institution={world.schools[1].id}")).status_code == 403
    assert (await client.get("/scheduling/workload?first=2026-05-01&last=2026-04-01")).status_code == 422

    book = CalamineWorkbook.from_filelike(
        io.BytesIO((await client.get(f"/scheduling/workload/hours.xlsx?{PERIOD}")).content)
    )
    assert book.sheet_names == ["按人汇总", "逐场明细"]
    head, line = book.get_sheet_by_name("按人汇总").to_python()
    assert (line[head.index("姓名")], line[head.index("实际时数")]) == (EVIL, 1.25)
    assert book.get_sheet_by_name("逐场明细").to_python()[1][-2:] == ["08:45", "10:00"]

    await sign_in(client, services, world.officer)
    assert "乙" in plain_text((await client.get(f"/scheduling/workload?{PERIOD}")).text)
    await sign_in(client, services, person(Role.EXAM_OFFICER, "organisation", new_id()))
    assert "这段时间没有职责" in (await client.get(f"/scheduling/workload?{PERIOD}")).text
    await sign_in(client, services, person(Role.INVIGILATOR))
    assert (await client.get("/scheduling/workload")).status_code == 403
