"""What-ifs are computed beside the draft and touch nothing; adopted they are the draft; a session moves by hand."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Role
from exam.catalogue.rules import Form
from exam.kernel.clock import china_date
from exam.kernel.errors import Forbidden, Invalid
from scheduling.forks import actions, queries
from scheduling.forks.rules.comparing import Verdict
from scheduling.forks.rules.records import (
    DraftFiled,
    Fork,
    ForkUnknown,
    MoveRefused,
    NoDraft,
    NoLongerDraft,
    NotMoved,
    SessionUnknown,
)
from scheduling.forks.rules.wishes import DraftReplaced, NothingDiffers, RecordsChanged, RecordsFirst, Variant, Wish
from scheduling.planning.rules.checking import check
from scheduling.sites import actions as sites
from scheduling.timetable import actions as timetable_actions
from scheduling.timetable import queries as timetable
from scheduling.timetable.rules.terms import NoTerms
from tests.exam.registration.world import NOW, person
from tests.scheduling.world import World, close, make_world, register, staff


@pytest.fixture
async def world(session: AsyncSession) -> AsyncIterator[World]:
    """180 candidates and eight stations over two days: some have no place."""
    made = await make_world(session)
    await register(session, made, 174, school=0)
    await register(session, made, 6, school=2)
    await staff(session, made, 0, 12, may_invigilate=True, may_head=True)
    await staff(session, made, 1, 12, may_invigilate=True, may_head=False, assess=True)
    await close(session, made)
    yield made


async def propose(session: AsyncSession, world: World, seed: int = 3) -> timetable.PlanRecord:
    return await timetable_actions.propose(session, world.officer, batch_id=world.batch.id, seed=seed, now=NOW)


async def forked(session: AsyncSession, world: World, wish: Wish) -> Fork:
    question = await actions.prepare(session, world.officer, batch_id=world.batch.id, wish=wish, now=NOW)
    fork_id = await actions.keep(session, world.officer, question, actions.compute(question), now=NOW)
    return await queries.fork(session, fork_id)


async def site_code(session: AsyncSession, world: World) -> str:
    return next(
        one.code for one in (await timetable.ground(session, world.batch.id)).site.values() if one.id == world.site_id
    )


async def test_a_day_more_finds_places_and_touches_nothing(session: AsyncSession, world: World) -> None:
    draft = await propose(session, world)
    assert draft.figures["unplaced"] > 0
    fork = await forked(session, world, Wish(variant=Variant.DAY))
    before, after = fork.comparison.before, fork.comparison.after
    assert before.unplaced == draft.figures["unplaced"]
    assert after.unplaced < before.unplaced
    lines = {one.measure.name: one.verdict for one in fork.comparison.lines()}
    assert lines["unplaced"] is Verdict.BETTER
    assert lines["fee_cents"] is Verdict.OTHER
    found = [one for one in fork.comparison.moved if one.before is None]
    assert sum(one.count for one in found) == before.unplaced - after.unplaced
    latest = await timetable.latest(session, world.batch.id)
    assert latest
    assert (latest.id, latest.version) == (draft.id, draft.version)
    problem, plan = await queries.fork_files(session, fork.id)
    assert [one.h for one in check(problem, plan).violations if one.h != "H1"] == []
    with pytest.raises(RecordsFirst):
        await actions.adopt(session, world.officer, fork_id=fork.id, now=NOW)


async def test_who_can_stay_is_not_counted_as_moved(
    session: AsyncSession, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search that numbers the members of a group from the other end says the same."""
    await propose(session, world)
    work_out = timetable_actions.work_out

    def from_the_other_end(*arguments: Any, **options: Any) -> timetable_actions.Solution:
        solution = work_out(*arguments, **options)
        problem, plan = solution.worked.problem, solution.worked.plan

        def turned(one: Any) -> Any:
            return structs.replace(one, first=problem.group[one.group].count - one.first - one.count)

        plan = structs.replace(
            plan,
            placements=tuple(map(turned, plan.placements)),
            unplaced=tuple(map(turned, plan.unplaced)),
            sessions=tuple(structs.replace(one, parts=tuple(map(turned, one.parts))) for one in plan.sessions),
        )
        return replace(solution, worked=replace(solution.worked, plan=plan))

    monkeypatch.setattr(timetable_actions, "work_out", from_the_other_end)
    fork = await forked(session, world, Wish(variant=Variant.LIMIT, km=900))
    assert fork.comparison.before.unplaced > 0
    assert fork.comparison.moved == ()


async def test_the_other_questions_are_answered(session: AsyncSession, world: World) -> None:
    draft = await propose(session, world)
    code = await site_code(session, world)
    days = sorted({slot.day for slot in (await timetable.worked(session, draft.id)).problem.slots})
    for wish in (
        Wish(variant=Variant.MACHINES, site=code, seats=20),
        Wish(variant=Variant.MACHINES, site=code, room="R1", seats=5),
        Wish(variant=Variant.CLOSED, site=code, days=(days[0],)),
        Wish(variant=Variant.CLOSED, site=code),
        Wish(variant=Variant.PROVINCE, allowed=False),
    ):
        fork = await forked(session, world, wish)
        assert fork.wish == wish
        if wish.variant is Variant.CLOSED and not wish.days:
            assert all(one.after != code for one in fork.comparison.moved)
            assert fork.comparison.after.unplaced > fork.comparison.before.unplaced
    assert len(await queries.forks(session, world.batch.id)) == 5


async def test_a_seed_is_adopted_as_the_new_draft(session: AsyncSession, world: World) -> None:
    draft = await propose(session, world)
    fork = await forked(session, world, Wish(variant=Variant.SEED, seed=8))
    made = await actions.adopt(session, world.officer, fork_id=fork.id, now=NOW)
    assert (made.version, made.seed) == (draft.version + 1, 8)
    adopted, (_, plan) = await timetable.worked(session, made.id), await queries.fork_files(session, fork.id)
    assert adopted.plan.placements == plan.placements
    assert adopted.plan.sessions == plan.sessions
    assert (await queries.fork(session, fork.id)).adopted_version == made.version
    with pytest.raises(DraftReplaced):
        await actions.adopt(session, world.officer, fork_id=fork.id, now=NOW)


async def test_a_draft_that_was_handed_in_is_not_replaced(session: AsyncSession, world: World) -> None:
    draft = await propose(session, world)
    await timetable_actions.file(
        session, world.officer, plan_id=draft.id, filed_with="省教育厅", filed_on=china_date(NOW), now=NOW
    )
    fork = await forked(session, world, Wish(variant=Variant.SEED, seed=8))
    assert fork.plan_id == draft.id
    assert (await queries.fork_view(session, world.officer, fork.id)).filed
    with pytest.raises(DraftFiled):
        await actions.adopt(session, world.officer, fork_id=fork.id, now=NOW)
    with pytest.raises(DraftFiled):
        await queries.move_view(session, world.officer, await held(session, world))


async def test_a_limit_stays_with_the_draft_that_was_adopted(session: AsyncSession, world: World) -> None:
    await propose(session, world)
    fork = await forked(session, world, Wish(variant=Variant.LIMIT, km=900))
    made = await actions.adopt(session, world.officer, fork_id=fork.id, now=NOW)
    assert (await timetable.worked(session, made.id)).problem.rules.travel_limit_km == 900
    again = await forked(session, world, Wish(variant=Variant.DAY))
    assert (await queries.fork_files(session, again.id))[0].rules.travel_limit_km == 900


async def test_an_adopted_limit_holds_for_the_batch_until_it_is_given_up(session: AsyncSession, world: World) -> None:
    norms = (await timetable.worked(session, (await propose(session, world)).id)).problem.rules.travel_limit_km
    fork = await forked(session, world, Wish(variant=Variant.LIMIT, km=900))
    await actions.adopt(session, world.officer, fork_id=fork.id, now=NOW)
    for seed in (4, 5):  # also of the second proposal after it
        made = await propose(session, world, seed)
        assert (await timetable.worked(session, made.id)).problem.rules.travel_limit_km == 900
    (term,) = (await timetable.arrangement(session, world.province, world.batch.id)).terms
    assert (term.rule, term.value, term.by, term.at) == ("travel_limit_km", 900, world.officer.name, NOW)
    with pytest.raises(Forbidden):
        await timetable_actions.drop_terms(session, world.province, batch_id=world.batch.id, now=NOW)
    await timetable_actions.drop_terms(session, world.officer, batch_id=world.batch.id, now=NOW)
    made = await propose(session, world, 6)
    assert (await timetable.worked(session, made.id)).problem.rules.travel_limit_km == norms != 900
    with pytest.raises(NoTerms):
        await timetable_actions.drop_terms(session, world.officer, batch_id=world.batch.id, now=NOW)


async def test_a_seed_decides_nothing_for_the_batch(session: AsyncSession, world: World) -> None:
    await propose(session, world)
    fork = await forked(session, world, Wish(variant=Variant.SEED, seed=8))
    await actions.adopt(session, world.officer, fork_id=fork.id, now=NOW)
    assert await timetable.terms(session, world.batch.id) == ()


async def test_what_was_computed_from_other_records_is_refused(session: AsyncSession, world: World) -> None:
    await propose(session, world)
    fork = await forked(session, world, Wish(variant=Variant.SEED, seed=8))
    await sites.add_room(
        session, world.secretaries[0], site_id=world.site_id, code="P9", name_zh="实训室", form=Form.PRACTICAL_GENERAL,
        seats=10, spares=1, now=NOW,
    )  # fmt: skip
    with pytest.raises(RecordsChanged):
        await actions.adopt(session, world.officer, fork_id=fork.id, now=NOW)
    await register(session, world, 1)
    with pytest.raises(RecordsChanged):
        await forked(session, world, Wish(variant=Variant.DAY))


async def test_questions_without_sense_are_refused(session: AsyncSession, world: World) -> None:
    async def ask(wish: Wish) -> None:
        await actions.ask(session, world.officer, batch_id=world.batch.id, wish=wish, now=NOW)

    with pytest.raises(NoDraft):
        await ask(Wish(variant=Variant.DAY))
    await propose(session, world)
    code = await site_code(session, world)
    for wish, field in (
        (Wish(variant=Variant.CLOSED, site="nowhere"), "site"),
        (Wish(variant=Variant.CLOSED, site=code, days=(date(2020, 1, 1),)), "days"),
        (Wish(variant=Variant.MACHINES, site=code, seats=0), "seats"),
        (Wish(variant=Variant.MACHINES, site=code, room="none", seats=3), "site"),
        (Wish(variant=Variant.LIMIT, km=0), "km"),
    ):
        with pytest.raises(Invalid) as refused:
            await ask(wish)
        assert [one.field for one in refused.value.problems] == [field]
    with pytest.raises(NothingDiffers):
        await ask(Wish(variant=Variant.SEED, seed=3))
    with pytest.raises(NothingDiffers):
        await ask(Wish(variant=Variant.PROVINCE, allowed=True))


async def test_a_what_if_is_deleted_by_who_arranges_the_batch(session: AsyncSession, world: World) -> None:
    await propose(session, world)
    fork = await forked(session, world, Wish(variant=Variant.DAY))
    reader = person(Role.PROVINCE, "province", world.batch.province_code)
    seen = await queries.fork_view(session, reader, fork.id)
    assert not seen.may_manage
    assert seen.rows
    assert {name for row in seen.rows for name in row.names} == set()
    with pytest.raises(Forbidden):
        await actions.delete(session, reader, fork_id=fork.id, now=NOW)
    await actions.delete(session, world.officer, fork_id=fork.id, now=NOW)
    with pytest.raises(ForkUnknown):
        await queries.fork(session, fork.id)


async def test_names_stand_in_the_list_for_who_arranges_the_batch(session: AsyncSession, world: World) -> None:
    await propose(session, world)
    fork = await forked(session, world, Wish(variant=Variant.DAY))
    view = await queries.fork_view(session, world.officer, fork.id)
    assert view.current
    assert [len(row.names) for row in view.rows] == [row.moved.count for row in view.rows]
    assert all(row.names for row in view.rows)


async def held(session: AsyncSession, world: World) -> UUID:
    """A written session of the draft."""
    plan = await timetable.latest(session, world.batch.id)
    assert plan
    found = await timetable.sessions(session, plan.id)
    return next(one.id for one in found if one.form is Form.COMPUTER)


async def test_a_session_moves_and_everything_else_stands(session: AsyncSession, world: World) -> None:
    draft = await propose(session, world)
    for code in ("C8", "C9"):
        await sites.add_room(
            session, world.secretaries[0], site_id=world.site_id, code=code, name_zh=f"机房 {code}", form=Form.COMPUTER,
            seats=30, spares=3, now=NOW,
        )  # fmt: skip
    draft = await propose(session, world)
    id = await held(session, world)
    view = await queries.move_view(session, world.officer, id)
    assert view.possible
    choice = view.possible[0]
    moved = await actions.move(
        session, world.officer, session_id=id, slot=choice.slot, place=choice.place, reason="设备检修", now=NOW
    )
    assert moved.plan.version == draft.version + 1
    before, after = await timetable.worked(session, draft.id), await timetable.worked(session, moved.plan.id)
    assert after.plan.session[view.session.id].slot == choice.slot
    assert after.plan.session[view.session.id].place == choice.place
    assert [one for one in before.plan.sessions if one.id != view.session.id] == [
        one for one in after.plan.sessions if one.id != view.session.id
    ]
    assert before.plan.assignments == after.plan.assignments
    new = await timetable.planned_session(session, moved.session_id)
    assert new
    assert new.key == view.session.id
    assert china_date(new.starts_at) == after.problem.slot[choice.slot].day
    with pytest.raises(NoLongerDraft):
        await queries.move_view(session, world.officer, id)


async def test_a_move_is_kept_as_a_pin_and_the_next_one_takes_it_back(session: AsyncSession, world: World) -> None:
    for code in ("C8", "C9"):
        await sites.add_room(
            session, world.secretaries[0], site_id=world.site_id, code=code, name_zh=f"机房 {code}", form=Form.COMPUTER,
            seats=30, spares=3, now=NOW,
        )  # fmt: skip
    await propose(session, world)
    id = await held(session, world)
    choice = (await queries.move_view(session, world.officer, id)).possible[0]
    await actions.move(
        session, world.officer, session_id=id, slot=choice.slot, place=choice.place, reason="设备检修", now=NOW
    )
    again = await propose(session, world, seed=9)
    held_there = [
        one
        for one in await timetable.sessions(session, again.id)
        if (await timetable.worked(session, again.id)).plan.session[one.key].slot == choice.slot
        and (await timetable.worked(session, again.id)).plan.session[one.key].place == choice.place
    ]
    assert [one.form for one in held_there] == [Form.COMPUTER]
    view = await queries.move_view(session, world.officer, held_there[0].id)
    assert [pin.reason for pin in view.pins] == ["设备检修"]
    assert view.possible
    back = view.possible[0]
    await actions.move(
        session, world.officer, session_id=held_there[0].id, slot=back.slot, place=back.place, reason="修好了", now=NOW
    )
    pins = await timetable.pins(session, world.batch.id)
    assert [(pin.reason, pin.removal_reason) for pin in sorted(pins, key=lambda one: one.number)] == [
        ("设备检修", "修好了"),
        ("修好了", ""),
    ]


async def test_a_move_that_breaks_something_is_refused_in_words(session: AsyncSession, world: World) -> None:
    draft = await propose(session, world)
    id = await held(session, world)
    view = await queries.move_view(session, world.officer, id)
    assert view.impossible
    for choice in view.impossible[:3]:
        with pytest.raises(MoveRefused) as refused:
            await actions.move(
                session, world.officer, session_id=id, slot=choice.slot, place=choice.place, reason="x", now=NOW
            )
        said = [one.message % {name: str(fact) for name, fact in one.facts.items()} for one in refused.value.problems]
        assert {one.code for one in refused.value.problems} == {one.code for one in choice.faults}
        assert not [text for text in said if "4299900" in text or "-0830" in text], said
    with pytest.raises(NotMoved):
        await actions.move(
            session, world.officer, session_id=id, slot=view.session.slot, place=view.session.place, reason="x", now=NOW
        )
    with pytest.raises(SessionUnknown):
        await queries.move_view(session, world.officer, world.site_id)
    latest = await timetable.latest(session, world.batch.id)
    assert latest
    assert latest.version == draft.version


async def test_the_pictures_count_everybody_once(session: AsyncSession, world: World) -> None:
    draft = await propose(session, world)
    view = await queries.pictures(session, world.officer, world.batch.id)
    assert sum(one.count for one in view.distances.bins) == view.distances.count == draft.figures["placed"]
    assert sum(one.candidates for _, one in view.sites) == draft.figures["placed"]
    assert all(one.seats_used <= one.seats and one.stations_used <= one.stations for _, one in view.sites)
    assert sum(one.count for one in view.duties) > 0
    assert view.distances.p50 <= view.distances.p95 <= view.distances.most
