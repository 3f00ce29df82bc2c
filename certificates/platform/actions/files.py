"""Batch files: written with hash and row count, handed in by an officer, answered row by row, sent again where a row came back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.platform.actions.registering import Stored, store_receipts
from certificates.platform.documents import batch_file, read_receipt_cells
from certificates.platform.models import PlatformFile, PlatformFileRow, PlatformRegistration
from certificates.platform.queries import submission_of, to_export
from certificates.platform.rules import WAITING, Deed, PlatformStatus, Submission, platform_move, record_key
from certificates.platform.rules.batches import (
    MOST_ROWS,
    FileFormat,
    FileStatus,
    Sent,
    file_number,
    lines_of,
    read_receipt_file,
)
from exam.accounts.rules import Actor, Permission
from exam.kernel import audit
from exam.kernel.clock import china_date
from exam.kernel.crypto import Vault
from exam.kernel.db import insert_many
from exam.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from exam.kernel.ids import new_id

_LOCK: Final = 0x6B616F777570  # batch numbers follow one another


class NothingToExport(Conflict):
    """No registration waits."""

    message = N_("没有等待上报的证书，没有生成文件。")


class CannotWrite(Invalid):
    """A value has no code in the format's table; no file was made."""

    message = N_("有 %(n)s 处不能按文件格式写出，没有生成文件。")


class FileMoved(Conflict):
    """The file does not stand where this step begins."""

    message = N_("上报文件 %(number)s 现在不能做这一步，没有执行。")
    way_out = N_("请刷新页面，查看最新状态。")


class FileChanged(Conflict):
    """The bytes made again are not those that were exported: the format document was edited in place."""

    message = N_("上报文件 %(number)s 按现在的格式定义生成的内容与导出时不同，没有下载。")
    way_out = N_("格式定义改动后须用新的版本号；请恢复原定义，或取消这个文件后重新导出。")


async def export_file(
    session: AsyncSession, actor: Actor, vault: Vault, *, format: FileFormat, reason: str, now: datetime,
    organisation_ids: Sequence[UUID] | None,
) -> UUID:  # fmt: skip
    """Write what waits into a batch file; its rows leave the line until they are answered. The audit log keeps who and why."""
    _allowed(actor)
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    ids = await to_export(session, organisation_ids=organisation_ids, limit=MOST_ROWS)
    query = select(PlatformRegistration).where(PlatformRegistration.id.in_(ids))
    rows = (
        await session.scalars(
            query.order_by(PlatformRegistration.number, PlatformRegistration.version).with_for_update()
        )
    ).all()
    if not rows:
        raise NothingToExport
    submissions = [_outgoing(vault, row) for row in rows]
    _, problems = lines_of(format, submissions)
    if problems:
        raise CannotWrite(problems=problems, n=len(problems))
    id, day = new_id(), china_date(now)
    count = await session.scalar(
        select(func.count()).select_from(PlatformFile).where(PlatformFile.number.startswith(f"P{day:%Y%m%d}-"))
    )
    number = file_number(day, int(count or 0) + 1)
    data = batch_file(format, number, submissions)
    session.add(
        PlatformFile(
            id=id, number=number, status=str(FileStatus.EXPORTED), format=format.name, format_version=format.version,
            format_sha256=format.sha256, rows_count=len(rows), sha256=hashlib.sha256(data).hexdigest(), reason=reason,
            organisation_ids=sorted({row.organisation_id for row in rows}), created_at=now, created_by=actor.account_id,
        )
    )  # fmt: skip
    await session.flush()
    lines: list[dict[str, Any]] = []
    for row_no, (row, submission) in enumerate(zip(rows, submissions, strict=True), start=2):
        if submission.deed is Deed.REGISTER:
            row.status = platform_move(row.number, PlatformStatus(row.status), PlatformStatus.EXPORTED)
        row.file_id, row.next_try_at = id, None
        lines.append(
            {"file_id": id, "row_no": row_no, "registration_id": row.id, "deed": str(submission.deed), "accepted": None}
        )
    await insert_many(session, PlatformFileRow, lines)
    await session.flush()
    facts = {"number": number, "count": len(rows), "sha256": hashlib.sha256(data).hexdigest(), "reason": reason}
    await _note(session, actor, "certificates.export", id, facts, now)
    return id


def _outgoing(vault: Vault, row: PlatformRegistration) -> Submission:
    deed = Deed.REGISTER if PlatformStatus(row.status) in WAITING else Deed.WITHDRAW
    return submission_of(vault, row, deed)


async def note_download(session: AsyncSession, actor: Actor, file_id: UUID, *, now: datetime) -> None:
    """Record that a file with full ID numbers left the system."""
    row = await _file(session, actor, file_id)
    await _note(session, actor, "certificates.download", file_id, {"number": row.number, "sha256": row.sha256}, now)


async def hand_in(session: AsyncSession, actor: Actor, file_id: UUID, *, now: datetime) -> None:
    """An officer has handed the file in: its rows are submitted, and wait for the receipt file."""
    file = await _file(session, actor, file_id)
    if file.status != FileStatus.EXPORTED:
        raise FileMoved(number=file.number)
    file.status, file.handed_in_at, file.handed_in_by = str(FileStatus.HANDED_IN), now, actor.account_id
    for row in await _rows(session, file_id):
        if row.status == PlatformStatus.EXPORTED:
            row.status = platform_move(row.number, PlatformStatus.EXPORTED, PlatformStatus.SUBMITTED)
        row.submitted_at, row.attempts = now, row.attempts + 1
    await session.flush()
    await _note(session, actor, "certificates.hand_in", file_id, {"number": file.number}, now)


async def cancel_file(session: AsyncSession, actor: Actor, file_id: UUID, *, now: datetime) -> None:
    """A file that was never handed in is given up: its rows wait again."""
    file = await _file(session, actor, file_id)
    if file.status != FileStatus.EXPORTED:
        raise FileMoved(number=file.number)
    file.status = str(FileStatus.CANCELLED)
    for row in await _rows(session, file_id):
        if row.status == PlatformStatus.EXPORTED:
            row.status = platform_move(row.number, PlatformStatus.EXPORTED, PlatformStatus.QUEUED)
        row.file_id = None
    await session.flush()
    await _note(session, actor, "certificates.cancel", file_id, {"number": file.number}, now)


async def store_receipt_file(
    session: AsyncSession,
    actor: Actor,
    *,
    file_id: UUID,
    home_format: FileFormat,
    name: str,
    data: bytes,
    now: datetime,
) -> Stored:
    """Read the receipt file of a batch: per-row results, all or nothing. The same file again changes nothing."""
    file = await _file(session, actor, file_id)
    digest = hashlib.sha256(data).hexdigest()
    if file.receipt_sha256 == digest:
        return Stored()
    if file.status not in (FileStatus.HANDED_IN, FileStatus.EXPORTED):
        raise FileMoved(number=file.number)
    if file.status == FileStatus.EXPORTED:  # its receipt is here, so it was handed in
        await hand_in(session, actor, file_id, now=now)
    cover, cells = read_receipt_cells(home_format, name, data)
    rows = {row.id: row for row in await _rows(session, file_id, whole=True)}
    query = select(PlatformFileRow).where(PlatformFileRow.file_id == file_id).order_by(PlatformFileRow.row_no)
    lines = (await session.scalars(query.with_for_update())).all()
    sent = {}
    for line in lines:
        row = rows[line.registration_id]
        sent[record_key(row.number, row.version)] = (line, row)
    waiting = [Sent(row_no=line.row_no, key=key, deed=Deed(line.deed)) for key, (line, _) in sent.items()]
    receipts = read_receipt_file(home_format, file.number, waiting, cover, cells, at=now)
    receipts = [
        one if one.record_sha256 else replace(one, record_sha256=sent[one.key][1].record_sha256) for one in receipts
    ]
    stored = await store_receipts(session, actor, receipts, platform=file.format, now=now)
    for one in receipts:
        if one.key in stored.settled:
            line = sent[one.key][0]
            line.accepted, line.platform_id, line.code, line.message = (
                one.accepted,
                one.platform_id,
                one.code,
                one.message,
            )
    file.receipt_sha256 = digest
    if all(line.accepted is not None for line in lines):
        file.status, file.answered_at, file.answered_by = str(FileStatus.ANSWERED), now, actor.account_id
    await session.flush()
    facts = {"number": file.number, "sha256": digest, "accepted": stored.accepted, "refused": stored.refused}
    await _note(session, actor, "certificates.receipt", file_id, facts, now)
    return stored


def _allowed(actor: Actor) -> None:
    if not actor.may(Permission.PLATFORM_RUN):
        raise Forbidden


async def _file(session: AsyncSession, actor: Actor, file_id: UUID) -> PlatformFile:
    row = await session.get(PlatformFile, file_id, with_for_update=True)
    if row is None:
        raise NotFound
    for organisation_id in row.organisation_ids:
        actor.require(Permission.PLATFORM_RUN, organisation_id=organisation_id)
    return row


async def _rows(session: AsyncSession, file_id: UUID, *, whole: bool = False) -> Sequence[PlatformRegistration]:
    """The registrations of a file that still travel in it; with `whole`, those that are answered too."""
    query = (
        select(PlatformRegistration)
        .join(PlatformFileRow, PlatformFileRow.registration_id == PlatformRegistration.id)
        .where(PlatformFileRow.file_id == file_id)
        .order_by(PlatformRegistration.id)
    )
    if not whole:
        query = query.where(PlatformRegistration.file_id == file_id)
    return (await session.scalars(query.with_for_update(of=PlatformRegistration))).all()


async def _note(
    session: AsyncSession, actor: Actor, deed: str, file_id: UUID, facts: dict[str, Any], now: datetime
) -> None:
    await audit.record(
        session,
        actor,
        deed,
        subject="platform_file",
        ids=[file_id],
        stream="certificates.platform",
        data=facts,
        now=now,
    )
