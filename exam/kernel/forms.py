"""What browsers send: forms and files, parsed into msgspec structs with every problem named by its field."""

import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from litestar import Request
from litestar.datastructures import UploadFile

from exam.kernel.errors import N_, Invalid, Problem

S = TypeVar("S", bound=msgspec.Struct)

_EXPECTED = {
    int: N_("请填写整数。"),
    Decimal: N_("请填写数字，例如 59.5。"),
    date: N_("请填写日期，例如 2026-05-16。"),
    datetime: N_("请填写日期和时间，例如 2026-05-16T09:00。"),
    UUID: N_("所选的项目不存在，请从列表重新选择。"),
}
_MISSING = N_("请填写此项。")
_WRONG = N_("此项的内容不符合要求。")
_MINUTES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_CONTROL = {character: None for character in range(32) if character not in (9, 10, 13)}


@dataclass(frozen=True)
class Upload:
    """A file that was sent: the name its sender gave it (never used as a path) and its bytes."""

    filename: str
    data: bytes


async def parse_form(request: Request[Any, Any, Any], form: type[S]) -> S:
    """Return the request's form as ``form``; raise :class:`Invalid` that lists every field's problem."""
    data = await request.form()
    return convert({name: data.getall(name) for name in data}, form)


def convert(sent: Mapping[str, Sequence[Any]], form: type[S]) -> S:
    """Convert sent values (each name with its list of texts) to a struct; blank is missing, texts are trimmed."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for field in msgspec.structs.fields(form):
        texts = [_clean(text) for text in sent.get(field.encode_name, []) if isinstance(text, str)]
        texts = [text for text in texts if text]
        if not texts:
            if field.required and not _is_list(field.type):
                problems.append(Problem(field=field.encode_name, message=_MISSING, code="missing"))
            elif field.required:
                values[field.name] = msgspec.convert([], field.type)
            continue
        raw: Any = texts if _is_list(field.type) else texts[-1]
        if raw == "on" and _plain(field.type) is bool:
            raw = "true"
        if _plain(field.type) is datetime and _MINUTES.fullmatch(str(raw)):
            raw = f"{raw}:00"  # what <input type=datetime-local> sends
        try:
            values[field.name] = msgspec.convert(raw, field.type, strict=False)
        except (msgspec.ValidationError, ValueError):
            message = _EXPECTED.get(_plain(field.type), _WRONG)
            problems.append(Problem(field=field.encode_name, message=message, code="malformed"))
    if problems:
        raise Invalid(problems=problems)
    return form(**values)


async def upload(request: Request[Any, Any, Any], name: str, *, limit_bytes: int) -> Upload:
    """Return one uploaded file; raise :class:`Invalid` when it is missing, empty or larger than the limit."""
    files = await uploads(request, name, limit_bytes=limit_bytes)
    if not files:
        raise Invalid(problems=[Problem(field=name, message=N_("请选择一个文件。"), code="missing")])
    return files[0]


async def uploads(request: Request[Any, Any, Any], name: str, *, limit_bytes: int) -> list[Upload]:
    """Return the uploaded files of one field, each within the limit; an empty file is refused by name."""
    sent = [file for file in (await request.form()).getall(name, []) if isinstance(file, UploadFile) and file.filename]
    result = []
    for file in sent:
        data = await file.read(limit_bytes + 1)
        shown = _clean(file.filename)[-120:]
        if len(data) > limit_bytes:
            raise Invalid(
                problems=[
                    Problem(
                        field=name,
                        code="too_large",
                        message=N_("文件 %(name)s 超过 %(limit)s MB，没有读取。"),
                        facts={"name": shown, "limit": limit_bytes // 1_000_000},
                    )
                ]
            )
        if not data:
            raise Invalid(
                problems=[
                    Problem(
                        field=name,
                        code="empty_file",
                        message=N_("文件 %(name)s 是空的。"),
                        facts={"name": shown},
                    )
                ]
            )
        result.append(Upload(shown, data))
    return result


def _clean(text: str) -> str:
    return text.translate(_CONTROL).strip()


def _is_list(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (list, tuple, set, frozenset)


def _plain(annotation: Any) -> Any:
    """Return the type inside Optional and Annotated."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _plain(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        inner = [argument for argument in typing.get_args(annotation) if argument is not types.NoneType]
        return _plain(inner[0])
    return annotation
