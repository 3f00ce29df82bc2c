"""Changes of accounts: making them, signing in and out, changing a password.

Staff passwords are argon2id (time 2, memory 19 MiB, parallelism 1; OWASP Password Storage). A candidate's
secret is random (112 bits), so a keyed index of it is enough and a whole lab can sign in at once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.models import Account, AccountGrant, SignIn
from exam.accounts.queries import token_hash
from exam.accounts.rules import SESSION_LIFE, Actor, Grant, Role, Scope, waiting_time
from exam.kernel import audit
from exam.kernel.crypto import Vault
from exam.kernel.db import insert_many
from exam.kernel.errors import N_, Conflict, Invalid, Problem, TooMany
from exam.kernel.ids import new_id, normal_secret, spoken_secret, token

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODY = _HASHER.hash("nobody's password")


class WrongSignIn(Invalid):
    """The login and the secret do not belong together; which of them is wrong is not said."""

    message = N_("账号或密码不正确。")
    way_out = N_("请核对后重新输入；考生请使用准考证上的准考证号和登录码。")


class LoginTaken(Conflict):
    """Two accounts cannot have one login."""

    message = N_("登录名 %(login)s 已被使用。")
    way_out = N_("请换一个登录名。")


@dataclass(frozen=True)
class CandidateAccess:
    """A ticket that shall open the candidate's pages."""

    registration_id: UUID
    person_id: UUID
    ticket_no: str
    name: str


async def create_staff(
    session: AsyncSession,
    actor: Actor,
    *,
    login: str,
    name: str,
    password: str,
    grants: Iterable[Grant],
    now: datetime,
) -> UUID:
    """Make an account for a member of staff and return its id."""
    if (await session.execute(select(Account.id).where(Account.login == login))).first():
        raise LoginTaken(login=login)
    if len(password) < 10:
        raise Invalid(problems=[Problem(field="password", message=N_("密码至少需要 10 个字符。"))])
    account_id = new_id()
    await insert_staff(session, [(account_id, login, name, password, tuple(grants))], now)
    await audit.record(
        session,
        actor,
        "accounts.create_staff",
        subject="account",
        ids=[account_id],
        stream="accounts",
        data={"login": login, "roles": sorted({grant.role for grant in grants})},
        now=now,
    )
    return account_id


async def create_many_staff(
    session: AsyncSession,
    actor: Actor,
    *,
    accounts: Sequence[tuple[str, str, str, tuple[Grant, ...]]],
    now: datetime,
) -> list[UUID]:
    """Make many accounts (login, name, password, grants) in one change and return their ids in order."""
    rows = [(new_id(), *entry) for entry in accounts]
    await insert_staff(session, rows, now)
    await audit.record(
        session,
        actor,
        "accounts.create_staff",
        subject="account",
        ids=[row[0] for row in rows],
        stream="accounts",
        data={"count": len(rows)},
        now=now,
    )
    return [row[0] for row in rows]


async def insert_staff(
    session: AsyncSession, rows: Sequence[tuple[UUID, str, str, str, tuple[Grant, ...]]], now: datetime
) -> None:
    """Write accounts and their grants; equal passwords are hashed once per call."""
    hashes = {password: _HASHER.hash(password) for password in {row[3] for row in rows}}
    await insert_many(
        session,
        Account,
        [
            {
                "id": id,
                "login": login,
                "name": name,
                "password_hash": hashes[password],
                "active": True,
                "failures": 0,
                "created_at": now,
            }
            for id, login, name, password, _ in rows
        ],
    )
    await insert_many(
        session,
        AccountGrant,
        [
            {"account_id": row[0], "role": grant.role, "scope_kind": grant.scope.kind, "scope_id": grant.scope.id}
            for row in rows
            for grant in row[4]
        ],
    )


async def open_candidate_access(
    session: AsyncSession,
    actor: Actor,
    vault: Vault,
    *,
    tickets: Sequence[CandidateAccess],
    now: datetime,
) -> dict[str, str]:
    """Let candidates in by ticket number and a new random secret; return ``{ticket number: secret}``.

    A registration that already has access keeps its secret, so that a ticket in hand stays good.
    """
    known = (
        await session.execute(
            select(Account.registration_id, Account.login, Account.id, Account.secret_sealed).where(
                Account.registration_id.in_([ticket.registration_id for ticket in tickets])
            )
        )
    ).all()
    secrets = {row.login: vault.open(row.secret_sealed or "", f"secret:{row.id}") for row in known}
    have = {row.registration_id for row in known}
    fresh = [(new_id(), spoken_secret(), ticket) for ticket in tickets if ticket.registration_id not in have]
    await insert_many(
        session,
        Account,
        [
            {
                "id": id,
                "login": ticket.ticket_no,
                "name": ticket.name,
                "secret_index": secret_index(vault, secret),
                "secret_sealed": vault.seal(secret, f"secret:{id}"),
                "person_id": ticket.person_id,
                "registration_id": ticket.registration_id,
                "active": True,
                "failures": 0,
                "created_at": now,
            }
            for id, secret, ticket in fresh
        ],
    )
    if fresh:
        await audit.record(
            session,
            actor,
            "accounts.open_candidate_access",
            subject="account",
            ids=[id for id, _, _ in fresh],
            stream="accounts",
            data={"count": len(fresh)},
            now=now,
        )
    return secrets | {ticket.ticket_no: secret for _, secret, ticket in fresh}


async def open_entry_access(
    session: AsyncSession, vault: Vault, *, login: str, name: str, registration_id: UUID, now: datetime
) -> Actor:
    """Let in who registered in person, by the number on the receipt and a new random secret; nothing but that one
    registration is theirs, because nobody has compared them with the ID number that they typed.
    """
    id, secret = new_id(), spoken_secret()
    grant = Grant(Role.CANDIDATE, Scope("registration", str(registration_id)))
    session.add(
        Account(
            id=id,
            login=login,
            name=name,
            secret_index=secret_index(vault, secret),
            secret_sealed=vault.seal(secret, f"secret:{id}"),
            active=True,
            failures=0,
            created_at=now,
        )
    )
    await session.flush()
    row = {"account_id": id, "role": grant.role, "scope_kind": grant.scope.kind, "scope_id": grant.scope.id}
    await insert_many(session, AccountGrant, [row])
    actor = Actor(id, name, (grant,))
    await audit.record(
        session, actor, "accounts.open_entry_access", subject="account", ids=[id], stream="accounts", now=now
    )
    return actor


def secret_index(vault: Vault, secret: str) -> str:
    """Return the keyed index under which a candidate's secret is stored."""
    return vault.blind(normal_secret(secret), "candidate secret")


async def sign_in(
    session: AsyncSession, vault: Vault, *, login: str, secret: str, old_token: str | None, now: datetime
) -> tuple[UUID, str] | None:
    """Check login and secret; return the account and a new session token, None when they do not fit.

    The failure is returned, not raised, so that its count is committed. Raises :class:`TooMany`
    while the account waits. The old token, if any, is forgotten: a session id is never carried over.
    """
    account = (
        await session.execute(select(Account).where(Account.login == login.strip()).with_for_update())
    ).scalar_one_or_none()
    if account is None:
        _fits(_NOBODY, secret)  # as slow as a wrong password
        return None
    if account.blocked_until and account.blocked_until > now:
        raise TooMany(seconds=int((account.blocked_until - now).total_seconds()) + 1)
    if not account.active or not _matches(account, vault, secret):
        account.failures += 1
        account.blocked_until = now + waiting_time(account.failures)
        return None
    account.failures, account.blocked_until = 0, None
    return account.id, await open_session(session, account.id, old_token=old_token, now=now)


async def prove(session: AsyncSession, *, account_id: UUID, secret: str, now: datetime) -> bool:
    """Say whether a colleague's password fits, typed at somebody else's device; it opens no session.

    A failure counts as one of signing in: it is returned, not raised, so that its count is committed.
    Raises :class:`TooMany` while the account waits.
    """
    query = select(Account).where(Account.id == account_id).with_for_update()
    account = (await session.execute(query)).scalar_one_or_none()
    if account is None or account.password_hash is None:
        _fits(_NOBODY, secret)
        return False
    if account.blocked_until and account.blocked_until > now:
        raise TooMany(seconds=int((account.blocked_until - now).total_seconds()) + 1)
    if not account.active or not _fits(account.password_hash, secret):
        account.failures += 1
        account.blocked_until = now + waiting_time(account.failures)
        return False
    account.failures, account.blocked_until = 0, None
    return True


async def open_session(session: AsyncSession, account_id: UUID, *, old_token: str | None, now: datetime) -> str:
    """Store a new session and return its token; forget the old one and those that ended."""
    fresh = token(256)
    if old_token:
        await sign_out(session, token=old_token)
    await session.execute(delete(SignIn).where(SignIn.expires_at < now))
    session.add(
        SignIn(
            token_sha256=token_hash(fresh),
            account_id=account_id,
            created_at=now,
            seen_at=now,
            expires_at=now + SESSION_LIFE,
            data={},
        )
    )
    await session.flush()
    return fresh


async def sign_out(session: AsyncSession, *, token: str) -> None:
    """Forget a session."""
    await session.execute(delete(SignIn).where(SignIn.token_sha256 == token_hash(token)))


async def change_password(session: AsyncSession, actor: Actor, *, old: str, new: str, now: datetime) -> None:
    """Replace the actor's own password and end the account's other sessions."""
    account = await session.get_one(Account, actor.account_id)
    if account.password_hash is None or not _fits(account.password_hash, old):
        raise Invalid(problems=[Problem(field="old", message=N_("原密码不正确。"))])
    if len(new) < 10:
        raise Invalid(problems=[Problem(field="new", message=N_("密码至少需要 10 个字符。"))])
    await session.execute(update(Account).where(Account.id == account.id).values(password_hash=_HASHER.hash(new)))
    await session.execute(delete(SignIn).where(SignIn.account_id == account.id))
    await audit.record(
        session, actor, "accounts.change_password", subject="account", ids=[account.id], stream="accounts", now=now
    )


def _matches(account: Account, vault: Vault, secret: str) -> bool:
    if account.password_hash is not None:
        return _fits(account.password_hash, secret)
    return account.secret_index == secret_index(vault, secret)


def _fits(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except VerificationError:
        return False
