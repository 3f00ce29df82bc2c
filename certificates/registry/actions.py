"""What changes the registry: batches of rows under an idempotency key, and the deeds of the credit bank."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.registry.models import (
    AccountRow,
    ConversionRow,
    CreditTypeRow,
    DepositRow,
    RecordRow,
    SubmissionRow,
    WithdrawalRow,
)
from certificates.registry.queries import receipt_of
from certificates.registry.rules import (
    BadRequest,
    ConversionStatus,
    Deed,
    Flaw,
    Repeated,
    Row,
    TypeStatus,
    facts_of,
    flaws,
    read_proposal,
    receipt,
)
from exam.kernel.ids import token


async def take_batch(
    session: AsyncSession, secret: bytes, *, key: str, body_sha256: str, rows: Sequence[Row], now: datetime
) -> dict[str, Any]:
    """Take a batch once: the same key with the same body gets the same answer, with another body `Repeated`."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"platform:{key}", 0))))
    before = await session.get(SubmissionRow, key)
    if before is not None:
        if before.body_sha256 != body_sha256:
            raise Repeated
        return before.answer
    answer = {"submission": key, "receipts": await take_rows(session, secret, rows, now=now)}
    session.add(SubmissionRow(key=key, body_sha256=body_sha256, received_at=now, answer=answer))
    await session.flush()
    return answer


async def take_rows(
    session: AsyncSession, secret: bytes, rows: Sequence[Row], *, now: datetime
) -> list[dict[str, Any]]:
    """Store what is complete, refuse what is not, answer rows that are there already as before."""
    wrong = {position: flaws(row) for position, row in enumerate(rows)}
    new = {
        row.key: _stored(row, secret, now)
        for position, row in enumerate(rows)
        if row.deed is Deed.REGISTER and not wrong[position]
    }
    if new:
        values = [new[key] for key in sorted(new)]  # in one order: two batches never wait for each other
        await session.execute(insert(RecordRow).values(values).on_conflict_do_nothing())
    query = select(RecordRow).where(RecordRow.key.in_([row.key for row in rows])).order_by(RecordRow.key)
    known = {row.key: row for row in await session.scalars(query.with_for_update())}
    if new:
        await _supersede(session, sorted({str(row["number"]) for row in new.values()}), now)
    answers = [
        _answer(row, known.get(row.key), now)
        if not wrong[position]
        else receipt(row.key, row.deed, now, flaws=wrong[position])
        for position, row in enumerate(rows)
    ]
    await session.flush()
    return answers


async def _supersede(session: AsyncSession, numbers: Sequence[str], now: datetime) -> None:
    """Of each number only the newest version is in force, in whatever order they came."""
    query = select(RecordRow).where(RecordRow.number.in_(numbers)).order_by(RecordRow.number, RecordRow.version)
    rows = (await session.scalars(query.with_for_update())).all()
    newest = {row.number: row.version for row in rows}
    for row in rows:
        if row.version < newest[row.number] and row.withdrawn_at is None:
            row.withdrawn_at, row.withdrawal_reason = now, f"superseded by version {newest[row.number]}"


def _answer(row: Row, stored: RecordRow | None, now: datetime) -> dict[str, Any]:
    if stored is None:
        return receipt(row.key, row.deed, now, flaws=[Flaw("unknown", row.key)])
    if row.deed is Deed.REGISTER and stored.record_sha256 != row.digest:
        return receipt(row.key, row.deed, now, flaws=[Flaw("conflict", row.key)])
    if row.deed is Deed.WITHDRAW and stored.withdrawn_at is None:
        stored.withdrawn_at, stored.withdrawal_reason = now, row.reason
    return receipt_of(stored, row.deed)


def _stored(row: Row, secret: bytes, now: datetime) -> dict[str, Any]:
    record = row.record
    return {
        "key": row.key,
        "number": str(record["number"]),
        "version": int(record["version"]),
        "organisation_code": str(record["organisation_code"]),
        "receipt_no": f"R{token(96)}",
        "received_at": now,
        "record_sha256": row.digest,
        "person": person_of(secret, str(record["id_type"]), str(record["id_number"])),
        "facts": facts_of(record),
        "withdrawn_at": None,
        "withdrawal_reason": None,
    }


def person_of(secret: bytes, id_type: str, id_number: str) -> str:
    """The keyed hash that stands for a person."""
    return hmac.new(secret, f"{id_type}/{id_number}".encode(), hashlib.sha256).hexdigest()


# ---------------------------------------------------------------- the credit bank


async def propose_type(session: AsyncSession, data: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """Take a credit proposal; the same version again is answered as before."""
    found = read_proposal(data)
    row = await session.get(CreditTypeRow, (found["certificate_code"], found["level"], found["version"]))
    if row is None:
        row = CreditTypeRow(
            certificate_code=found["certificate_code"], level=found["level"], version=found["version"],
            proposal=found, received_at=now, status=str(TypeStatus.REVIEW), recognised=None, decided_at=None,
        )  # fmt: skip
        session.add(row)
        await session.flush()
    elif row.proposal != found:
        raise Repeated
    return {"status": row.status, "recognised": row.recognised or "", "message": row.message or ""}


async def review_types(session: AsyncSession, *, now: datetime) -> int:
    """Review what waits: the built-in bank recognises what was proposed, and publishes it. Returns how many."""
    rows = (await session.scalars(select(CreditTypeRow).where(CreditTypeRow.status == str(TypeStatus.REVIEW)))).all()
    for row in rows:
        row.status, row.recognised, row.decided_at = str(TypeStatus.PUBLISHED), row.proposal["credits"], now
    await session.flush()
    return len(rows)


async def open_account(session: AsyncSession, secret: bytes, *, id_type: str, id_number: str, now: datetime) -> None:
    """A learner opens an account; the real-name and face checks are the bank's own."""
    person = person_of(secret, id_type, id_number)
    await session.execute(insert(AccountRow).values(person=person, opened_at=now).on_conflict_do_nothing())


async def deposit(session: AsyncSession, *, number: str, now: datetime) -> bool:
    """A learner stores a certificate: registered here, an account open, its credit value published. Says whether it is stored."""
    query = select(RecordRow).where(RecordRow.number == number, RecordRow.withdrawn_at.is_(None))
    record = await session.scalar(query.order_by(RecordRow.version.desc()).limit(1))
    if record is None or await session.get(AccountRow, record.person) is None:
        return False
    if await session.get(WithdrawalRow, number) is not None:
        return False
    value = await session.scalar(
        select(CreditTypeRow.recognised)
        .where(
            CreditTypeRow.certificate_code == record.facts["certificate_code"],
            CreditTypeRow.level == record.facts["level"],
            CreditTypeRow.status == str(TypeStatus.PUBLISHED),
        )
        .order_by(CreditTypeRow.version.desc())
        .limit(1)
    )
    if value is None:
        return False
    row = {"number": number, "person": record.person, "credits": value, "stored_at": now}
    await session.execute(insert(DepositRow).values(row).on_conflict_do_nothing())
    return True


async def convert(session: AsyncSession, data: Mapping[str, Any], *, key: str, now: datetime) -> dict[str, Any]:
    """A school tells what it decided on a conversion; the same key again is answered as before."""
    try:
        status = ConversionStatus(data["status"])
        number, school = str(data["number"]), str(data["school_code"])
        course, credits = str(data.get("course", "")), str(data.get("credits", ""))
    except (KeyError, ValueError) as error:
        raise BadRequest("conversion") from error
    if await session.get(DepositRow, number) is None:
        return {"accepted": False, "code": "not_stored"}
    if status is ConversionStatus.CONVERTED and await session.get(WithdrawalRow, number) is not None:
        return {"accepted": False, "code": "withdrawn"}
    row = await session.scalar(
        select(ConversionRow).where(ConversionRow.number == number, ConversionRow.school_code == school)
    )
    if row is None:
        row = ConversionRow(
            key=key, number=number, school_code=school, course=course, credits=credits, status=str(status),
            reason=str(data.get("reason", "")), at=now,
        )  # fmt: skip
        session.add(row)
        await session.flush()
    elif row.key != key:
        return {"accepted": False, "code": "conflict"}
    return {"accepted": True, "code": "", "status": row.status}


async def withdraw(session: AsyncSession, data: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """Mark what was stored of a revoked certificate; told again, the first time counts. One nobody stored is marked, too."""
    try:
        number, reason = str(data["number"]), str(data["reason"])
    except KeyError as error:
        raise BadRequest("withdrawal") from error
    if await session.scalar(select(RecordRow.key).where(RecordRow.number == number).limit(1)) is None:
        return {"accepted": False, "code": "unknown"}
    row = {"number": number, "reason": reason, "at": now}
    await session.execute(insert(WithdrawalRow).values(row).on_conflict_do_nothing())
    return {"accepted": True, "code": ""}
