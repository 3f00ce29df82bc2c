"""Batch files for a platform that takes files: their format as data with a version, their rows, and what a receipt file must say.

A format is a JSON document (docs/formats/platform.md): columns with their head, the field, a code table or a date form. Every cell is
text, so that an ID number keeps its 18 digits and no value is taken for a formula.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as default
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from certificates.platform.rules.records import Deed, Receipt, Submission
from exam.kernel.canonical import canonical
from exam.kernel.errors import N_, Invalid, Problem

MOST_ROWS: Final = 500
"""A batch file holds so many rows; the rest goes into the next."""


class FileStatus(StrEnum):
    """How far a batch file has come."""

    EXPORTED = "exported"
    HANDED_IN = "handed_in"
    ANSWERED = "answered"
    CANCELLED = "cancelled"


FILE_LABELS: Final[Mapping[FileStatus, str]] = MappingProxyType(
    {
        FileStatus.EXPORTED: N_("已导出，待提交"),
        FileStatus.HANDED_IN: N_("已提交，待回执"),
        FileStatus.ANSWERED: N_("回执已读入"),
        FileStatus.CANCELLED: N_("已取消"),
    }
)
FILE_TONES: Final[Mapping[FileStatus, str]] = MappingProxyType(
    {
        FileStatus.EXPORTED: "needs",
        FileStatus.HANDED_IN: "needs",
        FileStatus.ANSWERED: "done",
        FileStatus.CANCELLED: "plain",
    }
)


class BadFormat(Invalid):
    """A format document cannot be used."""

    message = N_("文件格式定义“%(name)s”有误：%(place)s。")
    way_out = N_("请按 docs/formats/platform.md 修改后重试。")


class ReceiptRefused(Invalid):
    """A receipt file does not answer this batch; nothing of it was stored."""

    message = N_("回执文件有误，没有保存任何更改。")
    way_out = N_("请确认上传的是这一批的回执，或联系平台重新导出。")


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: its head, the field it shows, how wide, and how values are written."""

    head: str
    field: str
    width: int = 14
    codes: Mapping[str, str] = default(default_factory=dict)
    date_form: str = ""


@dataclass(frozen=True, kw_only=True)
class ReceiptHeads:
    """The heads of a receipt file, and what its words mean."""

    sheet: str
    cover: str
    batch: str
    number: str
    version: str
    result: str
    platform_id: str
    digest: str
    code: str
    message: str
    accepted: frozenset[str]
    refused: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class FileFormat:
    """A version of a platform's batch file."""

    name: str
    version: int
    sha256: str
    sheet: str
    cover: str
    columns: tuple[Column, ...]
    receipt: ReceiptHeads


FIELDS: Final = frozenset(
    {
        "row", "deed", "reason", "number", "version", "holder_name", "id_type", "id_number", "certificate_code",
        "certificate_name", "level", "organisation_code", "organisation_name", "institution_name", "batch_code",
        "issued_on", "sha256",
    }
)  # fmt: skip


def read_format(data: Mapping[str, Any]) -> FileFormat:
    """A format from its JSON; raises BadFormat naming the place."""
    name = str(data.get("name", "?"))
    try:
        columns = tuple(_column(name, one) for one in data["columns"])
        heads = data["receipt"]
        receipt = ReceiptHeads(
            **{key: str(heads[key]) for key in _RECEIPT_TEXTS},
            accepted=frozenset(map(str, heads["accepted"])),
            refused=frozenset(map(str, heads["refused"])),
        )
        found = FileFormat(
            name=name,
            version=int(data["version"]),
            sha256=hashlib.sha256(canonical(dict(data))).hexdigest(),
            sheet=str(data["sheet"]),
            cover=str(data["cover"]),
            columns=columns,
            receipt=receipt,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadFormat(name=name, place=str(error)) from error
    doubled = sorted(head for head, count in Counter(one.head for one in columns).items() if count > 1)
    missing = sorted({"number", "version", "deed"} - {one.field for one in columns})
    if doubled or missing or receipt.accepted & receipt.refused or not receipt.accepted:
        raise BadFormat(name=name, place="、".join([*doubled, *missing]) or "receipt")
    return found


_RECEIPT_TEXTS: Final = (
    "sheet", "cover", "batch", "number", "version", "result", "platform_id", "digest", "code", "message",
)  # fmt: skip


def _column(name: str, data: Mapping[str, Any]) -> Column:
    if data["field"] not in FIELDS:
        raise BadFormat(name=name, place=str(data["field"]))
    date_form = str(data.get("date", ""))
    date(2026, 1, 2).strftime(date_form)
    return Column(
        head=str(data["head"]),
        field=str(data["field"]),
        width=int(data.get("width", 14)),
        codes=MappingProxyType({str(key): str(value) for key, value in data.get("codes", {}).items()}),
        date_form=date_form,
    )


def lines_of(format: FileFormat, rows: Sequence[Submission]) -> tuple[list[list[str]], list[Problem]]:
    """The cells of every row, and what cannot be written: a value that the code table does not know, by row and head."""
    lines: list[list[str]] = []
    problems: list[Problem] = []
    for number, row in enumerate(rows, start=1):
        line: list[str] = []
        for column in format.columns:
            value = _value(row, column.field, number)
            if isinstance(value, date):
                value = value.strftime(column.date_form) if column.date_form else value.isoformat()
            text = str(value)
            if column.codes:
                if text not in column.codes:
                    problems.append(
                        Problem(
                            message=N_("%(number)s 的“%(value)s”在代码表中没有对应的代码。"),
                            facts={"number": row.record.number, "value": text},
                            field=column.head, row=number + 1, code="code_table",
                            way_out=N_("请在格式定义的代码表中补上它，或更正这一项。"),
                        )
                    )  # fmt: skip
                text = column.codes.get(text, "")
            line.append(text)
        lines.append(line)
    return lines, problems


def _value(row: Submission, field: str, number: int) -> object:
    match field:
        case "row":
            return number
        case "deed":
            return str(row.deed)
        case "reason":
            return row.reason
        case _:
            return getattr(row.record, field)


def content_digest(lines: Sequence[Sequence[str]]) -> str:
    """SHA-256 of the cells: stands on the cover beside the count, so that a shortened or changed file is noticed."""
    return hashlib.sha256(canonical([list(line) for line in lines])).hexdigest()


def file_number(day: date, count: int) -> str:
    """The number of the `count`-th batch file of a day (from 1)."""
    return f"P{day:%Y%m%d}-{count:03}"


# ---------------------------------------------------------------- receipts


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A row of the batch that waits for its answer."""

    row_no: int
    key: str
    deed: Deed


def read_receipt_file(
    format: FileFormat, number: str, sent: Sequence[Sent], cover: Mapping[str, str], cells: Sequence[Sequence[str]],
    *, at: datetime,
) -> list[Receipt]:  # fmt: skip
    """The receipts of a batch from the cells of its receipt file; raises ReceiptRefused with every problem by row.

    The batch number must be the one that was handed in; each answered row must be one of the batch, once, with a result that the
    format knows. Rows without an answer stay open: they come with the next receipt file.
    """
    heads = format.receipt
    if cover.get(heads.batch) != number:
        wrong = Problem(
            message=N_("回执的批次号是“%(found)s”，这一批是 %(number)s。"),
            facts={"found": cover.get(heads.batch, ""), "number": number}, field=heads.batch, code="other_batch",
        )  # fmt: skip
        raise ReceiptRefused(problems=[wrong])
    first = [str(cell).strip() for cell in cells[0]] if cells else []
    missing = [head for head in (heads.number, heads.version, heads.result, heads.platform_id) if head not in first]
    if missing:
        raise ReceiptRefused(
            problems=[Problem(message=N_("缺少“%(field)s”列。"), facts={"field": one}, field=one, row=1, code="column")
                      for one in missing]
        )  # fmt: skip
    by_key = {one.key: one for one in sent}
    found: dict[str, Receipt] = {}
    problems: list[Problem] = []
    for row_no, line in enumerate(cells[1:], start=2):
        values = {head: str(cell).strip() for head, cell in zip(first, line, strict=False)}
        if not any(values.values()):
            continue
        key = f"{values[heads.number]}/{values[heads.version]}"
        problem = _row_problem(heads, by_key, found, key, values)
        if problem is not None:
            problems.append(
                Problem(message=problem[0], facts=problem[2], field=problem[1], row=row_no, code="receipt_row")
            )
            continue
        accepted = values[heads.result] in heads.accepted
        found[key] = Receipt(
            key=key, deed=by_key[key].deed, accepted=accepted, platform_id=values[heads.platform_id],
            record_sha256=values.get(heads.digest, ""), code=values.get(heads.code, "")[:60],
            message=values.get(heads.message, "")[:500], at=at.isoformat(),
        )  # fmt: skip
    if problems:
        raise ReceiptRefused(problems=problems)
    if not found:
        raise ReceiptRefused(problems=[Problem(message=N_("回执里没有一行结果。"), code="empty")])
    return list(found.values())


def _row_problem(
    heads: ReceiptHeads, sent: Mapping[str, Sent], found: Mapping[str, Receipt], key: str, values: Mapping[str, str]
) -> tuple[str, str, dict[str, object]] | None:
    """Message, field and facts of what is wrong with a row of a receipt file."""
    if key not in sent:
        return N_("%(key)s 不在这一批中。"), heads.number, {"key": key}
    if key in found:
        return N_("%(key)s 出现了两次。"), heads.number, {"key": key}
    result = values[heads.result]
    if result not in heads.accepted | heads.refused:
        return N_("不认识的处理结果“%(result)s”。"), heads.result, {"result": result}
    if result in heads.accepted and not values[heads.platform_id]:
        return N_("处理成功，但没有平台编号。"), heads.platform_id, {}
    return None
