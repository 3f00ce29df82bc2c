"""Paper from its range to a certificate: bound once, spoiled by two, the reprint in the ledger, every sheet accounted for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.designs.rules.dummies import DUMMIES
from certificates.issuing.models import CertificateRow
from certificates.ledger import queries as ledger
from certificates.ledger.rules import LedgerEvent
from certificates.printing import actions, queries
from certificates.printing.actions import NothingToPrint
from certificates.printing.rules.papers import AlreadyIn, Balance, NoPaper, NotNow, PaperStatus, SameSpoiler
from certificates.printing.rules.records import Printer
from certificates.printing.rules.sheets import Setting
from exam.accounts.rules import Actor, Grant, Role, Scope
from exam.kernel.errors import Forbidden, Invalid, NotFound
from exam.kernel.ids import new_id
from tests.conftest import NOW

ORGANISATION = UUID(int=7)
BATCH = UUID(int=8)
FACE: Any = DUMMIES["usual"][1]["face"]


def officer(organisation: UUID = ORGANISATION) -> Actor:
    return Actor(new_id(), "发证员", (Grant(Role.CERTIFICATE_OFFICER, Scope("organisation", str(organisation))),))


def certificate(serial: int, institution: str, status: str = "issued") -> CertificateRow:
    return CertificateRow(
        id=new_id(), number=f"WL01WLG2202642{serial:06d}3", version=1, token=f"t{serial}", status=status,
        registration_id=new_id(), outcome_id=new_id(), outcome_version=1, batch_id=BATCH, person_id=new_id(),
        organisation_id=ORGANISATION, certificate_id=new_id(), begun_by=new_id(), template="v1", template_sha256="0" * 64,
        face={**FACE, "institution_zh": institution}, id_sealed="", photo_sha256="0" * 64, record_sha256="0" * 64,
        leaf_index=serial, numbered_at=NOW, signed_at=NOW, sha256=f"{serial:064d}", issued_at=NOW, issued_on=NOW.date(),
        ended_at=None if status == "issued" else NOW,
    )  # fmt: skip


@pytest.fixture
async def printer(session: AsyncSession) -> Printer:
    """Three valid certificates and one revoked, six sheets, one printer."""
    session.add_all(
        [certificate(1, "甲校"), certificate(2, "乙校"), certificate(3, "甲校"), certificate(4, "甲校", "revoked")]
    )
    who = officer()
    assert await actions.take_in(session, who, organisation_id=ORGANISATION, first="A0001", last="A0006", now=NOW) == 6
    id = await actions.save_printer(
        session, who, organisation_id=ORGANISATION, name="二楼", setting=Setting(dx_mm=1.5), now=NOW
    )
    return await queries.printer(session, who, id)


async def order(session: AsyncSession, printer: Printer, **chosen: Any) -> UUID:
    return await actions.order(session, officer(), printer=printer, batch_id=BATCH, now=NOW, **chosen)


async def test_each_certificate_gets_its_sheet_once(session: AsyncSession, printer: Printer) -> None:
    first = await order(session, printer, institution="甲校")
    papers = await queries.papers_of(session, first)
    assert [one.serial for one in papers] == ["A0001", "A0002"]
    second = await order(session, printer)
    assert [one.serial for one in await queries.papers_of(session, second)] == ["A0003"]
    with pytest.raises(NothingToPrint):
        await order(session, printer)
    assert await queries.balance(session, ORGANISATION) == Balance(taken_in=6, bound=3, spoiled=0, left=3)
    assert await queries.invariants(session) == []
    found = await queries.order(session, officer(), first)
    assert found.setting == Setting(dx_mm=1.5) and found.printer == "二楼"


async def test_chosen_numbers_and_too_little_paper(session: AsyncSession, printer: Printer) -> None:
    chosen = await order(session, printer, numbers=["WL01WLG22026420000023"])
    assert len(await queries.papers_of(session, chosen)) == 1
    await session.execute(text("UPDATE certificates.papers SET reported_by = gen_random_uuid() WHERE status = 'blank'"))
    with pytest.raises(NoPaper):
        await order(session, printer)


async def test_spoiled_by_two_and_printed_again(session: AsyncSession, printer: Printer) -> None:
    placed = await order(session, printer)
    sheet = (await queries.papers_of(session, placed))[0]
    first, second = officer(), officer()
    with pytest.raises(NotNow):
        await actions.confirm(session, second, paper_id=sheet.id, now=NOW)
    await actions.report(session, first, paper_id=sheet.id, reason="卡纸", now=NOW)
    assert [one.serial for one in await queries.reported(session, first)] == ["A0001"]
    with pytest.raises(SameSpoiler):
        await actions.confirm(session, first, paper_id=sheet.id, now=NOW)
    assert await actions.confirm(session, second, paper_id=sheet.id, now=NOW) == "A0004"
    papers = await queries.papers_of(session, placed)
    assert [(one.serial, one.status) for one in papers[:2]] == [
        ("A0001", PaperStatus.SPOILED),
        ("A0004", PaperStatus.BOUND),
    ]
    assert papers[0].certificate_id == papers[1].certificate_id
    entries = await ledger.entries(session, certificate_ids=[one for one in (papers[0].certificate_id,) if one])
    assert [(one.event, one.reason) for one in entries] == [(LedgerEvent.REPRINT, "卡纸")]
    with pytest.raises(NotNow):
        await actions.report(session, first, paper_id=sheet.id, reason="x", now=NOW)
    assert await queries.balance(session, ORGANISATION) == Balance(taken_in=6, bound=3, spoiled=1, left=2)
    assert await queries.invariants(session) == []


async def test_a_blank_sheet_can_be_spoiled_too(session: AsyncSession, printer: Printer) -> None:
    id = await session.scalar(text("SELECT id FROM certificates.papers WHERE serial = 'A0001'"))
    await actions.report(session, officer(), paper_id=id, reason="受潮", now=NOW)
    assert await actions.confirm(session, officer(), paper_id=id, now=NOW) is None
    assert (await queries.papers_of(session, await order(session, printer)))[0].serial == "A0002"


async def test_paper_comes_in_once(session: AsyncSession, printer: Printer) -> None:
    with pytest.raises(AlreadyIn) as refusal:
        await actions.take_in(session, officer(), organisation_id=ORGANISATION, first="A0005", last="A0009", now=NOW)
    assert refusal.value.facts["serial"] == "A0005"
    assert (await queries.balance(session, ORGANISATION)).left == 6


async def test_what_the_database_refuses(session: AsyncSession, printer: Printer) -> None:
    await order(session, printer)
    for statement, error, said in (
        ("UPDATE certificates.papers SET certificate_id = gen_random_uuid() WHERE status = 'bound'", DBAPIError, "settled"),
        ("UPDATE certificates.papers SET status = 'blank' WHERE status = 'bound'", DBAPIError, "settled"),
        ("DELETE FROM certificates.papers", DBAPIError, "append-only"),
        ("UPDATE certificates.paper_intakes SET sheets_count = 7", DBAPIError, "append-only"),
        ("UPDATE certificates.papers SET status = 'spoiled' WHERE serial = 'A0001'", IntegrityError, "spoiled"),
        (
            "UPDATE certificates.papers SET status = 'bound', order_id = (SELECT id FROM certificates.print_orders), "
            "certificate_id = (SELECT min(certificate_id::text)::uuid FROM certificates.papers), bound_at = now() "
            "WHERE serial = 'A0006'", IntegrityError, "uq_papers_bound",
        ),
    ):  # fmt: skip
        with pytest.raises(error, match=said):
            async with session.begin_nested():
                await session.execute(text(statement))


async def test_others_neither_see_nor_print(session: AsyncSession, printer: Printer) -> None:
    stranger = officer(UUID(int=9))
    assert await queries.printers(session, stranger) == []
    with pytest.raises(NotFound):
        await queries.printer(session, stranger, printer.id)
    with pytest.raises(Forbidden):
        await actions.take_in(session, stranger, organisation_id=ORGANISATION, first="B0001", last="B0002", now=NOW)
    with pytest.raises(Forbidden):
        await actions.order(session, stranger, printer=printer, batch_id=BATCH, now=NOW)
    with pytest.raises(Invalid):
        await actions.save_printer(
            session, officer(), organisation_id=ORGANISATION, name="x", setting=Setting(dx_mm=99), now=NOW
        )


async def test_no_paper_is_a_balance_too(session: AsyncSession) -> None:
    assert (await queries.balance(session, ORGANISATION)).adds_up
    assert await queries.invariants(session) == []
