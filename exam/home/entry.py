"""Where a member of society can register: open batches, what they offer, what it costs, and the prefectures with a site.

Registration knows the batches, scheduling the sites; only here are both in reach. A prefecture is offered for a level when
an approved site of it holds through the batch's days (C02, 3.2): nobody is sent to a place that cannot examine them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.catalogue.rules import Scheme
from exam.registration import queries as registration
from exam.registration.rules import Batch, BatchStatus, Prefecture
from scheduling.sites import queries as sites
from scheduling.sites.rules import Approval, ApprovalStatus


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One certificate and level of a batch, with the prefectures where it can be sat."""

    scheme: Scheme
    places: tuple[Prefecture, ...]


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A batch as somebody outside sees it."""

    batch: Batch
    open: bool  # taking registrations now; otherwise announced, and not yet
    choices: tuple[Choice, ...]

    @property
    def by_certificate(self) -> list[list[Choice]]:
        """The choices of each certificate, its levels from the lowest."""
        found: dict[UUID, list[Choice]] = defaultdict(list)
        for one in self.choices:
            found[one.scheme.certificate_id].append(one)
        return [sorted(levels, key=lambda one: one.scheme.level.digit) for levels in found.values()]

    @property
    def places(self) -> list[Prefecture]:
        """Every prefecture with a site for something."""
        return sorted({place.code: place for one in self.choices for place in one.places}.values(), key=_code)

    def choice(self, scheme_id: UUID) -> Choice | None:
        """The choice of a scheme, None where the batch does not offer it."""
        return next((one for one in self.choices if one.scheme.id == scheme_id), None)


async def openings(session: AsyncSession, now: datetime) -> list[Opening]:
    """The batches that take registrations now, then those that will; the earliest closing first."""
    every = await registration.batches(session, (BatchStatus.REGISTRATION_OPEN, BatchStatus.ANNOUNCED))
    shown = [one for one in every if now < one.registration_closes_at]
    found = await _openings(session, shown, now)
    return sorted(found, key=lambda one: (not one.open, one.batch.registration_closes_at, one.batch.code))


async def opening(session: AsyncSession, batch_id: UUID, now: datetime) -> Opening:
    """One batch; BatchNotFound when there is none."""
    return (await _openings(session, [await registration.batch(session, batch_id)], now))[0]


async def _openings(session: AsyncSession, batches: Sequence[Batch], now: datetime) -> list[Opening]:
    prefectures = {one.code: one for one in await registration.prefectures(session)}
    where = {place.id: place.prefecture_code for place in await sites.sites(session)}
    approvals = await sites.approvals(session, statuses=[ApprovalStatus.ACTIVE])
    return [
        Opening(
            batch=one,
            open=takes(one, now),
            choices=tuple(
                Choice(scheme=scheme, places=places(one, scheme, approvals, where, prefectures))
                for scheme in await registration.offered(session, one)
            ),
        )
        for one in batches
    ]


def takes(batch: Batch, now: datetime) -> bool:
    """Whether a batch takes registrations at this moment."""
    in_window = batch.registration_opens_at <= now < batch.registration_closes_at
    return batch.status is BatchStatus.REGISTRATION_OPEN and in_window


def places(
    batch: Batch,
    scheme: Scheme,
    approvals: Sequence[Approval],
    where: Mapping[UUID, str],
    prefectures: Mapping[str, Prefecture],
) -> tuple[Prefecture, ...]:
    """The prefectures with a site approved for this certificate and level on every day of the batch, by code."""
    codes = {
        where[one.site_id]
        for one in approvals
        if one.certificate_id == scheme.certificate_id
        and scheme.level in one.levels
        and one.valid_from <= batch.first_day
        and batch.last_day <= one.valid_to
    }
    return tuple(sorted((prefectures[code] for code in codes), key=_code))


def _code(place: Prefecture) -> str:
    return place.code
