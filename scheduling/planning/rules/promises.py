"""What the records of a file promise each other and no type can say: known ids, no doubles, times in order, whole pins.

Each function walks one list and yields a fault per broken promise, with the place in the file (``groups[17].count``).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import date

from msgspec import UNSET

from exam.kernel.errors import N_
from exam.kernel.errors import Problem as Fault
from scheduling.planning.rules.approvals import FORMAT as APPROVALS_FORMAT
from scheduling.planning.rules.approvals import Approvals
from scheduling.planning.rules.plan import FORMAT as PLAN_FORMAT
from scheduling.planning.rules.plan import Plan
from scheduling.planning.rules.problem import (
    FORMAT,
    Accommodation,
    Certificate,
    Form,
    Group,
    Level,
    Person,
    Pin,
    Problem,
    Site,
)

FORMATS: Mapping[type[Problem] | type[Plan] | type[Approvals], str] = {
    Problem: FORMAT,
    Plan: PLAN_FORMAT,
    Approvals: APPROVALS_FORMAT,
}

Faults = Iterator[Fault]
Schemes = Mapping[tuple[str, Level], Container[str]]


def wrong_format(found: object, expected: str) -> Fault:
    """The file says that it is something else, or nothing at all."""
    way_out = N_("请检查是否选错了文件。")
    what = N_("文件的格式（format）是 %(found)s，应为 %(expected)s。")
    return _fault("format", what, way_out, "format", found=str(found), expected=expected)


def of_problem(problem: Problem) -> Faults:
    """Every broken promise of a problem."""
    if problem.format != FORMAT:
        yield wrong_format(problem.format, FORMAT)
    yield from _doubles_of(problem)
    yield from _slots(problem)
    for number, institution in enumerate(problem.institutions):
        yield from _known(institution.prefecture, problem.prefecture, f"institutions[{number}].prefecture")
    for number, certificate in enumerate(problem.certificates):
        yield from _certificate(certificate, f"certificates[{number}]")
    for number, site in enumerate(problem.sites):
        yield from _site(problem, site, f"sites[{number}]")
    yield from _groups(problem)
    for number, person in enumerate(problem.staff):
        yield from _person(problem, person, f"staff[{number}]")
    for number, pilot in enumerate(problem.pilots):
        yield from _known(pilot.institution, problem.institution, f"pilots[{number}].institution")
        yield from _known(pilot.certificate, problem.certificate, f"pilots[{number}].certificate")
    for number, waiver in enumerate(problem.waivers):
        yield from _known(waiver.certificate, problem.certificate, f"waivers[{number}].certificate")
        yield from _known(waiver.prefecture, problem.prefecture, f"waivers[{number}].prefecture")
    yield from _applications(problem)
    for number, pin in enumerate(problem.pins):
        yield from _pin(problem, pin, f"pins[{number}]")


def of_plan(plan: Plan) -> Faults:
    """Every broken promise of a plan that shows without its problem."""
    if plan.format != PLAN_FORMAT:
        yield wrong_format(plan.format, PLAN_FORMAT)
    yield from _doubles([one.id for one in plan.sessions], "sessions", ".id")
    yield from _doubles([(one.session, one.person) for one in plan.assignments], "assignments", "")
    yield from _doubles([(one.site, one.day, one.person) for one in plan.standby], "standby", "")
    if plan.bound is not None:
        keys = [(one.site, one.kind, one.certificate) for one in plan.bound.prices]
        yield from _doubles(keys, "bound.prices", "")
        for number, price in enumerate(plan.bound.prices):
            if price.price < 0:
                yield _fault(
                    f"bound.prices[{number}].price", N_("价格不能小于零。"), N_("请改为零或正数。"), "negative"
                )
    for number, one in enumerate(plan.assignments):
        yield from _known(one.session, plan.session, f"assignments[{number}].session")
    for number, place in enumerate(plan.open_positions):
        yield from _known(place.session, plan.session, f"open_positions[{number}].session")


def of_plan_for(problem: Problem, plan: Plan) -> Faults:
    """Everything that a plan names and the problem does not have."""
    for number, placed in enumerate(plan.placements):
        if placed.group not in problem.group:
            yield from _known(placed.group, problem.group, f"placements[{number}].group")
        if placed.site not in problem.site:
            yield from _known(placed.site, problem.site, f"placements[{number}].site")
    for number, unplaced in enumerate(plan.unplaced):
        yield from _known(unplaced.group, problem.group, f"unplaced[{number}].group")
    places = {site.id: {one.id for one in site.places} for site in problem.sites}
    for number, session in enumerate(plan.sessions):
        place = f"sessions[{number}]"
        yield from _known(session.site, problem.site, f"{place}.site")
        if session.site in problem.site:
            yield from _known(session.place, places[session.site], f"{place}.place")
        yield from _known(session.slot, problem.slot, f"{place}.slot")
        if (session.certificate, session.level, session.component) not in problem.component:
            yield _unknown(f"{place}.component", session.component)
        for other, part in enumerate(session.parts):
            if part.group not in problem.group:
                yield _unknown(f"{place}.parts[{other}].group", part.group)
    for number, assignment in enumerate(plan.assignments):
        yield from _known(assignment.person, problem.person, f"assignments[{number}].person")
    for number, standby in enumerate(plan.standby):
        yield from _known(standby.site, problem.site, f"standby[{number}].site")
        yield from _known(standby.person, problem.person, f"standby[{number}].person")


def of_approvals(approvals: Approvals) -> Faults:
    """Every broken promise of a proposal to approve sites that shows without its problem."""
    if approvals.format != APPROVALS_FORMAT:
        yield wrong_format(approvals.format, APPROVALS_FORMAT)
    yield from _doubles([one.application for one in approvals.approve], "approve", ".application")


def of_approvals_for(problem: Problem, approvals: Approvals) -> Faults:
    """Everything that a proposal names and the problem does not have; an application with its site and certificate."""
    for number, one in enumerate(approvals.approve):
        here = f"approve[{number}]"
        yield from _known(one.application, problem.application, f"{here}.application")
        if own := problem.application.get(one.application):
            yield from _known(one.site, (own.site,), f"{here}.site")
            yield from _known(one.certificate, (own.certificate,), f"{here}.certificate")
    for number, spare in enumerate(approvals.not_needed):
        yield from _known(spare.application, problem.application, f"not_needed[{number}].application")
    for number, pair in enumerate(approvals.uncovered):
        yield from _known(pair.certificate, problem.certificate, f"uncovered[{number}].certificate")
        yield from _known(pair.prefecture, problem.prefecture, f"uncovered[{number}].prefecture")


def _doubles_of(problem: Problem) -> Faults:
    yield from _doubles([one.id for one in problem.slots], "slots", ".id")
    yield from _doubles([one.id for one in problem.prefectures], "prefectures", ".id")
    yield from _doubles([one.id for one in problem.institutions], "institutions", ".id")
    yield from _doubles([one.id for one in problem.certificates], "certificates", ".id")
    yield from _doubles([one.id for one in problem.sites], "sites", ".id")
    yield from _doubles([one.id for one in problem.groups], "groups", ".id")
    yield from _doubles([one.id for one in problem.staff], "staff", ".id")
    yield from _doubles([one.id for one in problem.pins], "pins", ".id")
    yield from _doubles([(one.institution, one.certificate) for one in problem.pilots], "pilots", "")
    yield from _doubles([(one.certificate, one.prefecture) for one in problem.waivers], "waivers", "")
    yield from _doubles([one.id for one in problem.applications], "applications", ".id")


def _slots(problem: Problem) -> Faults:
    before = None
    for number, slot in enumerate(problem.slots):
        naive = [name for name in ("starts", "ends") if getattr(slot, name).tzinfo is None]
        for name in naive:
            yield _fault(
                f"slots[{number}].{name}",
                N_("时间没有写明时区。"),
                N_("请写上时差，例如 2026-11-28T08:30:00+08:00。"),
                "naive_time",
            )
        if naive:
            continue
        if slot.ends <= slot.starts:
            yield _fault(f"slots[{number}].ends", N_("时段的结束不晚于开始。"), N_("请更正起止时间。"), "empty_slot")
        if before is not None and slot.starts < before.ends:
            yield _fault(
                f"slots[{number}].starts",
                N_("时段 %(id)s 与前一时段 %(before)s 重叠，或没有按时间排列。"),
                N_("请按时间先后排列时段，互不重叠。"),
                "slots_overlap",
                id=slot.id,
                before=before.id,
            )
        before = slot


def _certificate(one: Certificate, place: str) -> Faults:
    yield from _doubles([scheme.level for scheme in one.schemes], f"{place}.schemes", ".level")
    for number, scheme in enumerate(one.schemes):
        here = f"{place}.schemes[{number}].components"
        yield from _doubles([part.id for part in scheme.components], here, ".id")
        if not scheme.components:
            yield _fault(here, N_("等级没有科目。"), N_("请至少写一个科目。"), "no_components")


def _site(problem: Problem, site: Site, place: str) -> Faults:
    yield from _known(site.institution, problem.institution, f"{place}.institution")
    yield from _known(site.prefecture, problem.prefecture, f"{place}.prefecture")
    yield from _all_known(site.closed, problem.slot_number, f"{place}.closed")
    for number, approval in enumerate(site.approvals):
        here = f"{place}.approvals[{number}]"
        yield from _known(approval.certificate, problem.certificate, f"{here}.certificate")
        yield from _period(approval.valid_from, approval.valid_to, here)
    seen: set[str] = set()
    for number, room in enumerate(site.rooms):
        here = f"{place}.rooms[{number}]"
        yield from _all_known(room.closed, problem.slot_number, f"{here}.closed")
        if room.form is Form.PRACTICAL:
            yield _fault(
                f"{here}.form", N_("考场的形式只能是笔试或机考。"), N_("实操的工位请写在 workshops 中。"), "room_form"
            )
        if room.id in seen:
            yield _double(f"{here}.id", room.id)
        seen.add(room.id)
    for number, workshop in enumerate(site.workshops):
        here = f"{place}.workshops[{number}]"
        yield from _known(workshop.certificate, problem.certificate, f"{here}.certificate")
        yield from _all_known(workshop.closed, problem.slot_number, f"{here}.closed")
        if workshop.id in seen:
            yield _double(f"{here}.id", workshop.id)
        seen.add(workshop.id)


def _applications(problem: Problem) -> Faults:
    """An application names a site and a certificate of the file, and a period."""
    for number, one in enumerate(problem.applications):
        here = f"applications[{number}]"
        yield from _known(one.site, problem.site, f"{here}.site")
        yield from _known(one.certificate, problem.certificate, f"{here}.certificate")
        yield from _doubles(one.levels, f"{here}.levels", "")
        yield from _doubles(one.forms, f"{here}.forms", "")
        yield from _period(one.valid_from, one.valid_to, here)


def _groups(problem: Problem) -> Faults:
    schemes: dict[tuple[str, Level], frozenset[str]] = {
        (one.id, scheme.level): frozenset(part.id for part in scheme.components)
        for one in problem.certificates
        for scheme in one.schemes
    }
    sat: set[tuple[str, str, Level, str]] = set()
    for number, group in enumerate(problem.groups):
        yield from _group(problem, group, f"groups[{number}]", schemes)
        if group.person is None:
            continue
        for place, component in enumerate(group.components):
            key = group.person, group.certificate, group.level, component
            if key in sat:
                yield _fault(
                    f"groups[{number}].components[{place}]",
                    N_("考生 %(person)s 两次报了同一科目 %(component)s。"),
                    N_("请只在一个组中保留这一科目。"),
                    "sits_twice",
                    person=group.person,
                    component=component,
                )
            sat.add(key)


def _group(problem: Problem, group: Group, place: str, schemes: Schemes) -> Faults:
    if group.institution not in problem.institution:
        yield _unknown(f"{place}.institution", group.institution)
    yield from _all_known(group.away, problem.slot_number, f"{place}.away")
    if group.certificate not in problem.certificate:
        yield _unknown(f"{place}.certificate", group.certificate)
    elif (group.certificate, group.level) not in schemes:
        yield _fault(
            f"{place}.level",
            N_("证书 %(certificate)s 没有等级 %(level)s。"),
            N_("请更正等级，或在证书中补上它的科目。"),
            "unknown_level",
            certificate=group.certificate,
            level=group.level.value,
        )
    else:
        scheme = schemes[group.certificate, group.level]
        for number, component in enumerate(group.components):
            if component not in scheme:
                yield _unknown(f"{place}.components[{number}]", component)
    if not group.components:
        yield _fault(f"{place}.components", N_("组没有科目。"), N_("请至少写一个科目。"), "no_components")
    if len(set(group.components)) < len(group.components):
        yield from _doubles(group.components, f"{place}.components", "")
    if len(set(group.accommodations)) < len(group.accommodations):
        yield from _doubles(group.accommodations, f"{place}.accommodations", "")
    if group.extra_time_percent is not UNSET and Accommodation.EXTRA_TIME not in group.accommodations:
        yield _fault(
            f"{place}.extra_time_percent",
            N_("组写了加时比例，便利措施里却没有加时。"),
            N_("请在 accommodations 中加上 extra_time，或删去加时比例。"),
            "percent_without_extra_time",
        )
    if group.person is not None and group.count != 1:
        yield _fault(
            f"{place}.count",
            N_("写明考生 %(person)s 的组只能有 1 人，文件中是 %(count)s 人。"),
            N_("请把此人单列一组。"),
            "person_not_alone",
            person=group.person,
            count=group.count,
        )


def _person(problem: Problem, person: Person, place: str) -> Faults:
    yield from _known(person.institution, problem.institution, f"{place}.institution")
    yield from _all_known(person.related, problem.institution, f"{place}.related")
    yield from _all_known(person.available or (), problem.slot_number, f"{place}.available")
    for number, held in enumerate(person.qualifications):
        here = f"{place}.qualifications[{number}]"
        yield from _known(held.certificate, problem.certificate, f"{here}.certificate")
        yield from _period(held.valid_from, held.valid_to, here)


def _pin(problem: Problem, pin: Pin, place: str) -> Faults:
    for name, known in (
        ("group", problem.group),
        ("site", problem.site),
        ("slot", problem.slot),
        ("person", problem.person),
    ):
        if (id := getattr(pin, name)) is not None:
            yield from _known(id, known, f"{place}.{name}")
    site, group = problem.site.get(pin.site or ""), problem.group.get(pin.group or "")
    if pin.room is not None and site is not None and pin.room not in {one.id for one in site.places}:
        yield _unknown(f"{place}.room", pin.room)
    if pin.component is not None and group is not None and pin.component not in group.components:
        yield _unknown(f"{place}.component", pin.component)
    for name, what, way_out in _incomplete(pin):
        yield _fault(f"{place}.{name}", what, way_out, "pin_incomplete", pin=pin.id)


def _incomplete(pin: Pin) -> Iterator[tuple[str, str, str]]:
    """(field, what, way out) of everything that a pin lacks or has too much."""
    if (pin.group is None) == (pin.person is None):
        what = N_("固定项 %(pin)s 应写明一个组，或一名工作人员，不能都写或都不写。")
        yield "group", what, N_("请补上 group 或 person；两者都要固定时写成两项。")
        return
    if pin.site is None:
        yield "site", N_("固定项 %(pin)s 没有写明站点。"), N_("请补上 site。")
    if pin.group is not None:
        if pin.component is None and (pin.slot is not None or pin.room is not None):
            yield "component", N_("固定项 %(pin)s 固定了时段或考场，却没有写明科目。"), N_("请补上 component。")
        if pin.duty is not None:
            yield "duty", N_("固定项 %(pin)s 是关于组的，不能有职务。"), N_("请删去 duty。")
    else:
        if pin.slot is None:
            yield "slot", N_("固定项 %(pin)s 没有写明时段。"), N_("请补上 slot。")
        if pin.count is not None:
            yield "count", N_("固定项 %(pin)s 是关于一名工作人员的，不能有人数。"), N_("请删去 count。")
    if not pin.author.strip():
        yield "author", N_("固定项 %(pin)s 没有写明是谁决定的。"), N_("请补上 author。")
    if not pin.reason.strip():
        yield "reason", N_("固定项 %(pin)s 没有写明原因。"), N_("请补上 reason。")


def _doubles(keys: Sequence[object], place: str, field: str) -> Faults:
    if len(set(keys)) == len(keys):
        return
    seen: set[object] = set()
    for number, key in enumerate(keys):
        if key in seen:
            yield _double(f"{place}[{number}]{field}", key)
        seen.add(key)


def _known(id: str, known: Container[str], place: str) -> Faults:
    if id not in known:
        yield _unknown(place, id)


def _all_known(ids: Iterable[str], known: Container[str], place: str) -> Faults:
    for number, id in enumerate(ids):
        if id not in known:
            yield _unknown(f"{place}[{number}]", id)


def _period(valid_from: date | None, valid_to: date | None, place: str) -> Faults:
    if valid_from is not None and valid_to is not None and valid_to < valid_from:
        yield _fault(
            f"{place}.valid_to",
            N_("有效期的结束 %(to)s 早于开始 %(from)s。"),
            N_("请更正起止日期。"),
            "period",
            **{"from": valid_from.isoformat(), "to": valid_to.isoformat()},
        )


def _unknown(place: str, id: str) -> Fault:
    way_out = N_("请更正编号，或在文件中补上它。")
    return _fault(place, N_("“%(id)s”在文件中没有定义。"), way_out, "unknown", id=id)


def _double(place: str, key: object) -> Fault:
    id = ", ".join(map(str, key)) if isinstance(key, tuple) else str(key)
    return _fault(place, N_("“%(id)s”重复出现。"), N_("请只保留一个，或换用不同的编号。"), "double", id=id)


def _fault(place: str, message: str, way_out: str, code: str, **facts: object) -> Fault:
    return Fault(message=message, facts=facts, field=place, way_out=way_out, code=code)
