"""Marking on a database: keys, two readings, signed sheets, what is known without marking, verification."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Role
from exam.kernel.errors import Forbidden, Invalid, NotFound
from exam.sittings import actions as sitting_actions
from scoring.marking import actions, queries
from scoring.marking.actions.marks import NothingToVerify, OwnEntry
from scoring.marking.actions.papers import NoPaper, NotOnPaper
from scoring.marking.actions.sheets import (
    CorrectionOpen,
    EnoughSheets,
    NobodyToScore,
    NotAssessing,
    NothingToDecide,
    NotWaiting,
    OwnSheet,
    OwnSignature,
)
from scoring.marking.rules import (
    AlreadyAgreed,
    EntriesInvalid,
    Mark,
    MarkSource,
    MarkStatus,
    PartState,
    SamePerson,
    SheetIncomplete,
    SheetSigned,
    SheetStatus,
)
from scoring.outcomes.queries import recheck
from tests.exam.day import person
from tests.scoring.world import AFTER, GOOD, World, finish, hold, make_world, sit_computer


@pytest.fixture
async def world(session: AsyncSession) -> World:
    return await make_world(session)


async def _mark(session: AsyncSession, world: World, code: str, index: int = 0) -> Mark | None:
    found = await queries.marks(
        session, registration_id=world.registrations[index], component_id=world.component(code).id, detail=True
    )
    return found[0] if found else None


# ---------------------------------------------------------------- computer


async def test_no_marks_at_first(session: AsyncSession, world: World) -> None:
    assert await queries.marks(session, batch_id=world.batch_id) == []
    progress = await queries.progress(session, world.batch_id)
    assert [(one.component.code, one.expected, one.done, one.states[PartState.MISSING]) for one in progress] == [
        ("T", 3, 0, 3), ("W", 3, 0, 3), ("P", 3, 0, 3),
    ]  # fmt: skip


async def test_computer_papers_are_marked_by_key_once(session: AsyncSession, world: World) -> None:
    await hold(session, world, "T", absent=(2,))
    await sit_computer(session, world, 0, right=5)
    await sit_computer(session, world, 1, right=0)
    first = await actions.mark_computer(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    again = await actions.mark_computer(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    assert (first.count, again.count) == (2, 0)
    whole, zero = await _mark(session, world, "T", 0), await _mark(session, world, "T", 1)
    assert whole is not None and zero is not None
    assert (whole.value, whole.state, whole.source) == (100, PartState.SCORED, MarkSource.COMPUTER)
    assert (zero.value, zero.state) == (0, PartState.SCORED), "nothing answered is a zero, not an absence"
    assert sum(Decimal(value) for value in whole.detail["items"].values()) == 100
    assert await _mark(session, world, "T", 2) is None


# ---------------------------------------------------------------- paper


async def test_two_people_type_the_same(session: AsyncSession, world: World) -> None:
    await hold(session, world, "W")
    await finish(session, world, "W")
    part = world.component("W").id
    entries = dict(zip(world.registrations, map(Decimal, ("60", "59.5", "0")), strict=True))
    one = await actions.enter_paper_marks(
        session, world.typists[0], batch_id=world.batch_id, component_id=part, entries=entries, now=AFTER
    )
    assert (one.count, one.agreed, one.waiting) == (3, 0, 3)
    with pytest.raises(SamePerson):
        await actions.enter_paper_marks(
            session, world.typists[0], batch_id=world.batch_id, component_id=part, entries=entries, now=AFTER
        )
    two = await actions.enter_paper_marks(
        session, world.typists[1], batch_id=world.batch_id, component_id=part,
        entries={**entries, world.registrations[1]: Decimal("95.5")}, now=AFTER,
    )  # fmt: skip
    assert (two.agreed, two.different) == (2, 1)
    progress = next(one for one in await queries.progress(session, world.batch_id) if one.component.code == "W")
    assert (progress.different, progress.done) == (1, 2)
    assert await _mark(session, world, "W", 1) is None
    third = {world.registrations[1]: Decimal("59.5")}
    for reader in world.typists[:2]:
        with pytest.raises(SamePerson):
            await actions.enter_paper_marks(
                session, reader, batch_id=world.batch_id, component_id=part, entries=third, now=AFTER
            )
    await actions.enter_paper_marks(
        session, world.typists[2], batch_id=world.batch_id, component_id=part, entries=third, now=AFTER
    )
    decided = await _mark(session, world, "W", 1)
    assert decided is not None and (decided.value, decided.source) == (Decimal("59.5"), MarkSource.THIRD_ENTRY)
    assert set(decided.entered_by) == {one.account_id for one in world.typists}
    zero = await _mark(session, world, "W", 2)
    assert zero is not None and (zero.value, zero.state) == (0, PartState.SCORED)
    with pytest.raises(AlreadyAgreed):
        await actions.enter_paper_marks(
            session, world.typists[2], batch_id=world.batch_id, component_id=part, entries=entries, now=AFTER
        )


@pytest.mark.parametrize("value", ["-0.5", "100.5", "59.25"])
async def test_impossible_paper_marks_are_named(session: AsyncSession, world: World, value: str) -> None:
    await hold(session, world, "W")
    await finish(session, world, "W")
    with pytest.raises(Invalid) as refused:
        await actions.enter_paper_marks(
            session, world.typists[0], batch_id=world.batch_id, component_id=world.component("W").id,
            entries={world.registrations[0]: Decimal(value)}, now=AFTER,
        )  # fmt: skip
    assert [problem.code for problem in refused.value.problems] == ["MarkOutOfRange"]
    assert await queries.paper_entries(session, batch_id=world.batch_id) == {}


async def test_paper_marks_need_a_paper_and_a_right(session: AsyncSession, world: World) -> None:
    entries = {world.registrations[2]: Decimal(60)}
    await hold(session, world, "W", absent=(2,))
    await finish(session, world, "W", absent=(2,))
    for actor, part, given, refusal in (
        (world.typists[0], "W", entries, NoPaper),
        (world.typists[0], "T", entries, NotOnPaper),
        (world.typists[0], "W", {}, Invalid),
        (world.verifier, "W", entries, Forbidden),
        (person(Role.SCORE_ENTRY, None), "T", entries, NotOnPaper),
    ):
        with pytest.raises(refusal):
            await actions.enter_paper_marks(
                session, actor, batch_id=world.batch_id, component_id=world.component(part).id, entries=given, now=AFTER
            )


# ---------------------------------------------------------------- practical


async def test_an_assessor_scores_and_signs_and_the_sheet_stays(session: AsyncSession, world: World) -> None:
    now = await hold(session, world, "P")
    sitting, (one, two) = world.sittings["P", 0], world.assessors
    sheet = await actions.open_sheet(session, one, sitting_id=sitting, now=now)
    assert (await actions.open_sheet(session, one, sitting_id=sitting, now=now)).id == sheet.id
    saved = await actions.save_sheet(
        session, one, sheet_id=sheet.id, answers={"A1": "20.00", "A2": "true"}, overtime_minutes=None, now=now
    )
    assert (saved.revision, saved.answers) == (1, {"A1": "20", "A2": True})
    with pytest.raises(SheetIncomplete) as blank:
        await actions.sign_sheet(session, one, sheet_id=sheet.id, now=now)
    assert blank.value.facts == {"count": 5, "first": "B1"}
    await actions.save_sheet(session, one, sheet_id=sheet.id, answers=GOOD, overtime_minutes=4, now=now)
    signed = await actions.sign_sheet(session, one, sheet_id=sheet.id, now=now)
    assert (signed.status, signed.total) == (SheetStatus.SIGNED, 98)
    assert await _mark(session, world, "P") is None, "one of two assessors is not a mark"
    for act in (
        actions.save_sheet(session, one, sheet_id=sheet.id, answers={"B1": 0}, overtime_minutes=None, now=now),
        actions.sign_sheet(session, one, sheet_id=sheet.id, now=now),
    ):
        with pytest.raises(SheetSigned):
            await act
    await actions.record_sheet(session, two, sitting_id=sitting, answers={**GOOD, "B1": 2}, overtime_minutes=4, now=now)
    mark = await _mark(session, world, "P")
    assert mark is not None and (mark.value, mark.source) == (Decimal("96.335"), MarkSource.SHEETS)
    assert set(mark.entered_by) == {one.account_id, two.account_id}


@pytest.mark.parametrize(
    "statement", ["UPDATE scoring.score_sheets SET total = 100", "DELETE FROM scoring.score_sheets"]
)
async def test_the_database_keeps_a_signed_sheet(session: AsyncSession, world: World, statement: str) -> None:
    now = await hold(session, world, "P")
    await actions.record_sheet(
        session, world.assessors[0], sitting_id=world.sittings["P", 0], answers=GOOD, overtime_minutes=0, now=now
    )
    with pytest.raises(DBAPIError, match="signed score sheet"):
        await session.execute(text(statement))


async def test_assessors_are_blind_to_each_other(session: AsyncSession, world: World) -> None:
    now = await hold(session, world, "P")
    one, two = world.assessors
    sheet = await actions.open_sheet(session, one, sitting_id=world.sittings["P", 0], now=now)
    for act in (
        actions.save_sheet(session, two, sheet_id=sheet.id, answers={}, overtime_minutes=None, now=now),
        actions.sign_sheet(session, two, sheet_id=sheet.id, now=now),
        actions.correct_sheet(session, two, sheet_id=sheet.id, reason="x", now=now),
    ):
        with pytest.raises(NotFound):
            await act
    (station,) = await queries.stations(session, two, now)
    assert all(candidate.sheet is None for candidate in station.candidates)


async def test_scoring_needs_a_duty_here_and_now(session: AsyncSession, world: World) -> None:
    now = await hold(session, world, "P", absent=(1,))
    sitting = world.sittings["P", 0]
    for actor, at in (
        (person(Role.ASSESSOR), now),
        (world.invigilator, now),
        (world.assessors[0], now - timedelta(days=1)),
        (world.assessors[0], now + timedelta(days=1)),
    ):
        with pytest.raises(NotAssessing):
            await actions.open_sheet(session, actor, sitting_id=sitting, now=at)
    with pytest.raises(NobodyToScore):
        await actions.open_sheet(session, world.assessors[0], sitting_id=world.sittings["P", 1], now=now)


async def test_wrong_entries_change_nothing(session: AsyncSession, world: World) -> None:
    now = await hold(session, world, "P")
    sheet = await actions.open_sheet(session, world.assessors[0], sitting_id=world.sittings["P", 0], now=now)
    wrong = {"A1": "much", "B1": 4, "C1": -1, "A2": "perhaps", "Z9": 1}
    with pytest.raises(EntriesInvalid) as refused:
        await actions.save_sheet(
            session, world.assessors[0], sheet_id=sheet.id, answers=wrong, overtime_minutes=None, now=now
        )
    assert {problem.field for problem in refused.value.problems} == set(wrong)
    assert (await queries.sheet(session, sheet.id)).revision == 0


async def test_a_correction_needs_a_reason_and_a_second_signature(session: AsyncSession, world: World) -> None:
    now = await hold(session, world, "P")
    one, two = world.assessors
    sitting = world.sittings["P", 0]
    first = await actions.record_sheet(session, one, sitting_id=sitting, answers=GOOD, overtime_minutes=0, now=now)
    await actions.record_sheet(session, two, sitting_id=sitting, answers=GOOD, overtime_minutes=0, now=now)
    with pytest.raises(Invalid):
        await actions.correct_sheet(session, one, sheet_id=first.id, reason="  ", now=now)
    new = await actions.correct_sheet(session, one, sheet_id=first.id, reason="漏记一处", now=now)
    with pytest.raises(CorrectionOpen):
        await actions.correct_sheet(session, one, sheet_id=first.id, reason="再改", now=now)
    await actions.save_sheet(session, one, sheet_id=new.id, answers={"C1": 2}, overtime_minutes=None, now=now)
    waiting = await actions.sign_sheet(session, one, sheet_id=new.id, now=now)
    assert (waiting.status, waiting.version, waiting.total) == (SheetStatus.COUNTERSIGN, 2, 98)
    mark = await _mark(session, world, "P")
    assert mark is not None and mark.value == 100, "until the second signature the first version counts"
    with pytest.raises(DBAPIError, match="signed score sheet"):
        async with session.begin_nested():
            await session.execute(text("UPDATE scoring.score_sheets SET total = 1 WHERE id = :id"), {"id": waiting.id})
    for stranger in (one, two):
        with pytest.raises((NotAssessing, OwnSignature)):
            await actions.countersign_sheet(session, stranger, sheet_id=new.id, now=now)
    await actions.countersign_sheet(session, world.lead, sheet_id=new.id, now=now)
    mark = await _mark(session, world, "P")
    assert mark is not None and (mark.value, mark.version) == (99, 2)
    assert (await queries.sheet(session, first.id)).total == 100


async def test_a_correction_that_ends_the_agreement_takes_the_mark_back(session: AsyncSession, world: World) -> None:
    now = await hold(session, world, "P")
    sitting = world.sittings["P", 0]
    sheets = [
        await actions.record_sheet(session, one, sitting_id=sitting, answers=GOOD, overtime_minutes=0, now=now)
        for one in world.assessors
    ]
    new = await actions.correct_sheet(session, world.assessors[0], sheet_id=sheets[0].id, reason="漏测", now=now)
    await actions.save_sheet(
        session, world.assessors[0], sheet_id=new.id, answers={"A1": "20.10"}, overtime_minutes=None, now=now
    )
    await actions.sign_sheet(session, world.assessors[0], sheet_id=new.id, now=now)
    await actions.countersign_sheet(session, world.lead, sheet_id=new.id, now=now)
    assert await _mark(session, world, "P") is None, "nothing stands while they are 16 apart"
    await actions.decide_sheets(session, world.lead, sitting_id=sitting, value=Decimal(84), reason="复测", now=now)
    mark = await _mark(session, world, "P")
    assert mark is not None and (mark.value, mark.version) == (84, 2)


VETO = {**GOOD, "C3": True}
"""A veto item happened: section C counts nothing."""


async def test_a_veto_item_waits_for_a_second_person(session: AsyncSession, world: World) -> None:
    now = await hold(session, world, "P")
    one, two = world.assessors
    sitting = world.sittings["P", 0]
    signed = await actions.record_sheet(session, one, sitting_id=sitting, answers=VETO, overtime_minutes=0, now=now)
    assert (signed.status, signed.total, signed.second_needed) == (SheetStatus.COUNTERSIGN, 90, True)
    for stranger, why in ((one, OwnSignature), (world.invigilator, NotAssessing), (world.verifier, NotAssessing)):
        with pytest.raises(why):
            await actions.countersign_sheet(session, stranger, sheet_id=signed.id, now=now)
    with pytest.raises(Invalid):
        await actions.decline_sheet(session, two, sheet_id=signed.id, reason=" ", now=now)
    declined = await actions.decline_sheet(session, two, sheet_id=signed.id, reason="没有看到", now=now)
    assert (declined.status, declined.decline_reason) == (SheetStatus.COUNTERSIGN, "没有看到")
    with pytest.raises(DBAPIError, match="two_signatures"):
        async with session.begin_nested():
            await session.execute(text("UPDATE scoring.score_sheets SET status = 'signed'"))
    with pytest.raises(DBAPIError, match="two_signatures"):
        async with session.begin_nested():
            await session.execute(
                text("UPDATE scoring.score_sheets SET status = 'signed', countersigned_by = assessor_id")
            )
    done = await actions.countersign_sheet(session, two, sheet_id=signed.id, now=now)
    assert (done.status, done.countersigned_by) == (SheetStatus.SIGNED, two.account_id)
    with pytest.raises(SheetSigned):
        await actions.decline_sheet(session, world.lead, sheet_id=signed.id, reason="x", now=now)


async def test_a_veto_item_nobody_else_signs_is_taken_back_by_a_correction(session: AsyncSession, world: World) -> None:
    now = await hold(session, world, "P")
    one, two = world.assessors
    sitting = world.sittings["P", 0]
    first = await actions.record_sheet(session, one, sitting_id=sitting, answers=VETO, overtime_minutes=0, now=now)
    new = await actions.correct_sheet(session, one, sheet_id=first.id, reason="看错", now=now)
    with pytest.raises(NotWaiting):
        await actions.countersign_sheet(session, two, sheet_id=first.id, now=now)
    await actions.save_sheet(session, one, sheet_id=new.id, answers={"C3": False}, overtime_minutes=None, now=now)
    await actions.sign_sheet(session, one, sheet_id=new.id, now=now)
    done = await actions.countersign_sheet(session, world.lead, sheet_id=new.id, now=now)
    assert (done.status, done.version, done.total) == (SheetStatus.SIGNED, 2, 100)


async def test_evidence_or_a_second_at_the_same_tablet_is_enough(session: AsyncSession, world: World) -> None:
    now = await hold(session, world, "P")
    one, two = world.assessors
    proven = await actions.record_sheet(
        session, one, sitting_id=world.sittings["P", 0], answers=VETO, overtime_minutes=0, now=now,
        evidence={"C3": "未戴护目镜", "A1": "dropped"},
    )  # fmt: skip
    assert (proven.status, dict(proven.evidence)) == (SheetStatus.SIGNED, {"C3": {"text": "未戴护目镜", "photos": []}})
    with pytest.raises(DBAPIError, match="ck_score_sheets_evidence"):
        async with session.begin_nested():
            await session.execute(text("ALTER TABLE scoring.score_sheets DISABLE TRIGGER USER"))
            await session.execute(text("UPDATE scoring.score_sheets SET evidence = '{}'"))
    for index, second, status in (
        (1, two.account_id, SheetStatus.SIGNED),
        (2, world.verifier.account_id, SheetStatus.COUNTERSIGN),
    ):
        signed = await actions.record_sheet(
            session, one, sitting_id=world.sittings["P", index], answers=VETO, overtime_minutes=0, now=now,
            seconded_by=second,
        )  # fmt: skip
        assert signed.status is status


async def test_beyond_the_tolerance_the_lead_decides(session: AsyncSession, world: World) -> None:
    now = await hold(session, world, "P")
    one, two = world.assessors
    sitting = world.sittings["P", 0]
    await actions.record_sheet(session, one, sitting_id=sitting, answers=GOOD, overtime_minutes=0, now=now)
    with pytest.raises(NothingToDecide):
        await actions.decide_sheets(session, world.lead, sitting_id=sitting, value=Decimal(90), reason="x", now=now)
    low = {**GOOD, "A1": "20.05"}  # 3 steps of 0.01 beyond 0.02: 6 marks
    await actions.record_sheet(session, two, sitting_id=sitting, answers=low, overtime_minutes=0, now=now)
    assert await _mark(session, world, "P") is None
    (waiting,) = await queries.disagreements(session, batch_id=world.batch_id)
    assert sorted(sheet.total or 0 for sheet in waiting.sheets) == [94, 100]
    with pytest.raises(NotAssessing):
        await actions.decide_sheets(session, one, sitting_id=sitting, value=Decimal(94), reason="x", now=now)
    with pytest.raises(Invalid):
        await actions.decide_sheets(session, world.lead, sitting_id=sitting, value=Decimal(101), reason="x", now=now)
    with pytest.raises(Invalid):
        await actions.decide_sheets(session, world.lead, sitting_id=sitting, value=Decimal(94), reason=" ", now=now)
    await actions.decide_sheets(
        session, world.lead, sitting_id=sitting, value=Decimal(94), reason="复测 20.05", now=now
    )
    mark = await _mark(session, world, "P")
    assert mark is not None and (mark.value, mark.source) == (94, MarkSource.LEAD)
    assert await queries.disagreements(session, batch_id=world.batch_id) == []
    assert OwnSheet.message


async def test_beyond_the_tolerance_a_third_assessor_is_asked_and_the_nearest_pair_counts(
    session: AsyncSession,
) -> None:
    world = await make_world(session, third=True)
    now = await hold(session, world, "P")
    one, two = world.assessors
    third = world.third
    assert third is not None
    sitting = world.sittings["P", 0]

    async def due(actor: Actor) -> tuple[bool, bool]:
        (station,) = await queries.stations(session, actor, now)
        found = next(candidate for candidate in station.candidates if candidate.sitting.id == sitting)
        return found.todo, found.wanted.third

    await actions.record_sheet(session, two, sitting_id=sitting, answers=GOOD, overtime_minutes=0, now=now)
    assert await due(third) == (True, False)
    later = now + timedelta(minutes=1)
    low = {**GOOD, "A1": "20.05"}
    await actions.open_sheet(session, third, sitting_id=sitting, now=later)  # opened and left blank keeps nobody out
    await actions.record_sheet(session, one, sitting_id=sitting, answers=low, overtime_minutes=0, now=later)
    assert await due(third) == (True, True)
    assert await _mark(session, world, "P") is None
    assert await queries.disagreements(session, batch_id=world.batch_id) == []
    with pytest.raises(NothingToDecide):
        await actions.decide_sheets(session, world.lead, sitting_id=sitting, value=Decimal(94), reason="x", now=later)
    near = {**GOOD, "A1": "20.04"}
    last = later + timedelta(minutes=1)
    await actions.record_sheet(session, third, sitting_id=sitting, answers=near, overtime_minutes=0, now=last)
    mark = await _mark(session, world, "P")
    assert mark is not None and (mark.value, mark.source) == (95, MarkSource.SHEETS)  # of 100, 94 and 96
    used = [Decimal(mark.detail["sheets"][place]["total"]) for place in mark.detail["used"]]
    assert (mark.detail["path"], sorted(used)) == ("nearest_pair", [94, 96])
    assert set(mark.entered_by) == {one.account_id, third.account_id}
    assert await recheck(session) == []


async def test_a_sheet_too_many_is_not_opened(session: AsyncSession) -> None:
    world = await make_world(session, third=True)
    now = await hold(session, world, "P")
    assert world.third is not None
    sitting = world.sittings["P", 0]
    for assessor in world.assessors:
        await actions.record_sheet(session, assessor, sitting_id=sitting, answers=GOOD, overtime_minutes=0, now=now)
    with pytest.raises(EnoughSheets):
        await actions.open_sheet(session, world.third, sitting_id=sitting, now=now)
    (station,) = await queries.stations(session, world.third, now)
    assert [one.todo for one in station.candidates] == [False, True, True]


# ---------------------------------------------------------------- collected and verified


async def test_what_needs_no_marking_is_collected_once(session: AsyncSession, world: World) -> None:
    part = world.component("T").id
    await session.execute(
        text("INSERT INTO exam.exemptions (registration_id, component_id, reason, proof, decided_at) "
             "VALUES (:one, :part, '毕业证', '', now())"), {"one": world.registrations[0], "part": part},
    )  # fmt: skip
    await session.execute(
        text("INSERT INTO exam.retained_parts (registration_id, component_id, value, source_registration_id, decided_at) "
             "VALUES (:one, :part, 72.5, :one, now())"), {"one": world.registrations[1], "part": part},
    )  # fmt: skip
    await hold(session, world, "W", absent=(2,))
    assert await actions.collect(session, world.verifier, batch_id=world.batch_id, now=AFTER) == 3
    assert await actions.collect(session, world.verifier, batch_id=world.batch_id, now=AFTER) == 0
    found = [await _mark(session, world, code, index) for code, index in (("T", 0), ("T", 1), ("W", 2))]
    assert [(mark.state, mark.value) for mark in found if mark] == [
        (PartState.EXEMPT, None), (PartState.RETAINED, Decimal("72.5")), (PartState.ABSENT, None),
    ]  # fmt: skip


async def test_an_absence_taken_back_is_no_absence(session: AsyncSession, world: World) -> None:
    now = await hold(session, world, "W", absent=(2,))
    await actions.collect(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    from exam.accounts.rules import SYSTEM, Scope

    head = person(Role.SITE_HEAD, Scope("site", str(world.rooms["W"].site_id)))
    await sitting_actions.correct(
        session, head, sitting_id=world.sittings["W", 2], reason="坐在后排", now=now + timedelta(minutes=25)
    )
    await actions.collect(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    assert await _mark(session, world, "W", 2) is None
    assert SYSTEM.account_id is None


async def test_the_verifier_is_a_second_person(session: AsyncSession, world: World) -> None:
    with pytest.raises(NothingToVerify):
        await actions.verify_marks(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    now = await hold(session, world, "P")
    for assessor in world.assessors:
        await actions.record_sheet(
            session, assessor, sitting_id=world.sittings["P", 0], answers=GOOD, overtime_minutes=0, now=now
        )
    own = type(world.verifier)(world.assessors[0].account_id, "同一人", world.verifier.grants)
    with pytest.raises(OwnEntry):
        await actions.verify_marks(session, own, batch_id=world.batch_id, now=AFTER)
    with pytest.raises(Forbidden):
        await actions.verify_marks(session, world.publisher, batch_id=world.batch_id, now=AFTER)
    done = await actions.verify_marks(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    mark = await _mark(session, world, "P")
    assert done.count == 1 and mark is not None and mark.status is MarkStatus.VERIFIED
    with pytest.raises(DBAPIError, match="second_person"):
        await session.execute(text("UPDATE scoring.marks SET verified_by = entered_by[1]"))
