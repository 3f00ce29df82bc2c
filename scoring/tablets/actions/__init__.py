"""Changes of the tablets: enrolled, given out, packed, revoked; badges and PINs; and the events they send, taken once and for ever."""

from scoring.tablets.actions.badges import choose_pin, give_badges, own_badge, replace_badge, reset_pin
from scoring.tablets.actions.devices import give_out, register, revoke, sign_in, take_back
from scoring.tablets.actions.enrolling import Code, Enrolled, enrol, make_code
from scoring.tablets.actions.keys import verify
from scoring.tablets.actions.packing import pack
from scoring.tablets.actions.taking import take

__all__ = [
    "Code",
    "Enrolled",
    "choose_pin",
    "enrol",
    "give_badges",
    "give_out",
    "make_code",
    "own_badge",
    "pack",
    "register",
    "replace_badge",
    "reset_pin",
    "revoke",
    "sign_in",
    "take",
    "take_back",
    "verify",
]
