"""Reads of the tablets: devices, badges, packs, events, the state they come to, and the ledger of a session."""

from scoring.tablets.queries.cards import (
    Badge,
    assessors_of_site,
    badge_numbers,
    badge_texts,
    badges,
    openers,
)
from scoring.tablets.queries.chains import events, numbers, states, stored_hashes
from scoring.tablets.queries.devices import TabletRecord, site_name, tablets
from scoring.tablets.queries.ledgers import ledger
from scoring.tablets.queries.packs import PackContent, pack_content, room_head, rooms_of_tablet

__all__ = [
    "Badge",
    "PackContent",
    "TabletRecord",
    "assessors_of_site",
    "badge_numbers",
    "badge_texts",
    "badges",
    "events",
    "ledger",
    "numbers",
    "openers",
    "pack_content",
    "room_head",
    "rooms_of_tablet",
    "site_name",
    "states",
    "stored_hashes",
    "tablets",
]
