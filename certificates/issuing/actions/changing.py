"""What happens to a certificate afterwards: a number given up, a correction or replacement, a revocation (3.7)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.designs import actions as designs
from certificates.designs import queries as designed
from certificates.designs.rules.records import Template
from certificates.issuing import queries
from certificates.issuing.actions.halting import FINISH_JOB
from certificates.issuing.actions.releasing import drop
from certificates.issuing.actions.shared import Begin, announce, intent, locked, reason_of, stream, take_back
from certificates.issuing.models import Number
from certificates.issuing.rules.face import Eligible, Face
from certificates.issuing.rules.records import Certificate
from certificates.issuing.rules.status import (
    RENEWED,
    CertificateStatus,
    RenewalKind,
    move,
)
from certificates.platform import actions as platform
from exam.accounts.rules import Actor, Permission
from exam.kernel import audit
from exam.kernel.clock import china_date
from exam.kernel.crypto import Vault
from exam.kernel.errors import N_, Conflict, Invalid, Problem
from exam.kernel.jobs import enqueue
from exam.registration import queries as registration

S = CertificateStatus
_MARKS: Final = {RenewalKind.CORRECTION: ("", ""), RenewalKind.REPLACEMENT: ("补发", "Replacement")}


class NothingToCorrect(Conflict):
    """The new certificate would say the same."""

    message = N_("证书 %(number)s 上的内容与报名信息一致，没有可更正之处。")
    way_out = N_("请先在报名信息中更正，再更正证书。")


async def void(
    session: AsyncSession, actor: Actor, vault: Vault, *, certificate_id: UUID, reason: str, now: datetime
) -> None:
    """Give up a number whose certificate was never issued; the number log keeps it with the reason, and the ledger takes
    back what it announced."""
    reason = reason_of(reason)
    row = (await locked(session, [certificate_id]))[0]
    actor.require(Permission.CERTIFICATE_ISSUE, organisation_id=row.organisation_id)
    row.status, row.reason, row.ended_at = move(row.number, S(row.status), S.VOIDED), reason, now
    if row.version == 1:
        number = (await session.scalars(select(Number).where(Number.number == row.number).with_for_update())).one()
        number.voided_at, number.void_reason = now, reason
    await session.flush()
    if row.release_id is not None:
        await drop(session, release_id=row.release_id, dropped={row.registration_id: "voided"})
    await take_back(session, vault, row, reason, now=now)
    await audit.record(
        session,
        actor,
        "certificates.void",
        subject="certificate",
        ids=[row.id],
        stream=stream(row.batch_id),
        data={"number": row.number, "version": row.version, "reason": reason},
        now=now,
    )


async def renew(
    session: AsyncSession,
    actor: Actor,
    vault: Vault,
    *,
    certificate_id: UUID,
    kind: RenewalKind,
    reason: str,
    prepare: Callable[[Eligible, Template], tuple[Sequence[Problem], str]],
    now: datetime,
) -> UUID:
    """Begin the next version under the same number: a correction, or a replacement of lost paper.

    It is drawn with the design in force now. What cannot be printed is refused by name: `prepare` looks at the certificate
    with a template, and says what is wrong with it or which compiled shape it will be pressed with.
    """
    reason = reason_of(reason)
    row = (await locked(session, [certificate_id]))[0]
    actor.require(Permission.CERTIFICATE_REVOKE, organisation_id=row.organisation_id)
    move(row.number, S(row.status), RENEWED[kind])
    old = queries.record(row)
    face, photo = await queries.present_face(session, old, issued_on=china_date(now))
    unchanged = _differs_not(face, old.face) and photo == row.photo_sha256
    if kind is RenewalKind.CORRECTION and unchanged:
        raise NothingToCorrect(number=row.number)
    if kind is RenewalKind.REPLACEMENT:
        face, photo = old.face, row.photo_sha256
    mark_zh, mark_en = _MARKS[kind]
    face = Face.from_data(
        {**face.as_data(), "issued_on": china_date(now).isoformat(), "mark_zh": mark_zh, "mark_en": mark_en}
    )
    item = Eligible(
        registration_id=row.registration_id,
        outcome_id=row.outcome_id,
        outcome_version=row.outcome_version,
        batch_id=row.batch_id,
        person_id=row.person_id,
        organisation_id=row.organisation_id,
        certificate_id=row.certificate_id,
        province_code="",
        photo_sha256=photo,
        published_by=None,
        face=face,
    )
    template = await designed.template_in_force(session, row.organisation_id)
    problems, compiled = await asyncio.to_thread(prepare, item, template)
    if problems:
        raise Invalid(problems=problems)
    await designs.use(session, row.organisation_id, template, now=now)
    assert actor.account_id is not None
    begin = Begin(
        by=actor.account_id,
        templates={row.organisation_id: template},
        compiled={row.registration_id: compiled},
        version=row.version + 1,
        renewal=str(kind),
        reason=reason,
    )
    id_number = await registration.id_number(session, vault, row.person_id)
    made = intent(vault, item, row.number, face, id_number, begin, now=now)
    (values,) = await announce(session, [made], now=now)
    await audit.record(
        session,
        actor,
        "certificates.renew",
        subject="certificate",
        ids=[row.id, values["id"]],
        stream=stream(row.batch_id),
        data={"number": row.number, "kind": str(kind), "reason": reason},
        now=now,
    )
    new: UUID = values["id"]
    payload = {"certificate_id": str(new), "account_id": str(actor.account_id)}
    await enqueue(session, FINISH_JOB, payload, dedupe=f"{FINISH_JOB}:{new}")
    return new


def _differs_not(present: Face, old: Face) -> bool:
    same = {"issued_on", "mark_zh", "mark_en", "batch_code"}
    left, right = present.as_data(), old.as_data()
    return all(left[name] == right[name] for name in left if name not in same)


async def revoke(
    session: AsyncSession, actor: Actor, vault: Vault, *, certificate_id: UUID, reason: str, now: datetime
) -> Certificate:
    """Revoke an issued certificate: at once for everybody who asks, and withdrawn from the platform."""
    reason = reason_of(reason)
    row = (await locked(session, [certificate_id]))[0]
    actor.require(Permission.CERTIFICATE_REVOKE, organisation_id=row.organisation_id)
    row.status, row.ended_at, row.reason = move(row.number, S(row.status), S.REVOKED), now, reason
    await session.flush()
    await take_back(session, vault, row, reason, now=now)
    await platform.mark_revoked(session, row.id, reason=reason)
    await audit.record(
        session,
        actor,
        "certificates.revoke",
        subject="certificate",
        ids=[row.id],
        stream=stream(row.batch_id),
        data={"number": row.number, "version": row.version, "reason": reason},
        now=now,
    )
    return queries.record(row)
