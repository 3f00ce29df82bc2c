"""Taking numbers: who may issue, the job that issues a batch, and the reservation of numbers with their intents (3.7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing import queries
from certificates.issuing.actions.shared import intent, stream
from certificates.issuing.models import CertificateRow, Number, NumberCounter
from certificates.issuing.rules.face import Eligible
from certificates.issuing.rules.numbers import CURRENT, SCHEMES
from exam.accounts.rules import Actor, Permission
from exam.catalogue.rules import Level
from exam.kernel import audit
from exam.kernel.crypto import Vault
from exam.kernel.db import insert_many
from exam.kernel.errors import N_, Conflict, Forbidden
from exam.kernel.jobs import enqueue
from exam.registration import queries as registration
from exam.registration.rules import BATCH_STATUS_LABELS

ISSUE_JOB: Final = "certificates.issue_batch"


class NotReady(Conflict):
    """The results of the batch may still change."""

    message = N_("批次“%(batch)s”现在是“%(status)s”，还不能颁发证书。")
    way_out = N_("成绩复核期结束、成绩确定后即可颁发。")


class PublisherMayNotIssue(Forbidden):
    """Separation of duties (domain.md section 2): who publishes results does not issue the certificates."""

    message = N_("您发布了其中 %(n)s 人的成绩，不能再为他们颁发证书。")
    way_out = N_("请由另一名发证员办理。")


async def require_ready(session: AsyncSession, actor: Actor, batch_id: UUID) -> None:
    """Refuse unless the batch's results are final and the actor may issue at all (E01)."""
    if not actor.may(Permission.CERTIFICATE_ISSUE):
        raise Forbidden
    batch = await registration.batch(session, batch_id)
    if not queries.may_issue(batch.status):
        raise NotReady(batch=batch.name_zh, status=BATCH_STATUS_LABELS[batch.status])


async def start(session: AsyncSession, actor: Actor, *, batch_id: UUID) -> bool:
    """Queue the issue of a batch in the background; False when the actor's run of it waits already."""
    await require_ready(session, actor, batch_id)
    payload = {"batch_id": str(batch_id), "account_id": str(actor.account_id)}
    return await enqueue(session, ISSUE_JOB, payload, dedupe=f"{ISSUE_JOB}:{batch_id}:{actor.account_id}")


async def reserve(
    session: AsyncSession, actor: Actor, vault: Vault, *, items: Sequence[Eligible], now: datetime
) -> list[UUID]:
    """Take numbers and write the intents, both or neither. What another officer took meanwhile is left out."""
    for item in items:
        actor.require(Permission.CERTIFICATE_ISSUE, organisation_id=item.organisation_id)
    published = sum(item.published_by == actor.account_id for item in items if item.published_by is not None)
    if published:
        raise PublisherMayNotIssue(n=published)
    rows: list[dict[str, Any]] = []
    for issuer in sorted({item.face.organisation_code for item in items}):
        own = [item for item in items if item.face.organisation_code == issuer]
        rows += await _reserve_for(session, vault, issuer, own, now)
    await insert_many(session, CertificateRow, rows)
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
    session: AsyncSession, vault: Vault, issuer: str, items: Sequence[Eligible], now: datetime
) -> list[dict[str, Any]]:
    """Under the counter's lock, so that serials have no gap and an outcome has no second number."""
    year = items[0].face.issued_on.year
    counter = await _locked_counter(session, issuer, year)
    taken = set(
        await session.scalars(
            select(Number.registration_id).where(
                Number.registration_id.in_([item.registration_id for item in items]), Number.voided_at.is_(None)
            )
        )
    )
    numbers: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
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
        id_number = await registration.id_number(session, vault, item.person_id)
        rows.append(intent(vault, item, number, item.face, id_number, version=1, renewal="", now=now))
    await insert_many(session, Number, numbers)
    return rows


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
