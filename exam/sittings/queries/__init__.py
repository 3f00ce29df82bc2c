"""Reads of the exam day: frozen records for other folders, the invigilator's room, and the invariants of `kaowu check`."""

from exam.sittings.queries.clashes import Clash, clashes
from exam.sittings.queries.incidents import (
    Incident,
    incident_record,
    incidents,
    items,
    rulings,
    statements,
    visible_incidents,
    void_parts,
)
from exam.sittings.queries.invariants import invariants
from exam.sittings.queries.places import (
    duties,
    headcounts,
    moves,
    my_rooms,
    on_duty,
    registration_of_ticket,
    room_record,
    room_session,
    room_sessions,
    rooms_between,
    sitting,
    sitting_by_ticket,
    sitting_record,
    sittings,
    statuses,
)
from exam.sittings.queries.rooms import RoomView, room_view
from exam.sittings.queries.work import needs, registration_ids

__all__ = [
    "Clash",
    "Incident",
    "RoomView",
    "clashes",
    "duties",
    "headcounts",
    "incident_record",
    "incidents",
    "invariants",
    "items",
    "moves",
    "my_rooms",
    "needs",
    "on_duty",
    "registration_ids",
    "registration_of_ticket",
    "room_record",
    "room_session",
    "room_sessions",
    "room_view",
    "rooms_between",
    "rulings",
    "sitting",
    "sitting_by_ticket",
    "sitting_record",
    "sittings",
    "statements",
    "statuses",
    "visible_incidents",
    "void_parts",
]
