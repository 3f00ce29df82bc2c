"""H4, H5, H10: rooms hold no more than their seats, keep their reserve of machines, and one exam at a time."""

from __future__ import annotations

from exam.kernel.errors import N_
from scheduling.planning.rules.capacity import usable_seats
from scheduling.planning.rules.checking.case import Case, Held
from scheduling.planning.rules.checking.report import Violation, Violations
from scheduling.planning.rules.problem import Room


def enough_seats(case: Case) -> Violations:
    """H4: the candidates of all sessions in a room and slot have a seat each."""
    for sessions in case.by_spot.values():
        room, count = sessions[0].place, sum(held.count for held in sessions)
        if isinstance(room, Room) and count > room.seats:
            facts = _facts(sessions[0]) | {"count": count, "seats": room.seats}
            yield Violation(
                "H4", N_("考场 %(place)s 只有 %(seats)s 个座位，安排了 %(count)s 名考生。"), sessions[0].where, facts
            )


def right_room(case: Case) -> Violations:
    """H4: a paper or computer component is held in a room of its form."""
    for held in case.held:
        fits = isinstance(held.place, Room) and held.place.form is held.component.form
        if not held.practical and not fits:
            yield Violation(
                "H4",
                N_("%(place)s 不是科目 %(component)s 所需形式的考场。"),
                held.where,
                _facts(held) | {"component": held.component.id, "session": held.session.id},
            )


def reserve_kept(case: Case) -> Violations:
    """H5: of the machines of a computer room, the reserve stays free."""
    for sessions in case.by_spot.values():
        room, count = sessions[0].place, sum(held.count for held in sessions)
        if not isinstance(room, Room) or count > room.seats:
            continue
        usable = min(usable_seats(room, held.rules) for held in sessions)
        if count > usable:
            facts = _facts(sessions[0]) | {"count": count, "usable": usable, "seats": room.seats}
            yield Violation(
                "H5",
                N_("机房 %(place)s 有 %(seats)s 台，留出备用机后可用 %(usable)s 台，安排了 %(count)s 名考生。"),
                sessions[0].where,
                facts,
            )


def one_exam_in_a_room(case: Case) -> Violations:
    """H10: a room holds one session in a slot, unless all that are there may be mixed."""
    for sessions in case.by_spot.values():
        if len(sessions) == 1 or not isinstance(sessions[0].place, Room):
            continue
        if not all(held.rules.mixing for held in sessions):
            yield Violation(
                "H10",
                N_("考场 %(place)s 在时段 %(slot)s 有 %(count)s 个场次，而规则不允许混编。"),
                sessions[0].where,
                _facts(sessions[0])
                | {"count": len(sessions), "sessions": ", ".join(sorted(held.session.id for held in sessions))},
            )


def _facts(held: Held) -> dict[str, str | int]:
    return {"site": held.site.name, "place": held.place.id, "slot": held.slot.id}
