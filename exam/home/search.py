"""One search for a person, a number or a site, inside what the reader may see (design.md, "First pages")."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing import queries as issuing
from certificates.issuing.queries import Certificate
from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Certificate as Kind
from exam.kernel.crypto import Vault
from exam.registration import queries as registration
from exam.registration.queries.work import concerns
from exam.registration.rules import Batch, Registration
from exam.sittings import queries as sittings
from scheduling.sites import queries as sites
from scheduling.sites.rules import Site

LIMIT = 20
SHORTEST_NUMBER = 6


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was found, each kind by itself."""

    people: tuple[Registration, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    sites: tuple[Site, ...] = ()
    batches: Mapping[UUID, Batch]
    kinds: Mapping[UUID, Kind]

    @property
    def total(self) -> int:
        """How many."""
        return len(self.people) + len(self.certificates) + len(self.sites)


async def search(session: AsyncSession, vault: Vault, actor: Actor, text: str) -> Found:
    """Return people by name, whole ID or ticket number, certificates by number, sites by name or code."""
    text = text.strip()
    batches = {one.id: one for one in await registration.batches(session)}
    kinds = {one.id: one for one in await catalogue.certificates(session)}
    if not text:
        return Found(batches=batches, kinds=kinds)
    people = await _people(session, vault, actor, text, batches) if actor.may(Permission.REGISTRATION_READ) else []
    certificates: list[Certificate] = []
    if actor.may(Permission.CERTIFICATE_READ) and len(text) >= SHORTEST_NUMBER and text[0].isdigit():
        certificates, _ = await issuing.page_of(session, actor, search=text, limit=LIMIT)
    places = [one for one in await sites.sites(session) if _names(one, text)] if actor.may(Permission.SITE_READ) else []
    return Found(
        people=tuple(people[:LIMIT]),
        certificates=tuple(certificates),
        sites=tuple(places[:LIMIT]),
        batches=batches,
        kinds=kinds,
    )


async def _people(
    session: AsyncSession, vault: Vault, actor: Actor, text: str, batches: Mapping[UUID, Batch]
) -> list[Registration]:
    own = actor.scope_ids(Permission.ROSTER_IMPORT, "institution")
    institution_id = UUID(next(iter(own))) if own and len(own) == 1 else None
    found = await registration.find(session, vault, text, institution_id=institution_id, limit=LIMIT)
    holder = await sittings.registration_of_ticket(session, text)
    if holder is not None:
        found = [*await registration.registrations(session, ids=[holder]), *found]
    return [one for one in found if _sees(actor, batches[one.batch_id], one)]


def _sees(actor: Actor, batch: Batch, one: Registration) -> bool:
    return concerns(actor, Permission.REGISTRATION_READ, batch) or actor.within(
        Permission.REGISTRATION_READ, institution_id=one.institution_id
    )


def _names(site: Site, text: str) -> bool:
    return text in site.name_zh or text.lower() in site.name_en.lower() or text.upper() == site.code.upper()
