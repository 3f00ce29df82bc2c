"""A released batch of any size for the cases of issuing: the demo's road walked once, then those who passed are copied.

The copies have names, ID numbers and portraits (12-20 KB) of their own. Two officers release the list as they do in the product.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from random import Random
from typing import Any, Final
from unittest import mock
from uuid import UUID

from PIL import Image
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.installation import Installation
from certificates.issuing import actions, queries
from certificates.issuing.documents.samples import problems_of
from certificates.issuing.rules import releases
from certificates.platform.client import FILES
from exam.accounts import queries as accounts
from exam.accounts.rules import Role
from exam.demo import road
from exam.demo.photos import portrait
from exam.demo.progress import Progress
from exam.kernel.clock import Clock, FixedClock, china_date
from exam.kernel.db import chunks
from exam.kernel.services import Services, make_services
from exam.kernel.settings import Settings
from tests.exam.kernel.print_home import link_fonts

WALKED: Final = 18
PORTRAITS: Final = 200
LOWEST_BYTES: Final = 12_000
HIGHEST_BYTES: Final = 20_000
DAY: Final = datetime(2026, 11, 20, 6, tzinfo=UTC)
_TOGETHER: Final = 1_000
_SURNAMES: Final = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗"
_GIVEN: Final = "安宁晓明静文嘉诚雨晨思远若琳子涵一帆佳慧志强海燕"


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A released batch, and how many certificates are to come of it."""

    id: UUID
    release_id: UUID
    count: int


def settings_of(made: Installation) -> Settings:
    """The settings that every worker of a case has: what is issued is queued for the platform, and stays there."""
    return Settings(home=made.home, database_url=made.url, platform_url=FILES)


@asynccontextmanager
async def services_of(made: Installation) -> AsyncIterator[Services]:
    """Services of an installation, under the real clock."""
    services = make_services(settings_of(made), clock=Clock())
    try:
        yield services
    finally:
        await services.db.dispose()


async def released(made: Installation, count: int, *, seed: int = 1, group: int = releases.GROUP) -> Batch:
    """An installation with a released batch of `count` certificates, in groups of so many."""
    batch_id = await _walk(made)
    async with services_of(made) as services:
        await _enlarge(services, batch_id, count, seed)
        with mock.patch.object(releases, "GROUP", group):
            return await _release(services, batch_id)


async def _walk(made: Installation) -> UUID:
    """The road of a small batch up to its final results."""
    link_fonts(made.home)
    services = make_services(settings_of(made), clock=FixedClock(DAY))

    async def not_yet(*_: object) -> None:
        """The cases issue by themselves."""

    try:
        with mock.patch.object(road, "_certify", not_yet), mock.patch.object(road, "_live", not_yet):
            progress = Progress(stream=io.StringIO())
            return (await road.travel(services, progress, candidates=WALKED, seed=7, out=None)).batch_id
    finally:
        await services.db.dispose()


async def _enlarge(services: Services, batch_id: UUID, count: int, seed: int) -> None:
    """Copy those who passed until so many are to be issued."""
    random = Random(f"{seed} people")
    photos = [services.files.put(_portrait(look, random)) for look in range(min(PORTRAITS, count))]
    async with services.db.transaction() as session:
        passed = (await session.execute(text(_PASSED), {"batch": batch_id})).all()
        for model in passed:
            await session.execute(
                text("UPDATE exam.registrations SET photo_sha256 = :photo WHERE id = :id"),
                {"photo": random.choice(photos), "id": model.registration_id},
            )
    for numbers in chunks(range(len(passed), count), _TOGETHER):
        async with services.db.transaction() as session:
            people = [_person(services, passed[number % len(passed)], number, photos, random) for number in numbers]
            await _copy(session, people)
    async with services.db.transaction() as session:
        await session.execute(text("ANALYZE"))


_PASSED: Final = """
SELECT o.id, o.registration_id, r.person_id FROM scoring.outcomes o JOIN exam.registrations r ON r.id = o.registration_id
WHERE o.batch_id = :batch AND o.decision = 'passed' AND o.status = 'final' ORDER BY r.entry_no, o.id
"""


def _portrait(look: int, random: Random) -> bytes:
    """A portrait with the grain of a camera, so that it is as large as a real one."""
    picture = Image.open(BytesIO(portrait(look))).convert("RGB")
    grain = Image.frombytes("RGB", picture.size, random.randbytes(picture.width * picture.height * 3))
    picture = Image.blend(picture, grain, 0.04 + 0.04 * random.random())
    for quality in range(95, 20, -3):
        out = BytesIO()
        picture.save(out, "JPEG", quality=quality)
        if out.tell() <= HIGHEST_BYTES:
            break
    if not LOWEST_BYTES <= out.tell() <= HIGHEST_BYTES:
        raise RuntimeError(f"a portrait of {out.tell()} bytes")
    return out.getvalue()


def _person(services: Services, model: Any, number: int, photos: Sequence[str], random: Random) -> dict[str, Any]:
    person, id_number = _id(random), f"11010119{9_0000_0000 + number:09d}"[:17] + "X"
    return {
        "outcome": _id(random),
        "registration": _id(random),
        "person": person,
        "like_outcome": model.id,
        "like_registration": model.registration_id,
        "like_person": model.person_id,
        "name": random.choice(_SURNAMES) + "".join(random.choices(_GIVEN, k=random.choice((1, 2, 2)))),
        "id_sealed": services.vault.seal(id_number, f"person:{person}:id"),
        "id_blind": services.vault.blind(f"{number}", "benchmark"),
        "photo": random.choice(photos),
    }


def _id(random: Random) -> UUID:
    return UUID(int=random.getrandbits(128), version=4)


_COPIES: Final = (
    ("exam.people", "like_person", {"id": "person", "name": "name", "id_sealed": "id_sealed", "id_blind": "id_blind"}),
    (
        "exam.registrations",
        "like_registration",
        {"id": "registration", "person_id": "person", "photo_sha256": "photo", "entry_no": "", "entry_key": ""},
    ),
    ("scoring.outcomes", "like_outcome", {"id": "outcome", "registration_id": "registration", "version": "1"}),
)
"""Per table whom a copy is like, and by column what is its own (empty: nothing)."""


async def _copy(session: AsyncSession, people: Sequence[dict[str, Any]]) -> None:
    for table, like, own in _COPIES:
        schema, _, name = table.partition(".")
        columns = sorted(
            await session.scalars(
                text("SELECT column_name FROM information_schema.columns WHERE table_schema = :s AND table_name = :t"),
                {"s": schema, "t": name},
            )
        )
        values = [_value(own[one]) if one in own else f"old.{one}" for one in columns]
        statement = (
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {table} old WHERE id = :{like}"
        )
        await session.execute(text(statement), list(people))


def _value(name: str) -> str:
    return f":{name}" if name and not name.isdigit() else name or "NULL"


async def _release(services: Services, batch_id: UUID) -> Batch:
    """One officer proposes everybody, another approves."""
    now = services.clock.now()
    async with services.db.transaction() as session:
        found = {one.login: one.id for one in await accounts.accounts_of_role(session, Role.CERTIFICATE_OFFICER)}
        first, second = [await accounts.actor(session, id) for _, id in sorted(found.items())]
        waiting = await queries.eligible(session, first, batch_id, issued_on=china_date(now), specimen=True)
    held = {id: [one.code for one in some] for id, some in problems_of(waiting, services.settings.home).items()}
    async with services.db.transaction() as session:
        release_id = await actions.propose(session, first, batch_id=batch_id, waiting=waiting, problems=held, now=now)
    async with services.db.transaction() as session:
        await actions.approve(session, second, release_id=release_id, now=now)
    return Batch(id=batch_id, release_id=release_id, count=len(waiting) - len(held))
