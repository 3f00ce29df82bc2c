"""Step c: the batch is announced and opened, schools import their rosters and photos, officers accept, fees are settled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from uuid import UUID

from exam.catalogue.rules import Scheme
from exam.demo import photos, province
from exam.demo.days import BatchDays, at
from exam.demo.plan import DemoCandidate, Fate
from exam.demo.rosters import roster
from exam.demo.stage import Stage
from exam.registration import actions as registration
from exam.registration import queries
from exam.registration.rules.records import Registration
from exam.registration.rules.roster import RosterResult
from exam.registration.rules.status import BatchStatus


class RosterRefused(RuntimeError):
    """The demo's own roster was refused: the generator and the import disagree."""

    def __init__(self, result: RosterResult) -> None:
        named = "; ".join(f"{one.row} {one.field} {one.code}" for one in result.problems[:5])
        super().__init__(f"{result.filename}: {len(result.problems)} problems: {named}")


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A batch to open."""

    code: str
    name_zh: str
    name_en: str
    schemes: Sequence[Scheme]
    days: BatchDays


async def open_batch(stage: Stage, wanted: Batch) -> UUID:
    """Plan, announce and open a batch; the filing number is the province's (F10)."""
    officer, days = stage.cast["officer"], wanted.days
    async with stage.change() as session:
        batch = await registration.create_batch(
            session,
            officer,
            code=wanted.code,
            name_zh=wanted.name_zh,
            name_en=wanted.name_en,
            province_code=province.PROVINCE_CODE,
            scheme_ids=[scheme.id for scheme in wanted.schemes],
            registration_opens_at=at(days.opens, 9),
            registration_closes_at=at(days.closes, 18),
            first_day=days.exam[0],
            last_day=days.exam[-1],
            filing_no=f"演示备〔{days.exam[0].year}〕{wanted.code[-3:]}号",
            now=at(days.opens, 8) - timedelta(days=14),
        )
        announced = at(days.opens, 9) - timedelta(days=10)
        await registration.move_batch(session, officer, batch_id=batch.id, to=BatchStatus.ANNOUNCED, now=announced)
        await registration.move_batch(
            session, officer, batch_id=batch.id, to=BatchStatus.REGISTRATION_OPEN, now=at(days.opens, 9, 1)
        )
    return batch.id


async def import_rosters(stage: Stage, batch_id: UUID, people: Sequence[DemoCandidate], now: datetime) -> int:
    """Each school imports its own .xlsx and its photos; returns how many rosters."""
    count = 0
    by_school = groupby(sorted(people, key=lambda one: one.school.code), key=lambda one: one.school)
    for school, grouped in by_school:
        members = list(grouped)
        count += 1
        await import_roster(stage, batch_id, school, members, now + timedelta(hours=count))
    return count


async def import_roster(
    stage: Stage, batch_id: UUID, school: province.School, members: Sequence[DemoCandidate], now: datetime
) -> None:
    """One school's roster, then the photos under the numbers of its rows."""
    actor, institution_id = stage.cast[f"school:{school.code}"], stage.schools[school.code]
    async with stage.change() as session:
        result = await registration.import_roster(
            session,
            actor,
            stage.services.vault,
            batch_id=batch_id,
            institution_id=institution_id,
            filename=f"{school.name_zh}_报名表.xlsx",
            data=roster(members),
            now=now,
        )
        if not result.accepted:
            raise RosterRefused(result)
        for start in range(0, len(members), 200):
            part = members[start : start + 200]
            stored = await registration.upload_photos(
                session,
                actor,
                stage.services.vault,
                stage.services.files,
                batch_id=batch_id,
                institution_id=institution_id,
                photos=[
                    (f"{person.person.name}_{person.person.id_number}.jpg", photos.portrait(person.person.look))
                    for person in part
                ],
                now=now + timedelta(minutes=20),
            )
            if stored.problems:
                raise RuntimeError(f"{school.code}: {len(stored.problems)} photos refused")


async def settle(stage: Stage, batch_id: UUID, days: BatchDays) -> int:
    """Officers accept, schools settle the fees, registration closes and confirms; returns how many people."""
    accepted_at, paid_at = at(days.closes, 10) - timedelta(days=2), at(days.closes, 15) - timedelta(days=1)
    async with stage.change() as session:
        waiting = await queries.registrations(session, batch_id=batch_id)
        await registration.accept(
            session, stage.cast["officer"], registration_ids=[one.id for one in waiting], now=accepted_at
        )
    async with stage.change() as session:
        for code, institution_id in stage.schools.items():
            own = await queries.registrations(session, batch_id=batch_id, institution_id=institution_id)
            unpaid = [one.id for one in own if one.status.value == "consent_confirmed"]
            if unpaid:
                await registration.record_fee(
                    session,
                    stage.cast[f"school:{code}"],
                    registration_ids=unpaid,
                    receipt=f"演示收据{code[-3:]}-{paid_at:%m%d}",
                    now=paid_at,
                )
    async with stage.change() as session:
        await registration.close(session, stage.cast["officer"], batch_id=batch_id, now=at(days.closes, 18))
    return len(waiting)


async def exempt(stage: Stage, batch_id: UUID, now: datetime) -> None:
    """Grant the exemption the plan asks for: an earlier graduate need not sit the first part (D12)."""
    async with stage.change() as session:
        for candidate in stage.candidates:
            if candidate.fate is Fate.EXEMPT:
                one = registered(stage, await queries.registrations(session, batch_id=batch_id), candidate)
                scheme = stage.schemes[candidate.certificate, candidate.level]
                await registration.grant_exemption(
                    session,
                    stage.cast["officer"],
                    registration_id=one.id,
                    component_id=scheme.components[0].id,
                    reason="相关专业毕业生，免试部分内容",
                    proof="演示毕业证书第0001号",
                    now=now,
                )


async def accommodate(stage: Stage, batch_id: UUID, now: datetime) -> int:
    """Schools ask for their candidates with a disability, the officer grants it (H16); returns how many."""
    wanted = [one for one in stage.candidates if one.measures and one.fate is not Fate.RESIT]
    vault = stage.services.vault
    async with stage.change() as session:
        people = await queries.registrations(session, batch_id=batch_id)
        for number, candidate in enumerate(wanted, start=1):
            asked = await registration.ask_accommodation(
                session,
                stage.cast[f"school:{candidate.school.code}"],
                vault,
                registration_id=registered(stage, people, candidate).id,
                measures=candidate.measures,
                reason="持残疾人证，书写和行动较慢（演示）",
                evidence=f"演示残疾人证第{number:04d}号，原件已核对",
                now=now,
            )
            await registration.decide_accommodation(
                session,
                stage.cast["officer"],
                vault,
                accommodation_id=asked.id,
                grant=True,
                reason="材料齐全，同意（演示）",
                now=now + timedelta(days=1),
            )
    return len(wanted)


def registered(stage: Stage, found: Sequence[Registration], candidate: DemoCandidate) -> Registration:
    """The registration of a planned candidate among those of a batch."""
    wanted = (
        candidate.person.name,
        stage.certificates[candidate.certificate],
        candidate.level,
        stage.schools[candidate.school.code],
        candidate.person.id_number[-4:],
    )
    return next(
        one
        for one in found
        if (one.name, one.certificate_id, one.level.value, one.institution_id, one.id_masked[-4:]) == wanted
    )


async def resit(
    stage: Stage, batch_id: UUID, source: Registration, kept: tuple[UUID, Decimal], days: BatchDays
) -> UUID:
    """Register someone again and keep the part that was passed."""
    institution_id = source.institution_id
    code = next(code for code, one in stage.schools.items() if one == institution_id)
    async with stage.change() as session:
        again = await registration.register_resit(
            session,
            stage.cast[f"school:{code}"],
            source_registration_id=source.id,
            batch_id=batch_id,
            consent=True,
            now=at(days.opens, 14) + timedelta(days=3),
        )
        await registration.retain_part(
            session,
            stage.cast["officer"],
            registration_id=again.id,
            component_id=kept[0],
            value=kept[1],
            source_registration_id=source.id,
            now=at(days.opens, 15) + timedelta(days=3),
        )
    return again.id
