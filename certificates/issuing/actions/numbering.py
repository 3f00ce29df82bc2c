"""Taking numbers: the reservation of numbers with their intents (3.7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing import queries
from certificates.issuing.actions.shared import Begin, announce, intent, stream
from certificates.issuing.models import Number, NumberCounter
from certificates.issuing.rules.face import Eligible
from certificates.issuing.rules.numbers import CURRENT, SCHEMES
from exam.accounts.rules import Actor, Permission
from exam.catalogue.rules import Level
from exam.kernel import audit
from exam.kernel.crypto import Vault
from exam.kernel.db import insert_many
from exam.registration import queries as registration


async def reserve(
    session: AsyncSession, actor: Actor, vault: Vault, *, items: Sequence[Eligible], begin: Begin, now: datetime
) -> list[UUID]:
    """Take numbers, write the intents and announce them in the ledger, all or nothing; refused while issuing is stopped.

    What another worker took meanwhile is left out.
    """
    await queries.require_running(session)
    for organisation_id in sorted({item.organisation_id for item in items}):
        actor.require(Permission.CERTIFICATE_ISSUE, organisation_id=organisation_id)
    made: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for issuer in sorted({item.face.organisation_code for item in items}):
        own = [item for item in items if item.face.organisation_code == issuer]
        made += await _reserve_for(session, vault, issuer, own, begin, now)
    rows = await announce(session, made, now=now)
    if rows:
        await audit.record(
            session,
            actor,
            "certificates.reserve",
            subject="certificate",
            ids=[row["id"] for row in rows],
            stream=stream(rows[0]["batch_id"]),
            data={"numbers": [row["number"] for row in rows]},
            now=now,
        )
    return [row["id"] for row in rows]


async def _reserve_for(
    session: AsyncSession, vault: Vault, issuer: str, items: Sequence[Eligible], begin: Begin, now: datetime
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Under the counter's lock, so that serials have no gap and an outcome has no second number."""
    year = items[0].face.issued_on.year
    id_numbers = await registration.id_numbers(session, vault, [item.person_id for item in items])
    counter = await _locked_counter(session, issuer, year)
    taken = set(
        await session.scalars(
            select(Number.registration_id).where(
                Number.registration_id.in_([item.registration_id for item in items]), Number.voided_at.is_(None)
            )
        )
    )
    numbers: list[dict[str, Any]] = []
    made: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for item in items:
        if item.registration_id in taken:
            continue
        counter.last_serial += 1
        number = _compose(item, year, counter.last_serial)
        numbers.append(
            {
                "number": number,
                "scheme_version": CURRENT,
                "issuer_code": issuer,
                "year": year,
                "serial": counter.last_serial,
                "registration_id": item.registration_id,
                "outcome_id": item.outcome_id,
                "taken_at": now,
            }
        )
        made.append(intent(vault, item, number, item.face, id_numbers[item.person_id], begin, now=now))
    await insert_many(session, Number, numbers)
    return made


async def _locked_counter(session: AsyncSession, issuer: str, year: int) -> NumberCounter:
    await session.execute(
        insert(NumberCounter).values(issuer_code=issuer, year=year, last_serial=0).on_conflict_do_nothing()
    )
    query = select(NumberCounter).where(NumberCounter.issuer_code == issuer, NumberCounter.year == year)
    return (await session.scalars(query.with_for_update().execution_options(populate_existing=True))).one()


def _compose(item: Eligible, year: int, serial: int) -> str:
    return SCHEMES[CURRENT].compose(
        {
            "issuer": item.face.organisation_code,
            "certificate": item.face.certificate_code,
            "level": str(Level(item.face.level).digit),
            "year": str(year),
            "province": item.province_code,
            "serial": str(serial),
        }
    )
