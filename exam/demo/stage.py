"""What the steps of the demo share: services, the cast, the plan, and the ids that earlier steps made."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from random import Random
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.catalogue.rules import Scheme
from exam.demo.cast import Cast
from exam.demo.plan import DemoCandidate
from exam.demo.progress import Progress
from exam.kernel.services import Services


@dataclass
class Stage:
    """Filled by the steps in their order; ids by the code that stands in the generators."""

    services: Services
    progress: Progress
    seed: int
    today: date
    candidates: list[DemoCandidate]
    spares: list[DemoCandidate] = field(default_factory=list)  # people of no other batch, for the small ones
    cast: Cast = field(default_factory=Cast)
    organisations: dict[str, UUID] = field(default_factory=dict)
    certificates: dict[str, UUID] = field(default_factory=dict)
    schemes: dict[tuple[str, str], Scheme] = field(default_factory=dict)  # certificate code, level
    schools: dict[str, UUID] = field(default_factory=dict)
    sites: dict[str, UUID] = field(default_factory=dict)  # by the code of the host school
    tablet_room: UUID | None = None  # the one session that is scored on tablets

    @asynccontextmanager
    async def change(self) -> AsyncIterator[AsyncSession]:
        """One transaction."""
        async with self.services.db.transaction() as session:
            yield session

    def random(self, what: str) -> Random:
        """A source of chance of its own for each use, so that one use does not disturb another."""
        return Random(f"{self.seed} {what}")
