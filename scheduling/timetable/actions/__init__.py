"""Changes of the timetable: a proposal is made, set aside, or published."""

from scheduling.timetable.actions.proposing import discard, propose
from scheduling.timetable.actions.publishing import Published, publish

__all__ = ["Published", "discard", "propose", "publish"]
