"""What the planner's places in a team, and its reasons for an open one, are on the exam day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exam.sittings.rules import Duty
from scheduling.duties.rules.records import GapReason
from scheduling.planning.rules.plan import OpenReason
from scheduling.planning.rules.problem import Duty as Place

DUTY_OF: Final[Mapping[Place, Duty]] = {
    Place.HEAD_INVIGILATOR: Duty.INVIGILATOR,
    Place.INVIGILATOR: Duty.INVIGILATOR,
    Place.LEAD_ASSESSOR: Duty.LEAD_ASSESSOR,
    Place.ASSESSOR: Duty.ASSESSOR,
}

_GAPS: Final[Mapping[OpenReason, GapReason]] = {
    OpenReason.NOBODY: GapReason.NOBODY,
    OpenReason.CONFLICT: GapReason.CONFLICT,
    OpenReason.STOPPED: GapReason.STOPPED,
    OpenReason.NOT_REACHED: GapReason.STOPPED,
}


def gap_of(reason: OpenReason) -> GapReason:
    """Why a position stays empty; whoever is there and cannot come is busy."""
    return _GAPS.get(reason, GapReason.BUSY)
