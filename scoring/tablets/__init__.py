"""Tablets of assessors: devices, the events they keep and send, and the ledger that shows that nothing is lost."""
