"""What is kept about a person and opened only for a named purpose: the full number, the phone, the photo."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel.crypto import Vault
from exam.kernel.db import chunks
from exam.kernel.errors import N_, NotFound
from exam.kernel.files import FileStore
from exam.registration.models import PersonRow, RegistrationRow
from exam.registration.rules.identity import IdType

_AT_ONCE: Final = 5000


class PersonNotFound(NotFound):
    message = N_("没有找到这名考生。")
    way_out = N_("请从报名列表重新进入。")


class PhotoNotFound(NotFound):
    message = N_("这名考生还没有照片。")
    way_out = N_("请在报名页面上传照片。")


def id_context(person_id: UUID) -> str:
    """The associated data under which a person's number is sealed."""
    return f"person:{person_id}:id"


def phone_context(person_id: UUID) -> str:
    """The associated data under which a person's phone number is sealed."""
    return f"person:{person_id}:phone"


def blind_of(vault: Vault, id_type: IdType, number: str) -> str:
    """The blind index by which a document is found."""
    return vault.blind(number, f"id:{id_type.value}")


async def id_number(session: AsyncSession, vault: Vault, person_id: UUID) -> str:
    """The full ID number: for the certificate and the platform only; lists and screens show the masked one."""
    row = await _person(session, person_id)
    return vault.open(row.id_sealed, id_context(person_id))


async def id_numbers(session: AsyncSession, vault: Vault, person_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The full ID numbers of many, by person: for the lists of the platform only."""
    found: dict[UUID, str] = {}
    for some in chunks(sorted(set(person_ids)), _AT_ONCE):
        query = select(PersonRow.id, PersonRow.id_sealed).where(PersonRow.id.in_(some))
        found |= {row.id: vault.open(row.id_sealed, id_context(row.id)) for row in await session.execute(query)}
    return found


async def phone_number(session: AsyncSession, vault: Vault, person_id: UUID) -> str:
    """The full phone number: to call somebody, never for a list."""
    row = await _person(session, person_id)
    return vault.open(row.phone_sealed, phone_context(person_id)) if row.phone_sealed else ""


async def photo(session: AsyncSession, files: FileStore, registration_id: UUID) -> bytes:
    """The jpg of a registration; PhotoNotFound when there is none."""
    query = select(RegistrationRow.photo_sha256).where(RegistrationRow.id == registration_id)
    sha256 = (await session.execute(query)).scalar_one_or_none()
    if sha256 is None:
        raise PhotoNotFound
    return files.get(sha256)


async def _person(session: AsyncSession, person_id: UUID) -> PersonRow:
    row = await session.get(PersonRow, person_id)
    if row is None:
        raise PersonNotFound
    return row
