"""Two people release the certificates of a batch, and anybody of the office can stop issuing at once.

What is released is a list: the outcomes, and for each of them what its certificate will say, as a hash. Who proposed it
does not approve it, and who published results does neither (domain.md section 2). What has changed since the approval is
left out by name, never printed unseen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from certificates.issuing.rules.face import Face
from exam.kernel.canonical import canonical
from exam.kernel.errors import N_, Conflict, Forbidden, Problem

GROUP: Final = 50
"""How many certificates a worker takes at a time: about a second's work, so that a dead worker holds little back."""


class ReleaseStatus(StrEnum):
    """Where the release of a batch stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    RETURNED = "returned"  # by the second officer, with a reason
    WITHDRAWN = "withdrawn"  # by whoever proposed it


R = ReleaseStatus
RELEASE_ALLOWED: Final[Mapping[ReleaseStatus, frozenset[ReleaseStatus]]] = MappingProxyType(
    {
        R.PROPOSED: frozenset({R.APPROVED, R.RETURNED, R.WITHDRAWN}),
        R.APPROVED: frozenset(),
        R.RETURNED: frozenset(),
        R.WITHDRAWN: frozenset(),
    }
)
RELEASE_LABELS: Final[Mapping[ReleaseStatus, str]] = MappingProxyType(
    {
        R.PROPOSED: N_("待另一名发证员批准"),
        R.APPROVED: N_("已批准"),
        R.RETURNED: N_("已退回"),
        R.WITHDRAWN: N_("已撤回"),
    }
)
RELEASE_TONES: Final[Mapping[ReleaseStatus, str]] = MappingProxyType(
    {R.PROPOSED: "needs", R.APPROVED: "done", R.RETURNED: "warning", R.WITHDRAWN: "stopped"}
)


class SameOfficer(Forbidden):
    """Two people release a batch."""

    message = N_("这份颁发申请是您提出的，须由另一名发证员批准。")
    way_out = N_("请另一名发证员登录后办理；您可以撤回申请。")


class PublisherMayNotRelease(Forbidden):
    """Separation of duties (domain.md section 2): who publishes results does not issue the certificates."""

    message = N_("您发布了其中 %(n)s 人的成绩，不能再为他们颁发证书。")
    way_out = N_("请由另一名发证员办理。")


class AlreadyProposed(Conflict):
    """One open proposal for a batch at a time."""

    message = N_("这个批次已有一份待批准的颁发申请。")
    way_out = N_("请先批准、退回或撤回它。")


class NothingToRelease(Conflict):
    """Nobody waits for a certificate, or nobody whose certificate can be printed."""

    message = N_("没有可以颁发的证书。")
    way_out = N_("请先处理页面上列出的问题，或等待成绩确定。")


class ListChanged(Conflict):
    """What the officer saw is not what would be decided on."""

    message = N_("名单在您查看之后已经变化。")
    way_out = N_("请刷新页面，核对最新名单后再决定。")


class NotProposed(Conflict):
    """The release was decided already."""

    message = N_("这份颁发申请现在是“%(status)s”，不能再改。")


class Halted(Conflict):
    """The stop switch is on."""

    message = N_("证书颁发已停止：%(reason)s")
    way_out = N_("须由两名发证员同意后恢复。")


class NotHalted(Conflict):
    """There is no stop to end."""

    message = N_("证书颁发没有停止，无须恢复。")


class SameResumer(Forbidden):
    """Two people end a stop."""

    message = N_("您已同意恢复颁发，还须另一名发证员同意。")
    way_out = N_("请另一名发证员登录后同意。")


@dataclass(frozen=True, kw_only=True)
class ReleaseItem:
    """One outcome on the list of a release. It holds no personal data: what will be printed stands there as a hash."""

    registration_id: UUID
    outcome_id: UUID
    outcome_version: int
    face_sha256: str
    held: str = ""  # codes of what stands in the way; empty: to be issued


@dataclass(frozen=True, kw_only=True)
class Release:
    """A proposal to issue, and what became of it."""

    id: UUID
    batch_id: UUID
    status: ReleaseStatus
    list_sha256: str
    issue_count: int
    held_count: int
    groups_count: int
    proposed_by: UUID
    proposed_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class Halt:
    """A stop of all issuing: in force until two people have ended it."""

    id: UUID
    reason: str
    halted_by: UUID
    halted_at: datetime
    first_by: UUID | None  # the first of the two who end it
    first_at: datetime | None
    resumed_by: UUID | None
    resumed_at: datetime | None

    @property
    def in_force(self) -> bool:
        return self.resumed_at is None


CHANGED_SINCE: Final = "changed_since"
HELD_LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "no_name": N_("没有姓名"),
        "no_glyph": N_("字体中没有姓名用字"),
        "too_long": N_("姓名放不下"),
        "no_photo": N_("没有照片"),
        "photo_kind": N_("照片不合规格"),
        "photo_shape": N_("照片不合规格"),
        "photo_small": N_("照片不合规格"),
        "no_room": N_("内容放不下"),
        "forbidden_words": N_("含有不得标注的字样"),
        "voided": N_("编号作废"),
        CHANGED_SINCE: N_("批准之后内容有变化"),
    }
)
"""Why somebody on a list gets no certificate now, by the code of the problem."""


def changed_since(face: Face) -> Problem:
    """What is said of somebody whose facts are no longer those that were approved."""
    return Problem(
        message=N_("%(name)s：批准之后内容有变化，这次没有颁发。"),
        facts={"name": face.holder_name},
        way_out=N_("请核对后重新提出颁发申请。"),
        code=CHANGED_SINCE,
    )


def face_sha256(face: Face, photo_sha256: str | None) -> str:
    """What a certificate will say, without the day on which it is issued."""
    facts = {name: value for name, value in face.as_data().items() if name != "issued_on"}
    return _digest({"face": facts, "photo": photo_sha256 or ""})


def list_sha256(items: Iterable[ReleaseItem]) -> str:
    """The hash of a list: what the first officer proposed is what the second approves. Empty lists have one too."""
    rows = sorted(
        [str(one.registration_id), str(one.outcome_id), one.outcome_version, one.face_sha256, one.held] for one in items
    )
    return _digest(rows)


def group_of(place: int) -> int:
    """The group, counted from 1, of the item at a place (from 0) of the list of those to be issued."""
    return place // GROUP + 1


def require_move(present: ReleaseStatus, wanted: ReleaseStatus) -> ReleaseStatus:
    """The next status, or `NotProposed`."""
    if wanted not in RELEASE_ALLOWED[present]:
        raise NotProposed(status=RELEASE_LABELS[present])
    return wanted


def _digest(value: object) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()
