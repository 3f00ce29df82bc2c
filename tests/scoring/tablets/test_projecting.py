"""What tablets signed becomes score sheets: once, in any order, with the words why where it cannot."""

from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from exam import worker
from exam.kernel.services import Services
from exam.sittings import actions as sitting_actions
from exam.sittings import queries as sittings
from exam.sittings.rules import SittingStatus
from scoring.marking import actions as marking_actions
from scoring.marking import queries as marking
from scoring.marking.rules import SheetStatus
from scoring.outcomes.queries import recheck
from scoring.tablets import actions, queries
from scoring.tablets.rules.events import Event, Kind, SheetKey
from scoring.tablets.rules.folding import fold
from scoring.tablets.rules.ledger import Lacking
from scoring.tablets.rules.packs import sheet_sha256
from scoring.tablets.rules.settling import Matter, Outcome, contradicting, versions
from tests.scoring.tablets.test_actions import NOW, Site, make_site
from tests.scoring.tablets.world import Tablet, message
from tests.scoring.world import GOOD


def sign(site: Site, sheet: SheetKey, tablet: Tablet | None = None, **changes: Any) -> None:
    """A sheet as it is filled in and signed."""
    tablet = tablet or site.tablet
    answers = {**GOOD, **changes.pop("answers", {})}
    answers = {row: value for row, value in answers.items() if value is not None}
    if sheet.version > 1:
        tablet.write(Kind.CORRECTED, sheet, reason=changes.pop("reason", "看错了"))
    tablet.write(Kind.OPENED, sheet)
    tablet.write(Kind.ANSWERED, sheet, row="A1", value=answers.get("A1"))
    tablet.write(Kind.SIGNED, sheet, **{"answers": answers, "overtime": 0, "note": "", **changes})


def version(sheet: SheetKey, number: int) -> SheetKey:
    return SheetKey(sitting_id=sheet.sitting_id, assessor_id=sheet.assessor_id, version=number)


async def take(session: AsyncSession, site: Site, *events: Event) -> None:
    sent, room = message(site.tablet, events or site.tablet.events), site.world.rooms["P"]
    await actions.take(session, sent, site.signer.sign(sent.body), now=room.starts_at)
    await actions.project(session, room_session_id=room.id, now=room.starts_at)


async def outcomes(session: AsyncSession, site: Site) -> list[tuple[int, Matter, Outcome, str]]:
    found = await queries.settlements(session, room_session_ids=[site.world.rooms["P"].id])
    return [(one.version, one.matter, one.outcome, one.code) for one in found]


async def stored(session: AsyncSession, site: Site) -> dict[tuple[UUID, UUID], Any]:
    sheets = await marking.sheets(session, room_session_ids=[site.world.rooms["P"].id])
    return {(one.sitting_id, one.assessor_id): one for one in sheets}


async def test_signed_sheets_are_entered_and_the_server_adds(session: AsyncSession) -> None:
    site = await make_site(session)
    for assessor in range(2):
        sign(site, site.sheet(0, assessor), answers={"C1": assessor})
    site.tablet.write(Kind.OPENED, site.sheet(1))
    site.tablet.write(Kind.ANSWERED, site.sheet(1), row="A1", value="20.000")
    await take(session, site)
    found = await stored(session, site)
    assert {one.status for one in found.values()} == {SheetStatus.SIGNED}
    assert len(found) == 2, "a draft is shown to nobody"
    marks = await marking.marks(session, batch_id=site.world.batch_id)
    totals = sorted(one.total for one in found.values())
    assert [one.value for one in marks] == [sum(totals) / 2]
    before = await outcomes(session, site)
    assert before == [(1, Matter.SHEET, Outcome.APPLIED, "")] * 2
    await take(session, site)
    assert await outcomes(session, site) == before
    assert await queries.pending(session, site.world.rooms["P"].id) == []


@pytest.mark.parametrize("seed", range(4))
async def test_any_order_comes_to_the_same_sheets(session: AsyncSession, seed: int) -> None:
    """One event in each message, shuffled: a sheet, its correction, a contradiction that a second version puts right."""
    site = await make_site(session)
    sign(site, site.sheet(0))
    sign(site, version(site.sheet(0), 2), answers={"C1": 1})
    sign(site, site.sheet(1))
    sign(site, site.sheet(1), answers={"C1": 2})
    sign(site, version(site.sheet(1), 2), answers={"C1": 3})
    sign(site, site.sheet(2))
    events = list(site.tablet.events)
    Random(seed).shuffle(events)
    for one in events:
        await take(session, site, one)
    found = sorted((one.version, one.status.value, one.answers["C1"]) for one in (await stored(session, site)).values())
    assert found == [(1, "signed", 0), (2, "countersign", 1), (2, "countersign", 3)]
    kept = [one[:3] for one in await outcomes(session, site)]
    assert sorted(kept) == sorted(
        [(1, Matter.SHEET, Outcome.APPLIED), (2, Matter.SHEET, Outcome.APPLIED), (1, Matter.SHEET, Outcome.CONTRADICTION),
         (2, Matter.SHEET, Outcome.APPLIED), (1, Matter.SHEET, Outcome.APPLIED)]
    )  # fmt: skip
    assert await queries.settlements(session, room_session_ids=[site.world.rooms["P"].id], open_only=True) == []


async def marks_of(session: AsyncSession, site: Site) -> dict[int, tuple[Any, ...]]:
    """By candidate the live mark: its value, its path, who is in it."""
    found = await marking.marks(session, batch_id=site.world.batch_id, detail=True)
    place = {id: number for (_, number), id in site.world.sittings.items()}
    return {
        place[one.sitting_id]: (one.value, one.detail["path"], sorted(map(str, one.entered_by)))
        for one in found
        if one.sitting_id is not None
    }


@pytest.mark.parametrize("seed", range(5))
async def test_any_order_comes_to_the_same_marks(session: AsyncSession, seed: int) -> None:
    """Three assessors without a line where two are asked, one event in each message, shuffled: which of them came first decides
    neither whose sheets are compared nor whether a signature that contradicts another counts for a while."""
    site = await make_site(session, third=True)
    for assessor, occurrences in enumerate((6, 0, 4)):  # 94, 100, 96: the nearest two
        sign(site, site.sheet(0, assessor), answers={"C1": occurrences})
    for assessor, occurrences in enumerate((0, 2, 4)):  # 100, 98, 96: all within the tolerance
        sign(site, site.sheet(1, assessor), answers={"C1": occurrences})
    sign(site, site.sheet(2, 0), answers={"C1": 1})
    sign(site, site.sheet(2, 0), answers={"C1": 2})
    sign(site, site.sheet(2, 1), answers={"C1": 2})
    sign(site, site.sheet(2, 2), answers={"C1": 6})
    events = list(site.tablet.events)
    Random(seed).shuffle(events)
    for one in events:
        await take(session, site, one)
    people = [str(one.account_id) for one in site.assessors]
    assert await marks_of(session, site) == {
        0: (95, "nearest_pair", sorted([people[0], people[2]])),
        1: (98, "mean", sorted(people)),
        2: (96, "mean", sorted(people[1:])),  # 98 and 94
    }
    assert await recheck(session) == []


async def test_a_contradiction_that_comes_later_takes_the_mark_back(session: AsyncSession) -> None:
    """Until the assessor's correction has its second signature nothing of that sheet counts, and the ledger says what to do."""
    site = await make_site(session)
    room = site.world.rooms["P"]
    sign(site, site.sheet(0))
    sign(site, site.sheet(0, 1))
    await take(session, site)
    assert (await marks_of(session, site))[0][0] == 100
    sign(site, site.sheet(0), answers={"C1": 2})
    await take(session, site)
    await take(session, site)
    assert await marks_of(session, site) == {}
    assert Lacking.CONTRADICTION in {one.why for one in (await queries.ledger(session, room.id)).gaps}
    (need,) = [one for one in await marking.needs(session, site.assessors[0], NOW) if "两个不同的签名" in one.text]
    assert (need.count, need.href) == (1, f"/scoring/marking/sheets/{(await own(session, site)).id}")
    sign(site, version(site.sheet(0), 2), answers={"C1": 1})
    await take(session, site)
    assert await marks_of(session, site) == {}, "the correction waits for the lead"
    assert not [one for one in await marking.needs(session, site.assessors[0], NOW) if "两个不同的签名" in one.text]
    await marking_actions.countersign_sheet(session, site.world.lead, sheet_id=(await own(session, site)).id, now=NOW)
    assert (await marks_of(session, site))[0][0] == Decimal("99.5")
    assert await recheck(session) == []


async def own(session: AsyncSession, site: Site) -> Any:
    """The newest version of the first assessor's sheet of the first candidate."""
    return (await stored(session, site))[site.sheet(0).sitting_id, site.sheet(0).assessor_id]


async def test_what_stands_beside_a_tablets_signature_counts_no_longer(session: AsyncSession) -> None:
    """Signed on the page, then the tablet says something else: neither counts. A later version that was signed twice stays."""
    site = await make_site(session)
    at = site.world.rooms["P"].starts_at
    for candidate in range(2):
        for assessor in site.assessors:
            await marking_actions.record_sheet(
                session, assessor, sitting_id=site.sheet(candidate).sitting_id, answers=GOOD, overtime_minutes=0, now=at
            )
    begun = await marking_actions.correct_sheet(
        session, site.assessors[0], sheet_id=(await stored(session, site))[site.sheet(1).sitting_id, site.sheet(1).assessor_id].id,
        reason="看错了", now=at,
    )  # fmt: skip
    await marking_actions.save_sheet(
        session, site.assessors[0], sheet_id=begun.id, answers={"C1": 1}, overtime_minutes=0, now=at
    )
    await marking_actions.sign_sheet(session, site.assessors[0], sheet_id=begun.id, now=at)
    await marking_actions.countersign_sheet(session, site.world.lead, sheet_id=begun.id, now=at)
    sign(site, site.sheet(0), answers={"C1": 1})
    sign(site, site.sheet(1))
    await take(session, site)
    assert {place: one[0] for place, one in (await marks_of(session, site)).items()} == {1: Decimal("99.5")}
    assert sorted(await outcomes(session, site)) == [
        (1, Matter.SHEET, Outcome.APPLIED, ""), (1, Matter.SHEET, Outcome.REFUSED, "SheetSigned")
    ]  # fmt: skip
    assert await recheck(session) == []


async def test_a_correction_counts_when_the_lead_has_signed_it(session: AsyncSession) -> None:
    site = await make_site(session)
    sign(site, site.sheet(0))
    sign(site, version(site.sheet(0), 2), answers={"C1": 1})
    sign(site, version(site.sheet(0), 3), answers={"C1": 2})
    await take(session, site)
    assert (await outcomes(session, site))[2] == (3, Matter.SHEET, Outcome.WAITING, "CorrectionOpen")
    (sheet,) = (await stored(session, site)).values()
    assert (sheet.version, sheet.status, sheet.reason) == (2, SheetStatus.COUNTERSIGN, "看错了")
    await marking_actions.countersign_sheet(session, site.world.lead, sheet_id=sheet.id, now=NOW)
    await actions.project(session, room_session_id=site.world.rooms["P"].id, now=NOW)
    (sheet,) = (await stored(session, site)).values()
    assert sheet.version == 3


async def test_two_signatures_that_differ_count_for_nothing(session: AsyncSession) -> None:
    site = await make_site(session)
    sign(site, site.sheet(0))
    sign(site, site.sheet(0), answers={"C1": 2})
    await take(session, site)
    assert await stored(session, site) == {}
    assert await outcomes(session, site) == [(1, Matter.SHEET, Outcome.CONTRADICTION, "Contradiction")]


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"answers": {"C1": None}}, "SheetIncomplete"), ({"answers": {"C1": "many"}}, "EntriesInvalid"),
     ({"answers": {"Z9": 1}}, "EntriesInvalid"), ({"overtime": 99}, "OvertimePastStop"), ({"overtime": None}, "SheetIncomplete"),
     ({"sheet_sha256": "0" * 64}, "OlderSheet")],
)  # fmt: skip
async def test_what_cannot_be_entered_says_why_and_loses_nothing(
    session: AsyncSession, changes: dict[str, Any], code: str
) -> None:
    site = await make_site(session)
    sign(site, site.sheet(0), **changes)
    sign(site, site.sheet(1), sheet_sha256=sheet_sha256(site.world.component("P").sheet or {}))
    await take(session, site)
    assert sorted(await outcomes(session, site)) == sorted(
        [(1, Matter.SHEET, Outcome.REFUSED, code), (1, Matter.SHEET, Outcome.APPLIED, "")]
    )
    (refused,) = await queries.settlements(session, room_session_ids=[site.world.rooms["P"].id], open_only=True)
    assert refused.message and refused.way_out
    assert len(await queries.events(session, tablet_ids=[site.tablet.id])) == len(site.tablet.events)
    sign(site, version(site.sheet(0), 2))  # the assessor signs what is whole
    await take(session, site)
    assert await queries.settlements(session, room_session_ids=[site.world.rooms["P"].id], open_only=True) == []
    assert len(await stored(session, site)) == 2


async def test_an_absent_candidate_is_no_zero(session: AsyncSession) -> None:
    site = await make_site(session, absent=(0,))
    sign(site, site.sheet(0))
    await take(session, site)
    assert await stored(session, site) == {}
    assert await outcomes(session, site) == [(1, Matter.SHEET, Outcome.WAITING, "NobodyToScore")]


async def test_a_safety_stop_stops_the_sitting(session: AsyncSession) -> None:
    site = await make_site(session)
    site.tablet.write(Kind.STOPPED, site.sheet(0), row="C3", reason="未戴护目镜")
    await take(session, site)
    sitting = await sittings.sitting(session, site.world.sittings["P", 0])
    assert sitting.status is SittingStatus.STOPPED
    assert sitting.reason == "C3 未戴护目镜"
    assert await outcomes(session, site) == [(1, Matter.STOP, Outcome.APPLIED, "")]


async def test_a_stop_that_comes_too_late_is_told(session: AsyncSession) -> None:
    site = await make_site(session)
    room = site.world.rooms["P"]
    await sitting_actions.collect(session, site.world.invigilator, room_session_id=room.id, now=room.ends_at)
    site.tablet.write(Kind.STOPPED, site.sheet(0), row="C3", reason="未戴护目镜")
    await take(session, site)
    assert await outcomes(session, site) == [(1, Matter.STOP, Outcome.WAITING, "StopNotEntered")]
    assert (await sittings.sitting(session, site.world.sittings["P", 0])).status is SittingStatus.SUBMITTED


async def test_a_sheet_that_was_signed_on_the_page_is_the_same_sheet(session: AsyncSession) -> None:
    """Keyed in from paper, then the tablet is found: one sheet; with other entries it is told."""
    site = await make_site(session)
    one, other = site.sheet(0), site.sheet(1)
    for sheet in (one, other):
        await marking_actions.record_sheet(
            session,
            site.world.assessors[0],
            sitting_id=sheet.sitting_id,
            answers=GOOD,
            overtime_minutes=0,
            now=site.world.rooms["P"].starts_at,
        )
    sign(site, one, answers={"A1": "20.0"})
    sign(site, other, answers={"C1": 1})
    await take(session, site)
    assert sorted(await outcomes(session, site)) == [
        (1, Matter.SHEET, Outcome.APPLIED, ""), (1, Matter.SHEET, Outcome.REFUSED, "SheetSigned")
    ]  # fmt: skip


def test_of_nothing_nothing_is_entered() -> None:
    assert versions({}) == [] == contradicting({})
    assert fold([]) == {}


async def test_a_signature_promises_its_sheet(services: Services) -> None:
    """What is stored is entered even if the server dies in between: the job was promised with the events."""
    async with services.db.transaction() as session:
        site = await make_site(session)
        sign(site, site.sheet(0))
        sent = message(site.tablet, site.tablet.events)
        await actions.take(session, sent, site.signer.sign(sent.body), now=NOW)
    await worker.run(services, drain=True)
    async with services.db.transaction() as session:
        assert await outcomes(session, site) == [(1, Matter.SHEET, Outcome.APPLIED, "")]
        room = site.world.rooms["P"]
        assert await queries.pending(session, room.id) == []
        assert await queries.pending_rooms(session, room.ends_at) == [room.id]
        assert await queries.pending_rooms(session, room.ends_at + timedelta(days=15)) == []


async def test_a_tablet_that_comes_back_late_is_tried_like_any_other(session: AsyncSession) -> None:
    """The job of a signature can be given up with its workers; the next try does not ask how long ago the session was."""
    site = await make_site(session)
    sign(site, site.sheet(0))
    room = site.world.rooms["P"]
    back = room.ends_at + timedelta(days=40)
    sent = message(site.tablet, site.tablet.events)
    await actions.take(session, sent, site.signer.sign(sent.body), now=back)
    assert await queries.pending_rooms(session, back + timedelta(days=1)) == [room.id]
    assert await queries.pending_rooms(session, back + timedelta(days=3)) == []


async def test_the_invariants_know_a_fork_from_a_broken_chain(session: AsyncSession) -> None:
    """A tablet that was set back is odd and told by the ledger; its events are still what it signed."""
    site = await make_site(session)
    site.tablet.write(Kind.OPENED, site.sheet(0))
    copied = Tablet(site.tablet.id, events=list(site.tablet.events), counter=1)
    sign(site, site.sheet(0))
    copied.write(Kind.NOTED, site.sheet(0), text="x")
    copied.write(Kind.NOTED, site.sheet(0), text="y")
    await take(session, site, *site.tablet.events, *copied.events[1:])
    assert await queries.invariants(session) == []
    await session.execute(text("SET session_replication_role = replica"))
    await session.execute(text("UPDATE scoring.tablet_events SET previous = repeat('f', 64) WHERE number = 3"))
    found = await queries.invariants(session)
    assert [one for one in found if "does not follow" in one]
    assert [one for one in found if "its hash" in one]


async def test_a_sheet_that_says_something_else_than_its_tablet_is_found(session: AsyncSession) -> None:
    site = await make_site(session)
    sign(site, site.sheet(0))
    await take(session, site)
    assert await queries.invariants(session) == []
    await session.execute(text("SET session_replication_role = replica"))
    await session.execute(text("""UPDATE scoring.score_sheets SET answers = answers || '{"C1": 5}'"""))
    session.expire_all()
    assert ["entries are not those" in one for one in await queries.invariants(session)] == [True]
