"""What comes out: sessions, seats, the site of each candidate, and those who could not be placed, with the reason."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from exam.catalogue.rules import Form
from exam.kernel.errors import N_


class SiteReason(StrEnum):
    """Why a candidate goes to this site."""

    DESIGNATED = "designated"
    OVERFLOW = "overflow"
    BRANCH = "branch"
    NEAREST = "nearest"


class UnplacedReason(StrEnum):
    """Why a candidate could not be placed."""

    NO_SITE = "no_site"
    NOT_APPROVED = "not_approved"
    NO_ROOM = "no_room"
    TOO_LONG = "too_long"
    CAPACITY = "capacity"
    CLASH = "clash"


SITE_REASONS: Mapping[SiteReason, str] = {
    SiteReason.DESIGNATED: N_("%(site)s是%(prefecture)s的主站点。"),
    SiteReason.OVERFLOW: N_("主站点已排满，按次序安排到%(prefecture)s的%(site)s。"),
    SiteReason.BRANCH: N_("%(prefecture)s目前没有启用的主站点，安排到%(site)s。"),
    SiteReason.NEAREST: N_("%(prefecture)s已说明不设站点的理由，安排到最近的%(site)s。"),
}
UNPLACED_REASONS: Mapping[UnplacedReason, str] = {
    UnplacedReason.NO_SITE: N_("%(prefecture)s没有启用的“%(certificate)s”站点，也没有说明理由。"),
    UnplacedReason.NOT_APPROVED: N_("%(prefecture)s的站点未获准在本批次日期内考核“%(certificate)s”%(level)s。"),
    UnplacedReason.NO_ROOM: N_("%(site)s没有可用于“%(certificate)s”的%(form)s考场。"),
    UnplacedReason.TOO_LONG: N_("%(component)s需 %(minutes)s 分钟，超出每天的工作时段。"),
    UnplacedReason.CAPACITY: N_("%(site)s的%(form)s在考期内缺 %(short)s 个座位或工位。"),
    UnplacedReason.CLASH: N_("该考生同期另有考试，%(site)s余下的时段都与之冲突。"),
}
# The way out, said beside each reason.
UNPLACED_WAYS_OUT: Mapping[UnplacedReason, str] = {
    UnplacedReason.NO_SITE: N_("请启用站点，或由省级说明理由后重新编排。"),
    UnplacedReason.NOT_APPROVED: N_("请补办该等级的站点审批，或调整考期。"),
    UnplacedReason.NO_ROOM: N_("请为站点登记相应形式的考场。"),
    UnplacedReason.TOO_LONG: N_("请检查考核方案的时长。"),
    UnplacedReason.CAPACITY: N_("请增加考期、考场，或启用分站点。"),
    UnplacedReason.CLASH: N_("请增加考期，或与考生商定只保留一场。"),
}


@dataclass(frozen=True, kw_only=True)
class Session:
    """场次: one component in one room at one time; at practical stations one wave of candidates."""

    key: str  # room and start; unique in a plan
    site_id: str
    room_id: str
    scheme_id: str
    part_id: str
    form: Form
    start: int
    end: int
    version: str  # of the paper: sessions that do not start together do not share one (H9)


@dataclass(frozen=True, kw_only=True)
class Seat:
    """One candidate's place in one session."""

    session_key: str
    candidate_id: str
    part_id: str
    seat_no: int


@dataclass(frozen=True, kw_only=True)
class Placement:
    """The one site a candidate attends for all components, and why."""

    candidate_id: str
    site_id: str
    reason: SiteReason


@dataclass(frozen=True, kw_only=True)
class Unplaced:
    """A candidate without a place. ``facts`` hold identifiers; the words are put to them where they are read."""

    candidate_id: str
    reason: UnplacedReason
    part_id: str = ""
    site_id: str = ""
    short: int = 0  # CAPACITY: seats missing at this site for this form


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A proposal: the same problem and seed give the same plan, byte for byte."""

    seed: int
    sessions: tuple[Session, ...]
    seats: tuple[Seat, ...]
    placements: tuple[Placement, ...]
    unplaced: tuple[Unplaced, ...]
    figures: Mapping[str, int] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Hash of the plan's content in one canonical form."""
        body = {
            "seed": self.seed,
            "sessions": [[s.key, s.site_id, s.part_id, s.start, s.end, s.version] for s in self.sessions],
            "seats": [[s.session_key, s.candidate_id, s.seat_no] for s in self.seats],
            "placements": [[p.candidate_id, p.site_id, p.reason] for p in self.placements],
            "unplaced": [[u.candidate_id, u.reason, u.part_id, u.site_id, u.short] for u in self.unplaced],
        }
        text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
