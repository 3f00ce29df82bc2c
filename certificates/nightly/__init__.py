"""Every night: each stored certificate read again and held against the register, the signature and the ledger."""
