"""A batch whose exams are over, for tests of scoring: a computer, a paper and a practical part, three candidates.

People and registrations are written as rows (their own folder tests how they come about); everything from the
published plan on goes through the folders' own actions.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import actions as account_actions
from exam.accounts.rules import SYSTEM, Actor, Grant, Role, Scope
from exam.catalogue import actions as catalogue_actions
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Component, Level, Scheme
from exam.delivery import actions as delivery
from exam.delivery.rules import AnswerIn
from exam.kernel.db import insert_many
from exam.kernel.ids import new_id
from exam.papers import actions as papers
from exam.papers import queries as paper_queries
from exam.registration import actions as registration
from exam.registration.models import PersonRow, RegistrationRow
from exam.sittings import actions as sittings
from exam.sittings.rules import Duty, DutySpec, Publication, RoomSession, SittingSpec
from tests.conftest import NOW
from tests.exam.day import BLUEPRINT, drafts, make_duty, make_room, person
from tests.exam.registration.world import places
from tests.scoring.builders import sheet_definition

START = NOW + timedelta(days=10)
AFTER = START + timedelta(days=1)


def definition(code: str = "TST", *, third: bool = False) -> dict[str, Any]:
    """Computer 30 %, paper 30 %, practical 40 %; R1, pass at 60."""
    sheet = dict(sheet_definition())
    if third:
        sheet["agreement"] = {**sheet["agreement"], "third": True}
    return {
        "format": "kaowu-scheme/1", "organisation": f"{code}1", "certificate": code, "level": "elementary",
        "fee_yuan": "200", "pass_rule": {"code": "R1", "version": 1, "kind": "weighted_sum", "pass_mark": "60"},
        "components": [
            {"code": "T", "name_zh": "理论", "name_en": "Theory", "form": "computer", "duration_minutes": 60,
             "full_marks": "100", "weight": "0.3", "late_limit_minutes": 15, "blueprint": BLUEPRINT},
            {"code": "W", "name_zh": "笔试", "name_en": "Written", "form": "paper", "duration_minutes": 60,
             "full_marks": "100", "weight": "0.3", "late_limit_minutes": 15},
            {"code": "P", "name_zh": "实操", "name_en": "Practical", "form": "practical_general",
             "duration_minutes": 60, "full_marks": "100", "weight": "0.4", "late_limit_minutes": 15, "sheet": sheet},
        ],
    }  # fmt: skip


GOOD = {"A1": "20.00", "A2": True, "B1": 3, "C1": 0, "C2": False, "C3": False}
"""Every entry of the sheet at its best: 100."""


@dataclass
class World:
    """A batch, its three room sessions, its people."""

    scheme: Scheme
    batch_id: UUID
    registrations: list[UUID]
    rooms: dict[str, RoomSession]  # by component code
    sittings: dict[tuple[str, int], UUID]  # (component code, candidate index)
    invigilator: Actor
    assessors: tuple[Actor, Actor]
    lead: Actor
    typists: tuple[Actor, Actor, Actor]
    verifier: Actor
    publisher: Actor
    third: Actor | None = None  # another assessor of the practical, where asked for

    def component(self, code: str) -> Component:
        return next(part for part in self.scheme.components if part.code == code)

    def candidate(self, index: int) -> Actor:
        return Actor(new_id(), "考生", (Grant(Role.CANDIDATE, Scope("registration", str(self.registrations[index]))),))


PASSWORD = "a long password"


async def make_world(
    session: AsyncSession, *, count: int = 3, code: str = "TST", accounts: bool = False, third: bool = False
) -> World:
    """Scheme, batch, registrations and a published plan: the three parts start at START, two hours apart.

    With ``third`` the sheet asks for a third assessor where two differ, and there is one. With ``accounts`` everybody can sign in: the login is the name, the password PASSWORD.
    """

    async def somebody(role: Role, name: str, scope: Scope | None = None) -> Actor:
        actor = person(role, scope, name=name)
        if not accounts:
            return actor
        made = await account_actions.create_staff(
            session, SYSTEM, login=name, name=name, password=PASSWORD, grants=actor.grants, now=NOW
        )
        return Actor(made, name, actor.grants)

    scheme = await _scheme(session, code, third=third)
    batch_id, registrations, people = await _registered(session, scheme, count)
    organisation = Scope("organisation", str(scheme.organisation_id))
    invigilator = await somebody(Role.INVIGILATOR, "invigilator")
    assessors = (await somebody(Role.ASSESSOR, "assessor1"), await somebody(Role.ASSESSOR, "assessor2"))
    lead = await somebody(Role.ASSESSOR, "lead")
    rooms: dict[str, RoomSession] = {}
    specs: list[SittingSpec] = []
    duties: list[DutySpec] = []
    for index, part in enumerate(scheme.components):
        room = make_room(
            scheme, batch_id, START + timedelta(hours=2 * index), index, room_id=new_id(), seats_count=max(30, count)
        )
        rooms[part.code] = room
        duties.append(make_duty(room, invigilator, Duty.INVIGILATOR))
        specs += [
            SittingSpec(id=new_id(), registration_id=one, person_id=who, component_id=part.id, session_id=room.id,
                        seat_no=seat, starts_at=room.starts_at, ends_at=room.ends_at, paper_version="A")
            for seat, (one, who) in enumerate(zip(registrations, people, strict=True), 1)
        ]  # fmt: skip
    duties += [make_duty(rooms["P"], one, Duty.ASSESSOR) for one in assessors]
    duties.append(make_duty(rooms["P"], lead, Duty.LEAD_ASSESSOR))
    other = await somebody(Role.ASSESSOR, "assessor3") if third else None
    if other:
        duties.append(make_duty(rooms["P"], other, Duty.ASSESSOR))
    tickets = {one: f"2026{number:08d}" for number, one in enumerate(registrations, 1)}
    plan = Publication(batch_id, new_id(), 1, tuple(rooms.values()), tuple(specs), tuple(duties), tickets)
    await sittings.admit(session, SYSTEM, publication=plan, now=NOW)
    by_component = {part.id: part.code for part in scheme.components}
    places_of = {(by_component[one.component_id], registrations.index(one.registration_id)): one.id for one in specs}
    return World(
        scheme=scheme, batch_id=batch_id, registrations=registrations, rooms=rooms, sittings=places_of,
        invigilator=invigilator, assessors=assessors, lead=lead,
        typists=(await somebody(Role.SCORE_ENTRY, "typist1", organisation),
                 await somebody(Role.SCORE_ENTRY, "typist2", organisation),
                 await somebody(Role.SCORE_ENTRY, "typist3", organisation)),
        verifier=await somebody(Role.SCORE_VERIFIER, "verifier", organisation),
        publisher=await somebody(Role.SCORE_OFFICER, "publisher", organisation), third=other,
    )  # fmt: skip


async def hold(session: AsyncSession, world: World, code: str, *, absent: tuple[int, ...] = ()) -> datetime:
    """Run one part up to its start: the room is open, everybody but the absent has checked in and begun."""
    room = world.rooms[code]
    here = [id for (part, index), id in world.sittings.items() if part == code and index not in absent]
    gone = [id for (part, index), id in world.sittings.items() if part == code and index in absent]
    await sittings.open_room(session, SYSTEM, room_session_id=room.id, now=room.starts_at - timedelta(minutes=30))
    await sittings.check_in_many(session, SYSTEM, sitting_ids=here, now=room.starts_at - timedelta(minutes=20))
    if gone:
        await sittings.mark_absent_many(session, SYSTEM, sitting_ids=gone, now=room.starts_at + timedelta(minutes=20))
    if code != "T":
        await sittings.begin_many(session, SYSTEM, sitting_ids=here, now=room.starts_at)
    return room.starts_at


async def finish(session: AsyncSession, world: World, code: str, *, absent: tuple[int, ...] = ()) -> None:
    """End one part: everybody who began hands in."""
    here = [id for (part, index), id in world.sittings.items() if part == code and index not in absent]
    await sittings.finish_many(session, SYSTEM, sitting_ids=here, now=world.rooms[code].ends_at)


async def sit_computer(session: AsyncSession, world: World, index: int, right: int) -> None:
    """One candidate answers the first ``right`` items rightly, leaves the others open and hands in."""
    sitting_id, actor = world.sittings["T", index], world.candidate(index)
    at = world.rooms["T"].starts_at
    run = await delivery.start(session, actor, sitting_id=sitting_id, now=at)
    opened = await delivery.take_over(session, actor, sitting_id=sitting_id, now=at)
    keys = (await paper_queries.keys(session, [run.paper_id]))[run.paper_id]
    answers = []
    for seq, key in enumerate(sorted(keys.items, key=lambda key: str(key.item_id))[:right], 1):
        value: Any = [sorted(one)[0] for one in key.blanks] if key.blanks else sorted(key.options)
        if not key.blanks and key.kind != "multiple":
            value = value[0]
        answers.append(AnswerIn(key=f"answer-{index}-{seq:04d}", seq=seq, item_id=key.item_id, value=value))
    if answers:
        await delivery.save_answers(
            session, actor, sitting_id=sitting_id, epoch=opened.run.epoch, answers=answers, now=at
        )
    await delivery.submit(
        session,
        actor,
        sitting_id=sitting_id,
        epoch=opened.run.epoch,
        now=world.rooms["T"].ends_at - timedelta(minutes=5),
    )


async def at_status(session: AsyncSession, batch_id: UUID, status: str) -> None:
    """Set the batch's status without walking the whole road."""
    await session.execute(
        text("UPDATE exam.exam_batches SET status = :status WHERE id = :id"), {"status": status, "id": batch_id}
    )


async def _scheme(session: AsyncSession, code: str, *, third: bool = False) -> Scheme:
    organisation_id = await catalogue_actions.add_organisation(
        session, SYSTEM, code=f"{code}1", name_zh=f"{code} 评价组织", name_en=f"{code} organisation", now=NOW
    )
    await catalogue_actions.add_certificate(
        session, SYSTEM, organisation_id=organisation_id, code=code, name_zh=f"{code} 证书", name_en=f"{code} certificate",
        batch_no=1, levels=[Level.ELEMENTARY], now=NOW,
    )  # fmt: skip
    scheme_id = await catalogue_actions.publish_scheme(
        session, SYSTEM, definition=definition(code, third=third), now=NOW
    )
    scheme = await catalogue.scheme(session, scheme_id)
    await papers.add_items(
        session, SYSTEM, certificate_id=scheme.certificate_id, level=scheme.level, items=drafts(), now=NOW
    )
    await papers.assemble(session, SYSTEM, component=scheme.components[0], seed=7, now=NOW)
    return scheme


async def _registered(session: AsyncSession, scheme: Scheme, count: int) -> tuple[UUID, list[UUID], list[UUID]]:
    school, _ = await places(session)
    batch = await registration.create_batch(
        session, SYSTEM, code=f"{scheme.certificate_code}-1", name_zh="第一批次", name_en="First batch",
        province_code="42", scheme_ids=[scheme.id], registration_opens_at=NOW - timedelta(days=2),
        registration_closes_at=NOW - timedelta(days=1), first_day=date(2026, 5, 26), last_day=date(2026, 5, 26),
        filing_no="1", now=NOW,
    )  # fmt: skip
    people = [new_id() for _ in range(count)]
    registrations = [new_id() for _ in range(count)]
    await insert_many(session, PersonRow, [
        {"id": who, "name": f"考生{n}", "name_sort": f"{n:05d}", "name_latin": f"Candidate {n}", "gender": "male",
         "ethnicity": "汉族", "id_type": "resident", "id_sealed": "x", "id_blind": f"{who.hex}", "id_masked": "429999********0011",
         "phone_sealed": "x", "photo_sha256": None, "created_at": NOW}
        for n, who in enumerate(people, 1)
    ])  # fmt: skip
    await insert_many(session, RegistrationRow, [
        {"id": one, "batch_id": batch.id, "person_id": who, "institution_id": school.id, "roster_id": None,
         "roster_serial": "1", "channel": "school", "scheme_id": scheme.id, "certificate_id": scheme.certificate_id,
         "level": "elementary", "prefecture_code": "420100", "major": "软件技术", "major_code": "510203",
         "class_name": "1班", "status": "seated", "payer": "institution", "fee_yuan": Decimal(200), "first_free": True,
         "fee_receipt": "", "waiver_reason": "", "waiver_proof": "", "consent_at": NOW, "photo_sha256": None,
         "resit_of": None, "return_reason": "", "created_at": NOW}
        for one, who in zip(registrations, people, strict=True)
    ])  # fmt: skip
    await at_status(session, batch.id, "in_progress")
    return batch.id, registrations, people
