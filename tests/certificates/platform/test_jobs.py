"""Registration on the platform: once and only once, whatever is cut, refused or doubled; nothing without a receipt."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from certificates.platform import actions, jobs, queries
from certificates.platform.actions import ToRegister
from certificates.platform.client import HttpPlatform, Line, PlatformDown, PlatformRefused, client_of
from certificates.platform.rules import Deed, Known, PlatformStatus, Receipt, Submission
from certificates.platform.rules.reconciling import Difference, Theirs
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
        return int((await session.execute(text("SELECT count(*) FROM platform.records"))).scalar_one())


async def waiting(services: Services) -> list[UUID]:
    async with services.db.transaction() as session:
        return await queries.to_send(session)


class Scripted:
    """The real server behind a line on which things go wrong: `before` and `after` may raise, or change what comes back."""

    def __init__(self, services: Services) -> None:
        self.real = client_of(services)
        self.name = "scripted"
        self.submitted: list[list[str]] = []
        self.lose_answer = self.down = False
        self.spoils = ""
        self.limit = 1000

    async def submit(self, submission_id: UUID, rows: Sequence[Submission]) -> list[Receipt]:
        if self.down:
            raise PlatformDown("down", wait_seconds=3600)
        if (len(rows) > 1 and self.spoils in [row.key for row in rows]) or [row.key for row in rows] == [self.spoils]:
            raise PlatformRefused("400")
        self.submitted.append([row.key for row in rows])
        receipts = await self.real.submit(submission_id, rows)
        if self.lose_answer:
            raise PlatformDown("cut")
        return receipts[: self.limit]

    async def look_up(self, keys: Sequence[str]) -> Known:
        if self.down:
            raise PlatformDown("down")
        return await self.real.look_up(keys)

    async def records(self, organisations: Sequence[str]) -> AsyncIterator[list[Theirs]]:
        async for page in self.real.records(organisations):
            yield page


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


async def test_an_answer_that_was_lost_is_asked_for_before_anything_is_repeated(
    services: Services, clock: FixedClock
) -> None:
    await put(services, 3)
    ids, line = await waiting(services), Scripted(services)
    line.lose_answer = True
    assert await jobs.send(services, ids, line) == jobs.Sent(0, 0)
    assert (await counted(services)).registered == 0
    assert await in_registry(services) == 3
    line.lose_answer = False
    assert await jobs.send(services, ids, line) == jobs.Sent(0, 0)  # the pause is not over
    clock.advance(timedelta(minutes=6))
    assert await jobs.send(services, ids, line) == jobs.Sent(3, 0)
    assert [len(one) for one in line.submitted] == [3]


async def test_what_got_no_answer_goes_out_again_only_when_the_platform_does_not_know_it(
    services: Services, clock: FixedClock
) -> None:
    await put(services, 4)
    ids, line = await waiting(services), Scripted(services)
    line.limit = 3  # the answer to the last row is missing
    assert await jobs.send(services, ids, line) == jobs.Sent(3, 0)
    line.down = True
    clock.advance(timedelta(minutes=6))
    assert await jobs.send(services, ids, line) == jobs.Sent(0, 0)
    async with services.db.transaction() as session:
        found = [
            one
            for one in await queries.lines(session, today=date(2026, 1, 1))
            if one.status is PlatformStatus.SUBMITTED
        ]
    assert len(found) == 1 and found[0].attempts == 2 and found[0].problem
    line.down = False
    clock.advance(timedelta(minutes=11))
    assert await jobs.send(services, ids, line) == jobs.Sent(1, 0)
    assert [len(one) for one in line.submitted] == [4]
    assert await in_registry(services) == 4


async def test_one_row_that_spoils_the_request_is_found_and_named(services: Services) -> None:
    await put(services, 5)
    line = Scripted(services)
    line.spoils = "N0003/1"
    assert await jobs.send(services, await waiting(services), line) == jobs.Sent(4, 1)
    async with services.db.transaction() as session:
        bad = [
            one
            for one in await queries.lines(session, today=date(2026, 1, 1))
            if one.status is PlatformStatus.ROW_REJECTED
        ]
    assert [(one.number, one.problem) for one in bad] == [("N0003", "request_refused 400")]


async def test_the_comparison_names_every_difference_and_marks_what_agrees(
    services: Services, clock: FixedClock
) -> None:
    assert await jobs.compare_registers(services, SYSTEM) is None
    await put(services, 6)
    line = Scripted(services)
    line.limit = 5  # the last one is there, its receipt is not here
    await jobs.send(services, await waiting(services), line)
    clock.advance(timedelta(seconds=1))
    async with services.db.transaction() as session:
        await session.execute(text("DELETE FROM platform.records WHERE number = 'N0000'"))
        await session.execute(text("UPDATE platform.records SET withdrawn_at = now() WHERE number = 'N0001'"))
        await session.execute(
            text(
                "UPDATE platform.records SET record_sha256 = repeat('0', 64), facts = jsonb_set(facts, '{level}', '\"高级\"') "
                "WHERE number = 'N0002'"
            )
        )
        await session.execute(
            text(
                "INSERT INTO platform.records SELECT 'X1/1', 'X1', 1, organisation_code, 'RX', received_at, record_sha256, person, "
                "facts, NULL, NULL FROM platform.records WHERE number = 'N0003'"
            )
        )
    id = await jobs.compare_registers(services, OFFICER)
    assert id is not None
    async with services.db.transaction() as session:
        found = {one.key: one for one in await queries.differences(session, id, organisation_ids=[ORGANISATION])}
        lines = {one.number: one.status for one in await queries.lines(session, today=date(2026, 1, 1))}
        assert await queries.differences(session, id, organisation_ids=[uuid4()]) == []
        last = (await queries.last_reconciliations(session))[0]
    assert {key: one.kind for key, one in found.items()} == {
        "N0000/1": Difference.MISSING_THERE,
        "N0001/1": Difference.WITHDRAWN_THERE,
        "N0002/1": Difference.FIELDS_DIFFER,
        "N0005/1": Difference.RECEIPT_MISSING,
        "X1/1": Difference.MISSING_HERE,
    }
    assert found["N0002/1"].fields == ("level",)
    assert (found["N0002/1"].ours["level"], found["N0002/1"].theirs["level"]) == ("初级", "高级")
    assert "张三" not in str(found)
    assert (lines["N0003"], lines["N0000"]) == (PlatformStatus.VERIFIED_PUBLIC, PlatformStatus.ACCEPTED)
    assert (last.ours_count, last.theirs_count, last.same_count) == (6, 6, 2)
    async with services.db.transaction() as session:
        await session.execute(text("UPDATE platform.records SET withdrawn_at = now() WHERE number = 'N0003'"))
    await jobs.reconcile(services, {})
    async with services.db.transaction() as session:
        lines = {one.number: one.status for one in await queries.lines(session, today=date(2026, 1, 1))}
    assert lines["N0003"] is PlatformStatus.ACCEPTED


async def test_a_due_date_is_computed_again_when_its_notice_is_there(services: Services, clock: FixedClock) -> None:
    clock.at = datetime(2026, 12, 30, 2, tzinfo=UTC)
    await put(services, 1)
    async with services.db.transaction() as session:
        assert (await queries.lines(session, today=date(2026, 12, 30)))[0].due_provisional
        assert await actions.refresh_due(session) == 0
        await session.execute(text("UPDATE certificates.platform_registrations SET due_on = '2027-01-05'"))
        assert await actions.refresh_due(session) == 1


async def test_a_refused_row_is_named_and_can_be_sent_again(services: Services) -> None:
    await put(services, 2, id_number="1")
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


async def test_warning_alarm_and_overdue_are_needs_and_the_last_an_invariant(
    services: Services, clock: FixedClock
) -> None:
    await put(services, 2)  # on Friday 20 November 2026: day 1 is Monday
    seen: list[list[tuple[str, int]]] = []
    async with services.db.transaction() as session:
        for days in (4, 5, 7, 12):
            at = clock.now() + timedelta(days=days)
            seen.append([(need.tone, need.count) for need in await queries.needs(session, OFFICER, at)])
        counts = await queries.counts(session, today=china_date(clock.now() + timedelta(days=7)))
        failures = await queries.invariants(session, today=china_date(clock.now() + timedelta(days=12)))
    assert seen == [[], [("warning", 2)], [("stopped", 2)], [("stopped", 2)]]
    assert (counts.warning, counts.alarm, counts.overdue) == (2, 2, 0)
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
        kept = (await session.execute(text("SELECT number, withdrawal_reason FROM platform.records"))).all()
    assert {line.status for line in lines} == {PlatformStatus.WITHDRAWN}
    assert [tuple(row) for row in kept] == [("N0001", "舞弊")]


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(500),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"receipts": [{"key": 1}]}),
        httpx.Response(200, json={"receipts": [], "unknown": "N0000/1"}),
        httpx.Response(429, headers={"Retry-After": "120"}),
    ],
)
async def test_nonsense_from_outside_is_not_believed(reply: httpx.Response) -> None:
    line = Line("https://platform.example.org/api/", b"k", transport=httpx.MockTransport(lambda _: reply))
    with pytest.raises(PlatformDown) as caught:
        await HttpPlatform(line).look_up(["N0000/1"])
    assert caught.value.wait_seconds == (120 if reply.status_code == 429 else None)
    if reply.status_code == 200:
        with pytest.raises(PlatformDown):
            async for _ in HttpPlatform(line).records(["WL01"]):
                pass


async def test_the_line_carries_key_address_and_idempotency_key() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(202, json={"receipts": []})

    line = Line("https://platform.example.org/api/", b"k", transport=httpx.MockTransport(answer))
    id = uuid4()
    assert await HttpPlatform(line).submit(id, [Submission(deed=Deed.REGISTER, record=RECORD)]) == []
    assert str(seen[0].url) == "https://platform.example.org/api/certificates/batches"
    assert (seen[0].headers["Idempotency-Key"], seen[0].headers["Authorization"]) == (str(id), "Bearer k")


async def test_what_waits_is_sealed(services: Services) -> None:
    await put(services, 1)
    async with services.db.transaction() as session:
        rows = str((await session.execute(text("SELECT * FROM certificates.platform_registrations"))).all())
    assert RECORD.id_number not in rows
    assert RECORD.holder_name not in rows


async def test_only_the_officer_may_queue(services: Services) -> None:
    async with services.db.transaction() as session:
        with pytest.raises(Forbidden):
            await actions.enqueue_open(session, Actor(None, "x", ()), [uuid4()])
        assert await actions.enqueue_open(session, SYSTEM, []) == 0
