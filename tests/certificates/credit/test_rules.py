"""Credits: a month by the calendar, states, what a proposal and a conversion need, and the lengths of the reporting tables."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO

import pytest
from openpyxl import load_workbook

from certificates.credit.documents import TABLES, reporting_table
from certificates.credit.rules import (
    GZXZSSJ,
    NOT_STORED,
    PERSON_ALLOWED,
    PERSON_LABELS,
    PERSON_TONES,
    TYPE_ALLOWED,
    TYPE_LABELS,
    TYPE_TONES,
    XSJNZSSJ,
    CreditMoveRefused,
    PersonStatus,
    Reported,
    TypeStatus,
    certificate_row,
    conversion_problems,
    person_move,
    proposal_due,
    proposal_problems,
    student_row,
    table_problems,
    type_move,
)

AT = datetime(2026, 5, 16, 1, 2, 3, tzinfo=UTC)
ONE = Reported(
    number="WL01WLG22026420000013", holder_name="张三", school_code="4142010001", major_code="530802", place="样本考点",
    organisation_code="WL01", organisation_name="样本组织", certificate_name="物流管理", level="中级",
    issued_on=date(2026, 5, 16), registered=True,
)  # fmt: skip


@pytest.mark.parametrize(
    ("published", "due", "provisional"),
    [
        ("2026-03-10", "2026-04-10", False),
        ("2026-01-31", "2026-02-28", False),  # the month's end, a make-up Saturday
        ("2026-09-01", "2026-10-08", False),  # 1 October: the holiday ends on the 7th
        ("2026-04-02", "2026-05-06", False),
        ("2026-12-15", "2027-01-15", True),  # that year's notice is not there
        ("2024-01-31", "2024-02-29", False),
    ],
)
def test_a_proposal_is_due_a_month_after_publication(published: str, due: str, provisional: bool) -> None:
    found = proposal_due(date.fromisoformat(published))
    assert (found.on, found.provisional) == (date.fromisoformat(due), provisional)


def test_only_named_moves_are_allowed_and_every_status_has_words() -> None:
    for present, wanted in itertools.product(TypeStatus, TypeStatus):
        if wanted in TYPE_ALLOWED[present]:
            assert type_move("x", present, wanted) is wanted
        else:
            with pytest.raises(CreditMoveRefused):
                type_move("x", present, wanted)
    for here, there in itertools.product(PersonStatus, PersonStatus):
        if there in PERSON_ALLOWED[here]:
            assert person_move("x", here, there) is there
        else:
            with pytest.raises(CreditMoveRefused):
                person_move("x", here, there)
    assert set(TYPE_LABELS) == set(TYPE_TONES) == set(TypeStatus)
    assert set(PERSON_LABELS) == set(PERSON_TONES) == set(PersonStatus)
    assert PersonStatus.STORED not in NOT_STORED


def test_a_proposal_needs_hours_credits_and_a_rule() -> None:
    assert proposal_problems(hours=Decimal(128), credits=Decimal(8), rule="16 学时 1 学分") == []
    wrong = proposal_problems(hours=Decimal(0), credits=Decimal(101), rule=" ")
    assert [one.field for one in wrong] == ["hours", "credits", "rule"]


def test_a_conversion_needs_a_course_and_no_more_than_was_stored_a_refusal_a_reason() -> None:
    eight = Decimal(8)

    def fields(**given: object) -> list[str]:
        whole = {"converted": True, "course": "仓储实务", "credits": Decimal(4), "reason": "", "stored": eight}
        return [one.field for one in conversion_problems(**{**whole, **given})]  # type: ignore[arg-type]

    assert fields() == []
    assert fields(credits=eight) == []
    assert fields(course=" ", credits=Decimal(9)) == ["course", "credits"]
    assert fields(credits=None) == ["credits"]
    assert fields(converted=False) == ["reason"]
    assert fields(converted=False, reason="课程不对应", credits=None) == []


def test_rows_have_the_columns_and_lengths_of_the_tables() -> None:
    first, second = certificate_row(ONE, AT), student_row(ONE, AT)
    assert (len(first), len(second)) == (len(GZXZSSJ), len(XSJNZSSJ)) == (12, 11)
    assert (len(first[0]), first[10], first[11]) == (32, "20260516 010203", "已上报")
    assert second[7] == "20260516"
    assert table_problems(GZXZSSJ, [first]) == table_problems(XSJNZSSJ, [second]) == table_problems(GZXZSSJ, []) == []
    long = replace(ONE, certificate_name="名" * 81, school_code="")
    found = table_problems(GZXZSSJ, [first, certificate_row(long, AT)])
    assert [(one.row, one.field, one.code) for one in found] == [
        (3, "学校代码", "missing"),
        (3, "证书名称", "too_long"),
    ]
    assert certificate_row(replace(ONE, school_code="other"), AT)[0] != first[0]


SECTION_8 = (  # table, column, longest value, must be filled, what the sample certificate gives
    ("certificates", "主键唯一性标识", 32, True, "1cde1e5c272bd7f643f3af38b7f52a81"),
    ("certificates", "学校代码", 10, True, "4142010001"),
    ("certificates", "证书号", 32, True, "WL01WLG22026420000013"),
    ("certificates", "专业号", 20, False, "530802"),
    ("certificates", "发证机构编码", 60, True, "WL01"),
    ("certificates", "发证机构名称", 150, True, "样本组织"),
    ("certificates", "证书名称", 80, True, "物流管理"),
    ("certificates", "证书类型", 30, True, "职业技能等级证书"),
    ("certificates", "证书等级", 10, True, "中级"),
    ("certificates", "鉴定地点", 100, False, "样本考点"),
    ("certificates", "数据采集时间", 15, True, "20260516 090203"),
    ("certificates", "上报状态", 10, True, "已上报"),
    ("students", "学校代码", 10, True, "4142010001"),
    ("students", "学号", 30, False, ""),
    ("students", "学生姓名", 60, True, "张三"),
    ("students", "发证机构编码", 60, True, "WL01"),
    ("students", "证书等级", 10, True, "中级"),
    ("students", "证书号", 32, True, "WL01WLG22026420000013"),
    ("students", "证书名称", 80, True, "物流管理"),
    ("students", "发证日期", 8, True, "20260516"),
    ("students", "是否支持电子证书", 1, True, "1"),
    ("students", "下载/打印次数", 10, False, "3"),
    ("students", "数据采集时间", 15, True, "20260516 090203"),
)


def test_every_column_is_the_one_of_the_national_tables() -> None:
    """Domain.md section 8, in its order; the time is China's, and levels keep the certificate's own words."""
    found = []
    for table in ("certificates", "students"):
        title, columns, _ = TABLES[table]
        sheet = load_workbook(BytesIO(reporting_table(table, [replace(ONE, downloads=3)], at=AT)[0]))[title]
        heads, values = sheet.iter_rows(values_only=True)
        for column, head, value in zip(columns, heads, values, strict=True):
            assert column.head == head
            found.append((table, head, column.longest, column.required, value))
    assert tuple(found) == SECTION_8
    assert student_row(ONE, AT)[9] == "0"
    assert certificate_row(replace(ONE, registered=False), AT)[11] == "未上报"
    assert [certificate_row(replace(ONE, level=level), AT)[8] for level in ("初级", "高级")] == ["初级", "高级"]


@pytest.mark.parametrize("table", sorted(TABLES))
def test_what_does_not_fit_stands_on_its_own_sheet_by_number(table: str) -> None:
    bad = replace(ONE, number="N2", school_code="12345678901", holder_name="=1+1")
    data, left_out = reporting_table(table, [ONE, bad], at=AT)
    assert left_out == 1
    book = load_workbook(BytesIO(data))
    title, columns, _ = TABLES[table]
    rows = list(book[title].iter_rows(values_only=True))
    assert [column.head for column in columns] == list(rows[0])
    assert len(rows) == 2
    assert {cell.data_type for cell in book[title][2] if cell.value} == {"s"}
    assert [line[:2] for line in book.worksheets[1].iter_rows(min_row=2, values_only=True)] == [("N2", "学校代码")]
    empty, none = reporting_table(table, [], at=AT)
    assert none == 0 and len(load_workbook(BytesIO(empty)).worksheets) == 1
