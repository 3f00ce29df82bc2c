"""The whole road on a small demo, and that `kaowu check` catches a violation of each of its invariants.

Every violation is planted straight into the tables, with constraints and triggers switched off,
inside a transaction that is rolled back.
"""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.nightly import checker
from certificates.nightly.rules import Seen
from exam import check
from exam.demo import road
from exam.demo.record import read_record, write_record
from exam.kernel import jobs
from exam.kernel.clock import FixedClock
from exam.kernel.services import Services, make_services
from tests.journeys.conftest import DEMO_CANDIDATES, DEMO_NOW, Demo

pytestmark = pytest.mark.slow
_SEEN: dict[tuple[str, int], Seen] = {}


@pytest.fixture
async def services(demo: Demo) -> AsyncIterator[Services]:
    """The services of the demo's installation."""
    made = make_services(demo.settings, clock=FixedClock(DEMO_NOW), pool_size=1)
    yield made
    await made.db.dispose()


@pytest.fixture(autouse=True)
def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in a file's bytes is found out once for all tests; each still reads the bytes and compares."""
    read = checker.read

    def again(data: bytes, roots: list[bytes]) -> Seen:
        key = hashlib.sha256(data).hexdigest(), len(roots)
        if key not in _SEEN:
            _SEEN[key] = read(data, roots)
        return _SEEN[key]

    monkeypatch.setattr(checker, "read", again)


@pytest.fixture
async def session(services: Services) -> AsyncIterator[AsyncSession]:
    """A transaction that is rolled back, in which constraints and triggers do not fire."""
    async with services.db.engine.connect() as connection:
        outer = await connection.begin()
        async with AsyncSession(bind=connection, join_transaction_mode="create_savepoint") as opened:
            await opened.execute(text("SET LOCAL session_replication_role = replica"))
            yield opened
        await outer.rollback()
    await services.db.dispose()


def test_the_report_has_exactly_the_promised_keys(demo: Demo) -> None:
    written = json.loads((demo.out / "report.json").read_text(encoding="utf-8"))
    assert list(written) == [
        "candidates", "institutions", "sites", "prefectures_with_pilot_institution", "uncovered", "sessions", "sittings",
        "duties", "outcomes", "certificates", "registered", "seconds", "peak_rss_mb",
    ]  # fmt: skip
    assert set(written["outcomes"]) == {"passed", "failed", "absent"}


def test_the_road_ends_where_it_should(demo: Demo) -> None:
    said = demo.report
    assert said["candidates"] == DEMO_CANDIDATES
    assert said["uncovered"] == []
    assert said["prefectures_with_pilot_institution"] == 17
    outcomes = said["outcomes"]
    assert isinstance(outcomes, dict)
    assert sum(outcomes.values()) == DEMO_CANDIDATES
    assert said["certificates"] == said["registered"] == outcomes["passed"] > 0


def test_every_certificate_is_written_as_its_stored_bytes(demo: Demo) -> None:
    files = sorted(path.name for path in (demo.out / "certificates").glob("*.pdf"))
    assert files == sorted(road.file_name(one.number) for one in demo.result.certificates)
    for folder in ("admission_tickets", "door_lists", "seat_plans", "sign_in_sheets", "room_records", "duty_letters"):
        printed = list((demo.out / "documents" / folder).glob("*.pdf"))
        assert printed
        assert all(path.read_bytes().startswith(b"%PDF") for path in printed)


def test_one_sign_in_for_each_role(demo: Demo, tmp_path: Path) -> None:
    record = demo.result.record
    assert len({one.role for one in record.accounts}) >= 13
    assert record.certificate_url.startswith("http://127.0.0.1:8000/v/")
    write_record(tmp_path, record)
    assert read_record(tmp_path) == record
    assert (tmp_path / "demo.json").stat().st_mode & 0o777 == 0o600
    assert record.fits(DEMO_CANDIDATES, 7)
    assert not record.fits(DEMO_CANDIDATES, 8)


async def test_every_invariant_holds(services: Services) -> None:
    results = await check.run(services)
    await services.db.dispose()
    assert [result for result in results if not result.passed] == []
    assert all(result.counted for result in results)
    assert {result.key for result in results} == {invariant.key for invariant in check.INVARIANTS}


async def test_an_empty_installation_breaks_nothing(session: AsyncSession, services: Services) -> None:
    for table in (await session.scalars(text(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
        "WHERE schemaname IN ('exam', 'scheduling', 'scoring', 'certificates')"
    ))).all():  # fmt: skip
        await session.execute(text(f"DELETE FROM {table}"))
    await session.execute(text(f"DELETE FROM {jobs.SCHEMA}.{jobs.SETTINGS.queue_table}"))
    assert all(result.passed and not result.counted for result in await check.evaluate(session, services))


PLANTED = [
    ("candidate_time", """UPDATE exam.sittings SET person_id = (SELECT b.person_id FROM exam.sittings a JOIN exam.sittings b
        ON a.starts_at = b.starts_at AND a.id < b.id AND a.person_id <> b.person_id ORDER BY a.id LIMIT 1)
        WHERE id = (SELECT a.id FROM exam.sittings a JOIN exam.sittings b
        ON a.starts_at = b.starts_at AND a.id < b.id AND a.person_id <> b.person_id ORDER BY a.id LIMIT 1)"""),
    ("room_time", """UPDATE exam.room_sessions SET room_id = (SELECT b.room_id FROM exam.room_sessions a
        JOIN exam.room_sessions b ON a.starts_at = b.starts_at AND a.room_id <> b.room_id ORDER BY a.id LIMIT 1)
        WHERE id = (SELECT a.id FROM exam.room_sessions a JOIN exam.room_sessions b
        ON a.starts_at = b.starts_at AND a.room_id <> b.room_id ORDER BY a.id LIMIT 1)"""),
    ("seat", "UPDATE exam.sittings SET seat_no = 1"),
    ("staff_time", """UPDATE exam.duties SET account_id = (SELECT b.account_id FROM exam.duties a JOIN exam.duties b
        ON a.starts_at = b.starts_at AND a.room_session_id <> b.room_session_id AND a.duty = 'invigilator'
        AND b.duty = 'invigilator' ORDER BY a.id LIMIT 1)
        WHERE id = (SELECT a.id FROM exam.duties a JOIN exam.duties b
        ON a.starts_at = b.starts_at AND a.room_session_id <> b.room_session_id AND a.duty = 'invigilator'
        AND b.duty = 'invigilator' ORDER BY a.id LIMIT 1)"""),
    ("assessor_conflict", """UPDATE scheduling.examiners e SET institution_id = r.institution_id FROM exam.duties d
        JOIN exam.sittings s ON s.room_session_id = d.room_session_id JOIN exam.registrations r ON r.id = s.registration_id
        WHERE d.duty = 'assessor' AND e.account_id = d.account_id"""),
    ("assessor_conflict", "UPDATE scheduling.assessor_qualifications SET valid_to = '2024-12-31', valid_from = '2024-01-01'"),
    ("accommodations", """UPDATE exam.sittings s SET ends_at = s.ends_at - interval '1 minute' FROM exam.accommodations a
        WHERE a.registration_id = s.registration_id AND a.status = 'granted' AND a.extra_percent > 0"""),
    ("accommodations", """UPDATE scheduling.rooms SET floor = 2 WHERE id IN (SELECT r.room_id FROM exam.room_sessions r
        JOIN exam.sittings s ON s.room_session_id = r.id JOIN exam.accommodations a ON a.registration_id = s.registration_id
        WHERE a.status = 'granted' AND a.ground_floor)"""),
    ("accommodations", """UPDATE exam.sittings SET room_session_id = (SELECT s.room_session_id FROM exam.sittings s
        JOIN exam.accommodations a ON a.registration_id = s.registration_id WHERE a.own_room LIMIT 1)
        WHERE id = (SELECT s.id FROM exam.sittings s WHERE NOT EXISTS (SELECT FROM exam.accommodations a
        WHERE a.registration_id = s.registration_id) ORDER BY s.id LIMIT 1)"""),
    ("capacity_and_approval", "UPDATE scheduling.site_approvals SET valid_to = valid_from WHERE status = 'active'"),
    ("capacity_and_approval", "UPDATE scheduling.rooms SET form = 'paper' WHERE form = 'computer'"),
    ("exam_day", "UPDATE exam.sittings SET status = 'scheduled', absent_at = NULL WHERE status = 'absent'"),
    ("exam_day", "UPDATE exam.answers SET value = '\"Z\"'::jsonb"),
    ("time_credits", """INSERT INTO exam.time_credits SELECT gen_random_uuid(), NULL, 'room', site_id, id, NULL, 5, '停电',
        gen_random_uuid(), '甲', 0, starts_at, NULL, '', starts_at, NULL, '' FROM exam.room_sessions LIMIT 1"""),
    ("tablets", """UPDATE scoring.tablet_events SET data = jsonb_set(data, '{note}', '"x"') WHERE kind = 'signed'"""),
    ("tablets", "UPDATE scoring.tablet_events SET previous = repeat('f', 64) WHERE number = 2"),
    ("tablets", """UPDATE scoring.score_sheets SET answers = '{}'
        WHERE id = (SELECT min(sheet_id::text)::uuid FROM scoring.tablet_settlements)"""),
    ("ledgers", "UPDATE scoring.room_holds SET released_at = NULL"),
    ("totals", "UPDATE scoring.marks SET value = value + 1 WHERE live AND source = 'computer'"),
    ("totals", "UPDATE scoring.score_sheets SET total = total + 1 WHERE total IS NOT NULL"),
    ("outcomes", "UPDATE scoring.outcomes SET decision = 'passed' WHERE decision = 'failed'"),
    ("outcomes", "UPDATE scoring.outcomes SET inputs_sha256 = repeat('0', 64)"),
    ("certificate_outcome", "UPDATE scoring.outcomes SET status = 'superseded' WHERE decision = 'passed'"),
    ("handover", "UPDATE certificates.handover_entries SET step = step + 1"),
    ("numbers", """DELETE FROM certificates.numbers WHERE number = (SELECT min(number) FROM certificates.numbers)"""),
    ("numbers", "UPDATE certificates.number_counters SET last_serial = last_serial + 1"),
    ("released", "UPDATE certificates.release_items SET outcome_version = outcome_version + 1"),
    ("released", "UPDATE certificates.certificates SET release_id = NULL"),
    ("bytes", "UPDATE certificates.certificates SET sha256 = repeat('a', 64) WHERE number = (SELECT min(number) FROM certificates.numbers)"),
    ("bytes", """UPDATE certificates.certificates SET face = jsonb_set(face, '{holder_name}', '"某某某"')
        WHERE number = (SELECT min(number) FROM certificates.numbers)"""),
    ("bytes", """UPDATE certificates.certificates SET sha256 = (SELECT sha256 FROM certificates.certificates
        WHERE sha256 IS NOT NULL ORDER BY number LIMIT 1) WHERE number = (SELECT max(number) FROM certificates.certificates
        WHERE sha256 IS NOT NULL)"""),
    ("bytes", """INSERT INTO certificates.archive_copies (id, certificate_id, original_sha256, sha256, size_bytes, level, stamped_at,
        renew_by, made_at) SELECT gen_random_uuid(), id, sha256, repeat('b', 64), 1, 'B-LTA', now(), now(), now()
        FROM certificates.certificates WHERE number = (SELECT min(number) FROM certificates.numbers) AND sha256 IS NOT NULL"""),
    ("ledger", "UPDATE certificates.ledger_leaves SET leaf_hash = sha256(leaf_hash) WHERE index = 1"),
    ("ledger", "DELETE FROM certificates.ledger_leaves WHERE index = (SELECT max(index) FROM certificates.ledger_leaves)"),
    ("ledger", "DELETE FROM certificates.certificates WHERE number = (SELECT min(number) FROM certificates.numbers)"),
    ("ledger", """UPDATE certificates.ledger_checkpoints SET note = regexp_replace(note, '(— [^ ]+ )....', '\\1AAAA')
        WHERE size = (SELECT max(size) FROM certificates.ledger_checkpoints)"""),
    ("papers", """INSERT INTO certificates.paper_intakes (id, organisation_id, first_serial, last_serial, sheets_count, taken_in_by,
        taken_in_at) VALUES (gen_random_uuid(), gen_random_uuid(), 'Z0001', 'Z0002', 2, gen_random_uuid(), now())"""),
    ("designs", "UPDATE certificates.certificates SET template_sha256 = repeat('0', 64) WHERE number = (SELECT min(number) FROM certificates.numbers)"),
    ("designs", """INSERT INTO certificates.designs (id, name, version, title, status, html, style, seal_mm, sha256, revision,
        based_on, authors, saved_at, way, reason) VALUES (gen_random_uuid(), 'ALL-v9', 9, '', 'approved', '', '',
        '[1, 2, 3, 4]', repeat('0', 64), 1, 'v1', '{}', now(), '', '')"""),
    ("keys", "UPDATE certificates.signing_keys SET public_sha256 = repeat('c', 64) WHERE purpose = 'document'"),
    ("registered", "UPDATE certificates.platform_registrations SET status = 'queued', receipt = NULL, due_on = '2026-01-05'"),
    ("registered", "UPDATE certificates.platform_registrations SET receipt = NULL"),
    ("credits", "UPDATE certificates.credit_records SET number = 'X' WHERE number = (SELECT min(number) FROM certificates.credit_records)"),
    ("audit_records", "INSERT INTO exam.organisations (id, code, name_zh, name_en) VALUES (gen_random_uuid(), 'ZZ99', '无', 'None')"),
    ("audit_chain", "UPDATE exam.audit_records SET data = '{\"count\": 0}'::jsonb WHERE seq = 1"),
    ("audit_chain", "DELETE FROM exam.audit_records WHERE seq = 2"),
    ("jobs", f"INSERT INTO {jobs.SCHEMA}.{jobs.SETTINGS.queue_table} (priority, status, entrypoint, payload) "
        "VALUES (0, 'failed', 'certificates.register', convert_to('{}', 'UTF8'))"),
]  # fmt: skip


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted[0])
async def test_a_planted_violation_is_caught(
    planted: tuple[str, ...], session: AsyncSession, services: Services
) -> None:
    key, *statements = planted
    await _drop_constraints(session)
    changed = 0
    for statement in statements:
        done = await session.execute(text(statement))
        changed += max(0, getattr(done, "rowcount", 0))
    assert changed, "nothing was planted"
    failed = {result.key: result for result in await check.evaluate(session, services) if not result.passed}
    assert key in failed
    assert failed[key].line().startswith("✗")
    assert failed[key].as_json()["passed"] is False


def test_every_invariant_has_a_planted_violation() -> None:
    assert {planted[0] for planted in PLANTED} == {invariant.key for invariant in check.INVARIANTS}


async def _drop_constraints(session: AsyncSession) -> None:
    """Exclusion, unique and check constraints do not look at the replication role: they go, for this transaction."""
    rows = await session.execute(text(
        "SELECT format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', conrelid::regclass, conname) AS drop "
        "FROM pg_constraint JOIN pg_namespace n ON n.oid = connamespace "
        "WHERE n.nspname IN ('exam', 'scheduling', 'scoring', 'certificates') AND contype IN ('x', 'u', 'c')"
    ))  # fmt: skip
    for row in rows.all():
        await session.execute(text(row.drop))
