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
from scoring.tablets.queries.checks import ledger_invariants
from scoring.tablets.queries.closings import Closing, Photo, closings, sheet_photos
from scoring.tablets.queries.devices import TabletRecord, site_name, site_of_room, tablets
from scoring.tablets.queries.invariants import invariants
from scoring.tablets.queries.ledgers import Account, Oddity, account, kept_photos, ledger, oddities, room_tablets
from scoring.tablets.queries.news import news
from scoring.tablets.queries.packs import PackContent, pack_content, room_head, rooms_of_tablet
from scoring.tablets.queries.paper import Import, Keyed, imports, keyed, keyed_sheet
from scoring.tablets.queries.rooms import (
    RoomLedger,
    RoomLine,
    room_ledger,
    room_lines,
    rooms_of_import,
    rooms_with_tablets,
)
from scoring.tablets.queries.settlements import Settlement, entered, pending, pending_rooms, settlements
from scoring.tablets.queries.sites import (
    BadgeLine,
    SiteTablets,
    badge_lines,
    needs,
    practical_rooms,
    site_tablets,
    sites_of,
)
from scoring.tablets.queries.work import ledger_needs, place_of

__all__ = [
    "Account",
    "Badge",
    "BadgeLine",
    "Closing",
    "Import",
    "Keyed",
    "Oddity",
    "PackContent",
    "Photo",
    "RoomLedger",
    "RoomLine",
    "Settlement",
    "SiteTablets",
    "TabletRecord",
    "account",
    "assessors_of_site",
    "badge_lines",
    "badge_numbers",
    "badge_texts",
    "badges",
    "closings",
    "entered",
    "events",
    "imports",
    "invariants",
    "kept_photos",
    "keyed",
    "keyed_sheet",
    "ledger",
    "ledger_invariants",
    "ledger_needs",
    "needs",
    "news",
    "numbers",
    "oddities",
    "openers",
    "pack_content",
    "pending",
    "pending_rooms",
    "place_of",
    "practical_rooms",
    "room_head",
    "room_ledger",
    "room_lines",
    "room_tablets",
    "rooms_of_import",
    "rooms_of_tablet",
    "rooms_with_tablets",
    "settlements",
    "sheet_photos",
    "site_name",
    "site_of_room",
    "site_tablets",
    "sites_of",
    "states",
    "stored_hashes",
    "tablets",
]
