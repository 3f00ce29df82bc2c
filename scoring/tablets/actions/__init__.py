"""Changes of the tablets: enrolled, given out, packed, revoked; badges and PINs; and the events they send, taken once and for ever."""

from scoring.tablets.actions.badges import choose_pin, give_badges, own_badge, record_print, replace_badge, reset_pin
from scoring.tablets.actions.closing import close_room, require_acting, settle_oddity
from scoring.tablets.actions.devices import give_out, register, revoke, sign_in, take_back
from scoring.tablets.actions.enrolling import Code, Enrolled, count_wrong_code, enrol, make_code, require_code_tries
from scoring.tablets.actions.evidence import keep_photo
from scoring.tablets.actions.importing import authority, decide_import, import_file
from scoring.tablets.actions.keying import check_keyed, key_in, withdraw_keyed
from scoring.tablets.actions.keys import verify
from scoring.tablets.actions.packing import pack
from scoring.tablets.actions.projecting import project
from scoring.tablets.actions.taking import take

__all__ = [
    "Code",
    "Enrolled",
    "authority",
    "check_keyed",
    "choose_pin",
    "close_room",
    "count_wrong_code",
    "decide_import",
    "enrol",
    "give_badges",
    "give_out",
    "import_file",
    "keep_photo",
    "key_in",
    "make_code",
    "own_badge",
    "pack",
    "project",
    "record_print",
    "register",
    "replace_badge",
    "require_acting",
    "require_code_tries",
    "reset_pin",
    "revoke",
    "settle_oddity",
    "sign_in",
    "take",
    "take_back",
    "verify",
    "withdraw_keyed",
]
