"""Step d: the officer proposes a timetable, looks at what is left, and publishes it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from exam.demo.stage import Stage
from scheduling.norms.rules import NormSet
from scheduling.timetable import actions as timetable


class Unarranged(RuntimeError):
    """The demo's own sites cannot take its candidates, or its pool cannot staff them."""


@dataclass(frozen=True, kw_only=True)
class Arranged:
    """What a publication came to."""

    sessions: int
    sittings: int
    duties: int


async def arrange(
    stage: Stage, batch_id: UUID, *, proposed: datetime, published: datetime, norms: NormSet | None = None
) -> Arranged:
    """Propose with the stored seed; publish only when nobody is left out and every duty is filled."""
    officer = stage.cast["officer"]
    async with stage.change() as session:
        plan = await timetable.propose(session, officer, batch_id=batch_id, seed=stage.seed, now=proposed, norms=norms)
        left = {name: plan.figures.get(name, 0) for name in ("unplaced", "unfilled")}
        if any(left.values()):
            raise Unarranged(f"{left}")
    async with stage.change() as session:
        done = await timetable.publish(session, officer, stage.services.vault, plan_id=plan.id, now=published)
    return Arranged(sessions=done.sessions, sittings=done.sittings, duties=done.duties)
