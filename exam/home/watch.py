"""What those look at who decide nothing: the reporting unit its schools, the inspector the rooms, the auditor the log.

Their needs cut across the folders, so they are told here and not by one of them.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission, Role
from exam.kernel import audit
from exam.kernel.clock import CHINA, china_date
from exam.kernel.errors import N_
from exam.kernel.i18n import Name
from exam.kernel.needs import Need
from exam.registration import queries as registration
from exam.registration.queries.work import concerns
from exam.registration.rules import Batch, BatchStatus
from exam.sittings import queries as sittings
from exam.sittings.rules import RoomStatus

_AUDIT = "/exam/accounts/audit"
_WEEK = timedelta(days=7)
WATCHED: Mapping[str, str] = {
    "sittings.decide_incident": N_("近 7 天有 %(n)s 项违纪处理决定"),
    "reviews.": N_("近 7 天有 %(n)s 项成绩复核的办理"),
    "marking.correct": N_("近 7 天有 %(n)s 项评分更正"),
    "certificates.revoke": N_("近 7 天有 %(n)s 项证书撤销"),
    "accounts.create_staff": N_("近 7 天有 %(n)s 次新开工作账号"),
}
"""Kinds of change that deserve a second look, by how their actions begin."""


async def needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """What an overseer should look at now."""
    found: list[Need] = []
    if Role.UNIT in actor.roles:
        found += await _of_unit(session, actor, now)
    if Role.INSPECTOR in actor.roles:
        found += await _of_inspector(session, actor, now)
    if actor.may(Permission.AUDIT_READ) and Role.AUDITOR in actor.roles:
        found += await _of_auditor(session, now)
    return found


async def _of_unit(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """Schools of the own unit that have registered nobody, and rows of theirs that are not whole, while there is time."""
    units = actor.scope_ids(Permission.REGISTRATION_READ, "unit") or set()
    schools = [one.id for one in await registration.institutions(session) if one.unit_code in units]
    found: list[Need] = []
    for batch in await registration.batches(session, (BatchStatus.REGISTRATION_OPEN,)):
        counts = [(await registration.tallies(session, [batch.id], institution_id=one))[batch.id] for one in schools]
        silent = sum(not one.total for one in counts)
        unfinished = sum(max(one.without_photo, one.without_consent, one.without_fee) for one in counts)
        facts, due = {"batch": Name(batch.name_zh, batch.name_en)}, batch.registration_closes_at
        href = f"/exam/registration/institutions?unit={sorted(units)[0]}" if units else ""
        for text, count in (
            (N_("%(batch)s：本地区 %(n)s 所院校还没有报名"), silent),
            (N_("%(batch)s：本地区 %(n)s 条报名的资料或费用不全"), unfinished),
        ):
            if count and due > now:
                found.append(Need(text=text, href=href, count=count, facts=facts, due=due))
    return found


async def _of_inspector(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """Today's rooms of the own province, those first where somebody is still undecided after the late limit."""
    found: list[Need] = []
    today = china_date(now)
    for batch in await registration.batches(session):
        if not batch.first_day <= today <= batch.last_day or not _own(actor, batch):
            continue
        rooms = [
            room for room in await sittings.room_sessions(session, batch_id=batch.id)
            if china_date(room.starts_at) == today and room.status is not RoomStatus.CLOSED
        ]  # fmt: skip
        counts = await sittings.headcounts(session, [room.id for room in rooms]) if rooms else {}
        behind = [room for room in rooms if now > room.late_until and counts[room.id].undecided]
        facts = {"batch": Name(batch.name_zh, batch.name_en)}
        href = f"/scheduling/plans/{batch.id}/calendar"
        if behind:
            text = N_("%(batch)s：%(n)s 个考场已过迟到时限，还有考生没有登记")
            first = f"/exam/sittings/rooms/{behind[0].id}"
            found.append(
                Need(
                    text=text, href=first if len(behind) == 1 else href, count=len(behind), facts=facts, tone="warning"
                )
            )
        if rooms:
            text = N_("%(batch)s：今天还有 %(n)s 场考核，可到场巡查")
            found.append(Need(text=text, href=href, count=len(rooms), facts=facts))
    return found


def _own(actor: Actor, batch: Batch) -> bool:
    return actor.within(Permission.BATCH_READ) or concerns(actor, Permission.BATCH_READ, batch)


async def _of_auditor(session: AsyncSession, now: datetime) -> list[Need]:
    """Today's records, whose chains are to be verified, and the week's changes of the kinds to watch."""
    midnight = now.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    fresh = sum((await audit.counts(session, midnight)).values())
    week = await audit.counts(session, now - _WEEK)
    found = []
    if fresh:
        text = N_("今天新增 %(n)s 条审计记录，请核对记录链")
        found.append(Need(text=text, href=f"{_AUDIT}?verify=true", count=fresh))
    for start, text in WATCHED.items():
        if count := _beginning(week.items(), start):
            found.append(Need(text=text, href=f"{_AUDIT}?action={start}", count=count))
    return found


def _beginning(counts: Iterable[tuple[str, int]], start: str) -> int:
    return sum(count for action, count in counts if action.startswith(start))
