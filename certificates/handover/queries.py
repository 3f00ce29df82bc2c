"""The issue register as it is read: counts by batch and institution, the list of one, a holder's own papers, what must hold."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.handover.models import DownloadRow, EntryRow
from certificates.handover.rules import Deed, Entry, Place, flaws, place_of
from exam.accounts.rules import Actor, Permission
from exam.kernel.clock import china_date
from exam.kernel.db import chunks


@dataclass(frozen=True, kw_only=True)
class Slot:
    """The papers of one institution (None: members of society) in one batch: how many are where, since when they wait."""

    batch_id: UUID
    institution_id: UUID | None
    counts: dict[Place, int]
    oldest: datetime | None  # of those that nobody has taken

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, kw_only=True)
class Line:
    """One paper certificate of the register."""

    id: UUID
    number: str
    version: int
    organisation_id: UUID
    batch_id: UUID
    institution_id: UUID | None
    person_id: UUID
    holder_name: str
    id_masked: str
    certificate_name_zh: str
    certificate_name_en: str
    level_zh: str
    level_en: str
    serial: str
    bound_at: datetime
    entries: tuple[Entry, ...] = ()

    @property
    def place(self) -> Place:
        return place_of(self.entries)

    @property
    def step(self) -> int:
        return len(self.entries)

    @property
    def last(self) -> Entry | None:
        return self.entries[-1] if self.entries else None

    def days(self, today: date) -> int:
        """Days since the paper came to where it is."""
        return (today - china_date(self.entries[-1].noted_at if self.entries else self.bound_at)).days


_FROM: Final = """FROM certificates.certificates c
  JOIN certificates.papers p ON p.certificate_id = c.id AND p.status = 'bound'
  JOIN exam.registrations r ON r.id = c.registration_id
  WHERE c.status = 'issued' AND (:everywhere OR c.organisation_id = ANY(:organisations)
    OR r.institution_id = ANY(:institutions))"""
_SLOTS: Final = f"""SELECT batch_id, institution_id, place, count(*), min(since) FROM (
  SELECT c.batch_id, r.institution_id, coalesce(e.place, 'office') AS place, coalesce(e.noted_at, p.bound_at) AS since
  {
    _FROM.replace(
        "WHERE",
        '''LEFT JOIN LATERAL (SELECT h.place, h.noted_at FROM certificates.handover_entries h
    WHERE h.certificate_id = c.id ORDER BY h.step DESC LIMIT 1) e ON true WHERE''',
    )
}) AS papers
  GROUP BY batch_id, institution_id, place"""
_LINES: Final = f"""SELECT c.id, c.number, c.version, c.organisation_id, c.batch_id, r.institution_id, c.person_id,
  c.face ->> 'holder_name' AS holder_name, c.face ->> 'id_masked' AS id_masked,
  c.face ->> 'certificate_name_zh' AS certificate_name_zh, c.face ->> 'certificate_name_en' AS certificate_name_en,
  c.face ->> 'level_zh' AS level_zh, c.face ->> 'level_en' AS level_en, p.serial, p.bound_at {_FROM}
  AND (:any_id OR c.id = ANY(:ids)) AND (:any_person OR c.person_id = ANY(:people))
  AND (:any_slot OR (c.batch_id = :batch AND r.institution_id IS NOT DISTINCT FROM :institution)) ORDER BY c.number"""
"""Statements over the tables of certificates, papers and registrations: a register of 10,000 is read in one."""


def may_send(actor: Actor, organisation_id: UUID) -> bool:
    """Whether the actor issues for the organisation: who does also sends."""
    return actor.within(Permission.CERTIFICATE_ISSUE, organisation_id=organisation_id)


def may_hand_out(actor: Actor, line: Line) -> bool:
    """Whether the actor belongs to the holder's institution, or issues for the organisation."""
    if line.institution_id is not None and actor.within(
        Permission.CERTIFICATE_READ, institution_id=line.institution_id
    ):
        return True
    return may_send(actor, line.organisation_id)


def _scope(actor: Actor) -> dict[str, Any]:
    organisations = actor.scope_ids(Permission.CERTIFICATE_ISSUE, "organisation")
    institutions = actor.scope_ids(Permission.CERTIFICATE_READ, "institution")
    return {
        "everywhere": organisations is None,
        "organisations": [UUID(id) for id in sorted(organisations or ())],
        "institutions": [UUID(id) for id in sorted(institutions or ())],
    }


async def slots(session: AsyncSession, actor: Actor) -> list[Slot]:
    """What the actor's organisations and institutions have on paper, by batch and institution."""
    found: dict[tuple[UUID, UUID | None], list[tuple[Place, int, datetime]]] = {}
    for batch, institution, place, count, since in await session.execute(text(_SLOTS), _scope(actor)):
        found.setdefault((batch, institution), []).append((Place(place), count, since))
    return [
        Slot(
            batch_id=batch,
            institution_id=institution,
            counts={place: count for place, count, _ in sorted(parts)},
            oldest=min((since for place, _, since in parts if place is not Place.HOLDER), default=None),
        )
        for (batch, institution), parts in sorted(found.items(), key=lambda item: (str(item[0][0]), str(item[0][1])))
    ]


async def lines(session: AsyncSession, actor: Actor, *, batch_id: UUID, institution_id: UUID | None) -> list[Line]:
    """The register of one institution in one batch, by number, as far as the actor may see it."""
    values = {**_scope(actor), "batch": batch_id, "institution": institution_id}
    return await _lines(session, {**values, "any_slot": False})


async def chosen(session: AsyncSession, actor: Actor, ids: Collection[UUID]) -> list[Line]:
    """These certificates, as far as the actor may see them and they are valid and on paper."""
    return await _lines(session, {**_scope(actor), "any_id": False, "ids": sorted(ids)})


async def of_people(session: AsyncSession, person_ids: Collection[UUID]) -> dict[UUID, Line]:
    """Where the papers of these people are, by certificate: for the holders themselves."""
    values = {"everywhere": True, "organisations": [], "institutions": []}
    found = await _lines(session, {**values, "any_person": False, "people": sorted(person_ids)})
    return {one.id: one for one in found}


async def _lines(session: AsyncSession, values: dict[str, Any]) -> list[Line]:
    nobody = UUID(int=0)
    every = {"any_id": True, "ids": [], "any_person": True, "people": [], "any_slot": True, "batch": nobody}
    rows = (await session.execute(text(_LINES), {**every, "institution": nobody, **values})).mappings().all()
    entries = await entries_of(session, [row["id"] for row in rows])
    return [Line(**row, entries=tuple(entries.get(row["id"], ()))) for row in rows]


async def entries_of(session: AsyncSession, certificate_ids: Sequence[UUID]) -> dict[UUID, list[Entry]]:
    """The lines of these certificates, in order."""
    query = (
        select(EntryRow).where(EntryRow.certificate_id.in_(certificate_ids))
        .order_by(EntryRow.certificate_id, EntryRow.step)
    )  # fmt: skip
    found: dict[UUID, list[Entry]] = {}
    for row in await session.scalars(query):
        found.setdefault(row.certificate_id, []).append(_entry(row))
    return found


_UNEQUAL: Final = """SELECT t.id, t.count, count(e.id) FROM certificates.handover_transfers t
    LEFT JOIN certificates.handover_entries e ON e.transfer_id = t.id GROUP BY t.id HAVING t.count <> count(e.id) ORDER BY t.id"""
_NEVER: Final = """SELECT DISTINCT e.serial FROM certificates.handover_entries e JOIN certificates.certificates c
    ON c.id = e.certificate_id WHERE c.issued_at IS NULL OR NOT EXISTS (SELECT FROM certificates.papers p
    WHERE p.certificate_id = c.id AND p.serial = e.serial) ORDER BY e.serial"""


async def invariants(session: AsyncSession) -> list[str]:
    """What must hold of the register: steps without a gap, each from where the paper was, transfers as many as counted."""
    rows = await session.scalars(select(EntryRow).order_by(EntryRow.certificate_id, EntryRow.step))
    found: dict[UUID, list[Entry]] = {}
    for row in rows:
        found.setdefault(row.certificate_id, []).append(_entry(row))
    return [
        *[f"certificate {id}: {flaw}" for id, entries in found.items() for flaw in flaws(entries)],
        *[f"transfer {id} counts {count}, {there} are noted"
          for id, count, there in await session.execute(text(_UNEQUAL))],
        *[f"sheet {serial} was handed over and never carried that certificate" for serial in await session.scalars(text(_NEVER))],
    ]  # fmt: skip


async def downloads(session: AsyncSession, files: Collection[str]) -> dict[str, int]:
    """How often holders were handed each of these files (by SHA-256); a file that is not named was never handed out."""
    found: dict[str, int] = {}
    for part in chunks(sorted(files), 10_000):
        query = select(DownloadRow.sha256, DownloadRow.count).where(DownloadRow.sha256.in_(part))
        found.update((sha256, count) for sha256, count in (await session.execute(query)).all())
    return found


def _entry(row: EntryRow) -> Entry:
    return Entry(
        step=row.step,
        deed=Deed(row.deed),
        place=Place(row.place),
        serial=row.serial,
        recipient=row.recipient,
        relation=row.relation,
        on_date=row.on_date,
        reason=row.reason,
        noted_by=row.noted_by,
        noted_at=row.noted_at,
    )
