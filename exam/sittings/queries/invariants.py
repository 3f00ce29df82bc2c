"""Everything about the exam day that must hold on the live data, for `kaowu check`."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def invariants(session: AsyncSession) -> list[str]:
    """Everything about the exam day that must hold on the live data; each failure is named with its row."""
    failures: list[str] = []
    for name, statement in _INVARIANTS.items():
        rows = (await session.execute(text(statement))).all()
        failures += [f"sittings.{name}: {' '.join(str(value) for value in row)}" for row in rows]
    return failures


# Evaluated without the constraints that also hold them, so that a dropped constraint shows.
_INVARIANTS: Mapping[str, str] = {
    "candidate_overlap": """
        SELECT a.id, b.id FROM exam.sittings a JOIN exam.sittings b ON a.person_id = b.person_id AND a.id < b.id
        AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at""",
    "room_overlap": """
        SELECT a.id, b.id FROM exam.room_sessions a JOIN exam.room_sessions b ON a.room_id = b.room_id AND a.id < b.id
        AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at
        AND a.first_seat < b.first_seat + b.seats_count AND b.first_seat < a.first_seat + a.seats_count""",
    "seat_twice": """
        SELECT room_session_id, seat_no, count(*) FROM exam.sittings GROUP BY 1, 2 HAVING count(*) > 1""",
    "part_twice": """
        SELECT registration_id, component_id, count(*) FROM exam.sittings GROUP BY 1, 2 HAVING count(*) > 1""",
    "duty_overlap": """
        SELECT a.id, b.id FROM exam.duties a JOIN exam.duties b ON a.account_id = b.account_id AND a.id < b.id
        AND a.room_session_id <> b.room_session_id AND a.duty <> 'site_head' AND b.duty <> 'site_head'
        AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at""",
    "outside_room_time": """
        SELECT s.id FROM exam.sittings s JOIN exam.room_sessions r ON r.id = s.room_session_id
        WHERE s.starts_at < r.starts_at OR s.ends_at > r.ends_at OR s.component_id <> r.component_id""",
    "room_overfull": """
        SELECT r.id, count(*), r.seats_count FROM exam.room_sessions r JOIN exam.sittings s ON s.room_session_id = r.id
        GROUP BY r.id HAVING count(*) > r.seats_count""",
    "seat_outside": """
        SELECT s.id FROM exam.sittings s JOIN exam.room_sessions r ON r.id = s.room_session_id
        WHERE s.seat_no < r.first_seat OR s.seat_no >= r.first_seat + r.seats_count""",
    "counts_unbalanced": """
        SELECT r.id, r.expected, r.present, r.absent FROM exam.room_sessions r LEFT JOIN exam.sittings s
        ON s.room_session_id = r.id WHERE r.status = 'closed' GROUP BY r.id
        HAVING r.expected <> count(s.id) OR r.absent <> count(s.id) FILTER (WHERE s.status = 'absent')
        OR r.present + r.absent <> r.expected""",
    "undecided_in_closed_room": """
        SELECT s.id, s.status FROM exam.sittings s JOIN exam.room_sessions r ON r.id = s.room_session_id
        WHERE r.status = 'closed' AND s.status IN ('scheduled', 'checked_in', 'started', 'interrupted')""",
    "present_without_open_room": """
        SELECT s.id, s.status FROM exam.sittings s JOIN exam.room_sessions r ON r.id = s.room_session_id
        WHERE r.status = 'planned' AND s.status <> 'scheduled'""",
    "absent_too_early": """
        SELECT s.id FROM exam.sittings s JOIN exam.room_sessions r ON r.id = s.room_session_id
        WHERE s.absent_at <= s.starts_at + make_interval(mins => (r.terms->>'late_limit_minutes')::int)""",
    "papers_by_one_person": """
        SELECT id, step FROM exam.room_steps WHERE two_people AND state = 'done' AND (second_name = '' OR
        (source = 'page' AND (second_account_id IS NULL OR second_account_id IS NOT DISTINCT FROM by_account_id)))""",
    "objection_decided_by_the_same": """
        SELECT id FROM exam.incident_rulings WHERE by_account_id IS NOT DISTINCT FROM first_account_id""",
    "decided_unsigned": """
        SELECT id FROM exam.incidents WHERE status IN ('confirmed', 'decided', 'objected', 'final') AND signed IS NULL""",
    "void_not_applied": """
        SELECT i.id, s.id FROM exam.incidents i JOIN exam.sittings s ON s.registration_id = i.registration_id
        AND (i.effect = 'all_void' OR s.component_id = i.component_id)
        WHERE i.status = 'final' AND i.effect IN ('part_void', 'all_void')
        AND s.status IN ('submitted', 'auto_submitted', 'stopped') AND s.finished_at <= i.final_at""",
}
