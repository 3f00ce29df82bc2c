"""What happens to keys: one enters the register and takes over, may sign or not, is reported lost by one person and a second."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.keys import queries
from certificates.keys.models import KeyReportRow, SigningKeyRow
from certificates.keys.rules.purposes import FAULT_LABELS, PURPOSE_LABELS, Purpose, faults
from certificates.keys.rules.register import (
    OVERLAP,
    SIGNING,
    STATE_LABELS,
    Key,
    KeyRefused,
    KeyUnknown,
    NameTaken,
    NothingReported,
    ReasonNeeded,
    ReportState,
    SamePerson,
    WrongCutoff,
    WrongPurpose,
)
from certificates.keys.signer.port import Signer
from exam.accounts.rules import SYSTEM, Actor, Permission
from exam.kernel import audit
from exam.kernel.errors import Forbidden
from exam.kernel.i18n import translate
from exam.kernel.ids import new_id

_STREAM: Final = "keys"


async def require_usable(session: AsyncSession, signer: Signer, purpose: Purpose, *, now: datetime) -> None:
    """Raise `KeyRefused`, `KeyUnknown` or `WrongPurpose` unless the register lets this key sign for this purpose now.

    A demo's key enters the register by itself; a real one by `register`, which is what `kaowu keys rotate` does.
    """
    found = await queries.by_certificate(session, queries.fingerprint(signer.chain[0]))
    if found is None:
        if not signer.specimen:
            raise KeyUnknown(name=signer.name)
        found = await _register_specimen(session, signer, purpose, now)
    if found.purpose is not purpose:
        raise WrongPurpose(
            name=found.name, purpose=translate(PURPOSE_LABELS[purpose]), faults=translate(PURPOSE_LABELS[found.purpose])
        )
    state = found.state(now)
    if state not in SIGNING:
        words = translate(STATE_LABELS[state])
        raise KeyRefused(name=found.name, state=words, reason=words)


async def register(
    session: AsyncSession, actor: Actor, signer: Signer, *, name: str, purpose: Purpose, backend: str, now: datetime,
    ceremony_sha256: str = "",
) -> Key:  # fmt: skip
    """Enter a key that takes over now; the one before may finish for `OVERLAP`. Again for the same key changes nothing."""
    _require_manager(actor)
    wrong = faults(signer.chain, purpose)
    if wrong:
        words = "；".join(translate(FAULT_LABELS[one]) for one in wrong)
        raise WrongPurpose(name=name, purpose=translate(PURPOSE_LABELS[purpose]), faults=words)
    known = await queries.by_certificate(session, queries.fingerprint(signer.chain[0]))
    if known is not None:
        if (known.name, known.purpose) != (name, purpose):
            raise NameTaken(name=known.name)
        return known
    if await session.scalar(select(SigningKeyRow.id).where(SigningKeyRow.name == name)):
        raise NameTaken(name=name)
    public = queries.public_sha256(signer.chain[0])
    other = await session.scalar(select(SigningKeyRow).where(SigningKeyRow.public_sha256 == public))
    if other is not None:
        raise NameTaken(name=other.name)
    await _retire_open(session, purpose, now)
    await session.execute(
        insert(SigningKeyRow).values(_values(signer, name, purpose, backend, actor, now, ceremony_sha256))
    )
    made = await queries.key(session, name)
    await audit.record(
        session, actor, "keys.register", subject="signing_key", ids=[made.id], stream=_STREAM, now=now,
        data={"name": name, "purpose": purpose, "backend": backend, "certificate_sha256": made.certificate_sha256},
    )  # fmt: skip
    return made


async def report(
    session: AsyncSession, actor: Actor, *, name: str, cut_off: datetime | None, reason: str, now: datetime
) -> Key:
    """Report a key as lost: the first person stops it at once, the second makes the cut-off count for everybody who asks.

    The second needs neither time nor reason; one that lies earlier moves the cut-off there.
    """
    _require_manager(actor)
    assert actor.account_id is not None
    found = await queries.key(session, name)
    row = await _standing(session, found)
    if cut_off is not None and cut_off > now:
        raise WrongCutoff
    if row is None:
        if not reason.strip():
            raise ReasonNeeded
        row = KeyReportRow(
            id=new_id(), key_id=found.id, state=str(ReportState.OPEN), cut_off=cut_off or now, reason=reason.strip(),
            first_by=actor.account_id, first_name=actor.name, first_at=now, second_by=None, second_at=None,
        )  # fmt: skip
        session.add(row)
        verb = "report"
    else:
        _require_open(row)
        _decide(row, actor, ReportState.CONFIRMED, reason, now)
        row.cut_off = min(row.cut_off, cut_off or row.cut_off)
        await session.execute(
            update(SigningKeyRow)
            .where(SigningKeyRow.id == found.id, SigningKeyRow.retired_at.is_(None))
            .values(retired_at=now)
        )
        verb = "compromise"
    await _note(session, actor, verb, found, row, now)
    return await queries.key(session, name)


async def withdraw(session: AsyncSession, actor: Actor, *, name: str, reason: str, now: datetime) -> Key:
    """Take back a report that was a mistake: somebody other than who made it; the key signs again."""
    _require_manager(actor)
    if not reason.strip():
        raise ReasonNeeded
    found = await queries.key(session, name)
    row = await _standing(session, found)
    if row is None:
        raise NothingReported
    _require_open(row)
    _decide(row, actor, ReportState.WITHDRAWN, reason, now)
    await _note(session, actor, "withdraw", found, row, now)
    return await queries.key(session, name)


def _require_manager(actor: Actor) -> None:
    """Keys are the installation's: who may manage them anywhere may do it."""
    if not actor.may(Permission.KEY_MANAGE):
        raise Forbidden


async def _register_specimen(session: AsyncSession, signer: Signer, purpose: Purpose, now: datetime) -> Key:
    """A demo's key needs nobody's word; two processes may come at the same time."""
    leaf = signer.chain[0]
    wrong = faults(signer.chain, purpose)
    if wrong:
        raise WrongPurpose(
            name=signer.name, purpose=translate(PURPOSE_LABELS[purpose]), faults=translate(FAULT_LABELS[wrong[0]])
        )
    if any(not one.specimen for one in await queries.keys(session)):
        raise KeyUnknown(name=signer.name)  # a real installation whose ring is missing: never fall back to the demo
    sha256 = queries.fingerprint(leaf)
    await session.execute(
        update(SigningKeyRow)
        .where(SigningKeyRow.purpose == str(purpose), SigningKeyRow.retired_at.is_(None), SigningKeyRow.certificate_sha256 != sha256)
        .values(retired_at=now)
    )  # fmt: skip
    values = _values(signer, f"demo-{purpose}-{sha256[:8]}", purpose, "file", SYSTEM, now, "")
    values["in_force_from"] = leaf.not_valid_before_utc  # a demo's clock goes back and forth
    made = await session.scalar(
        insert(SigningKeyRow).values(values).on_conflict_do_nothing().returning(SigningKeyRow.id)
    )
    if made is not None:
        await audit.record(
            session, SYSTEM, "keys.register", subject="signing_key", ids=[made], stream=_STREAM, now=now,
            data={"name": values["name"], "purpose": purpose, "specimen": True, "certificate_sha256": sha256},
        )  # fmt: skip
    found = await queries.by_certificate(session, sha256)
    if found is None:
        raise KeyUnknown(name=signer.name)
    return found


async def _retire_open(session: AsyncSession, purpose: Purpose, now: datetime) -> None:
    await session.execute(
        update(SigningKeyRow)
        .where(SigningKeyRow.purpose == str(purpose), SigningKeyRow.retired_at.is_(None))
        .values(retired_at=now + OVERLAP)
    )


def _values(
    signer: Signer, name: str, purpose: Purpose, backend: str, actor: Actor, now: datetime, ceremony_sha256: str
) -> dict[str, object]:
    leaf: x509.Certificate = signer.chain[0]
    return {
        "id": new_id(),
        "name": name,
        "purpose": str(purpose),
        "algorithm": signer.algorithm,
        "backend": backend,
        "specimen": signer.specimen,
        "certificate_sha256": queries.fingerprint(leaf),
        "public_sha256": queries.public_sha256(leaf),
        "chain": b"".join(one.public_bytes(Encoding.PEM) for one in signer.chain).decode(),
        "valid_from": leaf.not_valid_before_utc,
        "valid_to": leaf.not_valid_after_utc,
        "in_force_from": now,
        "registered_at": now,
        "registered_by": actor.account_id,
        "registered_name": actor.name,
        "ceremony_sha256": ceremony_sha256,
        "retired_at": None,
    }


async def _standing(session: AsyncSession, found: Key) -> KeyReportRow | None:
    query = select(KeyReportRow).where(
        KeyReportRow.key_id == found.id, KeyReportRow.state != str(ReportState.WITHDRAWN)
    )
    row: KeyReportRow | None = await session.scalar(query.with_for_update())
    return row


def _require_open(row: KeyReportRow) -> None:
    if row.state != ReportState.OPEN:
        raise NothingReported


def _decide(row: KeyReportRow, actor: Actor, state: ReportState, reason: str, now: datetime) -> None:
    if row.first_by == actor.account_id:
        raise SamePerson(name=row.first_name)
    row.state, row.second_by, row.second_name = str(state), actor.account_id, actor.name
    row.second_at, row.second_reason = now, reason.strip()


async def _note(session: AsyncSession, actor: Actor, verb: str, found: Key, row: KeyReportRow, now: datetime) -> None:
    await session.flush()
    await audit.record(
        session, actor, f"keys.{verb}", subject="signing_key", ids=[found.id], stream=_STREAM, now=now,
        data={"name": found.name, "cut_off": row.cut_off, "reason": row.reason, "state": row.state},
    )  # fmt: skip
