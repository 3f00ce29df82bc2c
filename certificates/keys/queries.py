"""Reads of the register of keys: all keys, one by its certificate, cut-offs, authorities, what `kaowu check` demands."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.keys.models import KeyReportRow, SigningKeyRow
from certificates.keys.rules.purposes import Purpose, algorithm_of, faults
from certificates.keys.rules.register import Cutoff, Key, KeyState, NoSuchKey, Report, ReportState
from exam.accounts.rules import Actor, Permission
from exam.kernel.errors import N_
from exam.kernel.needs import Need

PAGE: Final = "/certificates/keys"


async def keys(session: AsyncSession) -> list[Key]:
    """Every key, by purpose, the newest first."""
    rows = await session.scalars(
        select(SigningKeyRow).order_by(
            SigningKeyRow.purpose, SigningKeyRow.in_force_from.desc(), SigningKeyRow.id.desc()
        )
    )
    reports = await _reports(session)
    return [_record(row, reports.get(row.id)) for row in rows]


async def key(session: AsyncSession, name: str) -> Key:
    """One key by its name; raises `NoSuchKey`."""
    row = await session.scalar(select(SigningKeyRow).where(SigningKeyRow.name == name))
    if row is None:
        raise NoSuchKey(name=name)
    return _record(row, (await _reports(session)).get(row.id))


async def by_certificate(session: AsyncSession, certificate_sha256: str) -> Key | None:
    """The key under a certificate (SHA-256 of its DER, hex)."""
    row = await session.scalar(select(SigningKeyRow).where(SigningKeyRow.certificate_sha256 == certificate_sha256))
    return None if row is None else _record(row, (await _reports(session)).get(row.id))


async def cutoffs(session: AsyncSession) -> list[Cutoff]:
    """The keys that two people declared lost, and from when on nothing new under them counts (`rules.register.stands`)."""
    return [
        Cutoff(
            certificate_sha256=one.certificate_sha256, name=one.name, purpose=one.purpose, at=one.report.cut_off,
            reason=one.report.reason,
        )
        for one in await keys(session)
        if one.report is not None and one.report.state is ReportState.CONFIRMED
    ]  # fmt: skip


async def needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """Keys that end soon or have ended without another, and reports that wait for a second person."""
    if not actor.may(Permission.KEY_MANAGE):
        return []
    found = []
    for one in await keys(session):
        state, facts = one.state(now), {"name": one.name}
        if state is KeyState.STOPPED and one.report is not None and one.report.first_by != actor.account_id:
            found.append(Need(text=N_("密钥“%(name)s”的失密报告等待您确认"), href=PAGE, facts=facts, tone="stopped"))
        elif one.retired_at is None and state in (KeyState.EXPIRING, KeyState.EXPIRED):
            found.append(
                Need(text=N_("密钥“%(name)s”需要更换"), href=PAGE, facts=facts, tone="warning", due=one.valid_to)
            )
    return found


async def roots(session: AsyncSession, purpose: Purpose = Purpose.DOCUMENT) -> list[bytes]:
    """The DER of the authorities above the registered keys of a purpose: what was signed under an earlier one stays valid."""
    found = [
        x509.load_pem_x509_certificates(one.chain.encode())[-1] for one in await keys(session) if one.purpose is purpose
    ]
    return list(dict.fromkeys(one.public_bytes(Encoding.DER) for one in found))


async def invariants(session: AsyncSession) -> list[str]:
    """What must hold of the register: each row is what its chain says, no key has two purposes, two people stand for a cut-off."""
    found, rows = [], await keys(session)
    for one in rows:
        chain = x509.load_pem_x509_certificates(one.chain.encode()) if one.chain else []
        if not chain or fingerprint(chain[0]) != one.certificate_sha256 or public_sha256(chain[0]) != one.public_sha256:
            found.append(f"{one.name}: the certificate is not the registered one")
        elif faults(chain, one.purpose) or algorithm_of(chain[0].public_key()) != one.algorithm:
            found.append(f"{one.name}: the certificate does not serve the purpose {one.purpose}")
    shared = Counter(one.public_sha256 for one in rows)
    found += [f"{one.name}: its public key has another purpose too" for one in rows if shared[one.public_sha256] > 1]
    open_ones = Counter(one.purpose for one in rows if one.retired_at is None)
    found += [f"{purpose}: {count} keys are open" for purpose, count in sorted(open_ones.items()) if count > 1]
    for row in await session.scalars(select(KeyReportRow).order_by(KeyReportRow.first_at)):
        if row.state != ReportState.OPEN and (row.second_by is None or row.second_by == row.first_by):
            found.append(f"report {row.id} was not decided by two people")
    return found


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate's DER, hex."""
    return sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def public_sha256(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate's public key (SubjectPublicKeyInfo), hex."""
    return sha256(certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


async def _reports(session: AsyncSession) -> dict[object, Report]:
    """The standing report of each key that has one."""
    rows = await session.scalars(select(KeyReportRow).where(KeyReportRow.state != str(ReportState.WITHDRAWN)))
    return {
        row.key_id: Report(
            id=row.id, state=ReportState(row.state), cut_off=row.cut_off, reason=row.reason, first_by=row.first_by,
            first_name=row.first_name, first_at=row.first_at, second_name=row.second_name, second_at=row.second_at,
        )
        for row in rows
    }  # fmt: skip


def _record(row: SigningKeyRow, report: Report | None) -> Key:
    return Key(
        id=row.id, name=row.name, purpose=Purpose(row.purpose), algorithm=row.algorithm,  # type: ignore[arg-type]
        backend=row.backend, specimen=row.specimen, certificate_sha256=row.certificate_sha256,
        public_sha256=row.public_sha256, chain=row.chain, valid_from=row.valid_from, valid_to=row.valid_to,
        in_force_from=row.in_force_from, registered_by=row.registered_name, retired_at=row.retired_at, report=report,
    )  # fmt: skip
