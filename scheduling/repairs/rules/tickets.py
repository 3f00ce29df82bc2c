"""Ticket numbers of late candidates: the next serial numbers of the batch. Nobody's number changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from scheduling.timetable.rules.lifecycle import TicketScheme


def numbered(
    scheme: TicketScheme, prefix: str, known: Iterable[str], fresh: Mapping[UUID, tuple[str, int]]
) -> dict[UUID, str]:
    """Registration -> number, of those who have none: their site and first seat are given."""
    begin = len(prefix) + scheme.site_digits
    serials = [int(number[begin : -scheme.seat_digits]) for number in known if number.startswith(prefix)]
    last = max(serials, default=0)
    return {
        id: scheme.number(prefix, site, last + at, seat_no)
        for at, (id, (site, seat_no)) in enumerate(sorted(fresh.items(), key=lambda one: str(one[0])), start=1)
    }
