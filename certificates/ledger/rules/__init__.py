"""The ledger's arithmetic.

merkle       the tree of RFC 6962: hashes, proofs, their checks
tiles        the static files that a tree is published as (C2SP tlog-tiles)
notes        signed texts and keys (C2SP signed-note, tlog-cosignature)
checkpoints  a tree's head, a leaf's proof, a request to a witness (C2SP tlog-checkpoint, tlog-proof, tlog-witness)
policy       whose signatures a reader wants (C2SP tlog-policy)
witness      what a witness answers
entries      what is hashed: events and salted commitments
chain        entries of the time before the tree
complete     certificates and entries held against each other
published    a published log held against itself
picture      how the ledger grew, as a line
"""

from certificates.ledger.rules.entries import EVENT_LABELS, Draft, ErasureStatus, LedgerEntry, LedgerEvent, LedgerProof

__all__ = ["EVENT_LABELS", "Draft", "ErasureStatus", "LedgerEntry", "LedgerEvent", "LedgerProof"]
