"""What a feed has to say anew: SEQUENCE and STATUS of its items, from what it said before and what holds now.

A calendar program keeps what it has read. So an item that changes keeps its UID and gets a higher SEQUENCE (RFC 5545,
3.8.7.4), and one that no longer concerns the owner stays in the feed as CANCELLED instead of silently missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from scheduling.feeds.rules.records import Item, Said

KEPT_AS_HELD = timedelta(days=30)
"""What ended longer ago than this is history: when its records are cleared away it has not been cancelled."""


def retold(said: Mapping[str, Said], items: Sequence[Item], *, first: datetime, now: datetime) -> list[Said]:
    """The items of which the feed says something new, by UID; nothing when nothing changed.

    `first` dates what a feed says in its very first words, `now` every later change.
    """
    present = {item.uid: item for item in items}
    new = [_told(said.get(uid), item, now if said else first, now) for uid, item in sorted(present.items())]
    gone = [
        replace(old, sequence=old.sequence + 1, cancelled=True, modified_at=now)
        for uid, old in sorted(said.items())
        if uid not in present and not old.cancelled and old.item.ends_at > now - KEPT_AS_HELD
    ]
    return [one for one in new if one is not None] + gone


def _told(old: Said | None, item: Item, first: datetime, now: datetime) -> Said | None:
    if old is None:
        return Said(item=item, sequence=0, cancelled=False, modified_at=first)
    if old.item == item and not old.cancelled:
        return None
    return Said(item=item, sequence=old.sequence + 1, cancelled=False, modified_at=now)
