"""A tablet asks for its pack: sealed for the badges on duty, and their passes written."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import SYSTEM
from exam.kernel.crypto import Vault
from exam.kernel.files import FileStore
from scoring.tablets import queries
from scoring.tablets.actions.found import record, require_active, tablet_row
from scoring.tablets.actions.keys import verify
from scoring.tablets.models import TabletPassRow, TabletRow
from scoring.tablets.rules.packs import NONCE_BYTES, PACK, Ask, seal_pack


async def pack(
    session: AsyncSession, vault: Vault, files: FileStore, ask: Ask, signature: bytes, *, now: datetime
) -> dict[str, Any]:
    """The answer to an ask (docs/formats/tablets.md). Whoever can open it may be spoken for by this tablet from now on.

    :raises TabletUnknown, TabletRevoked, SignatureWrong: nothing is handed out
    """
    tablet = await tablet_row(session, ask.tablet_id, lock=True)
    require_active(tablet)
    verify(tablet.public_key, ask.body, signature, label=tablet.label)
    content = await queries.pack_content(session, files, tablet.id, export_key=vault.exchange_key, now=now)
    openers = await queries.openers(session, vault, content.assessors)
    await _pass(session, tablet, openers, now)
    tablet.seen_at = now
    await session.flush()
    sealed = seal_pack(
        tablet.id,
        content.inside,
        sorted(openers.values(), key=lambda one: one.number),
        key=secrets.token_bytes(32),
        nonces=[secrets.token_bytes(NONCE_BYTES) for _ in range(len(openers) + 1)],
    )
    return {
        "format": PACK,
        "device": str(tablet.id),
        "now": now.isoformat(),
        "rooms": [queries.room_head(one) for one in content.rooms],
        "waiting": sorted(name for account, name in content.assessors.items() if account not in openers),
        **sealed,
    }


async def _pass(session: AsyncSession, tablet: TabletRow, account_ids: Collection[UUID], now: datetime) -> None:
    """Write the passes that are not there yet."""
    rows = [
        {"tablet_id": tablet.id, "account_id": one, "issued_at": now} for one in sorted(account_ids, key=str)
    ]  # fmt: skip
    if not rows:
        return
    passed = insert(TabletPassRow).values(rows).on_conflict_do_nothing().returning(TabletPassRow.account_id)
    fresh = sorted(str(one) for one in await session.scalars(passed))
    if fresh:
        await record(session, SYSTEM, "tablets.pass", tablet, now, accounts=fresh)
