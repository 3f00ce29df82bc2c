"""A registration on its way: check, consent, fee, confirmation; exemption, retained part, resit, transfer; photos."""

from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import SYSTEM, Actor, Grant, Role, Scope
from exam.catalogue import actions as catalogue_actions
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Scheme
from exam.kernel.crypto import Vault
from exam.kernel.errors import Forbidden
from exam.kernel.files import DiskStore, FileStore
from exam.kernel.ids import new_id
from exam.registration import actions, queries
from exam.registration.actions.batches import BatchCodeTaken, BatchDaysWrong, SchemeTwice, WindowFixed
from exam.registration.actions.moving import ReasonMissing
from exam.registration.actions.parts import (
    ComponentNotOfScheme,
    NothingLeft,
    ResitNotOffered,
    ResitNotOpen,
    ResitSameBatch,
    RetainedMarkWrong,
    RetainedSourceWrong,
)
from exam.registration.actions.places import InstitutionCodeTaken, QuotaInvalid
from exam.registration.actions.registrations import FeeAlreadySettled, WaiverProofMissing, WaiverReasonUnknown
from exam.registration.queries.registrations import Filters, RegistrationNotFound
from exam.registration.rules import BatchStatus, InstitutionKind, Payer, Registration, RegistrationStatus
from exam.registration.rules.photos import PhotoAspect, PhotoBackground, PhotoKind, PhotoPixels, PhotoSize
from exam.registration.rules.progress import NotReady
from exam.registration.rules.status import RegistrationMoveNotAllowed, RegistrationsUnfinished
from tests.exam.day import definition
from tests.exam.registration.test_routes import photo
from tests.exam.registration.world import CLOSES, NOW, OPENS, World, make_world, open_batch, person, row, workbook

R = RegistrationStatus


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.open_or_create(tmp_path / "keys")


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return DiskStore(tmp_path / "files")


async def registered(session: AsyncSession, vault: Vault, *rows: dict[str, str]) -> tuple[World, list[Registration]]:
    """A world with these rows registered, in their order."""
    world = await make_world(session)
    result = await actions.import_roster(
        session, world.secretary, vault, batch_id=world.batch.id, institution_id=world.school.id, filename="a.xlsx",
        data=workbook(rows), now=NOW,
    )  # fmt: skip
    assert result.problems == ()
    return world, sorted(await queries.registrations(session, batch_id=world.batch.id), key=lambda one: one.id)


async def with_photos(session: AsyncSession, world: World, files: FileStore, found: list[Registration]) -> None:
    pictures = {one.person_id: photo() for one in found}
    await actions.set_photos(session, world.secretary, files, photos=pictures, now=NOW)


async def second_version(session: AsyncSession) -> Scheme:
    """The next version of WEB, elementary."""
    draft = definition("WEB") | {"fee_yuan": "210"}
    return await catalogue.scheme(
        session, await catalogue_actions.publish_scheme(session, SYSTEM, definition=draft, now=NOW)
    )


async def status(session: AsyncSession, id: UUID) -> RegistrationStatus:
    return (await queries.registration(session, id)).status


async def test_the_road_to_a_confirmed_registration(session: AsyncSession, vault: Vault, files: FileStore) -> None:
    rows = [
        row(1),
        row(2, 考生类别="社会", 缴费方式="自费"),
        row(3, 缴费方式="减免", 减免原因="孤儿", 减免证明编号="证1"),
    ]
    world, found = await registered(session, vault, *rows)
    ids = [one.id for one in found]
    with pytest.raises(NotReady):
        await actions.accept(session, world.officer, registration_ids=ids, now=NOW)
    await with_photos(session, world, files, found)
    accepted = await actions.accept(session, world.officer, registration_ids=ids, now=NOW)
    assert {one.status for one in accepted} == {R.CONSENT_CONFIRMED, R.WAIVED}
    paid = await actions.record_fee(session, world.secretary, registration_ids=ids[:2], receipt="票1", now=NOW)
    assert {one.status for one in paid} == {R.INSTITUTION_PAID, R.SELF_PAID}
    await actions.close(session, world.officer, batch_id=world.batch.id, now=NOW)
    assert [await status(session, id) for id in ids] == [R.CONFIRMED] * 3
    await actions.mark_seated(session, SYSTEM, registration_ids=ids, now=NOW)
    await actions.mark_seated(session, SYSTEM, registration_ids=ids, now=NOW)  # publishing a second version
    await actions.mark_outcome(session, SYSTEM, registration_ids=ids, now=NOW)
    assert [await status(session, id) for id in ids] == [R.OUTCOME] * 3


async def test_an_unchecked_registration_holds_the_arrangement(session: AsyncSession, vault: Vault) -> None:
    world, _ = await registered(session, vault, row(1))
    await actions.close(session, world.officer, batch_id=world.batch.id, now=NOW)
    with pytest.raises(RegistrationsUnfinished):
        await actions.move_batch(session, world.officer, batch_id=world.batch.id, to=BatchStatus.ARRANGED, now=NOW)


async def test_returned_and_sent_again(session: AsyncSession, vault: Vault) -> None:
    world, (one,) = await registered(session, vault, row(1))
    with pytest.raises(ReasonMissing):
        await actions.give_back(session, world.officer, registration_ids=[one.id], reason=" ", now=NOW)
    (back,) = await actions.give_back(session, world.officer, registration_ids=[one.id], reason="照片不清", now=NOW)
    assert (back.status, back.return_reason) == (R.RETURNED, "照片不清")
    (again,) = await actions.resubmit(session, world.secretary, registration_ids=[one.id], now=NOW)
    assert (again.status, again.return_reason) == (R.SUBMITTED, "")
    (gone,) = await actions.reject(session, world.officer, registration_ids=[one.id], reason="不是本人", now=NOW)
    assert not gone.live


async def test_a_barred_registration_counts_no_more(session: AsyncSession, vault: Vault) -> None:
    world, (one,) = await registered(session, vault, row(1))
    with pytest.raises(ReasonMissing):
        await actions.bar(session, world.officer, registration_ids=[one.id], reason="", now=NOW)
    (barred,) = await actions.bar(session, world.officer, registration_ids=[one.id], reason="替考", now=NOW)
    assert (barred.status, barred.live) == (R.BARRED, False)
    with pytest.raises(RegistrationMoveNotAllowed):
        await actions.resubmit(session, world.secretary, registration_ids=[one.id], now=NOW)


async def test_each_role_keeps_to_its_part(session: AsyncSession, vault: Vault) -> None:
    world, (one,) = await registered(session, vault, row(1))
    ids = [one.id]
    other_officer = person(Role.EXAM_OFFICER, "organisation", new_id())
    for actor in (world.secretary, world.stranger, other_officer):
        with pytest.raises(Forbidden):
            await actions.accept(session, actor, registration_ids=ids, now=NOW)
    for actor in (world.officer, world.stranger):
        with pytest.raises(Forbidden):
            await actions.record_fee(session, actor, registration_ids=ids, now=NOW)
        with pytest.raises(Forbidden):
            await actions.withdraw(session, actor, registration_ids=ids, now=NOW)
    with pytest.raises(Forbidden):
        await actions.move_batch(
            session, other_officer, batch_id=world.batch.id, to=BatchStatus.REGISTRATION_CLOSED, now=NOW
        )
    with pytest.raises(RegistrationNotFound):
        await actions.accept(session, world.officer, registration_ids=[new_id()], now=NOW)


async def test_one_refused_row_stops_all(session: AsyncSession, vault: Vault, files: FileStore) -> None:
    world, found = await registered(session, vault, row(1), row(2))
    await with_photos(session, world, files, found)
    ids = [one.id for one in found]
    await actions.withdraw(session, world.secretary, registration_ids=ids[:1], now=NOW)
    with pytest.raises(RegistrationMoveNotAllowed):
        async with session.begin_nested():
            await actions.accept(session, world.officer, registration_ids=ids, now=NOW)
    assert await status(session, ids[1]) is R.SUBMITTED


async def test_consent_of_the_candidate(session: AsyncSession, vault: Vault, files: FileStore) -> None:
    world, (one,) = await registered(session, vault, row(1))
    await session.execute(text("UPDATE exam.registrations SET consent_at = NULL"))
    session.expire_all()
    await with_photos(session, world, files, [one])
    (accepted,) = await actions.accept(session, world.officer, registration_ids=[one.id], now=NOW)
    assert (accepted.status, accepted.missing) == (R.ACCEPTED, ("consent",))
    candidate = Actor(new_id(), "考生", (Grant(Role.CANDIDATE, Scope("person", str(one.person_id))),))
    (found,) = await actions.confirm_consent(session, candidate, registration_ids=[one.id], now=NOW)
    assert (found.status, found.consent_at) == (R.CONSENT_CONFIRMED, NOW)
    assert [mine.id for mine in await queries.own(session, candidate)] == [one.id]
    nobody = Actor(new_id(), "考生", (Grant(Role.CANDIDATE, Scope("person", str(new_id()))),))
    assert await queries.own(session, nobody) == []
    with pytest.raises(Forbidden):
        await actions.confirm_consent(session, nobody, registration_ids=[one.id], now=NOW)


async def test_the_database_itself_refuses_confirmation_without_consent(session: AsyncSession, vault: Vault) -> None:
    await registered(session, vault, row(1))
    with pytest.raises(IntegrityError):
        await session.execute(text("UPDATE exam.registrations SET status = 'confirmed', consent_at = NULL"))


async def test_the_database_itself_refuses_a_second_live_registration(session: AsyncSession, vault: Vault) -> None:
    await registered(session, vault, row(1))
    columns = (await session.execute(text("SELECT * FROM exam.registrations LIMIT 0"))).keys()
    rest = ", ".join(name for name in columns if name != "id")
    copy = text(f"INSERT INTO exam.registrations (id, {rest}) SELECT gen_random_uuid(), {rest} FROM exam.registrations")
    with pytest.raises(IntegrityError):
        async with session.begin_nested():
            await session.execute(copy)
    await session.execute(text("UPDATE exam.registrations SET status = 'withdrawn'"))
    await session.execute(copy)


async def test_a_waiver_needs_its_proof(session: AsyncSession, vault: Vault, files: FileStore) -> None:
    world, (one, two) = await registered(session, vault, row(1), row(2))
    waive = actions.waive_fee
    with pytest.raises(WaiverProofMissing):
        await waive(session, world.secretary, registration_id=one.id, reason="孤儿", proof="", now=NOW)
    with pytest.raises(WaiverReasonUnknown):
        await waive(session, world.secretary, registration_id=one.id, reason="想省钱", proof="1", now=NOW)
    waived = await waive(session, world.secretary, registration_id=one.id, reason="孤儿", proof="证1", now=NOW)
    assert (waived.payer, waived.status, waived.first_free) == (Payer.WAIVED, R.SUBMITTED, False)
    await with_photos(session, world, files, [one, two])
    await actions.accept(session, world.officer, registration_ids=[one.id, two.id], now=NOW)
    assert await status(session, one.id) is R.WAIVED
    late = await waive(session, world.secretary, registration_id=two.id, reason="孤儿", proof="证2", now=NOW)
    assert late.status is R.WAIVED
    await actions.confirm(session, world.officer, registration_ids=[one.id], now=NOW)
    with pytest.raises(FeeAlreadySettled):
        await waive(session, world.secretary, registration_id=one.id, reason="孤儿", proof="证1", now=NOW)


async def test_an_exemption_is_a_record_of_its_own(session: AsyncSession, vault: Vault) -> None:
    world, (one,) = await registered(session, vault, row(1))
    theory, written = (part.id for part in world.web.components)
    grant = actions.grant_exemption
    with pytest.raises(ReasonMissing):
        await grant(session, world.officer, registration_id=one.id, component_id=theory, reason="", now=NOW)
    with pytest.raises(ComponentNotOfScheme):
        await grant(session, world.officer, registration_id=one.id, component_id=new_id(), reason="毕业生", now=NOW)
    with pytest.raises(Forbidden):
        await grant(session, world.secretary, registration_id=one.id, component_id=theory, reason="毕业生", now=NOW)
    found = await grant(session, world.officer, registration_id=one.id, component_id=theory, reason="毕业生", now=NOW)
    assert found.exempt == {theory: "毕业生"}
    with pytest.raises(NothingLeft):
        await grant(session, world.officer, registration_id=one.id, component_id=written, reason="毕业生", now=NOW)


async def test_a_resit_keeps_the_part_that_was_passed(session: AsyncSession, vault: Vault) -> None:
    world, (one, other) = await registered(session, vault, row(1), row(2))
    theory = world.web.components[0].id
    later = await open_batch(session, [world.web], code="B2")
    foreign = await open_batch(session, [world.web_intermediate], code="B3")
    resit = actions.register_resit
    with pytest.raises(ResitSameBatch):
        await resit(
            session, world.secretary, source_registration_id=one.id, batch_id=world.batch.id, consent=True, now=NOW
        )
    with pytest.raises(ResitNotOffered):
        await resit(session, world.secretary, source_registration_id=one.id, batch_id=foreign.id, consent=True, now=NOW)
    with pytest.raises(ResitNotOpen):
        await resit(
            session, world.secretary, source_registration_id=one.id, batch_id=later.id, consent=True, now=CLOSES
        )
    again = await resit(
        session, world.secretary, source_registration_id=one.id, batch_id=later.id, consent=True, now=NOW
    )
    assert (again.resit_of, again.person_id, again.status, again.first_free) == (
        one.id,
        one.person_id,
        R.SUBMITTED,
        False,
    )
    retain = actions.retain_part
    with pytest.raises(RetainedMarkWrong):
        await retain(
            session, world.officer, registration_id=again.id, component_id=theory, value=Decimal("100.01"),
            source_registration_id=one.id, now=NOW,
        )  # fmt: skip
    for source in (other.id, again.id):
        with pytest.raises(RetainedSourceWrong):
            await retain(
                session, world.officer, registration_id=again.id, component_id=theory, value=Decimal(80),
                source_registration_id=source, now=NOW,
            )  # fmt: skip
    kept = await retain(
        session, world.officer, registration_id=again.id, component_id=theory, value=Decimal("80.50"),
        source_registration_id=one.id, now=NOW,
    )  # fmt: skip
    assert kept.retained == {theory: Decimal("80.50")}


async def test_a_transfer_before_tickets(session: AsyncSession, vault: Vault, files: FileStore) -> None:
    world, (one,) = await registered(session, vault, row(1))
    await with_photos(session, world, files, [one])
    await actions.accept(session, world.officer, registration_ids=[one.id], now=NOW)
    await actions.record_fee(session, world.secretary, registration_ids=[one.id], now=NOW)
    await actions.confirm(session, world.officer, registration_ids=[one.id], now=NOW)
    moved = await actions.transfer(
        session, world.officer, registration_id=one.id, prefecture_code="429004", reason="实习", now=NOW
    )
    assert (moved.prefecture_code, moved.status) == ("429004", R.TRANSFERRED)
    assert moved.status.confirmed


async def test_photos_are_checked_and_stripped(session: AsyncSession, vault: Vault, files: FileStore) -> None:
    world, (one,) = await registered(session, vault, row(1))
    wrong = {
        PhotoKind: b"GIF89a" + b"0" * 5000,
        PhotoSize: b"\xff\xd8" + b"0" * 100,
        PhotoPixels: photo(120, 168) + b"\0" * 2048,
        PhotoAspect: photo(413, 413),
        PhotoBackground: photo(colour="#202020"),
    }
    for refusal, data in wrong.items():
        with pytest.raises(refusal):
            await actions.set_photo(session, world.secretary, files, person_id=one.person_id, data=data, now=NOW)
    sha256 = await actions.set_photo(session, world.secretary, files, person_id=one.person_id, data=photo(), now=NOW)
    assert (await queries.registration(session, one.id)).photo_sha256 == sha256
    assert (await queries.photo(session, files, one.id)).startswith(b"\xff\xd8")
    with pytest.raises(Forbidden):
        await actions.set_photo(session, world.stranger, files, person_id=one.person_id, data=photo(), now=NOW)
    assert await actions.set_photos(session, world.secretary, files, photos={}, now=NOW) == {}


async def test_lists_are_filtered_and_counted(session: AsyncSession, vault: Vault) -> None:
    world, found = await registered(
        session, vault, row(1), row(2, 等级="中级"), row(3, 缴费方式="减免", 减免原因="孤儿", 减免证明编号="1")
    )
    await actions.withdraw(session, world.secretary, registration_ids=[found[0].id], now=NOW)

    async def count(**given: object) -> int:
        filters = Filters(**given)  # type: ignore[arg-type]
        return (await queries.page_of(session, batch_id=world.batch.id, filters=filters, limit=1))[1]

    assert await count() == 3
    assert await count(status=R.WITHDRAWN) == 1
    assert await count(missing="photo") == 2
    assert await count(missing="fee") == 0
    assert await count(payer=Payer.WAIVED) == 1
    assert await count(text=found[1].name) == 1
    assert await count(text="%") == 0
    tally = (await queries.tallies(session, [world.batch.id]))[world.batch.id]
    assert (tally.total, tally.to_check, tally.without_photo, tally.waived) == (2, 2, 2, 1)
    assert (tally.institution_fee_yuan, tally.waived_fee_yuan) == (Decimal(200), Decimal(200))
    assert (await queries.tallies(session, [new_id()])).popitem()[1].total == 0
    assert await queries.tallies(session, []) == {}


async def test_what_needs_whom(session: AsyncSession, vault: Vault) -> None:
    world, _ = await registered(session, vault, row(1), row(2))
    officer = await queries.needs(session, world.officer, NOW)
    assert [(need.count, need.href.rsplit("/", 1)[1]) for need in officer] == [(2, "check")]
    school = await queries.needs(session, world.secretary, NOW)
    assert [(need.count, need.href.rsplit("=", 1)[1]) for need in school] == [(2, "photo")]
    assert len(await queries.needs(session, world.stranger, NOW)) == 1
    assert await queries.needs(session, person(Role.INVIGILATOR), NOW) == []
    await session.execute(text("DELETE FROM exam.pilots"))
    province = await queries.needs(session, person(Role.PROVINCE, "province", "42"), NOW)
    assert [need.count for need in province] == [2]


async def test_batches_and_places_are_entered_once_and_in_order(session: AsyncSession) -> None:
    world = await make_world(session)
    with pytest.raises(BatchCodeTaken):
        await open_batch(session, [world.web])
    with pytest.raises(SchemeTwice):
        await open_batch(session, [world.web, await second_version(session)], code="B4")
    for changes in ({"registration_closes_at": OPENS}, {"last_day": OPENS.date()}, {"first_day": OPENS.date()}):
        with pytest.raises(BatchDaysWrong):
            await open_batch(session, [world.web], code="B5", **changes)
    with pytest.raises(InstitutionCodeTaken):
        await actions.add_institution(
            session, SYSTEM, code=world.school.code, name_zh="别", name_en="b", kind=InstitutionKind.HIGHER,
            unit_code="420100", prefecture_code="420100", now=NOW,
        )  # fmt: skip
    with pytest.raises(QuotaInvalid):
        await actions.approve_pilot(
            session, SYSTEM, institution_id=world.school.id, certificate_id=world.web.certificate_id, year=2026, quota=0,
            now=NOW,
        )  # fmt: skip
    pilots = await queries.pilots(session, 2026)
    more = await actions.approve_pilot(
        session,
        SYSTEM,
        institution_id=world.school.id,
        certificate_id=world.web.certificate_id,
        year=2026,
        quota=7,
        now=NOW,
    )
    assert len(await queries.pilots(session, 2026)) == len(pilots)
    assert more.quota == 7
    assert await queries.pilots(session, 2027) == []


async def test_the_window_moves_until_it_closes(session: AsyncSession) -> None:
    world = await make_world(session)
    given = {
        "registration_opens_at": OPENS, "registration_closes_at": CLOSES.replace(day=28), "first_day": world.batch.first_day,
        "last_day": world.batch.last_day, "filing_no": "2",
    }  # fmt: skip
    moved = await actions.reschedule(session, world.officer, batch_id=world.batch.id, now=NOW, **given)  # type: ignore[arg-type]
    assert moved.registration_closes_at.day == 28
    await actions.close(session, world.officer, batch_id=world.batch.id, now=NOW)
    with pytest.raises(WindowFixed):
        await actions.reschedule(session, world.officer, batch_id=world.batch.id, now=NOW, **given)  # type: ignore[arg-type]
