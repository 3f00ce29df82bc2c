"""A what-if is asked for, computed like a proposal, compared with the draft, and kept.

The search holds no transaction. What it finds is checked by the same independent rules as a proposal before it is kept,
and its members are numbered like those of the draft, so that whoever can stay is not counted as moved.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.catalogue.rules import Form
from exam.kernel import audit
from exam.kernel.ids import new_id
from exam.registration import queries as registration
from scheduling.forks.models import ForkRow
from scheduling.forks.rules import comparing
from scheduling.forks.rules.records import ForkBroken, NoDraft
from scheduling.forks.rules.wishes import RecordsChanged, Variant, Wish, on_the_terms_of, require_sensible, varied
from scheduling.planning.rules import variants
from scheduling.planning.rules.aligning import aligned
from scheduling.planning.rules.plan import Plan
from scheduling.planning.rules.problem import Problem
from scheduling.planning.rules.serial import plan_bytes, problem_bytes, problem_sha256
from scheduling.sites.rules import Room
from scheduling.timetable import actions as timetable_actions
from scheduling.timetable import queries as timetable
from scheduling.timetable.rules.lifecycle import PlanStatus
from scheduling.timetable.rules.runs import Progress, RunKind, silent


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a what-if is computed from."""

    wish: Wish
    draft: timetable.PlanRecord
    base: timetable.Worked
    material: timetable_actions.Material  # with the problem that the question makes
    records_sha256: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of it."""

    problem: Problem
    plan: Plan
    comparison: comparing.Comparison


async def ask(session: AsyncSession, actor: Actor, *, batch_id: UUID, wish: Wish, now: datetime) -> tuple[UUID, bool]:
    """Ask what would be: the run and whether it is new; the same question of a batch once at a time.

    :raises NoDraft: there is no draft to compare with
    :raises Invalid: the question names nothing, or changes nothing
    """
    batch = await registration.batch(session, batch_id)
    timetable.require_manage(actor, batch)
    draft = await draft_of(session, batch_id)
    require_sensible((await timetable.worked(session, draft.id)).problem, wish, draft.seed)
    asked = {"wish": wish.written(), "page": f"/scheduling/plans/{batch_id}/forks"}
    key = f"fork:{batch_id}:{wish.key}"
    return await timetable_actions.ask_run(session, actor, RunKind.FORK, key, batch_id, asked, now)


async def draft_of(session: AsyncSession, batch_id: UUID) -> timetable.PlanRecord:
    """The draft of a batch, filed or not, or :class:`NoDraft`."""
    draft = await timetable.latest(session, batch_id)
    if draft is None or draft.status is PlanStatus.PUBLISHED:
        raise NoDraft
    return draft


async def prepare(
    session: AsyncSession, actor: Actor, *, batch_id: UUID, wish: Wish, now: datetime | None = None
) -> Question:
    """Read what a what-if is computed from: the records as they stand, on the draft's terms, with one thing otherwise.

    :raises RecordsChanged: other people are to be placed than the draft has
    """
    material = await timetable_actions.consider(session, actor, batch_id=batch_id, now=now)
    draft = await draft_of(session, batch_id)
    base = await timetable.worked(session, draft.id)
    if dict(base.members) != dict(material.drafted.members):
        raise RecordsChanged
    records = material.drafted.problem
    problem = varied(on_the_terms_of(records, base.problem), wish)
    return Question(
        wish=wish,
        draft=draft,
        base=base,
        material=replace(
            material,
            drafted=replace(material.drafted, problem=problem),
            ground=_furnished(material.ground, wish),
        ),
        records_sha256=problem_sha256(records),
    )


def _furnished(ground: timetable.Ground, wish: Wish) -> timetable.Ground:
    """The sites with the machines that the question adds."""
    if wish.variant is not Variant.MACHINES:
        return ground
    site = ground.site[wish.site]
    if wish.room:
        rooms = tuple(
            replace(one, seats=one.seats + wish.seats) if one.code == wish.room else one for one in site.rooms
        )
    else:
        new = Room(
            id=new_id(), site_id=site.id, code=variants.NEW_ROOM, name_zh="", name_en="", form=Form.COMPUTER,
            seats=wish.seats, spares=0, columns=5, floor=1, cameras=False,
        )  # fmt: skip
        rooms = (*site.rooms, new)
    return replace(ground, site={**ground.site, wish.site: replace(site, rooms=rooms)})


def compute(question: Question, *, progress: Progress = silent, stop: Callable[[], bool] = lambda: False) -> Answer:
    """Search for the plan that would be, and set it beside the draft. Needs no database.

    :raises ForkBroken: what was found breaks a hard constraint
    """
    wish, base = question.wish, question.base
    seed = wish.seed if wish.seed is not None else question.draft.seed
    solution = timetable_actions.work_out(question.material, seed=seed, progress=progress, stop=stop)
    broken = sorted({one.h for one in solution.report.violations if one.h != "H1"})
    if broken:
        raise ForkBroken(count=len(solution.report.violations), codes="、".join(broken), seed=seed)
    problem, plan = solution.worked.problem, aligned(solution.worked.plan, base.plan)
    return Answer(
        problem=problem, plan=plan, comparison=comparing.compare(base.problem, base.plan, problem, plan)
    )  # fmt: skip


async def keep(session: AsyncSession, actor: Actor, question: Question, answer: Answer, *, now: datetime) -> UUID:
    """Store a what-if; nothing of the draft is touched."""
    row = ForkRow(
        id=new_id(),
        batch_id=question.draft.batch_id,
        plan_id=question.draft.id,
        wish=question.wish.written(),
        seed=answer.plan.seed,
        status=answer.plan.status,
        records_sha256=question.records_sha256,
        comparison=answer.comparison.written(),
        problem=zlib.compress(problem_bytes(answer.problem)),
        plan=zlib.compress(plan_bytes(answer.plan)),
        made_at=now,
        made_by=actor.name,
        adopted_version=None,
    )
    session.add(row)
    await session.flush()
    await audit.record(
        session,
        actor,
        "forks.compute",
        subject="fork",
        ids=[row.id],
        stream=f"batch:{row.batch_id}",
        data={"wish": row.wish, "version": question.draft.version, "after": row.comparison["after"]},
        now=now,
    )
    return row.id
