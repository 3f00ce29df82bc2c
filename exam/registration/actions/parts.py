"""What need not be sat again: an exemption (D12), a retained part, and the resit it belongs to (3.6)."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules.records import Scheme
from exam.kernel.errors import N_, Conflict, Invalid
from exam.kernel.ids import new_id
from exam.registration.actions.moving import ReasonMissing, check_institution, check_officer, record, rows_of
from exam.registration.models import (
    BatchSchemeRow,
    ExemptionRow,
    InstitutionRow,
    PersonRow,
    RegistrationRow,
    RetainedPartRow,
)
from exam.registration.queries.batches import batch
from exam.registration.queries.registrations import registration
from exam.registration.rules.records import Payer, Registration
from exam.registration.rules.status import REGISTRATION_STATUS_LABELS, BatchStatus, RegistrationStatus

_R = RegistrationStatus


class ComponentNotOfScheme(Invalid):
    message = N_("这个科目不属于这条报名的考核方案。")
    way_out = N_("请从这条报名的科目中选择。")


class NothingLeft(Conflict):
    message = N_("至少要有一个科目需要参加考核，不能全部免试或保留。")
    way_out = N_("请撤去一项免试或成绩保留。")


class TooLateToChange(Conflict):
    message = N_("报名已经是“%(status)s”，不能再登记免试或成绩保留。")
    way_out = N_("请在编排座位以前办理。")


class RetainedMarkWrong(Invalid):
    message = N_("保留成绩 %(value)s 不在 0 至 %(full)s 之间。")
    way_out = N_("请核对原成绩。")


class RetainedSourceWrong(Invalid):
    message = N_("保留成绩的来源不是同一考生、同一考核方案的另一次报名。")
    way_out = N_("成绩只在同一考核方案版本内保留；请核对原报名。")


class ResitNotOffered(Conflict):
    message = N_("这个批次不开考这名考生要补考的证书等级，或用的是另一版考核方案。")
    way_out = N_("请选择开考同一方案的批次。")


class ResitSameBatch(Conflict):
    message = N_("补考要报到以后的批次，不能报到原来的批次。")
    way_out = N_("请选择另一个正在报名的批次。")


class ResitNotOpen(Conflict):
    message = N_("这个批次现在不接受报名。")
    way_out = N_("请选择另一个正在报名的批次。")


async def grant_exemption(
    session: AsyncSession,
    actor: Actor,
    *,
    registration_id: UUID,
    component_id: UUID,
    reason: str,
    proof: str = "",
    now: datetime,
) -> Registration:
    """Exempt a graduate from one part (D12): a record of its own, never an attempt."""
    if not reason.strip():
        raise ReasonMissing
    (row,) = await rows_of(session, [registration_id])
    await check_officer(session, actor, [row], Permission.EXEMPTION_DECIDE)
    await _check_part(session, row, component_id)
    session.add(
        ExemptionRow(
            registration_id=row.id, component_id=component_id, reason=reason, proof=proof,
            decided_by=actor.account_id, decided_at=now,
        )
    )  # fmt: skip
    await session.flush()
    await record(session, actor, [row], "grant_exemption", {"component_id": component_id, "reason": reason}, now)
    return await registration(session, registration_id)


async def retain_part(
    session: AsyncSession,
    actor: Actor,
    *,
    registration_id: UUID,
    component_id: UUID,
    value: Decimal,
    source_registration_id: UUID,
    now: datetime,
) -> Registration:
    """Keep the mark of a part passed in an earlier registration of the same person and scheme (成绩保留, 3.6)."""
    row, source = await rows_of(session, [registration_id]), await rows_of(session, [source_registration_id])
    own, earlier = row[0], source[0]
    await check_officer(session, actor, [own], Permission.EXEMPTION_DECIDE)
    same = (own.person_id, own.scheme_id) == (earlier.person_id, earlier.scheme_id)
    if not same or own.id == earlier.id:
        raise RetainedSourceWrong
    scheme = await _check_part(session, own, component_id)
    full = scheme.component(component_id).full_marks
    if not 0 <= value <= full:
        raise RetainedMarkWrong(value=value, full=full)
    session.add(
        RetainedPartRow(
            registration_id=own.id, component_id=component_id, value=value, source_registration_id=earlier.id,
            decided_by=actor.account_id, decided_at=now,
        )
    )  # fmt: skip
    own.resit_of = own.resit_of or earlier.id
    await session.flush()
    data = {"component_id": component_id, "value": value, "source": earlier.id}
    await record(session, actor, [own], "retain_part", data, now)
    return await registration(session, registration_id)


async def register_resit(
    session: AsyncSession,
    actor: Actor,
    *,
    source_registration_id: UUID,
    batch_id: UUID,
    consent: bool,
    payer: Payer = Payer.INSTITUTION,
    now: datetime,
) -> Registration:
    """Register someone again, in a later batch that offers the same scheme (补考); parts are retained one by one after it."""
    (source,) = await rows_of(session, [source_registration_id])
    check_institution(actor, Permission.ROSTER_IMPORT, [source])
    if source.batch_id == batch_id:
        raise ResitSameBatch
    if await session.get(BatchSchemeRow, (batch_id, source.scheme_id)) is None:
        raise ResitNotOffered
    into = await batch(session, batch_id)
    in_window = into.registration_opens_at <= now < into.registration_closes_at
    if into.status is not BatchStatus.REGISTRATION_OPEN or not in_window:
        raise ResitNotOpen
    person = await session.get_one(PersonRow, source.person_id)
    scheme = await catalogue.scheme(session, source.scheme_id)
    institution = await session.get(InstitutionRow, source.institution_id) if source.institution_id else None
    row = RegistrationRow(
        id=new_id(),
        batch_id=batch_id,
        person_id=source.person_id,
        institution_id=source.institution_id,
        roster_id=None,
        roster_serial="",
        channel=source.channel,
        scheme_id=source.scheme_id,
        certificate_id=source.certificate_id,
        level=source.level,
        prefecture_code=institution.prefecture_code if institution else source.prefecture_code,
        major=source.major,
        major_code=source.major_code,
        class_name=source.class_name,
        status=_R.SUBMITTED.value,
        payer=payer.value,
        fee_yuan=scheme.fee_yuan,
        first_free=False,
        fee_receipt="",
        waiver_reason=source.waiver_reason if payer is Payer.WAIVED else "",
        waiver_proof=source.waiver_proof if payer is Payer.WAIVED else "",
        consent_at=now if consent else None,
        photo_sha256=person.photo_sha256,
        resit_of=source.id,
        return_reason="",
        created_at=now,
    )
    session.add(row)
    await session.flush()
    await record(session, actor, [row], "register_resit", {"source": source.id}, now)
    return await registration(session, row.id)


async def _check_part(session: AsyncSession, row: RegistrationRow, component_id: UUID) -> Scheme:
    """The component belongs to the scheme, may still be excused, and at least one other part stays to be sat."""
    if _R(row.status) in (_R.SEATED, _R.OUTCOME) or not _R(row.status).live:
        raise TooLateToChange(status=REGISTRATION_STATUS_LABELS[_R(row.status)])
    scheme = await catalogue.scheme(session, row.scheme_id)
    if component_id not in {component.id for component in scheme.components}:
        raise ComponentNotOfScheme
    present = await registration(session, row.id)
    excused = {*present.exempt, *present.retained, component_id}
    if len(excused) >= len(scheme.components):
        raise NothingLeft
    return scheme
