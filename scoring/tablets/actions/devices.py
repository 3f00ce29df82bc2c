"""Changes of devices: registered, given out, signed in on, revoked."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import N_, Invalid, Problem
from exam.kernel.ids import new_id
from exam.sittings import queries as sittings
from scoring.marking.actions import drop_hold, hold_rooms
from scoring.tablets import queries
from scoring.tablets.actions.found import record, require_active, tablet_row
from scoring.tablets.actions.keys import public_key_of
from scoring.tablets.models import TabletHandoutRow, TabletPassRow, TabletRow
from scoring.tablets.rules.devices import KeyUnusable, LabelTaken, NeverHeard


async def register(
    session: AsyncSession, actor: Actor, *, site_id: UUID, label: str, public_key: bytes, now: datetime
) -> UUID:
    """Register a tablet of a site by its public key (SubjectPublicKeyInfo, P-256)."""
    actor.require(Permission.SITE_RUN, site_id=site_id)
    if not label.strip():
        raise Invalid(problems=[Problem(field="label", code="missing", message=N_("请填写平板的标签，例如 T07。"))])
    return await add_tablet(
        session, actor, site_id=site_id, label=label.strip()[:40], public_key=public_key, by=actor.name, now=now
    )


async def add_tablet(
    session: AsyncSession, actor: Actor, *, site_id: UUID, label: str, public_key: bytes, by: str, now: datetime
) -> UUID:
    """Add a tablet, by whoever was found to be allowed to; raises KeyUnusable, LabelTaken."""
    public_key_of(public_key)
    row = TabletRow(
        id=new_id(), site_id=site_id, label=label, public_key=public_key,
        key_sha256=hashlib.sha256(public_key).hexdigest(), registered_by=by, registered_at=now, revoked_at=None,
        revoked_by="", revocation_reason="", seen_at=None, last_number=0,
    )  # fmt: skip
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise KeyUnusable if "key_sha256" in str(error.orig) else LabelTaken(label=label) from error
    await record(session, actor, "tablets.register", row, now, label=row.label)
    return row.id


async def require_label(session: AsyncSession, site_id: UUID, label: str) -> None:
    """Refuse a label that a tablet in use has at this site."""
    taken = select(TabletRow.id).where(
        TabletRow.site_id == site_id, TabletRow.label == label, TabletRow.revoked_at.is_(None)
    )
    if await session.scalar(taken) is not None:
        raise LabelTaken(label=label)


async def give_out(
    session: AsyncSession, actor: Actor, *, tablet_id: UUID, room_session_id: UUID, now: datetime
) -> None:
    """Give a tablet out for a session: from now on its ledger waits for it. Giving it out twice is once."""
    row = await tablet_row(session, tablet_id)
    actor.require(Permission.SITE_RUN, site_id=row.site_id)
    room = await sittings.room_session(session, room_session_id)
    actor.require(Permission.SITE_RUN, site_id=room.site_id)
    require_active(row)
    given = insert(TabletHandoutRow).values(
        tablet_id=tablet_id, room_session_id=room_session_id, given_by=actor.name, given_at=now, returned_at=None,
        returned_by="", unused_reason="",
    )  # fmt: skip
    again = {"returned_at": None, "returned_by": "", "unused_reason": "", "given_by": actor.name, "given_at": now}
    statement = given.on_conflict_do_update(
        index_elements=[TabletHandoutRow.tablet_id, TabletHandoutRow.room_session_id],
        set_=again,
        where=TabletHandoutRow.returned_at.is_not(None),
    )
    await hold_rooms(session, {room_session_id}, now)
    if not await session.scalar(statement.returning(TabletHandoutRow.tablet_id)):
        return  # it is out already
    await record(session, actor, "tablets.give_out", row, now, room_session_id=str(room_session_id))


async def take_back(
    session: AsyncSession,
    actor: Actor,
    *,
    tablet_id: UUID,
    room_session_id: UUID,
    unused_reason: str = "",
    now: datetime,
) -> None:
    """A tablet comes back from a session: its next pack is without it. The ledger goes on waiting for what it wrote; one that was
    never heard of since it was given out comes back only with the reason why it was not used, and is waited for no more."""
    row = await tablet_row(session, tablet_id, lock=True)
    actor.require(Permission.SITE_RUN, site_id=row.site_id)
    handout = await session.get(TabletHandoutRow, (tablet_id, room_session_id), with_for_update=True)
    if handout is None or handout.returned_at is not None:
        return
    heard = row.seen_at is not None and row.seen_at >= handout.given_at
    if not heard and not unused_reason.strip():
        raise NeverHeard(label=row.label)
    handout.returned_at, handout.returned_by = now, actor.name
    handout.unused_reason = "" if heard else unused_reason.strip()
    await session.flush()
    if not await queries.room_tablets(session, room_session_id):
        await drop_hold(session, room_session_id)  # no tablet of it can say anything
    await record(
        session,
        actor,
        "tablets.take_back",
        row,
        now,
        room_session_id=str(room_session_id),
        unused=handout.unused_reason,
    )


async def sign_in(session: AsyncSession, actor: Actor, *, tablet_id: UUID, now: datetime) -> None:
    """An assessor signs in on a tablet: what it says in their name counts from the first time on."""
    actor.require(Permission.SHEET_SCORE)
    row = await tablet_row(session, tablet_id)
    require_active(row)
    assert actor.account_id is not None
    passed = insert(TabletPassRow).values(tablet_id=tablet_id, account_id=actor.account_id, issued_at=now)
    await session.execute(passed.on_conflict_do_nothing())
    await record(session, actor, "tablets.sign_in", row, now)


async def revoke(session: AsyncSession, actor: Actor, *, tablet_id: UUID, reason: str, now: datetime) -> None:
    """Revoke a tablet's key: nothing more is taken from it. Revoking it again changes nothing."""
    row = await tablet_row(session, tablet_id, lock=True)
    actor.require(Permission.SITE_RUN, site_id=row.site_id)
    if not reason.strip():
        raise Invalid(problems=[Problem(field="reason", code="missing", message=N_("请写明停用的理由。"))])
    if row.revoked_at is not None:
        return
    row.revoked_at, row.revoked_by, row.revocation_reason = now, actor.name, reason.strip()
    await session.flush()
    await record(session, actor, "tablets.revoke", row, now, reason=row.revocation_reason)
