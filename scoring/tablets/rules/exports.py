"""The export file of a tablet (`kaowu-tablet-export/1`): what it must be like, and each way in which it may be wrong.

Read from outside in: is it an export file, of this version, of a tablet we know, unchanged since the tablet signed it, sealed
for this server, and of the same tablet inside as outside. Nothing of a file that fails one of these is taken.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from exam.kernel.canonical import MOST
from exam.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from scoring.tablets.rules.events import Event, Kind

FORMAT: Final = "kaowu-tablet-export/1"
FAMILY: Final = "kaowu-tablet-export/"
BYTES_MOST: Final = 20_000_000
_MEMBERS: Final = frozenset({"format", "device", "ephemeral", "nonce", "sealed", "signature"})


class ImportStatus(StrEnum):
    """Where an uploaded file stands."""

    WAITING = "waiting"
    TAKEN = "taken"
    DECLINED = "declined"


IMPORT_LABELS: Mapping[ImportStatus, str] = {
    ImportStatus.WAITING: N_("等待第二人核对"),
    ImportStatus.TAKEN: N_("已导入"),
    ImportStatus.DECLINED: N_("不予导入"),
}


class NotAnExport(Invalid):
    """Another file altogether."""

    message = N_("这不是平板导出的文件，没有导入任何记录。")
    way_out = N_("请选择平板上“导出文件”生成的文件。")


class ExportOtherVersion(Invalid):
    """An export file of another version of the program."""

    message = N_("导出文件的格式是 %(format)s，本系统只接收 %(own)s，没有导入任何记录。")
    way_out = N_("请在平板上更新程序（记录会保留）后重新导出；无法更新时联系考务管理员。")


class ExportOfStranger(NotFound):
    """Of a tablet that nobody registered here."""

    message = N_("导出文件来自一台没有在本系统登记的平板，没有导入任何记录。")
    way_out = N_("请核对是不是别的考试系统的平板；文件可以保留，登记信息恢复后再导入。")


class ExportOfOtherSite(Forbidden):
    """Of a tablet of another site."""

    message = N_("导出文件来自别的站点的平板 %(label)s，没有导入任何记录。")
    way_out = N_("请交给该站点的主考或考务管理员导入。")


class ExportEdited(Forbidden):
    """Changed since the tablet signed it."""

    message = N_("导出文件与平板 %(label)s 的签名不符：导出后被改动过或不完整，没有导入任何记录。")
    way_out = N_("请从平板重新导出到另一个 U 盘；平板上的记录不受影响。")


class ExportForOther(Forbidden):
    """Signed by our tablet, and sealed for another server."""

    message = N_("平板 %(label)s 的导出文件不是为本系统加密的，无法打开，没有导入任何记录。")
    way_out = N_("请在平板上联网更新一次本系统的考务包后重新导出，或在导出时所用的系统导入。")


class ExportMixed(Invalid):
    """Another tablet's events inside than the outside says."""

    message = N_("导出文件外面写的是平板 %(label)s，里面却是另一台平板的记录，没有导入任何记录。")
    way_out = N_("请从平板重新导出；仍然如此时联系考务管理员。")


class OwnSecondLook(Conflict):
    """The second look is another person's."""

    message = N_("第二人核对须由另一人办理：这份文件是您自己上传的。")
    way_out = N_("请由另一名考务管理员或站点主考核对。")


class OfficerMissing(Forbidden):
    """One of the two is an officer."""

    message = N_("两人中至少一人须是考务管理员。")
    way_out = N_("这份文件由站点主考上传，请由考务管理员核对。")


class AlreadyDecided(Conflict):
    """Somebody was first."""

    message = N_("这份文件已经核对过了。")


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """An export file as it lies there: nobody but the server can read on."""

    device_id: UUID
    body: Mapping[str, Any]  # what is signed
    ephemeral: bytes
    nonce: bytes
    sealed: bytes
    signature: bytes


@dataclass(frozen=True, kw_only=True)
class Export:
    """What was inside: the tablet's chain as far as it goes, every event as it was sent."""

    last: int
    events: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What an export comes to, for the second person to look at."""

    events: int
    signed: int
    fresh: int  # not on the server yet
    first_said_at: str
    last_said_at: str


def read_file(data: bytes) -> Sealed:
    """The file's parts; raises NotAnExport, ExportOtherVersion."""
    try:
        sent = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise NotAnExport from error
    format = sent.get("format") if isinstance(sent, dict) else None
    if not isinstance(format, str) or not format.startswith(FAMILY):
        raise NotAnExport
    if format != FORMAT:
        raise ExportOtherVersion(format=format[:40], own=FORMAT)
    if set(sent) != _MEMBERS or not all(isinstance(one, str) for one in sent.values()):
        raise NotAnExport
    try:
        return Sealed(
            device_id=UUID(sent["device"]),
            body={name: value for name, value in sent.items() if name != "signature"},
            ephemeral=_bytes(sent["ephemeral"]),
            nonce=_bytes(sent["nonce"]),
            sealed=_bytes(sent["sealed"]),
            signature=_bytes(sent["signature"]),
        )
    except (ValueError, binascii.Error) as error:
        raise NotAnExport from error


def read_inside(plain: bytes, device_id: UUID, label: str) -> Export:
    """What was sealed; raises NotAnExport, ExportMixed. Each event is still to be read."""
    try:
        found = json.loads(plain)
    except (ValueError, RecursionError) as error:
        raise NotAnExport from error
    if not isinstance(found, dict) or set(found) != {"device", "last", "events"}:
        raise NotAnExport
    last, events = found["last"], found["events"]
    whole = isinstance(last, int) and not isinstance(last, bool) and 0 <= last <= min(MOST, 2**31 - 1)
    if not whole or not isinstance(events, list) or not all(isinstance(one, dict) for one in events):
        raise NotAnExport
    if found["device"] != str(device_id) or any(one.get("device") != str(device_id) for one in events):
        raise ExportMixed(label=label)
    return Export(last=last, events=tuple(events))


def contents(events: Collection[Event], known: Collection[str]) -> Contents:
    """What events come to; `known`: hashes the server has. Of none there is nothing to tell."""
    said = sorted(one.said_at for one in events)
    return Contents(
        events=len(events),
        signed=sum(one.kind is Kind.SIGNED for one in events),
        fresh=sum(one.hash not in known for one in events),
        first_said_at=said[0] if said else "",
        last_said_at=said[-1] if said else "",
    )


def require_second(*, uploaded_by: UUID, uploader_officer: bool, decider: UUID, decider_officer: bool) -> None:
    """Two people look at the file of a revoked tablet, one of them an officer."""
    if uploaded_by == decider:
        raise OwnSecondLook
    if not uploader_officer and not decider_officer:
        raise OfficerMissing


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
