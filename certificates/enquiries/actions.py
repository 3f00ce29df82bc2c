"""The deeds of enquiries: let an organisation in, give it a key, end either; answer a request within quota and rate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.enquiries import queries
from certificates.enquiries.models import EnquirerRow, EnquiryKeyRow, EnquiryRow
from certificates.enquiries.rules.keys import (
    PER_MINUTE,
    PREFIX,
    PREFIX_LENGTH,
    AlreadyOver,
    AskedTooFast,
    Caller,
    Channel,
    KeyRefused,
    KeyState,
    Quota,
    checked_end,
    checked_quota,
    checked_text,
    require_quota,
)
from certificates.enquiries.rules.lists import Asked
from certificates.verification import queries as verification
from certificates.verification.rules import Answer
from exam.accounts.rules import SYSTEM, Actor, Permission
from exam.kernel import audit
from exam.kernel.clock import CHINA, china_date
from exam.kernel.crypto import Vault
from exam.kernel.errors import Forbidden, NotFound
from exam.kernel.ids import new_id, token

_KEY_BITS = 256


@dataclass(frozen=True)
class Checked:
    """The answers in the order of the rows, and what is left of the quota."""

    answers: tuple[Answer, ...]
    quota: Quota


async def admit(
    session: AsyncSession,
    actor: Actor,
    *,
    organisation_id: UUID,
    name: str,
    contact: str,
    purpose: str,
    quota: int,
    ends_on: date,
    now: datetime,
) -> UUID:
    """Let an organisation check certificates; an officer of the awarding organisation answers for it."""
    actor.require(Permission.CERTIFICATE_ISSUE, organisation_id=organisation_id)
    if actor.account_id is None:
        raise Forbidden
    row = EnquirerRow(
        id=new_id(),
        organisation_id=organisation_id,
        name=checked_text("name", name),
        contact=checked_text("contact", contact),
        purpose=checked_text("purpose", purpose),
        quota=checked_quota(quota),
        made_by=actor.account_id,
        made_at=now,
        ends_at=checked_end(ends_on, now.astimezone(CHINA)),
    )
    session.add(row)
    await session.flush()
    await _tell(session, actor, "enquirer_admitted", row.id, now, quota=row.quota, ends_at=row.ends_at.isoformat())
    return row.id


async def close(session: AsyncSession, actor: Actor, *, id: UUID, reason: str, now: datetime) -> None:
    """End an organisation's right before its time, with all its keys."""
    row = await _own(session, actor, id)
    if queries.organisation_of(row).state(now) is not KeyState.LIVE:
        raise AlreadyOver
    row.reason, row.closed_at, row.closed_by = checked_text("reason", reason), now, actor.account_id
    await session.flush()
    await _tell(session, actor, "enquirer_closed", id, now, reason=row.reason)


async def give_key(
    session: AsyncSession, actor: Actor, vault: Vault, *, id: UUID, label: str, ends_on: date, now: datetime
) -> str:
    """Make a key for an organisation; it is returned once and kept as a keyed hash."""
    row = await _own(session, actor, id)
    if actor.account_id is None or queries.organisation_of(row).state(now) is not KeyState.LIVE:
        raise AlreadyOver
    secret = PREFIX + token(_KEY_BITS)
    key = EnquiryKeyRow(
        id=new_id(),
        enquirer_id=id,
        prefix=secret[:PREFIX_LENGTH],
        key_hash=queries.hash_of(vault, secret),
        label=checked_text("label", label),
        made_by=actor.account_id,
        made_at=now,
        ends_at=checked_end(ends_on, now.astimezone(CHINA), row.ends_at),
    )
    session.add(key)
    await session.flush()
    await _tell(session, actor, "enquiry_key_made", id, now, key=key.prefix, ends_at=key.ends_at.isoformat())
    return secret


async def revoke_key(session: AsyncSession, actor: Actor, *, id: UUID, key_id: UUID, now: datetime) -> None:
    """End a key at once."""
    await _own(session, actor, id)
    key = await session.get(EnquiryKeyRow, key_id, with_for_update=True)
    if key is None or key.enquirer_id != id:
        raise NotFound
    if queries.key_of(key).state(now) is not KeyState.LIVE:
        raise AlreadyOver
    key.revoked_at, key.revoked_by = now, actor.account_id
    await session.flush()
    await _tell(session, actor, "enquiry_key_revoked", id, now, key=key.prefix)


async def check(
    session: AsyncSession, caller: Caller, asked: Sequence[Asked], *, channel: Channel, reason: str, now: datetime
) -> Checked:
    """Answer a request: all its rows, or none where the quota or the rate does not allow it. Two at once wait for each other."""
    row = await session.get(EnquirerRow, caller.organisation_id, with_for_update=True, populate_existing=True)
    key = await session.get(EnquiryKeyRow, caller.key_id, populate_existing=True)
    if row is None or key is None or not _both_live(row, key, now):
        raise KeyRefused
    if await queries.in_last_minute(session, row.id, now) >= PER_MINUTE:
        raise AskedTooFast(limit=PER_MINUTE, seconds=60)
    before = await queries.quota(session, row.id, row.quota, now)
    require_quota(before, len(asked), now)
    answers = await verification.by_numbers(session, [(one.number, one.name) for one in asked])
    counts = Counter(str(one.verdict) for one in answers)
    made = EnquiryRow(
        id=new_id(),
        enquirer_id=row.id,
        key_id=key.id,
        at=now,
        day=china_date(now),
        channel=str(channel),
        reason=checked_text("reason", reason),
        rows_count=len(asked),
        counts=dict(sorted(counts.items())),
    )
    session.add(made)
    await session.execute(update(EnquiryKeyRow).where(EnquiryKeyRow.id == key.id).values(last_used_at=now))
    await session.flush()
    facts = {
        "key": key.prefix,
        "channel": made.channel,
        "reason": made.reason,
        "rows": len(asked),
        "counts": made.counts,
    }
    await _tell(session, SYSTEM, "certificates_checked", row.id, now, **facts)
    return Checked(tuple(answers), Quota(before.limit, before.used + len(asked), before.resets_at))


def _both_live(row: EnquirerRow, key: EnquiryKeyRow, now: datetime) -> bool:
    live = KeyState.LIVE
    return queries.organisation_of(row).state(now) is live and queries.key_of(key).state(now) is live


async def _own(session: AsyncSession, actor: Actor, id: UUID) -> EnquirerRow:
    await queries.organisation(session, actor, id)
    row = await session.get(EnquirerRow, id, with_for_update=True, populate_existing=True)
    assert row is not None
    return row


async def _tell(session: AsyncSession, actor: Actor, deed: str, id: UUID, now: datetime, **data: object) -> None:
    await audit.record(
        session,
        actor,
        f"certificates.{deed}",
        subject="enquirer",
        ids=[id],
        stream=f"enquirer:{id}",
        data=dict(data),
        now=now,
    )
