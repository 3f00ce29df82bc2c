"""Which batches, certificates and places a member of society may choose, and the way from the form to a plan."""

from datetime import date, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from exam.home.entry import opening, openings, places, takes
from exam.kernel.services import Services
from exam.registration import actions, queries
from exam.registration.queries.batches import BatchNotFound
from exam.registration.rules import BatchStatus, IdType
from exam.registration.rules.entry import Typed
from scheduling.sites import actions as sites
from scheduling.sites.rules import ApprovalStatus
from scheduling.timetable import actions as timetable
from scheduling.timetable import queries as plans
from tests.exam.registration.test_routes import photo
from tests.exam.registration.world import CLOSES, NOW, WUHAN, id_number, open_batch
from tests.scheduling.world import World, make_world, staff


@pytest.fixture
async def world(session: AsyncSession) -> World:
    return await make_world(session)


async def test_nothing_is_open_before_there_is_a_batch(session: AsyncSession) -> None:
    assert await openings(session, NOW) == []


async def test_an_open_batch_offers_the_prefectures_with_a_site(session: AsyncSession, world: World) -> None:
    found = await openings(session, NOW)
    assert [one.batch.id for one in found] == [world.batch.id]
    choice = found[0].choice(world.scheme.id)
    assert choice is not None
    assert [place.code for place in choice.places] == [WUHAN.code]  # Xiantao is waived: nobody chooses it
    assert found[0].choice(world.batch.id) is None
    assert [[one.scheme.id for one in levels] for levels in found[0].by_certificate] == [[world.scheme.id]]
    assert [place.code for place in found[0].places] == [WUHAN.code]


async def test_a_suspended_site_is_no_place(session: AsyncSession, world: World) -> None:
    await sites.move(
        session, world.province, approval_id=world.approval_id, to=ApprovalStatus.SUSPENDED, reason="检查", now=NOW
    )
    assert (await opening(session, world.batch.id, NOW)).places == []


async def test_an_approval_must_hold_on_every_day_of_the_batch(session: AsyncSession, world: World) -> None:
    late = await open_batch(session, [world.scheme], "B2", first_day=date(2026, 12, 30), last_day=date(2027, 1, 2))
    assert (await opening(session, late.id, NOW)).places == []
    assert places(world.batch, world.scheme, [], {}, {}) == ()


async def test_what_is_open_comes_first_and_what_has_closed_is_gone(session: AsyncSession, world: World) -> None:
    later = await actions.create_batch(
        session, world.officer, code="B3", name_zh="下一批次", name_en="Next batch", province_code="42",
        scheme_ids=[world.scheme.id], registration_opens_at=NOW + timedelta(days=2),
        registration_closes_at=NOW + timedelta(days=5), first_day=date(2026, 7, 4), last_day=date(2026, 7, 5),
        filing_no="1", now=NOW,
    )  # fmt: skip
    await actions.move_batch(session, world.officer, batch_id=later.id, to=BatchStatus.ANNOUNCED, now=NOW)
    assert [(one.batch.id, one.open) for one in await openings(session, NOW)] == [
        (world.batch.id, True), (later.id, False),
    ]  # fmt: skip
    assert await openings(session, CLOSES) == []
    assert not takes(world.batch, CLOSES)
    with pytest.raises(BatchNotFound):
        await opening(session, world.scheme.id, NOW)


async def test_who_registers_in_person_is_scheduled_like_the_others(
    session: AsyncSession, services: Services, world: World
) -> None:
    """Entered, accepted, paid, confirmed: placed at the site of the chosen prefecture, with an examiner in no conflict."""
    typed = Typed(
        name="林小满", id_type=IdType.RESIDENT, id_number=id_number(41, birth="19900301"), phone="16400000041",
        prefecture_code=WUHAN.code, eligible=True, consent=True,
    )  # fmt: skip
    made = await actions.enter(
        session, None, services.vault, services.files, batch_id=world.batch.id, scheme_id=world.scheme.id, typed=typed,
        photo=photo(), places={WUHAN.code}, key="key", now=NOW,
    )  # fmt: skip
    ids = [made.registration_id]
    await actions.accept(session, world.officer, registration_ids=ids, vault=services.vault, now=NOW)
    await actions.record_fee(session, world.officer, registration_ids=ids, receipt="S-1", now=NOW)
    await staff(session, world, 0, 6, may_invigilate=True, may_head=True)
    await staff(session, world, 1, 6, may_invigilate=True, may_head=False, assess=True)
    await actions.close(session, world.officer, batch_id=world.batch.id, now=NOW)
    assert (await queries.registration(session, made.registration_id)).status.confirmed
    plan = await timetable.propose(session, world.officer, batch_id=world.batch.id, seed=1, now=NOW)
    assert (plan.figures["placed"], plan.figures["unplaced"], plan.figures["unfilled"]) == (1, 0, 0)
    demand = await plans.demand(session, await queries.batch(session, world.batch.id))
    assert [(line.candidates_count, line.institutions_count, line.social_count) for line in demand] == [(1, 0, 1)]
