"""便利措施: what a candidate with a disability is granted, as versioned data, and how one is asked for, decided, withdrawn.

Sources: 残疾人教育条例 (2017) art. 52 and 无障碍环境建设法 (2023) art. 40: reasonable accommodation in state examinations; issue 3, H16.
What must be *done* (more minutes, a room, a floor) is known to whoever does it; *why* is health data and is kept sealed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from exam.kernel.errors import N_, Conflict, Invalid, Problem
from exam.registration.rules.status import BatchStatus, RegistrationStatus


class Measure(StrEnum):
    """One thing that is done for a candidate; several combine."""

    EXTRA_TIME = "extra_time"
    OWN_ROOM = "own_room"
    GROUND_FLOOR = "ground_floor"


MEASURE_LABELS: Mapping[Measure, str] = {
    Measure.EXTRA_TIME: N_("延长时间"),
    Measure.OWN_ROOM: N_("单独考场"),
    Measure.GROUND_FLOOR: N_("一层考场"),
}


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What may be asked for under one version of the rules."""

    version: str
    measures: tuple[Measure, ...]
    extra_percents: tuple[int, ...]  # of the duration of each component


# [C] Conventions: the percents that are usual at state examinations (30 for most, 50 for blind candidates).
OFFERS: Mapping[str, Offer] = {
    "2026-1": Offer(version="2026-1", measures=tuple(Measure), extra_percents=(25, 30, 50)),
}
CURRENT = OFFERS["2026-1"]
"""What is asked for now; what was granted under an earlier version stands as it was granted."""


@dataclass(frozen=True, order=True)
class Measures:
    """What must be done for one candidate; without any, nothing."""

    extra_percent: int = 0
    own_room: bool = False
    ground_floor: bool = False

    @property
    def kinds(self) -> tuple[Measure, ...]:
        """The measures, in the order of their enum."""
        found = (self.extra_percent > 0, self.own_room, self.ground_floor)
        return tuple(measure for measure, granted in zip(Measure, found, strict=True) if granted)

    @property
    def key(self) -> str:
        """One word for all of it, such as ``extra_time:25+own_room``; empty without any."""
        words = (f"{one}:{self.extra_percent}" if one is Measure.EXTRA_TIME else str(one) for one in self.kinds)
        return "+".join(words)

    @classmethod
    def parse(cls, key: str) -> "Measures":
        """Read :attr:`key` again."""
        found = dict(word.partition(":")[::2] for word in key.split("+") if word)
        return cls(
            extra_percent=int(found.get(Measure.EXTRA_TIME, 0)),
            own_room=Measure.OWN_ROOM in found,
            ground_floor=Measure.GROUND_FLOOR in found,
        )

    def extra_minutes(self, duration_minutes: int) -> int:
        """How many minutes longer a component of this duration lasts for the candidate, rounded up."""
        return -(-duration_minutes * self.extra_percent // 100)

    def __bool__(self) -> bool:
        return bool(self.kinds)


class AccommodationStatus(StrEnum):
    """Where a request stands."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


_S = AccommodationStatus
ACCOMMODATION_STATUS_LABELS: Mapping[AccommodationStatus, str] = {
    _S.ASKED: N_("等待决定"),
    _S.GRANTED: N_("已批准"),
    _S.REFUSED: N_("未批准"),
    _S.WITHDRAWN: N_("已撤回"),
}
ACCOMMODATION_TONES: Mapping[AccommodationStatus, str] = {_S.ASKED: "needs", _S.GRANTED: "done"}
ALLOWED_ACCOMMODATION: Mapping[AccommodationStatus, frozenset[AccommodationStatus]] = {
    _S.ASKED: frozenset({_S.GRANTED, _S.REFUSED, _S.WITHDRAWN}),
    _S.GRANTED: frozenset({_S.WITHDRAWN}),
    _S.REFUSED: frozenset(),
    _S.WITHDRAWN: frozenset(),
}
OPEN = frozenset({_S.ASKED, _S.GRANTED})
"""One such at a time for each registration."""


@dataclass(frozen=True, kw_only=True)
class Accommodation:
    """A request with its decision; the texts are empty for whoever may not read them."""

    id: UUID
    registration_id: UUID
    measures: Measures
    version: str
    status: AccommodationStatus
    asked_by: str
    asked_at: datetime
    decided_by: str
    decided_at: datetime | None
    withdrawn_by: str
    withdrawn_at: datetime | None
    reason: str = ""  # why it is asked for
    evidence: str = ""  # what was shown for it
    decision: str = ""  # why it was granted or refused
    withdrawal: str = ""  # why it was withdrawn


REPAIRABLE = frozenset({BatchStatus.ARRANGED, BatchStatus.TICKETS_RELEASED, BatchStatus.PAPERS_SEALED})
"""Published and not begun: what is granted now is placed by a repair, which moves nobody else."""


class MeasuresWrong(Invalid):
    message = N_("便利措施申请填写不完整，没有保存。")


class AccommodationOpen(Conflict):
    message = N_("这条报名已有一份便利措施申请（%(status)s）。")
    way_out = N_("要改变措施，请先撤回原申请并写明理由，再重新申请。")


class AccommodationMoveNotAllowed(Conflict):
    message = N_("便利措施申请现在是“%(from_status)s”，不能变为“%(to_status)s”。")
    way_out = N_("请刷新页面，查看最新状态后再决定。")


class TooLateForAccommodation(Conflict):
    message = N_("座位已经编排并公布，报名是“%(status)s”，不能再直接改变便利措施。")
    way_out = N_("考核已经开始或安排已经落实：请在下一批次申请；考核当天的临时情况由两人登记补时。")


def check_measures(measures: Measures, *, reason: str, evidence: str) -> None:
    """Refuse a request without a measure, of a percent that is not offered, or without reason and evidence."""
    problems = []
    if not measures:
        problems.append(Problem(field="extra_percent", message=N_("请至少选择一项措施。"), code="none"))
    if measures.extra_percent and measures.extra_percent not in CURRENT.extra_percents:
        offered = "、".join(f"{percent}%" for percent in CURRENT.extra_percents)
        problems.append(
            Problem(
                field="extra_percent",
                message=N_("延长时间只能是 %(offered)s。"),
                facts={"offered": offered},
                code="percent",
            )
        )
    if not reason.strip():
        problems.append(Problem(field="reason", message=N_("请写明需要便利措施的原因。"), code="reason"))
    if not evidence.strip():
        problems.append(
            Problem(field="evidence", message=N_("请写明出示了什么证明，例如残疾人证编号。"), code="evidence")
        )
    if problems:
        raise MeasuresWrong(problems=problems)


def may_ask(status: RegistrationStatus, batch: BatchStatus, standing: Iterable[AccommodationStatus]) -> bool:
    """Whether measures may be asked for: nothing stands, and the exam has not begun."""
    placed = status in (RegistrationStatus.SEATED, RegistrationStatus.OUTCOME)
    return status.live and not (placed and batch not in REPAIRABLE) and not OPEN.intersection(standing)


def check_accommodation_move(current: AccommodationStatus, to: AccommodationStatus) -> None:
    """Raise :class:`AccommodationMoveNotAllowed` unless the table has this step."""
    if to not in ALLOWED_ACCOMMODATION[current]:
        raise AccommodationMoveNotAllowed(
            from_status=ACCOMMODATION_STATUS_LABELS[current], to_status=ACCOMMODATION_STATUS_LABELS[to]
        )
