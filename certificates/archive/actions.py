"""What happens in the archive: a copy is noted beside its certificate."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from certificates.archive.models import ArchiveCopyRow
from certificates.archive.rules.reading import Reading
from certificates.issuing import queries as issuing
from exam.accounts.rules import SYSTEM
from exam.kernel import audit
from exam.kernel.ids import new_id


async def add(session: AsyncSession, certificate_id: UUID, found: Reading, *, now: datetime) -> UUID:
    """Note a copy that lies in the store, as it was read; raises `AssertionError` for the file of another certificate."""
    issued = await issuing.certificate(session, certificate_id)
    seen = found.examination
    assert seen.original_sha256 == issued.sha256
    assert seen.stamped_at is not None
    row = ArchiveCopyRow(
        id=new_id(), certificate_id=certificate_id, original_sha256=seen.original_sha256, sha256=seen.sha256,
        size_bytes=seen.size_bytes, level=str(seen.level), stamped_at=seen.stamped_at, renew_by=found.stamps[-1].ends,
        made_at=now,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    await audit.record(
        session, SYSTEM, "archive.add", subject="archive_copy", ids=[row.id], stream=f"batch:{issued.batch_id}", now=now,
        data={"number": issued.number, "version": issued.version, "level": str(seen.level), "sha256": seen.sha256},
    )  # fmt: skip
    return row.id
