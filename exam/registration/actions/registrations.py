"""Registrations on their way through domain 3.4: checked, consented, paid or waived, confirmed, moved, ended."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel.crypto import Vault
from exam.kernel.errors import N_, Conflict, Forbidden, Invalid
from exam.registration.actions.entry import bind_claims
from exam.registration.actions.moving import ReasonMissing, check_institution, check_officer, record, rows_of, walk
from exam.registration.models import PrefectureRow, RegistrationRow
from exam.registration.queries.registrations import registration, registrations
from exam.registration.rules.progress import NotReady, acceptance, paid_status
from exam.registration.rules.records import Payer, Registration
from exam.registration.rules.status import RegistrationStatus
from exam.registration.rules.template import WAIVER_REASON_LABELS

_R = RegistrationStatus


class WaiverProofMissing(Invalid):
    message = N_("减免需要原因和证明编号。")
    way_out = N_("请选择减免原因，并填写证明材料的编号。")


class WaiverReasonUnknown(Invalid):
    message = N_("减免原因“%(reason)s”不在列表中。")
    way_out = N_("请从列表中选择。")


class FeeAlreadySettled(Conflict):
    message = N_("这条报名的费用已经登记，不能再改缴费方式。")
    way_out = N_("请联系考务管理员退回报名后再改。")


# ---------------------------------------------------------------- moves of many


async def accept(
    session: AsyncSession,
    actor: Actor,
    *,
    registration_ids: Iterable[UUID],
    vault: Vault | None = None,
    now: datetime,
) -> list[Registration]:
    """Accept checked registrations: each needs its photo; consent and a waiver on record carry it further at once.

    Whoever registered in person becomes the holder of their ID number here; with ``vault`` a known person's phone is renewed.
    """
    rows = await rows_of(session, registration_ids)
    await check_officer(session, actor, rows)
    without = sum(row.photo_sha256 is None for row in rows)
    if without:
        raise NotReady(count=without, what=N_("照片"))
    await bind_claims(session, actor, vault, rows, now)
    return await walk(session, actor, rows, _acceptance, action="accept", now=now)


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
    rows = await rows_of(session, registration_ids)
    await check_officer(session, actor, rows, Permission.INCIDENT_DECIDE)
    return await walk(session, actor, rows, lambda row: (_R.BARRED,), action="bar", reason=reason, now=now)


async def withdraw(
    session: AsyncSession, actor: Actor, *, registration_ids: Iterable[UUID], reason: str = "", now: datetime
) -> list[Registration]:
    """Withdraw registrations: the institution, at the candidate's wish; the place in the quota becomes free."""
    rows = await rows_of(session, registration_ids)
    check_institution(actor, Permission.ROSTER_IMPORT, rows)
    return await walk(session, actor, rows, lambda row: (_R.WITHDRAWN,), action="withdraw", reason=reason, now=now)


async def resubmit(
    session: AsyncSession, actor: Actor, *, registration_ids: Iterable[UUID], now: datetime
) -> list[Registration]:
    """Submit returned registrations again after their correction."""
    rows = await rows_of(session, registration_ids)
    check_institution(actor, Permission.ROSTER_IMPORT, rows)
    return await walk(session, actor, rows, lambda row: (_R.SUBMITTED,), action="resubmit", now=now)


async def confirm_consent(
    session: AsyncSession, actor: Actor, *, registration_ids: Iterable[UUID], now: datetime
) -> list[Registration]:
    """Record that the candidates take part of their own will (D14): the institution with a signed form, or the candidate."""
    rows = await rows_of(session, registration_ids)
    own = all(actor.within(Permission.OWN_READ, registration_id=row.id, person_id=row.person_id) for row in rows)
    if not own:
        check_institution(actor, Permission.ROSTER_IMPORT, rows)
    for row in rows:
        row.consent_at = row.consent_at or now
    await session.flush()
    await record(session, actor, rows, "confirm_consent", {}, now)
    waiting = [row for row in rows if row.status == _R.ACCEPTED.value]
    if waiting:
        await walk(session, actor, waiting, lambda row: _acceptance(row)[1:], action="consent_confirmed", now=now)
    return await registrations(session, ids=[row.id for row in rows])


async def record_fee(
    session: AsyncSession, actor: Actor, *, registration_ids: Iterable[UUID], receipt: str = "", now: datetime
) -> list[Registration]:
    """Record that the fee is settled, by each registration's payer (D06, D07): paid by the institution, by oneself, waived."""
    rows = await rows_of(session, registration_ids)
    check_institution(actor, Permission.FEE_MANAGE, [row for row in rows if row.institution_id is not None])
    in_person = [row for row in rows if row.institution_id is None]  # members of society pay the organisation
    await check_officer(session, actor, in_person)
    return await walk(
        session, actor, rows, lambda row: (paid_status(Payer(row.payer)),), action="record_fee", now=now,
        receipt=receipt, data={"receipt": receipt},
    )  # fmt: skip


async def confirm(
    session: AsyncSession, actor: Actor, *, registration_ids: Iterable[UUID], now: datetime
) -> list[Registration]:
    """Confirm registrations whose fee is settled: from here on they are scheduled (信息确认, X03)."""
    rows = await rows_of(session, registration_ids)
    await check_officer(session, actor, rows)
    return await walk(session, actor, rows, lambda row: (_R.CONFIRMED,), action="confirm", now=now)


async def mark_seated(session: AsyncSession, actor: Actor, *, registration_ids: Iterable[UUID], now: datetime) -> None:
    """Note that a seat and a ticket number were given (called when a plan is published)."""
    rows = [row for row in await rows_of(session, registration_ids) if row.status != _R.SEATED.value]
    if not actor.may(Permission.PLAN_MANAGE):
        raise Forbidden
    await walk(session, actor, rows, lambda row: (_R.SEATED,), action="mark_seated", now=now)


async def mark_outcome(session: AsyncSession, actor: Actor, *, registration_ids: Iterable[UUID], now: datetime) -> None:
    """Note that the outcome is published (called when outcomes are published)."""
    rows = [row for row in await rows_of(session, registration_ids) if row.status != _R.OUTCOME.value]
    if not actor.may(Permission.OUTCOME_PUBLISH):
        raise Forbidden
    await walk(session, actor, rows, lambda row: (_R.OUTCOME,), action="mark_outcome", now=now)


# ---------------------------------------------------------------- one registration


async def waive_fee(
    session: AsyncSession, actor: Actor, *, registration_id: UUID, reason: str, proof: str, now: datetime
) -> Registration:
    """Exempt a poor student from the fee, with the reason and the number of its proof (D07)."""
    (row,) = await rows_of(session, [registration_id])
    check_institution(actor, Permission.FEE_MANAGE, [row])
    if not reason.strip() or not proof.strip():
        raise WaiverProofMissing
    if reason not in WAIVER_REASON_LABELS:
        raise WaiverReasonUnknown(reason=reason)
    if _R(row.status).confirmed or row.status in (_R.INSTITUTION_PAID, _R.SELF_PAID):
        raise FeeAlreadySettled
    row.payer, row.waiver_reason, row.waiver_proof, row.first_free = Payer.WAIVED.value, reason, proof, False
    await session.flush()
    await record(session, actor, [row], "waive_fee", {"reason": reason}, now)
    if row.status == _R.CONSENT_CONFIRMED.value:
        await walk(session, actor, [row], lambda row: (_R.WAIVED,), action="fee_waived", now=now)
    return await registration(session, registration_id)


async def transfer(
    session: AsyncSession, actor: Actor, *, registration_id: UUID, prefecture_code: str, reason: str, now: datetime
) -> Registration:
    """Let a confirmed candidate sit in another prefecture, before tickets are made (3.4)."""
    if not reason.strip():
        raise ReasonMissing
    (row,) = await rows_of(session, [registration_id])
    await check_officer(session, actor, [row])
    await session.get_one(PrefectureRow, prefecture_code)
    before, row.prefecture_code = row.prefecture_code, prefecture_code
    await session.flush()
    return (
        await walk(
            session, actor, [row], lambda row: (_R.TRANSFERRED,), action="transfer", reason=reason, now=now,
            data={"from_prefecture": before, "to_prefecture": prefecture_code},
        )
    )[0]  # fmt: skip


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
    rows = await rows_of(session, ids)
    await check_officer(session, actor, rows)
    return await walk(session, actor, rows, lambda row: (to,), action=action, reason=reason, now=now)


def _acceptance(row: RegistrationRow) -> tuple[RegistrationStatus, ...]:
    return acceptance(consent=row.consent_at is not None, payer=Payer(row.payer))
