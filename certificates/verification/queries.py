"""The public's questions: by QR token, by number and name, by file; and a holder's own certificates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing import queries as issuing
from certificates.issuing.rules.credential import LIST_LENGTH
from certificates.issuing.rules.face import Face
from certificates.issuing.rules.numbers import normalised
from certificates.issuing.rules.records import Certificate
from certificates.issuing.rules.signature import Examination
from certificates.issuing.rules.status import CertificateStatus
from certificates.keys import queries as keys
from certificates.keys.rules.register import stands
from certificates.ledger import queries as ledger
from certificates.ledger.rules.entries import BEGINNINGS, LedgerEvent
from certificates.verification.rules import (
    Answer,
    Facts,
    Happening,
    Verdict,
    file_verdict,
    masked_name,
    same_name,
    verdict_of,
)
from exam.accounts.rules import Actor, Permission
from exam.kernel.db import Database, chunks
from exam.kernel.errors import NotFound
from exam.registration import queries as registration

_NOBODY: Final = "—"
_TOKEN_LIMIT: Final = 64
UNKNOWN: Final = Answer(verdict=Verdict.UNKNOWN)


_LOOK_UP: Final = """
SELECT c.number, c.version, c.token, c.status, c.face, c.issued_on, c.ended_at, c.sha256,
  (SELECT json_agg(json_build_array(l.event, l.at, l.version, l.index) ORDER BY l.index)
   FROM certificates.certificates AS v JOIN certificates.ledger_leaves AS l ON l.certificate_id = v.id
   WHERE v.number = c.number) AS history,
  (SELECT p.accepted_at FROM certificates.platform_registrations AS p
   WHERE p.certificate_id = c.id AND p.receipt IS NOT NULL LIMIT 1) AS registered_at
FROM certificates.certificates AS c WHERE c.{key} = :value AND c.issued_at IS NOT NULL ORDER BY c.version DESC LIMIT 1
"""
"""Everything the public sees, in one statement over three folders' tables: it is asked more often than anything else."""
_BY_TOKEN, _BY_NUMBER, _BY_SHA256 = (text(_LOOK_UP.format(key=key)) for key in ("token", "number", "sha256"))
_BY_ID: Final = text(_LOOK_UP.format(key="id"))
_LISTED: Final = text("""
SELECT DISTINCT ON (c.number) c.number, c.version, c.token, c.status, c.face, c.issued_on, c.ended_at, c.sha256,
  NULL AS history, NULL AS registered_at
FROM certificates.certificates AS c WHERE c.number = ANY(CAST(:numbers AS text[])) AND c.issued_at IS NOT NULL
ORDER BY c.number, c.version DESC
""")
_AT_ONCE: Final = 500


async def by_token(db: Database, token: str) -> Answer:
    """What the QR code on a certificate leads to; the name is masked: whoever holds the paper can read it there."""
    rows = await db.look_up(_BY_TOKEN, {"value": token[:_TOKEN_LIMIT]})
    return _answer(rows[0], full_name=False) if rows else UNKNOWN


async def by_number(db: Database, number: str, name: str) -> Answer:
    """Number and name together; a wrong name and a wrong number get the same answer, and the same work is done."""
    rows = await db.look_up(_BY_NUMBER, {"value": normalised(number)[:_TOKEN_LIMIT]})
    held = rows[0].face["holder_name"] if rows else _NOBODY
    same = same_name(name, held)
    return _answer(rows[0], full_name=True) if rows and same else UNKNOWN


async def by_numbers(session: AsyncSession, asked: Sequence[tuple[str, str]]) -> list[Answer]:
    """Many numbers with their names, for who was let in (certificates.enquiries): answers in their order, without histories."""
    rows: dict[str, Row[Any]] = {}
    numbers = sorted({normalised(number)[:_TOKEN_LIMIT] for number, _ in asked})
    for some in chunks(numbers, _AT_ONCE):
        found = await session.execute(_LISTED, {"numbers": list(some)})
        rows |= {row.number: row for row in found}
    answers = []
    for number, name in asked:
        row = rows.get(normalised(number)[:_TOKEN_LIMIT])
        same = same_name(name, row.face["holder_name"] if row is not None else _NOBODY)
        answers.append(_answer(row, full_name=True) if row is not None and same else UNKNOWN)
    return answers


async def by_id(db: Database, id: UUID, *, full_name: bool) -> Answer:
    """One version, for who was let in by its holder (certificates.sharing)."""
    rows = await db.look_up(_BY_ID, {"value": id})
    return _answer(rows[0], full_name=full_name) if rows else UNKNOWN


async def by_file(session: AsyncSession, examination: Examination) -> Answer:
    """A file that was examined: accepted only with its hash in the register and its entry in the ledger."""
    found = await issuing.by_sha256(session, examination.registered_sha256)
    if found is not None and not await ledger.entries(session, certificate_ids=[found.id]):
        found = None
    ends = [one for one in await keys.cutoffs(session) if one.certificate_sha256 == examination.certificate_sha256]
    lost = ends[0] if ends else None
    if not stands(ends, examination.certificate_sha256, found.issued_at if found is not None else None):
        return Answer(verdict=Verdict.UNKNOWN, examination=examination, lost_at=lost.at if lost else None)
    verdict = file_verdict(examination, found.status if found is not None and found.issued_at is not None else None)
    if found is None or verdict in (Verdict.UNKNOWN, Verdict.ALTERED):
        return Answer(verdict=verdict, examination=examination)
    row = (await session.execute(_BY_SHA256, {"value": examination.registered_sha256})).one()
    facts = _facts(row, full_name=True)
    return Answer(verdict=verdict, facts=facts, examination=examination, lost_at=lost.at if lost else None)


async def ended_indexes(session: AsyncSession, page: int) -> list[int]:
    """The leaves of certificates on this page of the status lists that were revoked, corrected or replaced."""
    ended = await issuing.ended(session)
    found = (
        await ledger.entries(session, certificate_ids=ended, start=page * LIST_LENGTH, end=(page + 1) * LIST_LENGTH)
        if ended
        else []
    )
    return [one.index for one in found if one.event in BEGINNINGS]


async def proof(session: AsyncSession, token: str) -> str | None:
    """The ledger's proof of the entry with which this certificate began (C2SP tlog-proof); None for an unknown token."""
    found = await issuing.by_token(session, token) if len(token) <= _TOKEN_LIMIT else None
    if found is None or found.issued_at is None:
        return None
    entries = await ledger.entries(session, certificate_ids=[found.id])
    index = next(one.index for one in entries if one.event in BEGINNINGS)
    return (await ledger.proofs(session, [index]))[index].text


async def mine(session: AsyncSession, actor: Actor) -> list[Certificate]:
    """The certificates of the candidate who asks."""
    people = {UUID(id) for id in actor.scope_ids(Permission.OWN_READ, "person") or ()}
    single = {UUID(id) for id in actor.scope_ids(Permission.OWN_READ, "registration") or ()}
    holders = {one.person_id for one in await registration.registrations(session, ids=single)} if single else set()
    found = await issuing.of_people(session, people | holders) if people | holders else []
    return [one for one in found if one.person_id in people or one.registration_id in single]


async def own(session: AsyncSession, actor: Actor, certificate_id: UUID) -> Certificate:
    """One of the candidate's own certificates; NotFound for anybody else's."""
    found = await issuing.certificate(session, certificate_id)
    if (
        not actor.within(Permission.OWN_READ, person_id=found.person_id, registration_id=found.registration_id)
        or found.sha256 is None
        or found.issued_at is None
    ):
        raise NotFound
    return found


def _answer(row: Row[Any], *, full_name: bool) -> Answer:
    verdict = verdict_of(CertificateStatus(row.status))
    return UNKNOWN if verdict is Verdict.UNKNOWN else Answer(verdict=verdict, facts=_facts(row, full_name=full_name))


def _facts(row: Row[Any], *, full_name: bool) -> Facts:
    face = Face.from_data(row.face)
    return Facts(
        number=row.number,
        version=row.version,
        id_masked=face.id_masked,
        holder=face.holder_name if full_name else masked_name(face.holder_name),
        certificate_zh=face.certificate_name_zh,
        certificate_en=face.certificate_name_en,
        level_zh=face.level_zh,
        level_en=face.level_en,
        organisation_zh=face.organisation_name_zh,
        organisation_en=face.organisation_name_en,
        institution_zh=face.institution_zh,
        institution_en=face.institution_en,
        issued_on=face.issued_on,
        specimen=face.specimen,
        status=CertificateStatus(row.status),
        ended_at=row.ended_at,
        registered_at=row.registered_at,
        sha256=row.sha256 or "",
        token=row.token,
        history=tuple(
            Happening(event=LedgerEvent(event), at=datetime.fromisoformat(at), version=version, index=index)
            for event, at, version, index in row.history or ()
        ),
    )
