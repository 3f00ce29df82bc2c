"""Enrolment: the site head makes a one-time code, the tablet registers its key with it."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import SYSTEM, Actor, Permission
from exam.kernel import audit
from exam.kernel.crypto import Vault
from exam.kernel.errors import N_, Invalid, Problem
from exam.kernel.ids import new_id
from scoring.tablets.actions.devices import add_tablet, require_label
from scoring.tablets.actions.keys import verify
from scoring.tablets.models import TabletCodeRow, TabletRow, WrongCodeRow
from scoring.tablets.rules.devices import KeyUnusable
from scoring.tablets.rules.enrolling import (
    CODE_DIGITS,
    CODE_LIFE,
    CodeExpired,
    CodeUsed,
    CodeWrong,
    Enrolment,
    require_tries,
)

_CONTEXT = "tablet-code"


@dataclass(frozen=True, kw_only=True)
class Code:
    """A one-time code, shown once."""

    code: str
    label: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Enrolled:
    """A tablet that is registered now."""

    tablet_id: UUID
    label: str
    site_id: UUID


async def require_code_tries(session: AsyncSession, now: datetime) -> None:
    """Refuse to look at a code while too many wrong ones were typed, at whichever process of the installation."""
    found = await session.scalars(select(WrongCodeRow.at).where(WrongCodeRow.at > now - CODE_LIFE))
    require_tries(found.all(), now)


async def count_wrong_code(session: AsyncSession, now: datetime) -> None:
    """Remember a wrong code for as long as it counts."""
    await session.execute(delete(WrongCodeRow).where(WrongCodeRow.at <= now - CODE_LIFE))
    session.add(WrongCodeRow(id=new_id(), at=now))
    await session.flush()


async def make_code(
    session: AsyncSession, vault: Vault, actor: Actor, *, site_id: UUID, label: str, now: datetime
) -> Code:
    """Make a code for one tablet of a site. It is returned once and kept as a keyed index only."""
    actor.require(Permission.SITE_RUN, site_id=site_id)
    label = label.strip()[:40]
    if not label:
        raise Invalid(problems=[Problem(field="label", code="missing", message=N_("请填写平板的标签，例如 T07。"))])
    await require_label(session, site_id, label)
    code, blind = await _fresh(session, vault, now)
    row = TabletCodeRow(
        id=new_id(), site_id=site_id, label=label, code_blind=blind, made_by=actor.name, made_at=now,
        expires_at=now + CODE_LIFE, used_at=None, tablet_id=None,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    await audit.record(
        session, actor, "tablets.make_code", subject="tablet_code", ids=[row.id], stream=f"site:{site_id}",
        data={"label": label}, now=now,
    )  # fmt: skip
    return Code(code=code, label=label, expires_at=row.expires_at)


async def enrol(session: AsyncSession, vault: Vault, sent: Enrolment, signature: bytes, *, now: datetime) -> Enrolled:
    """Register the key that signed this, under the code's label. The same key with the same code again is answered the same.

    :raises KeyUnusable, SignatureWrong, CodeWrong, CodeUsed, CodeExpired, LabelTaken
    """
    key = _key(sent.public_key)
    verify(key, sent.body, signature)
    row = await session.scalar(
        select(TabletCodeRow)
        .where(TabletCodeRow.code_blind == vault.blind(sent.code, _CONTEXT))
        .order_by(TabletCodeRow.made_at.desc())
        .limit(1)
        .with_for_update()
    )
    if row is None:
        raise CodeWrong
    if row.tablet_id is not None:
        tablet = await session.get_one(TabletRow, row.tablet_id)
        if tablet.public_key != key:
            raise CodeUsed
        return Enrolled(tablet_id=tablet.id, label=tablet.label, site_id=tablet.site_id)
    if now >= row.expires_at:
        raise CodeExpired
    row.tablet_id = await add_tablet(
        session, SYSTEM, site_id=row.site_id, label=row.label, public_key=key, by=row.made_by, now=now
    )
    row.used_at = now
    await session.flush()
    return Enrolled(tablet_id=row.tablet_id, label=row.label, site_id=row.site_id)


async def _fresh(session: AsyncSession, vault: Vault, now: datetime) -> tuple[str, str]:
    """A code that is not in use, with its index."""
    while True:
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
        blind = vault.blind(code, _CONTEXT)
        used = select(TabletCodeRow.id).where(TabletCodeRow.code_blind == blind, TabletCodeRow.expires_at > now)
        if await session.scalar(used) is None:
            return code, blind


def _key(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error) as error:
        raise KeyUnusable from error
