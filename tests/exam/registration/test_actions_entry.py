"""Registering in person: whole or not at all, alike for a known and an unknown number, bound to the holder by the officer."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import actions as accounts
from exam.accounts import queries as account_queries
from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import Forbidden, Invalid, Problem
from exam.kernel.services import Services
from exam.registration import actions, queries
from exam.registration.actions import Receipt
from exam.registration.rules import BatchStatus, Channel, Gender, IdType, Payer, RegistrationStatus
from exam.registration.rules.entry import (
    AlreadyEntered,
    EntryClosed,
    EntryNotOffered,
    NothingToCorrect,
    NumberNotTheirs,
    NumberTwice,
    Typed,
    WithdrawTooLate,
)
from exam.registration.rules.photos import PhotoAspect
from tests.exam.registration.test_routes import photo
from tests.exam.registration.world import CLOSES, NOW, World, id_number, make_world, row, workbook

PLACES = {"420100", "429004"}
NUMBER = id_number(41, birth="19900301")
TYPED = Typed(
    name="林小满", id_type=IdType.RESIDENT, id_number=NUMBER, phone="16400000041", prefecture_code="429004", eligible=True,
    consent=True,
)  # fmt: skip
COUNTS = (
    "SELECT (SELECT count(*) FROM exam.people), (SELECT count(*) FROM exam.registrations),"
    " (SELECT count(*) FROM exam.accounts), (SELECT count(*) FROM exam.audit_records)"
)


@pytest.fixture
async def world(session: AsyncSession) -> World:
    return await make_world(session)


async def enter(
    session: AsyncSession, services: Services, world: World, typed: Typed = TYPED, actor: Actor | None = None, **changes: Any
) -> Receipt:  # fmt: skip
    given: dict[str, Any] = {
        "batch_id": world.batch.id, "scheme_id": world.web.id, "typed": typed, "photo": photo(), "places": PLACES,
        "key": "key one", "now": NOW,
    }  # fmt: skip
    return await actions.enter(session, actor, services.vault, services.files, **(given | changes))


async def own_actor(session: AsyncSession, receipt: Receipt) -> Actor:
    return await account_queries.actor(session, receipt.account_id)


async def accept(session: AsyncSession, services: Services, world: World, *ids: UUID) -> None:
    await actions.accept(session, world.officer, registration_ids=ids, vault=services.vault, now=NOW)


async def imported(session: AsyncSession, services: Services, world: World, **changes: str) -> None:
    """The same number comes in on a school's roster."""
    values = row(41, 姓名="林小满", 证件号码=NUMBER, 考生类别="社会", 缴费方式="自费") | changes
    result = await actions.import_roster(
        session, world.secretary, services.vault, batch_id=world.batch.id, institution_id=world.school.id,
        filename="名单.xlsx", data=workbook([values]), now=NOW,
    )  # fmt: skip
    assert result.accepted, result.problems


async def test_an_entry_is_a_registration_that_pays_for_itself(
    session: AsyncSession, services: Services, world: World
) -> None:
    made = await enter(session, services, world)
    one = await queries.registration(session, made.registration_id)
    assert (one.status, one.channel, one.payer) == (RegistrationStatus.SUBMITTED, Channel.SOCIAL, Payer.SELF)
    assert (one.name, one.gender, one.institution_id, one.prefecture_code) == ("林小满", Gender.MALE, None, "429004")
    assert (one.consent_at, one.fee_yuan, one.missing, one.claimed) == (NOW, world.web.fee_yuan, (), True)
    assert one.entry_no == made.entry_no
    assert await queries.id_number(session, services.vault, one.person_id) == NUMBER
    assert await queries.phone_number(session, services.vault, one.person_id) == TYPED.phone


async def test_the_receipt_opens_this_registration_and_nothing_else(
    session: AsyncSession, services: Services, world: World
) -> None:
    made = await enter(session, services, world)
    opened = await accounts.sign_in(
        session, services.vault, login=made.entry_no, secret=made.secret.lower(), old_token=None, now=NOW
    )
    assert opened is not None
    actor = await account_queries.actor_of_token(session, opened[1], NOW)
    assert actor is not None
    assert [one.id for one in await queries.own(session, actor)] == [made.registration_id]
    assert actor.scope_ids(Permission.OWN_READ, "person") == set()
    stored = (await session.execute(text("SELECT secret_index, secret_sealed FROM exam.accounts"))).one()
    assert made.secret not in str(stored)
    assert made.secret not in repr(made)


async def test_every_problem_is_named_and_nothing_is_saved(
    session: AsyncSession, services: Services, world: World
) -> None:
    before = (await session.execute(text(COUNTS))).one()
    with pytest.raises(Invalid) as refused:
        await enter(session, services, world, replace(TYPED, phone="1", consent=False), photo=photo(413, 413))
    assert {one.field for one in refused.value.problems} == {"phone", "consent", "photo"}
    missing = Problem(field="photo", code="missing", message="请选择一个文件。")
    with pytest.raises(Invalid) as refused:
        await enter(session, services, world, Typed(), photo=missing)
    assert missing in refused.value.problems
    assert (await session.execute(text(COUNTS))).one() == before


async def test_outside_the_window_and_what_is_not_offered_are_refused(
    session: AsyncSession, services: Services, world: World
) -> None:
    with pytest.raises(EntryClosed):
        await enter(session, services, world, now=CLOSES)
    with pytest.raises(EntryNotOffered):
        await enter(session, services, world, scheme_id=UUID(int=1))
    await actions.move_batch(
        session, world.officer, batch_id=world.batch.id, to=BatchStatus.REGISTRATION_CLOSED, now=NOW
    )
    with pytest.raises(EntryClosed):
        await enter(session, services, world)


async def test_a_form_sent_twice_registers_once(session: AsyncSession, services: Services, world: World) -> None:
    first = await enter(session, services, world)
    assert await enter(session, services, world) == first
    assert len(await queries.registrations(session, batch_id=world.batch.id)) == 1


async def test_a_second_try_says_so_to_the_person_alone(
    session: AsyncSession, services: Services, world: World
) -> None:
    made = await enter(session, services, world)
    with pytest.raises(AlreadyEntered):
        await enter(session, services, world, actor=await own_actor(session, made), key="key two")
    other = await enter(
        session, services, world, actor=await own_actor(session, made), key="key three",
        scheme_id=world.web_intermediate.id,
    )  # fmt: skip
    assert other.entry_no != made.entry_no


async def test_a_known_number_does_not_leak(session: AsyncSession, services: Services, world: World) -> None:
    """A stranger types the number of somebody registered: the answer, the receipt and the pages are those of a fresh one."""
    await imported(session, services, world)
    holder = (await queries.registrations(session, batch_id=world.batch.id))[0]
    for key, typed in (("same name", TYPED), ("other name", replace(TYPED, name="王大明", phone="16400000099"))):
        made = await enter(session, services, world, typed, key=key)
        actor = await own_actor(session, made)
        seen = await queries.own(session, actor)
        assert [one.id for one in seen] == [made.registration_id]
        assert (seen[0].status, seen[0].name, seen[0].major) == (RegistrationStatus.SUBMITTED, typed.name, "")
        assert seen[0].person_id != holder.person_id
        assert await queries.phone_number(session, services.vault, holder.person_id) == "16400000041"
        again = await enter(session, services, world, typed, actor=None, key=key + " again")
        assert again.entry_no != made.entry_no


async def test_acceptance_makes_the_claim_the_holder(session: AsyncSession, services: Services, world: World) -> None:
    made = await enter(session, services, world)
    await accept(session, services, world, made.registration_id)
    one = await queries.registration(session, made.registration_id)
    assert (one.status, one.claimed) == (RegistrationStatus.CONSENT_CONFIRMED, False)
    found = await queries.find(session, services.vault, NUMBER)
    assert [other.id for other in found] == [one.id]
    await imported(session, services, world, 等级="中级")  # the next roster knows this person
    people = {other.person_id for other in await queries.registrations(session, batch_id=world.batch.id)}
    assert people == {one.person_id}


async def test_acceptance_joins_the_person_on_record(session: AsyncSession, services: Services, world: World) -> None:
    await imported(session, services, world, 等级="中级")
    holder = (await queries.registrations(session, batch_id=world.batch.id))[0]
    made = await enter(session, services, world, replace(TYPED, phone="16400000042"))
    await accept(session, services, world, made.registration_id)
    assert (await queries.registration(session, made.registration_id)).person_id == holder.person_id
    assert await queries.phone_number(session, services.vault, holder.person_id) == "16400000042"
    assert (await session.execute(text("SELECT count(*) FROM exam.people"))).scalar_one() == 1
    actor = await own_actor(session, made)
    assert [one.id for one in await queries.own(session, actor)] == [made.registration_id]


async def test_the_officer_is_told_of_a_second_one_and_of_another_name(
    session: AsyncSession, services: Services, world: World
) -> None:
    first = await enter(session, services, world)
    second = await enter(session, services, world, key="two")
    stranger = await enter(session, services, world, replace(TYPED, name="王大明"), key="three")
    doubles = await queries.same_number(session, [second.registration_id])
    assert {one.id for one in doubles[second.registration_id]} == {first.registration_id, stranger.registration_id}
    await accept(session, services, world, first.registration_id)
    with pytest.raises(NumberTwice):
        await accept(session, services, world, second.registration_id)
    with pytest.raises(NumberNotTheirs):
        await accept(session, services, world, stranger.registration_id)
    assert await queries.same_number(session, []) == {}


async def test_the_database_holds_one_live_registration_and_no_unchecked_one_further(
    session: AsyncSession, services: Services, world: World
) -> None:
    first = await enter(session, services, world)
    second = await enter(session, services, world, key="two")
    await accept(session, services, world, first.registration_id)
    person = (await queries.registration(session, first.registration_id)).person_id
    for change in (f"person_id = '{person}'", "status = 'accepted'"):
        with pytest.raises(IntegrityError):
            async with session.begin_nested():
                await session.execute(
                    text(f"UPDATE exam.registrations SET {change} WHERE id = '{second.registration_id}'")
                )


async def test_a_returned_photo_is_corrected_by_the_person(
    session: AsyncSession, services: Services, world: World
) -> None:
    made = await enter(session, services, world)
    actor = await own_actor(session, made)
    better = photo(300, 420)
    ask: dict[str, Any] = {"registration_id": made.registration_id, "now": NOW}
    with pytest.raises(NothingToCorrect):
        await actions.correct_photo(session, actor, services.files, data=better, **ask)
    await actions.give_back(session, world.officer, registration_ids=[made.registration_id], reason="看不清", now=NOW)
    with pytest.raises(PhotoAspect):
        await actions.correct_photo(session, actor, services.files, data=photo(413, 413), **ask)
    other = await own_actor(session, await enter(session, services, world, key="other"))
    with pytest.raises(Forbidden):
        await actions.correct_photo(session, other, services.files, data=better, **ask)
    before = (await queries.registration(session, made.registration_id)).photo_sha256
    after = await actions.correct_photo(session, actor, services.files, data=better, **ask)
    assert after.status is RegistrationStatus.SUBMITTED
    assert after.photo_sha256 not in (None, before)
    await accept(session, services, world, made.registration_id)


async def test_withdrawing_frees_the_place_until_registration_closes(
    session: AsyncSession, services: Services, world: World
) -> None:
    made = await enter(session, services, world)
    actor = await own_actor(session, made)
    with pytest.raises(WithdrawTooLate):
        await actions.withdraw_own(session, actor, registration_id=made.registration_id, now=CLOSES)
    after = await actions.withdraw_own(session, actor, registration_id=made.registration_id, now=NOW)
    assert after.status is RegistrationStatus.WITHDRAWN
    again = await enter(session, services, world, actor=actor, key="again")
    await accept(session, services, world, again.registration_id)
    with pytest.raises(Forbidden):
        await actions.withdraw_own(session, world.secretary, registration_id=again.registration_id, now=NOW)


async def test_the_officer_records_the_fee_and_confirms(
    session: AsyncSession, services: Services, world: World
) -> None:
    made = await enter(session, services, world)
    await accept(session, services, world, made.registration_id)
    ids = [made.registration_id]
    for nobody in (world.secretary, await own_actor(session, made)):
        with pytest.raises(Forbidden):
            await actions.record_fee(session, nobody, registration_ids=ids, receipt="R1", now=NOW)
    paid = await actions.record_fee(session, world.officer, registration_ids=ids, receipt="R1", now=NOW)
    assert paid[0].status is RegistrationStatus.SELF_PAID
    await actions.close(session, world.officer, batch_id=world.batch.id, now=NOW)
    assert (await queries.registration(session, made.registration_id)).status is RegistrationStatus.CONFIRMED


async def test_the_officer_may_not_settle_an_institutions_fee(
    session: AsyncSession, services: Services, world: World
) -> None:
    await imported(session, services, world)
    one = (await queries.registrations(session, batch_id=world.batch.id))[0]
    with pytest.raises(Forbidden):
        await actions.record_fee(session, world.officer, registration_ids=[one.id], now=NOW)


async def test_needs_name_what_waits_in_person(session: AsyncSession, services: Services, world: World) -> None:
    made = await enter(session, services, world)
    found = {need.href.rpartition("/")[2]: need.count for need in await queries.needs(session, world.officer, NOW)}
    assert found == {"check?institution=self": 1}
    await accept(session, services, world, made.registration_id)
    found = {need.href.rpartition("/")[2]: need.count for need in await queries.needs(session, world.officer, NOW)}
    assert found == {"self?missing=fee": 1}


@pytest.fixture
async def lasting(services: Services) -> World:
    async with services.db.transaction() as session:
        return await make_world(session)


async def test_one_form_at_the_same_moment_registers_once(services: Services, lasting: World) -> None:
    async def send() -> Receipt:
        async with services.db.transaction() as session:
            return await enter(session, services, lasting)

    first, second = await asyncio.gather(send(), send())
    assert first == second


async def test_two_officers_at_the_same_moment_accept_one(services: Services, lasting: World) -> None:
    made = []
    for key in ("one", "two"):
        async with services.db.transaction() as session:
            made.append(await enter(session, services, lasting, key=key))

    async def check(id: UUID) -> None:
        async with services.db.transaction() as session:
            await accept(session, services, lasting, id)

    results = await asyncio.gather(*(check(one.registration_id) for one in made), return_exceptions=True)
    assert sorted(type(one).__name__ for one in results) in (
        ["IntegrityError", "NoneType"],
        ["NoneType", "NumberTwice"],
    )
    async with services.db.transaction() as session:
        found = await queries.registrations(session, batch_id=lasting.batch.id)
    assert sorted(one.status for one in found) == [RegistrationStatus.CONSENT_CONFIRMED, RegistrationStatus.SUBMITTED]


async def test_the_receipt_of_nobody_is_none(session: AsyncSession, services: Services) -> None:
    assert await account_queries.entry_access(session, services.vault, login="R0000000000") is None
    assert await account_queries.entry_access(session, services.vault, account_id=UUID(int=1)) is None
