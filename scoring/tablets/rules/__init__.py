"""Events, what they come to, the ledger, the slips."""
