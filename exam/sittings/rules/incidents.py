"""Discipline incidents (domain 3.12): codes as data modelled on Order 33 art. 5 and 6, effects, and their status table.

Order 33 does not by its text cover these exams (domain section 0, decision 6): the codes are a model, and the legal basis
printed on a decision is the organisation's own exam rules, written by the officer who decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from exam.kernel.errors import N_, Conflict, Forbidden, Invalid


class Effect(StrEnum):
    """What a final decision does to the marks (3.12)."""

    PART_VOID = "part_void"
    ALL_VOID = "all_void"
    RECORD_KEPT = "record_kept"


class IncidentStatus(StrEnum):
    """Recorded on the spot, confirmed by the site head, decided by the officer, perhaps objected to, final and applied."""

    RECORDED = "recorded"
    CONFIRMED = "confirmed"
    DECIDED = "decided"
    OBJECTED = "objected"
    FINAL = "final"
    DISMISSED = "dismissed"


INCIDENT_ALLOWED: Mapping[IncidentStatus, frozenset[IncidentStatus]] = {
    IncidentStatus.RECORDED: frozenset({IncidentStatus.CONFIRMED, IncidentStatus.DISMISSED}),
    IncidentStatus.CONFIRMED: frozenset({IncidentStatus.DECIDED, IncidentStatus.DISMISSED}),
    IncidentStatus.DECIDED: frozenset({IncidentStatus.OBJECTED, IncidentStatus.FINAL, IncidentStatus.DISMISSED}),
    IncidentStatus.OBJECTED: frozenset({IncidentStatus.DECIDED, IncidentStatus.DISMISSED}),
    IncidentStatus.FINAL: frozenset(),
    IncidentStatus.DISMISSED: frozenset(),
}

EFFECT_LABELS: Mapping[Effect, str] = {
    Effect.PART_VOID: N_("本科目成绩无效"),
    Effect.ALL_VOID: N_("本次报考各科目成绩全部无效"),
    Effect.RECORD_KEPT: N_("记录在案，不影响成绩"),
}

INCIDENT_LABELS: Mapping[IncidentStatus, str] = {
    IncidentStatus.RECORDED: N_("已记录"),
    IncidentStatus.CONFIRMED: N_("主考已确认"),
    IncidentStatus.DECIDED: N_("已作决定"),
    IncidentStatus.OBJECTED: N_("申诉处理中"),
    IncidentStatus.FINAL: N_("已生效"),
    IncidentStatus.DISMISSED: N_("不予认定"),
}


class Service(StrEnum):
    """How a decision reached the candidate."""

    IN_PERSON = "in_person"
    PAGE = "page"
    POST = "post"
    LEFT = "left"


class Ruling(StrEnum):
    """What became of an objection."""

    UPHELD = "upheld"  # the decision stands
    CHANGED = "changed"  # another effect
    LIFTED = "lifted"  # the decision falls


SERVICE_LABELS: Mapping[Service, str] = {
    Service.IN_PERSON: N_("当面送达"),
    Service.PAGE: N_("网上送达"),
    Service.POST: N_("邮寄送达"),
    Service.LEFT: N_("留置送达"),
}

RULING_LABELS: Mapping[Ruling, str] = {
    Ruling.UPHELD: N_("维持原决定"),
    Ruling.CHANGED: N_("变更决定"),
    Ruling.LIFTED: N_("撤销决定，不予认定"),
}


@dataclass(frozen=True)
class IncidentCode:
    """One named act. `usual` is the effect proposed to the officer, never applied by itself."""

    code: str
    text: str
    usual: Effect


@dataclass(frozen=True)
class VoidPart:
    """A part a final decision makes void; `component_id` None means every part of the registration."""

    registration_id: UUID
    component_id: UUID | None
    incident_id: UUID


_PART, _ALL = Effect.PART_VOID, Effect.ALL_VOID

CODES: Mapping[str, IncidentCode] = {
    code: IncidentCode(code, text, usual)
    for code, text, usual in (
        ("D1", N_("携带规定以外的物品进入考场或者未放在指定位置"), _PART),
        ("D2", N_("未在规定的座位参加考试"), _PART),
        ("D3", N_("考试开始信号发出前答题或者结束信号发出后继续答题"), _PART),
        ("D4", N_("在考试过程中旁窥、交头接耳、互打暗号或者手势"), _PART),
        ("D5", N_("在考场或者禁止的范围内喧哗、吸烟或者影响考场秩序"), _PART),
        ("D6", N_("未经同意在考试过程中擅自离开考场"), _PART),
        ("D7", N_("将试卷、答卷、草稿纸等考试用纸带出考场"), _PART),
        ("D8", N_("用规定以外的笔或者纸答题，或者在答卷上做标记"), _PART),
        ("D9", N_("其他违反考场规则但尚未构成作弊的行为"), _PART),
        ("C1", N_("携带与考试内容相关的材料或者存储相关资料的设备"), _ALL),
        ("C2", N_("抄袭或者协助他人抄袭"), _ALL),
        ("C3", N_("抢夺、窃取他人试卷、答卷或者胁迫他人为自己抄袭提供方便"), _ALL),
        ("C4", N_("携带具有发送或者接收信息功能的设备"), _ALL),
        ("C5", N_("由他人冒名代替参加考试"), _ALL),
        ("C6", N_("故意销毁试卷、答卷或者考试材料"), _ALL),
        ("C7", N_("在答卷上填写与本人身份不符的信息"), _ALL),
        ("C8", N_("传、接物品或者交换试卷、答卷、草稿纸"), _ALL),
        ("C9", N_("其他以不正当手段获得或者试图获得考试成绩的行为"), _ALL),
        ("S1", N_("违反安全操作规程，危及人身或者设备安全"), _PART),
    )
}


class UnknownCode(Invalid):
    """Only listed acts can be recorded."""

    message = N_("没有编号为 %(code)s 的违纪行为。")
    way_out = N_("请从列表中选择。")


class FactsMissing(Invalid):
    """An incident without facts proves nothing."""

    message = N_("请写明违纪事实：时间、地点、经过。")


class WitnessesMissing(Invalid):
    """A refusal to sign is proved by two members of staff (3.12)."""

    message = N_("考生拒绝签字时，须由两名不同的工作人员签名证明。")
    way_out = N_("请填写两名在场工作人员的姓名。")


class IncidentStatusRefused(Conflict):
    """The incident's status table has no such change."""

    message = N_("违纪记录现为“%(present)s”，不能改为“%(wanted)s”。")
    way_out = N_("请刷新页面，按最新状态办理。")


class NotRead(Conflict):
    """The text is read to the candidate before anybody signs."""

    message = N_("记录还没有向考生宣读，不能签字。")
    way_out = N_("请先当场宣读，再登记签字或拒绝签字。")


class NotSigned(Conflict):
    """The site head confirms what was read and signed, or refused before two of the staff."""

    message = N_("记录还没有宣读并签字，不能确认。")
    way_out = N_("请监考员先完成宣读和签字；考生拒绝签字的，由两名工作人员签名证明。")


class NotServed(Conflict):
    """A decision that nobody was told of does not become final."""

    message = N_("处理决定书还没有送达考生，决定尚不能生效。")
    way_out = N_("请先登记送达；考生书面放弃申辩的，可直接办理。")


class NothingSaid(Invalid):
    """A statement or an objection has words."""

    message = N_("请写明陈述、申辩或申诉的内容。")


class ObjectionTooLate(Conflict):
    """The time to object has passed."""

    message = N_("申诉期限 %(until)s 已过。")
    way_out = N_("请联系考务机构。")


class SameDecider(Forbidden):
    """An objection is decided by somebody who did not make the decision."""

    message = N_("申诉不能由作出原决定的人处理。")
    way_out = N_("请由另一名考务管理员处理。")


class ItemUnnamed(Invalid):
    """A kept item is named."""

    message = N_("请写明暂扣物品的名称、数量和特征。")


class ItemGone(Conflict):
    """An item is given back once."""

    message = N_("“%(item)s”已于 %(at)s 发还。")


class ObjectionOpen(Conflict):
    """A decision becomes final when the candidate's time to object has passed."""

    message = N_("考生可在 %(until)s 前申辩，决定尚不能生效。")
    way_out = N_("期满后再办理，或者登记考生书面放弃申辩。")


def require_report(code: str, facts: str, signed: bool | None, witnesses: tuple[str, ...]) -> IncidentCode:
    """Check what is written down in the room: a listed act, facts, and a signature or two witnesses of its refusal.

    `signed` None: written down, not yet read and signed."""
    if code not in CODES:
        raise UnknownCode(code=code)
    if not facts.strip():
        raise FactsMissing()
    if signed is False:
        require_witnesses(witnesses)
    return CODES[code]


def require_witnesses(witnesses: tuple[str, ...]) -> None:
    """A refusal to sign is proved by two different members of staff."""
    if len({name.strip() for name in witnesses if name.strip()}) < 2:
        raise WitnessesMissing()


def require_incident_change(present: IncidentStatus, wanted: IncidentStatus) -> None:
    """Refuse a step out of the order of 3.12."""
    if wanted not in INCIDENT_ALLOWED[present]:
        raise IncidentStatusRefused(present=INCIDENT_LABELS[present], wanted=INCIDENT_LABELS[wanted])
