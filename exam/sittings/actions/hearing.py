"""An incident between record and final decision (3.12): read, signed or refused, items, service, what the candidate says, objections."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import Forbidden, NotFound
from exam.kernel.ids import new_id
from exam.sittings import queries
from exam.sittings.actions.attendance import ReasonMissing
from exam.sittings.actions.authority import WORK, lock_room, require_duty, require_officer, second_person
from exam.sittings.actions.incidents import lock_incident, record, step
from exam.sittings.models import (
    IncidentItemRow,
    IncidentReturnRow,
    IncidentRow,
    IncidentRulingRow,
    IncidentStatementRow,
    RoomSessionRow,
)
from exam.sittings.queries import Incident
from exam.sittings.rules import Effect, IncidentStatus, RoomSession, clock_text
from exam.sittings.rules.incidents import (
    INCIDENT_LABELS,
    IncidentStatusRefused,
    ItemGone,
    ItemUnnamed,
    NothingSaid,
    NotRead,
    ObjectionTooLate,
    Ruling,
    SameDecider,
    Service,
    require_incident_change,
    require_witnesses,
)

_OPEN = (IncidentStatus.RECORDED, IncidentStatus.CONFIRMED)


async def read_incident(session: AsyncSession, actor: Actor, *, incident_id: UUID, now: datetime) -> Incident:
    """The text was read to the candidate, word for word. Reading it again changes nothing."""
    row, _ = await _in_the_room(session, actor, incident_id, now)
    if row.read_at is None:
        row.read_at, row.read_name = now, actor.name
        await session.flush()
        await record(session, actor, "read_incident", row, {}, now)
    return queries.incident_record(row)


async def sign_incident(
    session: AsyncSession,
    actor: Actor,
    *,
    incident_id: UUID,
    signed: bool,
    second_account_id: UUID | None = None,
    now: datetime,
) -> Incident:
    """The candidate signed; or refused, which the actor and a second member of staff sign for.

    The caller has proved the second one's password (``accounts.actions.prove``).
    """
    row, room = await _in_the_room(session, actor, incident_id, now)
    if row.read_at is None:
        raise NotRead
    if row.signed is not None:
        raise IncidentStatusRefused(
            present=INCIDENT_LABELS[IncidentStatus(row.status)], wanted=INCIDENT_LABELS[IncidentStatus.RECORDED]
        )
    names: tuple[str, ...] = ()
    if not signed:
        second = (
            await second_person(session, actor.account_id, room, second_account_id, now) if second_account_id else None
        )
        names = (actor.name, second.name if second else "")
        require_witnesses(names)
    row.signed, row.signed_at, row.witnesses = signed, now, list(names)
    await session.flush()
    await record(session, actor, "sign_incident", row, {"signed": signed, "two_persons": not signed}, now)
    return queries.incident_record(row)


async def keep_item(session: AsyncSession, actor: Actor, *, incident_id: UUID, item: str, now: datetime) -> None:
    """Keep something as evidence; the receipt names it."""
    if not item.strip():
        raise ItemUnnamed
    row, _ = await _in_the_room(session, actor, incident_id, now)
    session.add(IncidentItemRow(id=new_id(), incident_id=row.id, item=item.strip(), kept_name=actor.name, kept_at=now))
    await session.flush()
    await record(session, actor, "keep_item", row, {"item": item.strip()}, now)


async def return_item(
    session: AsyncSession, actor: Actor, *, incident_id: UUID, item_id: UUID, to_name: str, now: datetime
) -> None:
    """Give a kept item back, against the receipt; the site head or an officer."""
    if not to_name.strip():
        raise ReasonMissing
    row = await lock_incident(session, incident_id)
    await _require_handler(session, actor, row)
    found = next((one for one in await queries.items(session, incident_id) if one.id == item_id), None)
    if found is None:
        raise NotFound
    if found.returned_at:
        raise ItemGone(item=found.item, at=clock_text(found.returned_at))
    session.add(IncidentReturnRow(item_id=item_id, to_name=to_name.strip(), by_name=actor.name, at=now))
    await session.flush()
    await record(session, actor, "return_item", row, {"item": found.item}, now)


async def serve_decision(
    session: AsyncSession,
    actor: Actor,
    *,
    incident_id: UUID,
    how: Service,
    served_at: datetime | None = None,
    objection_until: datetime | None = None,
    now: datetime,
) -> Incident:
    """Note when and how the decision reached the candidate; the time to object runs from there."""
    row = await lock_incident(session, incident_id)
    await require_officer(session, actor, Permission.INCIDENT_DECIDE, row.batch_id)
    _require_status(row, IncidentStatus.DECIDED)
    row.served_at, row.served_how, row.served_name = min(served_at or now, now), how, actor.name
    if objection_until is not None:
        row.objection_until = objection_until
    await session.flush()
    await record(session, actor, "serve_decision", row, {"how": how}, now)
    return queries.incident_record(row)


async def say(session: AsyncSession, actor: Actor, *, incident_id: UUID, words: str, now: datetime) -> Incident:
    """What the candidate says: in defence until the decision, after it as an objection, which then has to be decided.

    The candidate says it on the own page, or an officer writes a letter down.
    """
    if not words.strip():
        raise NothingSaid
    row = await lock_incident(session, incident_id)
    if not actor.within(Permission.EXAM_SIT, registration_id=row.registration_id):
        await require_officer(session, actor, Permission.INCIDENT_DECIDE, row.batch_id)
    status = IncidentStatus(row.status)
    objecting = status is IncidentStatus.DECIDED
    if objecting and row.objection_until and now >= row.objection_until:
        raise ObjectionTooLate(until=clock_text(row.objection_until))
    if not objecting and status not in _OPEN:
        require_incident_change(status, IncidentStatus.OBJECTED)
    session.add(
        IncidentStatementRow(
            id=new_id(), incident_id=row.id, kind="objection" if objecting else "defence", words=words.strip(), at=now,
            by_account_id=actor.account_id, by_name=actor.name,
        )
    )  # fmt: skip
    if objecting:
        return await step(session, actor, "object_incident", row, IncidentStatus.OBJECTED, {}, {}, now)
    await session.flush()
    await record(session, actor, "state_incident", row, {}, now)
    return queries.incident_record(row)


async def rule_objection(
    session: AsyncSession,
    actor: Actor,
    *,
    incident_id: UUID,
    ruling: Ruling,
    reason: str,
    effect: Effect | None = None,
    now: datetime,
) -> Incident:
    """Decide an objection, with its reason, by somebody else than who decided first.

    Upheld or changed, the decision stands decided again and no further objection is waited for; lifted, it is dismissed.
    """
    if not reason.strip() or (ruling is Ruling.CHANGED and effect is None):
        raise ReasonMissing
    row = await lock_incident(session, incident_id)
    await require_officer(session, actor, Permission.INCIDENT_DECIDE, row.batch_id)
    _require_status(row, IncidentStatus.OBJECTED)
    if actor.account_id in (row.decided_by, row.reported_by):
        raise SameDecider
    session.add(
        IncidentRulingRow(
            id=new_id(), incident_id=row.id, ruling=ruling, reason=reason.strip(), first_account_id=row.decided_by,
            first_effect=row.effect, first_decision=row.decision, by_account_id=actor.account_id, by_name=actor.name, at=now,
        )
    )  # fmt: skip
    data = {"ruling": ruling, "effect": effect}
    if ruling is Ruling.LIFTED:
        return await step(session, actor, "rule_objection", row, IncidentStatus.DISMISSED, {}, data, now)
    values: dict[str, object] = {"objection_until": now, "served_at": row.served_at or now,
                                 "served_how": row.served_how or Service.PAGE}  # fmt: skip
    if ruling is Ruling.CHANGED:
        values["effect"] = effect
    return await step(session, actor, "rule_objection", row, IncidentStatus.DECIDED, values, data, now)


def _require_status(row: IncidentRow, wanted: IncidentStatus) -> None:
    if row.status != wanted:
        raise IncidentStatusRefused(present=INCIDENT_LABELS[IncidentStatus(row.status)], wanted=INCIDENT_LABELS[wanted])


async def _in_the_room(
    session: AsyncSession, actor: Actor, incident_id: UUID, now: datetime
) -> tuple[IncidentRow, RoomSession]:
    """The incident while it is on the spot: recorded, by who works in its room now."""
    row = await lock_incident(session, incident_id)
    room = await lock_room(session, row.room_session_id, alone=False)
    await require_duty(session, actor, room, now, WORK)
    _require_status(row, IncidentStatus.RECORDED)
    return row, room


async def _require_handler(session: AsyncSession, actor: Actor, row: IncidentRow) -> None:
    room = await session.get_one(RoomSessionRow, row.room_session_id)
    if actor.within(Permission.SITE_RUN, site_id=room.site_id):
        return
    if not actor.may(Permission.INCIDENT_DECIDE):
        raise Forbidden
    await require_officer(session, actor, Permission.INCIDENT_DECIDE, row.batch_id)
