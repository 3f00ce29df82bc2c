"""A small province for tests of registration: one school, two certificates, one open batch; and rosters as real files.

ID numbers pass the check and stand in the unassigned area 429999, so they belong to nobody.
"""

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import xlsxwriter
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import SYSTEM, Actor, Grant, Role, Scope
from exam.catalogue import actions as catalogue_actions
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Level, Scheme
from exam.kernel.ids import new_id
from exam.registration import actions
from exam.registration.rules import (
    Batch,
    BatchStatus,
    Institution,
    InstitutionKind,
    Prefecture,
    Unit,
    UnitKind,
    check_character,
)
from exam.registration.rules.template import NEWEST, SHEET_NAME
from tests.exam.day import definition

NOW = datetime(2026, 5, 16, 1, 0, tzinfo=UTC)
OPENS = NOW - timedelta(days=10)
CLOSES = NOW + timedelta(days=10)
HEADS = [column.head for column in NEWEST.columns]
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"


def id_number(serial: int, *, birth: str = "20060501", male: bool = True, area: str = "429999") -> str:
    """A number that passes: the serial makes it unique, its parity is the gender."""
    order = (serial * 2 + 1 if male else serial * 2 + 2) % 1000
    first = f"{area}{birth}{order:03d}"
    return first + check_character(first)


def row(serial: int = 1, **changes: str) -> dict[str, str]:
    """A right row, with changes by column head."""
    values = {
        "序号": str(serial),
        "姓名": f"{SURNAMES[serial % len(SURNAMES)]}{chr(0x4E00 + 300 + serial % 900)}明",
        "性别": "男",
        "证件类型": "居民身份证",
        "证件号码": id_number(serial % 500, birth=f"{2004 + serial // 500:04d}0501"),
        "民族": "汉族",
        "手机": f"1640000{serial:04d}",
        "专业": "软件技术",
        "专业代码": "510203",
        "班级": "软件2401（1）班",
        "考生类别": "在校",
        "证书名称": "WEB 证书",
        "等级": "初级",
        "本人同意": "是",
        "缴费方式": "院校承担",
    }
    return values | changes


Twist = Callable[[Any, Any], None]


def workbook(
    rows: Sequence[dict[str, Any]],
    *,
    heads: Sequence[str] | None = None,
    sheet_name: str = SHEET_NAME,
    above: Sequence[str] = (),
    twist: Twist | None = None,
) -> bytes:
    """A real .xlsx of these rows; a number stays a number, an empty dict an empty row."""
    heads = HEADS if heads is None else heads
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False})
    sheet = book.add_worksheet(sheet_name)
    for line, text in enumerate(above):
        sheet.write_string(line, 0, text)
    top = len(above)
    for column, head in enumerate(heads):
        sheet.write_string(top, column, head)
    for line, values in enumerate(rows, start=top + 1):
        for column, head in enumerate(heads):
            value = values.get(head, "")
            if isinstance(value, str) and value:
                sheet.write_string(line, column, value)
            elif value != "":
                sheet.write(line, column, value)
    if twist is not None:
        twist(book, sheet)
    book.close()
    return out.getvalue()


def csv_text(rows: Sequence[dict[str, str]], delimiter: str = ",") -> str:
    """The same rows as delimited text."""
    lines = [delimiter.join(HEADS)]
    lines += [delimiter.join(values.get(head, "") for head in HEADS) for values in rows]
    return "\r\n".join(lines) + "\r\n"


def rezip(data: bytes, change: Callable[[str, bytes], bytes | None], more: dict[str, bytes] | None = None) -> bytes:
    """The same package with some parts changed, dropped (None) or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            changed = change(name, source.read(name))
            if changed is not None:
                target.writestr(name, changed)
        for name, body in (more or {}).items():
            target.writestr(name, body)
    return out.getvalue()


def on_sheet(data: bytes, old: str, new: str) -> bytes:
    """The workbook with a piece of the first sheet's XML replaced; fails when the piece is not there."""

    def change(name: str, body: bytes) -> bytes:
        if name != "xl/worksheets/sheet1.xml":
            return body
        assert old.encode() in body, old
        return body.replace(old.encode(), new.encode(), 1)

    return rezip(data, change)


@dataclass
class World:
    """What a test of registration stands on."""

    school: Institution
    other: Institution
    web: Scheme
    web_intermediate: Scheme
    batch: Batch
    secretary: Actor  # of the school
    stranger: Actor  # of the other school
    officer: Actor


WUHAN = Unit(
    code="420100", name_zh="武汉市", name_en="Wuhan", province_code="42", kind=UnitKind.CITY, parent_code=None,
    reports_to_province=False, gb2260_codes=("420100",), valid_from=date(2019, 1, 1), valid_to=None,
)  # fmt: skip
XIANTAO = Unit(
    code="429004", name_zh="仙桃市", name_en="Xiantao", province_code="42", kind=UnitKind.COUNTY_LEVEL, parent_code=None,
    reports_to_province=True, gb2260_codes=("429004",), valid_from=date(2019, 1, 1), valid_to=None,
)  # fmt: skip


def tile(unit: Unit, x: int, y: int) -> Prefecture:
    """The coverage unit that is the same place as a reporting unit."""
    return Prefecture(
        code=unit.code,
        name_zh=unit.name_zh,
        name_en=unit.name_en,
        kind=unit.kind,
        unit_code=unit.code,
        tile_x=x,
        tile_y=y,
    )


async def places(session: AsyncSession) -> tuple[Institution, Institution]:
    """Two units and two schools."""
    await actions.add_units(
        session, SYSTEM, units=[WUHAN, XIANTAO], prefectures=[tile(WUHAN, 4, 2), tile(XIANTAO, 3, 2)], now=NOW
    )
    school = await actions.add_institution(
        session, SYSTEM, code="4299900001", name_zh="云杉职业技术学院（演示）", name_en="Yunshan College (Demo)",
        kind=InstitutionKind.HIGHER, unit_code="420100", prefecture_code="420100", latitude=30.59, longitude=114.31, now=NOW,
    )  # fmt: skip
    other = await actions.add_institution(
        session, SYSTEM, code="4299900002", name_zh="沔水中等职业学校（演示）", name_en="Mianshui School (Demo)",
        kind=InstitutionKind.SECONDARY, unit_code="429004", prefecture_code="429004", now=NOW,
    )  # fmt: skip
    return school, other


async def schemes(session: AsyncSession) -> tuple[Scheme, Scheme, Scheme]:
    """WEB elementary and intermediate, LOG elementary; WEB has no third level, CAD has no scheme."""
    for code, levels in (("WEB", ["elementary", "intermediate"]), ("LOG", ["elementary"]), ("CAD", ["elementary"])):
        organisation = await catalogue_actions.add_organisation(
            session, SYSTEM, code=f"{code}1", name_zh=f"{code} 评价组织", name_en=f"{code} organisation", now=NOW
        )
        await catalogue_actions.add_certificate(
            session, SYSTEM, organisation_id=organisation, code=code, name_zh=f"{code} 证书", name_en=f"{code} certificate",
            batch_no=1, levels=[Level(level) for level in levels], now=NOW,
        )  # fmt: skip
    made = []
    for code, level in (("WEB", "elementary"), ("WEB", "intermediate"), ("LOG", "elementary")):
        draft = definition(code) | {"level": level}
        id = await catalogue_actions.publish_scheme(session, SYSTEM, definition=draft, now=NOW)
        made.append(await catalogue.scheme(session, id))
    return made[0], made[1], made[2]


async def open_batch(session: AsyncSession, offered: Sequence[Scheme], code: str = "B1", **changes: Any) -> Batch:
    """A batch that takes registrations."""
    given: dict[str, Any] = {
        "code": code,
        "name_zh": f"2026 年第一批次 {code}",
        "name_en": f"First batch of 2026 {code}",
        "province_code": "42",
        "scheme_ids": [scheme.id for scheme in offered],
        "registration_opens_at": OPENS,
        "registration_closes_at": CLOSES,
        "first_day": date(2026, 6, 20),
        "last_day": date(2026, 6, 21),
        "filing_no": "鄂考备〔2026〕1号",
        "now": NOW,
    }
    batch = await actions.create_batch(session, SYSTEM, **(given | changes))
    for to in (BatchStatus.ANNOUNCED, BatchStatus.REGISTRATION_OPEN):
        batch = await actions.move_batch(session, SYSTEM, batch_id=batch.id, to=to, now=NOW)
    return batch


def person(role: Role, kind: str = "all", id: UUID | str = "") -> Actor:
    """Somebody with one role in one scope."""
    return Actor(new_id(), role.value, (Grant(role, Scope(kind, str(id))),))


async def make_world(session: AsyncSession, *, quota: int = 5000, majors: Sequence[str] = ()) -> World:
    """Everything, by the folder's own actions; the batch offers WEB in two levels and no LOG."""
    school, other = await places(session)
    web, web_intermediate, _ = await schemes(session)
    for institution in (school, other):
        await actions.approve_pilot(
            session, SYSTEM, institution_id=institution.id, certificate_id=web.certificate_id, year=2026, quota=quota,
            majors=majors, now=NOW,
        )  # fmt: skip
    batch = await open_batch(session, [web, web_intermediate])
    return World(
        school=school,
        other=other,
        web=web,
        web_intermediate=web_intermediate,
        batch=batch,
        secretary=person(Role.INSTITUTION, "institution", school.id),
        stranger=person(Role.INSTITUTION, "institution", other.id),
        officer=person(Role.EXAM_OFFICER, "organisation", web.organisation_id),
    )
