"""The life of a pack, and every way in which one is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from certificates.packs.rules.contents import Names
from exam.kernel.errors import N_, Conflict, NotFound

HOLDS: Final = timedelta(days=7)
GROUP: Final = 200
"""Certificates whose bytes are read and compared between two words about the progress."""


class PackStatus(StrEnum):
    """Where a pack stands."""

    PREPARING = "preparing"
    READY = "ready"
    REFUSED = "refused"  # a stored file is missing or altered


class OwnerKind(StrEnum):
    """Whom a pack is for."""

    ORGANISATION = "organisation"
    INSTITUTION = "institution"


LABELS: Final[Mapping[PackStatus, str]] = MappingProxyType(
    {PackStatus.PREPARING: N_("正在核对"), PackStatus.READY: N_("可以下载"), PackStatus.REFUSED: N_("不能打包")}
)
TONES: Final[Mapping[PackStatus, str]] = MappingProxyType(
    {PackStatus.PREPARING: "needs", PackStatus.READY: "done", PackStatus.REFUSED: "stopped"}
)


class NothingToPack(Conflict):
    """The choice holds no certificate."""

    message = N_("没有可以打包的证书。")
    way_out = N_("请换一个批次或院校；证书颁发后才能打包。")


class NotReadyYet(Conflict):
    """The pack is still being prepared, or cannot be."""

    message = N_("这个文件包还没有准备好。")
    way_out = N_("请等核对完成后再下载。")


class PackOver(NotFound):
    """The end of the link has come."""

    message = N_("下载期限已过。")
    way_out = N_("请重新打包，内容按那时的状态列出。")


class PackChanged(Conflict):
    """What the pack was made of is no longer there: a holder's record was erased."""

    message = N_("打包之后内容有变化，这个文件包不能再下载。")
    way_out = N_("请重新打包。")


@dataclass(frozen=True, kw_only=True)
class Pack:
    """A pack that was ordered."""

    id: UUID
    owner_kind: OwnerKind
    owner_id: UUID
    batch_id: UUID
    institution_id: UUID | None
    order_id: UUID | None
    names: Names
    status: PackStatus
    count: int
    done: int
    size: int | None
    etag: str
    problem: str
    made_by: UUID
    made_at: datetime

    @property
    def ends_at(self) -> datetime:
        return self.made_at + HOLDS

    def over(self, now: datetime) -> bool:
        """Whether the link has ended."""
        return now >= self.ends_at
