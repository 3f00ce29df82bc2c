"""Steps g and h: numbers taken, certificates drawn, signed, stored and issued; each registered on the platform."""

from datetime import date
from uuid import UUID

from certificates.issuing import jobs as issuing
from certificates.issuing import queries as issued
from certificates.issuing.rules.status import CertificateStatus
from certificates.platform import jobs as platform
from certificates.platform import queries as registered
from exam.demo.progress import Step
from exam.demo.stage import Stage
from exam.kernel.errors import N_
from exam.registration import actions as registration
from exam.registration.rules.status import BatchStatus


class NotIssued(RuntimeError):
    """A certificate of the demo could not be printed."""


async def issue(stage: Stage, batch_id: UUID, step: Step) -> int:
    """Issue every certificate of the batch, today; returns how many."""

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
