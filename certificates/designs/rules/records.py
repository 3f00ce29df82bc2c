"""The life of a design: draft -> submitted -> approved by a second person -> in force -> retired; and its frozen record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from certificates.designs.rules.fields import SEAL_FIELD, TITLE
from exam.kernel.canonical import canonical
from exam.kernel.errors import N_, Conflict, Forbidden, Invalid, Unavailable

BUILT_IN: Final = "v1"
"""The version that comes with the system: ``templates/print/certificate/v1``."""
LIMIT_CHARACTERS: Final = 40_000
PRESS: Final = "press"
WEASYPRINT: Final = "weasyprint"
"""The two ways in which certificates of a design are drawn: put together by the press, or laid out one by one."""


class DesignStatus(StrEnum):
    """Where one version of a design stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"  # frozen while a second person looks at it
    APPROVED = "approved"
    PUBLISHED = "published"  # in force for its organisation
    RETIRED = "retired"


S = DesignStatus
ALLOWED: Final[Mapping[DesignStatus, frozenset[DesignStatus]]] = MappingProxyType(
    {
        S.DRAFT: frozenset({S.SUBMITTED, S.RETIRED}),
        S.SUBMITTED: frozenset({S.DRAFT, S.APPROVED}),
        S.APPROVED: frozenset({S.PUBLISHED, S.RETIRED}),
        S.PUBLISHED: frozenset({S.RETIRED}),
        S.RETIRED: frozenset(),
    }
)
LABELS: Final[Mapping[DesignStatus, str]] = MappingProxyType(
    {
        S.DRAFT: N_("草稿"),
        S.SUBMITTED: N_("待另一人批准"),
        S.APPROVED: N_("已批准，未启用"),
        S.PUBLISHED: N_("启用中"),
        S.RETIRED: N_("已停用"),
    }
)
TONES: Final[Mapping[DesignStatus, str]] = MappingProxyType(
    {S.DRAFT: "plain", S.SUBMITTED: "needs", S.APPROVED: "needs", S.PUBLISHED: "done", S.RETIRED: "plain"}
)


@dataclass(frozen=True, kw_only=True)
class Source:
    """What is edited: the template, its style and where the seal stands (millimetres from the lower left)."""

    html: str
    style: str
    seal_mm: tuple[float, float, float, float]

    @property
    def metadata(self) -> dict[str, Any]:
        """The form of ``metadata.json``."""
        return {
            "title_zh": TITLE,
            "title_en": "Vocational skill level certificate",
            "page": "A4 landscape",
            "variant": "pdf/a-3a",
            "seal": {"field": SEAL_FIELD, "box_mm": list(self.seal_mm)},
        }

    @property
    def sha256(self) -> str:
        """SHA-256 of the canonical JSON of all three: what approval, publication and a certificate's record name."""
        body = {"html": self.html, "style": self.style, "seal_mm": [f"{edge:g}" for edge in self.seal_mm]}
        return hashlib.sha256(canonical(body)).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Template:
    """What certificates are drawn with: a version of a design by its name, the hash of what it says, and what it says."""

    name: str
    sha256: str
    source: Source = field(compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class Design:
    """One version of a design."""

    id: UUID
    name: str  # what a certificate's record calls it: WL01-v2
    organisation_id: UUID | None  # None: for every organisation without one of its own
    version: int
    title: str
    status: DesignStatus
    source: Source
    revision: int
    based_on: str
    authors: Sequence[UUID]
    saved_at: datetime
    submitted_by: UUID | None
    submitted_at: datetime | None
    approved_by: UUID | None
    approved_at: datetime | None
    published_by: UUID | None
    published_at: datetime | None
    retired_at: datetime | None
    used_at: datetime | None
    way: str  # how it is drawn: press or weasyprint; empty until it is published
    reason: str

    @property
    def sha256(self) -> str:
        return self.source.sha256

    @property
    def template(self) -> Template:
        return Template(name=self.name, sha256=self.sha256, source=self.source)


class NotNow(Conflict):
    """The design does not stand where this step begins."""

    message = N_("版式 %(name)s 现在是“%(status)s”，不能做这一步。")
    way_out = N_("请刷新页面，查看最新状态。")


class NoLongerInForce(Unavailable):
    """Another design came into force between the look at what is to be printed and its number."""

    message = N_("版式 %(name)s 刚刚停用，这一步没有完成，没有占用编号。")
    way_out = N_("系统会用启用中的版式自动重试；也可以刷新页面再试。")


class Changed(Conflict):
    """Somebody else saved in between."""

    message = N_("别人刚刚保存了这个版式，您的修改没有保存。")
    way_out = N_("请在新窗口打开最新内容，把您的修改合并进去再保存。")


class SamePerson(Forbidden):
    """Who wrote or submitted a design does not approve it."""

    message = N_("版式须由另一名发证员批准：您编辑或提交过它。")
    way_out = N_("请由没有编辑过这个版式的发证员批准。")


class HasProblems(Invalid):
    """A design with problems goes no further."""

    message = N_("版式还有 %(count)s 处问题，没有提交。")
    way_out = N_("请按列出的行逐项修改。")


def move(name: str, present: DesignStatus, wanted: DesignStatus) -> DesignStatus:
    """The next status, or `NotNow`."""
    if wanted not in ALLOWED[present]:
        raise NotNow(name=name, status=LABELS[present])
    return wanted


def require_second(actor: UUID | None, design: Design) -> None:
    """Raise `SamePerson` unless the actor neither wrote nor submitted the design (nobody is no second person)."""
    if actor is None or actor in design.authors or actor == design.submitted_by:
        raise SamePerson


def name_of(organisation_code: str | None, version: int) -> str:
    """What a certificate's record calls a version: ``WL01-v2``, ``ALL-v3``."""
    return f"{organisation_code or 'ALL'}-v{version}"
