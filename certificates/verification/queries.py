"""The public's questions: by QR token, by number and name, by file; and a holder's own certificates."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing import queries as issuing
from certificates.issuing.rules.credential import LIST_LENGTH
from certificates.issuing.rules.numbers import normalised
from certificates.issuing.rules.records import Certificate
from certificates.issuing.rules.signature import Examination
from certificates.issuing.rules.status import CertificateStatus
from certificates.keys import queries as keys
from certificates.keys.rules.register import stands
from certificates.ledger import queries as ledger
from certificates.ledger.rules.entries import BEGINNINGS
from certificates.platform import queries as platform
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
from exam.kernel.clock import china_date
from exam.kernel.errors import NotFound
from exam.registration import queries as registration

_NOBODY: Final = "—"
_TOKEN_LIMIT: Final = 64
UNKNOWN: Final = Answer(verdict=Verdict.UNKNOWN)


async def by_token(session: AsyncSession, token: str) -> Answer:
    """What the QR code on a certificate leads to; the name is masked: whoever holds the paper can read it there."""
    found = await issuing.by_token(session, token) if len(token) <= _TOKEN_LIMIT else None
    return await _answer(session, found, full_name=False)


async def by_number(session: AsyncSession, number: str, name: str) -> Answer:
    """Number and name together; a wrong name and a wrong number get the same answer, and the same work is done."""
    versions = await issuing.versions(session, normalised(number)[:64])
    issued = [one for one in versions if one.issued_at is not None]
    held = issued[0].face.holder_name if issued else _NOBODY
    same = same_name(name, held)
    return await _answer(session, issued[0] if issued and same else None, full_name=True)


async def by_file(session: AsyncSession, examination: Examination) -> Answer:
    """A file that was examined: accepted only with its hash in the register and its entry in the ledger."""
    found = await issuing.by_sha256(session, examination.sha256)
    if found is not None and not await ledger.entries(session, certificate_ids=[found.id]):
        found = None
    ends = [one for one in await keys.cutoffs(session) if one.certificate_sha256 == examination.certificate_sha256]
    lost = ends[0] if ends else None
    if not stands(ends, examination.certificate_sha256, found.issued_at if found is not None else None):
        return Answer(verdict=Verdict.UNKNOWN, examination=examination, lost_at=lost.at if lost else None)
    verdict = file_verdict(examination, found.status if found is not None and found.issued_at is not None else None)
    if found is None or verdict in (Verdict.UNKNOWN, Verdict.ALTERED):
        return Answer(verdict=verdict, examination=examination)
    facts = await _facts(session, found, full_name=True)
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


async def _answer(session: AsyncSession, found: Certificate | None, *, full_name: bool) -> Answer:
    verdict = verdict_of(found.status if found is not None else None)
    if found is None or verdict is Verdict.UNKNOWN:
        return UNKNOWN
    return Answer(verdict=verdict, facts=await _facts(session, found, full_name=full_name))


async def _facts(session: AsyncSession, found: Certificate, *, full_name: bool) -> Facts:
    versions = await issuing.versions(session, found.number)
    entries = await ledger.entries(session, certificate_ids=[one.id for one in versions])
    line = await platform.line_of(session, found.id, today=china_date(found.numbered_at))
    face = found.face
    return Facts(
        number=found.number,
        version=found.version,
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
        status=CertificateStatus(found.status),
        ended_at=found.ended_at,
        registered_at=line.accepted_at if line is not None and line.receipt is not None else None,
        sha256=found.sha256 or "",
        token=found.token,
        history=tuple(Happening(event=one.event, at=one.at, version=one.version, index=one.index) for one in entries),
    )
