"""What the candidate's exam pages show: the place, the paper's outline, and what is still unanswered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue.rules import Blueprint, parse_blueprint
from exam.delivery.queries.runs import answers, progress
from exam.delivery.rules import NotComputer, NotYours, Run
from exam.papers import queries as papers
from exam.papers.rules import Question, Section, presented
from exam.registration import queries as registration
from exam.registration.rules import Registration
from exam.sittings import queries as sittings
from exam.sittings.queries.desk import Subject, subjects
from exam.sittings.rules import RoomSession, Sitting


@dataclass(frozen=True)
class OwnPlace:
    """One computer exam of the candidate: who, what, where and when."""

    sitting: Sitting
    room: RoomSession
    subject: Subject | None
    person: Registration | None

    @property
    def blueprint(self) -> Blueprint | None:
        """The outline of the paper, shown before the start."""
        return parse_blueprint(self.subject.component.blueprint) if self.subject else None


@dataclass(frozen=True)
class Review:
    """The questions by section, and which of them have a saved answer."""

    sections: tuple[Section, ...]
    answered: frozenset[UUID]

    @property
    def unanswered(self) -> tuple[Question, ...]:
        """The questions without a saved answer, in the candidate's order."""
        return tuple(q for section in self.sections for q in section.questions if q.id not in self.answered)


async def own_place(session: AsyncSession, actor: Actor, sitting_id: UUID) -> OwnPlace:
    """Read the candidate's own computer exam."""
    sitting = await sittings.sitting(session, sitting_id)
    if not actor.within(Permission.EXAM_SIT, registration_id=sitting.registration_id):
        raise NotYours
    room = await sittings.room_session(session, sitting.room_session_id)
    if room.form != "computer":
        raise NotComputer
    people = await registration.registrations(session, ids=[sitting.registration_id])
    return OwnPlace(sitting, room, (await subjects(session)).get(sitting.component_id), people[0] if people else None)


async def review(session: AsyncSession, run: Run) -> Review:
    """What is saved of a run, question by question."""
    paper = presented(await papers.paper(session, run.paper_id), run.order_seed)
    standing = await answers(session, run.sitting_id)
    return Review(paper.sections, frozenset(item for item, answer in standing.items() if answer.value is not None))


async def room_progress(session: AsyncSession, room_session_id: UUID) -> dict[str, Any]:
    """How many answers each candidate of a room has saved, and when the last came."""
    people = await sittings.sittings(session, room_session_id=room_session_id)
    found = await progress(session, [person.id for person in people])
    return {str(sitting_id): {"answered": count, "at": at} for sitting_id, (count, at) in found.items()}
