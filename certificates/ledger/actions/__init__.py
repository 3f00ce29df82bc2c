"""What may be written to the ledger.

appending   entries at its end, with the hashes of the tiles that they complete
sealing     heads that the log signed, checkpoints that were published
erasing     the salts of a certificate, by two people
"""

from certificates.ledger.actions.appending import append
from certificates.ledger.actions.erasing import AlreadyAsked, NothingToErase, SamePerson, ask_erasure, decide_erasure
from certificates.ledger.actions.sealing import keep_checkpoint, keep_head
from certificates.ledger.rules import Draft

__all__ = [
    "AlreadyAsked", "Draft", "NothingToErase", "SamePerson", "append", "ask_erasure", "decide_erasure", "keep_checkpoint",
    "keep_head",
]  # fmt: skip
