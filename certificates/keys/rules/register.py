"""The register of keys: when one is in force, what a lost key makes of what it signed.

A key that was lost has a cut-off time. A signature's own time proves nothing then (whoever has the key writes any time
into it), so only the register counts: what stood there before the cut-off stands, everything else under that key does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from certificates.keys.rules.purposes import Algorithm, Purpose
from exam.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound, Unavailable

WARN_BEFORE: Final = timedelta(days=60)
OVERLAP: Final = timedelta(minutes=10)
"""How long the key before may still finish what is being drawn when another takes over."""


class KeyState(StrEnum):
    """Where a key stands."""

    IN_FORCE = "in_force"
    EXPIRING = "expiring"  # in force, ends within WARN_BEFORE
    WAITING = "waiting"  # not yet valid
    RETIRED = "retired"
    EXPIRED = "expired"
    STOPPED = "stopped"  # one person reported it lost; the second has not confirmed yet
    COMPROMISED = "compromised"


STATE_LABELS: Final = {
    KeyState.IN_FORCE: N_("使用中"),
    KeyState.EXPIRING: N_("即将到期"),
    KeyState.WAITING: N_("尚未生效"),
    KeyState.RETIRED: N_("已停用"),
    KeyState.EXPIRED: N_("已到期"),
    KeyState.STOPPED: N_("已暂停，等待第二人确认"),
    KeyState.COMPROMISED: N_("已失密"),
}
STATE_TONES: Final = {
    KeyState.IN_FORCE: "done",
    KeyState.EXPIRING: "warning",
    KeyState.WAITING: "needs",
    KeyState.RETIRED: "",
    KeyState.EXPIRED: "stopped",
    KeyState.STOPPED: "stopped",
    KeyState.COMPROMISED: "stopped",
}


class ReportState(StrEnum):
    """A report that a key was lost."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, kw_only=True)
class Report:
    """Who reported a key lost, from when on, and who confirmed or withdrew it."""

    id: UUID
    state: ReportState
    cut_off: datetime
    reason: str
    first_by: UUID
    first_name: str
    first_at: datetime
    second_name: str = ""
    second_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key of the register."""

    id: UUID
    name: str
    purpose: Purpose
    algorithm: Algorithm
    backend: str
    specimen: bool
    certificate_sha256: str
    public_sha256: str
    chain: str  # PEM, the signer first, the root last
    valid_from: datetime
    valid_to: datetime
    in_force_from: datetime
    registered_by: str
    retired_at: datetime | None
    report: Report | None = None

    def state(self, now: datetime) -> KeyState:
        """Where it stands at an instant."""
        if self.report is not None:
            return KeyState.COMPROMISED if self.report.state is ReportState.CONFIRMED else KeyState.STOPPED
        if self.retired_at is not None and now >= self.retired_at:
            return KeyState.RETIRED
        if now > self.valid_to:
            return KeyState.EXPIRED
        if now < max(self.valid_from, self.in_force_from):
            return KeyState.WAITING
        return KeyState.EXPIRING if self.valid_to - now <= WARN_BEFORE else KeyState.IN_FORCE


SIGNING: Final = frozenset({KeyState.IN_FORCE, KeyState.EXPIRING})


@dataclass(frozen=True, kw_only=True)
class Cutoff:
    """From when on a key is not trusted, and why."""

    certificate_sha256: str
    name: str
    purpose: Purpose
    at: datetime
    reason: str


def stands(cutoffs: Iterable[Cutoff], certificate_sha256: str, recorded_at: datetime | None) -> bool:
    """Whether what a key signed is trusted: it has no cut-off, or the register had it before (``recorded_at``, None: never)."""
    ends = [one.at for one in cutoffs if one.certificate_sha256 == certificate_sha256]
    return not ends or (recorded_at is not None and recorded_at < min(ends))


class KeyRefused(Unavailable):
    """A key may not sign now."""

    message = N_("密钥“%(name)s”现在不能用来签署：%(state)s。")
    way_out = N_("请用 kaowu keys rotate 换上新的密钥；没有签署的证书会接着办理。")


class KeyUnknown(Unavailable):
    """A real key signs only once it stands in the register."""

    message = N_("密钥“%(name)s”没有登记，不能用来签署。")
    way_out = N_("请用 kaowu keys rotate 登记并启用它。")


class WrongPurpose(Invalid):
    """The key or its certificate is for something else."""

    message = N_("密钥“%(name)s”不能用于“%(purpose)s”：%(faults)s。")
    way_out = N_("请使用为这一用途签发的证书；一把密钥只能有一种用途。")


class NameTaken(Conflict):
    """Names in the register stay with their key."""

    message = N_("登记中已有名为“%(name)s”的另一把密钥。")
    way_out = N_("请换一个名称，例如加上年份。")


class NoSuchKey(NotFound):
    """No key of this name stands in the register."""

    message = N_("登记中没有密钥“%(name)s”。")
    way_out = N_("请用 kaowu keys list 查看名称。")


class SamePerson(Forbidden):
    """The second person must be another one."""

    message = N_("%(name)s 已经报告过，须由另一人确认。")
    way_out = N_("请由另一名有权限的人登录后办理。")


class WrongCutoff(Invalid):
    """A cut-off lies in the past."""

    message = N_("失密时间不能晚于现在。")
    way_out = N_("请写最早可能失密的时间；不确定时宁早勿晚。")


class ReasonNeeded(Invalid):
    """Why must be written."""

    message = N_("请写明理由。")


class NothingReported(Conflict):
    """There is no open report of this key."""

    message = N_("没有待确认的失密报告。")
