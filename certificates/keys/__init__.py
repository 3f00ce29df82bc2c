"""Keys: what signs documents, credentials, the ledger and exports; where it lives, since when, until when, and when it was lost."""
