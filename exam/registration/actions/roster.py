"""The roster's way in: read, check every row, and register all of them or none."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.kernel import audit
from exam.kernel.clock import china_date
from exam.kernel.crypto import Vault
from exam.kernel.db import insert_many
from exam.kernel.errors import Problem
from exam.kernel.ids import new_id
from exam.registration.models import BatchRow, PersonRow, PilotRow, RegistrationRow, RosterCheckRow, RosterRow
from exam.registration.queries.batches import batch
from exam.registration.queries.people import blind_of, id_context, phone_context
from exam.registration.queries.places import institution
from exam.registration.queries.registrations import live
from exam.registration.queries.rosters import check_context
from exam.registration.rules.identity import Gender, IdType, masked
from exam.registration.rules.names import latin, sort_key
from exam.registration.rules.problems import problem
from exam.registration.rules.reading import read_roster
from exam.registration.rules.records import Batch, Channel, Institution, Payer
from exam.registration.rules.roster import KnownPerson, RosterResult, check_against_register, check_roster
from exam.registration.rules.rows import Entry, Offer, PilotRoom, RosterContext
from exam.registration.rules.sheet import Layout, Sheet
from exam.registration.rules.status import (
    BATCH_STATUS_LABELS,
    REGISTRATION_STATUS_LABELS,
    BatchStatus,
    RegistrationStatus,
    in_china,
)
from exam.registration.rules.template import NEWEST

CHECK_KEPT = timedelta(days=7)


async def import_roster(
    session: AsyncSession,
    actor: Actor,
    vault: Vault,
    *,
    batch_id: UUID,
    institution_id: UUID,
    filename: str,
    data: bytes,
    now: datetime,
) -> RosterResult:
    """Check a roster and register it whole. With any problem nothing is written; the result names each of them."""
    actor.require(Permission.ROSTER_IMPORT, institution_id=institution_id)
    where = await institution(session, institution_id)
    into = await batch(session, batch_id)
    reading = read_roster(data, NEWEST)
    problems = [*_window_problems(into, now), *reading.problems]
    entries: tuple[Entry, ...] = ()
    known: dict[tuple[IdType, str], PersonRow] = {}
    if reading.sheet is not None and reading.layout is not None:
        context = await _context(session, into, where, now)
        entries, found = check_roster(reading.sheet, reading.layout, NEWEST, context)
        known = await _known(session, vault, entries)
        live_now = await _live_of(session, into.id, known)
        problems += [*found, *check_against_register(entries, _records(known, live_now), NEWEST)]
    problems.sort(key=lambda one: (one.row is not None, one.row or 0))
    roster_id = None
    if not problems:
        roster_id = await _register(session, actor, vault, into, where, entries, known, filename, data, now)
    return RosterResult(
        roster_id=roster_id,
        filename=filename,
        sha256=sha256(data).hexdigest(),
        registered_count=len(entries) if roster_id else 0,
        persons_count=len({entry.person_key for entry in entries}) if roster_id else 0,
        rows_count=_rows_count(reading.sheet, reading.layout),
        fee_total_yuan=_fee_total(entries) if roster_id else Decimal(0),
        problems=tuple(problems),
        sheet=reading.sheet if problems else None,
        layout=reading.layout if problems else None,
        checked_at=now,
    )


async def keep_check(
    session: AsyncSession,
    actor: Actor,
    vault: Vault,
    *,
    batch_id: UUID,
    institution_id: UUID,
    result: RosterResult,
    now: datetime,
) -> UUID:
    """Keep what a check found, sealed, for a week: its page and its correction sheet are made from it."""
    actor.require(Permission.ROSTER_IMPORT, institution_id=institution_id)
    id = new_id()
    body = msgspec.json.encode(result).decode()
    session.add(
        RosterCheckRow(
            id=id,
            batch_id=batch_id,
            institution_id=institution_id,
            sealed=vault.seal(body, check_context(id)),
            problems_count=len(result.problems),
            checked_at=now,
            expires_at=now + CHECK_KEPT,
        )
    )
    await session.flush()
    codes = sorted({found.code for found in result.problems})
    await audit.record(
        session, actor, "registration.keep_check", subject="roster_check", ids=[id], stream=f"batch:{batch_id}",
        data={"sha256": result.sha256, "problems": len(result.problems), "codes": codes}, now=now,
    )  # fmt: skip
    return id


async def purge_checks(session: AsyncSession, *, now: datetime) -> int:
    """Remove kept checks whose week is over; returns how many."""
    statement = delete(RosterCheckRow).where(RosterCheckRow.expires_at <= now).returning(RosterCheckRow.id)
    return len((await session.scalars(statement)).all())


# ---------------------------------------------------------------- what the rows are checked against


def _window_problems(into: Batch, now: datetime) -> list[Problem]:
    if now < into.registration_opens_at:
        return [problem("window_before", opens=in_china(into.registration_opens_at))]
    if now >= into.registration_closes_at:
        return [problem("window_after", closes=in_china(into.registration_closes_at))]
    if into.status is not BatchStatus.REGISTRATION_OPEN:
        return [problem("batch_not_open", status=BATCH_STATUS_LABELS[into.status])]
    return []


async def _context(session: AsyncSession, into: Batch, where: Institution, now: datetime) -> RosterContext:
    schemes = await catalogue.schemes(session, into.scheme_ids)
    certificates = await catalogue.certificates(session)
    year = into.first_day.year
    return RosterContext(
        today=china_date(now),
        year=year,
        institution_code=where.code,
        certificates={
            word: (one.id, one.name_zh, one.levels) for one in certificates for word in (one.name_zh, one.code)
        },
        offers=tuple(
            Offer(
                scheme_id=scheme.id,
                certificate_id=scheme.certificate_id,
                certificate_name=scheme.certificate_name_zh,
                level=scheme.level,
                fee_yuan=scheme.fee_yuan,
            )
            for scheme in schemes
        ),
        pilots=await _pilot_rooms(session, where.id, year),
    )


async def _pilot_rooms(session: AsyncSession, institution_id: UUID, year: int) -> dict[UUID, PilotRoom]:
    """The pilots of the year, locked so that two imports cannot both take the last place, with what is used."""
    query = select(PilotRow).where(PilotRow.institution_id == institution_id, PilotRow.year == year)
    rows = (await session.scalars(query.order_by(PilotRow.id).with_for_update())).all()
    used = await _used(session, institution_id, year)
    return {
        row.certificate_id: PilotRoom(
            quota=row.quota, used=used.get(row.certificate_id, 0), majors=frozenset(row.majors)
        )
        for row in rows
    }


async def _used(session: AsyncSession, institution_id: UUID, year: int) -> dict[UUID, int]:
    """Live registrations of pilot students per certificate, in all batches of the year."""
    query = (
        select(RegistrationRow.certificate_id, func.count())
        .join(BatchRow, BatchRow.id == RegistrationRow.batch_id)
        .where(
            RegistrationRow.institution_id == institution_id,
            RegistrationRow.channel == Channel.SCHOOL.value,
            live(),
            func.extract("year", BatchRow.first_day) == year,
        )
        .group_by(RegistrationRow.certificate_id)
    )
    return {row[0]: row[1] for row in await session.execute(query)}


async def _known(
    session: AsyncSession, vault: Vault, entries: tuple[Entry, ...]
) -> dict[tuple[IdType, str], PersonRow]:
    """The people on record among the entries, found by blind index in one query."""
    blinds = {blind_of(vault, *entry.person_key): entry.person_key for entry in entries}
    query = select(PersonRow).where(PersonRow.id_blind.in_(list(blinds)))
    return {blinds[row.id_blind]: row for row in await session.scalars(query)}


async def _live_of(
    session: AsyncSession, batch_id: UUID, known: Mapping[tuple[IdType, str], PersonRow]
) -> dict[UUID, dict[tuple[UUID, Any], str]]:
    """For each known person: what is registered in this batch already, with its status in words."""
    query = select(
        RegistrationRow.person_id, RegistrationRow.certificate_id, RegistrationRow.level, RegistrationRow.status
    ).where(
        RegistrationRow.batch_id == batch_id,
        RegistrationRow.person_id.in_([row.id for row in known.values()]),
        live(),
    )
    found: dict[UUID, dict[tuple[UUID, Any], str]] = {}
    for person_id, certificate_id, level, status in await session.execute(query):
        words = REGISTRATION_STATUS_LABELS[RegistrationStatus(status)]
        found.setdefault(person_id, {})[certificate_id, level] = words
    return found


def _records(
    known: Mapping[tuple[IdType, str], PersonRow], live_now: Mapping[UUID, dict[tuple[UUID, Any], str]]
) -> dict[tuple[IdType, str], KnownPerson]:
    return {
        key: KnownPerson(name=row.name, gender=Gender(row.gender), live=live_now.get(row.id, {}))
        for key, row in known.items()
    }


# ---------------------------------------------------------------- writing


async def _register(
    session: AsyncSession,
    actor: Actor,
    vault: Vault,
    into: Batch,
    where: Institution,
    entries: tuple[Entry, ...],
    known: Mapping[tuple[IdType, str], PersonRow],
    filename: str,
    data: bytes,
    now: datetime,
) -> UUID:
    roster = RosterRow(
        id=new_id(),
        batch_id=into.id,
        institution_id=where.id,
        filename=filename[-200:],
        sha256=sha256(data).hexdigest(),
        template_version=NEWEST.version,
        rows_count=len(entries),
        imported_at=now,
        imported_by=actor.account_id,
    )
    session.add(roster)
    await session.flush()
    people, new_people = _people(vault, entries, known, now)
    await insert_many(session, PersonRow, list(new_people.values()))
    await _renew_phones(session, vault, entries, known)
    already_free = await _first_free_taken(session, [row.id for row in known.values()])
    photos = {row.id: row.photo_sha256 for row in known.values()}
    rows = [_registration(entry, people[entry.person_key], into, where, roster.id, already_free, photos, now)
            for entry in entries]  # fmt: skip
    await insert_many(session, RegistrationRow, rows)
    stream = f"batch:{into.id}"
    await audit.record(
        session, actor, "registration.import_roster", subject="registration", ids=[row["id"] for row in rows],
        stream=stream, data={"roster": roster.id, "sha256": roster.sha256, "institution": where.code}, now=now,
    )  # fmt: skip
    await audit.record(
        session, actor, "registration.add_people", subject="person", ids=[row["id"] for row in new_people.values()],
        stream=stream, data={"roster": roster.id}, now=now,
    )  # fmt: skip
    return roster.id


def _people(
    vault: Vault, entries: tuple[Entry, ...], known: Mapping[tuple[IdType, str], PersonRow], now: datetime
) -> tuple[dict[tuple[IdType, str], UUID], dict[tuple[IdType, str], dict[str, Any]]]:
    """The person of every entry, and the rows of those not yet on record."""
    ids = {key: row.id for key, row in known.items()}
    new: dict[tuple[IdType, str], dict[str, Any]] = {}
    for entry in entries:
        if entry.person_key not in ids:
            id = ids[entry.person_key] = new_id()
            new[entry.person_key] = _person(vault, id, entry, now)
    return ids, new


def _person(vault: Vault, id: UUID, entry: Entry, now: datetime) -> dict[str, Any]:
    return {
        "id": id,
        "name": entry.name,
        "name_sort": sort_key(entry.name),
        "name_latin": latin(entry.name),
        "gender": entry.gender.value,
        "ethnicity": entry.ethnicity,
        "id_type": entry.id_type.value,
        "id_sealed": vault.seal(entry.id_number, id_context(id)),
        "id_blind": blind_of(vault, *entry.person_key),
        "id_masked": masked(entry.id_number),
        "phone_sealed": vault.seal(entry.phone, phone_context(id)),
        "photo_sha256": None,
        "created_at": now,
    }


async def _renew_phones(
    session: AsyncSession, vault: Vault, entries: tuple[Entry, ...], known: Mapping[tuple[IdType, str], PersonRow]
) -> None:
    """The number given last is the one that reaches the candidate."""
    changes = {known[entry.person_key].id: entry.phone for entry in entries if entry.person_key in known}
    if changes:
        rows = [{"id": id, "phone_sealed": vault.seal(phone, phone_context(id))} for id, phone in changes.items()]
        await session.execute(update(PersonRow), rows)


async def _first_free_taken(session: AsyncSession, person_ids: list[UUID]) -> set[UUID]:
    """Who already has a registration that the institution pays for as the free one (D06)."""
    query = select(RegistrationRow.person_id).where(
        RegistrationRow.person_id.in_(person_ids), RegistrationRow.first_free, live()
    )
    return set(await session.scalars(query))


def _registration(
    entry: Entry,
    person_id: UUID,
    into: Batch,
    where: Institution,
    roster_id: UUID,
    already_free: set[UUID],
    photos: Mapping[UUID, str | None],
    now: datetime,
) -> dict[str, Any]:
    """One row; the first that the institution pays for a pilot student is marked as the free one (D06)."""
    institution_pays = entry.payer is Payer.INSTITUTION and entry.channel is Channel.SCHOOL
    first_free = institution_pays and person_id not in already_free
    if first_free:
        already_free.add(person_id)
    return {
        "id": new_id(),
        "batch_id": into.id,
        "person_id": person_id,
        "institution_id": where.id,
        "roster_id": roster_id,
        "roster_serial": entry.serial,
        "channel": entry.channel.value,
        "scheme_id": entry.offer.scheme_id,
        "certificate_id": entry.offer.certificate_id,
        "level": entry.offer.level.value,
        "prefecture_code": where.prefecture_code,
        "major": entry.major,
        "major_code": entry.major_code,
        "class_name": entry.class_name,
        "status": RegistrationStatus.SUBMITTED.value,
        "payer": entry.payer.value,
        "fee_yuan": entry.offer.fee_yuan,
        "first_free": first_free,
        "fee_receipt": "",
        "waiver_reason": entry.waiver_reason,
        "waiver_proof": entry.waiver_proof,
        "consent_at": now,
        "photo_sha256": photos.get(person_id),
        "resit_of": None,
        "return_reason": "",
        "created_at": now,
    }


def _rows_count(sheet: Sheet | None, layout: Layout | None) -> int:
    if sheet is None or layout is None:
        return 0
    return sum(not row.empty for row in sheet.rows if row.number > layout.head_row)


def _fee_total(entries: tuple[Entry, ...]) -> Decimal:
    return sum((entry.offer.fee_yuan for entry in entries if entry.payer is not Payer.WAIVED), Decimal(0))
