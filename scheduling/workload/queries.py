"""Reads of hours of duty: an institution sees its own people in every batch, an officer everybody in the own batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel.clock import CHINA
from exam.kernel.errors import Forbidden
from exam.registration import queries as registration
from exam.registration.rules import Institution
from exam.sittings.queries.serving import duties_between
from scheduling.duties import queries as duties
from scheduling.workload.rules import PersonHours, Served, per_person, require_period


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Hours of duty of a period, as far as the reader may see them."""

    first: date
    last: date
    institution: Institution | None  # None: of all institutions
    institutions: tuple[Institution, ...]  # the reader may choose from
    duties: tuple[Served, ...]

    @property
    def people(self) -> Sequence[PersonHours]:
        """A line for each person and duty."""
        return per_person(self.duties)


async def workload(
    session: AsyncSession, actor: Actor, *, first: date, last: date, institution_id: UUID | None = None
) -> Workload:
    """Everybody's duties that start on these days (China's calendar, both included).

    Raises PeriodWrong; Forbidden for another institution's people.
    """
    require_period(first, last)
    known = {one.id: one for one in await registration.institutions(session)}
    own = actor.scope_ids(Permission.ROSTER_IMPORT, "institution")
    officer = actor.may(Permission.PLAN_MANAGE)
    choices = [one for one in known.values() if officer or own is None or str(one.id) in own]
    if institution_id is not None and institution_id not in {one.id for one in choices}:
        raise Forbidden
    if not choices:
        raise Forbidden
    wanted = {institution_id} if institution_id else {one.id for one in choices}
    people = {one.account_id: one for one in await duties.pool(session) if one.institution_id in wanted}
    begin, end = (datetime.combine(day, time(), CHINA) for day in (first, last + timedelta(days=1)))
    batches = {
        batch.id: batch
        for batch in await registration.batches(session)
        if not officer
        or any(actor.within(Permission.PLAN_MANAGE, organisation_id=one) for one in batch.organisation_ids)
    }
    found = [
        Served(
            account_id=duty.account_id, name=duty.name, institution=known[people[duty.account_id].institution_id].name_zh,
            institution_en=known[people[duty.account_id].institution_id].name_en, duty=duty.duty.value,
            batch_code=batches[room.batch_id].code, site_name=room.site_name, room_name=room.room_name,
            starts_at=duty.starts_at, ends_at=duty.ends_at, opened_at=room.opened_at, closed_at=room.closed_at,
        )
        for duty, room in await duties_between(session, begin, end, list(people))
        if room.batch_id in batches
    ]  # fmt: skip
    return Workload(
        first=first, last=last, institution=known.get(institution_id) if institution_id else None,
        institutions=tuple(sorted(choices, key=lambda one: one.code)), duties=tuple(found),
    )  # fmt: skip
