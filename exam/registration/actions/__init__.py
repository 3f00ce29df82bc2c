"""The verbs of registration, one function each; the session is passed in and never committed here."""

from exam.registration.actions.accommodations import (
    ask_accommodation,
    decide_accommodation,
    withdraw_accommodation,
)
from exam.registration.actions.batches import close, create_batch, move_batch, reschedule
from exam.registration.actions.entry import Receipt, correct_photo, enter, withdraw_own
from exam.registration.actions.parts import grant_exemption, register_resit, retain_part
from exam.registration.actions.photos import PhotosResult, set_photo, set_photos, upload_photos
from exam.registration.actions.places import add_institution, add_units, approve_pilot
from exam.registration.actions.registrations import (
    accept,
    bar,
    confirm,
    confirm_consent,
    give_back,
    mark_outcome,
    mark_seated,
    record_fee,
    reject,
    resubmit,
    transfer,
    waive_fee,
    withdraw,
)
from exam.registration.actions.roster import import_roster, keep_check, purge_checks

__all__ = [
    "PhotosResult",
    "Receipt",
    "accept",
    "add_institution",
    "add_units",
    "approve_pilot",
    "ask_accommodation",
    "bar",
    "close",
    "confirm",
    "confirm_consent",
    "correct_photo",
    "create_batch",
    "decide_accommodation",
    "enter",
    "give_back",
    "grant_exemption",
    "import_roster",
    "keep_check",
    "mark_outcome",
    "mark_seated",
    "move_batch",
    "purge_checks",
    "record_fee",
    "register_resit",
    "reject",
    "reschedule",
    "resubmit",
    "retain_part",
    "set_photo",
    "set_photos",
    "transfer",
    "upload_photos",
    "waive_fee",
    "withdraw",
    "withdraw_accommodation",
    "withdraw_own",
]
