"""The ledger: append-only register of what was issued, and its registration on the platform (E02, domain.md 3.8)."""
