"""One registration on its way through domain 3.4: checked, consented, paid or waived, confirmed; exempt, retained, resit."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules.records import Scheme
from exam.kernel import audit
from exam.kernel.errors import N_, Conflict, Forbidden, Invalid
from exam.kernel.ids import new_id
from exam.registration.models import (
    BatchRow,
    BatchSchemeRow,
    ExemptionRow,
    InstitutionRow,
    PersonRow,
    PrefectureRow,
    RegistrationRow,
    RetainedPartRow,
)
from exam.registration.queries.registrations import RegistrationNotFound, registration, registrations
from exam.registration.rules.progress import NotReady, acceptance, paid_status
from exam.registration.rules.records import Payer, Registration
from exam.registration.rules.status import RegistrationStatus, check_registration_move
from exam.registration.rules.template import WAIVER_REASON_LABELS

_R = RegistrationStatus
_ONE_STATEMENT = 20_000


class ReasonMissing(Invalid):
    message = N_("没有填写理由。")
    way_out = N_("请写明理由，理由会告诉院校和考生。")


class WaiverProofMissing(Invalid):
    message = N_("减免需要原因和证明编号。")
    way_out = N_("请选择减免原因，并填写证明材料的编号。")


class WaiverReasonUnknown(Invalid):
    message = N_("减免原因“%(reason)s”不在列表中。")
    way_out = N_("请从列表中选择。")


class FeeAlreadySettled(Conflict):
    message = N_("这条报名的费用已经登记，不能再改缴费方式。")
    way_out = N_("请联系考务管理员退回报名后再改。")


class ComponentNotOfScheme(Invalid):
    message = N_("这个科目不属于这条报名的考核方案。")
    way_out = N_("请从这条报名的科目中选择。")


class NothingLeft(Conflict):
    message = N_("至少要有一个科目需要参加考核，不能全部免试或保留。")
    way_out = N_("请撤去一项免试或成绩保留。")


class TooLateToChange(Conflict):
    message = N_("报名已经是“%(status)s”，不能再登记免试或成绩保留。")
    way_out = N_("请在编排座位以前办理。")


class RetainedMarkWrong(Invalid):
    message = N_("保留成绩 %(value)s 不在 0 至 %(full)s 之间。")
    way_out = N_("请核对原成绩。")


class RetainedSourceWrong(Invalid):
    message = N_("保留成绩的来源不是同一考生、同一考核方案的另一次报名。")
    way_out = N_("成绩只在同一考核方案版本内保留；请核对原报名。")


class ResitNotOffered(Conflict):
    message = N_("这个批次不开考这名考生要补考的证书等级，或用的是另一版考核方案。")
    way_out = N_("请选择开考同一方案的批次。")


class ResitSameBatch(Conflict):
    message = N_("补考要报到以后的批次，不能报到原来的批次。")
    way_out = N_("请选择另一个正在报名的批次。")


# ---------------------------------------------------------------- moves of many


async def accept(
    session: AsyncSession, actor: Actor, *, registration_ids: Iterable[UUID], now: datetime
) -> list[Registration]:
    """Accept checked registrations: each needs its photo; consent and a waiver on record carry it further at once."""
    rows = await _rows(session, registration_ids)
    await _check_officer(session, actor, rows)
    without = sum(row.photo_sha256 is None for row in rows)
    if without:
        raise NotReady(count=without, what=N_("照片"))

    return await _move(session, actor, rows, _acceptance, action="accept", now=now)


async def give_back(
    session: AsyncSession, actor: Actor, *, registration_ids: Iterable[UUID], reason: str, now: datetime
) -> list[Registration]:
    """Return registrations for correction, with the reason the institution reads."""
    return await _decide(session, actor, registration_ids, _R.RETURNED, reason, "give_back", now)


async def reject(
    session: AsyncSession, actor: Actor, *, registration_ids: Iterable[UUID], reason: str, now: datetime
) -> list[Registration]:
    """Reject registrations for good (ineligible, not the person)."""
    return await _decide(session, actor, registration_ids, _R.REJECTED, reason, "reject", now)


async def bar(
    session: AsyncSession, actor: Actor, *, registration_ids: Iterable[UUID], reason: str, now: datetime
) -> list[Registration]:
    """Bar registrations after a final decision on discipline (3.12): they are examined no further."""
    if not reason.strip():
        raise ReasonMissing
    rows = await _rows(session, registration_ids)
    await _check_officer(session, actor, rows, Permission.INCIDENT_DECIDE)
    return await _move(session, actor, rows, lambda row: (_R.BARRED,), action="bar", reason=reason, now=now)


async def withdraw(
    session: AsyncSession, actor: Actor, *, registration_ids: Iterable[UUID], reason: str = "", now: datetime
) -> list[Registration]:
    """Withdraw registrations: the institution, at the candidate's wish; the place in the quota becomes free."""
    rows = await _rows(session, registration_ids)
    _check_institution(actor, Permission.ROSTER_IMPORT, rows)
    return await _move(session, actor, rows, lambda row: (_R.WITHDRAWN,), action="withdraw", reason=reason, now=now)


async def resubmit(
    session: AsyncSession, actor: Actor, *, registration_ids: Iterable[UUID], now: datetime
) -> list[Registration]:
    """Submit returned registrations again after their correction."""
    rows = await _rows(session, registration_ids)
    _check_institution(actor, Permission.ROSTER_IMPORT, rows)
    return await _move(session, actor, rows, lambda row: (_R.SUBMITTED,), action="resubmit", now=now)


async def confirm_consent(
    session: AsyncSession, actor: Actor, *, registration_ids: Iterable[UUID], now: datetime
) -> list[Registration]:
    """Record that the candidates take part of their own will (D14): the institution with a signed form, or the candidate."""
    rows = await _rows(session, registration_ids)
    own = all(
        actor.within(Permission.OWN_READ, registration_id=row.id, person_id=row.person_id) for row in rows
    )
    if not own:
        _check_institution(actor, Permission.ROSTER_IMPORT, rows)
    for row in rows:
        row.consent_at = row.consent_at or now
    await session.flush()
    await _record(session, actor, rows, "confirm_consent", {}, now)
    waiting = [row for row in rows if row.status == _R.ACCEPTED.value]
    if waiting:
        await _move(session, actor, waiting, lambda row: _acceptance(row)[1:], action="consent_confirmed", now=now)
    return await registrations(session, ids=[row.id for row in rows])


async def record_fee(
    session: AsyncSession, actor: Actor, *, registration_ids: Iterable[UUID], receipt: str = "", now: datetime
) -> list[Registration]:
    """Record that the fee is settled, by each registration's payer (D06, D07): paid by the institution, by oneself, waived."""
    rows = await _rows(session, registration_ids)
    _check_institution(actor, Permission.FEE_MANAGE, rows)
    return await _move(
        session, actor, rows, lambda row: (paid_status(Payer(row.payer)),), action="record_fee", now=now,
        receipt=receipt, data={"receipt": receipt},
    )  # fmt: skip


async def confirm(
    session: AsyncSession, actor: Actor, *, registration_ids: Iterable[UUID], now: datetime
) -> list[Registration]:
    """Confirm registrations whose fee is settled: from here on they are scheduled (信息确认, X03)."""
    rows = await _rows(session, registration_ids)
    await _check_officer(session, actor, rows)
    return await _move(session, actor, rows, lambda row: (_R.CONFIRMED,), action="confirm", now=now)


async def mark_seated(session: AsyncSession, actor: Actor, *, registration_ids: Iterable[UUID], now: datetime) -> None:
    """Note that a seat and a ticket number were given (called when a plan is published)."""
    rows = [row for row in await _rows(session, registration_ids) if row.status != _R.SEATED.value]
    if not actor.may(Permission.PLAN_MANAGE):
        raise Forbidden
    await _move(session, actor, rows, lambda row: (_R.SEATED,), action="mark_seated", now=now)


async def mark_outcome(session: AsyncSession, actor: Actor, *, registration_ids: Iterable[UUID], now: datetime) -> None:
    """Note that the outcome is published (called when outcomes are published)."""
    rows = [row for row in await _rows(session, registration_ids) if row.status != _R.OUTCOME.value]
    if not actor.may(Permission.OUTCOME_PUBLISH):
        raise Forbidden
    await _move(session, actor, rows, lambda row: (_R.OUTCOME,), action="mark_outcome", now=now)


# ---------------------------------------------------------------- one registration


async def waive_fee(
    session: AsyncSession, actor: Actor, *, registration_id: UUID, reason: str, proof: str, now: datetime
) -> Registration:
    """Exempt a poor student from the fee, with the reason and the number of its proof (D07)."""
    (row,) = await _rows(session, [registration_id])
    _check_institution(actor, Permission.FEE_MANAGE, [row])
    if not reason.strip() or not proof.strip():
        raise WaiverProofMissing
    if reason not in WAIVER_REASON_LABELS:
        raise WaiverReasonUnknown(reason=reason)
    if _R(row.status).confirmed or row.status in (_R.INSTITUTION_PAID, _R.SELF_PAID):
        raise FeeAlreadySettled
    row.payer, row.waiver_reason, row.waiver_proof, row.first_free = Payer.WAIVED.value, reason, proof, False
    await session.flush()
    await _record(session, actor, [row], "waive_fee", {"reason": reason}, now)
    if row.status == _R.CONSENT_CONFIRMED.value:
        await _move(session, actor, [row], lambda row: (_R.WAIVED,), action="fee_waived", now=now)
    return await registration(session, registration_id)


async def transfer(
    session: AsyncSession, actor: Actor, *, registration_id: UUID, prefecture_code: str, reason: str, now: datetime
) -> Registration:
    """Let a confirmed candidate sit in another prefecture, before tickets are made (3.4)."""
    if not reason.strip():
        raise ReasonMissing
    (row,) = await _rows(session, [registration_id])
    await _check_officer(session, actor, [row])
    await session.get_one(PrefectureRow, prefecture_code)
    before, row.prefecture_code = row.prefecture_code, prefecture_code
    await session.flush()
    return (
        await _move(
            session, actor, [row], lambda row: (_R.TRANSFERRED,), action="transfer", reason=reason, now=now,
            data={"from_prefecture": before, "to_prefecture": prefecture_code},
        )
    )[0]  # fmt: skip


async def grant_exemption(
    session: AsyncSession,
    actor: Actor,
    *,
    registration_id: UUID,
    component_id: UUID,
    reason: str,
    proof: str = "",
    now: datetime,
) -> Registration:
    """Exempt a graduate from one part (D12): a record of its own, never an attempt."""
    if not reason.strip():
        raise ReasonMissing
    (row,) = await _rows(session, [registration_id])
    await _check_officer(session, actor, [row], Permission.EXEMPTION_DECIDE)
    await _check_part(session, row, component_id)
    session.add(
        ExemptionRow(
            registration_id=row.id, component_id=component_id, reason=reason, proof=proof,
            decided_by=actor.account_id, decided_at=now,
        )
    )  # fmt: skip
    await session.flush()
    await _record(session, actor, [row], "grant_exemption", {"component_id": component_id, "reason": reason}, now)
    return await registration(session, registration_id)


async def retain_part(
    session: AsyncSession,
    actor: Actor,
    *,
    registration_id: UUID,
    component_id: UUID,
    value: Decimal,
    source_registration_id: UUID,
    now: datetime,
) -> Registration:
    """Keep the mark of a part passed in an earlier registration of the same person and scheme (成绩保留, 3.6)."""
    row, source = await _rows(session, [registration_id]), await _rows(session, [source_registration_id])
    own, earlier = row[0], source[0]
    await _check_officer(session, actor, [own], Permission.EXEMPTION_DECIDE)
    same = (own.person_id, own.scheme_id) == (earlier.person_id, earlier.scheme_id)
    if not same or own.id == earlier.id:
        raise RetainedSourceWrong
    scheme = await _check_part(session, own, component_id)
    full = scheme.component(component_id).full_marks
    if not 0 <= value <= full:
        raise RetainedMarkWrong(value=value, full=full)
    session.add(
        RetainedPartRow(
            registration_id=own.id, component_id=component_id, value=value, source_registration_id=earlier.id,
            decided_by=actor.account_id, decided_at=now,
        )
    )  # fmt: skip
    own.resit_of = own.resit_of or earlier.id
    await session.flush()
    data = {"component_id": component_id, "value": value, "source": earlier.id}
    await _record(session, actor, [own], "retain_part", data, now)
    return await registration(session, registration_id)


async def register_resit(
    session: AsyncSession,
    actor: Actor,
    *,
    source_registration_id: UUID,
    batch_id: UUID,
    consent: bool,
    payer: Payer = Payer.INSTITUTION,
    now: datetime,
) -> Registration:
    """Register someone again, in a later batch that offers the same scheme (补考); parts are retained one by one after it."""
    (source,) = await _rows(session, [source_registration_id])
    _check_institution(actor, Permission.ROSTER_IMPORT, [source])
    if source.batch_id == batch_id:
        raise ResitSameBatch
    if await session.get(BatchSchemeRow, (batch_id, source.scheme_id)) is None:
        raise ResitNotOffered
    person = await session.get_one(PersonRow, source.person_id)
    scheme = await catalogue.scheme(session, source.scheme_id)
    institution = await session.get(InstitutionRow, source.institution_id) if source.institution_id else None
    row = RegistrationRow(
        id=new_id(),
        batch_id=batch_id,
        person_id=source.person_id,
        institution_id=source.institution_id,
        roster_id=None,
        roster_serial="",
        channel=source.channel,
        scheme_id=source.scheme_id,
        certificate_id=source.certificate_id,
        level=source.level,
        prefecture_code=institution.prefecture_code if institution else source.prefecture_code,
        major=source.major,
        major_code=source.major_code,
        class_name=source.class_name,
        status=_R.SUBMITTED.value,
        payer=payer.value,
        fee_yuan=scheme.fee_yuan,
        first_free=False,
        fee_receipt="",
        waiver_reason=source.waiver_reason if payer is Payer.WAIVED else "",
        waiver_proof=source.waiver_proof if payer is Payer.WAIVED else "",
        consent_at=now if consent else None,
        photo_sha256=person.photo_sha256,
        resit_of=source.id,
        return_reason="",
        created_at=now,
    )
    session.add(row)
    await session.flush()
    await _record(session, actor, [row], "register_resit", {"source": source.id}, now)
    return await registration(session, row.id)


# ---------------------------------------------------------------- the parts of a move


async def _rows(session: AsyncSession, ids: Iterable[UUID]) -> list[RegistrationRow]:
    """The rows, locked; RegistrationNotFound when one of them is missing."""
    wanted = list(dict.fromkeys(ids))
    rows: list[RegistrationRow] = []
    for part in _parts(wanted):
        query = select(RegistrationRow).where(RegistrationRow.id.in_(part)).order_by(RegistrationRow.id)
        rows += await session.scalars(query.with_for_update().execution_options(populate_existing=True))
    if len(rows) != len(wanted):
        raise RegistrationNotFound
    return rows


def _parts(ids: Sequence[UUID]) -> Iterable[Sequence[UUID]]:
    return (ids[start : start + _ONE_STATEMENT] for start in range(0, len(ids), _ONE_STATEMENT))


def _check_institution(actor: Actor, permission: Permission, rows: Iterable[RegistrationRow]) -> None:
    for institution_id in {row.institution_id for row in rows}:
        actor.require(permission, institution_id=institution_id)


async def _check_officer(
    session: AsyncSession,
    actor: Actor,
    rows: Sequence[RegistrationRow],
    permission: Permission = Permission.REGISTRATION_ACCEPT,
) -> None:
    """The officer's organisation owns the certificate of every row."""
    query = select(BatchRow.id, BatchRow.province_code).where(BatchRow.id.in_({row.batch_id for row in rows}))
    provinces = {row[0]: row[1] for row in await session.execute(query)}
    schemes = await catalogue.schemes(session, {row.scheme_id for row in rows})
    owners = {scheme.id: scheme.organisation_id for scheme in schemes}
    for scheme_id, batch_id in {(row.scheme_id, row.batch_id) for row in rows}:
        actor.require(permission, organisation_id=owners[scheme_id], province_code=provinces[batch_id])


async def _decide(
    session: AsyncSession,
    actor: Actor,
    ids: Iterable[UUID],
    to: RegistrationStatus,
    reason: str,
    action: str,
    now: datetime,
) -> list[Registration]:
    if not reason.strip():
        raise ReasonMissing
    rows = await _rows(session, ids)
    await _check_officer(session, actor, rows)
    return await _move(session, actor, rows, lambda row: (to,), action=action, reason=reason, now=now)


def _acceptance(row: RegistrationRow) -> tuple[RegistrationStatus, ...]:
    return acceptance(consent=row.consent_at is not None, payer=Payer(row.payer))


async def _move(
    session: AsyncSession,
    actor: Actor,
    rows: Sequence[RegistrationRow],
    steps: Callable[[RegistrationRow], tuple[RegistrationStatus, ...]],
    *,
    action: str,
    now: datetime,
    reason: str = "",
    receipt: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> list[Registration]:
    """Walk every row along its steps, each checked by the table; one refused row stops all."""
    moved: Counter[str] = Counter()
    for row in rows:
        for step in steps(row):
            check_registration_move(_R(row.status), step)
            row.status = step.value
        row.return_reason = reason
        row.fee_receipt = row.fee_receipt if receipt is None else receipt
        moved[row.status] += 1
    await session.flush()
    await _record(session, actor, rows, action, {**(data or {}), "to": dict(moved), "reason": reason}, now)
    return await registrations(session, ids=[row.id for row in rows])


async def _record(
    session: AsyncSession,
    actor: Actor,
    rows: Sequence[RegistrationRow],
    action: str,
    data: Mapping[str, Any],
    now: datetime,
) -> None:
    """One audit record per batch that the rows belong to."""
    by_batch: dict[UUID, list[UUID]] = {}
    for row in rows:
        by_batch.setdefault(row.batch_id, []).append(row.id)
    for batch_id, ids in by_batch.items():
        await audit.record(
            session, actor, f"registration.{action}", subject="registration", ids=ids, stream=f"batch:{batch_id}",
            data=data, now=now,
        )  # fmt: skip


async def _check_part(session: AsyncSession, row: RegistrationRow, component_id: UUID) -> Scheme:
    """The component belongs to the scheme, may still be excused, and at least one other part stays to be sat."""
    if _R(row.status) in (_R.SEATED, _R.OUTCOME) or not _R(row.status).live:
        raise TooLateToChange(status=row.status)
    scheme = await catalogue.scheme(session, row.scheme_id)
    if component_id not in {component.id for component in scheme.components}:
        raise ComponentNotOfScheme
    present = await registration(session, row.id)
    excused = {*present.exempt, *present.retained, component_id}
    if len(excused) >= len(scheme.components):
        raise NothingLeft
    return scheme
