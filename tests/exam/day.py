"""An exam day for tests: a certificate with a computer and a paper component, rooms, people and places.

Everything is made by the folders' own actions, so that what a test stands on is what the road would have made.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import SYSTEM, Actor, Grant, Role, Scope
from exam.catalogue import actions as catalogue_actions
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import ItemKind, Level, Scheme
from exam.kernel.ids import new_id
from exam.papers import actions as papers
from exam.papers.rules import ItemDraft
from exam.sittings import actions
from exam.sittings.rules import Duty, DutySpec, Publication, RoomSession, SittingSpec

BLUEPRINT = {
    "sections": [
        {"kind": "single", "name_zh": "单项选择题", "name_en": "Single choice", "count": 2, "points": "20"},
        {"kind": "multiple", "name_zh": "多项选择题", "name_en": "Multiple choice", "count": 1, "points": "20",
         "partial": "subset"},
        {"kind": "true_false", "name_zh": "判断题", "name_en": "True or false", "count": 1, "points": "20"},
        {"kind": "fill_in", "name_zh": "填空题", "name_en": "Fill in", "count": 1, "points": "20"},
    ],
}  # fmt: skip


def definition(code: str) -> dict[str, Any]:
    """A scheme of a computer part and a paper part."""
    return {
        "format": "kaowu-scheme/1",
        "organisation": f"{code}1",
        "certificate": code,
        "level": "elementary",
        "fee_yuan": "200",
        "pass_rule": {"code": "R1", "version": 1, "kind": "weighted_sum", "pass_mark": "60"},
        "components": [
            {"code": "T", "name_zh": "理论", "name_en": "Theory", "form": "computer", "duration_minutes": 60,
             "full_marks": "100", "weight": "0.4", "late_limit_minutes": 15, "earliest_leave_minutes": 30,
             "blueprint": BLUEPRINT},
            {"code": "W", "name_zh": "笔试", "name_en": "Written", "form": "paper", "duration_minutes": 90,
             "full_marks": "100", "weight": "0.6", "late_limit_minutes": 30, "earliest_leave_minutes": 30},
        ],
    }  # fmt: skip


def drafts(per_kind: int = 6) -> list[ItemDraft]:
    """A small bank: as many items of each kind."""
    made = []
    for n in range(1, per_kind + 1):
        made += [
            ItemDraft(kind=ItemKind.SINGLE, stem=f"单选 {n}", options=("甲", "乙", "丙", "丁"), key=("B",)),
            ItemDraft(kind=ItemKind.MULTIPLE, stem=f"多选 {n}", options=("甲", "乙", "丙", "丁"), key=("A", "C")),
            ItemDraft(kind=ItemKind.TRUE_FALSE, stem=f"判断 {n}", key=("true",)),
            ItemDraft(kind=ItemKind.FILL_IN, stem=f"填空 {n}：____ 与 ____", key=("红|朱", "绿")),
        ]
    return made


def person(role: Role, scope: Scope | None = None, name: str = "") -> Actor:
    """Somebody with one role, everywhere unless a scope is named."""
    return Actor(new_id(), name or f"{role}", (Grant(role, scope or Scope("all")),))


def candidate(registration_id: UUID) -> Actor:
    """The candidate of a registration."""
    return Actor(new_id(), "考生", (Grant(Role.CANDIDATE, Scope("registration", str(registration_id))),))


async def make_scheme(session: AsyncSession, now: datetime, code: str = "WEB") -> Scheme:
    """Publish a scheme with two components: computer and paper."""
    organisation_id = await catalogue_actions.add_organisation(
        session, SYSTEM, code=f"{code}1", name_zh=f"{code} 评价组织", name_en=f"{code} organisation", now=now
    )
    await catalogue_actions.add_certificate(
        session, SYSTEM, organisation_id=organisation_id, code=code, name_zh=f"{code} 证书", name_en=f"{code} certificate",
        batch_no=1, levels=[Level.ELEMENTARY], now=now,
    )  # fmt: skip
    scheme_id = await catalogue_actions.publish_scheme(session, SYSTEM, definition=definition(code), now=now)
    return await catalogue.scheme(session, scheme_id)


@dataclass
class Day:
    """One room with its candidates, admitted."""

    batch_id: UUID
    scheme: Scheme
    room: RoomSession
    specs: list[SittingSpec]
    invigilator: Actor
    officer: Actor
    head: Actor
    assessor: Actor
    publication: Publication
    tickets: dict[UUID, str] = field(default_factory=dict)

    @property
    def ids(self) -> list[UUID]:
        """The sittings, by seat."""
        return [spec.id for spec in self.specs]

    def candidate(self, index: int = 0) -> Actor:
        """The candidate of one seat."""
        return candidate(self.specs[index].registration_id)


def make_room(scheme: Scheme, batch_id: UUID, starts_at: datetime, component: int = 0, **changes: Any) -> RoomSession:
    """A room of 30 seats for one component of the scheme."""
    part = scheme.components[component]
    room = RoomSession(
        id=new_id(), batch_id=batch_id, site_id=new_id(), site_code="420100-01", site_name="江城考点",
        site_address="江城市学院路 1 号", prefecture_code="420100", room_id=new_id(), room_name="机房 101",
        component_id=part.id, form=part.form, starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=part.duration_minutes), seats_count=30,
    )  # fmt: skip
    return replace(room, **changes)


def make_specs(room: RoomSession, count: int) -> list[SittingSpec]:
    """Candidates on seats 1, 2, ..."""
    return [
        SittingSpec(
            id=new_id(), registration_id=new_id(), person_id=new_id(), component_id=room.component_id,
            session_id=room.id, seat_no=seat, starts_at=room.starts_at, ends_at=room.ends_at, paper_version="A",
        )
        for seat in range(1, count + 1)
    ]  # fmt: skip


def make_publication(
    batch_id: UUID, rooms: Sequence[RoomSession], specs: Sequence[SittingSpec], duties: Sequence[DutySpec] = ()
) -> Publication:
    """A plan with a ticket number for everybody."""
    people = list(dict.fromkeys(spec.registration_id for spec in specs))
    tickets = {registration_id: f"2026{number:08d}" for number, registration_id in enumerate(people, start=1)}
    return Publication(batch_id, new_id(), 1, tuple(rooms), tuple(specs), tuple(duties), tickets)


def make_duty(room: RoomSession, actor: Actor, duty: Duty) -> DutySpec:
    """A duty for the whole session."""
    assert actor.account_id is not None
    return DutySpec(new_id(), room.id, actor.account_id, actor.name, duty, room.starts_at, room.ends_at)


async def make_day(
    session: AsyncSession,
    starts_at: datetime,
    *,
    count: int = 3,
    component: int = 0,
    code: str = "WEB",
    paper: bool = True,
    **changes: Any,
) -> Day:
    """Publish one room with candidates on seats 1 to `count`, two on duty, and a sealed paper."""
    prepared = starts_at - timedelta(days=3)
    scheme = await make_scheme(session, prepared, code)
    batch_id = new_id()
    room = make_room(scheme, batch_id, starts_at, component, **changes)
    specs = make_specs(room, count)
    invigilator = person(Role.INVIGILATOR, name="监考甲")
    assessor = person(Role.ASSESSOR, name="考评甲")
    officer = person(Role.EXAM_OFFICER, name="考务甲")
    head = person(Role.SITE_HEAD, Scope("site", str(room.site_id)), name="主考甲")
    duties = [make_duty(room, invigilator, Duty.INVIGILATOR), make_duty(room, assessor, Duty.ASSESSOR)]
    publication = make_publication(batch_id, [room], specs, duties)
    await actions.admit(session, officer, publication=publication, now=prepared)
    if paper:
        await papers.add_items(
            session, SYSTEM, certificate_id=scheme.certificate_id, level=scheme.level, items=drafts(), now=prepared
        )
        await papers.assemble(session, SYSTEM, component=scheme.components[0], seed=7, now=prepared)
    return Day(batch_id, scheme, room, specs, invigilator, officer, head, assessor, publication,
               dict(publication.tickets))  # fmt: skip
