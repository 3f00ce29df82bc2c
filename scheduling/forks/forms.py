"""Forms of the what-ifs and of a move by hand."""

from __future__ import annotations

from datetime import date

import msgspec

from exam.kernel.errors import Invalid
from scheduling.forks.rules.wishes import Variant, Wish


class WishForm(msgspec.Struct):
    """Asks what would be; each variant sends its own fields."""

    variant: Variant
    site: str = ""  # code, or code/room for the machines of a room
    seats: int = 0
    days: list[date] = []
    allowed: bool = False
    km: int = 0
    seed: int | None = None

    def wish(self, drawn: int) -> Wish:
        """What it asks; `drawn`: the seed where none was written."""
        site, _, room = self.site.partition("/")
        seed = (self.seed if self.seed is not None else drawn) if self.variant is Variant.SEED else None
        return Wish(
            variant=self.variant, site=site, room=room, seats=self.seats, days=tuple(self.days),
            allowed=self.allowed, km=self.km, seed=seed,
        )  # fmt: skip


class MoveForm(msgspec.Struct):
    """Where a session goes, and why."""

    to: str  # slot@place
    reason: str

    def target(self) -> tuple[str, str]:
        """The slot and the place."""
        slot, at, place = self.to.partition("@")
        if not at:
            raise Invalid
        return slot, place
