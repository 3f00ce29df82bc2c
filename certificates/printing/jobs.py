"""Print files in the background: an order's parts, each a job of its own, so that what was made stays made when a worker dies."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from certificates.issuing import queries as issuing
from certificates.printing import actions, documents, queries
from certificates.printing.actions import PART_JOB, PURGE_JOB
from certificates.printing.rules.papers import PaperStatus
from exam.accounts.rules import SYSTEM
from exam.kernel.files import FileAltered
from exam.kernel.services import Services


async def print_part(services: Services, payload: dict[str, Any]) -> None:
    """Make the file of one part: its sheets in the order of the paper, as they are bound now."""
    order_id, number = UUID(payload["order_id"]), int(payload["part"])
    async with services.db.transaction() as session:
        one = await queries.order(session, SYSTEM, order_id)
        part = next((each for each in await queries.parts_of(session, order_id) if each.part == number), None)
        if part is None or part.sha256 is not None:  # made already, before a worker died
            return
        serials = {
            sheet.serial: sheet.certificate_id
            for sheet in await queries.papers_of(session, order_id)
            if sheet.status is PaperStatus.BOUND and part.first_serial <= sheet.serial <= part.last_serial
        }
        stored = {
            each.id: each for each in await issuing.slips(session, ids=[i for i in serials.values() if i], ended=True)
        }
    listed = [stored[id] for _, id in sorted(serials.items()) if id in stored]
    made: list[bytes] = []
    problem = "" if listed else "empty"
    for each in listed:
        try:
            made.append(await asyncio.to_thread(services.files.get, each.sha256))
        except (FileNotFoundError, FileAltered):
            problem = each.number
            break
    sha256 = ""
    if not problem:
        try:
            sha256 = services.files.put(await asyncio.to_thread(documents.sheets, made, one.setting))
        except documents.NoFrame:
            problem = "no_frame"
    async with services.db.transaction() as session:
        if problem:
            await actions.fail_part(session, order_id, number, problem)
        else:
            await actions.keep_part(session, order_id, number, sha256, now=services.clock.now())


async def purge_print_parts(services: Services, payload: dict[str, Any]) -> None:
    """Remove files made long ago: first the record, then the bytes; a file without a record is harmless."""
    async with services.db.transaction() as session:
        hashes = await actions.purge(session, now=services.clock.now())
    for sha256 in hashes:
        services.files.remove(sha256)


JOBS = {PART_JOB: print_part, PURGE_JOB: purge_print_parts}
SCHEDULES = {PURGE_JOB: "20 19 * * *"}
