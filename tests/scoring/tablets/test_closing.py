"""Closing a session: only what is over and balances, or an officer signs; what comes later is taken and told."""

from random import Random

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Role, Scope
from exam.kernel.errors import Forbidden, NotFound
from scoring.marking import queries as marking
from scoring.tablets import actions, queries
from scoring.tablets.rules.closing import (
    ClosedAlready,
    LedgerMoved,
    NothingToClose,
    SettledAlready,
    StillSitting,
    WordsMissing,
)
from scoring.tablets.rules.events import Kind, SheetKey
from scoring.tablets.rules.ledger import GapReasonMissing, Lacking, NotBalanced
from tests.exam.day import person
from tests.scoring.tablets.test_actions import NOW, Site, make_site, send
from tests.scoring.world import finish


def officer(site: Site) -> Actor:
    """The exam officer of the world's organisation."""
    return person(Role.EXAM_OFFICER, Scope("organisation", str(site.world.scheme.organisation_id)), name="officer")


async def scored(session: AsyncSession) -> Site:
    """Every candidate scored by both assessors on one tablet, the part over, nothing sent yet."""
    site = await make_site(session)
    await finish(session, site.world, "P")
    for candidate in range(3):
        for assessor in range(2):
            site.tablet.score(site.sheet(candidate, assessor), Random(candidate))
    return site


async def _close(session: AsyncSession, site: Site, actor: Actor, reason: str = "", seen: str | None = None) -> None:
    room = site.world.rooms["P"].id
    digest = (await queries.ledger(session, room)).digest
    await actions.close_room(session, actor, room_session_id=room, seen=seen or digest, reason=reason, now=NOW)


async def test_a_balanced_session_is_closed_once_and_lets_its_marks_go(session: AsyncSession) -> None:
    site = await scored(session)
    await send(session, site)
    assert [one.id for one in await marking.held_rooms(session, site.world.batch_id)] == [site.world.rooms["P"].id]
    await _close(session, site, site.head)
    assert await marking.held_rooms(session, site.world.batch_id) == []
    view = await queries.room_ledger(session, site.world.rooms["P"].id, NOW)
    assert view.closing is not None
    assert (view.closing.gaps, view.closing.sheets_signed, view.closing.closed_name) == ((), 6, "head")
    with pytest.raises(ClosedAlready):
        await _close(session, site, officer(site))
    with pytest.raises(DBAPIError, match="append-only"):
        await session.execute(text("UPDATE scoring.room_closings SET reason = 'x'"))


async def test_a_gap_is_signed_by_an_officer_with_a_reason_and_nobody_else(session: AsyncSession) -> None:
    site = await scored(session)
    await send(session, site, *range(1, 40))
    for somebody in (site.head, site.world.lead):
        with pytest.raises(NotBalanced):
            await _close(session, site, somebody, "平板进水")
    with pytest.raises(GapReasonMissing):
        await _close(session, site, officer(site), "  ")
    await _close(session, site, officer(site), "平板进水")
    missing = len(site.tablet.events)
    before = await queries.room_ledger(session, site.world.rooms["P"].id, NOW)
    assert before.closing is not None and before.arrived == ()
    assert {one.gap.why for one in before.closing_gaps} >= {Lacking.NUMBERS, Lacking.SHEET}
    await send(session, site)  # the line is back
    after = await queries.room_ledger(session, site.world.rooms["P"].id, NOW)
    assert after.ledger.balanced
    assert [one.gap for one in after.arrived] == [one.gap for one in after.closing_gaps]
    assert (after.arrived[0].gap.first, after.arrived[0].gap.last) == (40, missing)


async def test_only_who_runs_the_session_closes_it(session: AsyncSession) -> None:
    site = await scored(session)
    await send(session, site)
    other = person(Role.EXAM_OFFICER, Scope("organisation", str(site.world.batch_id)), name="other")
    for stranger in (site.world.assessors[0], site.world.invigilator, site.world.verifier, other):
        with pytest.raises(Forbidden):
            await _close(session, site, stranger, "x")
    await _close(session, site, site.world.lead)


async def test_what_is_signed_is_what_was_seen(session: AsyncSession) -> None:
    site = await scored(session)
    seen = (await queries.ledger(session, site.world.rooms["P"].id)).digest
    await send(session, site, 1, 2, 3)
    with pytest.raises(LedgerMoved):
        await _close(session, site, officer(site), "x", seen=seen)


async def test_a_session_that_is_not_over_is_not_closed(session: AsyncSession) -> None:
    site = await make_site(session)
    with pytest.raises(StillSitting) as refused:
        await _close(session, site, officer(site), "x")
    assert refused.value.facts["count"] == 3


async def test_a_session_without_tablets_has_nothing_to_close(session: AsyncSession) -> None:
    site = await make_site(session)
    await actions.take_back(
        session,
        site.head,
        tablet_id=site.tablet.id,
        room_session_id=site.world.rooms["P"].id,
        unused_reason="没有用",
        now=NOW,
    )
    await finish(session, site.world, "P")
    with pytest.raises(NothingToClose):
        await _close(session, site, officer(site), "x")
    assert await marking.held_rooms(session, site.world.batch_id) == [], "its marks wait for nothing"
    assert await queries.rooms_with_tablets(session, since=NOW) == []
    room = site.world.rooms["P"].id
    await actions.give_out(session, site.head, tablet_id=site.tablet.id, room_session_id=room, now=NOW)
    assert [one.id for one in await marking.held_rooms(session, site.world.batch_id)] == [room]


async def test_what_could_not_be_taken_is_a_gap_until_somebody_says_what_became_of_it(session: AsyncSession) -> None:
    site = await scored(session)
    stranger = SheetKey(sitting_id=site.world.sittings["P", 0], assessor_id=site.world.batch_id)
    site.tablet.write(Kind.OPENED, stranger)
    await send(session, site)
    room = site.world.rooms["P"].id
    (gap,) = (await queries.ledger(session, room)).gaps
    assert (gap.why, gap.first) == (Lacking.ODDITY, len(site.tablet.events))
    (odd,) = (await queries.room_ledger(session, room, NOW)).open_oddities

    async def settle(actor: Actor, words: str, *, of: object = odd.id) -> None:
        await actions.settle_oddity(session, actor, room_session_id=room, oddity_id=of, words=words, now=NOW)  # type: ignore[arg-type]

    with pytest.raises(WordsMissing):
        await settle(site.head, " ")
    with pytest.raises(Forbidden):
        await settle(site.world.assessors[0], "误扫他人评分证")
    with pytest.raises(NotFound):
        await settle(site.head, "误扫他人评分证", of=room)
    await settle(site.head, "误扫他人评分证")
    with pytest.raises(SettledAlready):
        await settle(site.head, "又一次")
    assert (await queries.ledger(session, room)).balanced
    (kept,) = (await queries.room_ledger(session, room, NOW)).settled_oddities
    assert (kept.settlement, kept.body) == ("误扫他人评分证", site.tablet.events[-1].body)


async def test_the_page_tells_each_sheet_of_each_candidate(session: AsyncSession) -> None:
    site = await make_site(session)
    site.tablet.score(site.sheet(0, 0), Random(1))
    site.tablet.score(site.sheet(1, 1), Random(1), sign=False)
    await send(session, site)
    view = await queries.room_ledger(session, site.world.rooms["P"].id, NOW)
    assert [[cell.standing.value for cell in line.cells] for line in view.lines] == [
        ["signed", "nothing"], ["nothing", "draft"], ["nothing", "nothing"]
    ]  # fmt: skip
    assert [(one.chain.label, one.whole, one.silent) for one in view.devices] == [("T07", True, False)]
    assert [(one.gap.why, one.seat, one.assessor) for one in view.gaps][:2] == [
        (Lacking.SHEET, 1, "assessor2"), (Lacking.SHEET, 2, "assessor1")
    ]  # fmt: skip
    (line,) = await queries.room_lines(session, await queries.rooms_with_tablets(session, since=NOW))
    assert line.ledger is not None
    assert (line.room.id, line.ledger.digest, line.closing) == (view.room.id, view.ledger.digest, None)


async def test_an_open_session_waits_on_the_first_page_of_those_who_close_it(session: AsyncSession) -> None:
    site = await scored(session)
    await send(session, site)
    after = site.world.rooms["P"].ends_at

    async def told(actor: Actor) -> list[tuple[str, int]]:
        return [(one.href, one.count) for one in await queries.ledger_needs(session, actor, after)]

    waits = [(f"/scoring/tablets/rooms/{site.world.rooms['P'].id}", 1)]
    for actor in (site.head, site.world.lead, officer(site)):
        assert await told(actor) == waits
    for actor in (site.world.assessors[0], site.world.verifier, site.world.invigilator):
        assert await told(actor) == []
    assert await queries.ledger_needs(session, site.head, NOW) == [], "not while it runs"
    await _close(session, site, site.head)
    assert await told(site.head) == []
