"""Who may do what: roles, scopes and permissions of domain.md section 2 as one table; deny by default.

A *role* says what kind of work someone does, a *scope* says where (own province, institution, site,
own registration). A *duty* in an exam session (invigilator, assessor) is a fact of ``exam.sittings`` and
is checked there: a role alone never opens a room or a score sheet.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from exam.kernel.errors import N_, Forbidden


class Role(StrEnum):
    """The actors of domain.md section 2."""

    PROVINCE = "province"
    UNIT = "unit"
    EXAM_OFFICER = "exam_officer"
    ITEM_AUTHOR = "item_author"
    SCORE_ENTRY = "score_entry"
    SCORE_VERIFIER = "score_verifier"
    SCORE_OFFICER = "score_officer"
    CERTIFICATE_OFFICER = "certificate_officer"
    INSTITUTION = "institution"
    SITE_HEAD = "site_head"
    INVIGILATOR = "invigilator"
    ASSESSOR = "assessor"
    INSPECTOR = "inspector"
    CANDIDATE = "candidate"
    AUDITOR = "auditor"
    SYSTEM = "system"


ROLE_LABELS = {
    Role.PROVINCE: N_("省级教育行政部门"),
    Role.UNIT: N_("市州教育局"),
    Role.EXAM_OFFICER: N_("考务管理员"),
    Role.ITEM_AUTHOR: N_("命题组卷员"),
    Role.SCORE_ENTRY: N_("登分员"),
    Role.SCORE_VERIFIER: N_("成绩复核员"),
    Role.SCORE_OFFICER: N_("成绩管理员"),
    Role.CERTIFICATE_OFFICER: N_("发证员"),
    Role.INSTITUTION: N_("试点院校管理员"),
    Role.SITE_HEAD: N_("考点主考"),
    Role.INVIGILATOR: N_("监考员"),
    Role.ASSESSOR: N_("考评员"),
    Role.INSPECTOR: N_("巡考员"),
    Role.CANDIDATE: N_("考生"),
    Role.AUDITOR: N_("审计员"),
    Role.SYSTEM: N_("系统"),
}


class Permission(StrEnum):
    """One thing a route or an action may ask for."""

    CATALOGUE_READ = "catalogue_read"
    CATALOGUE_WRITE = "catalogue_write"
    ITEM_WRITE = "item_write"
    SITE_APPLY = "site_apply"
    SITE_AGREE = "site_agree"
    SITE_FILE = "site_file"
    SITE_READ = "site_read"
    COVERAGE_WAIVE = "coverage_waive"
    PILOT_APPROVE = "pilot_approve"
    BATCH_READ = "batch_read"
    BATCH_MANAGE = "batch_manage"
    ROSTER_IMPORT = "roster_import"
    REGISTRATION_READ = "registration_read"
    REGISTRATION_ACCEPT = "registration_accept"
    FEE_MANAGE = "fee_manage"
    EXEMPTION_DECIDE = "exemption_decide"
    PLAN_READ = "plan_read"
    PLAN_MANAGE = "plan_manage"
    PRINT_SET = "print_set"
    ROOM_RUN = "room_run"
    SITE_RUN = "site_run"
    INCIDENT_DECIDE = "incident_decide"
    SHEET_SCORE = "sheet_score"
    EXAM_SIT = "exam_sit"
    OWN_READ = "own_read"
    MARK_ENTER = "mark_enter"
    MARK_VERIFY = "mark_verify"
    OUTCOME_READ = "outcome_read"
    OUTCOME_VERIFY = "outcome_verify"
    OUTCOME_PUBLISH = "outcome_publish"
    CERTIFICATE_READ = "certificate_read"
    CERTIFICATE_ISSUE = "certificate_issue"
    CERTIFICATE_REVOKE = "certificate_revoke"
    PLATFORM_RUN = "platform_run"
    KEY_READ = "key_read"
    KEY_MANAGE = "key_manage"
    AUDIT_READ = "audit_read"


_P = Permission

TABLE: dict[Role, frozenset[Permission]] = {
    Role.PROVINCE: frozenset(
        {
            _P.CATALOGUE_READ,
            _P.SITE_READ,
            _P.SITE_FILE,
            _P.PILOT_APPROVE,
            _P.COVERAGE_WAIVE,
            _P.BATCH_READ,
            _P.REGISTRATION_READ,
            _P.PLAN_READ,
            _P.OUTCOME_READ,
            _P.CERTIFICATE_READ,
        }
    ),
    Role.UNIT: frozenset({_P.CATALOGUE_READ, _P.SITE_READ, _P.BATCH_READ, _P.REGISTRATION_READ}),
    Role.EXAM_OFFICER: frozenset(
        {
            _P.CATALOGUE_READ,
            _P.CATALOGUE_WRITE,
            _P.SITE_READ,
            _P.SITE_AGREE,
            _P.COVERAGE_WAIVE,
            _P.BATCH_READ,
            _P.BATCH_MANAGE,
            _P.REGISTRATION_READ,
            _P.REGISTRATION_ACCEPT,
            _P.EXEMPTION_DECIDE,
            _P.PLAN_READ,
            _P.PLAN_MANAGE,
            _P.PRINT_SET,
            _P.INCIDENT_DECIDE,
            _P.OUTCOME_READ,
            _P.CERTIFICATE_READ,
            _P.KEY_READ,
            _P.KEY_MANAGE,
        }
    ),
    Role.ITEM_AUTHOR: frozenset({_P.CATALOGUE_READ, _P.ITEM_WRITE}),
    Role.SCORE_ENTRY: frozenset({_P.CATALOGUE_READ, _P.BATCH_READ, _P.MARK_ENTER}),
    Role.SCORE_VERIFIER: frozenset(
        {_P.CATALOGUE_READ, _P.BATCH_READ, _P.MARK_VERIFY, _P.OUTCOME_READ, _P.OUTCOME_VERIFY}
    ),
    Role.SCORE_OFFICER: frozenset({_P.CATALOGUE_READ, _P.BATCH_READ, _P.OUTCOME_READ, _P.OUTCOME_PUBLISH}),
    Role.CERTIFICATE_OFFICER: frozenset(
        {
            _P.CATALOGUE_READ,
            _P.BATCH_READ,
            _P.OUTCOME_READ,
            _P.CERTIFICATE_READ,
            _P.CERTIFICATE_ISSUE,
            _P.CERTIFICATE_REVOKE,
            _P.PLATFORM_RUN,
            _P.KEY_READ,
            _P.KEY_MANAGE,
        }
    ),
    Role.INSTITUTION: frozenset(
        {
            _P.CATALOGUE_READ,
            _P.SITE_READ,
            _P.SITE_APPLY,
            _P.BATCH_READ,
            _P.ROSTER_IMPORT,
            _P.REGISTRATION_READ,
            _P.FEE_MANAGE,
            _P.PLAN_READ,
            _P.PRINT_SET,
            _P.OUTCOME_READ,
            _P.CERTIFICATE_READ,
        }
    ),
    Role.SITE_HEAD: frozenset({_P.SITE_READ, _P.PLAN_READ, _P.PRINT_SET, _P.ROOM_RUN, _P.SITE_RUN}),
    Role.INVIGILATOR: frozenset({_P.ROOM_RUN}),
    Role.ASSESSOR: frozenset({_P.SHEET_SCORE}),
    Role.INSPECTOR: frozenset({_P.CATALOGUE_READ, _P.SITE_READ, _P.BATCH_READ, _P.PLAN_READ}),
    Role.CANDIDATE: frozenset({_P.EXAM_SIT, _P.OWN_READ}),
    Role.AUDITOR: frozenset({_P.AUDIT_READ, _P.CATALOGUE_READ, _P.BATCH_READ, _P.KEY_READ}),
    Role.SYSTEM: frozenset(Permission),
}


@dataclass(frozen=True)
class Scope:
    """Where a grant holds: ``all`` or one thing named by its id or code."""

    kind: str  # all, province, unit, organisation, institution, site, person, registration
    id: str = ""


EVERYWHERE = Scope("all")


@dataclass(frozen=True)
class Grant:
    """A role held in a scope."""

    role: Role
    scope: Scope = EVERYWHERE


@dataclass(frozen=True)
class Actor:
    """Who acts: an account with its grants. The system has no account."""

    account_id: UUID | None
    name: str
    grants: tuple[Grant, ...]

    def may(self, permission: Permission) -> bool:
        """Say whether any grant allows this, somewhere."""
        return any(permission in TABLE[grant.role] for grant in self.grants)

    def within(self, permission: Permission, **where: object) -> bool:
        """Say whether a grant allows this here, e.g. ``institution_id=...``; an ``all`` scope holds everywhere."""
        places = {Scope(kind.removesuffix("_id").removesuffix("_code"), str(id)) for kind, id in where.items()}
        return any(grant.scope == EVERYWHERE or grant.scope in places for grant in self.granting(permission))

    def require(self, permission: Permission, **where: object) -> None:
        """Raise :class:`Forbidden` unless :meth:`within`."""
        if not self.within(permission, **where):
            raise Forbidden

    def granting(self, permission: Permission) -> Iterable[Grant]:
        """Return the grants that allow this."""
        return (grant for grant in self.grants if permission in TABLE[grant.role])

    def scope_ids(self, permission: Permission, kind: str) -> set[str] | None:
        """Return the ids of one kind in which the actor may do this; None means everywhere."""
        scopes = [grant.scope for grant in self.granting(permission)]
        if EVERYWHERE in scopes:
            return None
        return {scope.id for scope in scopes if scope.kind == kind}

    def scope_uuids(self, permission: Permission, kind: str) -> list[UUID] | None:
        """Return the same as UUIDs in their order, as queries want them; None means everywhere."""
        ids = self.scope_ids(permission, kind)
        return None if ids is None else [UUID(id) for id in sorted(ids)]

    @property
    def roles(self) -> frozenset[Role]:
        """The roles held."""
        return frozenset(grant.role for grant in self.grants)


SYSTEM = Actor(None, "system", (Grant(Role.SYSTEM),))

SESSION_LIFE = timedelta(hours=12)
SESSION_IDLE = timedelta(hours=2)
FREE_FAILURES = 5
"""Wrong passwords before an account waits; kept per account and never per machine: a lab's PCs look alike."""


def waiting_time(failures: int) -> timedelta:
    """Return how long an account waits after so many wrong passwords in a row: doubling, at most 15 minutes."""
    if failures < FREE_FAILURES:
        return timedelta(0)
    return timedelta(seconds=min(15 * 60, 5 * 2 ** (failures - FREE_FAILURES)))
