"""Issuing a release: groups that any number of workers take, each step its own transaction, heard by the stop switch.

A group goes: look who is still to be issued, and what has changed since the approval; reserve numbers with their intents
and ledger entries; seal the ledger; draw with its proof, sign, look at our own work, store; note the hashes; issue. Whatever is cut is found again as an unfinished certificate
and goes on from where it stood. Two workers on one group (one of them believed dead) do no harm: a number is taken under a
lock, and what one has stored or issued the other leaves alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncSession

from certificates.designs import actions as designs
from certificates.designs import queries as designed
from certificates.designs.rules.records import Template
from certificates.issuing import actions, queries
from certificates.issuing.actions import FINISH_JOB, GROUP_JOB, Begin, Issued, OutcomeChanged
from certificates.issuing.documents import Intent, Prepared, prepared
from certificates.issuing.documents.samples import keep
from certificates.issuing.jobs import making
from certificates.issuing.jobs.making import Work
from certificates.issuing.rules.face import Eligible
from certificates.issuing.rules.records import Certificate
from certificates.issuing.rules.releases import (
    CHANGED_SINCE,
    Halted,
    Release,
    ReleaseItem,
    ReleaseStatus,
    changed_since,
    face_sha256,
)
from certificates.issuing.rules.status import UNFINISHED, CertificateStatus
from certificates.issuing.signer import signer_of
from certificates.keys import actions as keys
from certificates.keys.rules.purposes import Purpose
from certificates.keys.rules.register import KeyRefused, KeyUnknown
from certificates.ledger import jobs as sealing
from certificates.ledger import queries as ledger
from exam.accounts import queries as accounts
from exam.accounts.rules import SYSTEM, Actor
from exam.kernel.clock import china_date
from exam.kernel.db import chunks
from exam.kernel.errors import N_, Problem, Refusal, Unavailable
from exam.kernel.services import Services
from exam.registration import actions as registration
from exam.registration import queries as registrations
from exam.registration.rules import BatchStatus

SWEEP_JOB: Final = "certificates.issue_open"
TOGETHER: Final = 2
"""Groups that one process works on at a time: while one draws, the other talks to the database."""
SLICE: Final = 8
"""Certificates between two looks at the stop switch: less than a second's work."""
Progress = Callable[[int, int], None]
"""Told how many are done of how many."""

log = logging.getLogger("kaowu.certificates")


class Unfinished(Unavailable):
    """Some of a group could not be made or issued; the rest is done. The sweep tries again, and the batch page names them."""

    message = N_("%(n)s 本证书没有完成（%(reason)s），编号已保留。")
    way_out = N_("请查看批次页上未完成的证书；查明原因后可以继续。")


@dataclass(frozen=True)
class Counts:
    """What one run did."""

    issued: int = 0
    resumed: int = 0
    refused: int = 0
    problems: tuple[Problem, ...] = field(default=(), repr=False)

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.issued + other.issued,
            self.resumed + other.resumed,
            self.refused + other.refused,
            self.problems + other.problems,
        )


@dataclass(frozen=True, kw_only=True)
class _Group:
    """Where a group stands when a worker looks at it."""

    actor: Actor
    release: Release
    items: Mapping[UUID, ReleaseItem]  # those without a number, by registration
    waiting: Sequence[Eligible]
    templates: Mapping[UUID, Template]  # of the organisations: the designs in force
    begun: Sequence[UUID]


async def issue_batch(services: Services, actor: Actor, batch_id: UUID, progress: Progress | None = None) -> Counts:
    """Carry out, in this process, what two people have released for a batch; can be called again at any time.

    Who cannot be printed any more, or has changed since the approval, is left out by name before a number is spent. When
    nothing is left, the batch becomes `certificates_issued`.
    """
    async with services.db.transaction() as session:
        await actions.require_ready(session, actor, batch_id)
        approved = [one for one in await queries.releases_of(session, batch_id) if one.status is ReleaseStatus.APPROVED]
        stand = [await queries.progress_of(session, one) for one in approved]
        groups = [
            (one.id, number)
            for one in approved
            for number in (await queries.open_groups(session, one.id)).get(one.id, [])
        ]
    total, done = sum(one.left for one in stand), 0
    counts = Counts()

    async def work(release_id: UUID, number: int) -> Counts:
        nonlocal done
        found = await issue_group(services, release_id, number)
        done += found.issued
        if progress is not None:
            progress(done, total)
        return found

    for some in chunks(groups, TOGETHER):
        for one in await asyncio.gather(*(work(*group) for group in some)):
            counts += one
    await _close_batch(services, actor, batch_id)
    return counts


async def issue_group(services: Services, release_id: UUID, number: int) -> Counts:
    """Take one group of an approved release to the end, from wherever each of its certificates stands.

    Raises `Halted` when the stop switch is on, `Unfinished` when some could not be completed.
    """
    async with _turn():
        group = await _look(services, release_id, number)
        if group is None:
            return Counts()
        items, problems = await asyncio.to_thread(_still_printable, services, group)
        ids = [*group.begun, *await _reserve(services, group, items, problems)]
        done = await _finish(services, group.actor, ids)
        told = [problem for some in problems.values() for problem in some]
        told += [OutcomeChanged.problem(blocked) for blocked in done.blocked]
        await _close_release(services, group)
    return Counts(done.count, len(group.begun), len(problems) + len(done.blocked), tuple(told))


async def finish(services: Services, actor: Actor, certificate_id: UUID) -> None:
    """Draw, sign and issue one certificate whose number is reserved: a correction or a replacement."""
    done = await _finish(services, actor, [certificate_id])
    if done.blocked:
        raise OutcomeChanged(number=done.blocked[0])


async def _look(services: Services, release_id: UUID, number: int) -> _Group | None:
    async with services.db.transaction() as session:
        await queries.require_running(session)
        release = await queries.release(session, release_id)
        if release.status is not ReleaseStatus.APPROVED or release.decided_by is None:
            return None
        actor = await accounts.actor(session, release.decided_by)
        items = {one.registration_id: one for one in await queries.group_items(session, release_id, number)}
        begun = await queries.of_group(session, release_id, items)
        left = {id: one for id, one in items.items() if id not in {each.registration_id for each in begun}}
        waiting = await queries.eligible(
            session,
            actor,
            release.batch_id,
            issued_on=china_date(services.clock.now()),
            specimen=signer_of(services.settings).specimen,
            registration_ids=left,
        )
        organisations = sorted({one.organisation_id for one in waiting})
        templates = {id: await designed.template_in_force(session, id) for id in organisations}
    unfinished = [one.id for one in begun if one.status in UNFINISHED]
    return _Group(actor=actor, release=release, items=left, waiting=waiting, templates=templates, begun=unfinished)


def _still_printable(services: Services, group: _Group) -> tuple[list[Prepared], dict[UUID, Sequence[Problem]]]:
    """Who is still as approved and can be printed, and by registration why each of the others is left out."""
    same = {
        one.registration_id: one
        for one in group.waiting
        if (item := group.items[one.registration_id]).outcome_id == one.outcome_id
        and item.face_sha256 == face_sha256(one.face, one.photo_sha256)
    }
    problems: dict[UUID, Sequence[Problem]] = {
        one.registration_id: [changed_since(one.face)] for one in group.waiting if one.registration_id not in same
    }
    looked = prepared(list(same.values()), group.templates, services.settings.home, services.files.get)
    problems |= {one.item.registration_id: one.problems for one in looked if one.problems}
    fit = [one for one in looked if not one.problems]
    keep(fit, services.files)
    return fit, problems


async def _reserve(
    services: Services, group: _Group, items: Sequence[Prepared], problems: Mapping[UUID, Sequence[Problem]]
) -> list[UUID]:
    """Numbers and intents in one transaction, and whoever is left out off the list."""
    if not group.items:
        return []
    dropped = {id: problems[id][0].code for id in problems}
    seen = {one.registration_id for one in group.waiting}
    dropped |= {id: CHANGED_SINCE for id in group.items if id not in seen}
    now = services.clock.now()
    assert group.release.decided_by is not None
    begin = Begin(
        by=group.release.decided_by,
        templates=group.templates,
        compiled={one.item.registration_id: one.compiled for one in items},
        release_id=group.release.id,
    )
    async with services.db.transaction() as session:
        for id in sorted({one.item.organisation_id for one in items}):
            await designs.use(session, id, group.templates[id], now=now)
        fit = [one.item for one in items]
        ids = await actions.reserve(session, group.actor, services.vault, items=fit, begin=begin, now=now)
        taken = await queries.numbered(session, list(dropped))  # by another worker since we looked: not left out
        await actions.drop(
            session, release_id=group.release.id, dropped={id: why for id, why in dropped.items() if id not in taken}
        )
    return ids


async def _finish(services: Services, actor: Actor, ids: Sequence[UUID]) -> Issued:
    """Take reserved certificates to the end; what fails alone does not keep the others back."""
    if not ids:
        return Issued(0, ())
    waiting = await _works(services, ids)
    failures: list[Exception] = []
    for some in chunks(waiting, SLICE * 4):
        made, failed = await _make(services, some)
        failures += failed
        if made:
            async with services.db.transaction() as session:
                await actions.store(session, actor, signed=made, now=services.clock.now())
    async with services.db.transaction() as session:
        done = await actions.issue(session, actor, services.vault, ids=ids, now=services.clock.now())
    for failure in failures:
        log.warning("a certificate could not be made: %s", type(failure).__name__)
    if failures:
        halted = next((one for one in failures if isinstance(one, Halted)), None)
        raise halted or Unfinished(n=len(failures), reason=_reason(failures[0]))
    return done


async def _works(services: Services, ids: Sequence[UUID]) -> list[Work]:
    """What is still to be drawn, with its proof: the ledger is sealed first, so that the proof can go into the file."""
    async with services.db.transaction() as session:
        rows = [one for one in await queries.certificates(session, ids) if one.status is CertificateStatus.NUMBERED]
    if not rows:
        return []
    await sealing.seal(services)
    places = {one.id: one.leaf_index for one in rows if one.leaf_index is not None}
    async with services.db.transaction() as session:
        records = await actions.records(session, services.vault, list(places))
        proofs = await ledger.proofs(session, sorted(places.values()))
        templates = {name: await designed.template(session, name) for name in sorted({one.template for one in rows})}
    return [
        Work(
            intent=_intent(one, records[one.id]["id_number"], templates[one.template]),
            record=records[one.id],
            proof=proofs[places[one.id]],
        )
        for one in rows
    ]


async def _make(services: Services, works: Sequence[Work]) -> tuple[dict[UUID, str], list[Exception]]:
    """Make certificates side by side; between two slices the stop switch is heard, and what is made is kept."""
    made: dict[UUID, str] = {}
    failed: list[Exception] = []
    for some in chunks(works, SLICE):
        try:
            async with services.db.transaction() as session:
                await queries.require_running(session)
                await _require_keys(services, session)
        except (Halted, KeyRefused, KeyUnknown) as stopped:
            return made, [*failed, stopped]
        results = await asyncio.gather(
            *(asyncio.to_thread(making.make, services, work) for work in some), return_exceptions=True
        )
        for work, result in zip(some, results, strict=True):
            if isinstance(result, str):
                made[work.intent.id] = result
            elif isinstance(result, Exception):
                failed.append(result)
            else:
                raise result
    return made, failed


async def _require_keys(services: Services, session: AsyncSession) -> None:
    """The register lets the keys of documents and credentials sign now: a lost key is heard as soon as the stop switch."""
    for purpose in (Purpose.DOCUMENT, Purpose.CREDENTIAL):
        signer = signer_of(services.settings, purpose)
        await keys.require_usable(session, signer, purpose, now=services.clock.now())


def _reason(failure: Exception) -> str:
    return (
        str(failure.facts.get("reason", type(failure).__name__))
        if isinstance(failure, Refusal)
        else type(failure).__name__
    )


def _intent(one: Certificate, id_number: str, template: Template) -> Intent:
    """What is drawn, with the design that the certificate was begun with, whichever is in force by now."""
    return Intent(
        id=one.id,
        number=one.number,
        version=one.version,
        token=one.token,
        template=template,
        face=one.face,
        id_number=id_number,
        photo_sha256=one.photo_sha256,
        numbered_at=one.numbered_at,
        compiled=one.compiled,
    )


async def _close_release(services: Services, group: _Group) -> None:
    """After the last group of a release, the batch moves on if nobody waits any more."""
    async with services.db.transaction() as session:
        if await queries.open_groups(session, group.release.id):
            return
    await _close_batch(services, group.actor, group.release.batch_id)


async def _close_batch(services: Services, actor: Actor, batch_id: UUID) -> None:
    """Move the batch on when every organisation's certificates are issued."""
    async with services.db.transaction() as session:
        batch = await registrations.batch(session, batch_id)
        if batch.status is not BatchStatus.FINAL:
            return
        line = await queries.batch_line(session, SYSTEM, batch)
        if not line.left and line.issued:
            await registration.move_batch(
                session, actor, batch_id=batch_id, to=BatchStatus.CERTIFICATES_ISSUED, now=services.clock.now()
            )


_TURNS: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]] = WeakKeyDictionary()


def _turn() -> asyncio.Semaphore:
    """This process's turns: what it has picked from the queue and does not work on yet waits for one."""
    return _TURNS.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(TOGETHER))


async def group_job(services: Services, payload: dict[str, Any]) -> None:
    """One group of a release. While issuing is stopped it is left; whoever ends the stop queues it again."""
    await _left_open(lambda: issue_group(services, UUID(payload["release_id"]), int(payload["group"])))


async def finish_job(services: Services, payload: dict[str, Any]) -> None:
    """The job that completes a correction or replacement."""
    async with services.db.transaction() as session:
        actor = await accounts.actor(session, UUID(payload["account_id"]))
    await _left_open(lambda: finish(services, actor, UUID(payload["certificate_id"])))


async def sweep_job(services: Services, payload: dict[str, Any]) -> None:
    """Queue again what was left open: by a stop, by a signer or witness that was away, by a certificate that failed."""
    async with services.db.transaction() as session:
        if await queries.halt_in_force(session) is None:
            await actions.queue_open(session)


async def _left_open(work: Callable[[], Awaitable[object]]) -> None:
    """Do the work, or leave it where it stands for the sweep: while issuing is stopped, or a part that it needs is away."""
    try:
        await work()
    except (Halted, Unavailable) as missing:
        log.warning("certificates are left where they stand: %s", type(missing).__name__)


JOBS = {GROUP_JOB: group_job, FINISH_JOB: finish_job, SWEEP_JOB: sweep_job}
SCHEDULES = {SWEEP_JOB: "*/5 * * * *"}
