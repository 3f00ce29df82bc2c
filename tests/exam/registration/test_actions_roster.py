"""Importing rosters: what is registered, what is kept sealed, what a second import sees."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel.crypto import Vault
from exam.kernel.errors import Forbidden
from exam.registration import actions, queries
from exam.registration.rules import Channel, Payer, RegistrationStatus, RosterResult
from tests.exam.registration.world import NOW, World, csv_text, id_number, make_world, row, workbook


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.open_or_create(tmp_path / "keys")


async def load(session: AsyncSession, vault: Vault, world: World, data: bytes, **changes: object) -> RosterResult:
    given = {
        "batch_id": world.batch.id,
        "institution_id": world.school.id,
        "filename": "名单.xlsx",
        "now": NOW,
    } | changes
    actor = given.pop("actor", world.secretary)
    return await actions.import_roster(session, actor, vault, data=data, **given)  # type: ignore[arg-type]


def codes(result: RosterResult) -> list[str]:
    return [found.code for found in result.problems]


async def test_a_right_roster_registers_everybody(session: AsyncSession, vault: Vault) -> None:
    world = await make_world(session)
    rows = [row(1), row(2, 等级="中级"), row(3, 考生类别="社会", 缴费方式="", 专业="")]
    result = await load(session, vault, world, workbook(rows))
    assert result.problems == ()
    assert (result.registered_count, result.persons_count, result.rows_count) == (3, 3, 3)
    assert result.fee_total_yuan == Decimal(600)
    found = {
        one.level.value + one.channel.value: one
        for one in await queries.registrations(session, batch_id=world.batch.id)
    }
    first, social = found["elementaryschool"], found["elementarysocial"]
    assert first.status is RegistrationStatus.SUBMITTED
    assert (first.payer, first.first_free, first.consent_at) == (Payer.INSTITUTION, True, NOW)
    assert (first.prefecture_code, first.institution_name_zh) == ("420100", world.school.name_zh)
    assert (social.channel, social.payer, social.first_free) == (Channel.SOCIAL, Payer.SELF, False)


async def test_numbers_are_sealed_and_found_blindly(session: AsyncSession, vault: Vault) -> None:
    world = await make_world(session)
    await load(session, vault, world, workbook([row(1)]))
    (found,) = await queries.registrations(session, batch_id=world.batch.id)
    number = row(1)["证件号码"]
    assert found.id_masked == f"{number[:6]}********{number[-4:]}"
    assert await queries.id_number(session, vault, found.person_id) == number
    assert await queries.phone_number(session, vault, found.person_id) == row(1)["手机"]
    stored = (
        await session.execute(text("SELECT p::text || r::text FROM exam.people p, exam.registrations r"))
    ).scalar_one()
    assert number not in stored
    assert row(1)["手机"] not in stored
    assert [one.id for one in await queries.find(session, vault, number.lower())] == [found.id]
    assert await queries.find(session, vault, id_number(99)) == []
    assert await queries.find(session, vault, " ") == []


async def test_every_file_format_gives_the_same(session: AsyncSession, vault: Vault) -> None:
    world = await make_world(session)
    body = csv_text([row(1), row(2)])
    for data in (
        body.encode(),
        body.encode("utf-8-sig"),
        body.encode("gb18030"),
        body.encode("utf-16"),
        csv_text([row(1), row(2)], "\t").encode(),
        workbook([row(1), row(2)], sheet_name="Sheet7", above=["2026 年报名表", "云杉职业技术学院"]),
    ):
        async with session.begin_nested() as savepoint:
            result = await load(session, vault, world, data)
            assert (codes(result), result.registered_count) == ([], 2)
            await savepoint.rollback()


async def test_what_is_normalised_without_a_word(session: AsyncSession, vault: Vault) -> None:
    world = await make_world(session)
    number = next(n for n in map(id_number, range(1, 400)) if n.endswith("X"))
    rows = [row(1, 姓名="  王一鸣　", 证件号码=f" {number.lower()} ", 民族="土家", 考生类别="在校生")]
    assert codes(await load(session, vault, world, workbook(rows))) == []
    (found,) = await queries.registrations(session, batch_id=world.batch.id)
    assert found.name == "王一鸣"
    assert await queries.id_number(session, vault, found.person_id) == number


async def test_a_person_is_one_over_several_rosters(session: AsyncSession, vault: Vault) -> None:
    world = await make_world(session)
    await load(session, vault, world, workbook([row(1)]))
    again = await load(session, vault, world, workbook([row(1, 等级="中级", 手机="16400009999")]))
    assert codes(again) == []
    first, second = sorted(await queries.registrations(session, batch_id=world.batch.id), key=lambda one: one.level)
    assert first.person_id == second.person_id
    assert [first.first_free, second.first_free] == [True, False]
    assert await queries.phone_number(session, vault, first.person_id) == "16400009999"


async def test_the_register_is_compared(session: AsyncSession, vault: Vault) -> None:
    world = await make_world(session)
    await load(session, vault, world, workbook([row(1), row(2)]))
    result = await load(session, vault, world, workbook([row(1), row(2, 姓名="另一人", 等级="中级"), row(3)]))
    assert codes(result) == ["double_registered", "person_conflict"]
    assert [found.row for found in result.problems] == [2, 3]
    assert len(await queries.registrations(session, batch_id=world.batch.id)) == 2


async def test_the_quota_counts_what_is_live(session: AsyncSession, vault: Vault) -> None:
    world = await make_world(session, quota=2)
    await load(session, vault, world, workbook([row(1)]))
    too_many = await load(session, vault, world, workbook([row(2), row(3), row(4)]))
    assert [(found.code, found.row, found.facts["over"]) for found in too_many.problems] == [
        ("quota_exceeded", 3, 1),
        ("quota_exceeded", 4, 2),
    ]
    (first,) = await queries.registrations(session, batch_id=world.batch.id)
    await actions.withdraw(session, world.secretary, registration_ids=[first.id], reason="本人退出", now=NOW)
    assert codes(await load(session, vault, world, workbook([row(2), row(3)]))) == []


async def test_withdrawn_people_may_come_back(session: AsyncSession, vault: Vault) -> None:
    world = await make_world(session)
    await load(session, vault, world, workbook([row(1)]))
    (first,) = await queries.registrations(session, batch_id=world.batch.id)
    await actions.withdraw(session, world.secretary, registration_ids=[first.id], now=NOW)
    assert codes(await load(session, vault, world, workbook([row(1)]))) == []


async def test_only_the_own_school_imports(session: AsyncSession, vault: Vault) -> None:
    world = await make_world(session)
    for actor in (world.stranger, world.officer):
        with pytest.raises(Forbidden):
            await load(session, vault, world, workbook([row(1)]), actor=actor)


async def test_two_thousand_rows_in_one_go(session: AsyncSession, vault: Vault) -> None:
    world = await make_world(session)
    result = await load(session, vault, world, workbook([row(serial) for serial in range(1, 2001)]))
    assert (codes(result)[:3], result.registered_count) == ([], 2000)


async def test_a_check_is_kept_sealed_and_goes_after_a_week(session: AsyncSession, vault: Vault) -> None:
    world = await make_world(session)
    result = await load(session, vault, world, workbook([row(1, 手机="12")]))
    id = await actions.keep_check(
        session, world.secretary, vault, batch_id=world.batch.id, institution_id=world.school.id, result=result, now=NOW
    )
    sealed = (await session.execute(text("SELECT sealed FROM exam.roster_checks"))).scalar_one()
    assert row(1)["证件号码"] not in sealed
    kept = await queries.check(session, vault, world.secretary, id, NOW)
    assert kept.result == result
    with pytest.raises(Forbidden):
        await queries.check(session, vault, world.stranger, id, NOW)
    assert await actions.purge_checks(session, now=NOW + timedelta(days=6)) == 0
    assert await actions.purge_checks(session, now=NOW + timedelta(days=7)) == 1


async def test_every_change_has_its_audit_record(session: AsyncSession, vault: Vault) -> None:
    world = await make_world(session)
    await load(session, vault, world, workbook([row(1), row(2)]))
    query = text("SELECT subject, cardinality(subject_ids) FROM exam.audit_records WHERE stream = :stream ORDER BY seq")
    found = (await session.execute(query, {"stream": f"batch:{world.batch.id}"})).all()
    assert [tuple(one) for one in found][-2:] == [("registration", 2), ("person", 2)]
