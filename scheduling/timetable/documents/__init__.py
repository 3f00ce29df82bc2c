"""Printed documents of a batch (domain section 7, documents 1-6, duty letter, work schedule, station rota): records in, PDF out.

One table, :data:`SHEETS`, says of every kind which template draws it and what it is called; :func:`draw` prints any of
them. Many sheets are drawn in one call: the cost of a drawing is mostly its start. Every sheet carries the common head
and foot with a document number and its QR code. Words are Chinese first; ``Press.locale`` prints the English ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from exam.kernel.errors import N_, NotFound
from exam.kernel.files import FileStore
from exam.kernel.i18n import Locale
from exam.kernel.pdf import render_pdfs
from exam.kernel.settings import Settings
from exam.registration.rules import Registration
from scheduling.timetable.documents.books import bind
from scheduling.timetable.documents.corrections import correction_list, correction_pack
from scheduling.timetable.documents.drawing import SHEETS_AT_ONCE, CharacterMissing, Part, check_names, parts
from scheduling.timetable.documents.paper import Photos, Press, Sheet
from scheduling.timetable.documents.platform import PLATFORM_SHEETS, platform_book
from scheduling.timetable.documents.rooms import room_sheet, seat_plan
from scheduling.timetable.documents.staff import handover, letter_sheet, schedule
from scheduling.timetable.documents.stations import rota_sheet
from scheduling.timetable.documents.tickets import ticket
from scheduling.timetable.queries import Material
from scheduling.timetable.rules.platform import PlatformBatch
from scheduling.timetable.rules.prints import Book, Correction, Print, RoomPack, Rota, SiteDay

__all__ = [
    "CONTENTS",
    "CORRECTION",
    "PACK",
    "SHEETS",
    "SHEETS_AT_ONCE",
    "CharacterMissing",
    "NothingToPrint",
    "Output",
    "Photos",
    "Press",
    "Sheet",
    "draw",
    "press_of",
]

Drawn = Callable[[int, int], None]  # told how many sheets are drawn of how many


class NothingToPrint(NotFound):
    message = N_("没有可以打印的内容。")
    way_out = N_("安排发布后才能打印；请检查所选的院校、考点或场次。")


@dataclass(frozen=True, kw_only=True)
class Output:
    """A finished print."""

    data: bytes
    name: str
    sheets: int


def press_of(settings: Settings, files: FileStore, printed_by: str, now: datetime, locale: Locale = "zh") -> Press:
    """The press of an installation."""

    def photo(sha256: str) -> bytes | None:
        return files.get(sha256) if files.exists(sha256) else None

    return Press(
        photos=photo, base_url=settings.base_url, printed_by=printed_by, now=now, locale=locale, home=settings.home
    )


async def draw(what: Print, material: Material, press: Press, progress: Drawn = lambda done, total: None) -> Output:
    """Print any kind; of several kinds all sheets of the first, then of the next. Refuses what cannot be drawn whole."""
    if not material:
        raise NothingToPrint
    if what in (Print.ROOM_BOOK, Print.SITE_BOOK):
        return await _bind(what, material, press, progress)
    if what is Print.PLATFORM:
        return await _workbook(what, material, progress)
    if what is Print.CORRECTION:
        return await _correct(what, material, press, progress)
    kinds = [SHEETS[one] for one in PACK] if what is Print.PACK else [SHEETS[what]]
    pieces = await asyncio.to_thread(_written, kinds, material, press)
    total, done = sum(part.sheets for part in pieces), 0

    def drawn(index: int) -> None:
        nonlocal done
        done += pieces[index].sheets
        progress(done, total)

    progress(0, total)
    data = await render_pdfs(
        [part.html for part in pieces], assets=[part.photos for part in pieces], home=press.home, drawn=drawn
    )
    return Output(data=data, name=_file_name(what, material), sheets=total)


def _written(kinds: Sequence[Sheet], material: Material, press: Press) -> list[Part]:
    check_names({name for kind in kinds for record in material for name in kind.names(record)}, press.home)
    return [part for kind in kinds for part in parts(kind, material, press)]


async def _bind(what: Print, material: Material, press: Press, progress: Drawn) -> Output:
    books = [one for one in material if isinstance(one, Book)]
    data, sheets = await bind(books, SHEETS, CONTENTS, press, progress)
    return Output(data=data, name=_file_name(what, material), sheets=sheets)


async def _correct(what: Print, material: Material, press: Press, progress: Drawn) -> Output:
    (found,) = (one for one in material if isinstance(one, Correction))
    if not (found.tickets or found.rooms or found.books or found.relieved):
        raise NothingToPrint
    data, sheets = await correction_pack(found, SHEETS, CONTENTS, CORRECTION, press, progress)
    place = f"-{found.site.code}" if found.site else ""
    return Output(data=data, name=f"{_FILE_NAMES[what]}-{found.batch.code}{place}-v{found.version}.pdf", sheets=sheets)


async def _workbook(what: Print, material: Material, progress: Drawn) -> Output:
    progress(0, 1)
    (found,) = (one for one in material if isinstance(one, PlatformBatch))
    data, _ = await asyncio.to_thread(platform_book, found)
    progress(1, 1)
    return Output(data=data, name=f"{_FILE_NAMES[what]}-{found.batch.code}.xlsx", sheets=PLATFORM_SHEETS)


def _file_name(what: Print, material: Material) -> str:
    """The kind, the batch, and the site where it is one site's, else how many there are."""
    places = {record.site.code for record in material if isinstance(record, RoomPack | SiteDay | Rota | Book)}
    last = places.pop() if len(places) == 1 else str(len(material))
    (one, *others) = material
    if isinstance(one, Book) and one.room and not others:
        last += f"-{one.room.room_name}"
    return f"{_FILE_NAMES[what]}-{one.batch.code}-{last}.pdf"


_FILE_NAMES: Mapping[Print, str] = {
    Print.TICKETS: "准考证",
    Print.PACK: "考场资料",
    Print.DOOR: "门贴",
    Print.SEATS: "座位表",
    Print.SIGN_IN: "签到表",
    Print.RECORD: "考场情况记录单",
    Print.HANDOVER: "交接单",
    Print.SCHEDULE: "考务工作安排表",
    Print.LETTERS: "派遣单",
    Print.ROTA: "工位轮次表",
    Print.ROOM_BOOK: "考场资料包",
    Print.SITE_BOOK: "考点资料包",
    Print.PLATFORM: "平台上报表",
    Print.CORRECTION: "更正资料",
}


def _sitting(pack: RoomPack) -> list[Registration]:
    return [line.registration for line in pack.seats]


def _pack_names(pack: RoomPack) -> list[str]:
    return [*(person.name for person in _sitting(pack)), *_team_names(pack)]


def _team_names(pack: RoomPack) -> list[str]:
    return [duty.name for duty in pack.team]


def _day_names(day: SiteDay) -> list[str]:
    return [name for pack in day.packs for name in _team_names(pack)]


def _by_site(days: Sequence[SiteDay]) -> list[list[SiteDay]]:
    return [list(own) for _, own in groupby(days, key=lambda day: day.site.id)]


SHEETS: Mapping[Print, Sheet] = {
    Print.TICKETS: Sheet(
        document="admission_ticket",
        title=N_("准考证"),
        title_en="Admission Ticket",
        code="ZK",
        fill=ticket,
        photos=True,
        people=lambda card: (card.registration,),
        names=lambda card: (card.registration.name,),
    ),
    Print.DOOR: Sheet(
        document="door_list", title=N_("考场考生信息表"), code="MT", fill=room_sheet, names=_pack_names
    ),
    Print.SEATS: Sheet(
        document="seat_plan", title=N_("考场座位表"), code="ZW", fill=seat_plan,
        photos=True, people=_sitting, names=_pack_names,
    ),
    Print.SIGN_IN: Sheet(
        document="sign_in_sheet", title=N_("考生签到表"), code="QD", fill=room_sheet,
        photos=True, people=_sitting, names=_pack_names,
    ),
    Print.RECORD: Sheet(
        document="room_record", title=N_("考场情况记录单"), code="JL", fill=room_sheet, names=_team_names
    ),
    Print.HANDOVER: Sheet(
        document="handover_sheet", title=N_("试卷与数据交接单"), title_en="Hand-over Sheet", code="JJ", fill=handover, names=_day_names
    ),
    Print.SCHEDULE: Sheet(
        document="work_schedule", title=N_("考务工作安排表"), title_en="Work Schedule", code="AP", fill=schedule,
        group=_by_site, names=_day_names,
    ),
    Print.LETTERS: Sheet(
        document="duty_letter",
        title=N_("考务人员派遣单"),
        title_en="Duty Letter",
        code="PQ",
        fill=letter_sheet,
        names=lambda letter: (letter.name,),
    ),
    Print.ROTA: Sheet(
        document="station_rota", title=N_("工位轮次表"), title_en="Station Rota", code="LC", fill=rota_sheet,
        names=lambda rota: [name for pack in rota.packs for name in _pack_names(pack)],
    ),
}  # fmt: skip
CONTENTS = Sheet(
    document="contents_page", title=N_("目录"), title_en="Contents", code="ML",
    fill=lambda book, kind, press: {},  # a book's contents are known when its sheets are drawn: `books`
)  # fmt: skip
CORRECTION = Sheet(
    document="correction_list", title=N_("更正清单"), title_en="Corrections", code="GZ", fill=correction_list,
    names=lambda found: [*found.letters, *found.relieved],
)  # fmt: skip
PACK = (Print.DOOR, Print.SEATS, Print.SIGN_IN, Print.RECORD)
"""The four sheets of a room session, printed together."""
