"""Reads of the nightly check.

runs      what each run did, what stands wrong now, what is due, who has to know
complete  certificates and the ledger held against each other, in slices
"""

from certificates.nightly.queries.complete import completeness
from certificates.nightly.queries.runs import Check, Wrong, checks, due, needs, open_check, standing, stored, wrong

__all__ = ["Check", "Wrong", "checks", "completeness", "due", "needs", "open_check", "standing", "stored", "wrong"]
