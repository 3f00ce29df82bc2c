"""The canonical bytes of a problem and of a plan: the same content gives the same file and the same hash.

Every list that is a set is sorted by its ids; slots keep their order in time. JSON, UTF-8, the fields in the order of
the records, every field written, numbers in their shortest exact form (a whole kilometre is ``12.0``, never ``12``).
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from scheduling.planning.rules.approvals import Approvals
from scheduling.planning.rules.plan import Bound, Plan, Session
from scheduling.planning.rules.problem import (
    Application,
    Certificate,
    Group,
    Institution,
    Person,
    Prefecture,
    Problem,
    Scheme,
    Site,
)

Item = TypeVar("Item")
Located = TypeVar("Located", Prefecture, Institution, Site, Person)

_ENCODER = msgspec.json.Encoder(decimal_format="string", order="deterministic")


def problem_sha256(problem: Problem) -> str:
    """The hash of a problem, whatever the order of its lists."""
    return sha256(problem_bytes(problem)).hexdigest()


def plan_sha256(plan: Plan) -> str:
    """The hash of a plan, whatever the order of its lists."""
    return sha256(plan_bytes(plan)).hexdigest()


def problem_bytes(problem: Problem) -> bytes:
    """The file of a problem."""
    return _ENCODER.encode(canonical_problem(problem)) + b"\n"


def plan_bytes(plan: Plan) -> bytes:
    """The file of a plan."""
    return _ENCODER.encode(canonical_plan(plan)) + b"\n"


def approvals_bytes(approvals: Approvals) -> bytes:
    """The file of a proposal to approve sites; its lists are made in order."""
    return _ENCODER.encode(approvals) + b"\n"


def canonical_problem(problem: Problem) -> Problem:
    """The same problem with its lists in order."""
    return replace(
        problem,
        slots=tuple(sorted(problem.slots, key=lambda one: (one.starts, one.id))),
        prefectures=_by_id(_located(one) for one in problem.prefectures),
        institutions=_by_id(_located(one) for one in problem.institutions),
        certificates=_by_id(_certificate(one) for one in problem.certificates),
        sites=_by_id(_site(one) for one in problem.sites),
        groups=_by_id(_group(one) for one in problem.groups),
        pilots=tuple(sorted(problem.pilots, key=lambda one: (one.institution, one.certificate))),
        staff=_by_id(_person(one) for one in problem.staff),
        pins=_by_id(problem.pins),
        waivers=tuple(sorted(problem.waivers, key=lambda one: (one.certificate, one.prefecture, one.reason))),
        applications=_by_id(_application(one) for one in problem.applications),
    )


def canonical_plan(plan: Plan) -> Plan:
    """The same plan with its lists in order."""
    return replace(
        plan,
        placements=tuple(sorted(plan.placements, key=lambda one: (one.group, one.first, one.site, one.count))),
        sessions=_by_id(_session(one) for one in plan.sessions),
        unplaced=tuple(sorted(plan.unplaced, key=lambda one: (one.group, one.first, one.count))),
        assignments=tuple(sorted(plan.assignments, key=lambda one: (one.session, one.duty, one.person))),
        standby=tuple(sorted(plan.standby, key=lambda one: (one.site, one.day, one.person))),
        open_positions=tuple(
            sorted(plan.open_positions, key=lambda one: (one.session, one.duty, one.reason, repr(one.facts)))
        ),
        bound=_bound(plan.bound) if plan.bound is not None else None,
    )


def _by_id(items: Iterable[Item]) -> tuple[Item, ...]:
    return tuple(sorted(items, key=lambda one: one.id))  # type: ignore[attr-defined]


def _located(one: Located) -> Located:
    """With its degrees as the format has them: a whole number made by a program becomes a decimal."""
    if type(one.lat) is float and type(one.lon) is float:
        return one
    return replace(one, lat=float(one.lat), lon=float(one.lon))


def _certificate(one: Certificate) -> Certificate:
    schemes = sorted((_scheme(scheme) for scheme in one.schemes), key=lambda scheme: scheme.level)
    return replace(one, schemes=tuple(schemes))


def _scheme(one: Scheme) -> Scheme:
    return replace(one, components=tuple(sorted(one.components, key=lambda part: (part.order, part.id))))


def _site(one: Site) -> Site:
    return replace(
        _located(one),
        approvals=tuple(
            sorted(
                (
                    replace(each, levels=tuple(sorted(each.levels)), forms=tuple(sorted(each.forms)))
                    for each in one.approvals
                ),
                key=lambda each: (each.certificate, each.levels, each.forms, str(each.valid_from), str(each.valid_to)),
            )
        ),
        rooms=_by_id(replace(room, closed=tuple(sorted(room.closed))) for room in one.rooms),
        workshops=_by_id(replace(shop, closed=tuple(sorted(shop.closed))) for shop in one.workshops),
        closed=tuple(sorted(one.closed)),
    )


def _application(one: Application) -> Application:
    levels, forms = tuple(sorted(one.levels)), tuple(sorted(one.forms))
    return replace(one, levels=levels, forms=forms, cost_km=float(one.cost_km))


def _group(one: Group) -> Group:
    components, accommodations = tuple(sorted(one.components)), tuple(sorted(one.accommodations))
    away = tuple(sorted(one.away))
    if (components, accommodations, away) == (one.components, one.accommodations, one.away):
        return one
    return replace(one, components=components, accommodations=accommodations, away=away)


def _person(one: Person) -> Person:
    return replace(
        _located(one),
        duties=tuple(sorted(one.duties)),
        qualifications=tuple(
            sorted(one.qualifications, key=lambda each: (each.certificate, str(each.valid_from), str(each.valid_to)))
        ),
        related=tuple(sorted(one.related)),
        available=tuple(sorted(one.available)) if one.available is not None else None,
    )


def _session(one: Session) -> Session:
    return replace(one, parts=tuple(sorted(one.parts, key=lambda part: (part.group, part.first, part.count))))


def _bound(one: Bound) -> Bound:
    prices = sorted(
        (replace(price, price=float(price.price)) for price in one.prices),
        key=lambda price: (price.site, price.kind, price.certificate or "", price.price),
    )
    return replace(one, value=float(one.value), unplaced_km=float(one.unplaced_km), prices=tuple(prices))
