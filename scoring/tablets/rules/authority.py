"""Who may look at a session's ledger, and who may close it: the site's head, its lead assessor, an exam officer of the batch.

An officer alone signs a gap. A verifier of marks and who publishes results may look: their work waits for it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from exam.accounts.rules import Actor, Permission
from exam.sittings.rules import Duty, DutySpec

_LOOK = (Permission.BATCH_MANAGE, Permission.MARK_VERIFY, Permission.OUTCOME_VERIFY, Permission.OUTCOME_PUBLISH)


@dataclass(frozen=True, kw_only=True)
class Place:
    """What somebody is to a session."""

    officer: bool
    head: bool
    lead: bool
    reader: bool

    @property
    def may_look(self) -> bool:
        """Whether the ledger is shown."""
        return self.officer or self.head or self.lead or self.reader

    @property
    def may_act(self) -> bool:
        """Whether they close it, settle what was kept aside, key in."""
        return self.officer or self.head or self.lead


def place_in(actor: Actor, *, site_id: UUID, organisation_ids: Collection[UUID], duties: Collection[DutySpec]) -> Place:
    """What an actor is to a session of this site and these organisations with these duties."""

    def within(permission: Permission) -> bool:
        return actor.within(permission) or any(
            actor.within(permission, organisation_id=one) for one in organisation_ids
        )

    return Place(
        officer=within(Permission.BATCH_MANAGE),
        head=actor.within(Permission.SITE_RUN, site_id=site_id),
        lead=actor.may(Permission.SHEET_SCORE)
        and any(one.account_id == actor.account_id and one.duty is Duty.LEAD_ASSESSOR for one in duties),
        reader=any(within(one) for one in _LOOK),
    )
