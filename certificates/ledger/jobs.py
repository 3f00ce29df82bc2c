"""Sealing: the log signs the head of its tree, its witnesses cosign it, the checkpoint and its tiles are published.

No transaction is open while anybody is asked. What is cut is done again from the start: the same size has the same head.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final

from certificates.keys import actions as keys
from certificates.keys.rules.purposes import Purpose
from certificates.keys.signer import signer_of
from certificates.ledger import actions, queries
from certificates.ledger.client import Ahead, Asked, ask, cosigned
from certificates.ledger.client import client as client
from certificates.ledger.documents import LedgerWentBack, folder_of, published_size, write_checkpoint, write_tiles
from certificates.ledger.queries import Checkpoint, Tree
from certificates.ledger.rules.checkpoints import TreeHead
from certificates.ledger.rules.merkle import plan_consistency
from certificates.ledger.rules.notes import Note
from certificates.ledger.rules.tiles import tiles_of
from certificates.ledger.signer import log_origin, policy_of, signed
from exam.kernel.db import chunks
from exam.kernel.errors import N_, Unavailable
from exam.kernel.services import Services

SEAL_JOB: Final = "certificates.seal"
_TRIES: Final = 5
_TOGETHER: Final = 64

log = logging.getLogger("kaowu.ledger")


class NoQuorum(Unavailable):
    """Too few witnesses cosigned: the checkpoint is not published, and what waits for it waits."""

    message = N_("登记簿的检查点（%(size)s 条）未取得足够的见证：%(missing)s。")
    way_out = N_("请检查见证方是否在运行；恢复后颁发会自动继续。")


async def seal(services: Services) -> Checkpoint:
    """Publish a checkpoint of the ledger as it stands, or return the one that is published.

    Raises `NoQuorum` where too few witnesses answer, `CannotSign` without the log's key, and `LedgerWentBack`.
    """
    for _ in range(_TRIES):
        try:
            sealed = await _seal(services)
        except Ahead:
            continue  # another worker sealed a larger tree meanwhile
        await publish(services, sealed)
        return sealed
    raise NoQuorum(size="?", missing=str(_TRIES))


async def _seal(services: Services) -> Checkpoint:
    async with services.db.transaction() as session:
        last = await queries.checkpoint(session)
        size = await queries.size(session)
        if last is not None and last.size == size:
            return last
        await keys.require_usable(
            session, signer_of(services.settings, Purpose.LEDGER), Purpose.LEDGER, now=services.clock.now()
        )
        origin = await log_origin(session, services.settings)
        head = TreeHead(origin, size, await Tree(session).root(size))
    note = await asyncio.to_thread(signed, services.settings, head)
    now = services.clock.now()
    async with services.db.transaction() as session:
        await actions.keep_head(session, head, note, now=now)
    full = await _cosign(services, note, size, last.size if last is not None else 0)
    async with services.db.transaction() as session:
        return await actions.keep_checkpoint(session, size, full, now=now)


async def _cosign(services: Services, note: Note, size: int, guess: int) -> Note:
    """The note with enough cosignatures; raises `NoQuorum` or `Ahead`."""
    policy = policy_of(services.settings)
    if not policy.witnesses:
        return note

    async def prove(old: int) -> Sequence[bytes]:
        async with services.db.transaction() as session:
            return (await Tree(session).prove([plan_consistency(old, size)]))[0]

    async with client() as http:
        answers = await asyncio.gather(
            *(ask(http, one, note, size=size, guess=guess, prove=prove) for one in policy.witnesses if one.url)
        )
    full = cosigned(policy, note, answers)
    if not policy.met(policy.cosigners(full)):
        raise NoQuorum(size=size, missing=_missing(answers))
    return full


def _missing(answers: Sequence[Asked]) -> str:
    return "; ".join(f"{one.witness.name}: {one.problem}" for one in answers if one.signature is None) or "—"


async def publish(services: Services, sealed: Checkpoint) -> None:
    """Write the files of a checkpoint's tree that are not there yet, the checkpoint last."""
    folder = folder_of(services.settings)
    since = published_size(folder)
    if since > sealed.size:
        async with services.db.transaction() as session:
            if since > await queries.size(session):
                raise LedgerWentBack(size=sealed.size, published=since)
        return
    if since == sealed.size and (folder / "checkpoint").exists():
        return
    for part in chunks(list(tiles_of(sealed.size, since=since)), _TOGETHER):
        async with services.db.transaction() as session:
            files = [(one, await queries.tile(session, one)) for one in part]
        await asyncio.to_thread(write_tiles, folder, files)
    await asyncio.to_thread(write_checkpoint, folder, sealed.size, sealed.text)


async def seal_job(services: Services, payload: dict[str, Any]) -> None:
    """The clock's job: what was appended and not sealed by whoever appended it, a revocation say."""
    async with services.db.transaction() as session:
        last, size = await queries.checkpoint(session), await queries.size(session)
    if not size or (last is not None and last.size == size):
        return
    try:
        await seal(services)
    except Unavailable as missing:  # a refusal would park the job; the next minute asks again
        log.warning("the ledger is not sealed: %s", missing)


JOBS = {SEAL_JOB: seal_job}
SCHEDULES = {SEAL_JOB: "* * * * *"}
