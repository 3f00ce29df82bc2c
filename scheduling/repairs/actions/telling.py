"""What a repair changes, person by person, as its page shows it and as people are told. Names of people are not in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from exam.catalogue.rules import LEVEL_LABELS
from scheduling.repairs.actions.records import Answer, Question
from scheduling.repairs.rules.papers import Paper, fresh
from scheduling.timetable.rules.hours import CHINA


@dataclass(frozen=True, kw_only=True)
class _Spot:
    """A room session in words."""

    site_zh: str
    site_en: str
    room_zh: str
    room_en: str
    starts_at: datetime
    ends_at: datetime

    def place(self, seat_no: int | None = None) -> dict[str, Any]:
        found: dict[str, Any] = {
            "site": {"name_zh": self.site_zh, "name_en": self.site_en},
            "room": {"name_zh": self.room_zh, "name_en": self.room_en},
            "starts_at": self.starts_at.astimezone(CHINA).isoformat(),
            "ends_at": self.ends_at.astimezone(CHINA).isoformat(),
        }
        return found | {"seat_no": seat_no} if seat_no is not None else found


def outcome(question: Question, answer: Answer) -> dict[str, Any]:
    """Figures, candidates and staff of a repair."""
    spots = _spots(question, answer)
    people = _people(question, answer, spots)
    staff = _staff(question, answer, spots)
    had = {one.registration_id for one in question.case.standing.seats}
    changed = {one["registration_id"] for one in people}
    open_before = len(question.case.seated.open_positions)
    return {
        "figures": {
            "stay": len(had) - len([id for id in had if str(id) in changed]),
            "moved": sum(any(line["before"] and line["after"] for line in one["lines"]) for one in people),
            "placed": sum(all(not line["before"] for line in one["lines"]) and bool(one["lines"]) for one in people),
            "unplaced": sum(bool(one["reason"]) for one in people),
            "others_moved": answer.others_moved,
            "other_site": sum(_elsewhere(one) for one in people),
            "same_time": sum(_same_time(one) for one in people),
            "staff": len(staff),
            "open": max(0, len(answer.plan.open_positions) - open_before)
            + sum(g.missing for g in answer.served.missing),
        },
        "people": people,
        "staff": staff,
        "papers": papers(question, answer),
        "sites": _sites(question, answer),
    }


def _elsewhere(one: Mapping[str, Any]) -> bool:
    return any(
        line["before"] and line["after"] and line["before"]["site"] != line["after"]["site"] for line in one["lines"]
    )


def _same_time(one: Mapping[str, Any]) -> bool:
    pairs = [(line["before"], line["after"]) for line in one["lines"]]
    return bool(pairs) and all(old and new and old["starts_at"] == new["starts_at"] for old, new in pairs)


def _spots(question: Question, answer: Answer) -> dict[UUID, _Spot]:
    ground = question.case.material.ground
    found = {
        id: _Spot(
            site_zh=room.site_name,
            site_en=room.site_name_en,
            room_zh=room.room_name,
            room_en=room.room_name_en,
            starts_at=room.starts_at,
            ends_at=room.ends_at,
        )
        for id, room in question.case.rooms.items()
    }
    for held in answer.seated.held:
        id = answer.seated.room_id[held.key, held.round_no]
        site, room_ = ground.site[held.site], ground.room[held.site, held.room]
        found.setdefault(
            id,
            _Spot(
                site_zh=site.name_zh,
                site_en=site.name_en,
                room_zh=room_.name_zh,
                room_en=room_.name_en,
                starts_at=held.starts_at,
                ends_at=held.ends_at,
            ),
        )
    return found


def _people(question: Question, answer: Answer, spots: Mapping[UUID, _Spot]) -> list[dict[str, Any]]:
    """Everybody whose place changes, and who has none."""
    ground = question.case.material.ground
    lines: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for one in answer.seated.coming:
        before = spots[one.before].place(one.before_seat) if one.before else None
        after = spots[one.room_id].place(one.seat_no)
        lines[one.registration_id].append(_line(question, one.registration_id, one.component, before, after))
    for seat in answer.seated.leaving:
        before = spots[seat.room_id].place(seat.seat_no)
        lines[seat.registration_id].append(_line(question, seat.registration_id, seat.component, before, None))
    reason: dict[UUID, str] = {}
    worked = question.case.worked
    stood = {worked.members[one.group][one.first + at] for one in worked.plan.unplaced for at in range(one.count)}
    for left in answer.plan.unplaced:
        for at in range(left.first, left.first + left.count):
            id = question.members[left.group][at]
            if id in lines or id not in stood:
                reason[id] = str(left.reason)
    ids = sorted(
        {*lines, *reason},
        key=lambda id: (ground.person[id].institution_name_zh or "", ground.person[id].name_sort, str(id)),
    )
    return [
        {
            "registration_id": str(id),
            "reason": reason.get(id, ""),
            "lines": sorted(lines[id], key=lambda one: (one["after"] or one["before"])["starts_at"]),
        }
        for id in ids
    ]


def _sites(question: Question, answer: Answer) -> list[dict[str, Any]]:
    """The sites whose sheets change: in how many sessions, and until when they concern."""
    seated, served = answer.seated, answer.served
    touched = {*seated.fresh, *seated.closed, *(one.room_id for one in seated.coming), *(id for id, *_ in served.new)}
    touched |= {one.before for one in seated.coming if one.before} | {one.room_id for one in seated.leaving}
    touched |= {one.room_id for one in served.gone}
    held = {seated.room_id[one.key, one.round_no]: one for one in seated.held}
    ground, rooms = question.case.material.ground, question.case.rooms
    code = {site.id: site.code for site in ground.site.values()}
    found: dict[str, list[datetime]] = defaultdict(list)
    for id in touched:
        if id in held:
            found[held[id].site].append(held[id].ends_at)
        else:
            found[code[rooms[id].site_id]].append(rooms[id].ends_at)
    return [
        {
            "site_id": str(ground.site[one].id),
            "site": {"name_zh": ground.site[one].name_zh, "name_en": ground.site[one].name_en},
            "sessions": len(ends),
            "ends_at": max(ends).astimezone(CHINA).isoformat(),
        }
        for one, ends in sorted(found.items())
    ]


def _line(
    question: Question, id: UUID, component: str, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> dict[str, Any]:
    ground = question.case.material.ground
    person = ground.person[id]
    scheme = next(one for one in ground.scheme.values() if one.id == person.scheme_id)
    part = next(one for one in scheme.components if one.code == component)
    return {"component": {"name_zh": part.name_zh, "name_en": part.name_en}, "before": before, "after": after}


def _staff(question: Question, answer: Answer, spots: Mapping[UUID, _Spot]) -> list[dict[str, Any]]:
    """Everybody whose duties change: what falls away and what is new, paired where a session is held elsewhere."""
    rooms = question.case.standing.rooms
    key_of = {id: (key, number) for (key, number), id in answer.seated.room_id.items()}
    new: dict[UUID, list[tuple[tuple[str, int], UUID, str]]] = defaultdict(list)
    for room_id, examiner, duty in answer.served.new:
        new[examiner].append((key_of[room_id], room_id, str(duty)))
    lines: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for one in sorted(answer.served.gone, key=lambda one: (rooms[one.room_id].starts_at, str(one.room_id))):
        key = rooms[one.room_id].key, rooms[one.room_id].round_no
        match = next((each for each in new[one.examiner_id] if (each[0], each[2]) == (key, str(one.duty))), None)
        if match:
            new[one.examiner_id].remove(match)
        after = spots[match[1]].place() if match else None
        lines[one.examiner_id].append({"duty": str(one.duty), "before": spots[one.room_id].place(), "after": after})
    for examiner, rest in new.items():
        for _, room_id, kind in rest:
            lines[examiner].append({"duty": kind, "before": None, "after": spots[room_id].place()})
    people = {one.id: one for one in question.case.material.pool}
    ids = sorted((id for id in lines if lines[id]), key=lambda id: (people[id].name, str(id)))
    return [
        {
            "examiner_id": str(id),
            "account_id": str(people[id].account_id),
            "lines": sorted(lines[id], key=lambda one: (one["after"] or one["before"])["starts_at"]),
        }
        for id in ids
    ]


def papers(question: Question, answer: Answer) -> list[dict[str, Any]]:
    """Papers that no session of the published plan had (H9): at hand, or to be prepared."""
    new = fresh(answer.problem, question.case.worked.plan, answer.plan)
    first: dict[Paper, datetime] = {}
    for one in answer.seated.held:
        paper = (one.certificate, str(one.level), one.component), one.paper
        if paper in new | answer.lacking:
            first[paper] = min(first.get(paper, one.starts_at), one.starts_at)
    return [
        {
            "scheme": _scheme(question, certificate, level),
            "component": _component(question, certificate, level, component),
            "component_id": str(question.case.material.ground.component_id(certificate, level, component)),
            "paper": letter,
            "starts_at": starts_at.astimezone(CHINA).isoformat(),
            "lacking": ((certificate, level, component), letter) in answer.lacking,
        }
        for ((certificate, level, component), letter), starts_at in sorted(first.items())
    ]


def _scheme(question: Question, certificate: str, level: str) -> dict[str, str]:
    scheme = question.case.material.ground.scheme[certificate, level]
    return {"certificate_name_zh": scheme.certificate_name_zh, "certificate_name_en": scheme.certificate_name_en,
            "level": LEVEL_LABELS[scheme.level]}  # fmt: skip


def _component(question: Question, certificate: str, level: str, component: str) -> dict[str, str]:
    part = next(
        one for one in question.case.material.ground.scheme[certificate, level].components if one.code == component
    )
    return {"name_zh": part.name_zh, "name_en": part.name_en}
