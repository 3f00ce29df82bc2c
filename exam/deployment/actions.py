"""Sign an override, refuse a change that has to wait, note what runs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import SYSTEM, Actor, Permission
from exam.deployment import queries
from exam.deployment.models import DeploymentOverrideRow, DeploymentRow
from exam.deployment.rules import (
    OVERRIDE_LIFE,
    NotASigner,
    Override,
    ReasonMissing,
    SameSigner,
    SessionsNear,
    must_wait,
)
from exam.kernel import audit
from exam.kernel.clock import CHINA
from exam.kernel.ids import new_id

SIGNERS = (Permission.PLAN_MANAGE, Permission.SITE_FILE)
_STREAM = "deployments"


async def sign(session: AsyncSession, actor: Actor, *, fingerprint: str, reason: str, now: datetime) -> Override:
    """Sign for a version: the first begins an override, the second makes it count. The second needs no reason of their own."""
    if actor.account_id is None or not any(actor.may(one) for one in SIGNERS):
        raise NotASigner
    open_ones = [
        one
        for one in await queries.overrides(session, fingerprint)
        if one.second_at is None and now - one.first_at < OVERRIDE_LIFE
    ]
    if open_ones:
        one = open_ones[0]
        if one.first_by == actor.account_id:
            raise SameSigner(name=one.first_name)
        values = {"second_by": actor.account_id, "second_name": actor.name, "second_at": now}
        await session.execute(update(DeploymentOverrideRow).where(DeploymentOverrideRow.id == one.id).values(**values))
        id, verb, words = one.id, "countersign", one.reason
    else:
        if not reason.strip():
            raise ReasonMissing
        id, verb, words = new_id(), "sign", reason.strip()
        session.add(
            DeploymentOverrideRow(
                id=id, fingerprint=fingerprint, reason=words, first_by=actor.account_id, first_name=actor.name, first_at=now,
                second_by=None, second_name="", second_at=None,
            )
        )  # fmt: skip
        await session.flush()
    await audit.record(
        session, actor, f"deployment.{verb}", subject="deployment_override", ids=[id], stream=_STREAM,
        data={"fingerprint": fingerprint, "reason": words}, now=now,
    )  # fmt: skip
    return next(one for one in await queries.overrides(session, fingerprint) if one.id == id)


async def require_calm(session: AsyncSession, *, fingerprint: str, head: str, deploys: bool, now: datetime) -> None:
    """Raise SessionsNear where this start would migrate, or (``deploys``) run another version than before, and a session is
    near, and no two people have signed. A fresh database and an unchanged version pass."""
    before = await queries.revision(session)
    if before is None:
        return
    running = await queries.running(session)
    changes = before != head or (deploys and running is not None and running != fingerprint)
    if not changes:
        return
    signed = any(one.counts(fingerprint, now) for one in await queries.overrides(session, fingerprint))
    near = await queries.near(session, now)
    if must_wait(near, signed):
        first = near[0]
        raise SessionsNear(
            n=len(near),
            first=f"{first.starts_at.astimezone(CHINA):%Y-%m-%d %H:%M}",
            place=f"{first.site_name} {first.room_name}",
        )


async def note(session: AsyncSession, *, fingerprint: str, now: datetime) -> bool:
    """Note that a version begins to run, where it is another than before; says whether it is."""
    if await queries.running(session) == fingerprint:
        return False
    used = [one for one in await queries.overrides(session, fingerprint) if one.counts(fingerprint, now)]
    made = DeploymentRow(id=new_id(), fingerprint=fingerprint, at=now, override_id=used[0].id if used else None)
    session.add(made)
    await session.flush()
    await audit.record(
        session, SYSTEM, "deployment.run", subject="deployment", ids=[made.id], stream=_STREAM,
        data={"fingerprint": fingerprint, "override": made.override_id}, now=now,
    )  # fmt: skip
    return True
