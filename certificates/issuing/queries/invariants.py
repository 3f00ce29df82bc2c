"""What must hold of every certificate; each failure by name."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.designs import queries as designs
from certificates.designs.rules.records import BUILT_IN
from certificates.issuing.models import CertificateRow, Number, NumberCounter
from certificates.issuing.queries.releases import release_failures
from certificates.issuing.queries.stored import record
from certificates.issuing.rules.records import Certificate as Certificate
from certificates.issuing.rules.status import CertificateStatus
from certificates.ledger import queries as ledger
from certificates.ledger.rules.complete import Known, differences
from certificates.ledger.rules.entries import BEGINNINGS
from exam.kernel.files import FileAltered, FileStore
from scoring.outcomes import queries as outcomes
from scoring.outcomes.rules import Decision


async def invariants(session: AsyncSession, files: FileStore | None = None) -> list[str]:
    """What must hold of every certificate; each failure by name.

    No certificate without a passed, published outcome; one live number per outcome and every serial accounted for; with
    `files`, the stored bytes are those of the row and of the ledger (`certificates.nightly` looks at them more closely).
    """
    rows = [record(row) for row in await session.scalars(select(CertificateRow))]
    return [
        *await _outcome_failures(session, rows),
        *await _number_failures(session, rows),
        *await release_failures(session),
        *await _design_failures(session, rows),
        *(await _byte_failures(session, files, rows) if files is not None else []),
    ]


async def _design_failures(session: AsyncSession, rows: Sequence[Certificate]) -> list[str]:
    """Each version names a design that says what it said when the version was begun."""
    named = sorted({(row.template, row.template_sha256) for row in rows})
    failures = []
    for name, sha256 in named:
        found = designs.built_in_template() if name == BUILT_IN else await designs.by_name(session, name)
        if found is None or found.sha256 != sha256:
            failures.append(f"design {name} is not what certificates were drawn with")
    return failures


async def _outcome_failures(session: AsyncSession, rows: Sequence[Certificate]) -> list[str]:
    live = [row for row in rows if row.status is CertificateStatus.ISSUED]
    public = {
        one.registration_id
        for one in await outcomes.outcomes(
            session, registration_ids=[row.registration_id for row in live], published_only=True
        )
        if one.decision is Decision.PASSED
    }
    return [f"{row.number} has no passed, published outcome" for row in live if row.registration_id not in public]


async def _number_failures(session: AsyncSession, rows: Sequence[Certificate]) -> list[str]:
    numbers = (await session.scalars(select(Number))).all()
    failures = [
        f"outcome {outcome} has {count} live numbers"
        for outcome, count in Counter(one.outcome_id for one in numbers if one.voided_at is None).items()
        if count > 1
    ]
    serials: dict[tuple[str, int], set[int]] = {}
    for one in numbers:
        serials.setdefault((one.issuer_code, one.year), set()).add(one.serial)
    for counter in await session.scalars(select(NumberCounter)):
        missing = set(range(1, counter.last_serial + 1)) ^ serials.pop((counter.issuer_code, counter.year), set())
        failures += [
            f"serial {serial} of {counter.issuer_code} {counter.year} is not accounted for"
            for serial in sorted(missing)
        ]
    failures += [f"numbers of {issuer} {year} have no counter" for issuer, year in serials]
    used = {row.number for row in rows}
    failures += [f"{one.number} was taken and has no certificate" for one in numbers if one.number not in used]
    failures += [f"{number} is not in the number log" for number in sorted(used - {one.number for one in numbers})]
    return failures


async def _byte_failures(session: AsyncSession, files: FileStore, rows: Sequence[Certificate]) -> list[str]:
    """Every version was announced in the ledger, every end stands there, and the bytes issued are those stored."""
    entries = await ledger.entries(session)
    ends = (CertificateStatus.REVOKED, CertificateStatus.VOIDED)
    known = [
        Known(id=row.id, number=row.number, version=row.version, begun=True, ended=row.status in ends) for row in rows
    ]
    failures = differences(entries, known, committing=frozenset())
    places = {entry.certificate_id: entry.index for entry in entries if entry.event in BEGINNINGS}
    for row in rows:
        if places.get(row.id, row.leaf_index) != row.leaf_index:
            failures.append(f"{row.number}/{row.version} names another place in the ledger")
        if row.issued_at is not None:
            failures += _stored_failures(files, row)
    return failures


def _stored_failures(files: FileStore, row: Certificate) -> list[str]:
    try:
        data = files.get(row.sha256 or "")
    except FileNotFoundError:
        return [f"{row.number}/{row.version}: the stored file is missing"]
    except FileAltered:  # a store that compares by itself
        return [f"{row.number}/{row.version}: the stored file was altered"]
    same = sha256_of(data) == row.sha256
    return [] if same else [f"{row.number}/{row.version}: the stored file was altered"]


def sha256_of(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()
