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
from scoring.tablets.queries.closings import Closing, closings, evidence
from scoring.tablets.queries.devices import TabletRecord, site_name, tablets
from scoring.tablets.queries.ledgers import Account, Oddity, account, kept_photos, ledger, oddities, room_tablets
from scoring.tablets.queries.packs import PackContent, pack_content, room_head, rooms_of_tablet
from scoring.tablets.queries.paper import Import, Keyed, imports, keyed, keyed_sheet
from scoring.tablets.queries.rooms import RoomLedger, RoomLine, room_ledger, rooms_with_tablets
from scoring.tablets.queries.settlements import Settlement, entered, pending, pending_rooms, settlements

__all__ = [
    "Account",
    "Badge",
    "Closing",
    "Import",
    "Keyed",
    "Oddity",
    "PackContent",
    "RoomLedger",
    "RoomLine",
    "Settlement",
    "TabletRecord",
    "account",
    "assessors_of_site",
    "badge_numbers",
    "badge_texts",
    "badges",
    "closings",
    "entered",
    "events",
    "evidence",
    "imports",
    "kept_photos",
    "keyed",
    "keyed_sheet",
    "ledger",
    "numbers",
    "oddities",
    "openers",
    "pack_content",
    "pending",
    "pending_rooms",
    "room_head",
    "room_ledger",
    "room_tablets",
    "rooms_of_tablet",
    "rooms_with_tablets",
    "settlements",
    "site_name",
    "states",
    "stored_hashes",
    "tablets",
]
