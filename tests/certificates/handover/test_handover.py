"""From the office over the institution to the holder: ticked together, two clerks at one row, who may, what the database keeps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

import httpx
import pypdfium2
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.handover import actions, queries
from certificates.handover.rules import Deed, NotedMeanwhile, NotFromHere, NothingTicked, NotOnPaper, Place, Taking
from certificates.issuing.models import CertificateRow
from certificates.printing import actions as printing
from certificates.printing import queries as printed
from certificates.printing.rules.sheets import Setting
from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Actor, Grant, Role, Scope
from exam.kernel.clock import china_date
from exam.kernel.errors import Forbidden, Invalid
from exam.kernel.ids import new_id
from exam.kernel.services import Services
from exam.registration import actions as registration
from exam.registration import queries as registered
from tests.certificates.printing import test_printing_actions as given
from tests.certificates.printing.test_printing_pages import post
from tests.conftest import NOW
from tests.exam.registration.world import World, make_world, row, workbook

TODAY = china_date(NOW)
TAKING = Taking(recipient="教务处王老师", on_date=TODAY)
IN_PERSON = Taking(on_date=TODAY)
PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Stock:
    """A school with three printed certificates, and the people who handle them."""

    world: World
    officer: Actor
    clerk: Actor
    stranger: Actor


def at(role: Role, kind: str, id: UUID) -> Actor:
    return Actor(new_id(), str(role), (Grant(role, Scope(kind, str(id))),))


async def stock(session: AsyncSession, services: Services) -> Stock:
    world = await make_world(session)
    result = await registration.import_roster(
        session, world.secretary, services.vault, batch_id=world.batch.id, institution_id=world.school.id,
        filename="名单.xlsx", data=workbook([row(n) for n in (1, 2, 3)]), now=NOW,
    )  # fmt: skip
    assert result.accepted, result.problems
    organisation = world.web.organisation_id
    listed = await registered.registrations(session, batch_id=world.batch.id)
    for serial, one in enumerate(sorted(listed, key=lambda one: one.name), start=1):
        made = given.certificate(serial, world.school.name_zh)
        made.organisation_id, made.batch_id = organisation, world.batch.id
        made.registration_id, made.person_id = one.id, one.person_id
        made.face = {**made.face, "holder_name": one.name}
        session.add(made)
    officer = at(Role.CERTIFICATE_OFFICER, "organisation", organisation)
    await printing.take_in(session, officer, organisation_id=organisation, first="A0001", last="A0009", now=NOW)
    id = await printing.save_printer(
        session, officer, organisation_id=organisation, name="x", setting=Setting(), now=NOW
    )
    printer = await printed.printer(session, officer, id)
    await printing.order(session, officer, printer=printer, batch_id=world.batch.id, now=NOW)
    return Stock(
        world=world, officer=officer, clerk=at(Role.INSTITUTION, "institution", world.school.id),
        stranger=at(Role.INSTITUTION, "institution", world.other.id),
    )  # fmt: skip


async def lines(session: AsyncSession, own: Stock, actor: Actor | None = None) -> list[queries.Line]:
    return await queries.lines(
        session, actor or own.officer, batch_id=own.world.batch.id, institution_id=own.world.school.id
    )


def seen(listed: list[queries.Line]) -> dict[UUID, int]:
    return {one.id: one.step for one in listed}


async def note(
    session: AsyncSession,
    actor: Actor,
    deed: Deed,
    listed: list[queries.Line],
    taking: Taking = TAKING,
    reason: str = "",
) -> int:
    return await actions.note(session, actor, deed, seen(listed), taking=taking, reason=reason, now=NOW)


async def test_from_the_office_to_the_holder(session: AsyncSession, services: Services) -> None:
    own = await stock(session, services)
    assert await note(session, own.officer, Deed.SEND, await lines(session, own)) == 3
    assert await note(session, own.clerk, Deed.ARRIVE, (await lines(session, own, own.clerk))[:2]) == 2
    first, second, third = await lines(session, own, own.clerk)
    assert [one.place for one in (first, second, third)] == [Place.INSTITUTION, Place.INSTITUTION, Place.SENT]
    await note(session, own.clerk, Deed.TAKE, [first], IN_PERSON)
    proxy = Taking(recipient="李老师", relation="班主任", on_date=TODAY)
    await note(session, own.clerk, Deed.TAKE, [second], proxy)
    first, second, third = await lines(session, own)
    assert first.last and (first.last.recipient, first.last.relation) == (first.holder_name, "")
    assert second.last and (second.last.recipient, second.last.relation) == ("李老师", "班主任")
    (slot,) = await queries.slots(session, own.clerk)
    assert slot.counts == {Place.SENT: 1, Place.HOLDER: 2} and slot.oldest == NOW
    assert (await queries.of_people(session, [first.person_id]))[first.id].place is Place.HOLDER
    # taken back by a further entry, and taken again
    await note(session, own.clerk, Deed.UNDO, [second], IN_PERSON, "记错了人")
    second = (await lines(session, own))[1]
    assert second.place is Place.INSTITUTION and second.step == 4 and second.last and second.last.reason == "记错了人"
    await note(session, own.clerk, Deed.TAKE, [second], IN_PERSON)
    assert await queries.invariants(session) == []
    count = await session.scalar(text("SELECT count FROM certificates.handover_transfers"))
    assert count == 3


async def test_the_second_clerk_is_told_and_nothing_is_noted(session: AsyncSession, services: Services) -> None:
    own = await stock(session, services)
    both = await lines(session, own)
    await note(session, own.officer, Deed.SEND, both[1:2])
    with pytest.raises(NotedMeanwhile) as refusal:
        await note(session, own.officer, Deed.SEND, both)
    assert refusal.value.facts["number"] == both[1].number
    assert [one.step for one in await lines(session, own)] == [0, 1, 0]


async def test_two_clerks_at_the_same_moment(
    session: AsyncSession, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one looked before the first had noted: the database lets one step be noted once."""
    own = await stock(session, services)
    before = await lines(session, own)
    await note(session, own.officer, Deed.SEND, before[:1])
    looks = iter([before[:1]])
    look = queries.chosen

    async def stale(session: AsyncSession, actor: Actor, ids: list[UUID]) -> list[queries.Line]:
        return next(looks, None) or await look(session, actor, ids)

    monkeypatch.setattr(queries, "chosen", stale)
    with pytest.raises(NotedMeanwhile):
        await note(session, own.officer, Deed.SEND, before[:1])


async def test_who_may_and_what_is_refused(session: AsyncSession, services: Services) -> None:
    own = await stock(session, services)
    listed = await lines(session, own)
    assert await lines(session, own, own.stranger) == [] == await queries.slots(session, own.stranger)
    for actor, deed, error in (
        (own.clerk, Deed.SEND, Forbidden),
        (own.stranger, Deed.TAKE, NotOnPaper),
        (own.clerk, Deed.ARRIVE, NotFromHere),
        (own.officer, Deed.UNDO, Invalid),  # without a reason
    ):
        with pytest.raises(error):
            await note(session, actor, deed, listed, Taking(recipient="甲", relation="班主任", on_date=TODAY))
    with pytest.raises(NotFromHere):
        await note(session, own.officer, Deed.UNDO, listed, reason="x")
    with pytest.raises(Invalid):
        await note(session, own.officer, Deed.SEND, listed, IN_PERSON)
    with pytest.raises(NothingTicked):
        await note(session, own.officer, Deed.SEND, [])
    revoked = await session.get(CertificateRow, listed[0].id)
    assert revoked is not None
    revoked.status, revoked.ended_at = "revoked", NOW
    await session.flush()
    with pytest.raises(NotOnPaper) as refusal:
        await note(session, own.officer, Deed.SEND, listed)
    assert refusal.value.facts["number"] == listed[0].number
    assert await session.scalar(text("SELECT count(*) FROM certificates.handover_entries")) == 0


async def test_what_the_database_keeps(session: AsyncSession, services: Services) -> None:
    own = await stock(session, services)
    await note(session, own.officer, Deed.SEND, await lines(session, own))
    for statement, error, said in (
        ("UPDATE certificates.handover_entries SET recipient = 'x'", DBAPIError, "append-only"),
        ("DELETE FROM certificates.handover_transfers", DBAPIError, "append-only"),
        ("INSERT INTO certificates.handover_entries SELECT gen_random_uuid(), certificate_id, step, deed, place, serial, "
         "transfer_id, recipient, relation, on_date, reason, noted_by, noted_at FROM certificates.handover_entries LIMIT 1",
         IntegrityError, "uq_handover_entries_certificate_id"),
    ):  # fmt: skip
        with pytest.raises(error, match=said):
            async with session.begin_nested():
                await session.execute(text(statement))


async def test_an_empty_register(session: AsyncSession) -> None:
    assert await queries.invariants(session) == []
    assert await queries.of_people(session, []) == {}


async def test_the_pages(client: httpx.AsyncClient, services: Services) -> None:
    async with services.db.transaction() as session:
        own = await stock(session, services)
        await accounts.create_staff(
            session,
            SYSTEM,
            login="sender",
            name="发证员甲",
            password=PASSWORD,
            grants=list(own.officer.grants),
            now=NOW,
        )
    await post(client, "/sign-in", login="sender", secret=PASSWORD)
    home = (await client.get("/certificates/handover")).text
    found = re.search(r'href="(/certificates/handover/[0-9a-f-]+/[0-9a-f-]+)"', home)
    assert found and own.world.school.name_zh in home
    page = (await client.get(found[1])).text
    ticks = re.findall(r'name="ticked" value="([^"]+)"', page)
    assert len(ticks) == 3 and "院校经手人" in page
    day = TODAY.isoformat()
    lacking = await post(client, f"{found[1]}?place=office", deed="send", ticked=ticks[0], on_date=day)
    assert lacking.status_code == 422 and "请写明院校的经手人" in lacking.text
    sent = await post(
        client, f"{found[1]}?place=office", deed="send", ticked=ticks[0], on_date=day, recipient="王老师"
    )  # fmt: skip
    assert sent.status_code == 303
    late = await post(client, f"{found[1]}?place=office", deed="send", ticked=ticks[0], on_date=day, recipient="李")
    assert late.status_code == 409 and "发证员甲" in late.text and "没有登记任何一本" in late.text
    printed_page = await client.get(f"{found[1]}/register.pdf")
    document = pypdfium2.PdfDocument(printed_page.content)
    words = document[0].get_textpage().get_text_range()
    assert "A0002" in words and "签名" in words and b"pdfaid" in printed_page.content
    async with services.db.transaction() as session:
        faces = (await session.scalars(select(CertificateRow.face))).all()
    assert all(face["id_masked"] in words for face in faces)
