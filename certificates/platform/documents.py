"""Batch files and receipt files of the platform as workbooks: every cell text, so that an ID number keeps its digits and no value
is taken for a formula. How they look is data (`formats/*.json`, and `platform/*.json` in the data folder).
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook

from certificates.platform.rules import Submission
from certificates.platform.rules.batches import BadFormat, FileFormat, content_digest, lines_of, read_format
from exam.kernel.errors import N_, Invalid

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHIPPED: Final = Path(__file__).parent / "formats"
MOST_UNPACKED_BYTES: Final = 64_000_000
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # the same rows, the same bytes


class NotAWorkbook(Invalid):
    """The file cannot be read as a workbook."""

    message = N_("文件 %(name)s 不是可以读取的 Excel 工作簿（.xlsx），没有保存任何更改。")
    way_out = N_("请上传平台给出的原始回执文件，不要另存为其他格式。")


def formats(home: Path) -> list[FileFormat]:
    """Every version of the batch file that is known, the newest last; raises BadFormat for a document that is none."""
    return sorted(
        (_read(path, path.stat().st_mtime_ns) for folder in (SHIPPED, home / "platform") for path in sorted(folder.glob("*.json"))),
        key=lambda one: (one.name != "kaowu", one.name, one.version),
    )  # fmt: skip


@cache
def _read(path: Path, changed: int) -> FileFormat:
    try:
        return read_format(json.loads(path.read_text("utf-8")))
    except ValueError as error:
        raise BadFormat(name=path.name, place=str(error)) from error


def format_of(home: Path, name: str = "", version: int = 0) -> FileFormat:
    """A version by name, or the one in use: the last of an installation's own, else the shipped one."""
    known = formats(home)
    if not name:
        return known[-1]
    found = [one for one in known if (one.name, one.version) == (name, version)]
    if not found:
        raise BadFormat(name=name, place=f"version {version}")
    return found[0]


def batch_file(format: FileFormat, number: str, rows: Sequence[Submission]) -> bytes:
    """The workbook of a batch: its rows, and a cover with number, count and digest. The same rows, the same bytes."""
    lines, _ = lines_of(format, rows)
    out = io.BytesIO()
    options = {
        "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    }  # fmt: skip
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"created": _LONG_AGO})
        text = book.add_format({"num_format": "@"})
        head = book.add_format({"bold": True, "num_format": "@", "bottom": 1})
        sheet = book.add_worksheet(format.sheet)
        sheet.freeze_panes(1, 2)
        for place, column in enumerate(format.columns):
            sheet.set_column(place, place, column.width, text)
            sheet.write_string(0, place, column.head, head)
        for row_no, line in enumerate(lines, start=1):
            for place, value in enumerate(line):
                sheet.write_string(row_no, place, value, text)
        cover = book.add_worksheet(format.cover)
        cover.set_column(0, 1, 40, text)
        facts = (
            (format.receipt.batch, number), ("条数", str(len(lines))), ("内容摘要", content_digest(lines)),
            ("格式", f"{format.name}-{format.version}"),
        )  # fmt: skip
        for place, (name, value) in enumerate(facts):
            cover.write_string(place, 0, name, head)
            cover.write_string(place, 1, value, text)
    return out.getvalue()


def read_receipt_cells(format: FileFormat, name: str, data: bytes) -> tuple[dict[str, str], list[list[str]]]:
    """Cover and rows of a receipt file; raises NotAWorkbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            if sum(one.file_size for one in package.infolist()) > MOST_UNPACKED_BYTES:
                raise NotAWorkbook(name=name)
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        cover = {
            _text(row[0]): _text(row[1])
            for row in book.get_sheet_by_name(format.receipt.cover).to_python()
            if len(row) > 1
        }
        cells = [[_text(cell) for cell in row] for row in book.get_sheet_by_name(format.receipt.sheet).to_python()]
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError, KeyError, RuntimeError) as error:
        raise NotAWorkbook(name=name) from error
    return cover, cells


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
