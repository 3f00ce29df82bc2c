"""Batch files: text and no formula, the same bytes again, receipts read whole or not at all, rows sent again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from certificates.platform import actions, jobs, queries
from certificates.platform.documents import SHIPPED, NotAWorkbook, batch_file, format_of, formats
from certificates.platform.rules import Deed, PlatformStatus, Submission
from certificates.platform.rules.batches import (
    BadFormat,
    FileStatus,
    ReceiptRefused,
    Sent,
    content_digest,
    file_number,
    lines_of,
    read_format,
    read_receipt_file,
)
from certificates.registry.documents import read_batch_file, receipt_file
from certificates.registry.rules import BadRequest, Flaw, receipt
from exam.accounts.rules import Actor
from exam.kernel.errors import Forbidden
from exam.kernel.services import Services
from tests.certificates.platform.test_jobs import OFFICER, ORGANISATION, put, waiting
from tests.certificates.platform.test_rules import RECORD

NOW = datetime(2026, 5, 16, 1, tzinfo=UTC)
FORMAT = format_of(Path("/nowhere"))
ROW = Submission(deed=Deed.REGISTER, record=RECORD)


def test_every_cell_is_text_and_no_formula() -> None:
    rows = [replace(ROW, record=replace(RECORD, holder_name=name)) for name in ("=1+1", "+86", "@x", "-1", "http://x")]
    data = batch_file(FORMAT, "P20260516-001", rows)
    sheet = load_workbook(BytesIO(data))[FORMAT.sheet]
    heads = [cell.value for cell in sheet[1]]
    for line, row in zip(sheet.iter_rows(min_row=2), rows, strict=True):
        assert {cell.data_type for cell in line if cell.value} == {"s"}
        values = dict(zip(heads, [cell.value for cell in line], strict=True))
        assert (values["姓名"], values["证件号码"]) == (row.record.holder_name, RECORD.id_number)
    assert data == batch_file(FORMAT, "P20260516-001", rows)
    assert read_batch_file(data)[0] == "P20260516-001"
    assert len(list(load_workbook(BytesIO(batch_file(FORMAT, "P", [])))[FORMAT.sheet].rows)) == 1


def test_the_registry_reads_what_was_written_and_refuses_a_shortened_file() -> None:
    number, rows = read_batch_file(batch_file(FORMAT, "P1", [ROW, replace(ROW, deed=Deed.WITHDRAW, reason="舞弊")]))
    assert number == "P1"
    assert rows[0].record == RECORD.as_data()
    assert (rows[1].deed, rows[1].reason) == ("withdraw", "舞弊")
    book = load_workbook(BytesIO(batch_file(FORMAT, "P1", [ROW, ROW])))
    book[FORMAT.sheet].delete_rows(3)
    out = BytesIO()
    book.save(out)
    with pytest.raises(BadRequest, match="条数"):
        read_batch_file(out.getvalue())
    with pytest.raises(BadRequest):
        read_batch_file(b"PK\x03\x04 no workbook")


def test_a_code_table_names_what_it_does_not_know() -> None:
    lines, problems = lines_of(FORMAT, [ROW, replace(ROW, record=replace(RECORD, level="特级"))])
    assert [(one.row, one.field) for one in problems] == [(3, "等级")]
    assert lines[0][1] == "登记"
    assert content_digest(lines) != content_digest(lines[:1])
    assert lines_of(FORMAT, []) == ([], [])
    assert file_number(NOW.date(), 7) == "P20260516-007"


@pytest.mark.parametrize(
    "change",
    [
        {"columns": [{"head": "编号", "field": "number"}]},
        {"columns": [{"head": "x", "field": "password"}]},
        {"version": "one"},
        {"receipt": {}},
        {"columns": [{"head": "x", "field": name} for name in ("number", "version", "deed")]},
    ],
)
def test_a_format_that_cannot_work_is_refused(change: dict[str, Any]) -> None:
    shipped = json.loads((SHIPPED / "kaowu-1.json").read_text("utf-8"))
    assert read_format(shipped) == FORMAT
    with pytest.raises(BadFormat):
        read_format({**shipped, **change})


def test_an_installations_own_format_is_used(tmp_path: Path) -> None:
    own = json.loads((SHIPPED / "kaowu-1.json").read_text("utf-8")) | {"name": "vslc", "version": 3}
    own["columns"][14]["date"] = "%Y%m%d"
    (tmp_path / "platform").mkdir()
    (tmp_path / "platform" / "vslc-3.json").write_text(json.dumps(own, ensure_ascii=False), "utf-8")
    assert [f"{one.name}-{one.version}" for one in formats(tmp_path)] == ["kaowu-1", "vslc-3"]
    assert "20260516" in lines_of(format_of(tmp_path), [ROW])[0][0]
    with pytest.raises(BadFormat):
        format_of(tmp_path, "vslc", 4)


def receipts_of(lines: Sequence[Sequence[str]], *, number: str = "P1") -> list[tuple[str, bool]]:
    heads = ["证书编号", "版本", "处理结果", "平台编号", "错误代码"]
    sent = [Sent(row_no=2, key="N1/1", deed=Deed.REGISTER), Sent(row_no=3, key="N2/1", deed=Deed.REGISTER)]
    cells = [heads, *[list(line) for line in lines]]
    return [(one.key, one.accepted) for one in read_receipt_file(FORMAT, "P1", sent, {"批次号": number}, cells, at=NOW)]


def test_a_receipt_file_may_answer_a_part_and_leave_blank_lines() -> None:
    assert receipts_of([["N2", "1", "失败", "", "id"], ["", "", "", "", ""]]) == [("N2/1", False)]


@pytest.mark.parametrize(
    ("line", "row"),
    [
        (["N3", "1", "成功", "R", ""], 3),
        (["N1", "1", "成功", "R", ""], 3),
        (["N2", "1", "待定", "", ""], 3),
        (["N2", "1", "成功", "", ""], 3),
    ],
)
def test_a_receipt_file_that_does_not_hold_is_refused_whole_by_row(line: list[str], row: int) -> None:
    with pytest.raises(ReceiptRefused) as caught:
        receipts_of([["N1", "1", "成功", "R1", ""], line])
    assert [one.row for one in caught.value.problems] == [row]


def test_the_receipt_of_another_batch_and_an_empty_one_are_refused() -> None:
    for lines, number in (([["N1", "1", "成功", "R1", ""]], "P2"), ([], "P1")):
        with pytest.raises(ReceiptRefused):
            receipts_of(lines, number=number)


async def export(services: Services, actor: Actor = OFFICER) -> UUID:
    async with services.db.transaction() as session:
        return await actions.export_file(
            session, actor, services.vault, format=FORMAT, reason="报送", now=services.clock.now(),
            organisation_ids=[ORGANISATION],
        )  # fmt: skip


async def statuses(services: Services) -> dict[str, PlatformStatus]:
    async with services.db.transaction() as session:
        return {one.number: one.status for one in await queries.lines(session, today=NOW.date())}


async def test_a_batch_goes_by_file_comes_back_row_by_row_and_goes_again(services: Services) -> None:
    await put(services, 3)
    async with services.db.transaction() as session:
        with pytest.raises(Forbidden):
            await actions.export_file(
                session, Actor(None, "x", ()), services.vault, format=FORMAT, reason="x", now=NOW, organisation_ids=None
            )
    id = await export(services)
    assert set((await statuses(services)).values()) == {PlatformStatus.EXPORTED}
    assert await waiting(services) == []  # the line leaves alone what travels in a file
    assert await jobs.register_pending(services) == jobs.Sent(0, 0)
    async with services.db.transaction() as session:
        with pytest.raises(actions.NothingToExport):
            await export(services)
        await actions.hand_in(session, OFFICER, id, now=NOW)
        file = (await queries.files(session, organisation_ids=[ORGANISATION]))[0]
        rows = await queries.file_submissions(session, services.vault, id)
    assert (file.rows_count, file.status, file.number[:1]) == (3, FileStatus.HANDED_IN, "P")
    _, read = read_batch_file(batch_file(FORMAT, file.number, rows))
    answers = [
        receipt(one.key, "register", NOW, platform_id="" if n == 1 else f"R{n}", record_sha256=one.digest,
                flaws=[Flaw("id_number", "证件号码")] if n == 1 else [])
        for n, one in enumerate(read)
    ]  # fmt: skip
    data = receipt_file(file.number, answers[:2], at=NOW)
    async with services.db.transaction() as session:
        with pytest.raises(NotAWorkbook):
            await take(session, id, b"no workbook")
        stored = await take(session, id, data)
        assert (stored.accepted, stored.refused) == (1, 1)
        assert await take(session, id, data) == actions.Stored()
        assert (await queries.files(session))[0].status is FileStatus.HANDED_IN  # one row has no answer yet
        await take(session, id, receipt_file(file.number, answers, at=NOW))
        done = (await queries.files(session))[0]
        lines = await queries.file_rows(session, id)
    assert (done.status, done.accepted, done.refused) == (FileStatus.ANSWERED, 2, 1)
    assert [(one.row_no, one.accepted, one.code) for one in lines] == [
        (2, True, ""),
        (3, False, "id_number"),
        (4, True, ""),
    ]
    bad = lines[1].registration_id
    async with services.db.transaction() as session:
        await actions.requeue(session, OFFICER, bad, now=NOW)
    assert (await statuses(services))["N0001"] is PlatformStatus.FIXED
    assert await jobs.register_pending(services) == jobs.Sent(1, 0)
    async with services.db.transaction() as session:
        deeds = (await session.execute(text("SELECT action FROM exam.audit_records ORDER BY seq"))).scalars().all()
    assert {"certificates.export", "certificates.hand_in", "certificates.receipt"} <= set(deeds)


async def take(session: Any, id: UUID, data: bytes) -> actions.Stored:
    return await actions.store_receipt_file(
        session, OFFICER, file_id=id, home_format=FORMAT, name="回执.xlsx", data=data, now=NOW
    )


async def test_a_cancelled_file_gives_its_rows_back_and_withdrawals_go_by_file_too(services: Services) -> None:
    _, second = await put(services, 2)
    id = await export(services)
    async with services.db.transaction() as session:
        await actions.cancel_file(session, OFFICER, id, now=NOW)
        with pytest.raises(actions.FileMoved):
            await actions.hand_in(session, OFFICER, id, now=NOW)
    assert set((await statuses(services)).values()) == {PlatformStatus.QUEUED}
    await jobs.register_pending(services)
    async with services.db.transaction() as session:
        await actions.mark_revoked(session, second, reason="舞弊")
    id = await export(services)
    async with services.db.transaction() as session:
        rows = await queries.file_submissions(session, services.vault, id)
        file = (await queries.files(session, file_id=id))[0]
    assert [(one.deed, one.reason) for one in rows] == [(Deed.WITHDRAW, "舞弊")]
    answer = receipt("N0001/1", "withdraw", NOW, platform_id="R", record_sha256="")
    async with services.db.transaction() as session:
        await take(session, id, receipt_file(file.number, [answer], at=NOW))
    assert await statuses(services) == {"N0000": PlatformStatus.ACCEPTED, "N0001": PlatformStatus.WITHDRAWN}
