"""The candidate's own page: each registration's road of seven steps, and the next exam with time, place and seat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Component, Scheme
from exam.kernel.errors import N_
from exam.registration import queries as registration
from exam.registration.rules import ROAD, Batch, BatchStatus, Registration, RegistrationStatus
from exam.sittings.queries.incidents import Incident, incidents
from exam.sittings.queries.places import room_sessions, sittings
from exam.sittings.rules import DONE, PRESENT, IncidentStatus, RoomSession, Sitting

STEPS = (
    N_("报名确认"),
    N_("领取准考证"),
    N_("到场入座"),
    N_("完成考试"),
    N_("评分复核"),
    N_("成绩公布"),
    N_("领取证书"),
)
_ACCEPTED = frozenset({RegistrationStatus.CONFIRMED, RegistrationStatus.SEATED, RegistrationStatus.OUTCOME})


@dataclass(frozen=True)
class OwnSitting:
    """One of the candidate's exams with its place."""

    sitting: Sitting
    room: RoomSession
    component: Component

    @property
    def computer(self) -> bool:
        """Whether it is sat in the browser."""
        return self.room.form == "computer"


@dataclass(frozen=True)
class OwnExam:
    """One registration of the candidate: what for, its exams, and how far along the road it is."""

    registration: Registration
    batch: Batch
    scheme: Scheme
    sittings: tuple[OwnSitting, ...]
    step: int  # index into STEPS of the present one; len(STEPS) when all is done

    def next(self, now: datetime) -> OwnSitting | None:
        """The exam that is running or comes next."""
        ahead = [one for one in self.sittings if one.sitting.status not in DONE and one.sitting.ends_at > now]
        return ahead[0] if ahead else None


async def own_exams(session: AsyncSession, actor: Actor) -> list[OwnExam]:
    """Everything the candidate is registered for, the next exam first."""
    mine = [one for one in await registration.own(session, actor) if one.live]
    places = await sittings(session, registration_ids=[one.id for one in mine])
    rooms = {room.id: room for room in await room_sessions(session, ids={place.room_session_id for place in places})}
    schemes = {scheme.id: scheme for scheme in await catalogue.schemes(session, {one.scheme_id for one in mine})}
    found = []
    for one in mine:
        batch = await registration.batch(session, one.batch_id)
        own = _own(one.id, places, rooms, schemes[one.scheme_id])
        step = step_of(one, batch, [place.sitting for place in own])
        found.append(OwnExam(one, batch, schemes[one.scheme_id], own, step))
    return sorted(found, key=_when, reverse=True)


async def own_incidents(session: AsyncSession, actor: Actor) -> list[Incident]:
    """What was recorded about the candidate who asks; what fell is not shown any more."""
    found = [
        one
        for own in await registration.own(session, actor)
        for one in await incidents(session, registration_id=own.id)
    ]
    return [one for one in found if one.status is not IncidentStatus.DISMISSED]


def step_of(registration: Registration, batch: Batch, own: Sequence[Sitting]) -> int:
    """How far a registration is along the seven steps; one without sittings is nowhere past its confirmation."""
    if batch.status in ROAD and ROAD.index(batch.status) >= ROAD.index(BatchStatus.CERTIFICATES_ISSUED):
        return len(STEPS)
    if batch.status in ROAD and ROAD.index(batch.status) >= ROAD.index(BatchStatus.PUBLISHED):
        return 6
    if own and all(sitting.status in DONE for sitting in own):
        return 5 if batch.status is BatchStatus.VERIFIED else 4
    if any(sitting.status in PRESENT for sitting in own):
        return 3
    if own:
        return 2
    return 1 if registration.status in _ACCEPTED else 0


def _own(
    registration_id: UUID, places: Sequence[Sitting], rooms: dict[UUID, RoomSession], scheme: Scheme
) -> tuple[OwnSitting, ...]:
    components = {component.id: component for component in scheme.components}
    return tuple(
        OwnSitting(place, rooms[place.room_session_id], components[place.component_id])
        for place in places
        if place.registration_id == registration_id and place.component_id in components
    )


def _when(exam: OwnExam) -> tuple[bool, datetime]:
    ahead = [one.sitting for one in exam.sittings if one.sitting.status not in DONE]
    first = ahead[0] if ahead else None
    return (first is not None, first.starts_at if first else exam.batch.registration_opens_at)
