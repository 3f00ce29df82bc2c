"""Registration on the platform: once and only once, whatever is cut, refused or doubled; nothing without a receipt."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from uuid import UUID, uuid4

import httpx
import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from certificates.platform import actions, jobs, queries
from certificates.platform.actions import ToRegister
from certificates.platform.client import BuiltInRegistry, Deed, HttpPlatform, PlatformDown, Receipt, Submission
from certificates.platform.documents import COLUMNS, platform_list
from certificates.platform.rules import PlatformRecord, PlatformStatus
from exam.accounts.rules import SYSTEM, Actor, Grant, Role, Scope
from exam.kernel.clock import FixedClock, china_date
from exam.kernel.errors import Forbidden
from exam.kernel.services import Services
from tests.certificates.platform.test_rules import RECORD

ORGANISATION, BATCH = uuid4(), uuid4()
OFFICER = Actor(uuid4(), "发证", (Grant(Role.CERTIFICATE_OFFICER, Scope("organisation", str(ORGANISATION))),))


@pytest.fixture
def batch_id() -> UUID:
    return BATCH


async def put(services: Services, count: int, **changes: object) -> list[UUID]:
    """Queue so many certificates, issued today."""
    today = china_date(services.clock.now())
    items = [
        ToRegister(
            certificate_id=uuid4(),
            batch_id=BATCH,
            organisation_id=ORGANISATION,
            record=replace(RECORD, number=f"N{n:04}", issued_on=today, **changes),  # type: ignore[arg-type]
        )
        for n in range(count)
    ]
    async with services.db.transaction() as session:
        await actions.queue(session, services.vault, items, now=services.clock.now())
    return [item.certificate_id for item in items]


async def counted(services: Services) -> queries.PlatformCounts:
    async with services.db.transaction() as session:
        return await queries.counts(session, today=china_date(services.clock.now()))


async def in_registry(services: Services) -> int:
    async with services.db.transaction() as session:
        return int((await session.execute(text("SELECT count(*) FROM certificates.registry_records"))).scalar_one())


async def test_everything_queued_is_registered_with_a_receipt(services: Services) -> None:
    assert (await jobs.register_pending(services)) == jobs.Sent(0, 0)
    await put(services, 7)
    told: list[tuple[int, int]] = []
    assert await jobs.register_pending(services, lambda done, total: told.append((done, total))) == jobs.Sent(7, 0)
    found = await counted(services)
    assert (found.total, found.registered, found.waiting) == (7, 7, 0)
    assert told == [(7, 7)]
    async with services.db.transaction() as session:
        lines = await queries.lines(session, today=china_date(services.clock.now()))
        assert all(line.receipt and line.platform_id and line.platform == "built-in" for line in lines)
        today = china_date(services.clock.now())
        assert await queries.invariants(session, today=today) == []
        lost = (uuid4(), "N9")
        assert len(await queries.invariants(session, today=today, issued=[lost])) == 1
    assert await jobs.register_pending(services) == jobs.Sent(0, 0)
    assert await in_registry(services) == 7


class CutAfterCommit(BuiltInRegistry):
    """The platform stores the batch, and the answer never arrives."""

    async def submit(self, submission_id: UUID, rows: Sequence[Submission]) -> list[Receipt]:
        await super().submit(submission_id, rows)
        raise PlatformDown("cut")


async def test_an_answer_that_was_lost_is_asked_for_before_anything_is_repeated(services: Services) -> None:
    await put(services, 3)
    async with services.db.transaction() as session:
        ids = await queries.to_send(session)
    with pytest.raises(PlatformDown):
        await jobs.send(services, ids, CutAfterCommit(services.db, services.clock))
    assert (await counted(services)).registered == 0
    assert await in_registry(services) == 3
    submitted: list[int] = []

    class Watched(BuiltInRegistry):
        async def submit(self, submission_id: UUID, rows: Sequence[Submission]) -> list[Receipt]:
            submitted.append(len(rows))
            return await super().submit(submission_id, rows)

    assert await jobs.send(services, ids, Watched(services.db, services.clock)) == jobs.Sent(3, 0)
    assert submitted == []
    assert await in_registry(services) == 3


async def test_a_doubled_submission_gets_the_same_receipt(services: Services) -> None:
    registry = BuiltInRegistry(services.db, services.clock)
    row = Submission(deed=Deed.REGISTER, record=RECORD)
    first = await registry.submit(uuid4(), [row])
    again = await registry.submit(uuid4(), [row, row])
    assert again == [first[0], first[0]]
    assert await registry.submit(uuid4(), []) == []


async def test_a_refused_row_is_named_and_can_be_sent_again(services: Services) -> None:
    await put(services, 2, id_number="")
    assert await jobs.register_pending(services) == jobs.Sent(0, 2)
    found = await counted(services)
    assert (found.rejected, found.registered) == (2, 0)
    async with services.db.transaction() as session:
        line = (await queries.lines(session, today=date(2026, 1, 1)))[0]
        assert line.problem is not None and "id_number" in line.problem
        stranger = Actor(uuid4(), "x", (Grant(Role.CERTIFICATE_OFFICER, Scope("organisation", str(uuid4()))),))
        with pytest.raises(Forbidden):
            await actions.requeue(session, stranger, line.id, now=services.clock.now())
        await actions.requeue(session, OFFICER, line.id, now=services.clock.now())
    assert (await counted(services)).waiting == 1


async def test_overdue_and_soon_are_needs_and_an_invariant(services: Services, clock: FixedClock) -> None:
    await put(services, 2)
    async with services.db.transaction() as session:
        assert await queries.needs(session, OFFICER, clock.now()) == []
        clock.advance(timedelta(days=10))
        soon = await queries.needs(session, OFFICER, clock.now())
        clock.advance(timedelta(days=20))
        late = await queries.needs(session, OFFICER, clock.now())
        failures = await queries.invariants(session, today=china_date(clock.now()))
    assert [(need.tone, need.count) for need in soon] == [("needs", 2)] or [need.tone for need in soon] == ["stopped"]
    assert [(need.tone, need.count) for need in late] == [("stopped", 2)]
    assert len(failures) == 2 and "not registered" in failures[0]


async def test_revoked_before_and_after_registration(services: Services) -> None:
    first, second = await put(services, 2)
    async with services.db.transaction() as session:
        await actions.mark_revoked(session, first, reason="舞弊")
    await jobs.register_pending(services)
    async with services.db.transaction() as session:
        await actions.mark_revoked(session, second, reason="舞弊")
    await jobs.register_pending(services)
    async with services.db.transaction() as session:
        lines = await queries.lines(session, today=date(2026, 1, 1))
        kept = (
            await session.execute(text("SELECT number, withdrawal_reason FROM certificates.registry_records"))
        ).all()
    assert {line.status for line in lines} == {PlatformStatus.WITHDRAWN}
    assert [tuple(row) for row in kept] == [("N0001", "舞弊")]


async def test_the_outside_platform_speaks_json_and_nonsense_is_not_believed(services: Services) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.method == "GET":
            return httpx.Response(200, json={"receipts": []})
        rows = json.loads(request.content)["rows"]
        receipts = [
            {"key": row["key"], "deed": row["deed"], "accepted": True, "platform_id": f"P-{row['key']}"} for row in rows
        ]
        return httpx.Response(
            200, json={"receipts": [*receipts, {"key": "foreign/1", "deed": "register", "accepted": True}]}
        )

    await put(services, 2)
    async with services.db.transaction() as session:
        ids = await queries.to_send(session)
    outside = HttpPlatform("https://platform.example.org/api/", transport=httpx.MockTransport(answer))
    assert await jobs.send(services, ids, outside) == jobs.Sent(2, 0)
    assert str(seen[0].url) == "https://platform.example.org/api/certificates/batches"
    assert seen[0].headers["Idempotency-Key"]
    for reply in (
        httpx.Response(500),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"receipts": [{"key": 1}]}),
    ):
        broken = HttpPlatform(
            "https://platform.example.org", transport=httpx.MockTransport(lambda _, reply=reply: reply)
        )
        with pytest.raises(PlatformDown):
            await broken.look_up(["N0000/1"])


async def test_what_waits_is_sealed(services: Services) -> None:
    await put(services, 1)
    async with services.db.transaction() as session:
        rows = str((await session.execute(text("SELECT * FROM certificates.platform_registrations"))).all())
    assert RECORD.id_number not in rows
    assert RECORD.holder_name not in rows


def test_the_batch_list_is_text_and_no_formula() -> None:
    record: PlatformRecord = replace(RECORD, holder_name="=1+1")
    sheet = load_workbook(BytesIO(platform_list([record]))).active
    assert sheet is not None
    cells = list(sheet[2])
    assert [cell.data_type for cell in cells] == ["s"] * len(COLUMNS)
    assert cells[1].value == "=1+1"
    assert cells[3].value == RECORD.id_number
    assert len(list(load_workbook(BytesIO(platform_list([]))).active.rows)) == 1


async def test_only_the_officer_may_queue(services: Services) -> None:
    async with services.db.transaction() as session:
        with pytest.raises(Forbidden):
            await actions.enqueue_open(session, Actor(None, "x", ()), [uuid4()])
        assert await actions.enqueue_open(session, SYSTEM, []) == 0
