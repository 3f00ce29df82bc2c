"""Outcomes on a database: three people, idempotent computing, versions, and the proof that each follows from its inputs."""

from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Grant, Role, Scope
from exam.kernel.errors import Forbidden
from exam.kernel.ids import new_id
from exam.registration import queries as registration
from exam.registration.rules import BatchStatus
from scoring.marking import actions as marking
from scoring.marking.actions import NewMark
from scoring.marking.rules import MarkSource, PartState
from scoring.outcomes import actions, queries
from scoring.outcomes.actions import NothingComputed, NothingVerified, ResultsIncomplete
from scoring.outcomes.rules import Decision, OutcomeStatus, SecondPersonNeeded, ThirdPersonNeeded
from tests.scoring.world import AFTER, GOOD, World, at_status, finish, hold, make_world, sit_computer


@pytest.fixture
async def world(session: AsyncSession) -> World:
    """Three candidates: the first passes, the second fails, the third is absent from the paper."""
    made = await make_world(session)
    await at_status(session, made.batch_id, "sessions_done")
    return made


async def mark_all(session: AsyncSession, world: World) -> None:
    """Everything is marked and verified: 100/60/100, 20/30/40 (the gate), 100/absent/100."""
    await hold(session, world, "T")
    for index, right in enumerate((5, 1, 5)):
        await sit_computer(session, world, index, right)
    await hold(session, world, "W", absent=(2,))
    await finish(session, world, "W", absent=(2,))
    entries = {world.registrations[0]: Decimal(60), world.registrations[1]: Decimal(30)}
    for typist in world.typists[:2]:
        await marking.enter_paper_marks(
            session, typist, batch_id=world.batch_id, component_id=world.component("W").id, entries=entries, now=AFTER
        )
    now = await hold(session, world, "P")
    for index, answers in enumerate((GOOD, {**GOOD, "A2": False}, GOOD)):
        for assessor in world.assessors:
            await marking.record_sheet(
                session, assessor, sitting_id=world.sittings["P", index], answers=answers, overtime_minutes=0, now=now
            )
    await marking.mark_computer(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    await marking.collect(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    await marking.verify_marks(session, world.verifier, batch_id=world.batch_id, now=AFTER)


async def to_published(session: AsyncSession, world: World) -> None:
    await actions.compute(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    await actions.verify(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    await actions.publish(session, world.publisher, batch_id=world.batch_id, now=AFTER)


async def test_results_are_neither_confirmed_nor_published_while_a_tablet_may_say_more(
    session: AsyncSession, world: World
) -> None:
    """A tablet that nobody had given out turns up after the marks were verified."""
    room = world.rooms["P"].id
    await mark_all(session, world)
    await actions.compute(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    await marking.hold_rooms(session, {room}, AFTER)
    with pytest.raises(marking.RoomsOpen):
        await actions.verify(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    await marking.release_room(session, room, AFTER)
    await actions.verify(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    await actions.publish(session, world.publisher, batch_id=world.batch_id, now=AFTER)


async def _results(session: AsyncSession, world: World) -> dict[UUID, tuple[str, str | None]]:
    found = await queries.outcomes(session, batch_id=world.batch_id)
    return {one.registration_id: (one.decision.value, str(one.composite) if one.composite is not None else None)
            for one in found}  # fmt: skip


async def test_without_marks_nobody_has_an_outcome(session: AsyncSession, world: World) -> None:
    done = await actions.compute(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    assert (done.new, set(done.waiting.values())) == (0, {"PartsMissing"})
    assert len(done.waiting) == 3 and await queries.outcomes(session) == []
    with pytest.raises(NothingComputed):
        await actions.verify(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    with pytest.raises(NothingVerified):
        await actions.publish(session, world.publisher, batch_id=world.batch_id, now=AFTER)
    assert await queries.recheck(session) == []


async def test_an_unverified_mark_is_still_missing(session: AsyncSession, world: World) -> None:
    await mark_all(session, world)
    await session.execute(text("UPDATE scoring.marks SET status = 'entered', verified_at = NULL, verified_by = NULL"))
    done = await actions.compute(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    assert done.new == 0 and len(done.waiting) == 3


async def test_the_whole_way_by_three_people(session: AsyncSession, world: World) -> None:
    await mark_all(session, world)
    done = await actions.compute(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    assert (done.new, dict(done.waiting)) == (3, {})
    one, two, three = world.registrations
    assert await _results(session, world) == {
        one: ("passed", "88.00"), two: ("failed", "31.00"), three: ("absent", None)
    }  # fmt: skip
    again = await actions.compute(session, world.publisher, batch_id=world.batch_id, now=AFTER)
    assert (again.new, again.unchanged) == (0, 3)
    assert await queries.outcomes(session, batch_id=world.batch_id, published_only=True) == []
    assert await actions.verify(session, world.verifier, batch_id=world.batch_id, now=AFTER) == 3
    assert (await registration.batch(session, world.batch_id)).status is BatchStatus.VERIFIED
    assert await actions.publish(session, world.publisher, batch_id=world.batch_id, now=AFTER) == 3
    assert (await registration.batch(session, world.batch_id)).status is BatchStatus.PUBLISHED
    assert {one.status.value for one in await registration.registrations(session, batch_id=world.batch_id)} == {
        "outcome"
    }
    assert len(await queries.outcomes(session, batch_id=world.batch_id, published_only=True)) == 3
    assert await queries.recheck(session) == []


async def test_separation_of_duties(session: AsyncSession, world: World) -> None:
    await mark_all(session, world)
    organisation = Scope("organisation", str(world.scheme.organisation_id))
    both = (Grant(Role.SCORE_VERIFIER, organisation), Grant(Role.SCORE_OFFICER, organisation))
    typist = Actor(world.typists[0].account_id, "登分又核定", both)
    one_for_all = Actor(new_id(), "核定又发布", both)
    await actions.compute(session, one_for_all, batch_id=world.batch_id, now=AFTER)
    with pytest.raises(SecondPersonNeeded) as second:
        await actions.verify(session, typist, batch_id=world.batch_id, now=AFTER)
    assert second.value.facts == {"count": 2}
    await actions.verify(session, one_for_all, batch_id=world.batch_id, now=AFTER)
    for actor in (typist, one_for_all):
        with pytest.raises(ThirdPersonNeeded):
            await actions.publish(session, actor, batch_id=world.batch_id, now=AFTER)
    with pytest.raises(DBAPIError, match="third_person"):
        async with session.begin_nested():
            await session.execute(text(
                "UPDATE scoring.outcomes SET status = 'published', published_at = now(), published_by = verified_by"
            ))  # fmt: skip
    await actions.publish(session, world.publisher, batch_id=world.batch_id, now=AFTER)


async def test_rights_and_scope(session: AsyncSession, world: World) -> None:
    await mark_all(session, world)
    stranger = Actor(new_id(), "别家", (Grant(Role.SCORE_VERIFIER, Scope("organisation", str(new_id()))),))
    done = await actions.compute(session, stranger, batch_id=world.batch_id, now=AFTER)
    assert done.new == 0
    await actions.compute(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    for actor in (stranger, world.typists[0], world.publisher):
        with pytest.raises(Forbidden):
            await actions.verify(session, actor, batch_id=world.batch_id, now=AFTER)
    with pytest.raises(Forbidden):
        await actions.publish(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    with pytest.raises(Forbidden):
        await actions.compute(session, world.typists[0], batch_id=world.batch_id, now=AFTER)
    assert (await queries.overview(session, stranger, world.batch_id)).lines == ()


async def test_a_batch_is_published_whole(session: AsyncSession, world: World) -> None:
    await mark_all(session, world)
    await session.execute(
        text("UPDATE scoring.marks SET live = false WHERE registration_id = :one"), {"one": world.registrations[0]}
    )
    await actions.compute(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    await actions.verify(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    with pytest.raises(ResultsIncomplete) as refused:
        await actions.publish(session, world.publisher, batch_id=world.batch_id, now=AFTER)
    assert refused.value.facts == {"count": 1}


async def test_a_published_outcome_changes_only_with_a_reason_and_as_a_new_version(
    session: AsyncSession, world: World
) -> None:
    await mark_all(session, world)
    await to_published(session, world)
    one = world.registrations[0]
    void = NewMark(registration_id=one, component_id=world.component("W").id, sitting_id=world.sittings["W", 0],
                   state=PartState.VOID, value=None, source=MarkSource.INCIDENT, reason="final decision")  # fmt: skip
    await marking.write_marks(session, world.verifier, batch_id=world.batch_id, new=[void], now=AFTER)
    await marking.verify_marks(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    still = await actions.compute(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    assert (still.new, still.changed_after_publication) == (0, (one,))
    assert [mismatch.kind for mismatch in await queries.recheck(session)] == ["outcome"]
    done = await actions.compute(session, world.verifier, batch_id=world.batch_id, now=AFTER, reason="处理决定生效")
    assert done.new == 1
    public = {
        o.registration_id: o for o in await queries.outcomes(session, batch_id=world.batch_id, published_only=True)
    }
    assert public[one].decision is Decision.PASSED, "until the new version is published the old one stands"
    await actions.verify(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    assert await actions.publish(session, world.publisher, batch_id=world.batch_id, now=AFTER) == 1
    versions = await queries.all_versions(session, registration_id=one)
    assert [(o.version, o.decision, o.status) for o in versions] == [
        (1, Decision.PASSED, OutcomeStatus.CORRECTED), (2, Decision.VOID, OutcomeStatus.PUBLISHED),
    ]  # fmt: skip
    assert versions[1].reason == "处理决定生效"
    assert await queries.recheck(session) == []


async def test_recomputing_before_publication_replaces_the_pending_version(session: AsyncSession, world: World) -> None:
    await mark_all(session, world)
    await actions.compute(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    change = NewMark(registration_id=world.registrations[1], component_id=world.component("W").id, sitting_id=None,
                     state=PartState.SCORED, value=Decimal(99), source=MarkSource.CORRECTION, reason="复核")  # fmt: skip
    await marking.write_marks(session, world.verifier, batch_id=world.batch_id, new=[change], now=AFTER)
    await marking.verify_marks(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    done = await actions.compute(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    assert (done.new, done.unchanged) == (1, 2)
    versions = await queries.all_versions(session, registration_id=world.registrations[1])
    assert [one.status for one in versions] == [OutcomeStatus.SUPERSEDED, OutcomeStatus.COMPUTED]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE scoring.outcomes SET composite = 60, decision = 'passed'",
        "UPDATE scoring.outcomes SET inputs = '{}'",
        "DELETE FROM scoring.outcomes",
    ],
)
async def test_the_database_keeps_what_was_decided(session: AsyncSession, world: World, statement: str) -> None:
    await mark_all(session, world)
    await actions.compute(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    with pytest.raises(DBAPIError, match="what was decided"):
        await session.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("ALTER TABLE scoring.outcomes DISABLE TRIGGER outcomes_decided; "
         "UPDATE scoring.outcomes SET decision = 'passed', composite = 60 WHERE decision = 'failed'", "outcome"),
        ("ALTER TABLE scoring.outcomes DISABLE TRIGGER outcomes_decided; "
         "UPDATE scoring.outcomes SET inputs = jsonb_set(inputs, '{parts,0,value}', '\"99\"') WHERE decision = 'failed'",
         "hash"),
        ("UPDATE scoring.marks SET value = value + 1 WHERE source = 'computer' AND value < 50", "mark"),
        ("UPDATE scoring.marks SET value = value + 1 WHERE source = 'double_entry' AND value < 50", "mark"),
        ("UPDATE scoring.marks SET value = value - 1 WHERE source = 'sheets' AND value = 100", "mark"),
        ("ALTER TABLE scoring.score_sheets DISABLE TRIGGER score_sheets_signed; "
         "UPDATE scoring.score_sheets SET total = 99 WHERE total = 100", "sheet"),
    ],
)  # fmt: skip
async def test_every_alteration_is_found(session: AsyncSession, world: World, statement: str, kind: str) -> None:
    await mark_all(session, world)
    await to_published(session, world)
    for part in statement.split("; "):
        await session.execute(text(part))
    assert kind in {mismatch.kind for mismatch in await queries.recheck(session)}


async def test_a_candidate_sees_the_own_published_result_only(session: AsyncSession, world: World) -> None:
    await mark_all(session, world)
    await actions.compute(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    await actions.verify(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    (before,) = await queries.mine(session, world.candidate(0))
    assert before.outcome is None and before.marks == {}
    await actions.publish(session, world.publisher, batch_id=world.batch_id, now=AFTER)
    (after,) = await queries.mine(session, world.candidate(0))
    assert after.outcome is not None and after.outcome.decision is Decision.PASSED
    assert after.registration.id == world.registrations[0]
    assert await queries.mine(session, world.verifier) == []


async def test_a_school_sees_its_own_and_only_what_is_published(session: AsyncSession, world: World) -> None:
    await mark_all(session, world)
    await actions.compute(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    school = (await registration.registrations(session, batch_id=world.batch_id))[0].institution_id
    secretary = Actor(new_id(), "教务", (Grant(Role.INSTITUTION, Scope("institution", str(school))),))
    other = Actor(new_id(), "别校", (Grant(Role.INSTITUTION, Scope("institution", str(new_id()))),))
    province = Actor(new_id(), "省厅", (Grant(Role.PROVINCE, Scope("province", "42")),))
    assert [line.outcome for line in (await queries.overview(session, secretary, world.batch_id)).lines] == [None] * 3
    await actions.verify(session, world.verifier, batch_id=world.batch_id, now=AFTER)
    await actions.publish(session, world.publisher, batch_id=world.batch_id, now=AFTER)
    for reader, count in ((secretary, 3), (other, 0), (province, 3), (world.publisher, 3)):
        seen = await queries.overview(session, reader, world.batch_id)
        assert len([line for line in seen.lines if line.outcome]) == count
    seen = await queries.overview(session, province, world.batch_id)
    assert (seen.present, seen.counts[Decision.PASSED], seen.counts[Decision.ABSENT]) == (2, 1, 1)
    bins = queries.distribution(seen.lines)
    assert sum(count for _, _, count in bins) == 2 and len(bins) == 20
    assert (bins[6], bins[17]) == ((30, 35, 1), (85, 90, 1))


async def test_distribution_of_nobody(session: AsyncSession) -> None:
    assert sum(count for _, _, count in queries.distribution([])) == 0
