"""The ledger: append-only register of what was issued."""
