"""Changes of the norms: a new version, with its reason and the first exam day it holds for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel import audit
from exam.kernel.clock import china_date
from exam.kernel.errors import N_, Invalid, Problem
from exam.kernel.ids import new_id
from scheduling.norms import queries
from scheduling.norms.models import NormVersionRow
from scheduling.norms.rules import DESCRIBED, NothingDiffers, OutOfDate, check


async def decide(
    session: AsyncSession,
    actor: Actor,
    *,
    organisation_id: UUID,
    certificate_id: UUID | None,
    values: Mapping[str, int],
    effective_on: date,
    reason: str,
    based_on: int,
    now: datetime,
) -> int:
    """Decide the next version and return its number. `values`: all numbers as they shall hold; what equals the defaults (the
    organisation's own, for a certificate) is not kept, so that it follows them. `based_on`: the version the officer saw.

    Plans that were made keep the norms they were made by; the next proposal of a batch whose first exam day is not before
    `effective_on` uses the new ones. Two officers at once: the second is told.
    """
    actor.require(Permission.PLAN_MANAGE, organisation_id=organisation_id)
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('scheduling.norms'))"))
    stands = await queries.holding(session, actor, organisation_id, certificate_id, effective_on)
    if stands.version != based_on:
        raise OutOfDate(name=stands.history[0].decided_by, n=stands.version)
    differing = {code: value for code, value in values.items() if value != getattr(stands.base, code)}
    check(differing, before=stands.base, certificate=certificate_id is not None)
    _require_said(reason, effective_on, now)
    before = stands.decision.values if stands.decision else {}
    if differing == {code: value for code, value in before.items() if code in DESCRIBED}:
        raise NothingDiffers
    row = NormVersionRow(
        id=new_id(),
        organisation_id=organisation_id,
        certificate_id=certificate_id,
        version=stands.version + 1,
        effective_on=effective_on,
        values=differing,
        reason=reason.strip(),
        decided_by=actor.name,
        decided_at=now,
    )
    session.add(row)
    await audit.record(
        session,
        actor,
        "norms.decide",
        subject="norm_version",
        ids=[row.id],
        stream=f"certificate:{certificate_id}" if certificate_id else f"organisation:{organisation_id}",
        data={
            "version": row.version,
            "values": differing,
            "effective_on": effective_on.isoformat(),
            "reason": row.reason,
        },
        now=now,
    )
    return row.version


def _require_said(reason: str, effective_on: date, now: datetime) -> None:
    found = []
    if not reason.strip():
        found.append(Problem(field="reason", code="missing", message=N_("请写明理由，以后的人要能看懂为什么。")))
    if effective_on < china_date(now):
        message = N_("不能早于今天：已经过去的考核不会改变。")
        found.append(Problem(field="effective_on", code="past", message=message))
    if found:
        raise Invalid(problems=found)
