"""The verbs of issuing (domain.md 3.7): reserve, store, issue; void, renew, revoke. Each is one transaction of a road that
can be cut between any two of them and goes on without a second number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing import queries
from certificates.issuing.models import CertificateRow, Number, NumberCounter
from certificates.issuing.rules.face import TEMPLATE, Eligible, Face, face_problems
from certificates.issuing.rules.numbers import CURRENT, SCHEMES
from certificates.issuing.rules.records import Certificate
from certificates.issuing.rules.status import (
    RENEWED,
    CertificateStatus,
    NotAllowedNow,
    RenewalKind,
    move,
)
from certificates.issuing.rules.words import require_clean
from certificates.ledger import actions as ledger
from certificates.ledger.actions import Draft, ToRegister
from certificates.ledger.rules import LedgerEvent, PlatformRecord
from exam.accounts.rules import Actor, Permission
from exam.catalogue.rules import Level
from exam.kernel import audit
from exam.kernel.clock import china_date
from exam.kernel.crypto import Vault
from exam.kernel.db import insert_many
from exam.kernel.errors import N_, Conflict, Forbidden, Invalid, Problem
from exam.kernel.ids import new_id, token
from exam.kernel.jobs import enqueue
from exam.registration import queries as registration
from exam.registration.rules import BATCH_STATUS_LABELS

S = CertificateStatus
ISSUE_JOB: Final = "certificates.issue_batch"
FINISH_JOB: Final = "certificates.finish"
_TOKEN_BITS: Final = 128
_EVENTS: Final = {
    "": LedgerEvent.ISSUE,
    RenewalKind.CORRECTION: LedgerEvent.CORRECT,
    RenewalKind.REPLACEMENT: LedgerEvent.REPLACE,
}
_MARKS: Final = {RenewalKind.CORRECTION: ("", ""), RenewalKind.REPLACEMENT: ("补发", "Replacement")}


class NotReady(Conflict):
    """The results of the batch may still change."""

    message = N_("批次“%(batch)s”现在是“%(status)s”，还不能颁发证书。")
    way_out = N_("成绩复核期结束、成绩确定后即可颁发。")


class PublisherMayNotIssue(Forbidden):
    """Separation of duties (domain.md section 2): who publishes results does not issue the certificates."""

    message = N_("您发布了其中 %(n)s 人的成绩，不能再为他们颁发证书。")
    way_out = N_("请由另一名发证员办理。")


class OutcomeChanged(Conflict):
    """The outcome that a number was taken for no longer stands."""

    message = N_("证书 %(number)s 对应的成绩已经变更，不能颁发。")
    way_out = N_("请先核对成绩；若不应发证，请作废这个编号并写明理由。")

    @classmethod
    def problem(cls, number: str) -> Problem:
        """The same as one line of a run's report."""
        return Problem(message=cls.message, facts={"number": number}, way_out=cls.way_out, code=cls.__name__)


@dataclass(frozen=True)
class Issued:
    """How many certificates were issued, and the numbers that were held back because their outcome changed."""

    count: int
    blocked: tuple[str, ...]

    def __add__(self, other: Issued) -> Issued:
        return Issued(self.count + other.count, self.blocked + other.blocked)


class NothingToCorrect(Conflict):
    """The new certificate would say the same."""

    message = N_("证书 %(number)s 上的内容与报名信息一致，没有可更正之处。")
    way_out = N_("请先在报名信息中更正，再更正证书。")


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
            stream=_stream(rows[0]["batch_id"]),
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
        rows.append(_intent(vault, item, number, item.face, id_number, version=1, renewal="", now=now))
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


def _intent(
    vault: Vault, item: Eligible, number: str, face: Face, id_number: str, *, version: int, renewal: str, now: datetime
) -> dict[str, Any]:
    require_clean(face.text)
    row_id = new_id()
    return {
        "id": row_id,
        "number": number,
        "version": version,
        "token": token(_TOKEN_BITS),
        "status": str(S.NUMBERED),
        "registration_id": item.registration_id,
        "outcome_id": item.outcome_id,
        "outcome_version": item.outcome_version,
        "batch_id": item.batch_id,
        "person_id": item.person_id,
        "organisation_id": item.organisation_id,
        "certificate_id": item.certificate_id,
        "template": TEMPLATE,
        "face": face.as_data(),
        "id_sealed": vault.seal(id_number, _id_context(row_id)),
        "photo_sha256": item.photo_sha256 or "",
        "numbered_at": now,
        "issued_on": face.issued_on,
        "renewal": renewal,
    }


async def store(session: AsyncSession, actor: Actor, *, signed: Mapping[UUID, str], now: datetime) -> None:
    """Note that the signed bytes of these certificates stand in the file store under their hash."""
    rows = await _locked(session, signed)
    for row in rows:
        status = move(row.number, S(row.status), S.RENDERED) if S(row.status) is S.NUMBERED else S(row.status)
        row.status = move(row.number, status, S.SIGNED)
        row.sha256, row.signed_at = signed[row.id], now
    await session.flush()
    if rows:
        await audit.record(
            session,
            actor,
            "certificates.sign",
            subject="certificate",
            ids=[row.id for row in rows],
            stream=_stream(rows[0].batch_id),
            data={"sha256": [row.sha256 for row in rows]},
            now=now,
        )


async def issue(session: AsyncSession, actor: Actor, vault: Vault, *, ids: Sequence[UUID], now: datetime) -> Issued:
    """Issue signed certificates: ledger entry, registration on the platform queued, older version ended, as one."""
    signed = [row for row in await _locked(session, ids) if S(row.status) is S.SIGNED]
    standing = await queries.standing(session, {row.outcome_id for row in signed})
    rows = [row for row in signed if row.outcome_id in standing]
    for row in rows:
        actor.require(Permission.CERTIFICATE_ISSUE, organisation_id=row.organisation_id)
        if row.renewal:
            await _end_older(session, row, now)
        row.status = move(row.number, S(row.status), S.ISSUED)
        row.issued_at, row.issued_by = now, actor.account_id
    await session.flush()
    drafts = [_draft(row, _EVENTS[RenewalKind(row.renewal) if row.renewal else ""], row.reason) for row in rows]
    await ledger.append(session, drafts, now=now)
    await ledger.queue(session, vault, [_to_register(vault, row) for row in rows], now=now)
    if rows:
        await audit.record(
            session,
            actor,
            "certificates.issue",
            subject="certificate",
            ids=[row.id for row in rows],
            stream=_stream(rows[0].batch_id),
            now=now,
            data={"numbers": [row.number for row in rows], "sha256": [row.sha256 for row in rows]},
        )
    return Issued(len(rows), tuple(row.number for row in signed if row.outcome_id not in standing))


async def _end_older(session: AsyncSession, row: CertificateRow, now: datetime) -> None:
    older = (
        await session.scalars(
            select(CertificateRow)
            .where(CertificateRow.number == row.number, CertificateRow.status == str(S.ISSUED))
            .with_for_update()
        )
    ).one()
    older.status = move(older.number, S.ISSUED, RENEWED[RenewalKind(row.renewal)])
    older.ended_at, older.reason = now, row.reason
    await session.flush()
    await ledger.mark_renewed(session, older.id)


async def void(session: AsyncSession, actor: Actor, *, certificate_id: UUID, reason: str, now: datetime) -> None:
    """Give up a number whose certificate was never issued; the number log keeps it with the reason."""
    reason = _reason(reason)
    row = (await _locked(session, [certificate_id]))[0]
    actor.require(Permission.CERTIFICATE_ISSUE, organisation_id=row.organisation_id)
    row.status, row.reason, row.ended_at = move(row.number, S(row.status), S.VOIDED), reason, now
    if row.version == 1:
        number = (await session.scalars(select(Number).where(Number.number == row.number).with_for_update())).one()
        number.voided_at, number.void_reason = now, reason
    await session.flush()
    await audit.record(
        session,
        actor,
        "certificates.void",
        subject="certificate",
        ids=[row.id],
        stream=_stream(row.batch_id),
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
    missing_glyphs: Callable[[str], Set[str]],
    now: datetime,
) -> UUID:
    """Begin the next version under the same number: a correction, or a replacement of lost paper.

    What cannot be printed is refused by name (`missing_glyphs` says which characters the fonts lack).
    """
    reason = _reason(reason)
    row = (await _locked(session, [certificate_id]))[0]
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
    problems = face_problems(face, photo, missing_glyphs(face.text))
    if problems:
        raise Invalid(problems=problems)
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
    id_number = await registration.id_number(session, vault, row.person_id)
    values = _intent(vault, item, row.number, face, id_number, version=row.version + 1, renewal=str(kind), now=now)
    await insert_many(session, CertificateRow, [{**values, "reason": reason}])
    await audit.record(
        session,
        actor,
        "certificates.renew",
        subject="certificate",
        ids=[row.id, values["id"]],
        stream=_stream(row.batch_id),
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
    session: AsyncSession, actor: Actor, *, certificate_id: UUID, reason: str, now: datetime
) -> Certificate:
    """Revoke an issued certificate: at once for everybody who asks, and withdrawn from the platform."""
    reason = _reason(reason)
    row = (await _locked(session, [certificate_id]))[0]
    actor.require(Permission.CERTIFICATE_REVOKE, organisation_id=row.organisation_id)
    row.status, row.ended_at, row.reason = move(row.number, S(row.status), S.REVOKED), now, reason
    await session.flush()
    await ledger.append(session, [_draft(row, LedgerEvent.REVOKE, reason)], now=now)
    await ledger.mark_revoked(session, row.id, reason=reason)
    await audit.record(
        session,
        actor,
        "certificates.revoke",
        subject="certificate",
        ids=[row.id],
        stream=_stream(row.batch_id),
        data={"number": row.number, "version": row.version, "reason": reason},
        now=now,
    )
    return queries.record(row)


async def open_id_number(session: AsyncSession, vault: Vault, certificate_id: UUID) -> str:
    """The ID number frozen with a certificate, for drawing it."""
    row = await session.get_one(CertificateRow, certificate_id)
    return vault.open(row.id_sealed, _id_context(row.id))


def _draft(row: CertificateRow, event: LedgerEvent, reason: str) -> Draft:
    return Draft(
        event=event,
        certificate_id=row.id,
        number=row.number,
        version=row.version,
        sha256=row.sha256 or "",
        reason=reason,
        commitment={**row.face, "number": row.number, "version": row.version, "sha256": row.sha256},
    )


def _to_register(vault: Vault, row: CertificateRow) -> ToRegister:
    face = Face.from_data(row.face)
    record = PlatformRecord(
        number=row.number,
        version=row.version,
        holder_name=face.holder_name,
        id_type=face.id_type_zh,
        id_number=vault.open(row.id_sealed, _id_context(row.id)),
        certificate_code=face.certificate_code,
        certificate_name=face.certificate_name_zh,
        level=face.level_zh,
        organisation_code=face.organisation_code,
        organisation_name=face.organisation_name_zh,
        institution_name=face.institution_zh,
        batch_code=face.batch_code,
        issued_on=face.issued_on,
        sha256=row.sha256 or "",
    )
    return ToRegister(certificate_id=row.id, batch_id=row.batch_id, organisation_id=row.organisation_id, record=record)


async def _locked(session: AsyncSession, ids: Sequence[UUID] | Mapping[UUID, str]) -> list[CertificateRow]:
    query = (
        select(CertificateRow)
        .where(CertificateRow.id.in_(list(ids)))
        .order_by(CertificateRow.number, CertificateRow.version)
    )
    rows = list(await session.scalars(query.with_for_update().execution_options(populate_existing=True)))
    if len(rows) != len(ids):
        raise NotAllowedNow(number="—", status="—", wanted="—")
    return rows


def _reason(text: str) -> str:
    if not text.strip():
        raise Invalid(problems=[Problem(message=N_("请写明理由。"), field="reason", code="missing")])
    return text.strip()


def _id_context(certificate_id: UUID) -> str:
    return f"certificate:{certificate_id}"


def _stream(batch_id: UUID) -> str:
    return f"batch:{batch_id}"
