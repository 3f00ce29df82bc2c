"""The batch file that the registry takes and the receipt file that it gives back (docs/formats/platform.md)."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook

from certificates.registry.rules import BadRequest, Deed, Row
from exam.kernel.canonical import canonical

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MOST_UNPACKED_BYTES: Final = 64_000_000
_SHEET, _COVER = "平台上报清单", "批次"
_HEADS: Final[Mapping[str, str]] = {
    "证书编号": "number", "版本": "version", "姓名": "holder_name", "证件类型": "id_type", "证件号码": "id_number",
    "证书代码": "certificate_code", "证书名称": "certificate_name", "等级": "level", "培训评价组织代码": "organisation_code",
    "培训评价组织": "organisation_name", "院校": "institution_name", "考核批次": "batch_code", "发证日期": "issued_on",
    "文件指纹": "sha256",
}  # fmt: skip
_DEEDS: Final = {"登记": Deed.REGISTER, "撤销": Deed.WITHDRAW}


def read_batch_file(data: bytes) -> tuple[str, list[Row]]:
    """The batch number and rows of a file; raises BadRequest naming what does not hold (count, digest, a head)."""
    cover = {str(row[0]): str(row[1]) for row in _cells(data, _COVER) if len(row) > 1}
    heads, *lines = _cells(data, _SHEET) or [[]]
    texts = [[str(cell) for cell in line] for line in lines]
    if cover.get("条数") != str(len(texts)):
        raise BadRequest("条数")
    if cover.get("内容摘要") != hashlib.sha256(canonical(texts)).hexdigest():
        raise BadRequest("内容摘要")
    missing = [head for head in (*_HEADS, "操作类型") if head not in heads]
    if missing:
        raise BadRequest("、".join(missing))
    return cover.get("批次号", ""), [_row(dict(zip(map(str, heads), line, strict=True))) for line in texts]


def _row(cells: Mapping[str, str]) -> Row:
    record: dict[str, Any] = {name: cells[head] for head, name in _HEADS.items()}
    if not cells["版本"].isdigit() or cells["操作类型"] not in _DEEDS:
        raise BadRequest(f"{cells['证书编号']}: 版本、操作类型")
    record["version"] = int(cells["版本"])
    reason = cells.get("撤销原因", "")
    return Row(
        key=f"{record['number']}/{record['version']}", deed=_DEEDS[cells["操作类型"]], reason=reason, record=record
    )


def receipt_file(number: str, receipts: Sequence[Mapping[str, Any]], *, at: datetime) -> bytes:
    """The answer as a workbook: a cover that names the batch, and one row for each row of it. The same answer, the same bytes."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"created": at.replace(tzinfo=None)})
        text = book.add_format({"num_format": "@"})
        sheet = book.add_worksheet("回执")
        heads = ("证书编号", "版本", "操作类型", "处理结果", "平台编号", "记录摘要", "错误代码", "错误说明")
        words = {str(deed): word for word, deed in _DEEDS.items()}
        lines = [heads] + [
            (
                one["key"].rpartition("/")[0], one["key"].rpartition("/")[2], words[one["deed"]],
                "成功" if one["accepted"] else "失败", one["platform_id"], one["record_sha256"], one["code"], one["message"],
            )
            for one in receipts
        ]  # fmt: skip
        for place, line in enumerate(lines):
            for column, value in enumerate(line):
                sheet.write_string(place, column, str(value), text)
        cover = book.add_worksheet(_COVER)
        for place, pair in enumerate((("批次号", number), ("条数", str(len(receipts))), ("时间", at.isoformat()))):
            cover.write_string(place, 0, pair[0], text)
            cover.write_string(place, 1, pair[1], text)
    return out.getvalue()


def _cells(data: bytes, name: str) -> list[list[Any]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            if sum(one.file_size for one in package.infolist()) > _MOST_UNPACKED_BYTES:
                raise BadRequest("size")
        return list(CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name(name).to_python())
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError, KeyError) as error:
        raise BadRequest(name) from error
