"""The page of a batch's what-ifs: what can be asked, what is being computed, everything side by side; one of them in full."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.registration import queries as registration
from exam.registration.rules import Batch
from scheduling.forks.queries.stored import fork as stored_fork
from scheduling.forks.queries.stored import fork_files, forks
from scheduling.forks.queries.words import Words, words_of
from scheduling.forks.rules.comparing import Compared, Moved, compared
from scheduling.forks.rules.records import Fork
from scheduling.forks.rules.wishes import Wish, read
from scheduling.planning.rules.problem import Form, Problem, Rules
from scheduling.sites.rules import Site
from scheduling.timetable import queries as timetable
from scheduling.timetable.rules.lifecycle import PlanStatus
from scheduling.timetable.rules.runs import Run, RunKind

ROWS: Final = 25


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure over all what-ifs of one draft."""

    first: Compared  # its measure and what the draft has
    cells: tuple[Compared, ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """The what-ifs that start from one draft, side by side."""

    version: int
    current: bool
    forks: tuple[Fork, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class Board:
    """The what-ifs of a batch."""

    batch: Batch
    plan: timetable.PlanRecord | None  # the draft that is asked about
    tables: tuple[Table, ...]  # the newest draft first
    running: tuple[tuple[Run, Wish], ...]
    site: Mapping[str, Site]  # by code
    sites: tuple[str, ...]  # codes that can be asked about
    computer_rooms: Mapping[str, tuple[str, ...]]
    days: tuple[date, ...]
    rules: Rules
    may_manage: bool


@dataclass(frozen=True, kw_only=True)
class MovedRow:
    """Members of a group who would sit elsewhere, in words."""

    moved: Moved
    institution: object
    exam: object
    names: tuple[str, ...]  # for who arranges the batch


@dataclass(frozen=True, kw_only=True)
class ForkView:
    """One what-if with who would move."""

    batch: Batch
    fork: Fork
    lines: tuple[Compared, ...]
    words: Words
    rows: tuple[MovedRow, ...]
    number: int  # of the page
    pages: int
    current: bool  # it starts from the present draft
    filed: bool  # that was handed in: it must be taken back before anything is adopted
    may_manage: bool

    @property
    def total(self) -> int:
        """Rows on all pages."""
        return len(self.fork.comparison.moved)

    def href(self, number: int) -> str:
        """The address of a page."""
        return f"/scheduling/plans/forks/{self.fork.id}?number={number}#moved"


async def board(session: AsyncSession, actor: Actor, batch_id: UUID) -> Board:
    """Everything on the page of a batch's what-ifs."""
    batch = await registration.batch(session, batch_id)
    timetable.require_read(actor, batch)
    plan = await timetable.latest(session, batch_id)
    draft = plan if plan and plan.status is not PlanStatus.PUBLISHED else None
    problem = (await timetable.worked(session, draft.id)).problem if draft else None
    runs = await timetable.under_way(session, batch_id, RunKind.FORK)
    return Board(
        batch=batch,
        plan=draft,
        tables=_tables(await forks(session, batch_id), draft),
        running=tuple((run, read(run.asked["wish"])) for run in runs),
        site={one.code: one for one in (await timetable.names_of(session)).sites.values()},
        sites=tuple(one.id for one in problem.sites) if problem else (),
        computer_rooms=_computer_rooms(problem) if problem else {},
        days=tuple(sorted({slot.day for slot in problem.slots})) if problem else (),
        rules=problem.rules if problem else Rules(),
        may_manage=timetable.may_manage(actor, batch),
    )


def _computer_rooms(problem: Problem) -> dict[str, tuple[str, ...]]:
    return {site.id: tuple(room.id for room in site.rooms if room.form is Form.COMPUTER) for site in problem.sites}


def _tables(found: list[Fork], draft: timetable.PlanRecord | None) -> tuple[Table, ...]:
    tables = []
    for plan_id in dict.fromkeys(one.plan_id for one in found):
        own = tuple(one for one in found if one.plan_id == plan_id)
        columns = [one.comparison.lines() for one in own]
        rows = tuple(Row(first=cells[0], cells=tuple(cells)) for cells in zip(*columns, strict=True))
        current = draft is not None and draft.id == plan_id
        tables.append(Table(version=own[0].plan_version, current=current, forks=own, rows=rows))
    return tuple(sorted(tables, key=lambda one: -one.version))


async def fork_view(session: AsyncSession, actor: Actor, fork_id: UUID, *, page: int = 1) -> ForkView:
    """One what-if; names of candidates for who arranges the batch only."""
    fork = await stored_fork(session, fork_id)
    batch = await registration.batch(session, fork.batch_id)
    timetable.require_read(actor, batch)
    manages = timetable.may_manage(actor, batch)
    base = await timetable.worked(session, fork.plan_id)
    words = await words_of(session, batch.id, (await fork_files(session, fork_id))[0])
    moved = fork.comparison.moved
    pages = max(1, ceil(len(moved) / ROWS))
    page = min(max(page, 1), pages)
    rows = moved[(page - 1) * ROWS : page * ROWS]
    names = await _names(session, rows, base.members) if manages else {}
    latest = await timetable.latest(session, batch.id)
    return ForkView(
        batch=batch,
        fork=fork,
        lines=compared(fork.comparison.before, fork.comparison.after),
        words=words,
        rows=tuple(_moved_row(one, words, names.get(one, ())) for one in rows),
        number=page,
        pages=pages,
        current=latest is not None and latest.id == fork.plan_id,
        filed=latest is not None and latest.status is PlanStatus.FILED,
        may_manage=manages,
    )


async def _names(
    session: AsyncSession, rows: Iterable[Moved], members: Mapping[str, tuple[UUID, ...]]
) -> dict[Moved, tuple[str, ...]]:
    """Who would move, of some rows."""
    ids = {
        row: [own[number] for number in row.numbers() if number < len(own)]
        for row in rows
        for own in [members.get(row.group, ())]
    }
    wanted = {id for own in ids.values() for id in own}
    people = {one.id: one.name for one in await registration.registrations(session, ids=wanted)} if wanted else {}
    return {row: tuple(people[id] for id in own if id in people) for row, own in ids.items()}


def _moved_row(moved: Moved, words: Words, names: tuple[str, ...]) -> MovedRow:
    group = words.problem.group[moved.group]
    return MovedRow(
        moved=moved,
        institution=words.institution[group.institution],
        exam=words.exam(group.certificate, group.level.value),
        names=names,
    )
