"""Steps g and h: numbers taken, certificates drawn, signed, stored and issued; each registered on the platform."""

from datetime import date, datetime
from uuid import UUID

from certificates.designs import queries as designed
from certificates.issuing import actions
from certificates.issuing import jobs as issuing
from certificates.issuing import queries as issued
from certificates.issuing.documents.samples import problems_of
from certificates.issuing.rules.status import CertificateStatus
from certificates.issuing.signer import signer_of
from certificates.nightly import jobs as nightly
from certificates.platform import jobs as platform
from certificates.platform import queries as registered
from exam.demo.progress import Step
from exam.demo.stage import Stage
from exam.kernel.clock import china_date
from exam.kernel.errors import N_
from exam.registration import actions as registration
from exam.registration.rules.status import BatchStatus


class NotIssued(RuntimeError):
    """A certificate of the demo could not be printed."""


async def release(stage: Stage, batch_id: UUID, now: datetime) -> None:
    """One officer proposes everybody who waits, another approves (domain.md section 2)."""
    proposer, approver = stage.cast["issuer"], stage.cast["issuer2"]
    async with stage.change() as session:
        waiting = await issued.eligible(
            session,
            proposer,
            batch_id,
            issued_on=china_date(now),
            specimen=signer_of(stage.services.settings).specimen,
        )
        organisations = {one.organisation_id for one in waiting}
        templates = {id: await designed.template_in_force(session, id) for id in sorted(organisations)}
    looked = problems_of(waiting, stage.services.settings.home, templates=templates)
    problems = {id: [one.code for one in found] for id, found in looked.items()}
    async with stage.change() as session:
        release_id = await actions.propose(
            session, proposer, batch_id=batch_id, waiting=waiting, problems=problems, now=now
        )
    async with stage.change() as session:
        await actions.approve(session, approver, release_id=release_id, now=now)


async def issue(stage: Stage, batch_id: UUID, step: Step) -> int:
    """Release and issue every certificate of the batch, today; returns how many."""
    await release(stage, batch_id, stage.services.clock.now())

    def told(done: int, total: int) -> None:
        step.tell(N_("%(done)s / %(all)s 张"), done=f"{done:,}", all=f"{total:,}")

    counts = await issuing.issue_batch(stage.services, stage.cast["issuer"], batch_id, told)
    if counts.refused:
        raise NotIssued("; ".join(str(problem.message % problem.facts) for problem in counts.problems[:3]))
    step.tell(N_("%(count)s 张，逐张签名入库"), count=f"{counts.issued:,}")
    return counts.issued


async def register(stage: Stage, batch_id: UUID, step: Step) -> int:
    """Register what waits; the batch is registered when every certificate has its receipt (E02)."""

    def told(done: int, total: int) -> None:
        step.tell(N_("%(done)s / %(all)s 张"), done=f"{done:,}", all=f"{total:,}")

    sent = await platform.register_pending(stage.services, told)
    step.tell(N_("%(count)s 张有回执"), count=f"{sent.accepted:,}")
    async with stage.change() as session:
        counts = await registered.counts(session, today=stage.today, batch_id=batch_id)
        if counts.total and counts.registered == counts.total:
            await registration.move_batch(
                session,
                stage.cast["issuer"],
                batch_id=batch_id,
                to=BatchStatus.REGISTERED,
                now=stage.services.clock.now(),
            )
    return counts.registered


async def reread(stage: Stage, step: Step) -> None:
    """The nightly check, once: every stored file against the register and the ledger."""
    done = await nightly.run(stage.services, whole=True)
    step.tell(N_("%(count)s 份，不符 %(wrong)s 份"), count=f"{done.read_count:,}", wrong=done.wrong_count)


async def issued_of(stage: Stage, batch_id: UUID) -> list[issued.Certificate]:
    """The certificates of a batch, by number."""
    async with stage.change() as session:
        found, _ = await issued.page_of(
            session, stage.cast["issuer"], batch_id=batch_id, status=CertificateStatus.ISSUED, limit=100_000
        )
    return found


async def registered_count(stage: Stage, batch_id: UUID, today: date) -> int:
    """How many have a receipt."""
    async with stage.change() as session:
        return (await registered.counts(session, today=today, batch_id=batch_id)).registered
