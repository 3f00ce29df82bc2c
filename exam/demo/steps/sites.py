"""Step b: conditions are published, schools apply with their rooms, organisation and province agree, both file.

The designated site of a certificate in a unit is the largest school there that pilots it. Rooms are sized by the
number of candidates, as a school that hosts many would open many.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from exam.catalogue.rules import Form, Level
from exam.demo import province
from exam.demo.certificates import CERTIFICATES, certificate_of
from exam.demo.province import School
from exam.demo.stage import Stage
from scheduling.sites import actions as sites
from scheduling.sites.rules import ApprovalStatus

_CONDITIONS = {
    Form.COMPUTER: "机考考场每机独立隔位，备用机不少于一成；考场全程录像，网络与外网隔离。",
    Form.PAPER: "笔试考场单人单桌，每场不超过三十人；试卷双人双锁保管。",
    Form.PRACTICAL_GENERAL: "一般实操工位编号清楚，工具设备齐全并经检查，每十名考生至少两名考评员。",
    Form.PRACTICAL_SPECIAL: "特殊实操工位有安全防护和急停措施，危险作业设监护人。",
}
_LEAST_SEATS = {Form.COMPUTER: 20, Form.PAPER: 20, Form.PRACTICAL_GENERAL: 6, Form.PRACTICAL_SPECIAL: 4}

_BETWEEN_MINUTES = 30  # clear, count, seal, post the next list
_ROOM_MINUTES = 420  # what one room gives in a weekend, waiting for other components left out

_S = ApprovalStatus
_STEPS = (
    (_S.SUBMITTED, "host"), (_S.DESK_REVIEW, "officer"), (_S.ON_SITE_CHECK, "officer"), (_S.ORG_AGREED, "officer"),
    (_S.CONSULTED, "officer"), (_S.AGREED, "province"), (_S.FILED_PROVINCE, "province"),
    (_S.FILED_PLATFORM, "province"), (_S.ACTIVE, "province"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class RoomKind:
    """How rooms of one form are built."""

    form: Form
    name_zh: str
    name_en: str
    seats: int
    spares: int
    columns: int


_KINDS = {
    Form.COMPUTER: RoomKind(form=Form.COMPUTER, name_zh="机房", name_en="Computer room", seats=50, spares=5, columns=10),
    Form.PAPER: RoomKind(form=Form.PAPER, name_zh="笔试考场", name_en="Paper room", seats=30, spares=0, columns=5),
    Form.PRACTICAL_GENERAL: RoomKind(form=Form.PRACTICAL_GENERAL, name_zh="实训室", name_en="Workshop", seats=11, spares=1,
                                     columns=5),
    Form.PRACTICAL_SPECIAL: RoomKind(form=Form.PRACTICAL_SPECIAL, name_zh="专项实训工场", name_en="Special workshop", seats=9,
                                     spares=1, columns=4),
}  # fmt: skip


def hosts() -> dict[tuple[str, str], School]:
    """The school that hosts each certificate in each unit where it is piloted."""
    found: dict[tuple[str, str], School] = {}
    for school in province.SCHOOLS:
        for code in school.certificates:
            present = found.get((school.unit_code, code))
            if present is None or school.weight > present.weight:
                found[school.unit_code, code] = school
    return found


def demand(stage: Stage) -> Counter[tuple[str, str, Form]]:
    """Minutes of room time by unit, certificate and form: each level of a certificate fills rooms of its own."""
    people = Counter((one.school.unit_code, one.certificate, one.level) for one in stage.candidates)
    minutes: Counter[tuple[str, str, Form]] = Counter()
    for (unit_code, code, level), count in people.items():
        for part in stage.schemes[code, level].components:
            kind = _KINDS[part.form]
            sessions = math.ceil(count / (kind.seats - kind.spares))
            minutes[unit_code, code, part.form] += sessions * (part.duration_minutes + _BETWEEN_MINUTES)
    return minutes


async def approve_sites(stage: Stage, valid: tuple[date, date], now: datetime) -> int:
    """Publish the conditions and carry every application from draft to active; returns how many approvals."""
    officer = stage.cast["officer"]
    async with stage.change() as session:
        for certificate in CERTIFICATES:
            forms = [Form(form) for form in dict.fromkeys(certificate.forms)]
            await sites.publish_conditions(
                session,
                officer,
                certificate_id=stage.certificates[certificate.code],
                body="\n".join(_CONDITIONS[form] for form in forms),
                minimum={form: _LEAST_SEATS[form] for form in forms},
                now=now,
            )
    wanted = demand(stage)
    hosted = hosts()
    for school in province.SCHOOLS:
        codes = [code for (_, code), host in hosted.items() if host == school]
        if codes:
            await open_site(stage, school, codes, wanted, now)
            for code in codes:
                await _carry(stage, school, code, valid, now)
    return len(hosted)


async def open_site(
    stage: Stage, school: School, codes: list[str], wanted: Mapping[tuple[str, str, Form], int], now: datetime
) -> None:
    actor = stage.cast[f"school:{school.code}"]
    unit = province.unit_of(school.unit_code)
    word = school.name_zh.split("职业")[0].split("中等")[0].split("应用")[0]
    async with stage.change() as session:
        site_id = await sites.open_site(
            session,
            actor,
            institution_id=stage.schools[school.code],
            name_zh=f"{word}考点（演示）",
            name_en=f"{school.name_en.split()[0]} Site (Demo)",
            address_zh=f"{unit.name_zh}演示大道{int(school.code[-2:]) * 8}号",
            address_en=f"{int(school.code[-2:]) * 8} Demo Avenue, {unit.name_en}",
            route_zh="公交“演示大道”站下车，由南门进入，凭准考证到实训楼一层候考区报到。",
            route_en="Bus stop Demo Avenue, south gate; report with your ticket on the ground floor of the training building.",
            now=now,
        )
        stage.sites[school.code] = site_id
        for number, (kind, certificate_codes) in enumerate(_rooms(school, codes, wanted), start=1):
            floor = 1 + number // 4
            await sites.add_room(
                session,
                actor,
                site_id=site_id,
                code=f"{floor}{number:02d}",
                name_zh=f"{kind.name_zh}{floor}{number:02d}",
                name_en=f"{kind.name_en} {floor}{number:02d}",
                form=kind.form,
                seats=kind.seats,
                spares=kind.spares,
                columns=kind.columns,
                floor=floor,
                cameras=True,
                certificate_ids=[stage.certificates[code] for code in certificate_codes],
                now=now,
            )


def _rooms(
    school: School, codes: list[str], wanted: Mapping[tuple[str, str, Form], int]
) -> list[tuple[RoomKind, tuple[str, ...]]]:
    """The rooms a host opens: paper and computer rooms serve all certificates, workshops one each."""
    found: list[tuple[RoomKind, tuple[str, ...]]] = []
    for form, kind in _KINDS.items():
        able = [code for code in codes if form.value in certificate_of(code).forms]
        groups = [(code,) for code in able] if form.practical else [tuple(able)] if able else []
        for group in groups:
            minutes = sum(wanted.get((school.unit_code, code, form), 0) for code in group)
            count = max(1, math.ceil(minutes / _ROOM_MINUTES))
            found += [(kind, group if form.practical else ())] * count
    return found


async def _carry(stage: Stage, school: School, code: str, valid: tuple[date, date], now: datetime) -> None:
    """One application through every step of domain 3.2, each by its own party."""
    host = stage.cast[f"school:{school.code}"]
    async with stage.change() as session:
        approval_id = await sites.apply(
            session,
            host,
            site_id=stage.sites[school.code],
            certificate_id=stage.certificates[code],
            levels=tuple(Level),
            valid_from=valid[0],
            valid_to=valid[1],
            now=now,
        )
        for status, party in _STEPS:
            actor = host if party == "host" else stage.cast[party]
            await sites.move(session, actor, approval_id=approval_id, to=status, now=now)
