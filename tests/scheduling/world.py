"""A province to schedule: three schools in two prefectures, one certificate with a computer and a practical part,
sites in force, examiners, and a closed batch with confirmed registrations."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Actor, Grant, Role, Scope
from exam.catalogue import actions as catalogue_actions
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Form, Level, Scheme
from exam.kernel.db import insert_many
from exam.kernel.ids import new_id
from exam.registration import actions as registration_actions
from exam.registration import queries as registration
from exam.registration.models import PersonRow, RegistrationRow
from exam.registration.rules import Batch, BatchStatus, Institution, InstitutionKind
from scheduling.duties import actions as duties
from scheduling.duties.actions import NewExaminer
from scheduling.sites import actions as sites
from scheduling.sites.rules import ApprovalStatus, Standing
from tests.exam.catalogue.builders import definition as catalogue_definition
from tests.exam.registration.world import NOW, WUHAN, XIANTAO, open_batch, person, tile

ROAD = (
    ApprovalStatus.SUBMITTED,
    ApprovalStatus.DESK_REVIEW,
    ApprovalStatus.ON_SITE_CHECK,
    ApprovalStatus.ORG_AGREED,
    ApprovalStatus.CONSULTED,
    ApprovalStatus.AGREED,
    ApprovalStatus.FILED_PROVINCE,
    ApprovalStatus.FILED_PLATFORM,
    ApprovalStatus.ACTIVE,
)
YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def definition() -> dict[str, Any]:
    """A scheme of a computer part of 60 minutes and a practical part of 60 minutes a candidate."""
    made = catalogue_definition(organisation="WEB1", certificate="WEB")
    made["components"][1]["duration_minutes"] = 60
    return made


@dataclass
class World:
    """What a test of scheduling stands on."""

    schools: tuple[Institution, ...]  # two in Wuhan, one in Xiantao
    scheme: Scheme
    batch: Batch
    site_id: UUID
    approval_id: UUID
    officer: Actor
    province: Actor
    secretaries: tuple[Actor, ...]
    registrations: list[UUID] = field(default_factory=list)
    examiners: list[UUID] = field(default_factory=list)


def rooms(scheme: Scheme) -> list[tuple[str, Form, int, int]]:
    """A room for each form the scheme uses: (code, form, seats, spares)."""
    forms = {part.form for part in scheme.components}
    return [(f"R{index}", form, 10 if form.practical else 30, 2) for index, form in enumerate(sorted(forms), start=1)]


async def make_world(
    session: AsyncSession, scheme_definition: dict[str, Any] | None = None, *, waiver: bool = True
) -> World:
    """Everything but registrations and examiners, by the folders' own actions."""
    units = [WUHAN, XIANTAO]
    prefectures = [tile(WUHAN, 4, 2), tile(XIANTAO, 3, 2)]
    await registration_actions.add_units(session, SYSTEM, units=units, prefectures=prefectures, now=NOW)
    schools = [
        await registration_actions.add_institution(
            session,
            SYSTEM,
            code=f"429990000{index}",
            name_zh=f"演示学校{index}",
            name_en=f"Demo School {index}",
            kind=InstitutionKind.HIGHER,
            unit_code=unit.code,
            prefecture_code=unit.code,
            now=NOW,
        )
        for index, unit in enumerate((WUHAN, WUHAN, XIANTAO), start=1)
    ]
    scheme = await _scheme(session, scheme_definition or definition())
    for school in schools:
        await registration_actions.approve_pilot(
            session,
            SYSTEM,
            institution_id=school.id,
            certificate_id=scheme.certificate_id,
            year=2026,
            quota=500,
            majors=(),
            now=NOW,
        )
    world = World(
        schools=tuple(schools),
        scheme=scheme,
        batch=await open_batch(session, [scheme]),
        site_id=new_id(),
        approval_id=new_id(),
        officer=person(Role.EXAM_OFFICER, "organisation", scheme.organisation_id),
        province=person(Role.PROVINCE, "province", "42"),
        secretaries=tuple(person(Role.INSTITUTION, "institution", school.id) for school in schools),
    )
    await sites.publish_conditions(
        session,
        world.officer,
        certificate_id=scheme.certificate_id,
        body="座位间距不小于 80 厘米。",
        minimum={},
        now=NOW,
    )
    world.site_id, world.approval_id = await open_site(session, world, 0)
    if waiver:
        await sites.waive(
            session,
            world.province,
            certificate_id=scheme.certificate_id,
            prefecture_code=XIANTAO.code,
            reason="考生不足二十人",
            valid_from=YEAR[0],
            valid_to=YEAR[1],
            now=NOW,
        )
    return world


async def _scheme(session: AsyncSession, draft: dict[str, Any]) -> Scheme:
    organisation = await catalogue_actions.add_organisation(
        session, SYSTEM, code="WEB1", name_zh="示范评价组织", name_en="Demo Organisation", now=NOW
    )
    await catalogue_actions.add_certificate(
        session,
        SYSTEM,
        organisation_id=organisation,
        code="WEB",
        name_zh="网页开发",
        name_en="Web Development",
        batch_no=1,
        levels=list(Level),
        now=NOW,
    )
    scheme_id = await catalogue_actions.publish_scheme(session, SYSTEM, definition=draft, now=NOW)
    return await catalogue.scheme(session, scheme_id)


async def open_site(
    session: AsyncSession,
    world: World,
    school: int,
    *,
    standing: Standing = Standing.DESIGNATED,
    reason: str = "",
    until: ApprovalStatus = ApprovalStatus.ACTIVE,
) -> tuple[UUID, UUID]:
    """A site of a school with rooms, and its approval as far as wanted."""
    secretary = world.secretaries[school]
    site_id = await sites.open_site(
        session,
        secretary,
        institution_id=world.schools[school].id,
        name_zh=f"演示学校{school + 1}考点",
        address_zh="学院路 1 号",
        now=NOW,
    )
    for code, form, seats, spares in rooms(world.scheme):
        await sites.add_room(
            session, secretary, site_id=site_id, code=code, name_zh=f"{code} 考场", form=form, seats=seats, spares=spares,
            now=NOW,
        )  # fmt: skip
    approval_id = await sites.apply(
        session,
        secretary,
        site_id=site_id,
        certificate_id=world.scheme.certificate_id,
        levels=list(Level),
        valid_from=YEAR[0],
        valid_to=YEAR[1],
        standing=standing,
        standing_reason=reason,
        now=NOW,
    )
    await advance(session, world, approval_id, school, until)
    return site_id, approval_id


async def advance(session: AsyncSession, world: World, approval_id: UUID, school: int, until: ApprovalStatus) -> None:
    """Take an application step by step, each by whoever takes it."""
    if until is ApprovalStatus.DRAFT:
        return
    for to in ROAD[: ROAD.index(until) + 1]:
        number = ROAD.index(to)
        actor = world.secretaries[school] if number == 0 else world.officer if number <= 4 else world.province
        await sites.move(session, actor, approval_id=approval_id, to=to, now=NOW)


async def register(
    session: AsyncSession, world: World, count: int, school: int | None = 0, prefecture: str = ""
) -> list[UUID]:
    """Confirmed registrations of a school, or of members of society (``school`` None)."""
    start = len(world.registrations)
    people, rows, ids = [], [], []
    place = world.schools[school] if school is not None else None
    for number in range(start, start + count):
        person_id, registration_id = new_id(), new_id()
        name = f"考生{number:03d}"
        people.append(
            {
                "id": person_id, "name": name, "name_sort": f"kaosheng{number:03d}", "name_latin": "Kaosheng",
                "gender": "male", "ethnicity": "汉族", "id_type": "resident", "id_sealed": "x",
                "id_blind": f"{number:064d}", "id_masked": "429999********001X", "phone_sealed": "",
                "photo_sha256": None, "created_at": NOW,
            }
        )  # fmt: skip
        rows.append(
            {
                "id": registration_id, "batch_id": world.batch.id, "person_id": person_id,
                "institution_id": place.id if place else None, "roster_id": None, "roster_serial": str(number),
                "channel": "school" if place else "social", "scheme_id": world.scheme.id,
                "certificate_id": world.scheme.certificate_id, "level": world.scheme.level,
                "prefecture_code": prefecture or (place.prefecture_code if place else WUHAN.code), "major": "软件技术",
                "major_code": "510203", "class_name": "1 班", "status": "confirmed",
                "payer": "institution" if place else "self", "fee_yuan": Decimal(200), "first_free": bool(place),
                "fee_receipt": "", "waiver_reason": "", "waiver_proof": "", "consent_at": NOW, "photo_sha256": None,
                "resit_of": None, "return_reason": "", "created_at": NOW,
            }
        )  # fmt: skip
        ids.append(registration_id)
    await insert_many(session, PersonRow, people)
    await insert_many(session, RegistrationRow, rows)
    world.registrations += ids
    return ids


async def staff(session: AsyncSession, world: World, school: int, count: int, **rights: bool) -> list[UUID]:
    """Examiners of a school; ``assess=True`` gives them the certificate with the right to lead."""
    assess = rights.pop("assess", False)
    number = len(world.examiners)
    ids = await accounts.create_many_staff(
        session,
        SYSTEM,
        accounts=[
            (f"staff{number + index}", f"教师{number + index}", "a long password", (Grant(Role.INVIGILATOR),))
            for index in range(count)
        ],
        now=NOW,
    )
    people = [
        NewExaminer(account_id=id, name=f"教师{number + i}", institution_id=world.schools[school].id, **rights)
        for i, id in enumerate(ids)
    ]
    examiners = await duties.add_examiners(session, world.officer, people=people, now=NOW)
    if assess:
        entries = [(id, world.scheme.certificate_id, *YEAR, True) for id in examiners]
        await duties.qualify_many(session, world.officer, entries=entries, now=NOW)
    world.examiners += examiners
    return examiners


async def close(session: AsyncSession, world: World) -> Batch:
    """Close the batch's registration."""
    world.batch = await registration_actions.move_batch(
        session, SYSTEM, batch_id=world.batch.id, to=BatchStatus.REGISTRATION_CLOSED, now=NOW
    )
    return await registration.batch(session, world.batch.id)


def site_head(site_id: UUID) -> Actor:
    """The head of a site."""
    return Actor(new_id(), "主考", (Grant(Role.SITE_HEAD, Scope("site", str(site_id))),))
