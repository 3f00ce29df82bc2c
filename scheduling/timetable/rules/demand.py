"""Where a candidate may be sent: the designated site of the prefecture, then its further ones, or the nearest if waived.

C02 and section 0, decision 1: candidates go to the designated site of their prefecture; a prefecture that was
waived sends them to the nearest designated site of the certificate.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from exam.catalogue.rules import Form
from scheduling.timetable.rules.calendar import windows
from scheduling.timetable.rules.plan import SiteReason, Unplaced, UnplacedReason
from scheduling.timetable.rules.problem import Candidate, Problem, SchemeParts, Venue


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A site a candidate may be sent to."""

    venue_id: str
    reason: SiteReason


@dataclass(frozen=True, kw_only=True)
class Group:
    """Candidates who want the same: institution (or society), scheme, components, prefecture."""

    institution_id: str | None
    scheme_id: str
    part_ids: tuple[str, ...]
    prefecture_code: str
    candidates: tuple[Candidate, ...]


def groups(candidates: Iterable[Candidate]) -> tuple[Group, ...]:
    """Candidates gathered into groups, in a fixed order whatever order they came in."""
    found: dict[tuple[str, str, tuple[str, ...], str], list[Candidate]] = {}
    for candidate in candidates:
        key = (candidate.scheme_id, candidate.institution_id or "", candidate.part_ids, candidate.prefecture_code)
        found.setdefault(key, []).append(candidate)
    return tuple(
        Group(
            institution_id=key[1] or None,
            scheme_id=key[0],
            part_ids=key[2],
            prefecture_code=key[3],
            candidates=tuple(sorted(members, key=lambda member: member.id)),
        )
        for key, members in sorted(found.items())
    )


def choices(problem: Problem, group: Group) -> tuple[tuple[Choice, ...], Unplaced | None]:
    """The sites for a group, best first; where there is none, the reason (its candidate is filled in by the caller)."""
    scheme = problem.scheme_by_id[group.scheme_id]
    for part_id in group.part_ids:
        if not windows(problem.hours, problem.part_by_id[part_id].duration_minutes):
            return (), _because(UnplacedReason.TOO_LONG, part_id=part_id)
    found, reason = _licensed(problem, group, scheme)
    if not found:
        return (), _because(reason)
    forms = {problem.part_by_id[part_id].form: part_id for part_id in group.part_ids}
    equipped = tuple(choice for choice in found if not _lacking(problem.venue_by_id[choice.venue_id], scheme, forms))
    if not equipped:
        lacking = _lacking(problem.venue_by_id[found[0].venue_id], scheme, forms)
        return (), _because(UnplacedReason.NO_ROOM, part_id=lacking, site_id=found[0].venue_id)
    return equipped, None


def _licensed(problem: Problem, group: Group, scheme: SchemeParts) -> tuple[tuple[Choice, ...], UnplacedReason]:
    local = [venue for venue in problem.venues if venue.prefecture_code == group.prefecture_code]
    ranked = sorted(
        (rank, venue.code, venue.id) for venue in local if (rank := _rank(problem, venue, scheme)) is not None
    )
    if ranked:
        further = SiteReason.OVERFLOW if ranked[0][0] == 0 else SiteReason.BRANCH
        reasons = [SiteReason.DESIGNATED if rank == 0 else further for rank, _, _ in ranked]
        chosen = zip(ranked, reasons, strict=True)
        return tuple(Choice(venue_id=venue_id, reason=why) for (_, _, venue_id), why in chosen), UnplacedReason.NO_SITE
    if (scheme.certificate_id, group.prefecture_code) in problem.waived:
        far = [venue for venue in problem.venues if _rank(problem, venue, scheme) == 0]
        nearest = sorted(far, key=lambda venue: (_distance(problem, group.prefecture_code, venue), venue.code))
        return tuple(Choice(venue_id=venue.id, reason=SiteReason.NEAREST) for venue in nearest), UnplacedReason.NO_SITE
    known = any(licence.certificate_id == scheme.certificate_id for venue in local for licence in venue.licences)
    return (), UnplacedReason.NOT_APPROVED if known else UnplacedReason.NO_SITE


def _rank(problem: Problem, venue: Venue, scheme: SchemeParts) -> int | None:
    days = (problem.first_day + timedelta(days=index) for index in range(problem.days_count))
    ranks = [
        licence.rank
        for day in days
        if day not in venue.closed_on and (licence := venue.licence(scheme.certificate_id, scheme.level, day))
    ]
    return min(ranks, default=None)


def _lacking(venue: Venue, scheme: SchemeParts, forms: dict[Form, str]) -> str:
    """The first component for which the site has no room at all; empty when it has one for each."""
    for form, part_id in forms.items():
        if not any(place.serves(form, scheme.certificate_id) and place.usable > 0 for place in venue.places):
            return part_id
    return ""


def _distance(problem: Problem, prefecture_code: str, venue: Venue) -> float:
    here, there = problem.positions.get(prefecture_code), problem.positions.get(venue.prefecture_code)
    return math.dist(here, there) if here and there else math.inf


def _because(reason: UnplacedReason, *, part_id: str = "", site_id: str = "") -> Unplaced:
    return Unplaced(candidate_id="", reason=reason, part_id=part_id, site_id=site_id)
