"""Reads of registration, as frozen records: places, batches, registrations, and what needs somebody."""

from exam.registration.queries.accommodations import (
    accommodations,
    accommodations_of,
    accommodations_waiting,
)
from exam.registration.queries.batches import batch, batch_moves, batches, offered
from exam.registration.queries.people import id_number, id_numbers, phone_number, photo
from exam.registration.queries.places import institution, institutions, pilots, prefectures, units
from exam.registration.queries.registrations import (
    Filters,
    Tally,
    find,
    institution_tallies,
    own,
    page_of,
    registration,
    registrations,
    same_number,
    tallies,
)
from exam.registration.queries.rosters import RosterCheck, RosterNote, check, rosters
from exam.registration.queries.work import needs

__all__ = [
    "Filters",
    "RosterCheck",
    "RosterNote",
    "Tally",
    "accommodations",
    "accommodations_of",
    "accommodations_waiting",
    "batch",
    "batch_moves",
    "batches",
    "check",
    "find",
    "id_number",
    "id_numbers",
    "institution",
    "institution_tallies",
    "institutions",
    "needs",
    "offered",
    "own",
    "page_of",
    "phone_number",
    "photo",
    "pilots",
    "prefectures",
    "registration",
    "registrations",
    "rosters",
    "same_number",
    "tallies",
    "units",
]
