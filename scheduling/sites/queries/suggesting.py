"""Which open applications to approve, for whom it concerns: the question read from the records, the planner's answer, its words.

The answer follows from the records alone, so it is computed when somebody looks and kept in memory under the hash of its
question: what changes asks anew, and nothing is stored. One thread computes; who waits longer than a moment asks again.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from threading import Lock
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries as catalogue
from exam.catalogue.rules import Certificate, Level, Scheme
from exam.registration import queries as registration
from exam.registration.queries.registered import Registered, registered
from exam.registration.rules import Batch, BatchStatus, Institution, Pilot, Prefecture
from scheduling.planning.rules.approvals import Approvals
from scheduling.planning.rules.serial import problem_sha256
from scheduling.planning.solver.approving_worth import propose
from scheduling.sites import queries
from scheduling.sites.queries import CoverageView, Tile
from scheduling.sites.rules import Approval, ApprovalStatus, Site, Waiver
from scheduling.sites.rules.suggesting import (
    OPEN,
    Expected,
    Gap,
    GapReason,
    Province,
    Shortage,
    Suggestion,
    Suggestions,
    days_of,
    expected,
    next_party,
    question,
)

PATIENCE_SECONDS: Final = 1.0
PROVEN_GAP: Final = 1e-6
KEPT: Final = 512
"""Answers that are kept, several readers of the whole country; of those that are done the one asked for longest ago goes first."""

_BEFORE_CLOSING = (BatchStatus.PLANNED, BatchStatus.ANNOUNCED, BatchStatus.REGISTRATION_OPEN)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What there is to be answered for a reader, province by province."""

    provinces: tuple[Province, ...]
    mine: frozenset[UUID]  # applications whose next step is the reader's

    @property
    def applications(self) -> int:
        """Open applications that concern the reader."""
        return sum(len(one.open) for one in self.provinces)


class Desk:
    """Answers by the hash of their question; computed one after the other, beside the pages."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="suggest")
        self._found: OrderedDict[str, Future[Approvals]] = OrderedDict()
        self._lock = Lock()

    async def answers(self, provinces: Sequence[Province], patience: float) -> list[Approvals] | None:
        """The answers; None while they take longer than the patience: ask again."""
        if not provinces:
            return []
        asked = await asyncio.to_thread(lambda: [self._ask(one) for one in provinces])
        futures = [asyncio.wrap_future(one) for one in asked]
        _, late = await asyncio.wait(futures, timeout=patience)
        return None if late else [future.result() for future in futures]

    def _ask(self, province: Province) -> Future[Approvals]:
        problem = question(province)
        key = problem_sha256(problem)
        with self._lock:
            found = self._found.get(key)
            if found is None or (found.done() and found.exception() is not None):
                found = self._found[key] = self._thread.submit(propose, problem)
            self._found.move_to_end(key)
            done = [old for old, one in self._found.items() if one.done() and old != key]
            for old in done[: max(0, len(self._found) - KEPT)]:
                del self._found[old]
            return found


_DESK = Desk()


async def answered(asked: Asked, patience: float = PATIENCE_SECONDS) -> list[Approvals] | None:
    """What the planner says to each province; None while it is still computing."""
    return await _DESK.answers(asked.provinces, patience)


async def asked(session: AsyncSession, actor: Actor, on: date) -> Asked:
    """Read the question: the certificates and provinces in which the reader may explain a missing site."""
    if not actor.may(Permission.COVERAGE_WAIVE):
        return Asked(provinces=(), mine=frozenset())
    ground = await _ground(session, on)
    parties = {one.id: queries.parties_of(actor, one, ground.sites[one.site_id]) for one in ground.open}
    mine = [one for one in ground.open if parties[one.id]]
    found = [
        await _province(session, actor, code, ground, mine)
        for code in sorted({one.code[:2] for one in ground.prefectures})
    ]
    return Asked(
        provinces=tuple(one for one in found if one is not None),
        mine=frozenset(one.id for one in mine if next_party(one.status) in parties[one.id]),
    )


@dataclass(frozen=True, kw_only=True)
class _Ground:
    """What is read once for all provinces."""

    on: date
    certificates: tuple[Certificate, ...]
    schemes: tuple[Scheme, ...]
    prefectures: tuple[Prefecture, ...]
    institutions: tuple[Institution, ...]
    pilots: tuple[Pilot, ...]
    batches: tuple[Batch, ...]  # that examine on this day or later
    sites: Mapping[UUID, Site]
    active: tuple[Approval, ...]
    open: tuple[Approval, ...]
    waivers: tuple[Waiver, ...]  # in force on this day


async def _ground(session: AsyncSession, on: date) -> _Ground:
    return _Ground(
        on=on,
        certificates=tuple(await catalogue.certificates(session)),
        schemes=tuple(await catalogue.schemes(session)),
        prefectures=tuple(await registration.prefectures(session)),
        institutions=tuple(await registration.institutions(session)),
        pilots=tuple(await registration.pilots(session, on.year)),
        batches=tuple(one for one in await registration.batches(session) if one.last_day >= on),
        sites={one.id: one for one in await queries.sites(session)},
        active=tuple(await queries.approvals(session, statuses=[ApprovalStatus.ACTIVE])),
        open=tuple(await queries.approvals(session, statuses=OPEN)),
        waivers=tuple(one for one in await queries.waivers(session) if one.valid_from <= on <= one.valid_to),
    )


async def _province(
    session: AsyncSession,
    actor: Actor,
    code: str,
    ground: _Ground,
    open_now: Iterable[Approval],
) -> Province | None:
    """A province for the certificates that concern the reader there; None where none is piloted or asked for."""
    own = {
        one.id
        for one in ground.certificates
        if actor.within(Permission.COVERAGE_WAIVE, province_code=code, organisation_id=one.organisation_id)
    }
    schools = tuple(one for one in ground.institutions if one.prefecture_code[:2] == code)
    home = {one.id: one.prefecture_code for one in schools}
    pilots = tuple(one for one in ground.pilots if one.institution_id in home and one.certificate_id in own)
    here = tuple(one for one in open_now if one.prefecture_code[:2] == code and one.certificate_id in own)
    used = {one.certificate_id for one in pilots} | {one.certificate_id for one in here}
    if not used:
        return None
    prefectures = tuple(one for one in ground.prefectures if one.code[:2] == code)
    batches = [one for one in ground.batches if one.province_code[:2] == code]
    schemes = _schemes(ground.schemes, batches, used)
    active = tuple(one for one in ground.active if one.prefecture_code[:2] == code and one.certificate_id in used)
    return Province(
        code=code,
        days=days_of([(one.first_day, one.last_day) for one in batches], ground.on),
        prefectures=prefectures,
        institutions=schools,
        certificates=tuple(one for one in ground.certificates if one.id in used),
        schemes=schemes,
        sites=tuple(ground.sites[id] for id in sorted({one.site_id for one in (*active, *here)})),
        active=active,
        open=tuple(sorted(here, key=lambda one: one.id)),
        pilots=pilots,
        waivers=tuple(
            one for one in ground.waivers if one.prefecture_code[:2] == code and one.certificate_id in used
        ),
        expected=await _expected(session, ground, batches, schemes, pilots, home, [one.code for one in prefectures]),
    )  # fmt: skip


def _schemes(schemes: Iterable[Scheme], batches: Iterable[Batch], used: Iterable[UUID]) -> tuple[Scheme, ...]:
    """One scheme per certificate and level: what a batch offers, else the newest."""
    offered = {id for batch in batches for id in batch.scheme_ids}
    wanted = set(used)
    found: dict[tuple[UUID, Level], Scheme] = {}
    for one in sorted(schemes, key=lambda each: (each.id in offered, each.version)):
        if one.certificate_id in wanted:
            found[one.certificate_id, one.level] = one
    return tuple(found[key] for key in sorted(found, key=lambda key: (key[0], key[1].digit)))


async def _expected(
    session: AsyncSession,
    ground: _Ground,
    batches: Sequence[Batch],
    schemes: Sequence[Scheme],
    pilots: Iterable[Pilot],
    home: Mapping[UUID, str],
    places: Collection[str],
) -> tuple[Expected, ...]:
    """Who is registered in these batches, and the head-count of pilots for what is still open."""
    certificate = {one.id: one.certificate_id for one in ground.schemes}
    offers: dict[UUID, list[Batch]] = defaultdict(list)
    for batch in batches:
        for id in {certificate[scheme] for scheme in batch.scheme_ids}:
            offers[id].append(batch)
    closed = [id for id, own in offers.items() if all(batch.status not in _BEFORE_CLOSING for batch in own)]
    levels: dict[UUID, Level] = {}
    for one in schemes:
        levels.setdefault(one.certificate_id, one.level)
    counted = await registered(session, [batch.id for batch in batches]) if batches else []
    counted = [one for one in counted if one.certificate_id in levels]
    return expected(pilots, _together(counted, home, places), closed, home, levels)


def _together(counted: Iterable[Registered], home: Mapping[UUID, str], places: Collection[str]) -> list[Expected]:
    """One record per origin, certificate and level; members of society, and guests of other provinces, by prefecture."""
    sums: dict[tuple[UUID | None, str, UUID, Level], int] = defaultdict(int)
    for one in counted:
        own = one.institution_id if one.institution_id in home else None
        where = home[own] if own is not None else one.prefecture_code
        if where in places:
            sums[own, where, one.certificate_id, one.level] += one.count
    return [
        Expected(
            institution_id=institution,
            prefecture_code=prefecture,
            certificate_id=certificate,
            level=level,
            count=count,
            registered=True,
        )
        for (institution, prefecture, certificate, level), count in sums.items()
    ]


def told(asked: Asked, answers: Sequence[Approvals], certificate_id: UUID | None = None) -> Suggestions:
    """The answers in the records' terms, what covers and what most would be short without first."""
    suggestions: list[Suggestion] = []
    spare: list[Suggestion] = []
    gaps: list[Gap] = []
    shortages: list[Shortage] = []
    for province, answer in zip(asked.provinces, answers, strict=True):
        names = _Names(province, asked.mine)
        suggestions += [
            names.suggestion(one.application, covers=bool(one.covers), short_by=one.short_by, saves_km=one.saves_km)
            for one in answer.approve
        ]
        spare += [names.suggestion(one.application, saves_km=one.saves_km) for one in answer.not_needed]
        gaps += [
            Gap(
                certificate=names.certificate[one.certificate],
                prefecture=names.prefecture[one.prefecture],
                reason=GapReason(one.reason.value),
            )
            for one in answer.uncovered
        ]
        gaps += names.branches()
        shortages += [
            Shortage(certificate=names.certificate[one.certificate], province_code=province.code, count=one.count)
            for one in answer.short
        ]
    chosen = [one for one in suggestions if certificate_id in (None, one.certificate.id)]
    counts = [one for p in asked.provinces for one in p.expected if certificate_id in (None, one.certificate_id)]
    return Suggestions(
        suggestions=tuple(sorted(chosen, key=_most_needed)),
        not_needed=tuple(
            sorted((one for one in spare if certificate_id in (None, one.certificate.id)), key=_most_needed)
        ),
        gaps=tuple(
            sorted(
                (one for one in gaps if certificate_id in (None, one.certificate.id)),
                key=lambda one: (one.prefecture.code, one.certificate.code),
            )
        ),
        shortages=tuple(one for one in shortages if certificate_id in (None, one.certificate.id)),
        registered=sum(one.count for one in counts if one.registered),
        expected=sum(one.count for one in counts if not one.registered),
        proven=all(one.gap < PROVEN_GAP for one in answers),
        days_count=max((len(one.days) for one in asked.provinces), default=0),
    )


def marked(view: CoverageView, found: Suggestions) -> tuple[Tile, ...]:
    """The tiles of the map, those told apart in which suggestions would close every gap."""
    covered = found.prefectures()
    missing: dict[str, set[tuple[UUID, str]]] = defaultdict(set)
    for one in view.uncovered:
        missing[one.prefecture.code].add((one.certificate.id, one.prefecture.code))
    return tuple(
        replace(tile, state="suggested") if missing[tile.code] and missing[tile.code] <= covered else tile
        for tile in view.tiles
    )


def _most_needed(one: Suggestion) -> tuple[bool, int, float, str, str]:
    return not one.covers, -one.short_by, -one.saves_km, one.prefecture.code, one.certificate.code


class _Names:
    """The records of a province by the ids that the planner was given."""

    def __init__(self, province: Province, mine: frozenset[UUID]) -> None:
        self.province, self.mine = province, mine
        self.approval = {str(one.id): one for one in province.open}
        self.site = {one.id: one for one in province.sites}
        self.certificate = {str(one.id): one for one in province.certificates}
        self.prefecture = {one.code: one for one in province.prefectures}

    def suggestion(
        self, id: str, *, covers: bool = False, short_by: int = 0, saves_km: float = 0.0
    ) -> Suggestion:  # fmt: skip
        approval = self.approval[id]
        return Suggestion(
            approval=approval,
            site=self.site[approval.site_id],
            certificate=self.certificate[str(approval.certificate_id)],
            prefecture=self.prefecture[approval.prefecture_code],
            covers=covers,
            short_by=short_by,
            saves_km=saves_km,
            party=next_party(approval.status),
            mine=approval.id in self.mine,
        )

    def branches(self) -> list[Gap]:
        """Pairs in which only a branch or a reserve site is in force: the planner counts them as covered, C02 does not."""
        main = {
            (one.certificate_id, one.prefecture_code) for one in self.province.active if one.standing == "designated"
        }
        waived = {(one.certificate_id, one.prefecture_code) for one in self.province.waivers}
        home = {one.id: one.prefecture_code for one in self.province.institutions}
        wanted = {(one.certificate_id, home[one.institution_id]) for one in self.province.pilots}
        found: dict[tuple[UUID, str], Approval] = {}
        for one in self.province.active:
            key = one.certificate_id, one.prefecture_code
            if key in wanted - main - waived:
                found.setdefault(key, one)
        return [
            Gap(
                certificate=self.certificate[str(certificate)],
                prefecture=self.prefecture[prefecture],
                reason=GapReason.BRANCH_ONLY,
                approval=approval,
            )
            for (certificate, prefecture), approval in sorted(
                found.items(), key=lambda item: (str(item[0][0]), item[0][1])
            )
        ]
