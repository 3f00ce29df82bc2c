"""A batch: planned, moved through the table of domain 3.3, its registration closed."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import require_introducible
from exam.kernel import audit
from exam.kernel.clock import china_date
from exam.kernel.db import insert_many
from exam.kernel.errors import N_, Conflict, Forbidden, Invalid
from exam.kernel.ids import new_id
from exam.registration.actions.registrations import confirm
from exam.registration.models import BatchMoveRow, BatchRow, BatchSchemeRow, RegistrationRow
from exam.registration.queries.batches import BatchNotFound, batch
from exam.registration.queries.registrations import in_statuses, tallies
from exam.registration.rules.records import Batch
from exam.registration.rules.status import FEE_SETTLED, MOVERS, ROAD, BatchFacts, BatchStatus, check_batch_move


class BatchCodeTaken(Conflict):
    message = N_("批次编号 %(code)s 已经使用。")
    way_out = N_("请换一个编号。")


class BatchDaysWrong(Invalid):
    message = N_("批次的时间前后颠倒。")
    way_out = N_("报名开始应早于报名截止，报名截止应早于首个考核日，首日不晚于末日。")


class SchemeTwice(Invalid):
    message = N_("同一证书等级的考核方案只能选一个版本。")
    way_out = N_("请只勾选最新版本。")


class WindowFixed(Conflict):
    message = N_("报名已经关闭，不能再改报名时间。")
    way_out = N_("请先重新开放报名，并写明理由。")


async def create_batch(
    session: AsyncSession,
    actor: Actor,
    *,
    code: str,
    name_zh: str,
    name_en: str,
    province_code: str,
    scheme_ids: Sequence[UUID],
    registration_opens_at: datetime,
    registration_closes_at: datetime,
    first_day: date,
    last_day: date,
    filing_no: str = "",
    now: datetime,
) -> Batch:
    """Plan a batch with the certificates and levels it offers; each organisation concerned must be the actor's."""
    if not actor.may(Permission.BATCH_MANAGE):
        raise Forbidden
    schemes = await catalogue.schemes(session, scheme_ids)
    organisations = sorted({scheme.organisation_id for scheme in schemes})
    for organisation in organisations:
        actor.require(Permission.BATCH_MANAGE, organisation_id=organisation, province_code=province_code)
    if len({(scheme.certificate_id, scheme.level) for scheme in schemes}) < len(schemes):
        raise SchemeTwice
    names = [scheme.certificate_name_zh for scheme in schemes]
    require_introducible(names, await catalogue.cancelled_titles(session), china_date(now))
    _check_days(registration_opens_at, registration_closes_at, first_day, last_day)
    if (await session.execute(select(exists().where(BatchRow.code == code)))).scalar_one():
        raise BatchCodeTaken(code=code)
    row = BatchRow(
        id=new_id(),
        code=code,
        name_zh=name_zh,
        name_en=name_en,
        organisation_ids=organisations,
        province_code=province_code,
        filing_no=filing_no,
        status=BatchStatus.PLANNED.value,
        registration_opens_at=registration_opens_at,
        registration_closes_at=registration_closes_at,
        first_day=first_day,
        last_day=last_day,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    offered = [
        {
            "batch_id": row.id,
            "scheme_id": scheme.id,
            "certificate_id": scheme.certificate_id,
            "level": scheme.level.value,
        }
        for scheme in schemes
    ]
    await insert_many(session, BatchSchemeRow, offered)
    data = {"code": code, "schemes": [scheme.id for scheme in schemes], "filing_no": filing_no}
    await audit.record(
        session, actor, "registration.create_batch", subject="batch", ids=[row.id], stream=stream_of(row.id), data=data,
        now=now,
    )  # fmt: skip
    return await batch(session, row.id)


async def move_batch(
    session: AsyncSession, actor: Actor, *, batch_id: UUID, to: BatchStatus, reason: str = "", now: datetime
) -> Batch:
    """Change a batch's status: the only way one changes (domain 3.3). Raises the guard that stands in the way."""
    row = await _locked(session, batch_id)
    current = BatchStatus(row.status)
    _check_mover(actor, row, to)
    check_batch_move(current, to, reason=reason, facts=await _facts(session, row, now))
    row.status = to.value
    move = BatchMoveRow(
        id=new_id(), batch_id=row.id, from_status=current.value, to_status=to.value, at=now,
        account_id=actor.account_id, reason=reason,
    )  # fmt: skip
    session.add(move)
    await session.flush()
    await audit.record(
        session, actor, "registration.move_batch", subject="batch", ids=[row.id], stream=stream_of(row.id),
        data={"from": current.value, "to": to.value, "reason": reason}, now=now,
    )  # fmt: skip
    return await batch(session, batch_id)


async def close(session: AsyncSession, actor: Actor, *, batch_id: UUID, now: datetime) -> Batch:
    """Close registration: confirm everybody whose fee is settled, then move the batch to registration_closed."""
    settled = select(RegistrationRow.id).where(RegistrationRow.batch_id == batch_id, in_statuses(FEE_SETTLED))
    ids = list(await session.scalars(settled))
    if ids:
        await confirm(session, actor, registration_ids=ids, now=now)
    return await move_batch(session, actor, batch_id=batch_id, to=BatchStatus.REGISTRATION_CLOSED, now=now)


async def reschedule(
    session: AsyncSession,
    actor: Actor,
    *,
    batch_id: UUID,
    registration_opens_at: datetime,
    registration_closes_at: datetime,
    first_day: date,
    last_day: date,
    filing_no: str,
    now: datetime,
) -> Batch:
    """Change the registration window and the exam days, as long as registration has not closed (B10)."""
    row = await _locked(session, batch_id)
    _require_all(actor, row)
    if ROAD.index(BatchStatus.REGISTRATION_OPEN) < _place(BatchStatus(row.status)):
        raise WindowFixed
    _check_days(registration_opens_at, registration_closes_at, first_day, last_day)
    row.registration_opens_at, row.registration_closes_at = registration_opens_at, registration_closes_at
    row.first_day, row.last_day, row.filing_no = first_day, last_day, filing_no
    await session.flush()
    data = {
        "opens": registration_opens_at,
        "closes": registration_closes_at,
        "first_day": first_day,
        "last_day": last_day,
    }
    await audit.record(
        session, actor, "registration.reschedule", subject="batch", ids=[row.id], stream=stream_of(row.id), data=data,
        now=now,
    )  # fmt: skip
    return await batch(session, batch_id)


def stream_of(batch_id: UUID) -> str:
    """The audit stream of a batch."""
    return f"batch:{batch_id}"


def _place(status: BatchStatus) -> int:
    """The place on the road; postponed and cancelled stand behind its end."""
    return ROAD.index(status) if status in ROAD else len(ROAD)


def _check_days(opens: datetime, closes: datetime, first_day: date, last_day: date) -> None:
    if not (opens < closes and closes.date() <= first_day <= last_day):
        raise BatchDaysWrong


def _require_all(actor: Actor, row: BatchRow) -> None:
    for organisation in row.organisation_ids:
        actor.require(Permission.BATCH_MANAGE, organisation_id=organisation, province_code=row.province_code)


_ORGANISATION_WIDE = frozenset(
    {
        Permission.BATCH_MANAGE,
        Permission.PLAN_MANAGE,
        Permission.OUTCOME_VERIFY,
        Permission.OUTCOME_PUBLISH,
        Permission.CERTIFICATE_ISSUE,
        Permission.PLATFORM_RUN,
    }
)


def _check_mover(actor: Actor, row: BatchRow, to: BatchStatus) -> None:
    """Some permission of the table allows the step; those held per organisation must hold for one of this batch's."""
    for permission in MOVERS[to]:
        if permission not in _ORGANISATION_WIDE and actor.may(permission):
            return
        for organisation in row.organisation_ids:
            if actor.within(permission, organisation_id=organisation, province_code=row.province_code):
                return
    raise Forbidden


async def _locked(session: AsyncSession, batch_id: UUID) -> BatchRow:
    query = select(BatchRow).where(BatchRow.id == batch_id).with_for_update()
    row = (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise BatchNotFound
    return row


async def _facts(session: AsyncSession, row: BatchRow, now: datetime) -> BatchFacts:
    tally = (await tallies(session, [row.id]))[row.id]
    schemes = await session.scalars(select(BatchSchemeRow.scheme_id).where(BatchSchemeRow.batch_id == row.id))
    return BatchFacts(
        schemes_count=len(schemes.all()),
        filing_no=row.filing_no,
        opens_at=row.registration_opens_at,
        closes_at=row.registration_closes_at,
        unfinished_count=tally.unfinished,
        confirmed_count=tally.confirmed,
        now=now,
    )
