"""Which applications to approve: who is counted, on which days, what each is for, whom it concerns."""

import asyncio
from datetime import date
from threading import Event
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Role
from exam.catalogue.rules import Level
from exam.kernel.clock import china_date
from exam.kernel.ids import new_id
from exam.kernel.services import Services
from exam.registration.models import InstitutionRow
from exam.registration.rules import Pilot
from scheduling.planning.rules.approvals import Approvals
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.promises import of_problem
from scheduling.planning.solver import approving_worth
from scheduling.sites.queries import coverage_view, suggesting
from scheduling.sites.rules import ApprovalStatus, Party, Standing
from scheduling.sites.rules.suggesting import Expected, GapReason, Suggestions, days_of, expected, next_party, question
from tests.exam.registration.world import NOW, XIANTAO, person
from tests.scheduling.pages import sign_in
from tests.scheduling.world import World, close, make_world, open_site, register

TODAY = china_date(NOW)


def test_days_are_those_of_the_batches_still_to_come_else_the_next_weekend() -> None:
    on = date(2026, 5, 16)  # a Saturday
    assert days_of([], on) == (date(2026, 5, 16), date(2026, 5, 17))
    assert days_of([], date(2026, 5, 18)) == (date(2026, 5, 23), date(2026, 5, 24))
    two = [(date(2026, 5, 15), date(2026, 5, 16)), (date(2026, 5, 16), date(2026, 5, 18))]
    assert days_of(two, on) == (date(2026, 5, 16), date(2026, 5, 17), date(2026, 5, 18))


def test_a_head_count_stands_in_only_where_nobody_has_registered_and_somebody_still_may() -> None:
    school, other, certificate, shut = new_id(), new_id(), new_id(), new_id()
    home, levels = {school: "429004", other: "420100"}, {certificate: Level.ELEMENTARY, shut: Level.ELEMENTARY}

    def pilot(institution: Any, of: Any, quota: int = 50) -> Pilot:
        return Pilot(id=new_id(), institution_id=institution, certificate_id=of, year=2026, quota=quota, majors=())

    one = Expected(
        institution_id=school, prefecture_code="429004", certificate_id=certificate, level=Level.ADVANCED, count=7,
        registered=True,
    )  # fmt: skip
    pilots = [pilot(school, certificate), pilot(other, certificate), pilot(other, shut), pilot(new_id(), certificate)]
    found = expected(pilots, [one], [shut], home, levels)
    assert [(each.institution_id, each.count, each.registered) for each in found] == [
        (school, 7, True),
        (other, 50, False),
    ]
    assert expected([pilot(other, certificate, quota=0)], [], [], home, levels) == ()
    assert expected([], [], [], {}, {}) == ()


def test_whose_step_is_next() -> None:
    assert next_party(ApprovalStatus.SUBMITTED) is Party.ORGANISATION
    assert next_party(ApprovalStatus.CONSULTED) is Party.PROVINCE
    assert next_party(ApprovalStatus.REVOKED) is None


async def told(session: AsyncSession, actor: Actor, world: World | None = None) -> Suggestions:
    asked = await suggesting.asked(session, actor, TODAY)
    answers = await suggesting.answered(asked, patience=60)
    assert answers is not None
    return suggesting.told(asked, answers, world.scheme.certificate_id if world else None)


async def spread(session: AsyncSession, world: World) -> None:
    """Schools in the places they are named after."""
    for number, east in enumerate((114.3, 114.4, 113.45)):
        place = InstitutionRow.id == world.schools[number].id
        await session.execute(update(InstitutionRow).where(place).values(latitude=30.5, longitude=east))


async def test_the_application_that_covers_and_saves_is_suggested_to_whom_it_waits_for(session: AsyncSession) -> None:
    world = await make_world(session, waiver=False)
    await spread(session, world)
    _, waiting = await open_site(session, world, 2, until=ApprovalStatus.CONSULTED)
    _, branch = await open_site(
        session, world, 1, standing=Standing.BRANCH, reason="学生多", until=ApprovalStatus.SUBMITTED
    )
    await open_site(session, world, 1, standing=Standing.BRANCH, reason="再说", until=ApprovalStatus.DRAFT)
    await register(session, world, 20, school=0)
    await register(session, world, 30, school=2)
    await close(session, world)
    found = await told(session, world.province)
    (one,) = found.suggestions
    assert (one.approval.id, one.covers, one.mine, one.party) == (waiting, True, True, Party.PROVINCE)
    assert one.saves_km == pytest.approx(30 * 81.4, rel=0.1)
    assert [each.approval.id for each in found.not_needed] == [branch]  # the draft is nobody's business yet
    assert (found.registered, found.expected, found.gaps, found.shortages, found.proven) == (50, 0, (), (), True)
    (same,) = (await told(session, world.officer, world)).suggestions
    assert (same.approval.id, same.mine) == (waiting, False)
    view = await coverage_view(session, TODAY)
    assert {tile.name_zh: tile.state for tile in suggesting.marked(view, found)}[XIANTAO.name_zh] == "suggested"


async def test_capacity_short_by_so_many_is_said(session: AsyncSession) -> None:
    world = await make_world(session, waiver=False)
    _, branch = await open_site(
        session, world, 1, standing=Standing.BRANCH, reason="学生多", until=ApprovalStatus.AGREED
    )
    await register(session, world, 200, school=0)
    await close(session, world)
    found = await told(session, world.province)
    (one,) = found.suggestions
    held = 8 * 3 * 3  # stations, candidates each passes in half a day, halves but the first: theory comes before
    assert (one.approval.id, one.short_by) == (branch, held)
    assert [each.count for each in found.shortages] == [200 - 2 * held]
    assert [(each.prefecture.code, each.reason) for each in found.gaps] == [(XIANTAO.code, GapReason.NO_APPLICANT)]


async def test_a_branch_alone_is_told_as_what_it_is(session: AsyncSession) -> None:
    world = await make_world(session, waiver=False)
    _, branch = await open_site(session, world, 2, standing=Standing.BRANCH, reason="先设分站点")
    (gap,) = (await told(session, world.province)).gaps
    assert (gap.reason, gap.approval and gap.approval.id) == (GapReason.BRANCH_ONLY, branch)


async def test_the_question_keeps_the_promises_of_the_format(session: AsyncSession) -> None:
    world = await make_world(session, waiver=True)
    await open_site(session, world, 2, until=ApprovalStatus.SUBMITTED)
    await register(session, world, 5, school=None, prefecture=XIANTAO.code)
    (province,) = (await suggesting.asked(session, world.province, TODAY)).provinces
    problem = question(province)
    assert list(of_problem(problem)) == []
    assert (len(problem.applications), len(problem.waivers), len(problem.groups)) == (1, 1, 4)
    assert "考生0" not in repr(problem)  # nobody's name


async def test_it_concerns_the_province_itself_and_the_organisation_itself(session: AsyncSession) -> None:
    world = await make_world(session, waiver=False)
    await open_site(session, world, 2, until=ApprovalStatus.CONSULTED)
    for nobody in (
        person(Role.PROVINCE, "province", "41"),
        person(Role.EXAM_OFFICER, "organisation", new_id()),
        person(Role.UNIT, "unit", XIANTAO.code),
        world.secretaries[2],
    ):
        asked = await suggesting.asked(session, nobody, TODAY)
        assert (asked.provinces, asked.mine, asked.applications) == ((), frozenset(), 0)
    assert (await suggesting.asked(session, world.province, TODAY)).applications == 1


async def test_who_cannot_wait_is_told_so_and_finds_the_answer_later(
    session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await make_world(session, waiver=False)
    await open_site(session, world, 2, until=ApprovalStatus.CONSULTED)
    asked = await suggesting.asked(session, world.province, TODAY)
    begun, go_on = Event(), Event()
    propose = approving_worth.propose

    def held(problem: Problem) -> Approvals:
        begun.set()
        assert go_on.wait(60)
        return propose(problem)

    monkeypatch.setattr(suggesting, "propose", held)
    desk = suggesting.Desk()
    assert await desk.answers(asked.provinces, patience=0) is None
    assert await asyncio.to_thread(begun.wait, 60)
    assert await desk.answers(asked.provinces, patience=0) is None  # asked again, computed once
    go_on.set()
    found = await desk.answers(asked.provinces, patience=60)
    assert found is not None and len(found) == 1
    assert (await desk.answers(asked.provinces, patience=0)) == found
    assert await desk.answers((), patience=0) == []


async def test_pages_of_whom_it_concerns_not(
    client: httpx.AsyncClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with services.db.transaction() as session:
        world = await make_world(session, waiver=False)
        await open_site(session, world, 2, until=ApprovalStatus.CONSULTED)
    await sign_in(client, services, person(Role.UNIT, "unit", XIANTAO.code))
    assert "建议批准的站点" not in (await client.get("/scheduling/coverage")).text
    assert (await client.get("/scheduling/coverage/suggestions")).status_code == 403
    await sign_in(client, services, person(Role.PROVINCE, "province", "41"))
    assert "演示学校3考点" not in (await client.get("/scheduling/coverage")).text
    await sign_in(client, services, world.province)
    shown = (await client.get("/scheduling/coverage/suggestions")).text
    assert "演示学校3考点" in shown
    elsewhere = (await client.get("/scheduling/coverage/suggestions?prefecture=420100")).text
    assert "演示学校3考点" not in elsewhere

    async def later(asked: object) -> None:
        return None

    monkeypatch.setattr(suggesting, "answered", later)
    waiting = await client.get("/scheduling/coverage")
    assert 'data-poll="/scheduling/coverage/suggestions' in waiting.text
    assert "X-Done" not in (await client.get("/scheduling/coverage/suggestions")).headers
