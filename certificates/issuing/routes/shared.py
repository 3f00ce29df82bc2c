"""What the pages of issuing share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing import queries
from certificates.issuing.rules.releases import Halt
from exam.accounts import queries as accounts

PAGES: Final = "pages/certificates/issuing"


@dataclass(frozen=True, kw_only=True)
class HaltLine:
    """The stop that is in force, with the names of its people."""

    halt: Halt
    halted_by: str
    first_by: str


async def halt_line(session: AsyncSession) -> HaltLine | None:
    """The stop that is in force, if any."""
    found = await queries.halt_in_force(session)
    if found is None:
        return None
    names = await accounts.names(session, [one for one in (found.halted_by, found.first_by) if one is not None])
    return HaltLine(
        halt=found,
        halted_by=names.get(found.halted_by, ""),
        first_by=names.get(found.first_by, "") if found.first_by else "",
    )
