"""What needs somebody now in registration, for each role's first page (design.md)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import N_
from exam.kernel.i18n import bilingual
from exam.kernel.needs import Need
from exam.registration.queries.accommodations import accommodations_waiting
from exam.registration.queries.batches import batches
from exam.registration.queries.places import institutions, pilots
from exam.registration.queries.registrations import Tally, tallies
from exam.registration.rules.accommodations import REPAIRABLE
from exam.registration.rules.records import Batch
from exam.registration.rules.status import BatchStatus


@dataclass(frozen=True)
class _Name:
    """A batch's name, in whichever language the line is read."""

    name_zh: str
    name_en: str

    def __str__(self) -> str:
        return bilingual(self)


_TAKING = (BatchStatus.PLANNED, BatchStatus.ANNOUNCED, BatchStatus.REGISTRATION_OPEN, BatchStatus.REGISTRATION_CLOSED)


async def needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """The registration work of whoever asks: officer, institution or province."""
    found: list[Need] = []
    if actor.may(Permission.REGISTRATION_ACCEPT):
        found += await _of_officer(session, actor, now)
    if actor.may(Permission.ROSTER_IMPORT):
        found += await _of_institution(session, actor)
    if actor.may(Permission.PILOT_APPROVE):
        found += await _of_province(session, now)
    return found


def concerns(actor: Actor, permission: Permission, batch: Batch) -> bool:
    """Whether a batch lies in the actor's scope: one of its organisations, or its province."""
    return any(
        actor.within(permission, organisation_id=organisation, province_code=batch.province_code)
        for organisation in batch.organisation_ids
    )


async def _of_officer(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    mine = [one for one in await batches(session, _TAKING) if concerns(actor, Permission.REGISTRATION_ACCEPT, one)]
    counts = await tallies(session, [one.id for one in mine])
    in_person = await tallies(session, [one.id for one in mine], in_person=True)
    mine += [
        one for one in await batches(session, tuple(REPAIRABLE)) if concerns(actor, Permission.REGISTRATION_ACCEPT, one)
    ]
    asked = await accommodations_waiting(session, [one.id for one in mine])
    return [
        *(
            need
            for one in mine
            if one.id in counts
            for need in _officer_needs(one, counts[one.id], in_person[one.id], now)
        ),
        *(_to_decide(one, asked[one.id]) for one in mine if one.id in asked),
    ]


def _to_decide(batch: Batch, count: int) -> Need:
    """Accommodations that wait: places are arranged by what is granted."""
    page, facts = (
        f"/exam/registration/batches/{batch.id}/accommodations",
        {"batch": _Name(batch.name_zh, batch.name_en)},
    )
    text = N_("%(batch)s：%(n)s 份便利措施申请待决定")
    return Need(text=text, href=page, count=count, facts=facts, due=batch.registration_closes_at)


def _officer_needs(batch: Batch, tally: Tally, in_person: Tally, now: datetime) -> Iterable[Need]:
    page = f"/exam/registration/batches/{batch.id}"
    facts = {"batch": _Name(batch.name_zh, batch.name_en)}
    if batch.status is BatchStatus.PLANNED:
        yield Need(text=N_("%(batch)s：还没有公布"), href=page, facts=facts, due=batch.registration_opens_at)
    if batch.status is BatchStatus.ANNOUNCED and now >= batch.registration_opens_at:
        yield Need(text=N_("%(batch)s：报名时间已到，还没有开放"), href=page, facts=facts, tone="warning")
    if batch.status is BatchStatus.REGISTRATION_OPEN and now >= batch.registration_closes_at:
        yield Need(text=N_("%(batch)s：报名时间已过，请关闭报名"), href=page, facts=facts, tone="warning")
    due = batch.registration_closes_at
    from_schools = tally.to_check - in_person.to_check
    if from_schools:
        text = N_("%(batch)s：%(n)s 条报名待审核")
        yield Need(text=text, href=f"{page}/check", count=from_schools, facts=facts, due=due)
    if in_person.to_check:
        text = N_("%(batch)s：%(n)s 条本人报名待核对照片和信息")
        yield Need(text=text, href=f"{page}/check?institution=self", count=in_person.to_check, facts=facts, due=due)
    if in_person.without_fee:
        text = N_("%(batch)s：%(n)s 条本人报名的费用待登记")
        yield Need(text=text, href=f"{page}/self?missing=fee", count=in_person.without_fee, facts=facts, due=due)


async def _of_institution(session: AsyncSession, actor: Actor) -> list[Need]:
    scope = actor.scope_ids(Permission.ROSTER_IMPORT, "institution") or set()
    taking = await batches(session, (BatchStatus.REGISTRATION_OPEN, BatchStatus.REGISTRATION_CLOSED))
    found: list[Need] = []
    for institution_id in sorted(scope):
        counts = await tallies(session, [one.id for one in taking], institution_id=UUID(institution_id))
        for one in taking:
            found += _institution_needs(one, counts[one.id], institution_id)
    return found


def _institution_needs(batch: Batch, tally: Tally, institution_id: str) -> Iterable[Need]:
    page = f"/exam/registration/batches/{batch.id}/roster?institution={institution_id}"
    facts = {"batch": _Name(batch.name_zh, batch.name_en)}
    due = batch.registration_closes_at
    if batch.status is BatchStatus.REGISTRATION_OPEN and not tally.total:
        yield Need(text=N_("%(batch)s：正在报名，还没有导入名单"), href=page, facts=facts, due=due)
    if tally.returned:
        text = N_("%(batch)s：%(n)s 条报名被退回，需要更正")
        yield Need(
            text=text, href=f"{page}&status=returned", count=tally.returned, facts=facts, tone="warning", due=due
        )
    if tally.without_photo:
        text = N_("%(batch)s：%(n)s 名考生缺照片")
        yield Need(text=text, href=f"{page}&missing=photo", count=tally.without_photo, facts=facts, due=due)
    if tally.without_consent:
        text = N_("%(batch)s：%(n)s 名考生还没有确认本人同意")
        yield Need(text=text, href=f"{page}&missing=consent", count=tally.without_consent, facts=facts, due=due)
    if tally.without_fee:
        text = N_("%(batch)s：%(n)s 条报名的费用待登记")
        yield Need(text=text, href=f"{page}&missing=fee", count=tally.without_fee, facts=facts, due=due)


async def _of_province(session: AsyncSession, now: datetime) -> list[Need]:
    """X03: pilots end with the calendar year, so institutions without one for this year are named in January."""
    every = {one.id for one in await institutions(session)}
    missing = every - {pilot.institution_id for pilot in await pilots(session, now.year)}
    if not missing:
        return []
    text = N_("%(n)s 所院校还没有 %(year)s 年的试点名额")
    return [
        Need(text=text, href="/exam/registration/institutions?pilot=none", count=len(missing), facts={"year": now.year})
    ]
