"""The nightly check: the clock starts it, a cut one goes on where it stood, `kaowu check` reads everything the same way.

A slice is read side by side in child processes while no transaction is open; then it is noted. Memory holds one slice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing.signer import roots
from certificates.keys import queries as keys
from certificates.keys.signer import has_keys
from certificates.nightly import actions, checker, queries
from certificates.nightly.actions import NIGHTLY_JOB
from certificates.nightly.queries import Check
from certificates.nightly.rules import Difference, Expected
from exam.kernel.services import Services

SLICE: Final = 200
"""Files read between two notes: about a second's work."""

log = logging.getLogger("kaowu.certificates")


async def run(services: Services, *, whole: bool = False, asked_by: UUID | None = None) -> Check:
    """Read what is due and look through the ledger; goes on with a run that was cut."""
    async with services.db.transaction() as session:
        check = await actions.begin(session, now=services.clock.now(), whole=whole, asked_by=asked_by)
    left = check.due_count - check.read_count
    while left > 0:
        async with services.db.transaction() as session:
            ids = await queries.due(session, before=check.started_at, limit=min(SLICE, left))
            expected = await actions.expected_of(session, services.vault, ids)
            trusted = await _trusted(session, services)
        if not ids:
            break
        read = await read_files(services, trusted, expected)
        async with services.db.transaction() as session:
            await actions.note(session, check_id=check.id, read=read, now=services.clock.now())
        left -= len(ids)
    async with services.db.transaction() as session:
        found = await actions.ledger_findings(session, services)
    async with services.db.transaction() as session:
        done = await actions.end(session, check_id=check.id, ledger_findings=found, now=services.clock.now())
    if not done.passed:
        log.error("the nightly check found %d wrong files, %d in the ledger", done.wrong_count, len(found))
    return done


async def read_files(
    services: Services, trusted: list[bytes], expected: Sequence[Expected]
) -> dict[UUID, list[Difference]]:
    """Read files side by side; in what each differs."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(checker.together()) as pool:
        found = await asyncio.gather(
            *(loop.run_in_executor(pool, actions.compare, services.files, trusted, one) for one in expected)
        )
    return {one.id: differs for one, differs in zip(expected, found, strict=True)}


async def findings(session: AsyncSession, services: Services) -> tuple[list[str], list[str]]:
    """Every stored file read on an open session, and the ledger: what `kaowu check` says of the one and of the other."""
    files: list[str] = []
    trusted = await _trusted(session, services)
    after: UUID | None = None
    while ids := await queries.stored(session, after=after, limit=SLICE):
        after = ids[-1]
        expected = await actions.expected_of(session, services.vault, ids)
        files += _lines(expected, await read_files(services, trusted, expected))
    return files, await actions.ledger_findings(session, services)


def _lines(expected: Sequence[Expected], read: Mapping[UUID, Sequence[Difference]]) -> list[str]:
    return [f"{one.number}/{one.version}: {found.line}" for one in expected for found in read[one.id]]


async def _trusted(session: AsyncSession, services: Services) -> list[bytes]:
    """The authorities above the keys for documents: of the ring and of the register."""
    own = roots(services.settings) if has_keys(services.settings) else []
    return list(dict.fromkeys([*own, *await keys.roots(session)]))


async def nightly_job(services: Services, payload: dict[str, Any]) -> None:
    """The clock's job; or an officer's, who wants to know now."""
    asked = payload.get("asked_by")
    await run(services, whole=bool(payload.get("whole")), asked_by=UUID(asked) if asked else None)


JOBS = {NIGHTLY_JOB: nightly_job}
SCHEDULES = {NIGHTLY_JOB: "20 17 * * *"}
"""01:20 in China."""
