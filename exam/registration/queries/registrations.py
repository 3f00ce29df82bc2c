"""Registrations: as records for the rest of the road, filtered and counted for the pages."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from exam.accounts.rules import Actor, Permission
from exam.catalogue.rules.records import Level
from exam.kernel.crypto import Vault
from exam.kernel.errors import N_, NotFound
from exam.registration.models import (
    AccommodationRow,
    ExemptionRow,
    InstitutionRow,
    PersonRow,
    RegistrationRow,
    RetainedPartRow,
)
from exam.registration.queries.people import blind_of
from exam.registration.rules.accommodations import AccommodationStatus, Measures
from exam.registration.rules.identity import Gender, IdType, normalise
from exam.registration.rules.records import Channel, Payer, Registration
from exam.registration.rules.status import DEAD, TO_CHECK, RegistrationStatus

_R = RegistrationRow
_Joined = Select[*tuple[Any, ...]]
_PARTS_AT_ONCE = 30_000


class RegistrationNotFound(NotFound):
    message = N_("没有找到这条报名。")
    way_out = N_("请从报名列表重新进入。")


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What a list of registrations shows; each stands in the page's address."""

    status: RegistrationStatus | None = None
    certificate_id: UUID | None = None
    level: Level | None = None
    channel: Channel | None = None
    payer: Payer | None = None
    missing: str = ""  # photo, consent, fee, check
    text: str = ""  # part of a name


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many registrations of a batch (or of one institution in it) stand where, and what they cost."""

    total: int = 0
    to_check: int = 0
    returned: int = 0
    confirmed: int = 0
    unfinished: int = 0
    without_photo: int = 0
    without_consent: int = 0
    without_fee: int = 0
    waived: int = 0
    institution_fee_yuan: Decimal = Decimal(0)
    self_fee_yuan: Decimal = Decimal(0)
    waived_fee_yuan: Decimal = Decimal(0)


async def registrations(
    session: AsyncSession,
    *,
    batch_id: UUID | None = None,
    ids: Iterable[UUID] | None = None,
    institution_id: UUID | None = None,
    person_id: UUID | None = None,
) -> list[Registration]:
    """Registrations by name; several conditions narrow each other, none gives all."""
    query = _joined()
    if batch_id is not None:
        query = query.where(_R.batch_id == batch_id)
    if institution_id is not None:
        query = query.where(_R.institution_id == institution_id)
    if person_id is not None:
        query = query.where(_R.person_id == person_id)
    if ids is not None:
        query = query.where(_R.id.in_(set(ids)))
    return await _read(session, query)


async def registration(session: AsyncSession, id: UUID) -> Registration:
    """One registration; RegistrationNotFound when there is none."""
    found = await registrations(session, ids=[id])
    if not found:
        raise RegistrationNotFound
    return found[0]


async def own(session: AsyncSession, actor: Actor) -> list[Registration]:
    """The registrations of the candidate who asks."""
    people = actor.scope_uuids(Permission.OWN_READ, "person") or []
    single = actor.scope_uuids(Permission.OWN_READ, "registration") or []
    query = _joined().where(or_(_R.person_id.in_(people), _R.id.in_(single)))
    return await _read(session, query)


async def page_of(
    session: AsyncSession,
    *,
    batch_id: UUID,
    institution_id: UUID | None = None,
    in_person: bool = False,
    filters: Filters | None = None,
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[Registration], int]:
    """One page of a batch's registrations (of one institution, or of who registered in person), and how many in all."""
    where = [_R.batch_id == batch_id, *_conditions(filters or Filters())]
    if institution_id is not None:
        where.append(_R.institution_id == institution_id)
    if in_person:
        where.append(_R.institution_id.is_(None))
    count = select(func.count()).select_from(_R).join(PersonRow, PersonRow.id == _R.person_id).where(*where)
    total = (await session.execute(count)).scalar_one()
    return await _read(session, _joined().where(*where).limit(limit).offset(offset)), total


async def find(
    session: AsyncSession, vault: Vault, text: str, *, institution_id: UUID | None = None, limit: int = 20
) -> list[Registration]:
    """Registrations whose person has this whole ID number, or whose name holds this text."""
    text = text.strip()
    if not text:
        return []
    blinds = [blind_of(vault, kind, normalise(text)) for kind in IdType]
    by_number = or_(PersonRow.id_blind.in_(blinds), _R.claim_blind.in_(blinds))
    query = _joined().where(or_(by_number, PersonRow.name.contains(text, autoescape=True)))
    if institution_id is not None:
        query = query.where(_R.institution_id == institution_id)
    return await _read(session, query.limit(limit))


async def same_number(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, list[Registration]]:
    """For claims (who registered in person): the other live registrations of their batch under the same ID number."""
    claim, other, holder = aliased(RegistrationRow), aliased(RegistrationRow), aliased(PersonRow)
    query = (
        select(claim.id, other.id)
        .join(other, and_(other.batch_id == claim.batch_id, other.id != claim.id))
        .join(holder, holder.id == other.person_id)
        .where(
            claim.id.in_(list(ids)),
            claim.claim_blind.is_not(None),
            other.status.not_in([status.value for status in DEAD]),
            or_(other.claim_blind == claim.claim_blind, holder.id_blind == claim.claim_blind),
        )
    )
    pairs = [(row[0], row[1]) for row in await session.execute(query)]
    found = {one.id: one for one in await registrations(session, ids={id for _, id in pairs})} if pairs else {}
    doubles: dict[UUID, list[Registration]] = defaultdict(list)
    for claim_id, other_id in pairs:
        doubles[claim_id].append(found[other_id])
    return doubles


async def tallies(
    session: AsyncSession, batch_ids: Iterable[UUID], *, institution_id: UUID | None = None, in_person: bool = False
) -> dict[UUID, Tally]:
    """The tally of each batch, over all, one institution, or who registered in person; empty without registrations."""
    batch_ids = list(batch_ids)
    query = select(_R.batch_id, *_sums()).where(_R.batch_id.in_(batch_ids)).group_by(_R.batch_id)
    if institution_id is not None:
        query = query.where(_R.institution_id == institution_id)
    if in_person:
        query = query.where(_R.institution_id.is_(None))
    found = {row[0]: _tally(row[1:]) for row in await session.execute(query)}
    return {id: found.get(id, Tally()) for id in batch_ids}


async def institution_tallies(session: AsyncSession, batch_id: UUID) -> dict[UUID | None, Tally]:
    """The tally of each institution in a batch; None stands for members of society without one."""
    query = select(_R.institution_id, *_sums()).where(_R.batch_id == batch_id).group_by(_R.institution_id)
    return {row[0]: _tally(row[1:]) for row in await session.execute(query)}


# ---------------------------------------------------------------- conditions


def live() -> ColumnElement[bool]:
    """The condition that a registration still counts."""
    return _R.status.not_in([status.value for status in DEAD])


def in_statuses(statuses: Iterable[RegistrationStatus]) -> ColumnElement[bool]:
    """The condition that a registration stands in one of the statuses."""
    return _R.status.in_([status.value for status in statuses])


_CONFIRMED = tuple(status for status in RegistrationStatus if status.confirmed)
_UNFINISHED = tuple(status for status in RegistrationStatus if status.live and not status.confirmed)


def _missing(kind: str) -> ColumnElement[bool]:
    conditions: Mapping[str, ColumnElement[bool]] = {
        "photo": and_(live(), _R.photo_sha256.is_(None)),
        "consent": and_(live(), _R.consent_at.is_(None)),
        "fee": _R.status == RegistrationStatus.CONSENT_CONFIRMED.value,
        "check": in_statuses(TO_CHECK),
    }
    return conditions[kind]


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.status is not None:
        found.append(_R.status == filters.status.value)
    if filters.certificate_id is not None:
        found.append(_R.certificate_id == filters.certificate_id)
    if filters.level is not None:
        found.append(_R.level == filters.level.value)
    if filters.channel is not None:
        found.append(_R.channel == filters.channel.value)
    if filters.payer is not None:
        found.append(_R.payer == filters.payer.value)
    if filters.missing in ("photo", "consent", "fee", "check"):
        found.append(_missing(filters.missing))
    if filters.text:
        found.append(PersonRow.name.contains(filters.text, autoescape=True))
    return found


def _sums() -> list[ColumnElement[Any]]:
    def fee(payer: Payer) -> ColumnElement[Any]:
        return func.coalesce(func.sum(_R.fee_yuan).filter(live(), _R.payer == payer.value), 0)

    counted: list[ColumnElement[Any]] = [
        func.count().filter(live()),
        func.count().filter(in_statuses(TO_CHECK)),
        func.count().filter(_R.status == RegistrationStatus.RETURNED.value),
        func.count().filter(in_statuses(_CONFIRMED)),
        func.count().filter(in_statuses(_UNFINISHED)),
        func.count().filter(_missing("photo")),
        func.count().filter(_missing("consent")),
        func.count().filter(_missing("fee")),
        func.count().filter(live(), _R.payer == Payer.WAIVED.value),
    ]
    return [*counted, fee(Payer.INSTITUTION), fee(Payer.SELF), fee(Payer.WAIVED)]


def _tally(sums: Iterable[object]) -> Tally:
    names = Tally.__dataclass_fields__
    return Tally(**dict(zip(names, sums, strict=True)))  # type: ignore[arg-type] # counts and sums in the fields' order


# ---------------------------------------------------------------- records

# Columns, not entities: thousands are read at once, and none of them is going to be changed.
_COLUMNS = (
    _R.id, _R.batch_id, _R.person_id, PersonRow.name, PersonRow.name_sort, PersonRow.name_latin, PersonRow.gender,
    PersonRow.id_type, PersonRow.id_masked, _R.photo_sha256, _R.institution_id,
    func.coalesce(InstitutionRow.name_zh, "").label("institution_name_zh"),
    func.coalesce(InstitutionRow.name_en, "").label("institution_name_en"),
    _R.channel, _R.scheme_id, _R.certificate_id, _R.level, _R.prefecture_code, _R.major, _R.major_code, _R.class_name,
    _R.status, _R.payer, _R.fee_yuan, _R.first_free, _R.waiver_reason, _R.waiver_proof, _R.consent_at, _R.resit_of,
    _R.return_reason, _R.entry_no, _R.claim_blind.is_not(None).label("claimed"),
)  # fmt: skip


def _joined() -> _Joined:
    return (
        select(*_COLUMNS)
        .join(PersonRow, PersonRow.id == _R.person_id)
        .outerjoin(InstitutionRow, InstitutionRow.id == _R.institution_id)
        .order_by(PersonRow.name_sort.collate("C"), _R.id)
    )


async def _read(session: AsyncSession, query: _Joined) -> list[Registration]:
    rows = (await session.execute(query)).all()
    ids = [row.id for row in rows]
    exempt: dict[UUID, dict[UUID, str]] = defaultdict(dict)
    retained: dict[UUID, dict[UUID, Decimal]] = defaultdict(dict)
    for start in range(0, len(ids), _PARTS_AT_ONCE):
        some = ids[start : start + _PARTS_AT_ONCE]
        excused = select(ExemptionRow.registration_id, ExemptionRow.component_id, ExemptionRow.reason)
        for id, component_id, reason in await session.execute(excused.where(ExemptionRow.registration_id.in_(some))):
            exempt[id][component_id] = reason
        kept = select(RetainedPartRow.registration_id, RetainedPartRow.component_id, RetainedPartRow.value)
        for id, component_id, value in await session.execute(kept.where(RetainedPartRow.registration_id.in_(some))):
            retained[id][component_id] = value
    granted = await _granted(session, ids)
    nothing = Measures()
    return [
        _record(row, exempt.get(row.id, {}), retained.get(row.id, {}), granted.get(row.id, nothing)) for row in rows
    ]


async def _granted(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Measures]:
    """What must be done for whom: the accommodations in force."""
    row = AccommodationRow
    query = select(row.registration_id, row.extra_percent, row.own_room, row.ground_floor)
    query = query.where(row.status == AccommodationStatus.GRANTED.value)
    if len(ids) <= _PARTS_AT_ONCE:
        query = query.where(row.registration_id.in_(ids))
    return {
        found.registration_id: Measures(found.extra_percent, found.own_room, found.ground_floor)
        for found in await session.execute(query)
    }


def _record(
    row: Row[Any], exempt: Mapping[UUID, str], retained: Mapping[UUID, Decimal], measures: Measures
) -> Registration:
    values = dict(row._mapping)
    values |= {
        "gender": Gender(row.gender),
        "id_type": IdType(row.id_type),
        "channel": Channel(row.channel),
        "level": Level(row.level),
        "status": RegistrationStatus(row.status),
        "payer": Payer(row.payer),
    }
    return Registration(**values, exempt=exempt, retained=retained, measures=measures)
