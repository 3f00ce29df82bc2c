"""Reads of the ledger.

entries     what it says about certificates
tree        hashes of the tree, tiles and bundles as they are published
proofs      that an entry stands in a published tree; what was published
invariants  what must hold of it
"""

from certificates.ledger.queries.entries import entries, erasures, issued, size
from certificates.ledger.queries.invariants import invariants
from certificates.ledger.queries.proofs import Checkpoint, NotSealed, checkpoint, checkpoints, proofs
from certificates.ledger.queries.tree import Tree, tile

__all__ = [
    "Checkpoint", "NotSealed", "Tree", "checkpoint", "checkpoints", "entries", "erasures", "invariants", "issued", "proofs", "size",
    "tile",
]  # fmt: skip
