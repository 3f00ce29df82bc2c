"""Printers, orders and sheets as they are stored, within the reader's organisations; what must hold of every sheet."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.printing.models import IntakeRow, PaperRow, PartRow, PrinterRow, PrintOrderRow
from certificates.printing.rules.papers import Balance, PaperStatus
from certificates.printing.rules.records import Paper, Part, Printer, PrintOrder
from certificates.printing.rules.sheets import Setting
from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import NotFound

LIMIT = 200


def may_print(actor: Actor, organisation_id: UUID) -> bool:
    """Whether the actor issues for the organisation: who does also prints."""
    return actor.within(Permission.CERTIFICATE_ISSUE, organisation_id=organisation_id)


async def printers(session: AsyncSession, actor: Actor) -> list[Printer]:
    """The printers of the actor's organisations, by name."""
    rows = await session.scalars(select(PrinterRow).order_by(PrinterRow.name))
    return [_printer(row) for row in rows if may_print(actor, row.organisation_id)]


async def printer(session: AsyncSession, actor: Actor, id: UUID) -> Printer:
    """One printer, or NotFound."""
    row = await session.get(PrinterRow, id)
    if row is None or not may_print(actor, row.organisation_id):
        raise NotFound
    return _printer(row)


async def orders(session: AsyncSession, actor: Actor) -> list[PrintOrder]:
    """The newest orders of the actor's organisations."""
    rows = await session.scalars(select(PrintOrderRow).order_by(PrintOrderRow.made_at.desc()).limit(LIMIT))
    return [_order(row) for row in rows if may_print(actor, row.organisation_id)]


async def order(session: AsyncSession, actor: Actor, id: UUID) -> PrintOrder:
    """One order, or NotFound."""
    row = await session.get(PrintOrderRow, id)
    if row is None or not may_print(actor, row.organisation_id):
        raise NotFound
    return _order(row)


async def papers_of(session: AsyncSession, order_id: UUID) -> list[Paper]:
    """The sheets of an order by place; a spoiled one stands before the one that took its place."""
    query = (
        select(PaperRow)
        .where(PaperRow.order_id == order_id)
        .order_by(PaperRow.place, PaperRow.bound_at, PaperRow.serial)
    )
    return [paper(row) for row in await session.scalars(query.execution_options(populate_existing=True))]


async def parts_of(session: AsyncSession, order_id: UUID) -> list[Part]:
    """The parts of an order, in the order of the paper."""
    query = select(PartRow).where(PartRow.order_id == order_id).order_by(PartRow.part)
    return [part_of(row) for row in await session.scalars(query.execution_options(populate_existing=True))]


async def bound(session: AsyncSession, certificate_ids: Collection[UUID]) -> dict[UUID, str]:
    """The serial on which each of these certificates stands."""
    query = select(PaperRow.certificate_id, PaperRow.serial).where(
        PaperRow.certificate_id.in_(list(certificate_ids)), PaperRow.status == str(PaperStatus.BOUND)
    )
    return {id: serial for id, serial in (await session.execute(query)).all() if id is not None}


async def balance(session: AsyncSession, organisation_id: UUID) -> Balance:
    """How many sheets came in and where they are."""
    taken_in = await session.scalar(
        select(func.coalesce(func.sum(IntakeRow.sheets_count), 0)).where(IntakeRow.organisation_id == organisation_id)
    )
    query = (
        select(PaperRow.status, func.count())
        .where(PaperRow.organisation_id == organisation_id)
        .group_by(PaperRow.status)
    )
    counts: dict[str, int] = {status: count for status, count in await session.execute(query)}  # noqa: C416 - a Result
    return Balance(
        taken_in=int(taken_in or 0),
        bound=counts.get("bound", 0),
        spoiled=counts.get("spoiled", 0),
        left=counts.get("blank", 0),
    )


async def reported(session: AsyncSession, actor: Actor) -> list[Paper]:
    """Sheets that somebody reports as spoiled and that wait for a second person."""
    query = select(PaperRow).where(PaperRow.reported_by.is_not(None), PaperRow.confirmed_by.is_(None))
    rows = await session.scalars(query.order_by(PaperRow.serial))
    return [paper(row) for row in rows if may_print(actor, row.organisation_id)]


_SEVERAL = """SELECT i.first_serial, i.sheets_count, count(p.id) FROM certificates.paper_intakes i
    LEFT JOIN certificates.papers p ON p.intake_id = i.id GROUP BY i.id HAVING i.sheets_count <> count(p.id)
    ORDER BY i.first_serial"""
_TWICE = """SELECT c.number, count(*) FROM certificates.papers p JOIN certificates.certificates c ON c.id = p.certificate_id
    WHERE p.status = 'bound' GROUP BY c.id, c.number HAVING count(*) > 1 ORDER BY c.number"""
_ALONE = """SELECT serial FROM certificates.papers WHERE status = 'spoiled'
    AND (confirmed_by IS NULL OR reported_by IS NULL OR confirmed_by = reported_by OR reason = '') ORDER BY serial"""
_NEVER_ISSUED = """SELECT p.serial FROM certificates.papers p LEFT JOIN certificates.certificates c ON c.id = p.certificate_id
    WHERE p.certificate_id IS NOT NULL AND c.issued_at IS NULL ORDER BY p.serial"""


async def invariants(session: AsyncSession) -> list[str]:
    """What must hold of every sheet: each taken in is there, one certificate on one sheet, spoiled by two, none without issue."""
    return [
        *[f"intake from {first}: {count} sheets came in, {there} are accounted for"
          for first, count, there in await session.execute(text(_SEVERAL))],
        *[f"{number} stands on {count} sheets" for number, count in await session.execute(text(_TWICE))],
        *[f"sheet {one} was spoiled without a second person or a reason" for one in await session.scalars(text(_ALONE))],
        *[f"sheet {one} carries a certificate that was never issued" for one in await session.scalars(text(_NEVER_ISSUED))],
    ]  # fmt: skip


def part_of(row: PartRow) -> Part:
    """The frozen form of a part."""
    return Part(
        order_id=row.order_id,
        part=row.part,
        first_serial=row.first_serial,
        last_serial=row.last_serial,
        sheets_count=row.sheets_count,
        sha256=row.sha256,
        problem=row.problem,
    )


def paper(row: PaperRow) -> Paper:
    """The frozen form of a sheet."""
    return Paper(
        id=row.id,
        organisation_id=row.organisation_id,
        serial=row.serial,
        status=PaperStatus(row.status),
        certificate_id=row.certificate_id,
        order_id=row.order_id,
        place=row.place,
        reason=row.reason,
        reported_by=row.reported_by,
        confirmed_by=row.confirmed_by,
    )


def setting_data(setting: Setting) -> dict[str, object]:
    """A setting as an order keeps it."""
    return asdict(setting)


def _printer(row: PrinterRow) -> Printer:
    setting = Setting(
        dx_mm=row.dx_mm, dy_mm=row.dy_mm, bleed_mm=row.bleed_mm, crop_marks=row.crop_marks, background=row.background
    )
    return Printer(id=row.id, organisation_id=row.organisation_id, name=row.name, setting=setting)


def _order(row: PrintOrderRow) -> PrintOrder:
    return PrintOrder(
        id=row.id,
        organisation_id=row.organisation_id,
        batch_id=row.batch_id,
        institution=row.institution,
        printer=row.printer,
        setting=Setting(**row.setting),
        made_by=row.made_by,
        made_at=row.made_at,
    )
