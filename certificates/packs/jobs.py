"""Packs in the background: every stored file is read and compared with its hash, group by group; a cut run goes on where it was."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any
from uuid import UUID
from zlib import crc32

from certificates.packs import actions
from certificates.packs.actions import PREPARE_JOB, PURGE_JOB
from exam.kernel.files import FileAltered, FileStore
from exam.kernel.services import Services


async def prepare_pack(services: Services, payload: dict[str, Any]) -> None:
    """Compare what is left of a pack and lay it out. Two at once do the same work twice and end in the same bytes."""
    pack_id = UUID(payload["pack_id"])
    while True:
        async with services.db.transaction() as session:
            group = await actions.next_group(session, pack_id)
        if not group:
            break
        found, bad = await asyncio.to_thread(_compare, services.files, group)
        async with services.db.transaction() as session:
            if found:
                await actions.note(session, pack_id, found)
            if bad is not None:
                await actions.refuse(session, pack_id, bad)
                return
    async with services.db.transaction() as session:
        await actions.complete(session, pack_id)


async def purge_packs(services: Services, payload: dict[str, Any]) -> None:
    """Forget what stood in packs whose time is over."""
    async with services.db.transaction() as session:
        await actions.purge(session, now=services.clock.now())


def _compare(files: FileStore, group: list[tuple[int, str]]) -> tuple[list[tuple[int, int, int]], int | None]:
    """Size and checksum of each, and the place of the first that is missing or altered."""
    found: list[tuple[int, int, int]] = []
    for place, sha256 in group:
        try:
            data = files.get(sha256)
        except (FileNotFoundError, FileAltered):
            return found, place
        if hashlib.sha256(data).hexdigest() != sha256:
            return found, place
        found.append((place, len(data), crc32(data)))
    return found, None


JOBS = {PREPARE_JOB: prepare_pack, PURGE_JOB: purge_packs}
SCHEDULES = {PURGE_JOB: "50 18 * * *"}
