"""A candidate's way through one registration: seven steps with the present one lit, and the next thing to do."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing import queries as issuing
from certificates.issuing.rules.status import CertificateStatus
from certificates.platform import queries as platform
from exam.accounts.rules import Actor
from exam.catalogue.rules import Component, Scheme
from exam.kernel.clock import china_date
from exam.kernel.errors import N_
from exam.registration import queries as registration
from exam.registration.rules import Batch, Registration
from exam.sittings import queries as sittings
from exam.sittings.rules import DONE, RoomSession, Sitting
from scoring.outcomes import queries as outcomes
from scoring.outcomes.rules import Decision, Outcome

(CONFIRMED, TICKET, EXAM, MARKING, RESULT, CERTIFICATE, PLATFORM, ARRIVED) = range(8)


@dataclass(frozen=True, kw_only=True)
class Seat:
    """One sitting with its room and its component."""

    sitting: Sitting
    room: RoomSession
    component: Component

    @property
    def opens_at(self) -> datetime:
        """When the door opens."""
        return self.sitting.starts_at - timedelta(minutes=self.room.terms.entry_minutes)


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A candidate's certificate, as far as the first page needs it."""

    id: UUID
    number: str
    token: str
    registered: bool
    revoked: bool = False


@dataclass(frozen=True, kw_only=True)
class RoadStep:
    """One of the seven steps."""

    label: str  # msgid
    note: str = ""  # msgid
    facts: Mapping[str, object] = field(default_factory=dict)
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Way:
    """One registration from confirmation to the platform."""

    registration: Registration
    scheme: Scheme
    batch: Batch
    seats: tuple[Seat, ...]
    next: Seat | None
    outcome: Outcome | None
    certificate: Proof | None
    current: int
    steps: tuple[RoadStep, ...]

    @property
    def entering(self) -> bool:
        """Whether the registration itself is still under way, or came to nothing."""
        return not self.registration.status.confirmed

    @property
    def passed(self) -> bool:
        """Whether the published result is a pass."""
        return self.outcome is not None and self.outcome.decision is Decision.PASSED


async def ways(session: AsyncSession, actor: Actor, now: datetime) -> list[Way]:
    """Return the candidate's registrations as ways, the one with the nearest sitting first."""
    lines = await outcomes.mine(session, actor)
    seats = await _seats(session, [line.registration.id for line in lines], [line.scheme for line in lines])
    proofs = await _proofs(session, {line.registration.person_id for line in lines}, now)
    made = []
    for line in lines:
        batch = await registration.batch(session, line.registration.batch_id)
        own = seats[line.registration.id]
        made.append(
            way(line.registration, line.scheme, batch, own, line.outcome, proofs.get(line.registration.id), now)
        )
    return sorted(made, key=lambda one: one.next.sitting.starts_at if one.next else now + timedelta(days=3650))


def way(
    one: Registration,
    scheme: Scheme,
    batch: Batch,
    seats: Sequence[Seat],
    outcome: Outcome | None,
    certificate: Proof | None,
    now: datetime,
) -> Way:
    """Return the way of one registration as it stands now."""
    ahead = [seat for seat in seats if seat.sitting.ends_at > now and seat.sitting.status not in DONE]
    current = step_of(one, seats, ahead, outcome, certificate)
    return Way(
        registration=one,
        scheme=scheme,
        batch=batch,
        seats=tuple(seats),
        next=ahead[0] if ahead else None,
        outcome=outcome,
        certificate=certificate,
        current=current,
        steps=_steps(seats, outcome, certificate),
    )


def step_of(
    one: Registration,
    seats: Sequence[Seat],
    ahead: Sequence[Seat],
    outcome: Outcome | None,
    certificate: Proof | None,
) -> int:
    """Return the index of the step that is lit; ARRIVED when nothing is left."""
    if certificate is not None:
        return ARRIVED if certificate.registered else PLATFORM
    if outcome is not None:
        return CERTIFICATE if outcome.decision is Decision.PASSED else RESULT
    if seats:
        return EXAM if ahead else MARKING
    return TICKET if one.status.confirmed else CONFIRMED


def _steps(seats: Sequence[Seat], outcome: Outcome | None, certificate: Proof | None) -> tuple[RoadStep, ...]:
    head = (
        RoadStep(label=N_("报名确认")),
        RoadStep(label=N_("领取准考证")),
        RoadStep(
            label=N_("参加考核"),
            note=N_("%(n)s 场") if seats else "",
            facts={"n": len(seats)},
            at=seats[0].sitting.starts_at if seats else None,
        ),
        RoadStep(label=N_("评分与核定")),
        RoadStep(label=N_("公布结果"), at=outcome.published_at if outcome else None),
    )
    if outcome is not None and outcome.decision is not Decision.PASSED:
        return head
    number = {"number": certificate.number} if certificate else {}
    return (
        *head,
        RoadStep(label=N_("签发证书"), note=N_("编号 %(number)s") if number else "", facts=number),
        RoadStep(label=N_("平台登记"), note="" if certificate else N_("签发后 7 个工作日内")),
    )


async def _proofs(session: AsyncSession, person_ids: set[UUID], now: datetime) -> dict[UUID, Proof]:
    """The certificate of each registration, in the version that counts: issued, or withdrawn."""
    found: dict[UUID, Proof] = {}
    for one in await issuing.of_people(session, person_ids):
        if one.status not in (CertificateStatus.ISSUED, CertificateStatus.REVOKED) or one.registration_id in found:
            continue
        line = await platform.line_of(session, one.id, today=china_date(now))
        found[one.registration_id] = Proof(
            id=one.id,
            number=one.number,
            token=one.token,
            registered=line is not None and line.receipt is not None,
            revoked=one.status is CertificateStatus.REVOKED,
        )
    return found


async def _seats(
    session: AsyncSession, registration_ids: Sequence[UUID], schemes: Sequence[Scheme]
) -> dict[UUID, list[Seat]]:
    found: dict[UUID, list[Seat]] = defaultdict(list)
    own = await sittings.sittings(session, registration_ids=registration_ids) if registration_ids else []
    if not own:
        return found
    rooms = {room.id: room for room in await sittings.room_sessions(session, ids={one.room_session_id for one in own})}
    parts = {part.id: part for scheme in schemes for part in scheme.components}
    for one in sorted(own, key=lambda one: one.starts_at):
        seat = Seat(sitting=one, room=rooms[one.room_session_id], component=parts[one.component_id])
        found[one.registration_id].append(seat)
    return found
