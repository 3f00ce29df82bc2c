"""便利措施 (H16): asked for by the institution or the candidate, decided by the exam officer, withdrawn with a reason.

Why it is asked for is sealed before it is written; the audit names what was done, never why.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel.crypto import Vault
from exam.kernel.ids import new_id
from exam.registration.actions.moving import ReasonMissing, check_institution, check_officer, record, rows_of
from exam.registration.models import AccommodationRow, RegistrationRow
from exam.registration.queries.accommodations import AccommodationNotFound, accommodation_record, text_context
from exam.registration.queries.batches import batch
from exam.registration.rules.accommodations import (
    ACCOMMODATION_STATUS_LABELS,
    CURRENT,
    OPEN,
    REPAIRABLE,
    Accommodation,
    AccommodationOpen,
    AccommodationStatus,
    Measures,
    TooLateForAccommodation,
    check_accommodation_move,
    check_measures,
)
from exam.registration.rules.status import REGISTRATION_STATUS_LABELS, RegistrationStatus

_R = RegistrationStatus
_S = AccommodationStatus
_PLACED = frozenset({_R.SEATED, _R.OUTCOME})


async def ask_accommodation(
    session: AsyncSession,
    actor: Actor,
    vault: Vault,
    *,
    registration_id: UUID,
    measures: Measures,
    reason: str,
    evidence: str,
    now: datetime,
) -> Accommodation:
    """Ask for measures: the institution for its candidate, or the candidate."""
    (row,) = await rows_of(session, [registration_id])
    if not _own(actor, row):
        check_institution(actor, Permission.ROSTER_IMPORT, [row])
    check_measures(measures, reason=reason, evidence=evidence)
    await _require_in_time(session, row)
    query = select(AccommodationRow.status).where(
        AccommodationRow.registration_id == row.id, AccommodationRow.status.in_([one.value for one in OPEN])
    )
    standing = (await session.scalars(query)).first()
    if standing is not None:
        raise AccommodationOpen(status=ACCOMMODATION_STATUS_LABELS[_S(standing)])
    id = new_id()
    made = AccommodationRow(
        id=id,
        registration_id=row.id,
        version=CURRENT.version,
        extra_percent=measures.extra_percent,
        own_room=measures.own_room,
        ground_floor=measures.ground_floor,
        status=_S.ASKED.value,
        reason_sealed=vault.seal(reason.strip(), text_context(id, "reason")),
        evidence_sealed=vault.seal(evidence.strip(), text_context(id, "evidence")),
        asked_by=actor.account_id,
        asked_name=actor.name,
        asked_at=now,
        decision_sealed="",
        decided_by=None,
        decided_name="",
        decided_at=None,
        withdrawal_sealed="",
        withdrawn_by=None,
        withdrawn_name="",
        withdrawn_at=None,
    )
    session.add(made)
    await session.flush()
    await _note(session, actor, row, made, "ask_accommodation", now)
    return accommodation_record(made, None)


async def decide_accommodation(
    session: AsyncSession,
    actor: Actor,
    vault: Vault,
    *,
    accommodation_id: UUID,
    grant: bool,
    reason: str,
    measures: Measures | None = None,
    now: datetime,
) -> Accommodation:
    """Grant a request, perhaps with other measures than were asked for, or refuse it; both with the officer's reason."""
    made, row = await _lock(session, accommodation_id)
    await check_officer(session, actor, [row], Permission.EXEMPTION_DECIDE)
    check_accommodation_move(_S(made.status), _S.GRANTED if grant else _S.REFUSED)
    if not reason.strip():
        raise ReasonMissing
    if grant:
        await _require_in_time(session, row)
        chosen = measures or Measures(made.extra_percent, made.own_room, made.ground_floor)
        check_measures(chosen, reason=reason, evidence=reason)
        made.extra_percent, made.own_room, made.ground_floor = (
            chosen.extra_percent,
            chosen.own_room,
            chosen.ground_floor,
        )
    made.status = (_S.GRANTED if grant else _S.REFUSED).value
    made.decision_sealed = vault.seal(reason.strip(), text_context(made.id, "decision"))
    made.decided_by, made.decided_name, made.decided_at = actor.account_id, actor.name, now
    await session.flush()
    await _note(session, actor, row, made, "grant_accommodation" if grant else "refuse_accommodation", now)
    return accommodation_record(made, None)


async def withdraw_accommodation(
    session: AsyncSession, actor: Actor, vault: Vault, *, accommodation_id: UUID, reason: str, now: datetime
) -> Accommodation:
    """Withdraw a request or what was granted: who may ask for it, or the officer; not once the seats are published."""
    made, row = await _lock(session, accommodation_id)
    if not _own(actor, row) and not actor.within(Permission.ROSTER_IMPORT, institution_id=row.institution_id):
        await check_officer(session, actor, [row], Permission.EXEMPTION_DECIDE)
    check_accommodation_move(_S(made.status), _S.WITHDRAWN)
    if not reason.strip():
        raise ReasonMissing
    if made.status == _S.GRANTED.value and _R(row.status) in _PLACED:
        raise TooLateForAccommodation(status=REGISTRATION_STATUS_LABELS[_R(row.status)])
    made.status = _S.WITHDRAWN.value
    made.withdrawal_sealed = vault.seal(reason.strip(), text_context(made.id, "withdrawal"))
    made.withdrawn_by, made.withdrawn_name, made.withdrawn_at = actor.account_id, actor.name, now
    await session.flush()
    await _note(session, actor, row, made, "withdraw_accommodation", now)
    return accommodation_record(made, None)


def _own(actor: Actor, row: RegistrationRow) -> bool:
    return actor.within(Permission.OWN_READ, registration_id=row.id, person_id=row.person_id)


async def _require_in_time(session: AsyncSession, row: RegistrationRow) -> None:
    """Before the places are published; afterwards until the first day, for a repair that places the candidate anew."""
    status = _R(row.status)
    into = await batch(session, row.batch_id)
    if not status.live or (status in _PLACED and into.status not in REPAIRABLE):
        raise TooLateForAccommodation(status=REGISTRATION_STATUS_LABELS[status])


async def _lock(session: AsyncSession, id: UUID) -> tuple[AccommodationRow, RegistrationRow]:
    """The request and its registration; the registration is held first, as everywhere."""
    found = await session.get(AccommodationRow, id)
    if found is None:
        raise AccommodationNotFound
    (row,) = await rows_of(session, [found.registration_id])
    await session.refresh(found, with_for_update=True)
    return found, row


async def _note(
    session: AsyncSession, actor: Actor, row: RegistrationRow, made: AccommodationRow, action: str, now: datetime
) -> None:
    measures = Measures(made.extra_percent, made.own_room, made.ground_floor)
    await record(session, actor, [row], action, {"accommodation": made.id, "measures": measures.key}, now)
