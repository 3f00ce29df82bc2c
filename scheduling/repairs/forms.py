"""Forms of the repairs and of the states of a plan."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec

from exam.kernel.errors import N_, Invalid, Problem
from scheduling.repairs.rules.asking import Asked
from scheduling.repairs.rules.repair import What


class RepairForm(msgspec.Struct):
    """What has happened; each kind sends its own fields."""

    what: What
    reason: str
    site: str = ""  # code
    room: str = ""  # site code/room code
    person: UUID | None = None
    days: list[date] = []
    slots: list[str] = []
    from_slot: str = ""
    most_moved: int = 0

    def asked(self) -> Asked:
        """The question; what is needed for its kind must be there."""
        missing = {
            What.SITE: (not self.site, "site", N_("请选择不能用的考点。")),
            What.ROOM: (not self.room, "room", N_("请选择不能用的考场。")),
            What.STAFF: (self.person is None, "person", N_("请选择缺席的工作人员。")),
        }.get(self.what)
        problems = [Problem(field=missing[1], message=missing[2], code="missing")] if missing and missing[0] else []
        if not 0 <= self.most_moved <= 100_000:
            problems.append(Problem(field="most_moved", message=N_("请填写 0 或更大的人数。"), code="range"))
        if problems:
            raise Invalid(problems=problems)
        site, _, room = self.room.partition("/")
        return Asked(
            what=self.what,
            site=site if self.what is What.ROOM else self.site if self.what is What.SITE else "",
            room=room if self.what is What.ROOM else "",
            person=str(self.person) if self.what is What.STAFF else "",
            days=tuple(self.days) if self.what is What.SITE else (),
            slots=tuple(self.slots) if self.what is What.ROOM else (),
            from_slot=self.from_slot if self.what is What.STAFF else "",
        )


class AcceptForm(msgspec.Struct):
    """What the officer says when accepting."""

    ask_papers: bool = False  # papers that are not at hand become a task of the item author


class PaperForm(msgspec.Struct):
    """A paper that rooms wait for."""

    batch_id: UUID
    component_id: UUID
    version: str


class FileForm(msgspec.Struct):
    """To whom a draft was handed in, and when."""

    plan_id: UUID
    filed_with: str = ""
    filed_on: date | None = None


class PlanForm(msgspec.Struct):
    """Which plan is meant."""

    plan_id: UUID
