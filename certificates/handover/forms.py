"""What a clerk sends: the ticked rows with the step that was seen, the deed, who took them and when."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec

from certificates.handover.rules import Deed, Taking


class NoteForm(msgspec.Struct, kw_only=True):
    """Each tick is the certificate's id and its last step, with a colon between."""

    deed: Deed
    on_date: date
    ticked: list[str] = []
    recipient: str = ""
    relation: str = ""
    reason: str = ""

    @property
    def seen(self) -> dict[UUID, int]:
        """The ticked certificates; what is no tick is left out."""
        found = {}
        for one in self.ticked:
            id, _, step = one.partition(":")
            try:
                found[UUID(id)] = int(step)
            except ValueError:
                continue
        return found

    @property
    def taking(self) -> Taking:
        return Taking(recipient=self.recipient, relation=self.relation, on_date=self.on_date)
