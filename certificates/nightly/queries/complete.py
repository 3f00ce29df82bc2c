"""Certificates and the ledger held against each other, a slice at a time, so that memory stays flat.

Each version has its beginning where its row says, committing to the frozen record; each end, and each sheet that was printed
again, has its entry; no entry is about nothing. Checkpoints carry the log's signature, the newest its witnesses' too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing import queries as issuing
from certificates.issuing.rules.records import Certificate
from certificates.issuing.rules.status import CertificateStatus
from certificates.keys import queries as keys
from certificates.keys.rules.purposes import Purpose
from certificates.ledger import queries as ledger
from certificates.ledger.rules import LedgerEntry
from certificates.ledger.rules.complete import Known, differences, present
from certificates.ledger.rules.entries import BEGINNINGS
from certificates.ledger.rules.notes import BadNote, Kind, Verifier, signers
from certificates.ledger.rules.policy import Policy

_TOGETHER: Final = 500
_ENDS: Final = (CertificateStatus.REVOKED, CertificateStatus.VOIDED)
Records = Callable[[AsyncSession, Sequence[UUID]], Awaitable[Mapping[UUID, Mapping[str, Any]]]]
"""What the entries of versions commit to."""


async def completeness(session: AsyncSession, records: Records, policy: Policy) -> list[str]:
    """Each way in which certificates, entries and checkpoints do not belong together, by number and entry."""
    return [
        *await _certificates(session, records),
        *await _strangers(session),
        *await _reprints(session),
        *await _signatures(session, policy),
    ]


async def _certificates(session: AsyncSession, records: Records) -> list[str]:
    found: list[str] = []
    after = UUID(int=0)
    while ids := list(await session.scalars(text(_NEXT), {"after": after, "limit": _TOGETHER})):
        after = ids[-1]
        rows = await issuing.certificates(session, ids)
        own = await ledger.entries(session, certificate_ids=ids)
        opened = await records(session, ids)
        found += differences(own, [_known(row, opened[row.id]) for row in rows], committing=_committing(own))
        places = {one.certificate_id: one.index for one in own if one.event in BEGINNINGS}
        found += [
            f"{row.number}/{row.version} names another place in the ledger"
            for row in rows
            if row.leaf_index is not None and places.get(row.id, row.leaf_index) != row.leaf_index
        ]
    return found


def _known(row: Certificate, record: Mapping[str, Any]) -> Known:
    return Known(
        id=row.id, number=row.number, version=row.version, begun=True, ended=row.status in _ENDS, record=record
    )


def _committing(entries: Sequence[LedgerEntry]) -> frozenset[int]:
    """The entries of the present format, whose commitments can be opened."""
    return frozenset(one.index for one in entries if present(one))


async def _strangers(session: AsyncSession) -> list[str]:
    rows = await session.execute(text(_STRANGERS))
    return [
        f"entry {index} names {number}/{version}, and there is no such certificate" for index, number, version in rows
    ]


async def _reprints(session: AsyncSession) -> list[str]:
    """A sheet that was spoiled under a certificate and printed again has its entry, and each entry its sheet."""
    rows = await session.execute(text(_REPRINTED))
    return [
        f"{number}/{version} was printed again {sheets} times, and the ledger says {entries}"
        for number, version, sheets, entries in rows
    ]


async def _signatures(session: AsyncSession, policy: Policy) -> list[str]:
    """Every checkpoint has the signature of a key that the log had; the newest those of its witnesses as well."""
    found: list[str] = []
    known = await _log_keys(session)
    every = await ledger.checkpoints(session)
    for one in every:
        try:
            names = [Verifier(one.head.origin, Kind.ED25519, key) for key in known]
            names += [log for log in policy.logs if log.name == one.head.origin and log not in names]
            if not signers(one.note, names):
                found.append(f"checkpoint {one.size} has no signature of the log")
            if one.size == every[0].size and not policy.met(policy.cosigners(one.note)):
                found.append(f"checkpoint {one.size} has too few cosignatures: the quorum {policy.quorum} is not met")
        except BadNote as error:
            found.append(f"checkpoint {one.size}: {error}")
    return found


async def _log_keys(session: AsyncSession) -> list[bytes]:
    """The public keys that the log has ever had."""
    chains = [one.chain for one in await keys.keys(session) if one.purpose is Purpose.LEDGER]
    leaves = [x509.load_pem_x509_certificates(chain.encode())[0].public_key() for chain in chains if chain]
    return [one.public_bytes_raw() for one in leaves if isinstance(one, Ed25519PublicKey)]


_NEXT: Final = "SELECT id FROM certificates.certificates WHERE id > :after ORDER BY id LIMIT :limit"
_STRANGERS: Final = """SELECT l.index, l.number, l.version FROM certificates.ledger_leaves l
    WHERE NOT EXISTS (SELECT FROM certificates.certificates c WHERE c.id = l.certificate_id) ORDER BY l.index"""
_REPRINTED: Final = """WITH sheets AS (SELECT certificate_id, count(*) AS n FROM certificates.papers
        WHERE status = 'spoiled' AND certificate_id IS NOT NULL GROUP BY certificate_id),
    entries AS (SELECT certificate_id, count(*) AS n FROM certificates.ledger_leaves WHERE event = 'reprint' GROUP BY certificate_id)
    SELECT c.number, c.version, coalesce(s.n, 0), coalesce(e.n, 0) FROM sheets s FULL JOIN entries e ON e.certificate_id = s.certificate_id
    JOIN certificates.certificates c ON c.id = coalesce(s.certificate_id, e.certificate_id)
    WHERE coalesce(s.n, 0) <> coalesce(e.n, 0) ORDER BY c.number, c.version"""
