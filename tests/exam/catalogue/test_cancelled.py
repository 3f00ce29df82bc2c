"""Cancelled vocational qualifications (A04): what is the same title, and where it is refused."""

from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import SYSTEM, Actor, Grant, Role
from exam.catalogue import actions, queries
from exam.catalogue.rules import (
    CancelledTitle,
    Level,
    TitleCancelled,
    TitleIncomplete,
    TitleListed,
    require_introducible,
    title_key,
)
from exam.kernel.errors import Forbidden
from exam.registration import actions as registration
from tests.conftest import NOW
from tests.exam.catalogue.builders import definition
from tests.exam.registration.world import make_world

TODAY = date(2026, 5, 16)
GONE = CancelledTitle(name_zh="物流师", cancelled_on=TODAY, source="国发〔2016〕68号")


@pytest.mark.parametrize(
    "name",
    ["物流师", " 物流 师 ", "物流师职业资格证书", "物流师证书", "物流师资格证书"],
)
def test_the_same_title_however_it_is_called(name: str) -> None:
    with pytest.raises(TitleCancelled) as refused:
        require_introducible([name], [GONE], TODAY)
    assert refused.value.facts["since"] == TODAY


def test_other_titles_other_days_and_nothing_at_all_pass() -> None:
    require_introducible([], [GONE], TODAY)
    require_introducible(["物流师"], [], TODAY)
    require_introducible(["物流师"], [GONE], TODAY - timedelta(days=1))
    require_introducible(["物流管理", "高级物流师", "证书"], [GONE], TODAY)
    assert title_key("") == ""


async def enter(session: AsyncSession, name: str, actor: Actor = SYSTEM, source: str = "国发〔2016〕68号") -> None:
    await actions.cancel_title(session, actor, name_zh=name, cancelled_on=TODAY, source=source, now=NOW)


async def test_a_title_is_entered_once_by_who_may_and_never_taken_off(session: AsyncSession) -> None:
    assert await queries.cancelled_titles(session) == []
    with pytest.raises(Forbidden):
        await enter(session, "物流师", Actor(None, "巡考", (Grant(Role.INSPECTOR),)))
    for name, source in ((" ", "国发"), ("物流师", " ")):
        with pytest.raises(TitleIncomplete):
            await enter(session, name, source=source)
    await enter(session, "物流师")
    with pytest.raises(TitleListed):
        await enter(session, "物流师职业资格证书")
    assert await queries.cancelled_titles(session) == [GONE]
    with pytest.raises(DBAPIError):
        await session.execute(text("DELETE FROM exam.cancelled_titles"))


async def test_no_certificate_scheme_or_batch_brings_it_back(session: AsyncSession) -> None:
    made = await actions.add_organisation(
        session, SYSTEM, code="T001", name_zh="测试评价组织", name_en="Test organisation", now=NOW
    )
    add = partial(
        actions.add_certificate, session, SYSTEM, organisation_id=made, name_en="Test", batch_no=1,
        levels=[Level.ELEMENTARY], now=NOW,
    )  # fmt: skip
    await add(code="TST", name_zh="测试证书")
    await actions.publish_scheme(session, SYSTEM, definition=definition(), now=NOW)
    await enter(session, "测试证书")
    with pytest.raises(TitleCancelled):
        await add(code="TS2", name_zh="测试职业资格证书")
    with pytest.raises(TitleCancelled):
        await actions.publish_scheme(session, SYSTEM, definition=definition(), now=NOW)
    await actions.publish_scheme(session, SYSTEM, definition=definition(), now=NOW - timedelta(days=1))


async def test_no_batch_examines_it(session: AsyncSession) -> None:
    world = await make_world(session)
    (scheme, *_) = [one for one in await queries.schemes(session) if one.id in world.batch.scheme_ids]
    await enter(session, scheme.certificate_name_zh)
    with pytest.raises(TitleCancelled):
        await registration.create_batch(
            session, SYSTEM, code="NEW-1", name_zh="新批次", name_en="New", province_code="42", scheme_ids=[scheme.id],
            registration_opens_at=NOW, registration_closes_at=NOW + timedelta(days=9), first_day=date(2026, 6, 6),
            last_day=date(2026, 6, 7), now=NOW,
        )  # fmt: skip
