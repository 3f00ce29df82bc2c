"""Forms of the feeds: every button names the feed it is for."""

from __future__ import annotations

from uuid import UUID

import msgspec

from scheduling.feeds.rules import FeedKind


class FeedForm(msgspec.Struct):
    """Names a feed by whose it is."""

    kind: FeedKind
    owner_id: UUID
