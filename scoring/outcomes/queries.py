"""Reads of outcomes: for certificates, officers and candidates; and the invariant that each equals its rule applied again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Select, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Agreement, Scheme, Tie, parse_sheet, plain
from exam.kernel.clock import CHINA
from exam.kernel.errors import N_, NotFound, Refusal
from exam.kernel.i18n import Name
from exam.kernel.needs import Need
from exam.registration import queries as registration
from exam.registration.rules import Batch, BatchStatus, Registration
from scoring.marking import queries as marking
from scoring.marking.rules import Mark, MarkPath, MarkSource, agree, mean, path_of, read_entries, score_sheet
from scoring.outcomes.models import OutcomeRow
from scoring.outcomes.rules import (
    ALLOWED,
    PENDING,
    PUBLIC,
    Decision,
    Outcome,
    OutcomeStatus,
    Step,
    digest,
    published,
    replay,
)

READERS = (Permission.OUTCOME_READ, Permission.OUTCOME_VERIFY, Permission.OUTCOME_PUBLISH)
WORKED_ON = (BatchStatus.SESSIONS_DONE, BatchStatus.SCORING, BatchStatus.VERIFIED)
_COLUMNS = tuple(
    getattr(OutcomeRow, name)
    for name in (
        "id", "registration_id", "batch_id", "scheme_id", "version", "decision", "composite", "rule_version",
        "inputs_sha256", "status", "reason", "computed_at", "verified_by", "verified_at", "published_by", "published_at",
    )
)  # fmt: skip
_PLACES = OutcomeRow.inputs["rule"]["places"].as_integer().label("places")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One registration of a batch with its outcome (None where none can be formed yet) and marks."""

    registration: Registration
    scheme: Scheme
    outcome: Outcome | None
    marks: Mapping[UUID, Mark]  # by component


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The outcomes of a batch in numbers."""

    batch: Batch
    counts: Mapping[Decision, int]
    statuses: Mapping[OutcomeStatus, int]
    without: int
    lines: tuple[Line, ...]

    @property
    def present(self) -> int:
        """Who has a total: passed or failed (F14: the rate is of those who took part)."""
        return self.counts[Decision.PASSED] + self.counts[Decision.FAILED]


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """A stored fact that does not follow from what it was made of."""

    kind: str  # outcome | hash | mark | sheet
    id: UUID
    detail: str


async def outcomes(
    session: AsyncSession,
    *,
    batch_id: UUID | None = None,
    registration_id: UUID | None = None,
    registration_ids: Iterable[UUID] | None = None,
    ids: Iterable[UUID] | None = None,
    published_only: bool = False,
    brief: bool = False,
) -> list[Outcome]:
    """The outcomes that stand: the pending version where there is one, else the public one; filters add up.

    ``published_only`` gives the public versions, also while a newer one is pending. ``brief`` leaves explanation and
    inputs empty: for lists of thousands.
    """
    wanted = PUBLIC if published_only else PUBLIC | PENDING
    query = _select(brief=brief).where(OutcomeRow.status.in_([one.value for one in wanted]))
    if batch_id is not None:
        query = query.where(OutcomeRow.batch_id == batch_id)
    if registration_id is not None:
        query = query.where(OutcomeRow.registration_id == registration_id)
    if registration_ids is not None:
        query = query.where(OutcomeRow.registration_id.in_(list(registration_ids)))
    if ids is not None:
        query = query.where(OutcomeRow.id.in_(list(ids)))
    newest = {row.registration_id: row for row in await session.execute(query)}
    return [_outcome(row) for row in newest.values()]


def unsettled() -> ColumnElement[bool]:
    """Public outcomes that become final once nobody can ask about them any more (3.6)."""
    waiting = [status.value for status in PUBLIC if OutcomeStatus.FINAL in ALLOWED[status]]
    return OutcomeRow.status.in_(waiting)


async def published_days(session: AsyncSession) -> list[tuple[UUID, date]]:
    """Batches with unsettled outcomes, and the days in China on which those were published."""
    day = cast(func.timezone(CHINA.key, OutcomeRow.published_at), Date)
    query = select(OutcomeRow.batch_id, day).where(unsettled()).distinct().order_by(OutcomeRow.batch_id, day)
    return [(batch_id, on) for batch_id, on in await session.execute(query)]


async def settling(
    session: AsyncSession, batch_id: UUID, *, published: Collection[date], without: Collection[UUID], limit: int
) -> list[UUID]:
    """Some of the batch's unsettled outcomes published on these days, without those named."""
    day = cast(func.timezone(CHINA.key, OutcomeRow.published_at), Date)
    query = select(OutcomeRow.id).where(OutcomeRow.batch_id == batch_id, unsettled(), day.in_(published))
    return list(await session.scalars(query.where(OutcomeRow.id.not_in(without)).order_by(OutcomeRow.id).limit(limit)))


async def outcome(session: AsyncSession, outcome_id: UUID) -> Outcome:
    """One version of an outcome; NotFound when there is none."""
    row = (await session.execute(_select().where(OutcomeRow.id == outcome_id))).one_or_none()
    if row is None:
        raise NotFound
    return _outcome(row)


async def all_versions(
    session: AsyncSession, batch_id: UUID | None = None, *, registration_id: UUID | None = None, brief: bool = False
) -> list[Outcome]:
    """Every version, by registration and version."""
    query = _select(brief=brief)
    if batch_id is not None:
        query = query.where(OutcomeRow.batch_id == batch_id)
    if registration_id is not None:
        query = query.where(OutcomeRow.registration_id == registration_id)
    return [_outcome(row) for row in await session.execute(query)]


async def without_outcome(session: AsyncSession, batch_id: UUID) -> list[Registration]:
    """Confirmed registrations of a batch that have no outcome that stands."""
    standing = [one.value for one in PUBLIC | PENDING]
    have = set(
        await session.scalars(
            select(OutcomeRow.registration_id).where(OutcomeRow.batch_id == batch_id, OutcomeRow.status.in_(standing))
        )
    )
    found = await registration.registrations(session, batch_id=batch_id)
    return [one for one in found if one.status.confirmed and one.id not in have]


async def overview(session: AsyncSession, actor: Actor, batch_id: UUID) -> Overview:
    """The batch as an officer sees it: only own organisations' certificates, an institution only its own candidates."""
    batch = await registration.batch(session, batch_id)
    people = [one for one in await registration.registrations(session, batch_id=batch_id) if one.status.confirmed]
    schemes = {one.id: one for one in await catalogue.schemes(session, {one.scheme_id for one in people})}
    published_only = not any(working(actor, scheme) for scheme in schemes.values())
    found = {one.registration_id: one for one in await outcomes(
        session, batch_id=batch_id, published_only=published_only, brief=True)}  # fmt: skip
    marks: dict[UUID, dict[UUID, Mark]] = defaultdict(dict)
    for mark in await marking.marks(session, batch_id=batch_id):
        marks[mark.registration_id][mark.component_id] = mark
    lines = tuple(
        Line(registration=one, scheme=schemes[one.scheme_id], outcome=found.get(one.id),
             marks=marks[one.id] if not published_only or one.id in found else {})
        for one in people
        if readable(actor, schemes[one.scheme_id], one, batch)
    )  # fmt: skip
    return summed(batch, lines)


def summed(batch: Batch, lines: Sequence[Line]) -> Overview:
    """Count what the lines come to."""
    counts, statuses = dict.fromkeys(Decision, 0), dict.fromkeys(OutcomeStatus, 0)
    for line in lines:
        if line.outcome is not None:
            counts[line.outcome.decision] += 1
            statuses[line.outcome.status] += 1
    without = sum(1 for line in lines if line.outcome is None)
    return Overview(batch=batch, counts=counts, statuses=statuses, lines=tuple(lines), without=without)


def in_scope(actor: Actor, scheme: Scheme) -> bool:
    """Whether the actor works on the outcomes of this scheme's organisation."""
    return any(
        actor.within(permission, organisation_id=scheme.organisation_id)
        for permission in (Permission.OUTCOME_VERIFY, Permission.OUTCOME_PUBLISH)
    )


def working(actor: Actor, scheme: Scheme) -> bool:
    """Whether the actor belongs to the scheme's organisation and so sees results before they are published."""
    return any(actor.within(permission, organisation_id=scheme.organisation_id) for permission in READERS)


def readable(actor: Actor, scheme: Scheme, one: Registration, batch: Batch) -> bool:
    """Whether the actor may read this person's outcome: own organisation, own institution, or own province."""
    return any(
        actor.within(
            permission,
            organisation_id=scheme.organisation_id,
            institution_id=one.institution_id,
            province_code=batch.province_code,
        )
        for permission in READERS
    )


def distribution(lines: Sequence[Line], width: int = 5) -> list[tuple[int, int, int]]:
    """How many totals fall into each step of ``width`` from 0 to 100, as (from, to, count); 100 is in the last."""
    counts = [0] * (100 // width)
    for line in lines:
        if line.outcome is not None and line.outcome.composite is not None:
            counts[min(len(counts) - 1, int(line.outcome.composite // width))] += 1
    return [(index * width, (index + 1) * width, count) for index, count in enumerate(counts)]


async def batches(session: AsyncSession, actor: Actor) -> list[tuple[Batch, Mapping[OutcomeStatus, int]]]:
    """Batches that have outcomes or wait for them, with how many outcomes stand in each state; newest first."""
    counts: dict[UUID, dict[OutcomeStatus, int]] = defaultdict(lambda: dict.fromkeys(OutcomeStatus, 0))
    query = select(OutcomeRow.batch_id, OutcomeRow.status, func.count()).group_by(
        OutcomeRow.batch_id, OutcomeRow.status
    )
    for batch_id, status, count in await session.execute(query):
        counts[batch_id][OutcomeStatus(status)] = count
    found = [one for one in await registration.batches(session) if one.id in counts or one.status in WORKED_ON]
    return [(one, counts[one.id]) for one in sorted(found, key=lambda one: one.first_day, reverse=True)]


async def mine(session: AsyncSession, actor: Actor) -> list[Line]:
    """A candidate's own registrations with their published outcomes; nothing that is not published."""
    ids = actor.scope_uuids(Permission.OWN_READ, "registration") or []
    people = await registration.registrations(session, ids=ids) if ids else []
    schemes = {one.id: one for one in await catalogue.schemes(session, {one.scheme_id for one in people})}
    found = {one.registration_id: one for one in await outcomes(session, registration_ids=ids, published_only=True)}
    marks: dict[UUID, dict[UUID, Mark]] = defaultdict(dict)
    for mark in await marking.marks(session, registration_ids=found):
        marks[mark.registration_id][mark.component_id] = mark
    return [
        Line(registration=one, scheme=schemes[one.scheme_id], outcome=found.get(one.id), marks=marks[one.id])
        for one in people
    ]


async def paths(session: AsyncSession, registration_ids: Iterable[UUID]) -> dict[UUID, dict[UUID, MarkPath]]:
    """How the practical marks of these registrations came about, by registration and component."""
    found: dict[UUID, dict[UUID, MarkPath]] = defaultdict(dict)
    for mark in await marking.marks(session, registration_ids=list(registration_ids), detail=True):
        path = path_of(mark)
        if path is not None:
            found[mark.registration_id][mark.component_id] = path
    return found


def steps_of(found: Outcome) -> list[Step]:
    """The stored explanation as steps."""
    return [
        Step(kind=step["kind"], text=step["text"], facts=step["facts"], good=step["good"])
        for step in found.explanation["steps"]
    ]


async def needs(session: AsyncSession, actor: Actor, now: datetime) -> list[Need]:
    """Results to verify or to publish, and candidates' new results."""
    if actor.may(Permission.OWN_READ):
        return [
            Need(text=N_("您的成绩已发布"), href="/scoring/outcomes/mine", tone="done")
            for line in await mine(session, actor) if line.outcome is not None
        ][:1]  # fmt: skip
    if not (actor.may(Permission.OUTCOME_VERIFY) or actor.may(Permission.OUTCOME_PUBLISH)):
        return []
    found = []
    for batch, counts in await batches(session, actor):
        facts = {"batch": Name(batch.name_zh, batch.name_en)}
        href = f"/scoring/outcomes/batches/{batch.id}"
        if actor.may(Permission.OUTCOME_VERIFY) and counts[OutcomeStatus.COMPUTED]:
            found.append(
                Need(
                    text=N_("%(batch)s：%(n)s 人的结果待核定"),
                    href=href,
                    facts=facts,
                    count=counts[OutcomeStatus.COMPUTED],
                )
            )
        if actor.may(Permission.OUTCOME_PUBLISH) and counts[OutcomeStatus.VERIFIED]:
            found.append(
                Need(
                    text=N_("%(batch)s：%(n)s 人的结果待发布"),
                    href=href,
                    facts=facts,
                    count=counts[OutcomeStatus.VERIFIED],
                )
            )
    return found


async def recheck(session: AsyncSession) -> list[Mismatch]:
    """The invariants of scoring on the live data: an empty list is the proof.

    Every outcome equals the pure rule applied again to its stored inputs and those inputs are the live marks'; every
    mark is the sum of allowed values: items, readings, or sheets that add up again.
    """
    found: list[Mismatch] = []
    marks = {(one.registration_id, one.component_id): one for one in await marking.marks(session, detail=True)}
    for row in await session.execute(_select()):
        one = _outcome(row)
        found += _recheck_outcome(one)
    for one in await outcomes(session):
        found += _recheck_inputs(one, marks)
    found += _recheck_marks(marks.values())
    found += await _recheck_sheets(session, marks.values())
    return found


def _recheck_outcome(one: Outcome) -> list[Mismatch]:
    if digest(one.inputs) != one.inputs_sha256:
        return [Mismatch(kind="hash", id=one.id, detail="the inputs do not have the stored hash")]
    try:
        verdict = replay(one.inputs)
    except Refusal as refusal:
        return [Mismatch(kind="outcome", id=one.id, detail=f"the rule refuses its inputs: {refusal.code}")]
    again = (verdict.decision, verdict.composite, verdict.explanation.rule_version)
    if again != (one.decision, one.composite, one.rule_version):
        return [
            Mismatch(
                kind="outcome",
                id=one.id,
                detail=f"stored {one.decision} {one.composite}, the rule says {again[0]} {again[1]}",
            )
        ]
    return []


def _recheck_inputs(one: Outcome, marks: Mapping[tuple[UUID, UUID], Mark]) -> list[Mismatch]:
    for part in one.inputs["parts"]:
        mark = marks.get((one.registration_id, UUID(part["component"])))
        value = None if part["value"] is None else Decimal(part["value"])
        if mark is None or (mark.state.value, mark.value) != (part["state"], value):
            return [Mismatch(kind="outcome", id=one.id, detail=f"component {part['code']} differs from the live mark")]
    return []


def _recheck_marks(marks: Iterable[Mark]) -> list[Mismatch]:
    found = []
    for mark in marks:
        again = _value_again(mark)
        if again is not None and again != mark.value:
            found.append(Mismatch(kind="mark", id=mark.id, detail=f"stored {mark.value}, adds up to {again}"))
    return found


def _value_again(mark: Mark) -> Decimal | None:
    """The value a mark's own detail adds up to; None where it has no parts."""
    match mark.source:
        case MarkSource.COMPUTER:
            return sum((Decimal(value) for value in mark.detail["items"].values()), Decimal(0))
        case MarkSource.DOUBLE_ENTRY:
            values = {Decimal(entry["value"]) for entry in mark.detail["entries"]}
            return values.pop() if len(values) == 1 else Decimal(-1)
        case MarkSource.SHEETS:
            totals = [Decimal(one["total"]) for one in mark.detail["sheets"]]
            used = [totals[place] for place in mark.detail.get("used", range(len(totals)))]
            return mean(used) if used else Decimal(-1)
    return None


async def _recheck_sheets(session: AsyncSession, marks: Iterable[Mark]) -> list[Mismatch]:
    """Each signed sheet added up again from its entries, and the mark against its scheme's tolerance."""
    found = []
    definitions = {
        part.id: parse_sheet(part.sheet)
        for scheme in await catalogue.schemes(session)
        for part in scheme.components
        if part.sheet is not None
    }
    for sheet in await marking.sheets(session):
        if sheet.total is None:
            continue
        definition = definitions[sheet.component_id]
        score = score_sheet(definition, read_entries(definition, sheet.answers), sheet.overtime_minutes)
        if score.total != sheet.total:
            found.append(
                Mismatch(
                    kind="sheet", id=sheet.id, detail=f"stored {plain(sheet.total)}, adds up to {plain(score.total)}"
                )
            )
    of_sheets = [mark for mark in marks if mark.source is MarkSource.SHEETS]
    counting = await marking.signed_sheets(session, [mark.sitting_id for mark in of_sheets if mark.sitting_id])
    for mark in of_sheets:
        used = {one["sheet_id"] for one in mark.detail["sheets"]}
        if mark.sitting_id and used != {str(one.id) for one in counting.get(mark.sitting_id, [])}:
            found.append(Mismatch(kind="mark", id=mark.id, detail="it is not of the signed sheets that count"))
        agreement = definitions[mark.component_id].agreement
        totals = [Decimal(one["total"]) for one in mark.detail["sheets"]]
        rule = Agreement(
            tolerance=agreement.tolerance,
            assessors_count=int(mark.detail["wanted"]),
            third=bool(mark.detail.get("third", False)),
            tie=Tie(mark.detail.get("tie", Tie.HIGHER)),
        )
        agreed = agree(rule, totals)
        if not agreed.settled or list(agreed.used) != list(mark.detail.get("used", agreed.used)):
            found.append(Mismatch(kind="mark", id=mark.id, detail="its sheets do not agree within the tolerance"))
    return found


def _select(*, brief: bool = False) -> Select[Any]:
    whole = () if brief else (OutcomeRow.explanation, OutcomeRow.inputs)
    return select(*_COLUMNS, _PLACES, *whole).order_by(OutcomeRow.registration_id, OutcomeRow.version)


def _outcome(row: Any) -> Outcome:
    """A row as a record; the total is numeric(12, 4) in the database and has its published places outside."""
    values = {"explanation": {}, "inputs": {}, **row._mapping}
    places = values.pop("places")
    values["decision"], values["status"] = Decision(row.decision), OutcomeStatus(row.status)
    if row.composite is not None:
        values["composite"] = published(row.composite, places)
    return Outcome(**values)
