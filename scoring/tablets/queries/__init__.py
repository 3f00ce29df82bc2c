"""Reads of the tablets: devices, events, the state they come to, and the ledger of a session."""

from scoring.tablets.queries.chains import events, numbers, states, stored_hashes
from scoring.tablets.queries.devices import TabletRecord, tablets
from scoring.tablets.queries.ledgers import ledger

__all__ = ["TabletRecord", "events", "ledger", "numbers", "states", "stored_hashes", "tablets"]
