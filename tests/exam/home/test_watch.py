"""What those see who decide nothing: the unit its schools, the inspector nothing without an exam, the auditor the log."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Grant, Role, Scope
from exam.home import watch
from exam.kernel import audit
from exam.kernel.ids import new_id
from exam.kernel.services import Services
from exam.registration import actions
from tests.exam.registration.world import NOW, make_world, row, workbook


def actor(role: Role, scope: Scope) -> Actor:
    return Actor(None, "示例", (Grant(role, scope),))


async def test_a_unit_sees_who_is_missing_while_there_is_time(session: AsyncSession, services: Services) -> None:
    world = await make_world(session)
    unit = actor(Role.UNIT, Scope("unit", world.school.unit_code))
    (silent,) = await watch.needs(session, unit, NOW)
    assert "还没有报名" in silent.text
    await actions.import_roster(
        session, world.secretary, services.vault, batch_id=world.batch.id, institution_id=world.school.id,
        filename="名单.xlsx", data=workbook([row(1), row(2)]), now=NOW,
    )  # fmt: skip
    after = {need.text: need.count for need in await watch.needs(session, unit, NOW)}
    assert [count for text, count in after.items() if "不全" in text] == [2]
    assert sum(count for text, count in after.items() if "还没有报名" in text) == silent.count - 1
    assert await watch.needs(session, unit, world.batch.registration_closes_at) == []
    assert await watch.needs(session, actor(Role.UNIT, Scope("unit", "999999")), NOW) == []


async def test_an_inspector_without_an_exam_today_has_nothing(session: AsyncSession) -> None:
    await make_world(session)
    assert await watch.needs(session, actor(Role.INSPECTOR, Scope("province", "42")), NOW) == []


async def test_an_auditor_sees_todays_records_and_the_weeks_kinds(session: AsyncSession) -> None:
    auditor = actor(Role.AUDITOR, Scope("all"))
    assert await watch.needs(session, auditor, NOW) == []
    for action, days in (("reviews.accept", 3), ("reviews.request", 8), ("sites.move", 0)):
        await audit.record(
            session, auditor, action, subject="x", ids=[new_id()], stream="test", now=NOW - timedelta(days=days)
        )
    assert [(need.count, need.href) for need in await watch.needs(session, auditor, NOW)] == [
        (1, "/exam/accounts/audit?verify=true"), (1, "/exam/accounts/audit?action=reviews."),
    ]  # fmt: skip
    assert await watch.needs(session, actor(Role.EXAM_OFFICER, Scope("all")), NOW) == []
