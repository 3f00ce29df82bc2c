"""What several pages of registration show alike: tones of status words, who may see what."""

from collections.abc import Mapping
from uuid import UUID

from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import Forbidden
from exam.registration.rules.records import Batch, Institution, Registration
from exam.registration.rules.status import BatchStatus, RegistrationStatus

_R = RegistrationStatus
REGISTRATION_TONES: Mapping[RegistrationStatus, str] = {
    _R.SUBMITTED: "needs",
    _R.DOCS_CHECKING: "needs",
    _R.RETURNED: "warning",
    _R.CONFIRMED: "done",
    _R.SEATED: "done",
    _R.OUTCOME: "done",
    _R.TRANSFERRED: "done",
    _R.REJECTED: "stopped",
    _R.BARRED: "stopped",
}
_B = BatchStatus
BATCH_TONES: Mapping[BatchStatus, str] = {
    _B.REGISTRATION_OPEN: "needs",
    _B.IN_PROGRESS: "needs",
    _B.REGISTERED: "done",
    _B.SETTLED: "done",
    _B.ARCHIVED: "done",
    _B.POSTPONED: "warning",
    _B.CANCELLED: "stopped",
}


def sees_batch(actor: Actor, permission: Permission, batch: Batch) -> bool:
    """Whether the actor holds this for the whole batch: by an organisation of it, or by its province."""
    return any(
        actor.within(permission, organisation_id=organisation, province_code=batch.province_code)
        for organisation in batch.organisation_ids
    )


def require_batch(actor: Actor, permission: Permission, batch: Batch) -> None:
    """Raise Forbidden unless :func:`sees_batch`."""
    if not sees_batch(actor, permission, batch):
        raise Forbidden


def sees_institution(actor: Actor, batch: Batch, institution: Institution) -> bool:
    """Whether the actor may read an institution's registrations in a batch."""
    return sees_batch(actor, Permission.REGISTRATION_READ, batch) or actor.within(
        Permission.REGISTRATION_READ, institution_id=institution.id, unit_code=institution.unit_code
    )


def sees_registration(actor: Actor, batch: Batch, one: Registration, school: Institution | None = None) -> bool:
    """Whether the actor may read one registration: the officer's, the institution's or its unit's, or the candidate's own."""
    return (
        sees_batch(actor, Permission.REGISTRATION_READ, batch)
        or (school is not None and sees_institution(actor, batch, school))
        or actor.within(Permission.REGISTRATION_READ, institution_id=one.institution_id)
        or actor.within(Permission.OWN_READ, registration_id=one.id, person_id=one.person_id)
    )


def own_institutions(actor: Actor) -> list[UUID]:
    """The institutions whose rosters the actor keeps."""
    return actor.scope_uuids(Permission.ROSTER_IMPORT, "institution") or []
