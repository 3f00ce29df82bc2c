"""A province in a database: the demo's schools, sites and staff, and one closed batch of as many candidates as wanted.

Everything but the registrations is made by the folders' own actions, as the demo makes it; registrations are written at
once, confirmed, without the documents of people who do not exist.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

from exam.demo import days as calendar
from exam.demo.days import BatchDays, at
from exam.demo.plan import DemoCandidate
from exam.demo.plan import candidates as make_candidates
from exam.demo.progress import Progress
from exam.demo.stage import Stage
from exam.demo.steps import catalogue, pool, registration, sites
from exam.demo.steps.registration import Batch
from exam.kernel.clock import china_date
from exam.kernel.db import insert_many
from exam.kernel.ids import new_id
from exam.kernel.services import Services
from exam.registration.actions import move_batch
from exam.registration.models import PersonRow, RegistrationRow
from exam.registration.rules.status import BatchStatus


async def closed_batch(services: Services, *, candidates: int, seed: int) -> tuple[Stage, UUID]:
    """Fill an empty database; returns the demo's cast and ids, and the batch that waits to be arranged in four weeks."""
    today = china_date(services.clock.now())
    people = make_candidates(candidates, seed=seed, year=today.year)
    stage = Stage(services=services, progress=Progress(stream=io.StringIO()), seed=seed, today=today, candidates=people)
    start = at(today, 9) - timedelta(days=120)
    valid = date(start.year, 1, 1), date(today.year + 1, 12, 31)
    await catalogue.found(stage, start)
    await catalogue.publish(stage, start + timedelta(hours=1))
    quotas = dict(Counter((one.school.code, one.certificate) for one in people))
    years = {start.year, today.year, today.year + 1}
    await catalogue.enrol_schools(stage, quotas, years, start + timedelta(days=1))
    await sites.approve_sites(stage, valid, start + timedelta(days=3))
    await pool.recruit(stage, valid, start + timedelta(days=9))
    days = calendar.upcoming(today, weeks=4, days_count=2)
    wanted = Batch(
        code=f"{days.exam[0]:%Y%m}-901",
        name_zh="编排测速批次",
        name_en="Batch to measure by",
        schemes=list(stage.schemes.values()),
        days=days,
    )
    batch_id = await registration.open_batch(stage, wanted)
    await _register(stage, batch_id, people, days)
    async with stage.change() as session:
        to = BatchStatus.REGISTRATION_CLOSED
        await move_batch(session, stage.cast["officer"], batch_id=batch_id, to=to, now=at(days.closes, 18))
    return stage, batch_id


async def _register(stage: Stage, batch_id: UUID, people: Sequence[DemoCandidate], days: BatchDays) -> None:
    now = at(days.opens, 10)
    persons: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for number, one in enumerate(people):
        scheme = stage.schemes[one.certificate, one.level]
        person_id = new_id()
        persons.append(
            {
                "id": person_id, "name": one.person.name, "name_sort": f"{number:06d}", "name_latin": "",
                "gender": "male", "ethnicity": "汉族", "id_type": "resident", "id_sealed": "x",
                "id_blind": sha256(str(number).encode()).hexdigest(), "id_masked": "429999********001X",
                "phone_sealed": "", "photo_sha256": None, "created_at": now,
            }
        )  # fmt: skip
        rows.append(
            {
                "id": new_id(), "batch_id": batch_id, "person_id": person_id,
                "institution_id": None if one.social else stage.schools[one.school.code], "roster_id": None,
                "roster_serial": str(number), "channel": "social" if one.social else "school", "scheme_id": scheme.id,
                "certificate_id": scheme.certificate_id, "level": one.level, "prefecture_code": one.school.unit_code,
                "major": one.major, "major_code": "", "class_name": one.class_name, "status": "confirmed",
                "payer": "self" if one.social else "institution", "fee_yuan": Decimal(200), "first_free": False,
                "fee_receipt": "", "waiver_reason": "", "waiver_proof": "", "consent_at": now, "photo_sha256": None,
                "resit_of": None, "return_reason": "", "created_at": now,
            }
        )  # fmt: skip
    async with stage.change() as session:
        await insert_many(session, PersonRow, persons)
        await insert_many(session, RegistrationRow, rows)
