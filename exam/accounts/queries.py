"""Reads about accounts: who a session token belongs to, and the secrets that tickets print."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.models import Account, AccountGrant, SignIn
from exam.accounts.rules import SESSION_IDLE, Actor, Grant, Role, Scope
from exam.kernel.audit import AuditRecord
from exam.kernel.crypto import Vault

HISTORY_PAGE = 50


@dataclass(frozen=True)
class StaffAccount:
    """One account that signs in with a password."""

    id: UUID
    login: str
    name: str
    active: bool


@dataclass(frozen=True)
class Change:
    """One audit record as an auditor reads it."""

    stream: str
    seq: int
    at: datetime
    who: str
    action: str
    subject: str
    subjects_count: int
    data: Mapping[str, object]
    sha256: str


def token_hash(token: str) -> str:
    """Return what is stored of a session token (256 random bits need no salt)."""
    return hashlib.sha256(token.encode()).hexdigest()


async def actor_of_token(session: AsyncSession, token: str, now: datetime) -> Actor | None:
    """Return whose session this is; None when unknown, expired or idle too long. An unknown id is never adopted."""
    digest = token_hash(token)
    query = (
        select(Account.id, Account.name, Account.person_id, Account.registration_id, SignIn.seen_at)
        .join(SignIn, SignIn.account_id == Account.id)
        .where(SignIn.token_sha256 == digest, SignIn.expires_at > now, Account.active)
    )
    row = (await session.execute(query)).one_or_none()
    if row is None or now - row.seen_at > SESSION_IDLE:
        return None
    if (now - row.seen_at).total_seconds() > 60:  # written once a minute, not on every response
        await session.execute(update(SignIn).where(SignIn.token_sha256 == digest).values(seen_at=now))
    return Actor(row.id, row.name, await _grants(session, row.id, row.person_id))


async def actor(session: AsyncSession, account_id: UUID) -> Actor:
    """Return the actor of an account."""
    row = (
        await session.execute(select(Account.id, Account.name, Account.person_id).where(Account.id == account_id))
    ).one()
    return Actor(row.id, row.name, await _grants(session, row.id, row.person_id))


async def is_active(session: AsyncSession, account_id: UUID) -> bool:
    """Say whether an account may still sign in."""
    return bool(await session.scalar(select(Account.active).where(Account.id == account_id)))


async def _grants(session: AsyncSession, account_id: UUID, person_id: UUID | None) -> tuple[Grant, ...]:
    if person_id is not None:
        own = await session.execute(select(Account.registration_id).where(Account.person_id == person_id))
        scopes = [Scope("person", str(person_id))]
        scopes += [Scope("registration", str(id)) for id in own.scalars() if id is not None]
        return tuple(Grant(Role.CANDIDATE, scope) for scope in scopes)
    query = select(AccountGrant.role, AccountGrant.scope_kind, AccountGrant.scope_id)
    rows = await session.execute(query.where(AccountGrant.account_id == account_id).order_by(AccountGrant.role))
    return tuple(Grant(Role(role), Scope(kind, id)) for role, kind, id in rows)


async def accounts_of_role(session: AsyncSession, role: Role, scope: Scope | None = None) -> list[StaffAccount]:
    """Return the active accounts that hold a role (in one scope)."""
    query = (
        select(Account.id, Account.login, Account.name, Account.active)
        .join(AccountGrant, AccountGrant.account_id == Account.id)
        .where(AccountGrant.role == role, Account.active)
        .order_by(Account.login)
    )
    if scope is not None:
        query = query.where(AccountGrant.scope_kind == scope.kind, AccountGrant.scope_id == scope.id)
    return [StaffAccount(*row) for row in (await session.execute(query)).all()]


async def names(session: AsyncSession, account_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the names of accounts."""
    query = select(Account.id, Account.name).where(Account.id.in_(list(account_ids)))
    return {row.id: row.name for row in (await session.execute(query)).all()}


async def secrets(session: AsyncSession, vault: Vault, registration_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the sign-in secrets of candidates, for printing their tickets only."""
    query = select(Account.registration_id, Account.id, Account.secret_sealed).where(
        Account.registration_id.in_(list(registration_ids)), Account.secret_sealed.is_not(None)
    )
    rows = (await session.execute(query)).all()
    return {
        registration: vault.open(sealed, f"secret:{account}")
        for registration, account, sealed in rows
        if registration is not None and sealed is not None
    }


@dataclass(frozen=True)
class EntryAccess:
    """What opens the pages of who registered in person."""

    account_id: UUID
    login: str
    secret: str = field(repr=False)
    opened_at: datetime


async def entry_access(
    session: AsyncSession, vault: Vault, *, account_id: UUID | None = None, login: str = ""
) -> EntryAccess | None:
    """Return the way in that a receipt shows, by account or by number; None for accounts that have none."""
    which = Account.id == account_id if account_id is not None else Account.login == login
    query = select(Account).where(which, Account.registration_id.is_(None), Account.secret_sealed.is_not(None))
    account = (await session.scalars(query)).one_or_none()
    if account is None or account.secret_sealed is None:
        return None
    secret = vault.open(account.secret_sealed, f"secret:{account.id}")
    return EntryAccess(account.id, account.login, secret, account.created_at)


async def history(
    session: AsyncSession, *, stream: str = "", action: str = "", subject_id: UUID | None = None, page: int = 1
) -> list[Change]:
    """Return one page of the audit log, newest first, with one row more where another page follows."""
    query = (
        select(AuditRecord, Account.name)
        .outerjoin(Account, Account.id == AuditRecord.account_id)
        .order_by(AuditRecord.at.desc(), AuditRecord.id.desc())
        .offset((page - 1) * HISTORY_PAGE)
        .limit(HISTORY_PAGE + 1)
    )
    if stream:
        query = query.where(AuditRecord.stream == stream)
    if action:
        query = query.where(AuditRecord.action.startswith(action, autoescape=True))
    if subject_id is not None:
        query = query.where(AuditRecord.subject_ids.contains([subject_id]))
    return [
        Change(
            stream=entry.stream,
            seq=entry.seq,
            at=entry.at,
            who=name or "",
            action=entry.action,
            subject=entry.subject,
            subjects_count=len(entry.subject_ids),
            data=entry.data,
            sha256=entry.sha256,
        )
        for entry, name in (await session.execute(query)).all()
    ]
