"""A roster as a whole: every row is looked at and every problem collected; nothing is repaired in silence.

Rows are checked one by one (`exam.registration.rules.rows`), then against each other, the quota and the register: one
document is one person, one live registration per person, certificate, level and batch (3.4), pilot students within the
year's head-count (B15, X03).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from exam.catalogue.rules.records import Level
from exam.kernel.errors import Problem
from exam.registration.rules.identity import Gender, IdType, masked
from exam.registration.rules.problems import problem
from exam.registration.rules.records import Channel
from exam.registration.rules.rows import Entry, RosterContext, RowCheck, check_row
from exam.registration.rules.sheet import Layout, Sheet, SheetRow, cell_name
from exam.registration.rules.template import RosterTemplate


@dataclass(frozen=True, kw_only=True)
class KnownPerson:
    """Someone already registered with the same document, and what for in this batch."""

    name: str
    gender: Gender
    live: Mapping[tuple[UUID, Level], str] = field(hash=False)  # certificate and level -> status word


# ---------------------------------------------------------------- the file's rows


def check_roster(
    sheet: Sheet, layout: Layout, template: RosterTemplate, context: RosterContext
) -> tuple[tuple[Entry, ...], tuple[Problem, ...]]:
    """Check every row by itself and against the other rows; returns who and what could be told, and all problems.

    Entries are to be registered only when there is no problem at all; until then they serve the checks between rows.
    """
    entries: list[Entry] = []
    problems = list(_grid_problems(sheet, layout, template))
    serials: dict[str, int] = {}
    for row in _body(sheet, layout):
        if row.empty:
            problems.append(problem("row_empty", row=row.number))
            continue
        check = RowCheck(row, layout, template)
        entry = check_row(check, context)
        _check_serial(check, serials)
        problems += check.problems
        if entry is not None:
            entries.append(entry)
    problems += _between_rows(entries, template)
    problems += _over_quota(entries, template, context)
    return tuple(entries), tuple(problems)


def _body(sheet: Sheet, layout: Layout) -> list[SheetRow]:
    """The rows under the head, without the empty ones at the very end."""
    rows = [row for row in sheet.rows if row.number > layout.head_row]
    while rows and rows[-1].empty:
        rows.pop()
    return rows


def _grid_problems(sheet: Sheet, layout: Layout, template: RosterTemplate) -> Iterator[Problem]:
    """Merged cells, hidden rows that hold someone, hidden columns."""
    for top, left, bottom, right in sheet.merged:
        if bottom > layout.head_row:
            cells = f"{cell_name(top, left)}:{cell_name(bottom, right)}"
            yield problem("cell_merged", row=max(top, layout.head_row + 1), cells=cells)
    for row in _body(sheet, layout):
        if row.number in sheet.hidden_rows and not row.empty:
            yield problem("row_hidden", row=row.number)
    for column in template.columns:
        if layout.positions.get(column.key) in sheet.hidden_columns:
            yield problem("column_hidden", row=layout.head_row, column=column.head)


def _check_serial(check: RowCheck, serials: dict[str, int]) -> None:
    serial = check.text("serial")
    if not serial:
        return
    first = serials.setdefault(serial, check.row.number)
    if first != check.row.number:
        check.add("serial_double", "serial", value=serial, first=first)


# ---------------------------------------------------------------- rows against rows, rows against the register


def _between_rows(entries: list[Entry], template: RosterTemplate) -> Iterator[Problem]:
    """The same registration twice, and one document under two names or genders."""
    head = template.column("id_number").head
    first_taken: dict[tuple[object, ...], int] = {}
    first_person: dict[tuple[IdType, str], Entry] = {}
    for entry in entries:
        person = first_person.setdefault(entry.person_key, entry)
        differs = _differs(entry, person.name, person.gender)
        if differs:
            yield problem("person_conflict_in_file", row=entry.row, column=head, first=person.row, what=differs)
        taken = (*entry.person_key, entry.offer.scheme_id)
        first = first_taken.setdefault(taken, entry.row)
        if first != entry.row and not differs:
            yield problem("double_in_file", row=entry.row, column=head, first=first)


def _over_quota(entries: list[Entry], template: RosterTemplate, context: RosterContext) -> Iterator[Problem]:
    """B15, X03: pilot students of a certificate within the year's head-count; members of society do not count."""
    head = template.column("certificate").head
    counted: dict[UUID, int] = {}
    for entry in entries:
        room = context.pilots.get(entry.offer.certificate_id)
        if room is None or entry.channel is not Channel.SCHOOL:
            continue
        used = room.used + counted.get(entry.offer.certificate_id, 0)
        counted[entry.offer.certificate_id] = used - room.used + 1
        if used >= room.quota:
            facts = {"certificate": entry.offer.certificate_name, "quota": room.quota, "used": room.used}
            yield problem("quota_exceeded", row=entry.row, column=head, over=used + 1 - room.quota, **facts)


def check_against_register(
    entries: tuple[Entry, ...], known: Mapping[tuple[IdType, str], KnownPerson], template: RosterTemplate
) -> tuple[Problem, ...]:
    """What only the register can tell: the document belongs to another name, or the registration exists already."""
    problems: list[Problem] = []
    head = template.column("id_number").head
    for entry in entries:
        person = known.get(entry.person_key)
        if person is None:
            continue
        differs = _differs(entry, person.name, person.gender)
        if differs:
            value = masked(entry.id_number)
            problems.append(problem("person_conflict", row=entry.row, column=head, value=value, what=differs))
        status = person.live.get((entry.offer.certificate_id, entry.offer.level))
        if status:
            facts = {"certificate": entry.offer.certificate_name, "level": entry.offer.level.zh, "status": status}
            problems.append(problem("double_registered", row=entry.row, column=head, **facts))
    return tuple(problems)


def _differs(entry: Entry, name: str, gender: Gender) -> str:
    if entry.name != name:
        return "姓名"
    return "性别" if entry.gender is not gender else ""


@dataclass(frozen=True, kw_only=True)
class RosterResult:
    """What an import did: how many it registered, or everything that is wrong and nothing registered."""

    roster_id: UUID | None  # None when nothing was registered
    filename: str
    sha256: str
    registered_count: int
    persons_count: int
    rows_count: int
    fee_total_yuan: Decimal
    problems: tuple[Problem, ...]
    sheet: Sheet | None
    layout: Layout | None
    checked_at: datetime

    @property
    def accepted(self) -> bool:
        """Whether everything was registered."""
        return self.roster_id is not None

    @property
    def rows_wrong(self) -> int:
        """How many rows have at least one problem."""
        return len({found.row for found in self.problems if found.row is not None})
