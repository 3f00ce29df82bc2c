"""Printed documents of a batch (domain section 7, documents 1-5 and the duty letter): records in, PDF bytes out.

Many sheets are drawn in one call: the cost of a drawing is mostly its start. Every sheet carries the common head
and foot with a document number and its QR code. Words are Chinese first; ``locale`` prints the English ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from exam.catalogue.rules import FORM_LABELS, Scheme
from exam.kernel.db import chunks
from exam.kernel.errors import N_, Conflict, NotFound
from exam.kernel.filters import format_date, format_daterange, format_time
from exam.kernel.i18n import Locale, bilingual, translate, use_locale
from exam.kernel.pdf import missing_glyphs, render_pdfs
from exam.kernel.printing import PrintHead, render_print
from exam.registration.rules import CHANNEL_LABELS, GENDER_LABELS, ID_TYPE_LABELS, Registration
from exam.sittings.rules import DUTY_LABELS, Duty
from scheduling.timetable.rules.prints import DutyLetter, LetterLine, RoomPack, Ticket
from scheduling.timetable.rules.seats import position

SHEETS_AT_ONCE = 40

Photos = Callable[[str], bytes | None]  # SHA-256 of a photo -> its bytes


class NothingToPrint(NotFound):
    message = N_("没有可以打印的内容。")
    way_out = N_("安排发布后才能打印；请检查所选的院校、考点或场次。")


class CharacterMissing(Conflict):
    message = N_("%(names)s的姓名中有字体没有的字：%(characters)s。没有打印，以免印出空框。")
    way_out = N_("请管理员补充字体后再打印。")


async def tickets(
    cards: Sequence[Ticket],
    *,
    photos: Photos,
    base_url: str,
    printed_by: str,
    now: datetime,
    locale: Locale = "zh",
    home: Path | None = None,
) -> bytes:
    """准考证, one page a candidate, in the order given."""
    with use_locale(locale):
        sheets = [_ticket(card, base_url, printed_by, now) for card in cards]
    people = [card.registration for card in cards]
    _check_names((person.name for person in people), home)
    return await _draw("admission_ticket", sheets, _photos(people, photos), locale, home)


async def seat_plans(
    packs: Sequence[RoomPack],
    *,
    photos: Photos,
    printed_by: str,
    now: datetime,
    locale: Locale = "zh",
    home: Path | None = None,
) -> bytes:
    """考场座位表, one sheet a room session, seen from the platform."""
    _check_names((person.name for person in _people(packs)), home)
    with use_locale(locale):
        sheets = [{**_room(pack, N_("考场座位表"), "ZW", printed_by, now), **_plan(pack)} for pack in packs]
    return await _draw("seat_plan", sheets, _photos(_people(packs), photos), locale, home)


async def door_lists(
    packs: Sequence[RoomPack], *, printed_by: str, now: datetime, locale: Locale = "zh", home: Path | None = None
) -> bytes:
    """考场门贴: who sits where, to be put up at the door."""
    _check_names((person.name for person in _people(packs)), home)
    with use_locale(locale):
        sheets = [_room(pack, N_("考场考生信息表"), "MT", printed_by, now) for pack in packs]
    return await _draw("door_list", sheets, {}, locale, home)


async def sign_in_sheets(
    packs: Sequence[RoomPack],
    *,
    photos: Photos,
    printed_by: str,
    now: datetime,
    locale: Locale = "zh",
    home: Path | None = None,
) -> bytes:
    """签到表 with masked numbers and photos."""
    _check_names((person.name for person in _people(packs)), home)
    with use_locale(locale):
        sheets = [_room(pack, N_("考生签到表"), "QD", printed_by, now) for pack in packs]
    return await _draw("sign_in_sheet", sheets, _photos(_people(packs), photos), locale, home)


async def room_records(
    packs: Sequence[RoomPack], *, printed_by: str, now: datetime, locale: Locale = "zh", home: Path | None = None
) -> bytes:
    """考场情况记录单, filled in by hand."""
    with use_locale(locale):
        sheets = [_room(pack, N_("考场情况记录单"), "JL", printed_by, now) for pack in packs]
    return await _draw("room_record", sheets, {}, locale, home)


async def room_pack(
    packs: Sequence[RoomPack],
    *,
    photos: Photos,
    printed_by: str,
    now: datetime,
    locale: Locale = "zh",
    home: Path | None = None,
) -> bytes:
    """The four sheets in one PDF: all door lists, seat plans, sign-in sheets, room records; of one room, its pack."""
    kinds = (
        ("door_list", N_("考场考生信息表"), "MT"),
        ("seat_plan", N_("考场座位表"), "ZW"),
        ("sign_in_sheet", N_("考生签到表"), "QD"),
        ("room_record", N_("考场情况记录单"), "JL"),
    )
    if not packs:
        raise NothingToPrint
    _check_names((person.name for person in _people(packs)), home)
    parts: list[str] = []
    with use_locale(locale):
        for document, title, code in kinds:
            sheets = [{**_room(pack, title, code, printed_by, now), **_plan(pack)} for pack in packs]
            parts += [
                render_print(document, locale=locale, sheets=list(some)) for some in chunks(sheets, SHEETS_AT_ONCE)
            ]
    return await render_pdfs(parts, assets=_photos(_people(packs), photos), home=home)


async def duty_letters(
    letters: Sequence[DutyLetter],
    *,
    printed_by: str,
    now: datetime,
    locale: Locale = "zh",
    home: Path | None = None,
) -> bytes:
    """派遣单, one page a person, with the pledge to be signed."""
    _check_names((letter.name for letter in letters), home)
    with use_locale(locale):
        sheets = [_letter(letter, printed_by, now) for letter in letters]
    return await _draw("duty_letter", sheets, {}, locale, home)


async def _draw(
    document: str,
    sheets: Sequence[Mapping[str, Any]],
    assets: Mapping[str, bytes],
    locale: Locale,
    home: Path | None,
) -> bytes:
    if not sheets:
        raise NothingToPrint
    parts = [render_print(document, locale=locale, sheets=list(some)) for some in chunks(sheets, SHEETS_AT_ONCE)]
    return await render_pdfs(parts, assets=assets, home=home)


def _check_names(names: Iterable[str], home: Path | None) -> None:
    """A name is printed whole or not at all: a character without a glyph would come out as a box."""
    every = sorted(set(names))
    if lacking := missing_glyphs("".join(every), home=home):
        concerned = [name for name in every if lacking & set(name)]
        raise CharacterMissing(names="、".join(concerned), characters="、".join(sorted(lacking)))


def _people(packs: Iterable[RoomPack]) -> list[Registration]:
    return [line.registration for pack in packs for line in pack.seats]


def _photos(people: Iterable[Registration], photos: Photos) -> dict[str, bytes]:
    """The photos of a print by the name under which the templates ask for them; a missing file leaves its place empty."""
    wanted = {person.photo_sha256 for person in people if person.photo_sha256}
    found = {sha256: photos(sha256) for sha256 in wanted}
    return {f"photo-{sha256}": data for sha256, data in found.items() if data is not None}


def _head(
    title: str, code: str, subject: UUID | str, number: str, printed_by: str, now: datetime, **more: str
) -> PrintHead:
    english = "" if translate(title) != title else _ENGLISH.get(code, "")
    return PrintHead(
        title=translate(title),
        title_en=english,
        document_id=f"{code}:{subject}",
        number=f"{code}-{number}",
        printed_at=now,
        printed_by=printed_by,
        **more,
    )


_ENGLISH = {"ZK": "Admission Ticket", "PQ": "Duty Letter"}


def _certificate(scheme: Scheme) -> str:
    return f"{bilingual(scheme, 'certificate_name')} {translate(scheme.level.zh)}"


def _ticket(card: Ticket, base_url: str, printed_by: str, now: datetime) -> dict[str, Any]:
    person, scheme = card.registration, card.scheme
    place = card.site
    return {
        "head": _head(
            N_("准考证"),
            "ZK",
            card.ticket_no,
            card.ticket_no,
            printed_by,
            now,
            batch=f"{bilingual(card.batch)}（{card.batch.code}）",
            certificate=_certificate(scheme),
        ),
        "name": person.name,
        "gender": translate(GENDER_LABELS[person.gender]),
        "id_type": translate(ID_TYPE_LABELS[person.id_type]),
        "id_masked": person.id_masked,
        "ticket_no": card.ticket_no,
        "grouped_no": " ".join(card.ticket_no[start : start + 4] for start in range(0, len(card.ticket_no), 4)),
        "secret": card.secret,
        "institution": bilingual(person, "institution_name") or translate(CHANNEL_LABELS[person.channel]),
        "certificate": _certificate(scheme),
        "organisation": bilingual(scheme, "organisation_name"),
        "photo": person.photo_sha256 or "",
        "sign_in_address": f"{base_url}/sign-in?kind=candidate&ticket={card.ticket_no}",
        "site_name": f"{place.name_zh}（{place.code}）" if place else "",
        "site_address": bilingual(place, "address") if place else "",
        "route": bilingual(place, "route") if place else "",
        "parts": [
            {
                "component": bilingual(part.component),
                "form": translate(FORM_LABELS[part.component.form]),
                "date": format_date(part.starts_at),
                "time": f"{format_time(part.starts_at)}–{format_time(part.ends_at)}",
                "site": part.room.site_name,
                "room": part.room.room_name,
                "seat": f"{part.seat_no:02d}",
                "station": part.component.form.practical,
                "late": part.component.late_limit_minutes,
            }
            for part in card.parts
        ],
        "spared": "、".join(bilingual(component) for component in card.spared),
        "has_computer": any(part.component.form == "computer" for part in card.parts),
        "has_practical": any(part.component.form.practical for part in card.parts),
        "late_limits": "；".join(
            translate(N_("%(part)s开考 %(minutes)s 分钟后"), part=bilingual(part.component), minutes=limit)
            if (limit := part.component.late_limit_minutes)
            else translate(N_("%(part)s开考后"), part=bilingual(part.component))
            for part in card.parts
        ),
    }


def _room(pack: RoomPack, title: str, code: str, printed_by: str, now: datetime) -> dict[str, Any]:
    room = pack.room
    when = format_daterange(room.starts_at, room.ends_at)
    numbers = sorted(line.ticket_no for line in pack.seats)
    lead = [duty.name for duty in pack.team if duty.duty in (Duty.LEAD_ASSESSOR, Duty.ASSESSOR)]
    return {
        "head": _head(
            title,
            code,
            room.id,
            f"{room.site_code}-{room.room_name}-{room.starts_at:%m%d%H%M}",
            printed_by,
            now,
            batch=pack.batch.code,
            certificate=_certificate(pack.scheme),
            site=f"{room.site_name}（{room.site_code}）",
            room=room.room_name,
            session=f"{bilingual(pack.component)} {when}",
        ),
        "site": room.site_name,
        "room": room.room_name,
        "component": bilingual(pack.component),
        "form": translate(FORM_LABELS[pack.component.form]),
        "practical": pack.component.form.practical,
        "computer": pack.component.form == "computer",
        "certificate": _certificate(pack.scheme),
        "when": when,
        "late_limit": pack.component.late_limit_minutes,
        "expected": len(pack.seats),
        "spares": max(0, room.seats_count - len(pack.seats)),
        "first_ticket": numbers[0] if numbers else "",
        "last_ticket": numbers[-1] if numbers else "",
        "lines": [
            {
                "seat": f"{line.seat_no:02d}",
                "name": line.registration.name,
                "ticket_no": line.ticket_no,
                "id_masked": line.registration.id_masked,
                "institution": bilingual(line.registration, "institution_name")
                or translate(CHANNEL_LABELS[line.registration.channel]),
                "photo": line.registration.photo_sha256 or "",
            }
            for line in pack.seats
        ],
        "invigilators": [duty.name for duty in pack.team if duty.duty is Duty.INVIGILATOR],
        "assessors": lead,
        "heads": sorted({duty.name for duty in pack.team if duty.duty is Duty.SITE_HEAD}),
    }


def _plan(pack: RoomPack) -> dict[str, Any]:
    """The grid of the room seen from the platform: rows from the back to the front, columns from left to right."""
    columns = pack.place.columns if pack.place else 5
    seats = max(pack.place.usable if pack.place else 0, max((line.seat_no for line in pack.seats), default=0), 1)
    rows = max(1, math.ceil(seats / columns))
    grid: list[list[dict[str, Any] | None]] = [[None] * columns for _ in range(rows)]
    taken = {line.seat_no: line for line in pack.seats}
    for number in range(1, seats + 1):
        column, row = position(number, seats, columns)
        line = taken.get(number)
        grid[rows - 1 - row][columns - 1 - column] = {
            "seat": f"{number:02d}",
            "name": line.registration.name if line else "",
            "ticket_no": line.ticket_no if line else "",
            "photo": (line.registration.photo_sha256 or "") if line else "",
        }
    return {"grid": grid, "columns": columns, "seats": seats}


def _letter(letter: DutyLetter, printed_by: str, now: datetime) -> dict[str, Any]:
    return {
        "head": _head(
            N_("考务人员派遣单"),
            "PQ",
            letter.account_id,
            f"{letter.batch.code}-{str(letter.account_id)[-6:]}",
            printed_by,
            now,
            batch=f"{bilingual(letter.batch)}（{letter.batch.code}）",
        ),
        "name": letter.name,
        "institution": bilingual(letter.institution) if letter.institution else "",
        "batch": bilingual(letter.batch),
        "hours": f"{letter.minutes / 60:.1f}",
        "days": len({line.starts_at.date() for line in letter.lines}),
        "assesses": any(line.duty in (Duty.ASSESSOR, Duty.LEAD_ASSESSOR) for line in letter.lines),
        "lines": [_letter_line(line) for line in letter.lines],
    }


def _letter_line(line: LetterLine) -> dict[str, Any]:
    certificate = _certificate(line.scheme) if line.scheme else ""
    return {
        "date": format_date(line.starts_at),
        "time": f"{format_time(line.starts_at)}–{format_time(line.ends_at)}",
        "duty": translate(DUTY_LABELS[line.duty]),
        "site": f"{line.room.site_name}（{line.room.site_code}）",
        "address": line.room.site_address,
        "room": line.room.room_name if line.component else translate(N_("全部 %(n)s 个考场"), n=line.rooms_count),
        "work": f"{certificate} {bilingual(line.component)}" if line.component else "",
    }
