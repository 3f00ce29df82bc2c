"""Photos of candidates: one for a person, or many files named by ID number, roster number or 姓名_身份证号 (X05)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.kernel import audit
from exam.kernel.crypto import Vault
from exam.kernel.errors import N_, Forbidden, Problem, Refusal
from exam.kernel.files import FileStore
from exam.registration.models import PersonRow, RegistrationRow
from exam.registration.queries.people import PersonNotFound, blind_of
from exam.registration.queries.registrations import live
from exam.registration.rules.identity import IdType, masked, normalise
from exam.registration.rules.photos import prepare_photo
from exam.registration.rules.status import RegistrationStatus

MOST_PHOTOS = 300
_PHOTO_FIXED = (RegistrationStatus.SEATED.value, RegistrationStatus.OUTCOME.value)


@dataclass(frozen=True, kw_only=True)
class PhotosResult:
    """How many photos were taken, and why the others were not."""

    stored_count: int
    problems: tuple[Problem, ...]


async def set_photo(
    session: AsyncSession, actor: Actor, files: FileStore, *, person_id: UUID, data: bytes, now: datetime
) -> str:
    """Check and store the photo of one person; returns its SHA-256. Raises a refusal of ``rules.photos``."""
    return (await set_photos(session, actor, files, photos={person_id: data}, now=now))[person_id]


async def set_photos(
    session: AsyncSession, actor: Actor, files: FileStore, *, photos: Mapping[UUID, bytes], now: datetime
) -> dict[UUID, str]:
    """Check and store the photos of many people, all or none; returns the SHA-256 by person.

    Registrations that have a seat keep the photo that is printed on their tickets.
    """
    prepared: dict[bytes, bytes] = {data: prepare_photo(data) for data in set(photos.values())}
    return await _keep(session, actor, files, {person_id: prepared[data] for person_id, data in photos.items()}, now)


async def upload_photos(
    session: AsyncSession,
    actor: Actor,
    vault: Vault,
    files: FileStore,
    *,
    batch_id: UUID,
    institution_id: UUID,
    photos: Sequence[tuple[str, bytes]],
    now: datetime,
) -> PhotosResult:
    """Store the photos of an institution's candidates by their file names; each file stands or fails by itself."""
    actor.require(Permission.ROSTER_IMPORT, institution_id=institution_id)
    by_word = await _people_by_word(session, batch_id, institution_id)
    problems: list[Problem] = []
    good: dict[UUID, bytes] = {}
    for filename, data in photos[:MOST_PHOTOS]:
        person_id = _person_of(vault, by_word, filename)
        shown = _shown(filename)
        if person_id is None:
            problems.append(
                Problem(
                    code="photo_unmatched",
                    message=N_("%(file)s：名单里没有对应的考生。"),
                    way_out=N_("请用证件号码、“姓名_证件号码”或名单序号命名照片。"),
                    facts={"file": shown},
                )
            )
            continue
        try:
            good[person_id] = prepare_photo(data)
        except Refusal as refusal:
            facts = {"file": shown, **refusal.facts}
            problems.append(
                Problem(code=refusal.code, field=shown, message=refusal.message, way_out=refusal.way_out, facts=facts)
            )
    if len(photos) > MOST_PHOTOS:
        problems.append(
            Problem(
                code="photos_many",
                message=N_("一次最多 %(limit)s 张，其余 %(rest)s 张没有读取。"),
                way_out=N_("请分几次上传。"),
                facts={"limit": MOST_PHOTOS, "rest": len(photos) - MOST_PHOTOS},
            )
        )
    if good:
        await _keep(session, actor, files, good, now)
    return PhotosResult(stored_count=len(good), problems=tuple(problems))


async def _keep(
    session: AsyncSession, actor: Actor, files: FileStore, prepared: Mapping[UUID, bytes], now: datetime
) -> dict[UUID, str]:
    """Store checked photos for people and for those of their registrations that have no seat yet."""
    rows = await _live_rows(session, prepared)
    _check_scope(actor, prepared, rows)
    stored = {data: files.put(data) for data in set(prepared.values())}
    people = {row.id: row for row in await session.scalars(select(PersonRow).where(PersonRow.id.in_(list(prepared))))}
    for person_id, data in prepared.items():
        people[person_id].photo_sha256 = stored[data]
    for row in rows:
        if row.status not in _PHOTO_FIXED:
            row.photo_sha256 = stored[prepared[row.person_id]]
    await session.flush()
    await _record(session, actor, rows, now)
    return {person_id: stored[data] for person_id, data in prepared.items()}


async def _live_rows(session: AsyncSession, photos: Mapping[UUID, bytes]) -> list[RegistrationRow]:
    query = select(RegistrationRow).where(RegistrationRow.person_id.in_(list(photos)), live())
    return list(await session.scalars(query.order_by(RegistrationRow.id).with_for_update()))


def _check_scope(actor: Actor, photos: Mapping[UUID, bytes], rows: Sequence[RegistrationRow]) -> None:
    """Each person is registered, and through an institution of the actor's (or by an officer)."""
    if set(photos) - {row.person_id for row in rows}:
        raise PersonNotFound
    if actor.may(Permission.REGISTRATION_ACCEPT):
        return
    allowed = {
        row.person_id for row in rows if actor.within(Permission.ROSTER_IMPORT, institution_id=row.institution_id)
    }
    if set(photos) - allowed:
        raise Forbidden


async def _record(session: AsyncSession, actor: Actor, rows: Sequence[RegistrationRow], now: datetime) -> None:
    by_batch: dict[UUID, list[UUID]] = {}
    for row in rows:
        by_batch.setdefault(row.batch_id, []).append(row.id)
    for batch_id, ids in by_batch.items():
        await audit.record(
            session, actor, "registration.set_photo", subject="registration", ids=ids, stream=f"batch:{batch_id}",
            data={"count": len(ids)}, now=now,
        )  # fmt: skip


async def _people_by_word(session: AsyncSession, batch_id: UUID, institution_id: UUID) -> dict[str, UUID]:
    """The people of an institution in a batch, by the blind index of their number and by their roster number."""
    query = (
        select(PersonRow.id, PersonRow.id_blind, RegistrationRow.roster_serial)
        .join(RegistrationRow, RegistrationRow.person_id == PersonRow.id)
        .where(RegistrationRow.batch_id == batch_id, RegistrationRow.institution_id == institution_id, live())
    )
    words: dict[str, UUID] = {}
    twice: set[str] = set()
    for person_id, blind, serial in await session.execute(query):
        words[blind] = person_id
        if serial and words.setdefault(serial, person_id) != person_id:
            twice.add(serial)
    for serial in twice:  # two rosters may number alike: such a number names nobody
        del words[serial]
    return words


def _person_of(vault: Vault, by_word: Mapping[str, UUID], filename: str) -> UUID | None:
    stem = PurePath(filename).stem.strip()
    if stem in by_word:
        return by_word[stem]
    number = normalise(stem.replace("－", "_").replace("-", "_").split("_")[-1])
    for kind in IdType:
        found = by_word.get(blind_of(vault, kind, number))
        if found is not None:
            return found
    return None


def _shown(filename: str) -> str:
    """A file name without the full number that it may hold."""
    path = PurePath(filename)
    parts = [masked(part) if len(part) >= 8 and not part.isalpha() else part for part in path.stem.split("_")]
    return "_".join(parts)[-60:] + path.suffix[:8]
