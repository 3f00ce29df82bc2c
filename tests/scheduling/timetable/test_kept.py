"""What is kept between pages holds until something is recorded, and no longer; what is counted is what stands there."""

import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from exam.catalogue.rules import Form
from exam.kernel.clock import china_date
from exam.registration.models import ExemptionRow
from scheduling.duties import queries as duties
from scheduling.sites import actions as sites
from scheduling.timetable import actions, queries
from scheduling.timetable.queries import intake, stored
from scheduling.timetable.queries.kept import Shelf
from tests.exam.registration.world import NOW
from tests.scheduling.world import World, close, make_world, register, staff


@pytest.fixture
async def world(session: AsyncSession) -> World:
    made = await make_world(session)
    await register(session, made, 24, school=0)
    await register(session, made, 6, school=None)
    await staff(session, made, 0, 12, may_invigilate=True, may_head=True)
    await staff(session, made, 1, 12, may_invigilate=True, may_head=False, assess=True)
    await close(session, made)
    return made


async def test_a_shelf_holds_the_things_used_last() -> None:
    shelf, made = Shelf[str, str](2), list[str]()

    def making(name: str) -> Callable[[], Any]:
        async def make() -> str:
            made.append(name)
            return name.upper()

        return make

    for name in ("a", "b", "a", "c", "a", "b"):
        assert await shelf.get(name, making(name)) == name.upper()
    assert made == ["a", "b", "c", "b"]


async def test_names_change_as_soon_as_something_is_recorded(session: AsyncSession, world: World) -> None:
    before = await queries.names_of(session)
    assert await queries.names_of(session) is before
    await sites.add_room(
        session, world.secretaries[0], site_id=world.site_id, code="N1", name_zh="新考场", form=Form.COMPUTER, seats=10, spares=1, now=NOW,
    )  # fmt: skip
    after = await queries.names_of(session)
    assert "新考场" in [room.name_zh for room in after.sites[world.site_id].rooms]


async def test_pages_of_pins_draft_a_batch_once(
    session: AsyncSession, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    pins = sys.modules["scheduling.timetable.queries.pins"]  # beside it stands a function of that name
    drafts = []
    real = pins.drafted

    async def counted(*args: Any) -> Any:
        drafts.append(args)
        return await real(*args)

    monkeypatch.setattr(pins, "drafted", counted)

    async def look() -> int:
        view = await queries.pins_view(
            session, world.officer, world.batch.id, choice=queries.Choice(), today=china_date(NOW)
        )
        return len(view.pickers.groups)

    assert [await look(), await look(), len(drafts)] == [2, 2, 1]
    await sites.add_room(
        session, world.secretaries[0], site_id=world.site_id, code="N1", name_zh="新考场", form=Form.COMPUTER, seats=10,
        spares=1, now=NOW,
    )  # fmt: skip
    assert [await look(), len(drafts)] == [2, 2]


async def test_counts_are_those_of_the_rows(session: AsyncSession, world: World) -> None:
    part = world.scheme.components[0]
    session.add(
        ExemptionRow(
            registration_id=world.registrations[0], component_id=part.id, reason="免试", proof="证明", decided_by=None,
            decided_at=NOW,
        )
    )  # fmt: skip
    await session.flush()
    (line,) = await intake.demand(session, world.batch)
    whole = 30 * len(world.scheme.components)
    assert (line.candidates_count, line.sittings_count, line.spared_count) == (30, whole - 1, 1)
    assert (line.institutions_count, line.social_count) == (1, 6)

    plan = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=3, now=NOW)
    held = await stored.sessions(session, plan.id)
    days = await stored.room_days(session, plan.id)
    assert sum(one.sessions_count for one in days) == len(held)
    assert sum(one.sittings_count for one in days) == sum(one.candidates_count for one in held) == whole - 1
    assert {(one.room_id, one.day) for one in days} == {(one.room_id, china_date(one.starts_at)) for one in held}
    assert sum((await stored.placed_at(session, plan.id)).values()) == 30
    assert await stored.begins(session, plan.id) == min(one.starts_at for one in held)
    one_only = await stored.placements(session, plan.id, registration_ids=world.registrations[:1])
    assert list(one_only) == world.registrations[:1]


async def test_loads_count_rooms_at_one_time_once(session: AsyncSession, world: World) -> None:
    plan = await actions.propose(session, world.officer, batch_id=world.batch.id, seed=3, now=NOW)
    sent = await duties.planned(session, plan.id)
    loads = await duties.loads(session, plan.id)
    assert sum(one.sessions_count for one in loads) == len(sent) > 0
    for load in loads:
        own = sorted((one.starts_at, one.ends_at) for one in sent if one.examiner_id == load.examiner_id)
        total, until = timedelta(), own[0][0]
        for starts, ends in own:
            total += max(timedelta(), ends - max(starts, until))
            until = max(until, ends)
        assert load.minutes == total.total_seconds() // 60
        assert load.days_count == len({china_date(starts) for starts, _ in own})
