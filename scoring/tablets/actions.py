"""Changes of the tablets: registered, given out, signed in on, revoked; and the events they send, taken once and for ever.

:func:`take` is the one door for events. It may be called with the same events in any order, how often and in how many messages
one likes. What it answers is true only once its transaction is committed, so the edge answers after that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel import audit
from exam.kernel.clock import CHINA
from exam.kernel.errors import N_, Invalid, Problem
from exam.kernel.ids import new_id
from exam.sittings import queries as sittings
from exam.sittings.rules import RoomSession
from scoring.marking.queries import ASSESSING
from scoring.tablets import queries
from scoring.tablets.models import TabletEventRow, TabletHandoutRow, TabletOddityRow, TabletPassRow, TabletRow
from scoring.tablets.rules.devices import (
    KeyUnusable,
    LabelTaken,
    Message,
    Oddness,
    Receipt,
    SignatureWrong,
    TabletRevoked,
    TabletUnknown,
    confirmed_up_to,
    read_event,
)
from scoring.tablets.rules.events import Event, canonical, gaps

_RAW = 64  # bytes of r and s


async def register(
    session: AsyncSession, actor: Actor, *, site_id: UUID, label: str, public_key: bytes, now: datetime
) -> UUID:
    """Register a tablet of a site by its public key (SubjectPublicKeyInfo, P-256)."""
    actor.require(Permission.SITE_RUN, site_id=site_id)
    if not label.strip():
        raise Invalid(problems=[Problem(field="label", code="missing", message=N_("请填写平板的标签，例如 T07。"))])
    _public(public_key)
    row = TabletRow(
        id=new_id(), site_id=site_id, label=label.strip()[:40], public_key=public_key,
        key_sha256=hashlib.sha256(public_key).hexdigest(), registered_by=actor.name, registered_at=now, revoked_at=None,
        revoked_by="", revocation_reason="", seen_at=None, last_number=0,
    )  # fmt: skip
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise KeyUnusable if "key_sha256" in str(error.orig) else LabelTaken(label=label.strip()) from error
    await _record(session, actor, "tablets.register", row, now, label=row.label)
    return row.id


async def give_out(
    session: AsyncSession, actor: Actor, *, tablet_id: UUID, room_session_id: UUID, now: datetime
) -> None:
    """Give a tablet out for a session: from now on its ledger waits for it. Giving it out twice is once."""
    row = await _tablet(session, tablet_id)
    actor.require(Permission.SITE_RUN, site_id=row.site_id)
    room = await sittings.room_session(session, room_session_id)
    actor.require(Permission.SITE_RUN, site_id=room.site_id)
    _require_active(row)
    given = insert(TabletHandoutRow).values(
        tablet_id=tablet_id, room_session_id=room_session_id, given_by=actor.name, given_at=now
    )
    await session.execute(given.on_conflict_do_nothing())
    await _record(session, actor, "tablets.give_out", row, now, room_session_id=str(room_session_id))


async def sign_in(session: AsyncSession, actor: Actor, *, tablet_id: UUID, now: datetime) -> None:
    """An assessor signs in on a tablet: what it says in their name counts from the first time on."""
    actor.require(Permission.SHEET_SCORE)
    row = await _tablet(session, tablet_id)
    _require_active(row)
    assert actor.account_id is not None
    passed = insert(TabletPassRow).values(tablet_id=tablet_id, account_id=actor.account_id, issued_at=now)
    await session.execute(passed.on_conflict_do_nothing())
    await _record(session, actor, "tablets.sign_in", row, now)


async def revoke(session: AsyncSession, actor: Actor, *, tablet_id: UUID, reason: str, now: datetime) -> None:
    """Revoke a tablet's key: nothing more is taken from it. Revoking it again changes nothing."""
    row = await _tablet(session, tablet_id, lock=True)
    actor.require(Permission.SITE_RUN, site_id=row.site_id)
    if not reason.strip():
        raise Invalid(problems=[Problem(field="reason", code="missing", message=N_("请写明停用的理由。"))])
    if row.revoked_at is not None:
        return
    row.revoked_at, row.revoked_by, row.revocation_reason = now, actor.name, reason.strip()
    await session.flush()
    await _record(session, actor, "tablets.revoke", row, now, reason=row.revocation_reason)


async def take(session: AsyncSession, message: Message, signature: bytes, *, now: datetime) -> Receipt:
    """Take what a tablet sends. Every event is stored once under its number; what cannot be taken is kept aside.

    :raises TabletUnknown, TabletRevoked, SignatureWrong, NotAnEvent: nothing of the message was taken
    """
    tablet = await _tablet(session, message.tablet_id, lock=True)  # one message of a tablet at a time
    _require_active(tablet)
    verify(tablet.public_key, message.body, signature, label=tablet.label)
    events = {one.hash: one for one in (read_event(sent, tablet.id) for sent in message.events)}
    stored = await queries.stored_hashes(session, tablet.id, [one.number for one in events.values()])
    fresh = sorted((one for one in events.values() if one.hash not in stored), key=lambda one: (one.number, one.hash))
    rooms = await _rooms(session, fresh)
    allowed = await _allowed(session, tablet.id, fresh, rooms)
    good: list[Event] = []
    odd: list[tuple[Event, Oddness]] = []
    for one in fresh:
        why = allowed(one)
        (odd.append((one, why)) if why else good.append(one))
    await _store(session, good, rooms, now)
    await _set_aside(session, tablet.id, odd, now)
    tablet.seen_at, tablet.last_number = (
        now,
        max(tablet.last_number, message.last, *(one.number for one in events.values()), 0),
    )
    await session.flush()
    numbers = await queries.numbers(session, tablet.id)
    confirmed = confirmed_up_to(numbers)
    return Receipt(
        confirmed=confirmed,
        missing=tuple(run for run in gaps(numbers, tablet.last_number) if run[1] > confirmed),
        refused=tuple((one.number, why) for one, why in odd),
    )


def verify(public_key: bytes, body: Mapping[str, Any], signature: bytes, *, label: str = "") -> None:
    """Refuse a signature that is not this key's over this body (raw r‖s)."""
    try:
        plain = canonical(dict(body))
        if len(signature) != _RAW:
            raise InvalidSignature
        r, s = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:]))
        _public(public_key).verify(encode_dss_signature(r, s), plain, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError) as error:
        raise SignatureWrong(label=label) from error


def _public(key: bytes) -> ec.EllipticCurvePublicKey:
    try:
        found = serialization.load_der_public_key(key)
    except (ValueError, TypeError) as error:
        raise KeyUnusable from error
    if not isinstance(found, ec.EllipticCurvePublicKey) or not isinstance(found.curve, ec.SECP256R1):
        raise KeyUnusable
    return found


async def _tablet(session: AsyncSession, tablet_id: UUID, *, lock: bool = False) -> TabletRow:
    query = select(TabletRow).where(TabletRow.id == tablet_id)
    row = await session.scalar((query.with_for_update() if lock else query).execution_options(populate_existing=True))
    if row is None:
        raise TabletUnknown
    return row


def _require_active(row: TabletRow) -> None:
    if row.revoked_at is not None:
        raise TabletRevoked(label=row.label, at=f"{row.revoked_at.astimezone(CHINA):%Y-%m-%d %H:%M}")


async def _rooms(session: AsyncSession, events: Iterable[Event]) -> dict[UUID, RoomSession]:
    """Sitting -> its room session, of the sittings that there are."""
    wanted = {one.sheet.sitting_id for one in events}
    own = await sittings.sittings(session, ids=sorted(wanted, key=str)) if wanted else []
    rooms = {one.id: one for one in await sittings.room_sessions(session, ids={one.room_session_id for one in own})}
    return {one.id: rooms[one.room_session_id] for one in own}


async def _allowed(
    session: AsyncSession, tablet_id: UUID, events: Iterable[Event], rooms: Mapping[UUID, RoomSession]
) -> Callable[[Event], Oddness | None]:
    """What speaks against an event: the sitting, the pass, the duty. A duty counts whenever it lies: the line may come back days
    later, and the tablet's clock proves nothing."""
    query = select(TabletPassRow.account_id).where(TabletPassRow.tablet_id == tablet_id)
    passes = frozenset(await session.scalars(query))
    assessing: dict[UUID, frozenset[UUID]] = {}
    for room_id in {room.id for room in rooms.values()}:
        held = await sittings.duties(session, room_session_id=room_id)
        assessing[room_id] = frozenset(one.account_id for one in held if one.duty in ASSESSING)

    def why_not(event: Event) -> Oddness | None:
        room = rooms.get(event.sheet.sitting_id)
        if room is None:
            return Oddness.UNKNOWN_SITTING
        if event.sheet.assessor_id not in passes:
            return Oddness.NO_PASS
        return None if event.sheet.assessor_id in assessing[room.id] else Oddness.NOT_THEIR_SHEET

    return why_not


async def _store(
    session: AsyncSession, events: Sequence[Event], rooms: Mapping[UUID, RoomSession], now: datetime
) -> None:
    if not events:
        return
    rows = [
        {
            "tablet_id": one.device_id, "number": one.number, "hash": one.hash, "id": one.id, "previous": one.previous,
            "counter": one.counter, "kind": one.kind.value, "sitting_id": one.sheet.sitting_id,
            "assessor_id": one.sheet.assessor_id, "version": one.sheet.version,
            "room_session_id": rooms[one.sheet.sitting_id].id, "said_at": one.said_at, "received_at": now, "data": dict(one.data),
        }
        for one in events
    ]  # fmt: skip
    await session.execute(insert(TabletEventRow).on_conflict_do_nothing(), rows)


async def _set_aside(
    session: AsyncSession, tablet_id: UUID, odd: Sequence[tuple[Event, Oddness]], now: datetime
) -> None:
    for one, why in odd:
        kept = insert(TabletOddityRow).values(
            id=new_id(), tablet_id=tablet_id, number=one.number, hash=one.hash, why=why.value, body=one.body,
            received_at=now, settled_at=None, settled_by="", settlement="",
        )  # fmt: skip
        await session.execute(kept.on_conflict_do_nothing())


async def _record(session: AsyncSession, actor: Actor, action: str, row: TabletRow, now: datetime, **data: Any) -> None:
    await audit.record(
        session, actor, action, subject="tablet", ids=[row.id], stream=f"site:{row.site_id}", data=data, now=now
    )
