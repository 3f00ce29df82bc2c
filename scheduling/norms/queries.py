"""Reads of the norms: what holds on a day, who decided it, and whose it is to decide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Certificate, Organisation
from exam.kernel.errors import NotFound
from scheduling.norms.models import NormVersionRow
from scheduling.norms.rules import Decision, Norms, NormSet, in_force, norm_set, resolve


@dataclass(frozen=True, kw_only=True)
class Holding:
    """The norms of one certificate, or of all of an organisation's, as they hold on a day."""

    organisation: Organisation
    certificate: Certificate | None
    norms: Norms
    base: Norms  # what would hold without an own decision
    decision: Decision | None  # the own one in force
    history: tuple[Decision, ...]  # newest first
    may_decide: bool

    @property
    def version(self) -> int:
        """The last version decided, in force or to come; 0 without any."""
        return self.history[0].version if self.history else 0


@dataclass(frozen=True, kw_only=True)
class OrganisationNorms:
    """An organisation's norms, and those of its certificates."""

    general: Holding
    certificates: tuple[Holding, ...]


async def decisions(session: AsyncSession, organisations: Iterable[UUID] | None = None) -> list[Decision]:
    """All versions, of these organisations or of all, oldest first."""
    query = select(NormVersionRow).order_by(NormVersionRow.decided_at, NormVersionRow.version)
    if organisations is not None:
        query = query.where(NormVersionRow.organisation_id.in_(list(organisations)))
    return [
        Decision(
            id=row.id,
            organisation_id=row.organisation_id,
            certificate_id=row.certificate_id,
            version=row.version,
            effective_on=row.effective_on,
            values={code: int(value) for code, value in row.values.items()},
            reason=row.reason,
            decided_by=row.decided_by,
            decided_at=row.decided_at,
        )
        for row in await session.scalars(query)
    ]


async def norms_of(session: AsyncSession, certificates: Iterable[UUID], on: date) -> NormSet:
    """The norms of a batch that examines these certificates from a day on."""
    wanted = set(certificates)
    known = {
        one.id: (one.code, one.organisation_id) for one in await catalogue.certificates(session) if one.id in wanted
    }
    return norm_set(await decisions(session, {owner for _, owner in known.values()}), known, on)


async def overview(session: AsyncSession, actor: Actor, on: date) -> list[OrganisationNorms]:
    """The organisations whose norms the actor may see, with their certificates."""
    concerned = actor.scope_ids(Permission.PLAN_READ, "organisation")
    organisations = [
        one for one in await catalogue.organisations(session) if concerned is None or str(one.id) in concerned
    ]
    certificates = await catalogue.certificates(session)
    made = await decisions(session, [one.id for one in organisations])
    return [
        OrganisationNorms(
            general=_holding(actor, one, None, made, on),
            certificates=tuple(
                _holding(actor, one, own, made, on) for own in certificates if own.organisation_id == one.id
            ),
        )
        for one in organisations
    ]


async def holding(
    session: AsyncSession, actor: Actor, organisation_id: UUID, certificate_id: UUID | None, on: date
) -> Holding:
    """The norms of an organisation or of one of its certificates; nobody else's."""
    for one in await overview(session, actor, on):
        for found in (one.general, *one.certificates):
            own = found.certificate.id if found.certificate else None
            if (found.organisation.id, own) == (organisation_id, certificate_id):
                return found
    raise NotFound


def _holding(
    actor: Actor, organisation: Organisation, certificate: Certificate | None, made: list[Decision], on: date
) -> Holding:
    own = certificate.id if certificate else None
    general = in_force(made, organisation.id, None, on)
    decision = in_force(made, organisation.id, own, on)
    base = resolve(general) if certificate else Norms()
    return Holding(
        organisation=organisation,
        certificate=certificate,
        norms=resolve(general, decision) if certificate else resolve(general),
        base=base,
        decision=decision,
        history=tuple(
            sorted(
                (one for one in made if one.organisation_id == organisation.id and one.certificate_id == own),
                key=lambda one: -one.version,
            )
        ),
        may_decide=actor.within(Permission.PLAN_MANAGE, organisation_id=organisation.id),
    )
