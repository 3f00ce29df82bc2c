"""The batch list for the platform as a workbook (domain.md section 8): every cell text, so that an ID keeps its digits
and no value is taken for a formula. Columns are data with a version."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

import xlsxwriter

from certificates.platform.rules import PlatformRecord

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COLUMNS_VERSION: Final = 1
COLUMNS: Final[Sequence[tuple[str, str, int]]] = (
    ("序号", "", 6),
    ("姓名", "holder_name", 14),
    ("证件类型", "id_type", 14),
    ("证件号码", "id_number", 22),
    ("院校", "institution_name", 26),
    ("培训评价组织代码", "organisation_code", 16),
    ("培训评价组织", "organisation_name", 28),
    ("证书代码", "certificate_code", 10),
    ("证书名称", "certificate_name", 24),
    ("等级", "level", 8),
    ("考核批次", "batch_code", 14),
    ("证书编号", "number", 26),
    ("版本", "version", 6),
    ("发证日期", "issued_on", 12),
    ("文件指纹", "sha256", 40),
)


def platform_list(records: Sequence[PlatformRecord]) -> bytes:
    """The workbook of these records, in their order; with none, the head alone."""
    out = io.BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(out, options) as book:
        text = book.add_format({"num_format": "@"})
        head = book.add_format({"bold": True, "num_format": "@", "bottom": 1})
        sheet = book.add_worksheet("平台上报清单")
        sheet.freeze_panes(1, 2)
        for column, (_, _, width) in enumerate(COLUMNS):
            sheet.set_column(column, column, width, text)
        for column, (title, _, _) in enumerate(COLUMNS):
            sheet.write_string(0, column, title, head)
        for number, record in enumerate(records, start=1):
            for column, (_, name, _) in enumerate(COLUMNS):
                value = getattr(record, name) if name else number
                sheet.write_string(number, column, str(value), text)
    return out.getvalue()
