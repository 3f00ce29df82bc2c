"""When a change of the program or of the schema has to wait, and what an override is worth.

A version is a fingerprint of the program's files: it needs no release number and notices a patched file. An override counts
for one fingerprint and for a day; it is signed by two accounts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from exam.kernel.errors import N_, Conflict, Forbidden, Invalid

CALM = timedelta(hours=24)
"""How long before a session nothing changes [C]."""
OVERRIDE_LIFE = timedelta(hours=24)
PACKAGES = ("exam", "scheduling", "scoring", "certificates", "templates")
SUFFIXES = frozenset({".py", ".sql", ".html", ".css", ".js", ".json", ".po", ".svg", ".txt"})


@dataclass(frozen=True, kw_only=True)
class NearSession:
    """A session that runs or starts soon."""

    starts_at: datetime
    site_name: str
    room_name: str


@dataclass(frozen=True, kw_only=True)
class Override:
    """What two people sign."""

    id: UUID
    fingerprint: str
    reason: str
    first_by: UUID
    first_name: str
    first_at: datetime
    second_by: UUID | None
    second_name: str
    second_at: datetime | None

    def counts(self, fingerprint: str, now: datetime) -> bool:
        """Whether both have signed, for this version, within a day."""
        signed = self.second_at is not None
        return signed and self.fingerprint == fingerprint and now - self.first_at < OVERRIDE_LIFE


class SessionsNear(Conflict):
    """Nothing changes while people sit an exam."""

    message = N_(
        "24 小时内有 %(n)s 场考试（最早 %(first)s，%(place)s），现在不能更换版本或升级数据库。请继续使用原来的版本；"
        "确有必要时，由两人各执行一次 kaowu override 签字后再试。"
    )


class SameSigner(Forbidden):
    """Two people are two."""

    message = N_("已由 %(name)s 签过字，第二次须由另一人签字。")


class NotASigner(Forbidden):
    """Exam officers and the province sign; a password alone does not."""

    message = N_("账号或密码不对，或该账号无权签字（须为考务管理员或省级）。")


class ReasonMissing(Invalid):
    """An override says why."""

    message = N_("请写明理由。")


def must_wait(near: Iterable[NearSession], override: bool) -> bool:
    """Whether a change has to wait. No session near: never."""
    return any(True for _ in near) and not override


def fingerprint(tree: Path) -> str:
    """SHA-256 over the names and contents of the program's files, the same in every checkout of one version."""
    whole = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((tree / package).rglob("*")):
            if path.suffix in SUFFIXES and path.is_file():
                whole.update(
                    path.relative_to(tree).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest()
                )
    return whole.hexdigest()
