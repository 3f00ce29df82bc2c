"""Issuing a batch: reserve, draw, sign, look at our own work, store, issue; in small groups, each step its own transaction.

Whatever is cut is found again as an unfinished certificate and goes on from where it stood: a reserved number is drawn,
a stored file is issued. Drawing runs in the children of `exam.kernel.pdf`, two at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from certificates.issuing import actions, queries
from certificates.issuing.actions import FINISH_JOB, ISSUE_JOB, Issued, OutcomeChanged
from certificates.issuing.documents import Intent, draw, printable_of
from certificates.issuing.rules.face import TEMPLATE
from certificates.issuing.rules.records import Certificate
from certificates.issuing.rules.signature import examine
from certificates.issuing.rules.status import CertificateStatus
from certificates.issuing.signer import CannotSign, roots, sign, signer_of
from exam.accounts import queries as accounts
from exam.accounts.rules import SYSTEM, Actor
from exam.kernel.clock import china_date
from exam.kernel.db import chunks
from exam.kernel.errors import Problem
from exam.kernel.services import Services
from exam.registration import actions as registration
from exam.registration import queries as registrations
from exam.registration.rules import BatchStatus

GROUP: Final = 24
Progress = Callable[[int, int], None]
"""Told how many are done of how many."""


@dataclass(frozen=True)
class Counts:
    """What one run did."""

    issued: int = 0
    resumed: int = 0
    refused: int = 0
    problems: tuple[Problem, ...] = field(default=(), repr=False)


async def issue_batch(services: Services, actor: Actor, batch_id: UUID, progress: Progress | None = None) -> Counts:
    """Issue every certificate of a batch that the actor may issue; can be called again at any time.

    A certificate that cannot be printed (a character without a glyph, no photo) is refused by name before a number is
    spent. When nothing is left, the batch becomes `certificates_issued`.
    """
    now = services.clock.now()
    async with services.db.transaction() as session:
        await actions.require_ready(session, actor, batch_id)
        begun = await queries.unfinished(session, actor, batch_id)
        waiting = await queries.eligible(
            session, actor, batch_id, issued_on=china_date(now), specimen=signer_of(services.settings).specimen
        )
    printable, problems = await asyncio.to_thread(printable_of, waiting, services.settings.home)
    total = len(begun) + len(printable)
    done = Issued(0, ())
    for group in chunks(begun, GROUP):
        done += await _finish(services, actor, [one.id for one in group])
        _tell(progress, done, total)
    for items in chunks(printable, GROUP):
        async with services.db.transaction() as session:
            ids = await actions.reserve(session, actor, services.vault, items=items, now=services.clock.now())
        done += await _finish(services, actor, ids)
        _tell(progress, done, total)
    problems += [OutcomeChanged.problem(number) for number in done.blocked]
    if not problems:
        await _close_batch(services, actor, batch_id)
    refused = len(waiting) - len(printable) + len(done.blocked)
    return Counts(issued=done.count, resumed=len(begun), refused=refused, problems=tuple(problems))


async def finish(services: Services, actor: Actor, certificate_id: UUID) -> None:
    """Draw, sign and issue one certificate whose number is reserved: a correction or a replacement."""
    done = await _finish(services, actor, [certificate_id])
    if done.blocked:
        raise OutcomeChanged(number=done.blocked[0])


async def _finish(services: Services, actor: Actor, ids: Sequence[UUID]) -> Issued:
    """Take reserved certificates to the end, from wherever each stands."""
    if not ids:
        return Issued(0, ())
    async with services.db.transaction() as session:
        rows = await queries.certificates(session, ids)
        intents = [await _intent(services, session, row) for row in rows if row.status is CertificateStatus.NUMBERED]
    drawn = await asyncio.gather(*(asyncio.to_thread(produce, services, intent) for intent in intents))
    if drawn:
        async with services.db.transaction() as session:
            signed = {intent.id: sha256 for intent, sha256 in zip(intents, drawn, strict=True)}
            await actions.store(session, actor, signed=signed, now=services.clock.now())
    async with services.db.transaction() as session:
        return await actions.issue(session, actor, services.vault, ids=ids, now=services.clock.now())


async def _intent(services: Services, session: Any, row: Certificate) -> Intent:
    return Intent(
        id=row.id,
        number=row.number,
        version=row.version,
        token=row.token,
        template=TEMPLATE,
        face=row.face,
        id_number=await actions.open_id_number(session, services.vault, row.id),
        photo_sha256=row.photo_sha256,
        numbered_at=row.numbered_at,
    )


def produce(services: Services, intent: Intent) -> str:
    """Draw, sign, check with other eyes, store; returns the hash. Nothing unsigned is ever stored."""
    signer = signer_of(services.settings)
    drawn = draw(
        intent,
        photo=services.files.get(intent.photo_sha256),
        base_url=services.settings.base_url,
        signer_name=signer.name,
        home=services.settings.home,
    )
    signed = sign(drawn, signer)
    found = examine(signed, roots(services.settings))
    if not found.accepted:
        raise CannotSign(reason=", ".join(found.flaws))
    return services.files.put(signed)


async def _close_batch(services: Services, actor: Actor, batch_id: UUID) -> None:
    """Move the batch on when every organisation's certificates are issued."""
    async with services.db.transaction() as session:
        batch = await registrations.batch(session, batch_id)
        line = await queries.batch_line(session, SYSTEM, batch)
        if batch.status is BatchStatus.FINAL and not line.left and line.issued:
            await registration.move_batch(
                session, actor, batch_id=batch_id, to=BatchStatus.CERTIFICATES_ISSUED, now=services.clock.now()
            )


def _tell(progress: Progress | None, done: Issued, total: int) -> None:
    if progress is not None:
        progress(done.count, total)


async def issue_batch_job(services: Services, payload: dict[str, Any]) -> None:
    """The job behind the button: the officer who pressed it is the issuer."""
    async with services.db.transaction() as session:
        actor = await accounts.actor(session, UUID(payload["account_id"]))
    await issue_batch(services, actor, UUID(payload["batch_id"]))


async def finish_job(services: Services, payload: dict[str, Any]) -> None:
    """The job that completes a correction or replacement."""
    async with services.db.transaction() as session:
        actor = await accounts.actor(session, UUID(payload["account_id"]))
    await finish(services, actor, UUID(payload["certificate_id"]))


JOBS = {ISSUE_JOB: issue_batch_job, FINISH_JOB: finish_job}
