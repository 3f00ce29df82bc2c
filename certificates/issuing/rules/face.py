"""What stands on a certificate (domain.md section 7, document 10): a frozen record, and what forbids to print it."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from certificates.designs.rules.words import words_in_any
from exam.kernel.errors import N_, Problem

NAME_LIMIT: Final = 60


@dataclass(frozen=True, kw_only=True)
class Face:
    """The facts printed on one certificate, frozen when its number is reserved and never read again from elsewhere."""

    holder_name: str
    holder_name_latin: str
    id_type_zh: str
    id_type_en: str
    id_masked: str
    certificate_code: str
    certificate_name_zh: str
    certificate_name_en: str
    level: str  # catalogue Level value
    level_zh: str
    level_en: str
    organisation_code: str
    organisation_name_zh: str
    organisation_name_en: str
    institution_zh: str
    institution_en: str
    batch_code: str
    issued_on: date
    specimen: bool  # a demo organisation's: carries 演示 · 样本
    mark_zh: str = ""  # 补发, 更正
    mark_en: str = ""

    def as_data(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in self.__dataclass_fields__},
            "issued_on": self.issued_on.isoformat(),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Face:
        return cls(**{**data, "issued_on": date.fromisoformat(data["issued_on"])})

    @property
    def text(self) -> str:
        """Every character that will be printed of it."""
        return "".join(self.texts)

    @property
    def texts(self) -> tuple[str, ...]:
        """The same, each by itself."""
        return tuple(value for name in self.__dataclass_fields__ if isinstance(value := getattr(self, name), str))


@dataclass(frozen=True, kw_only=True)
class Eligible:
    """One outcome that may get a certificate, with all that its face and its number need."""

    registration_id: UUID
    outcome_id: UUID
    outcome_version: int
    batch_id: UUID
    person_id: UUID
    organisation_id: UUID
    certificate_id: UUID
    province_code: str
    photo_sha256: str | None
    published_by: UUID | None
    face: Face


def face_problems(face: Face, photo_sha256: str | None, missing: Set[str]) -> list[Problem]:
    """Why this certificate cannot be printed, each by name and before a number is spent; empty when it can."""
    problems: list[Problem] = []
    who: dict[str, object] = {"name": face.holder_name}
    if not face.holder_name.strip():
        problems.append(Problem(message=N_("没有姓名。"), field="name", code="no_name"))
    if missing:
        problems.append(
            Problem(
                message=N_("%(name)s：字体中没有“%(characters)s”，不能打印。"),
                facts={**who, "characters": "".join(sorted(missing))},
                way_out=N_("请核对姓名用字；确属生僻字时，请联系管理员补充字体。"),
                field="name",
                code="no_glyph",
            )
        )
    if words := words_in_any(face.texts):
        problems.append(
            Problem(
                message=N_("%(name)s：证书上会出现不得标注的“%(words)s”。"),
                facts={**who, "words": "、".join(words)},
                way_out=N_("请核对院校、证书和培训评价组织的名称；不得擅自标注“教育部指导”“职成司指导”“指定”等字样。"),
                code="forbidden_words",
            )
        )
    if len(face.holder_name) > NAME_LIMIT:
        problems.append(
            Problem(
                message=N_("%(name)s：姓名超过 %(limit)s 个字符，证书上放不下。"),
                facts={**who, "limit": NAME_LIMIT},
                field="name",
                code="too_long",
            )
        )
    if photo_sha256 is None:
        problems.append(
            Problem(
                message=N_("%(name)s：没有照片。"),
                facts=who,
                way_out=N_("请由院校补传照片后再发证。"),
                field="photo",
                code="no_photo",
            )
        )
    return problems
