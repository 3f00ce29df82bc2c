"""What an exam is made of: levels, forms, components, pass rules and schemes, as frozen records.

Sources: three levels only (A01), four forms with their own cost caps (D01), pass rule per certificate
(domain section 4), an exempt part instead of an attempt (D12).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from exam.kernel.errors import N_


class Level(StrEnum):
    """A01: a fixed list; no certificate has a fourth level."""

    ELEMENTARY = "elementary"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"

    @property
    def zh(self) -> str:
        return LEVEL_LABELS[self]

    @property
    def en(self) -> str:
        return self.value.capitalize()

    @property
    def digit(self) -> int:
        """1, 2, 3 from elementary upwards, as used in numbers."""
        return list(Level).index(self) + 1


class Form(StrEnum):
    """D01: the four forms of assessment that carry a cost cap."""

    PAPER = "paper"
    COMPUTER = "computer"
    PRACTICAL_GENERAL = "practical_general"
    PRACTICAL_SPECIAL = "practical_special"

    @property
    def practical(self) -> bool:
        """True where stations and assessors are needed instead of seats and a paper."""
        return self in (Form.PRACTICAL_GENERAL, Form.PRACTICAL_SPECIAL)


class ItemKind(StrEnum):
    """X01: the objective items a computer marks by itself."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    TRUE_FALSE = "true_false"
    FILL_IN = "fill_in"


class PassKind(StrEnum):
    """The shapes of pass rule that are proven for real certificates (domain section 4)."""

    WEIGHTED_SUM = "weighted_sum"  # R1
    SINGLE_PAPER = "single_paper"  # R2
    EVERY_COMPONENT = "every_component"  # R3, R3'


class ExemptPolicy(StrEnum):
    """What an exempt part does to the total."""

    EXCLUDE = "exclude"  # its weight is taken out and the others are scaled up
    FIXED = "fixed"  # it stands in its weight with a fixed percentage


LEVEL_LABELS: Mapping[Level, str] = {
    Level.ELEMENTARY: N_("初级"),
    Level.INTERMEDIATE: N_("中级"),
    Level.ADVANCED: N_("高级"),
}
FORM_LABELS: Mapping[Form, str] = {
    Form.PAPER: N_("纸笔考试"),
    Form.COMPUTER: N_("机考"),
    Form.PRACTICAL_GENERAL: N_("一般实操"),
    Form.PRACTICAL_SPECIAL: N_("特殊实操"),
}
KIND_LABELS: Mapping[ItemKind, str] = {
    ItemKind.SINGLE: N_("单项选择题"),
    ItemKind.MULTIPLE: N_("多项选择题"),
    ItemKind.TRUE_FALSE: N_("判断题"),
    ItemKind.FILL_IN: N_("填空题"),
}
# Entry after the start is refused past this many minutes, unless the scheme says otherwise (domain 3.5).
LATE_LIMIT_MINUTES: Mapping[Form, int] = {
    Form.PAPER: 30,
    Form.COMPUTER: 15,
    Form.PRACTICAL_GENERAL: 0,
    Form.PRACTICAL_SPECIAL: 0,
}


@dataclass(frozen=True, kw_only=True)
class PassRule:
    """How parts become a decision; data of the scheme, never code of ours (domain section 0, decision 4)."""

    code: str  # the rule's name in the scheme, e.g. "R1"
    version: int
    kind: PassKind
    pass_mark: Decimal  # on the scale 0-100
    places: int = 2  # published decimal places; the decision is taken on the published number
    exempt: ExemptPolicy = ExemptPolicy.EXCLUDE
    exempt_mark: Decimal | None = None  # FIXED only: the percentage an exempt part stands for

    @property
    def name(self) -> str:
        """What is stored beside an outcome, e.g. "R1/1"."""
        return f"{self.code}/{self.version}"


@dataclass(frozen=True, kw_only=True)
class Component:
    """科目/模块: one part of a scheme that is sat, marked and weighted by itself."""

    id: UUID
    seq: int  # 1, 2, ... in the order of sitting
    code: str  # unique inside the scheme
    name_zh: str
    name_en: str
    form: Form
    duration_minutes: int
    full_marks: Decimal
    weight: Decimal  # share of the total, all shares of a scheme sum to 1
    minimum: Decimal | None  # in marks of this component; None = no floor
    late_limit_minutes: int
    earliest_leave_minutes: int  # minutes after the start
    blueprint: Mapping[str, Any] = field(default_factory=dict, hash=False)  # computer papers
    sheet: Mapping[str, Any] | None = field(default=None, hash=False)  # practical score sheet


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """考核方案 of one certificate and level, in one published version (A06, A08)."""

    id: UUID
    certificate_id: UUID
    certificate_code: str  # 3 characters
    certificate_name_zh: str
    certificate_name_en: str
    organisation_id: UUID
    organisation_code: str  # 4 characters
    organisation_name_zh: str
    organisation_name_en: str
    level: Level
    version: int
    components: tuple[Component, ...]  # by seq
    pass_rule: PassRule
    fee_yuan: Decimal
    fee_cap_yuan: Decimal
    fee_approval: str | None  # number and reason of the approval above the cap (D03)
    published_at: datetime

    def component(self, component_id: UUID) -> Component:
        """The component with this id; KeyError when it is none of this scheme."""
        for component in self.components:
            if component.id == component_id:
                return component
        raise KeyError(component_id)

    @property
    def duration_minutes(self) -> int:
        return sum(component.duration_minutes for component in self.components)


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """培训评价组织: single owner of standard, items, assessment and certificate (A07)."""

    id: UUID
    code: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """职业技能等级证书 of one organisation, published in one batch (A02)."""

    id: UUID
    code: str
    name_zh: str
    name_en: str
    organisation_id: UUID
    batch_no: int  # 1-4: 首批 ... 第四批
    levels: tuple[Level, ...]
