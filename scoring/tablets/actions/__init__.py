"""Changes of the tablets: registered, given out, signed in on, revoked; and the events they send, taken once and for ever."""

from scoring.tablets.actions.devices import give_out, register, revoke, sign_in
from scoring.tablets.actions.keys import verify
from scoring.tablets.actions.taking import take

__all__ = ["give_out", "register", "revoke", "sign_in", "take", "verify"]
