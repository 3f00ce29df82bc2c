"""The workbook for the platform: its columns as data, and what each cell says (domain section 8).

No public copy of the platform's own sheet was found, so the columns are a versioned table: another order or wording is a
change of :data:`SHEETS` and of :data:`COLUMNS_VERSION`, not of code. Words are Chinese, as the platform's are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from exam.catalogue.rules import FORM_LABELS
from exam.registration.rules import CHANNEL_LABELS, GENDER_LABELS, ID_TYPE_LABELS, Batch, Institution
from exam.sittings.rules import Duty
from scheduling.timetable.rules.hours import CHINA
from scheduling.timetable.rules.prints import RoomPack, SeatLine

COLUMNS_VERSION = 1


@dataclass(frozen=True)
class Column:
    """One column: its head, which of the row's values stands in it, its width in characters."""

    head: str
    key: str
    width: int


@dataclass(frozen=True, kw_only=True)
class PlatformBatch:
    """A batch's published sessions with their candidates."""

    batch: Batch
    packs: tuple[RoomPack, ...]
    id_numbers: Mapping[UUID, str]  # of persons
    schools: Mapping[UUID, Institution]


SESSIONS = (
    Column("序号", "serial", 6),
    Column("考核批次", "batch_code", 14),
    Column("场次编号", "session_code", 26),
    Column("考核站点编码", "site_code", 14),
    Column("考核站点", "site", 28),
    Column("地区代码", "prefecture_code", 10),
    Column("考场", "room", 16),
    Column("证书代码", "certificate_code", 10),
    Column("证书名称", "certificate", 24),
    Column("等级", "level", 8),
    Column("科目代码", "component_code", 10),
    Column("科目", "component", 14),
    Column("考核形式", "form", 10),
    Column("日期", "date", 12),
    Column("开始时间", "starts", 10),
    Column("结束时间", "ends", 10),
    Column("座位数", "seats", 8),
    Column("应考人数", "expected", 10),
    Column("主考", "heads", 14),
    Column("监考员", "invigilators", 22),
    Column("考评组长", "leads", 14),
    Column("考评员", "assessors", 22),
)
CANDIDATES = (
    Column("序号", "serial", 6),
    Column("考核批次", "batch_code", 14),
    Column("准考证号", "ticket_no", 20),
    Column("姓名", "name", 12),
    Column("性别", "gender", 6),
    Column("证件类型", "id_type", 14),
    Column("证件号码", "id_number", 22),
    Column("院校代码", "institution_code", 14),
    Column("院校", "institution", 26),
    Column("专业代码", "major_code", 10),
    Column("专业", "major", 18),
    Column("班级", "class_name", 14),
    Column("考生类别", "channel", 10),
    Column("证书代码", "certificate_code", 10),
    Column("证书名称", "certificate", 24),
    Column("等级", "level", 8),
    Column("考核站点编码", "site_code", 14),
    Column("考核站点", "site", 28),
    Column("科目代码", "component_code", 10),
    Column("科目", "component", 14),
    Column("考核形式", "form", 10),
    Column("场次编号", "session_code", 26),
    Column("考场", "room", 16),
    Column("座位号", "seat_no", 8),
    Column("日期", "date", 12),
    Column("开始时间", "starts", 10),
    Column("结束时间", "ends", 10),
    Column("试卷版本", "paper_version", 8),
)


def session_rows(found: PlatformBatch) -> Iterator[dict[str, str]]:
    """A row per room session, by site, time and room."""
    for serial, pack in enumerate(found.packs, start=1):
        yield {
            **_shared(pack),
            **_times(pack.room.starts_at, pack.room.ends_at),
            "serial": str(serial),
            "prefecture_code": pack.site.prefecture_code,
            "seats": str(pack.room.seats_count),
            "expected": str(len(pack.seats)),
            "heads": _names(pack, Duty.SITE_HEAD),
            "invigilators": _names(pack, Duty.INVIGILATOR),
            "leads": _names(pack, Duty.LEAD_ASSESSOR),
            "assessors": _names(pack, Duty.ASSESSOR),
        }


def candidate_rows(found: PlatformBatch) -> Iterator[dict[str, str]]:
    """A row per candidate and component, by ticket number and time."""
    sat = sorted(
        ((line, pack) for pack in found.packs for line in pack.seats),
        key=lambda one: (one[0].ticket_no, one[0].starts_at, one[1].component.seq),
    )
    for serial, (line, pack) in enumerate(sat, start=1):
        yield {**_candidate(found, line), **_shared(pack), **_times(line.starts_at, line.ends_at), "serial": str(serial),
               "seat_no": f"{line.seat_no:02d}", "paper_version": pack.paper_version}  # fmt: skip


def _candidate(found: PlatformBatch, line: SeatLine) -> dict[str, str]:
    person = line.registration
    school = found.schools.get(person.institution_id) if person.institution_id else None
    return {
        "ticket_no": line.ticket_no,
        "name": person.name,
        "gender": GENDER_LABELS[person.gender],
        "id_type": ID_TYPE_LABELS[person.id_type],
        "id_number": found.id_numbers[person.person_id],
        "institution_code": school.code if school else "",
        "institution": person.institution_name_zh,
        "major_code": person.major_code,
        "major": person.major,
        "class_name": person.class_name,
        "channel": CHANNEL_LABELS[person.channel],
    }


def _shared(pack: RoomPack) -> dict[str, str]:
    return {
        "batch_code": pack.batch.code,
        "session_code": session_code(pack),
        "site_code": pack.site.code,
        "site": pack.site.name_zh,
        "room": pack.room.room_name,
        "certificate_code": pack.scheme.certificate_code,
        "certificate": pack.scheme.certificate_name_zh,
        "level": pack.scheme.level.zh,
        "component_code": pack.component.code,
        "component": pack.component.name_zh,
        "form": FORM_LABELS[pack.component.form],
    }


def session_code(pack: RoomPack) -> str:
    """Site, room, day and start; and the first station where a workshop holds two sessions at a time."""
    code = f"{pack.site.code}-{pack.place.code if pack.place else pack.room.room_name}-"
    code += f"{pack.room.starts_at.astimezone(CHINA):%m%d%H%M}"
    return code if pack.room.first_seat == 1 else f"{code}-{pack.room.first_seat:02d}"


def _times(starts_at: datetime, ends_at: datetime) -> dict[str, str]:
    first, last = starts_at.astimezone(CHINA), ends_at.astimezone(CHINA)
    return {"date": f"{first:%Y-%m-%d}", "starts": f"{first:%H:%M}", "ends": f"{last:%H:%M}"}


def _names(pack: RoomPack, duty: Duty) -> str:
    return "、".join(sorted(one.name for one in pack.team if one.duty is duty))
