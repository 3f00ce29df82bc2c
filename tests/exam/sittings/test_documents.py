"""The printed incident record: the sheets that apply, with the words of the case on them."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pikepdf
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel.printing import preview, render_print
from exam.sittings import actions, documents
from exam.sittings.actions import minutes
from exam.sittings.documents import incidents, rooms
from exam.sittings.queries import papers
from exam.sittings.rules import Effect
from exam.sittings.rules.minutes import Paper
from exam.sittings.rules.prints import IncidentPrint, ItemPrint
from tests.exam.day import make_day
from tests.exam.kernel.print_home import print_home

NOW = datetime(2026, 6, 22, 2, 0, tzinfo=UTC)

RECORDED = IncidentPrint(
    incident_id=uuid4(), number=3, batch_code="26001", certificate="物流管理 中级", component="理论", site="江城考点（420100）",
    room="机房 101", starts_at=NOW, ends_at=NOW + timedelta(minutes=60), name="欧阳样本", ticket_no="26001010001000202",
    id_masked="999900********0018", seat_no=2, code="C4", facts="09:42 使用手机拍摄屏幕", evidence="", seen_at=NOW, signed=True,
    witnesses=(), reported_name="监考甲", reported_at=NOW, confirmed_name=None, confirmed_at=None, effect=None, basis=None,
    decision=None, statement=None, decided_name=None, decided_at=None, objection_until=None, final_at=None,
)  # fmt: skip
PHONE = ItemPrint(item="黑色手机一部", kept_name="监考甲", kept_at=NOW)
DECIDED = replace(
    RECORDED, items=(PHONE,), signed=False, witnesses=("监考甲", "监考乙"), confirmed_name="主考甲", confirmed_at=NOW,
    effect=Effect.ALL_VOID, basis="考务规定第十二条", decision="认定作弊", decided_name="考务甲", decided_at=NOW,
)  # fmt: skip


@pytest.mark.parametrize(
    ("incident", "sheets"),
    [
        (RECORDED, ("record",)),
        (replace(RECORDED, evidence="录像"), ("record",)),
        (replace(RECORDED, items=(PHONE,)), ("record", "receipt")),
        (DECIDED, ("record", "receipt", "decision")),
        (replace(DECIDED, items=()), ("record", "decision")),
    ],
)
def test_only_the_sheets_that_apply_are_printed(incident: IncidentPrint, sheets: tuple[str, ...]) -> None:
    assert incident.kinds == sheets


async def test_the_record_is_a_pdf_with_a_page_a_sheet() -> None:
    data = await documents.incident_record(DECIDED, printed_by="考务甲", now=NOW, home=print_home())
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert len(pdf.pages) == 3


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_the_example_names_signature_and_effect(locale: str) -> None:
    html = preview("incident_record", locale="en" if locale == "en" else "zh")
    assert ("Refused to sign" if locale == "en" else "拒绝签字") in html
    assert "本次报考各科目成绩全部无效" in html


def test_a_facts_text_cannot_become_markup() -> None:
    sheets = [incidents._sheet(replace(RECORDED, facts="<b>x</b>"), "record", "甲", NOW)]
    assert "&lt;b&gt;x&lt;/b&gt;" in render_print("incident_record", sheets=sheets)


async def test_a_rooms_forms_are_blank_or_tell_what_was_recorded(session: AsyncSession) -> None:
    start = NOW + timedelta(hours=1)
    day = await make_day(session, start, component=1, paper=False)
    await actions.open_room(session, day.invigilator, room_session_id=day.room.id, now=start - timedelta(minutes=30))
    written = minutes.Written(start - timedelta(minutes=11), "甲监考", "乙监考", {"received": 4})
    await minutes.key_in_step(session, day.head, room_session_id=day.room.id, step="unseal", written=written, now=start)
    found = await papers.read_paper(session, day.room.id, start)
    for paper in Paper:
        for blank in (True, False):
            sheet = rooms.sheet_of(paper, found, printed_by="主考甲", now=start, blank=blank)
            html = render_print(paper, sheets=[sheet])
            told = not blank and paper in (Paper.RECORD, Paper.HANDOVER)
            assert ("甲监考" in html and "乙监考" in html) is told, (paper, blank)
    data = await documents.room_paper(Paper.RECORD, found, printed_by="主考甲", now=start, home=print_home())
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert len(pdf.pages) == 1
