"""Reads of the registry: receipts, the records of an organisation in pages, what anybody may see of a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.registry.models import AccountRow, ConversionRow, CreditTypeRow, DepositRow, RecordRow, WithdrawalRow
from certificates.registry.rules import Deed, receipt


async def receipts(session: AsyncSession, keys: Sequence[str]) -> dict[str, Any]:
    """The receipts of these keys, and which are not known: both are answers, silence is none."""
    stored = await session.scalars(select(RecordRow).where(RecordRow.key.in_(keys)).order_by(RecordRow.key))
    found = [receipt_of(row) for row in stored]
    known = {one["key"] for one in found}
    return {"receipts": found, "unknown": sorted(set(keys) - known)}


def receipt_of(row: RecordRow, deed: Deed | None = None) -> dict[str, Any]:
    """The receipt of a stored record, for the last deed on it unless one is named."""
    deed = deed or (Deed.WITHDRAW if row.withdrawn_at is not None else Deed.REGISTER)
    at = row.received_at if deed is Deed.REGISTER or row.withdrawn_at is None else row.withdrawn_at
    return receipt(row.key, deed, at, platform_id=row.receipt_no, record_sha256=row.record_sha256)


async def records(session: AsyncSession, organisations: Sequence[str], *, after: str, limit: int) -> dict[str, Any]:
    """The records of organisations by key, from after a key on; `next` is empty on the last page."""
    query = (
        select(RecordRow)
        .where(RecordRow.organisation_code.in_(organisations), RecordRow.key > after)
        .order_by(RecordRow.key)
        .limit(limit + 1)
    )
    rows = (await session.scalars(query)).all()
    shown = rows[:limit]
    return {"records": [_shown(row) for row in shown], "next": shown[-1].key if len(rows) > limit else ""}


async def public(session: AsyncSession, number: str) -> dict[str, Any] | None:
    """What anybody may see of a number: the newest version, its facts and whether it is in force."""
    query = select(RecordRow).where(RecordRow.number == number).order_by(RecordRow.version.desc()).limit(1)
    row = await session.scalar(query)
    return None if row is None else {**row.facts, "status": "withdrawn" if row.withdrawn_at else "in_force"}


def _shown(row: RecordRow) -> dict[str, Any]:
    return {
        **row.facts,
        "key": row.key,
        "platform_id": row.receipt_no,
        "record_sha256": row.record_sha256,
        "status": "withdrawn" if row.withdrawn_at else "in_force",
        "at": row.received_at.isoformat(),
    }


async def credit_types(session: AsyncSession, wanted: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """The newest proposal of each (certificate code, level) and what was decided on it."""
    query = (
        select(CreditTypeRow)
        .where(tuple_(CreditTypeRow.certificate_code, CreditTypeRow.level).in_(wanted))
        .order_by(CreditTypeRow.certificate_code, CreditTypeRow.level, CreditTypeRow.version)
    )
    newest = {(row.certificate_code, row.level): row for row in await session.scalars(query)}
    return [
        {
            "certificate_code": row.certificate_code,
            "level": row.level,
            "version": row.version,
            "status": row.status,
            "recognised": row.recognised or "",
            "message": row.message,
        }
        for row in newest.values()
    ]


async def credit_states(session: AsyncSession, numbers: Sequence[str]) -> dict[str, Any]:
    """Where the holders of these certificates stand: no account, an account, stored. Unregistered numbers are unknown."""
    rows = (
        await session.scalars(select(RecordRow).where(RecordRow.number.in_(numbers), RecordRow.withdrawn_at.is_(None)))
    ).all()
    people = {row.number: row.person for row in rows}
    accounts = set(await session.scalars(select(AccountRow.person).where(AccountRow.person.in_(people.values()))))
    stored = {
        row.number: row for row in await session.scalars(select(DepositRow).where(DepositRow.number.in_(numbers)))
    }
    conversions: dict[str, list[dict[str, Any]]] = {}
    query = select(ConversionRow).where(ConversionRow.number.in_(numbers)).order_by(ConversionRow.at)
    for row in await session.scalars(query):
        conversions.setdefault(row.number, []).append({"school_code": row.school_code, "status": row.status})
    found = []
    for number in sorted(people):
        deposit = stored.get(number)
        state = "stored" if deposit else "account_open" if people[number] in accounts else "account_missing"
        found.append(
            {
                "number": number,
                "state": state,
                "credits": deposit.credits if deposit else "",
                "stored_at": deposit.stored_at.isoformat() if deposit else "",
                "conversions": conversions.get(number, []),
            }
        )
    return {"states": found, "unknown": sorted(set(numbers) - set(people))}


async def withdrawals(session: AsyncSession, numbers: Sequence[str]) -> dict[str, Any]:
    """Which of these certificates the bank knows as revoked, and which it does not: both are answers, silence is none."""
    query = select(WithdrawalRow.number).where(WithdrawalRow.number.in_(numbers)).order_by(WithdrawalRow.number)
    found = list(await session.scalars(query))
    return {"withdrawn": found, "unknown": sorted(set(numbers) - set(found))}
