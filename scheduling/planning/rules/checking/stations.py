"""H6: practicals fit their workshop: its certificate, its stations, minutes per candidate with the turnaround."""

from __future__ import annotations

from exam.kernel.errors import N_
from scheduling.planning.rules.capacity import stations_used
from scheduling.planning.rules.checking.case import Case
from scheduling.planning.rules.checking.report import Violation, Violations
from scheduling.planning.rules.problem import Workshop


def right_workshop(case: Case) -> Violations:
    """A practical is held in a workshop of its certificate."""
    for held in case.held:
        fits = isinstance(held.place, Workshop) and held.place.certificate == held.session.certificate
        if held.practical and not fits:
            yield Violation(
                "H6",
                N_("%(place)s 不是证书 %(certificate)s 的实操场地。"),
                held.where,
                {
                    "place": held.place.id,
                    "certificate": case.problem.certificate[held.session.certificate].name,
                    "session": held.session.id,
                },
            )


def enough_stations(case: Case) -> Violations:
    """The sessions of a workshop in a slot take no more stations together than it has."""
    for sessions in case.by_spot.values():
        workshop = sessions[0].place
        if not isinstance(workshop, Workshop):
            continue
        used = 0
        for held in sessions:
            taken = stations_used(held.count, held.component, held.slot, held.rules) if held.practical else 0
            if taken is None:
                yield Violation(
                    "H6",
                    N_("时段 %(slot)s 只有 %(slot_minutes)s 分钟，不够一名考生的 %(minutes)s 分钟。"),
                    held.where,
                    {"slot": held.slot.id, "slot_minutes": held.slot.minutes, "minutes": held.component.minutes},
                )
            used += taken or 0
        if used > workshop.stations:
            yield Violation(
                "H6",
                N_("实操场地 %(place)s 有 %(stations)s 个工位，时段 %(slot)s 需要 %(used)s 个。"),
                sessions[0].where,
                {"place": workshop.id, "stations": workshop.stations, "slot": sessions[0].slot.id, "used": used},
            )
