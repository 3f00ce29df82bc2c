"""What goes on beside the main batch: a resit batch that sits today, a batch that takes registrations, a site that applies.

They are there so that every role's first page has something that needs it now.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import queries as accounts
from exam.accounts.rules import ROLE_LABELS, Actor, Role
from exam.catalogue.rules import Form, Level, Scheme, parse_sheet
from exam.delivery import actions as delivery
from exam.demo import answers as behaviour
from exam.demo.days import BatchDays, at, weekend_before
from exam.demo.plan import DemoCandidate, Fate
from exam.demo.province import SCHOOLS, School
from exam.demo.rosters import roster
from exam.demo.stage import Stage
from exam.demo.steps import batch as batches
from exam.demo.steps import registration, timetable
from exam.demo.steps.day import Exam, candidate_actors
from exam.demo.steps.entry import register_in_person
from exam.demo.steps.registration import Batch
from exam.demo.steps.sites import open_site
from exam.kernel.clock import CHINA
from exam.registration import actions, queries
from exam.registration.rules.records import Registration
from exam.registration.rules.status import BatchStatus
from exam.sittings import actions as sittings
from exam.sittings import queries as sitting_queries
from exam.sittings.rules import Duty, RoomSession, Sitting
from scheduling.norms.rules import Norms, NormSet
from scheduling.sites import actions as sites
from scheduling.sites.rules import ApprovalStatus, Standing
from scoring.marking import actions as marking
from scoring.marking import queries as marks
from scoring.marking.rules import PartState
from scoring.outcomes import queries as outcomes
from scoring.outcomes.rules import Decision

_MINUTE = timedelta(minutes=1)
_KEPT_FROM = Decimal(60)
_MOST_A_FORM = 8
_DAY_MINUTES = 24 * 60
_COMPUTER, _STATION = ("WEB", "intermediate"), ("ELD", "intermediate")
_SHORTEST_EVENING = 240  # two parts, the gap between them, and turns at a station


@dataclass(frozen=True, kw_only=True)
class Resit:
    """Somebody who failed and sits again: what was passed is kept."""

    source: Registration
    scheme: Scheme
    candidate: DemoCandidate
    kept: Mapping[UUID, Decimal]

    @property
    def form(self) -> Form:
        """The form of what is left, where it is one part."""
        return next(part.form for part in self.scheme.components if part.id not in self.kept)


async def sit_today(stage: Stage, main: Exam, days: BatchDays) -> Exam | None:
    """A batch of those who failed and of one late class, arranged for today, so that rooms are open right now."""
    day, norms = _today(stage)
    opens, closes = days.published + timedelta(days=1), day - timedelta(days=4)
    people = await _resits(stage, main)
    if closes - opens < timedelta(days=3):
        return None
    calendar = BatchDays(
        opens=opens, closes=closes, arranged=day - timedelta(days=3), tickets=day - timedelta(days=2),
        sealed=day - timedelta(days=1), exam=(day,), marked=day, verified=day, published=day, final=day, issued=day,
    )  # fmt: skip
    new = stage.schemes[_COMPUTER], stage.schemes[_STATION]
    wanted = Batch(
        code=f"{day:%Y%m}-201",
        name_zh=f"{day.year}年{day.month}月补考与补报批次（演示）",
        name_en=f"Resits and late registrations, {day:%B %Y} (Demo)",
        schemes=list({scheme.id: scheme for scheme in (*(one.scheme for one in people), *new)}.values()),
        days=calendar,
    )
    batch_id = await registration.open_batch(stage, wanted)
    for one in people:
        await _register(stage, batch_id, one, at(opens, 11))
    fresh = _newcomers(stage)
    await registration.import_rosters(stage, batch_id, fresh, at(opens, 12))
    await registration.settle(stage, batch_id, calendar)
    await timetable.arrange(
        stage, batch_id, proposed=at(calendar.arranged, 10), published=at(calendar.tickets, 9), norms=norms
    )
    await batches.seal(stage, batch_id, calendar)
    exam = await batches.assemble(stage, batch_id, [*(one.candidate for one in people), *fresh])
    async with stage.change() as session:
        exam.actors = await candidate_actors(session, exam.people)
    return exam


def _newcomers(stage: Stage) -> list[DemoCandidate]:
    """Two classes that sit for the first time: one fills a computer room, the other works at a station, too."""
    pool = iter(stage.spares[-9:])
    return [
        replace(one, school=school, certificate=code, level=level, social=False, major=major, class_name=f"{major}2班",
                fate=Fate.ORDINARY)
        for school, (code, level), major, count in (
            (SCHOOLS[0], _COMPUTER, "软件技术", 7), (_school_word("峡光"), _STATION, "护理", 2),
        )
        for one in islice(pool, count)
    ]  # fmt: skip


def _today(stage: Stage) -> tuple[date, NormSet | None]:
    """Today from this half hour on; late in the evening, tomorrow at the usual hours."""
    now = stage.services.clock.now().astimezone(CHINA)
    opens = (now.hour * 60 + now.minute) // 30 * 30
    if _DAY_MINUTES - opens < _SHORTEST_EVENING:
        return now.date() + timedelta(days=1), None
    closes = min(opens + 6 * 60, _DAY_MINUTES)
    return now.date(), NormSet(common=Norms(opens=opens, lunch_from=closes, lunch_to=closes, closes=closes))


async def _resits(stage: Stage, main: Exam) -> list[Resit]:
    """Up to eight of each form, those of one prefecture first, so that rooms are shared."""
    async with stage.change() as session:
        failed = {
            one.registration_id
            for one in await outcomes.outcomes(session, batch_id=main.batch_id, published_only=True)
            if one.decision is Decision.FAILED
        }
        passed: dict[UUID, dict[UUID, Decimal]] = defaultdict(dict)
        for mark in await marks.marks(session, batch_id=main.batch_id):
            if mark.state is PartState.SCORED and mark.value is not None and mark.value >= _KEPT_FROM:
                passed[mark.registration_id][mark.component_id] = mark.value
        sources = [one for one in await queries.registrations(session, batch_id=main.batch_id) if one.id in failed]
    schemes = {scheme.id: scheme for scheme in stage.schemes.values()}
    found = [
        Resit(source=one, scheme=schemes[one.scheme_id], candidate=main.people[one.id], kept=passed.get(one.id, {}))
        for one in sources
        if one.institution_id is not None
    ]
    single = [one for one in found if len(one.scheme.components) - len(one.kept) == 1]
    together = Counter((one.source.prefecture_code, one.scheme.id, one.form) for one in single)

    def place(one: Resit) -> tuple[int, str, str]:
        """The largest groups first: those who can share a room."""
        size = together[one.source.prefecture_code, one.scheme.id, one.form]
        return -size, one.source.prefecture_code, f"{one.scheme.certificate_code} {one.scheme.level}"

    by_form: dict[Form, list[Resit]] = defaultdict(list)
    for one in sorted(single, key=place):
        if len(by_form[one.form]) < _MOST_A_FORM:
            by_form[one.form].append(one)
    return [one for group in by_form.values() for one in group]


async def _register(stage: Stage, batch_id: UUID, one: Resit, now: datetime) -> None:
    code = next(code for code, id in stage.schools.items() if id == one.source.institution_id)
    async with stage.change() as session:
        again = await actions.register_resit(
            session, stage.cast[f"school:{code}"], source_registration_id=one.source.id, batch_id=batch_id, consent=True,
            now=now,
        )  # fmt: skip
        for component_id, value in one.kept.items():
            await actions.retain_part(
                session, stage.cast["officer"], registration_id=again.id, component_id=component_id, value=value,
                source_registration_id=one.source.id, now=now + timedelta(hours=1),
            )  # fmt: skip


async def begin_today(stage: Stage, exam: Exam) -> None:
    """Open the rooms that have begun; some write, one can start, one has not come; show who may sign in where."""
    now = stage.services.clock.now()
    async with stage.change() as session:
        rooms = await sitting_queries.room_sessions(session, batch_id=exam.batch_id)
        duties = await sitting_queries.duties(session, batch_id=exam.batch_id)
    running = [room for room in rooms if room.starts_at <= now < room.ends_at]
    crew = {(one.session_id, one.duty): one.account_id for one in duties}
    if running:
        first = min(room.starts_at for room in running)
        async with stage.change() as session:
            await actions.move_batch(
                session, stage.cast["officer"], batch_id=exam.batch_id, to=BatchStatus.IN_PROGRESS,
                now=first - 30 * _MINUTE,
            )  # fmt: skip
    for room in running:
        await _begin_room(stage, exam, room, exam.cast[crew[room.id, Duty.INVIGILATOR]], crew, now)
    await _show(stage, exam, running, rooms, crew)


async def _begin_room(
    stage: Stage, exam: Exam, room: RoomSession, keeper: Actor, crew: Mapping[tuple[UUID, Duty], UUID], now: datetime
) -> None:
    async with stage.change() as session:
        here = await sitting_queries.sittings(session, room_session_id=room.id)
        await sittings.open_room(session, keeper, room_session_id=room.id, now=room.starts_at - 40 * _MINUTE)
        came = here if len(here) < 3 else here[:-1]
        await sittings.check_in_many(
            session, keeper, sitting_ids=[one.id for one in came], now=room.starts_at - 5 * _MINUTE
        )
        if room.form == Form.COMPUTER:
            await _begin_computers(session, exam, came[1:], room, now)
        else:
            await sittings.begin_room(session, keeper, room_session_id=room.id, now=room.starts_at)
        if Form(room.form).practical and len(came) > 1:
            await _sign_one(session, exam, room, came[0], exam.cast[crew[room.id, Duty.ASSESSOR]], stage, now)


async def _begin_computers(
    session: AsyncSession, exam: Exam, people: Sequence[Sitting], room: RoomSession, now: datetime
) -> None:
    """All but the first have started; the first is the one whose sign-in is shown, and starts when the reader does."""
    for one in people:
        await delivery.start(session, exam.actors[one.registration_id], sitting_id=one.id, now=now)


async def _sign_one(
    session: AsyncSession, exam: Exam, room: RoomSession, one: Sitting, assessor: Actor, stage: Stage, now: datetime
) -> None:
    component = exam.components[room.component_id]
    sheet = parse_sheet(component.sheet or {})
    entries, overtime = behaviour.sheet_entries(sheet, 1.0, stage.random(f"sheet {one.seat_no}"))
    await marking.record_sheet(
        session, assessor, sitting_id=one.id, answers=entries, overtime_minutes=overtime, now=now,
        evidence=behaviour.sheet_evidence(sheet, entries),
    )  # fmt: skip


async def _show(
    stage: Stage,
    exam: Exam,
    running: Sequence[RoomSession],
    every: Sequence[RoomSession],
    crew: Mapping[tuple[UUID, Duty], UUID],
) -> None:
    """One sign-in of each duty, where one can in a room that is open now, and a candidate who can start."""
    rooms = running or every
    written = [room for room in rooms if not Form(room.form).practical] or list(rooms)
    worked = [room for some in (running, every) for room in some if Form(room.form).practical]
    computers = [room for room in written if room.form == Form.COMPUTER] or written
    async with stage.change() as session:
        seated = Counter(one.room_session_id for one in await sitting_queries.sittings(session, batch_id=exam.batch_id))
    room = max(computers, key=lambda room: seated[room.id])
    stage.cast.show_account(Role.SITE_HEAD, crew[room.id, Duty.SITE_HEAD])
    stage.cast.show_account(Role.INVIGILATOR, crew[room.id, Duty.INVIGILATOR])
    fullest = max(worked, key=lambda room: (room in running, seated[room.id]))
    stage.cast.show_account(Role.ASSESSOR, crew[fullest.id, Duty.ASSESSOR])
    async with stage.change() as session:
        here = await sitting_queries.sittings(session, room_session_id=room.id)
        found = await accounts.secrets(session, stage.services.vault, [here[0].registration_id])
    stage.cast.show(ROLE_LABELS[Role.CANDIDATE], here[0].ticket_no, found[here[0].registration_id])


async def take_registrations(stage: Stage) -> UUID:
    """A batch whose registration is open: one roster is accepted, one waits, one came back with wrong rows."""
    exam = weekend_before(stage.today + timedelta(days=40), 2)
    days = BatchDays(
        opens=stage.today - timedelta(days=4), closes=stage.today + timedelta(days=9), arranged=exam[0], tickets=exam[0],
        sealed=exam[0], exam=exam, marked=exam[-1], verified=exam[-1], published=exam[-1], final=exam[-1], issued=exam[-1],
    )  # fmt: skip
    wanted = Batch(
        code=f"{exam[0]:%Y%m}-301",
        name_zh=f"{exam[0].year}年冬季职业技能等级考核（演示）",
        name_en=f"Skill level exams, {exam[0]:%B %Y} (Demo)",
        schemes=list(stage.schemes.values()),
        days=days,
    )
    batch_id = await registration.open_batch(stage, wanted)
    by_school: dict[str, list[DemoCandidate]] = defaultdict(list)
    for one in stage.spares[2:24]:
        by_school[one.school.code].append(one)
    chosen = [code for code in by_school if code != SCHOOLS[0].code][:2]
    for number, code in enumerate(chosen):
        await registration.import_roster(
            stage, batch_id, _school(code), by_school[code], at(days.opens, 10) + timedelta(days=1, hours=number)
        )
    if len(chosen) > 1:
        await _accept(stage, batch_id, chosen[0], at(days.opens, 15) + timedelta(days=1))
    await _wrong_roster(stage, batch_id, at(days.opens, 16) + timedelta(days=1))
    await register_in_person(stage, batch_id, at(days.opens, 10) + timedelta(days=2))
    return batch_id


async def _accept(stage: Stage, batch_id: UUID, code: str, now: datetime) -> None:
    async with stage.change() as session:
        own = await queries.registrations(session, batch_id=batch_id, institution_id=stage.schools[code])
        await actions.accept(session, stage.cast["officer"], registration_ids=[one.id for one in own], now=now)


async def _wrong_roster(stage: Stage, batch_id: UUID, now: datetime) -> None:
    """The first school's roster has two rows that cannot stand: nothing is registered, the correction sheet waits."""
    school = SCHOOLS[0]
    people = [replace(one, school=school, certificate=school.certificates[0]) for one in stage.spares[20:24]]
    number = people[0].person.id_number
    altered = number[:-1] + ("1" if number.endswith("0") else "0")
    wrong = [
        replace(people[0], person=replace(people[0].person, id_number=altered)),
        replace(people[1], person=replace(people[1].person, name=f"{people[1].person.name}?")),
        *people[2:],
    ]
    actor, institution_id = stage.cast[f"school:{school.code}"], stage.schools[school.code]
    async with stage.change() as session:
        result = await actions.import_roster(
            session, actor, stage.services.vault, batch_id=batch_id, institution_id=institution_id,
            filename="第一批报名表.xlsx", data=roster(wrong), now=now,
        )  # fmt: skip
        await actions.keep_check(
            session,
            actor,
            stage.services.vault,
            batch_id=batch_id,
            institution_id=institution_id,
            result=result,
            now=now,
        )


def _school(code: str) -> School:
    return next(school for school in SCHOOLS if school.code == code)


def _school_word(word: str) -> School:
    return next(school for school in SCHOOLS if school.name_zh.startswith(word))


async def apply_for_a_branch(stage: Stage, valid: tuple[date, date], now: datetime) -> None:
    """A school that hosts nothing applies as a branch site; the province has the next word."""
    school = next(one for one in SCHOOLS if one.code not in stage.sites and "ELD" in one.certificates)
    await open_site(stage, school, ["ELD"], {}, now)
    site_id = stage.sites.pop(school.code)
    host = stage.cast[f"school:{school.code}"]
    async with stage.change() as session:
        approval_id = await sites.apply(
            session, host, site_id=site_id, certificate_id=stage.certificates["ELD"], levels=(Level.ELEMENTARY,),
            valid_from=valid[0], valid_to=valid[1], standing=Standing.BRANCH,
            standing_reason="主站点实训床位不足，高峰批次需要分流。", now=now,
        )  # fmt: skip
        for hours, (status, party) in enumerate(_BRANCH_STEPS, start=1):
            actor = host if party == "host" else stage.cast[party]
            await sites.move(session, actor, approval_id=approval_id, to=status, now=now + timedelta(hours=hours))


_BRANCH_STEPS = (
    (ApprovalStatus.SUBMITTED, "host"), (ApprovalStatus.DESK_REVIEW, "officer"), (ApprovalStatus.ON_SITE_CHECK, "officer"),
    (ApprovalStatus.ORG_AGREED, "officer"), (ApprovalStatus.CONSULTED, "officer"),
)  # fmt: skip
