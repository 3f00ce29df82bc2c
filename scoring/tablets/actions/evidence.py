"""Photos of evidence: checked, stored by their hash, and known from then on."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel.files import FileStore
from scoring.tablets.actions.found import require_active, tablet_row
from scoring.tablets.actions.keys import verify
from scoring.tablets.models import TabletEvidenceRow
from scoring.tablets.rules.evidence import EvidenceHashWrong, announced, read_photo


async def keep_photo(
    session: AsyncSession,
    files: FileStore,
    *,
    tablet_id: UUID,
    sha256: str,
    data: bytes,
    signature: bytes,
    now: datetime,
) -> str:
    """Keep a photo that a tablet sends; once, however often it comes. Returns its hash.

    :raises TabletUnknown, TabletRevoked, SignatureWrong, EvidenceHashWrong and the refusals of `rules.evidence`: nothing
        was kept
    """
    tablet = await tablet_row(session, tablet_id)
    require_active(tablet)
    verify(tablet.public_key, announced(str(tablet.id), sha256, len(data)), signature, label=tablet.label)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise EvidenceHashWrong
    found = read_photo(data)
    files.put(data)  # before the row: what the row promises is there
    kept = insert(TabletEvidenceRow).values(
        tablet_id=tablet.id,
        sha256=sha256,
        size_bytes=len(data),
        width=found.width,
        height=found.height,
        received_at=now,
    )
    await session.execute(kept.on_conflict_do_nothing())
    tablet.seen_at = now
    await session.flush()
    return sha256
