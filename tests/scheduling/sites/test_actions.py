"""Sites on a real database: conditions, applications, the designated place, coverage and waivers."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Role
from exam.catalogue.rules import Form
from exam.kernel.errors import Forbidden, Invalid
from scheduling.sites import actions, queries
from scheduling.sites.models import ApprovalRow
from scheduling.sites.rules import (
    ApprovalStatus,
    ApprovalUnknown,
    BrandNamed,
    CapacityMissing,
    CoverageState,
    DesignatedTaken,
    NotYourStep,
    ReasonMissing,
    SiteUnknown,
    Standing,
    StepNotAllowed,
    WaiverNotNeeded,
)
from tests.exam.registration.world import NOW, WUHAN, XIANTAO, person
from tests.scheduling.world import YEAR, make_world, open_site


async def test_nothing_is_covered_without_pilots(session: AsyncSession) -> None:
    view = await queries.coverage_view(session, date(2026, 5, 16))
    assert (view.lines, view.uncovered, view.tiles) == ((), (), ())


async def test_coverage_is_told_by_name(session: AsyncSession) -> None:
    world = await make_world(session, waiver=False)
    view = await queries.coverage_view(session, date(2026, 5, 16))
    assert [(line.prefecture.name_zh, line.state) for line in view.lines] == [
        ("仙桃市", CoverageState.MISSING),
        ("武汉市", CoverageState.COVERED),
    ]
    assert {tile.code: (tile.state, tile.note) for tile in view.tiles} == {
        WUHAN.code: ("covered", "1/1"),
        XIANTAO.code: ("missing", "0/1"),
    }
    needs = await queries.needs(session, world.province, NOW)
    assert [need.count for need in needs] == [1]


async def test_a_waiver_needs_a_reason_and_a_gap(session: AsyncSession) -> None:
    world = await make_world(session, waiver=False)
    given: dict[str, Any] = {
        "certificate_id": world.scheme.certificate_id,
        "valid_from": YEAR[0],
        "valid_to": YEAR[1],
        "now": NOW,
    }
    with pytest.raises(ReasonMissing):
        await actions.waive(session, world.province, prefecture_code=XIANTAO.code, reason=" ", **given)
    with pytest.raises(WaiverNotNeeded):
        await actions.waive(session, world.province, prefecture_code=WUHAN.code, reason="没有考生", **given)
    with pytest.raises(Forbidden):
        await actions.waive(session, world.secretaries[0], prefecture_code=XIANTAO.code, reason="没有考生", **given)
    await actions.waive(session, world.province, prefecture_code=XIANTAO.code, reason="考生不足二十人", **given)
    view = await queries.coverage_view(session, date(2026, 5, 16))
    assert view.uncovered == ()
    assert view.lines[0].line.reason == "考生不足二十人"


async def test_steps_are_taken_in_order_by_whoever_takes_them(session: AsyncSession) -> None:
    world = await make_world(session)
    _, approval_id = await open_site(
        session, world, 1, standing=Standing.BRANCH, reason="在校生多", until=ApprovalStatus.DRAFT
    )
    step = ApprovalStatus.SUBMITTED
    with pytest.raises(ApprovalUnknown):  # another school is no party
        await actions.move(session, world.secretaries[0], approval_id=approval_id, to=step, now=NOW)
    with pytest.raises(NotYourStep):
        await actions.move(session, world.province, approval_id=approval_id, to=step, now=NOW)
    with pytest.raises(StepNotAllowed):
        await actions.move(session, world.secretaries[1], approval_id=approval_id, to=ApprovalStatus.ACTIVE, now=NOW)
    await actions.move(session, world.secretaries[1], approval_id=approval_id, to=step, now=NOW)
    with pytest.raises(ReasonMissing):
        await actions.move(session, world.officer, approval_id=approval_id, to=ApprovalStatus.RETURNED, now=NOW)
    back = await actions.move(
        session, world.officer, approval_id=approval_id, to=ApprovalStatus.RETURNED, reason="缺消防验收", now=NOW
    )
    assert (back.status, back.note) == (ApprovalStatus.RETURNED, "缺消防验收")
    view = await queries.approval_view(session, world.secretaries[1], approval_id)
    assert view.steps == (ApprovalStatus.SUBMITTED,)
    assert [entry.to_status for entry in view.history] == [ApprovalStatus.SUBMITTED, ApprovalStatus.RETURNED]


async def test_one_designated_site_per_certificate_and_prefecture(session: AsyncSession) -> None:
    world = await make_world(session)
    with pytest.raises(DesignatedTaken) as refusal:
        await open_site(session, world, 1)
    assert refusal.value.facts["site"] == "演示学校1考点"
    with pytest.raises(ReasonMissing):
        await open_site(session, world, 1, standing=Standing.BRANCH)


async def test_the_database_holds_the_designated_place(session: AsyncSession) -> None:
    world = await make_world(session)
    _, branch = await open_site(session, world, 1, standing=Standing.BRANCH, reason="在校生多")
    with pytest.raises(IntegrityError, match="uq_site_approvals_designated"):
        async with session.begin_nested():
            await session.execute(update(ApprovalRow).where(ApprovalRow.id == branch).values(standing="designated"))
    with pytest.raises(IntegrityError, match="standing_reason"):
        async with session.begin_nested():
            await session.execute(update(ApprovalRow).where(ApprovalRow.id == branch).values(standing_reason=" "))
    assert await queries.invariants(session) == []


async def test_conditions_name_no_brand_and_hold_the_capacity(session: AsyncSession) -> None:
    world = await make_world(session)
    certificate_id = world.scheme.certificate_id
    with pytest.raises(BrandNamed):
        await actions.publish_conditions(
            session, world.officer, certificate_id=certificate_id, body="电脑须购置某牌", minimum={}, now=NOW
        )
    version = await actions.publish_conditions(
        session, world.officer, certificate_id=certificate_id, body="机位充足。", minimum={Form.COMPUTER: 90}, now=NOW
    )
    assert version == 2
    with pytest.raises(CapacityMissing) as refusal:
        await open_site(session, world, 1, standing=Standing.BRANCH, reason="在校生多")
    assert [(p.facts["need"], p.facts["have"]) for p in refusal.value.problems] == [(90, 27)]


async def test_only_the_own_school_adds_rooms(session: AsyncSession) -> None:
    world = await make_world(session)
    with pytest.raises(SiteUnknown):
        await actions.add_room(
            session,
            world.secretaries[1],
            site_id=world.site_id,
            code="X",
            name_zh="X",
            form=Form.PAPER,
            seats=30,
            now=NOW,
        )
    with pytest.raises(Invalid) as refusal:
        await actions.add_room(
            session, world.secretaries[0], site_id=world.site_id, code="R1", name_zh="X", form=Form.PAPER, seats=2, spares=2,
            now=NOW,
        )  # fmt: skip
    assert [problem.field for problem in refusal.value.problems] == ["code", "spares"]


async def test_others_see_only_what_is_in_force(session: AsyncSession) -> None:
    world = await make_world(session)
    _, draft = await open_site(
        session, world, 1, standing=Standing.BRANCH, reason="在校生多", until=ApprovalStatus.DRAFT
    )
    inspector = person(Role.INSPECTOR)
    assert [one.id for one in await queries.visible_approvals(session, inspector)] == [world.approval_id]
    assert {one.id for one in await queries.visible_approvals(session, world.secretaries[1])} == {
        world.approval_id,
        draft,
    }
    with pytest.raises(ApprovalUnknown):
        await queries.approval_view(session, inspector, draft)


async def test_an_approval_ends_with_its_period_and_frees_its_place(session: AsyncSession) -> None:
    world = await make_world(session)
    assert await actions.expire(session, now=NOW) == 0
    later = NOW.replace(year=2027)
    assert await actions.expire(session, now=later) == 1
    assert await actions.expire(session, now=later) == 0
    view = await queries.approval_view(session, world.officer, world.approval_id)
    assert view.approval.status is ApprovalStatus.EXPIRED
    await open_site(session, world, 1)  # another school may be the main site now
