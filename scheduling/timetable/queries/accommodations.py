"""Whether what is granted to a candidate (H16) holds where they are seated, evaluated on the live data for `kaowu check`.

Read from the grants and the places themselves, not from what the plan says of them: a place that somebody changed by hand
shows, too.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_PLACES = """
    FROM exam.accommodations a
    JOIN exam.sittings s ON s.registration_id = a.registration_id
    JOIN exam.room_sessions r ON r.id = s.room_session_id
    WHERE a.status = 'granted' AND s.status <> 'voided'
"""
_BROKEN: Mapping[str, str] = {
    "has no extra time": f"""SELECT s.id {_PLACES} AND a.extra_percent > 0 AND s.ends_at < s.starts_at
        + make_interval(mins => ceil((r.terms->>'duration_minutes')::int * (100 + a.extra_percent) / 100.0)::int)""",
    "is not alone": f"""SELECT s.id {_PLACES} AND a.own_room AND (
        EXISTS (SELECT FROM exam.sittings o WHERE o.room_session_id = r.id AND o.id <> s.id)
        OR r.form IN ('paper', 'computer') AND EXISTS (SELECT FROM exam.room_sessions b WHERE b.room_id = r.room_id
            AND b.id <> r.id AND b.starts_at < r.ends_at AND r.starts_at < b.ends_at))""",
    "is not on the ground floor": f"""SELECT s.id {_PLACES} AND a.ground_floor
        AND NOT EXISTS (SELECT FROM scheduling.rooms p WHERE p.id = r.room_id AND p.floor = 1)""",
}


async def accommodation_failures(session: AsyncSession) -> list[str]:
    """Every place that does not do what was granted, by its sitting; never why it was granted."""
    return [
        f"accommodation: sitting {id} {what}"
        for what, query in _BROKEN.items()
        for id in sorted(await session.scalars(text(query)))
    ]
