"""Registering in person: a member of society enters, corrects a refused photo, withdraws; the officer's check binds the claim.

An ID number typed into a public form proves nothing. So an entry never meets what is on record under that number: it
stands on a person of its own, answers alike whether the number is known or not, and its receipt opens nothing but itself.
Only when an officer accepts it does the claim become the holder of the number; there the unique indexes of people and of
live registrations decide (3.4).
"""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import actions as accounts
from exam.accounts import queries as account_queries
from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules.records import Scheme
from exam.kernel import audit
from exam.kernel.clock import china_date
from exam.kernel.crypto import Vault
from exam.kernel.errors import Invalid, Problem, Refusal
from exam.kernel.files import FileStore
from exam.kernel.ids import new_id
from exam.registration.actions.moving import rows_of, walk
from exam.registration.models import PersonRow, RegistrationRow
from exam.registration.queries.batches import batch
from exam.registration.queries.people import blind_of, id_context, phone_context
from exam.registration.queries.registrations import live
from exam.registration.rules.entry import (
    AlreadyEntered,
    Claim,
    EntryNotOffered,
    NothingToCorrect,
    NumberNotTheirs,
    NumberTwice,
    Typed,
    check_entry,
    require_before_close,
    require_open,
)
from exam.registration.rules.identity import masked
from exam.registration.rules.names import latin, sort_key
from exam.registration.rules.photos import prepare_photo
from exam.registration.rules.records import Batch, Channel, Payer, Registration
from exam.registration.rules.status import RegistrationStatus

_R = RegistrationStatus


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What somebody takes away: the number and the secret with which they come back."""

    registration_id: UUID
    account_id: UUID
    entry_no: str
    secret: str = field(repr=False)


async def enter(
    session: AsyncSession,
    actor: Actor | None,
    vault: Vault,
    files: FileStore,
    *,
    batch_id: UUID,
    scheme_id: UUID,
    typed: Typed,
    photo: bytes | Problem,
    places: Collection[str],
    key: str,
    now: datetime,
) -> Receipt:
    """Register somebody in person, whole or not at all; every problem is named at once, by its field.

    ``places`` are the prefectures with a site for the level; ``photo`` the file, or why there is none; ``key`` the form's
    own random text: the same form sent twice gives the same receipt. ``actor`` is who is signed in in this browser, if anybody.
    """
    entry_key = sha256(key.encode()).hexdigest()
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(entry_key, 0))))
    earlier = await _receipt(session, vault, entry_key)
    if earlier is not None:
        return earlier
    into = await batch(session, batch_id)
    require_open(into, now)
    if scheme_id not in into.scheme_ids:
        raise EntryNotOffered
    claim, problems = check_entry(typed, places=places, today=china_date(now))
    picture, wrong = _picture(photo)
    problems += wrong
    if claim is None or picture is None or problems:
        raise Invalid(problems=problems)
    scheme = await catalogue.scheme(session, scheme_id)
    blind = blind_of(vault, claim.id_type, claim.id_number)
    await _refuse_second(session, actor, into, scheme, blind)
    stored = files.put(picture)
    row = await _write(session, vault, into, scheme, claim, typed.prefecture_code, blind, stored, entry_key, now)
    assert row.entry_no is not None
    access = await accounts.open_entry_access(
        session, vault, login=row.entry_no, name=claim.name, registration_id=row.id, now=now
    )
    await audit.record(
        session, access, "registration.enter", subject="registration", ids=[row.id], stream=f"batch:{into.id}",
        data={"scheme": scheme_id, "prefecture": typed.prefecture_code, "photo": stored}, now=now,
    )  # fmt: skip
    await audit.record(
        session, access, "registration.add_people", subject="person", ids=[row.person_id], stream=f"batch:{into.id}",
        data={"entry": row.id}, now=now,
    )  # fmt: skip
    made = await _receipt(session, vault, entry_key)
    assert made is not None
    return made


async def correct_photo(
    session: AsyncSession, actor: Actor, files: FileStore, *, registration_id: UUID, data: bytes, now: datetime
) -> Registration:
    """Replace the photo of an entry that was returned, and submit it again."""
    row = await _own(session, actor, registration_id)
    if row.claim_blind is None or row.status != _R.RETURNED.value:
        raise NothingToCorrect
    stored = files.put(prepare_photo(data))
    row.photo_sha256 = stored
    (await session.get_one(PersonRow, row.person_id)).photo_sha256 = stored
    return (
        await walk(
            session, actor, [row], lambda row: (_R.SUBMITTED,), action="correct_photo", now=now, data={"photo": stored}
        )
    )[0]


async def withdraw_own(session: AsyncSession, actor: Actor, *, registration_id: UUID, now: datetime) -> Registration:
    """Withdraw one's own entry before registration closes."""
    row = await _own(session, actor, registration_id)
    require_before_close(await batch(session, row.batch_id), now)
    return (await walk(session, actor, [row], lambda row: (_R.WITHDRAWN,), action="withdraw", now=now))[0]


async def bind_claims(
    session: AsyncSession, actor: Actor, vault: Vault | None, rows: Sequence[RegistrationRow], now: datetime
) -> None:
    """Make checked claims their numbers' holders: the person on record, or from now on the claim's own person.

    Refused, with words for the officer alone, when the number stands under another name, or the person is registered.
    """
    for row in rows:
        if row.claim_blind is None:
            continue
        own = await session.get_one(PersonRow, row.person_id)
        query = select(PersonRow).where(PersonRow.id_blind == row.claim_blind).with_for_update()
        known = (await session.scalars(query)).one_or_none()
        if known is None:
            own.id_blind, row.claim_blind = row.claim_blind, None
        else:
            await _join(session, vault, row, own, known)
        await session.flush()
        await audit.record(
            session, actor, "registration.bind_claim", subject="person", ids=[row.person_id], stream=f"batch:{row.batch_id}",
            data={"entry": row.id, "known": known is not None}, now=now,
        )  # fmt: skip


async def _join(
    session: AsyncSession, vault: Vault | None, row: RegistrationRow, own: PersonRow, known: PersonRow
) -> None:
    """Hand a claim over to the person on record; the phone number given last reaches them."""
    if (own.name, own.gender) != (known.name, known.gender):
        raise NumberNotTheirs(name=own.name, number=own.id_masked)
    same = (
        RegistrationRow.batch_id == row.batch_id,
        RegistrationRow.certificate_id == row.certificate_id,
        RegistrationRow.level == row.level,
        RegistrationRow.person_id == known.id,
        live(),
    )
    if (await session.scalars(select(RegistrationRow.id).where(*same).limit(1))).first() is not None:
        raise NumberTwice(name=own.name, number=own.id_masked)
    if vault is not None:
        phone = vault.open(own.phone_sealed, phone_context(own.id))
        known.phone_sealed = vault.seal(phone, phone_context(known.id))
    known.photo_sha256 = known.photo_sha256 or own.photo_sha256
    row.person_id, row.claim_blind = known.id, None
    await session.flush()
    await session.delete(own)


async def _receipt(session: AsyncSession, vault: Vault, entry_key: str) -> Receipt | None:
    query = select(RegistrationRow.id, RegistrationRow.entry_no).where(RegistrationRow.entry_key == entry_key)
    row = (await session.execute(query)).one_or_none()
    access = await account_queries.entry_access(session, vault, login=row.entry_no or "") if row else None
    if row is None or access is None:
        return None
    return Receipt(registration_id=row.id, account_id=access.account_id, entry_no=access.login, secret=access.secret)


def _picture(photo: bytes | Problem) -> tuple[bytes | None, list[Problem]]:
    """The photo as it is kept, or what is wrong with it, at its field."""
    if isinstance(photo, Problem):
        return None, [photo]
    try:
        return prepare_photo(photo), []
    except Refusal as refusal:
        found = Problem(
            field="photo", code=refusal.code, message=refusal.message, way_out=refusal.way_out, facts=refusal.facts
        )
        return None, [found]


async def _refuse_second(session: AsyncSession, actor: Actor | None, into: Batch, scheme: Scheme, blind: str) -> None:
    """Say that it is registered already, only to whoever is signed in with that registration: nobody else learns it."""
    own = actor.scope_ids(Permission.OWN_READ, "registration") if actor else None
    if not own:
        return
    query = (
        select(RegistrationRow.id)
        .join(PersonRow, PersonRow.id == RegistrationRow.person_id)
        .where(
            RegistrationRow.id.in_([UUID(id) for id in own]),
            RegistrationRow.batch_id == into.id,
            RegistrationRow.certificate_id == scheme.certificate_id,
            RegistrationRow.level == scheme.level.value,
            (RegistrationRow.claim_blind == blind) | (PersonRow.id_blind == blind),
            live(),
        )
    )
    if (await session.scalars(query.limit(1))).first() is not None:
        raise AlreadyEntered


async def _write(
    session: AsyncSession,
    vault: Vault,
    into: Batch,
    scheme: Scheme,
    claim: Claim,
    prefecture_code: str,
    blind: str,
    photo_sha256: str,
    entry_key: str,
    now: datetime,
) -> RegistrationRow:
    person_id, id = new_id(), new_id()
    session.add(
        PersonRow(
            id=person_id,
            name=claim.name,
            name_sort=sort_key(claim.name),
            name_latin=latin(claim.name),
            gender=claim.gender.value,
            ethnicity="",
            id_type=claim.id_type.value,
            id_sealed=vault.seal(claim.id_number, id_context(person_id)),
            id_blind=vault.blind(claim.id_number, f"claim:{id}"),  # of this entry alone: it meets no other person's
            id_masked=masked(claim.id_number),
            phone_sealed=vault.seal(claim.phone, phone_context(person_id)),
            photo_sha256=photo_sha256,
            created_at=now,
        )
    )
    await session.flush()
    row = RegistrationRow(
        id=id,
        batch_id=into.id,
        person_id=person_id,
        institution_id=None,
        roster_id=None,
        roster_serial="",
        channel=Channel.SOCIAL.value,
        scheme_id=scheme.id,
        certificate_id=scheme.certificate_id,
        level=scheme.level.value,
        prefecture_code=prefecture_code,
        major="",
        major_code="",
        class_name="",
        status=_R.SUBMITTED.value,
        payer=Payer.SELF.value,
        fee_yuan=scheme.fee_yuan,
        first_free=False,
        fee_receipt="",
        waiver_reason="",
        waiver_proof="",
        consent_at=now,
        photo_sha256=photo_sha256,
        resit_of=None,
        return_reason="",
        entry_no=f"R{secrets.randbelow(10**10):010d}",
        entry_key=entry_key,
        claim_blind=blind,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return row


async def _own(session: AsyncSession, actor: Actor, registration_id: UUID) -> RegistrationRow:
    """The row, locked, of whoever registered in person."""
    actor.require(Permission.OWN_READ, registration_id=registration_id)
    (row,) = await rows_of(session, [registration_id])
    if row.entry_no is None:
        raise NothingToCorrect
    return row
