"""What the exam day puts on paper: a room's own forms, blank or filled from what was recorded, and the incident's sheets."""

from exam.sittings.documents.incidents import incident_record
from exam.sittings.documents.rooms import TITLES, room_paper

__all__ = ["TITLES", "incident_record", "room_paper"]
