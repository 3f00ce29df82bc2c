"""The item bank and the sealed papers: items come in as authors write them, versions are drawn by a stored seed."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from exam.catalogue.rules import Component, Form, Level
from exam.demo.certificates import CERTIFICATES
from exam.demo.items import bank
from exam.demo.stage import Stage
from exam.papers import actions as papers
from exam.sittings import queries as sittings


async def fill_bank(stage: Stage, now: datetime) -> int:
    """Bring every certificate's items into the bank of each of its levels; returns how many items."""
    count = 0
    async with stage.change() as session:
        for certificate in CERTIFICATES:
            items = bank(certificate.code)
            for level in Level:
                added = await papers.add_items(
                    session,
                    stage.cast["author"],
                    certificate_id=stage.certificates[certificate.code],
                    level=level,
                    items=items,
                    now=now,
                )
                count += added.added
    return count


async def seal_papers(stage: Stage, batch_id: UUID, now: datetime) -> int:
    """Draw and seal the versions that the published sittings of a batch call for; returns how many."""
    components = {part.id: part for scheme in stage.schemes.values() for part in scheme.components}
    count = 0
    async with stage.change() as session:
        placed = await sittings.sittings(session, batch_id=batch_id)
        wanted = _versions((components[one.component_id], one.paper_version) for one in placed)
        for number, (component_id, versions) in enumerate(sorted(wanted.items())):
            made = await papers.assemble(
                session,
                stage.cast["author"],
                component=components[component_id],
                versions=sorted(versions),
                seed=stage.seed * 1000 + number,
                batch_id=batch_id,
                now=now,
            )
            count += len(made)
    return count


def _versions(places: Iterable[tuple[Component, str]]) -> dict[UUID, set[str]]:
    found: dict[UUID, set[str]] = defaultdict(set)
    for component, version in places:
        if component.form is Form.COMPUTER:
            found[component.id].add(version)
    return found
