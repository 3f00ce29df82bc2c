"""The deeds of printing: take paper in, keep a printer's setting, order, report and confirm a spoiled sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing import queries as issuing
from certificates.issuing.rules.records import Certificate
from certificates.ledger import actions as ledger
from certificates.ledger.rules import Draft, LedgerEvent
from certificates.printing import queries
from certificates.printing.models import IntakeRow, PaperRow, PartRow, PrinterRow, PrintOrderRow
from certificates.printing.rules.papers import AlreadyIn, NoPaper, NotNow, PaperStatus, SameSpoiler, serials
from certificates.printing.rules.records import Printer
from certificates.printing.rules.sheets import Setting, setting_problems
from exam.accounts.rules import Actor
from exam.kernel import audit
from exam.kernel.db import chunks, insert_many
from exam.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from exam.kernel.ids import new_id
from exam.kernel.jobs import enqueue_many

PART = 200
"""Sheets in one file: about 25 MB, which every reader opens and every printer takes."""
PART_JOB = "certificates.print_part"
PURGE_JOB = "certificates.purge_print_parts"
HOLDS = timedelta(days=14)
_BIND = text("""UPDATE certificates.papers p SET status = 'bound', certificate_id = u.certificate, order_id = :order, place = u.place,
  bound_at = :now FROM unnest(CAST(:papers AS uuid[]), CAST(:certificates AS uuid[]), CAST(:places AS int[]))
  AS u(paper, certificate, place) WHERE p.id = u.paper""")
"""However many sheets: one statement."""


class NothingToPrint(Conflict):
    """Nobody on the list has a valid certificate that is not on paper yet."""

    message = N_("没有要印的证书：所选证书不存在、已失效，或已经印在纸上。")
    way_out = N_("请换一个批次或院校；遗失的纸质证书请先补发。")


async def take_in(
    session: AsyncSession, actor: Actor, *, organisation_id: UUID, first: str, last: str, now: datetime
) -> int:
    """Take in a range of blank paper and return how many sheets; raises `BadRange`, `AlreadyIn`."""
    who = _require(actor, organisation_id)
    listed = serials(first, last)
    query = select(PaperRow.serial).where(PaperRow.organisation_id == organisation_id, PaperRow.serial.in_(listed))
    if (known := await session.scalar(query.order_by(PaperRow.serial).limit(1))) is not None:
        raise AlreadyIn(serial=known)
    intake = IntakeRow(
        id=new_id(),
        organisation_id=organisation_id,
        first_serial=listed[0],
        last_serial=listed[-1],
        sheets_count=len(listed),
        taken_in_by=who,
        taken_in_at=now,
    )
    session.add(intake)
    await session.flush()
    rows = [
        {"id": new_id(), "organisation_id": organisation_id, "serial": one, "intake_id": intake.id, "status": "blank"}
        for one in listed
    ]
    await insert_many(session, PaperRow, rows)
    await _tell(session, actor, "papers_taken_in", "paper_intake", intake.id, organisation_id, now, count=len(listed))
    return len(listed)


async def save_printer(
    session: AsyncSession, actor: Actor, *, organisation_id: UUID, name: str, setting: Setting, now: datetime
) -> UUID:
    """Keep a printer's setting under its name; raises `Invalid` for what no printer can do."""
    _require(actor, organisation_id)
    if problems := setting_problems(setting):
        raise Invalid(problems=problems)
    query = select(PrinterRow).where(PrinterRow.organisation_id == organisation_id, PrinterRow.name == name)
    row = await session.scalar(query.with_for_update())
    if row is None:
        row = PrinterRow(id=new_id(), organisation_id=organisation_id, name=name)
        session.add(row)
    row.dx_mm, row.dy_mm, row.bleed_mm = setting.dx_mm, setting.dy_mm, setting.bleed_mm
    row.crop_marks, row.background, row.saved_at = setting.crop_marks, setting.background, now
    await session.flush()
    await _tell(session, actor, "printer_saved", "printer", row.id, organisation_id, now, name=name)
    return row.id


async def order(
    session: AsyncSession,
    actor: Actor,
    *,
    printer: Printer,
    batch_id: UUID,
    institution: str = "",
    numbers: Sequence[str] = (),
    now: datetime,
) -> UUID:
    """Bind the next blank sheets to valid certificates that are on no paper yet, by institution and number, however many.

    The file is made in the background, in parts.
    """
    who = _require(actor, printer.organisation_id)
    found = await issuing.slips(session, batch_id=batch_id, organisation_id=printer.organisation_id)
    mine = [
        one
        for one in found
        if (not institution or one.institution_zh == institution) and (not numbers or one.number in numbers)
    ]
    # locked: whoever else orders waits, and then reads anew
    blank = await _next_sheets(session, printer.organisation_id, limit=max(1, len(mine)))
    there = await queries.bound(session, [one.id for one in mine])
    wanted = [one for one in mine if one.id not in there]
    if not wanted:
        raise NothingToPrint
    if len(blank) < len(wanted):
        raise NoPaper(left=len(blank), wanted=len(wanted))
    row = PrintOrderRow(
        id=new_id(),
        organisation_id=printer.organisation_id,
        batch_id=batch_id,
        institution=institution,
        printer=printer.name,
        setting=queries.setting_data(printer.setting),
        made_by=who,
        made_at=now,
    )
    session.add(row)
    await session.flush()
    used = blank[: len(wanted)]
    values = {"order": row.id, "now": now, "papers": [id for id, _ in used], "certificates": [one.id for one in wanted]}
    await session.execute(_BIND, {**values, "places": list(range(1, len(used) + 1))})
    listed = [serial for _, serial in used]
    rows = [
        {"order_id": row.id, "part": number, "first_serial": own[0], "last_serial": own[-1], "sheets_count": len(own)}
        for number, own in enumerate(chunks(listed, PART), start=1)
    ]
    await insert_many(session, PartRow, rows)
    await _queue(session, row.id, list(range(1, len(rows) + 1)))
    await _tell(session, actor, "print_ordered", "print_order", row.id, row.organisation_id, now, count=len(wanted))
    return row.id


async def report(session: AsyncSession, actor: Actor, *, paper_id: UUID, reason: str, now: datetime) -> None:
    """Say that a sheet is spoiled; a second person confirms it."""
    sheet = await _sheet(session, actor, paper_id)
    if sheet.status == PaperStatus.SPOILED or sheet.reported_by is not None:
        raise NotNow(serial=sheet.serial)
    sheet.reported_by, sheet.reported_at, sheet.reason = actor.account_id, now, reason
    await session.flush()
    await _tell(session, actor, "paper_reported", "paper", sheet.id, sheet.organisation_id, now, reason=reason)


async def confirm(session: AsyncSession, actor: Actor, *, paper_id: UUID, now: datetime) -> str | None:
    """Spoil a reported sheet; what it carried goes onto the next blank one, whose serial is returned, and into the ledger."""
    sheet = await _sheet(session, actor, paper_id)
    if sheet.reported_by is None or sheet.status == PaperStatus.SPOILED:
        raise NotNow(serial=sheet.serial)
    if sheet.reported_by == actor.account_id:
        raise SameSpoiler
    again: PaperRow | None = None
    if sheet.certificate_id is not None:
        blank = await _blank(session, sheet.organisation_id, limit=2)
        again = next((one for one in blank if one.id != sheet.id), None)
        if again is None:
            raise NoPaper(left=0, wanted=1)
    sheet.status, sheet.confirmed_by, sheet.confirmed_at = "spoiled", actor.account_id, now
    await session.flush()  # before its certificate is bound again
    await _tell(session, actor, "paper_spoiled", "paper", sheet.id, sheet.organisation_id, now, reason=sheet.reason)
    if again is None or sheet.certificate_id is None or sheet.order_id is None or sheet.place is None:
        return None
    _bind(again, sheet.certificate_id, sheet.order_id, sheet.place, now)
    await session.flush()
    one = await issuing.certificate(session, sheet.certificate_id)
    await ledger.append(session, [_reprint(one, sheet, again.serial)], now=now)
    return again.serial


def _reprint(one: Certificate, sheet: PaperRow, serial: str) -> Draft:
    """What the ledger commits to: which stored bytes went onto which sheet in place of which."""
    record: Mapping[str, Any] = {
        "format": "kaowu-reprint/1",
        "number": one.number,
        "version": one.version,
        "sha256": one.sha256,
        "paper": serial,
        "spoiled": sheet.serial,
    }
    return Draft(
        event=LedgerEvent.REPRINT,
        certificate_id=one.id,
        number=one.number,
        version=one.version,
        record=record,
        reason=sheet.reason,
    )


def _bind(sheet: PaperRow, certificate_id: UUID, order_id: UUID, place: int, now: datetime) -> None:
    sheet.status, sheet.certificate_id, sheet.order_id = "bound", certificate_id, order_id
    sheet.place, sheet.bound_at = place, now


async def make_again(session: AsyncSession, actor: Actor, *, order_id: UUID, now: datetime) -> int:
    """Queue the parts of an order that have no file, and return how many: after a problem, or when files were forgotten."""
    one = await queries.order(session, actor, order_id)
    left = [each.part for each in await queries.parts_of(session, order_id) if each.sha256 is None]
    await session.execute(update(PartRow).where(PartRow.order_id == order_id).values(problem=""))
    await _queue(session, order_id, left)
    await _tell(session, actor, "print_made_again", "print_order", one.id, one.organisation_id, now, count=len(left))
    return len(left)


async def keep_part(session: AsyncSession, order_id: UUID, part: int, sha256: str, *, now: datetime) -> None:
    """The file of a part is made; two that make it at once make the same bytes."""
    values = {"sha256": sha256, "made_at": now, "problem": ""}
    await session.execute(update(PartRow).where(PartRow.order_id == order_id, PartRow.part == part).values(values))


async def fail_part(session: AsyncSession, order_id: UUID, part: int, problem: str) -> None:
    """The file of a part cannot be made; the page says why."""
    values = {"sha256": None, "made_at": None, "problem": problem}
    await session.execute(update(PartRow).where(PartRow.order_id == order_id, PartRow.part == part).values(values))


async def purge(session: AsyncSession, *, now: datetime) -> list[str]:
    """Forget the files of parts made long ago, and return their hashes; they can be made again."""
    old = (PartRow.made_at < now - HOLDS, PartRow.sha256.is_not(None))
    hashes = sorted({one for one in await session.scalars(select(PartRow.sha256).where(*old)) if one is not None})
    await session.execute(update(PartRow).where(*old).values(sha256=None, made_at=None))
    return hashes


async def _queue(session: AsyncSession, order_id: UUID, parts: Sequence[int]) -> None:
    wanted = [({"order_id": str(order_id), "part": one}, f"{PART_JOB}:{order_id}:{one}") for one in parts]
    await enqueue_many(session, PART_JOB, wanted)


async def _next_sheets(session: AsyncSession, organisation_id: UUID, *, limit: int) -> list[tuple[UUID, str]]:
    """Id and serial of the next blank sheets, locked, in the order of their serials."""
    query = (
        select(PaperRow.id, PaperRow.serial)
        .where(
            PaperRow.organisation_id == organisation_id,
            PaperRow.status == str(PaperStatus.BLANK),
            PaperRow.reported_by.is_(None),
        )
        .order_by(PaperRow.serial)
        .limit(limit)
        .with_for_update()
    )
    return [(id, serial) for id, serial in (await session.execute(query)).all()]


async def _blank(session: AsyncSession, organisation_id: UUID, *, limit: int) -> list[PaperRow]:
    """The next blank sheets in the order of their serials; what is reported as spoiled is passed over."""
    query = (
        select(PaperRow)
        .where(
            PaperRow.organisation_id == organisation_id,
            PaperRow.status == str(PaperStatus.BLANK),
            PaperRow.reported_by.is_(None),
        )
        .order_by(PaperRow.serial)
        .limit(limit)
        .with_for_update()
    )
    return list(await session.scalars(query))


async def _sheet(session: AsyncSession, actor: Actor, id: UUID) -> PaperRow:
    row = await session.get(PaperRow, id, with_for_update=True)
    if row is None or not queries.may_print(actor, row.organisation_id):
        raise NotFound
    return row


def _require(actor: Actor, organisation_id: UUID) -> UUID:
    if actor.account_id is None or not queries.may_print(actor, organisation_id):
        raise Forbidden
    return actor.account_id


async def _tell(
    session: AsyncSession,
    actor: Actor,
    deed: str,
    subject: str,
    id: UUID,
    organisation_id: UUID,
    now: datetime,
    **data: Any,
) -> None:
    await audit.record(
        session,
        actor,
        f"certificates.{deed}",
        subject=subject,
        ids=[id],
        stream=f"printing:{organisation_id}",
        data=data,
        now=now,
    )
