"""Whose batches are whose: officers of its organisations and its province, in which states what may be done."""

from __future__ import annotations

from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import Forbidden
from exam.registration.rules import Batch, BatchStatus

PLANNABLE = frozenset({BatchStatus.REGISTRATION_OPEN, BatchStatus.REGISTRATION_CLOSED})


ARRANGED = frozenset(BatchStatus) - {
    BatchStatus.PLANNED,
    BatchStatus.ANNOUNCED,
    BatchStatus.REGISTRATION_OPEN,
    BatchStatus.REGISTRATION_CLOSED,
    BatchStatus.CANCELLED,
    BatchStatus.POSTPONED,
}


def may_read(actor: Actor, batch: Batch) -> bool:
    """Officers of the batch's organisations read plans, its province their counts and groups; institutions and sites
    read what is published. Names of candidates and staff concern those only who arrange the batch (domain section 2)."""
    return _concerns(actor, Permission.PLAN_READ, batch)


def may_manage(actor: Actor, batch: Batch) -> bool:
    """Whether the actor arranges this batch."""
    return _concerns(actor, Permission.PLAN_MANAGE, batch)


def _concerns(actor: Actor, permission: Permission, batch: Batch) -> bool:
    return any(
        actor.within(permission, organisation_id=organisation_id, province_code=batch.province_code)
        for organisation_id in batch.organisation_ids
    )


def require_read(actor: Actor, batch: Batch) -> None:
    """Refuse whoever may not read the plan."""
    if not may_read(actor, batch):
        raise Forbidden


def require_manage(actor: Actor, batch: Batch) -> None:
    """Refuse whoever does not arrange this batch."""
    if not may_manage(actor, batch):
        raise Forbidden
