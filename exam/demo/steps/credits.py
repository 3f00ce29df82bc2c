"""After registration: ours compared with the platform's, credits proposed and recognised, some learners store, a school converts."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from certificates.credit import actions, jobs, queries
from certificates.credit.rules import PersonStatus, TypeStatus
from certificates.platform import jobs as platform
from certificates.platform.client import line_of
from exam.accounts.rules import SYSTEM
from exam.catalogue.rules import Level
from exam.demo.progress import Step
from exam.demo.stage import Stage
from exam.kernel.errors import N_
from exam.registration import queries as registration
from exam.registration.rules.identity import ID_TYPE_LABELS

HOURS = {Level.ELEMENTARY: Decimal(96), Level.INTERMEDIATE: Decimal(128), Level.ADVANCED: Decimal(160)}
RULE = "16 学时计 1 学分"
_EVERY_SECOND = 2
_LEFT_OPEN = 2  # types whose proposal the officer still has to make


async def store(stage: Stage, batch_id: UUID, step: Step) -> int:
    """Carry credits as far as they are in a living installation; returns how many certificates are stored."""
    await platform.compare_registers(stage.services, SYSTEM)
    await _propose(stage)
    await jobs.exchange(stage.services, {})
    learners = await _learners(stage, batch_id)
    answer = await line_of(stage.services).call("POST", "/credits/learners", json={"learners": learners})
    await jobs.exchange(stage.services, {})
    await _convert(stage)
    await jobs.exchange(stage.services, {})
    stored = len(answer["stored"])
    step.tell(N_("%(count)s 本已存入学分银行"), count=f"{stored:,}")
    return stored


async def _propose(stage: Stage) -> None:
    async with stage.change() as session:
        lines = [
            one for one in await queries.types(session, today=stage.today) if one.status is TypeStatus.PROPOSAL_DUE
        ]
    now = stage.services.clock.now() - timedelta(days=60)
    for one in lines[:-_LEFT_OPEN]:
        hours = HOURS[one.level]
        async with stage.change() as session:
            await actions.propose(
                session, stage.cast["issuer"], certificate_id=one.certificate.id,
                organisation_id=one.certificate.organisation_id, level=one.level, hours=hours, credits=hours / 16, rule=RULE,
                now=now,
            )  # fmt: skip


async def _learners(stage: Stage, batch_id: UUID) -> list[dict[str, object]]:
    """Every second holder stores; of the others every second has an account."""
    async with stage.change() as session:
        found = await queries.lines(session, limit=100_000)
        people = {one.id: one for one in await registration.registrations(session, batch_id=batch_id)}
        numbers = await queries.registrations_of(session, [one.number for one in found])
        ids = await registration.id_numbers(
            session, stage.services.vault, [people[id].person_id for id in numbers.values() if id in people]
        )
    learners: list[dict[str, object]] = []
    for place, (number, id) in enumerate(sorted(numbers.items())):
        person = people.get(id)
        if person is None or place % (2 * _EVERY_SECOND) == 1:
            continue
        wish = [number] if place % _EVERY_SECOND == 0 else []
        learners.append({"id_type": ID_TYPE_LABELS[person.id_type], "id_number": ids[person.person_id], "store": wish})
    return learners


async def _convert(stage: Stage) -> None:
    """One school takes a wish and decides it, another wish waits."""
    schools = {id: code for code, id in stage.schools.items()}
    async with stage.change() as session:
        stored = await queries.lines(session, statuses=[PersonStatus.STORED], limit=1000)
    mine = [one for one in stored if one.institution_id in schools]
    now = stage.services.clock.now()
    for place, one in enumerate(mine[:2]):
        assert one.institution_id is not None and one.credits is not None
        school = stage.cast[f"school:{schools[one.institution_id]}"]
        async with stage.change() as session:
            await actions.request_conversion(session, school, one.number, course="专业实训", now=now)
            if place == 0:
                await actions.decide(
                    session, school, one.number, converted=True, course="", credits=one.credits / 2, reason="", now=now
                )
