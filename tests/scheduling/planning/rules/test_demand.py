"""Who may sit where, how far it is, and what the sites hold over the whole period."""

from datetime import date
from typing import Any

import numpy as np
import pytest

from scheduling.planning.rules import demand
from scheduling.planning.rules.geometry import distance_km
from scheduling.planning.rules.plan import Kind
from scheduling.planning.rules.problem import Accommodation, Form, Level, Pin, Rules
from tests.scheduling.planning import small

FAR = small.prefecture("P2", province="32", lat=40.0)


def sites_of(**changes: Any) -> list[int]:
    problem = small.problem(**changes)
    (sites,) = demand.allowed_sites(problem).values()
    return list(sites.tolist())


def test_an_approved_site_with_open_places_is_allowed() -> None:
    assert sites_of() == [0]
    assert demand.demand(small.problem(groups=())).blocks == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"approvals": ()},
        {"approvals": (small.approval("C2"),)},
        {"approvals": (small.approval(levels=(Level.ADVANCED,)),)},
        {"approvals": (small.approval(forms=(Form.COMPUTER,)),)},
        {"approvals": (small.approval(valid_to=date(2026, 11, 27)),)},
        {"approvals": (small.approval(valid_from=date(2026, 11, 30)),)},
        {"rooms": ()},
        {"rooms": (small.room(seats=1),)},  # the reserve leaves none
        {"rooms": (small.room(form=Form.PAPER),)},
        {"workshops": ()},
        {"closed": ("1a", "1b", "1c", "2a", "2b", "2c")},
    ],
)
def test_what_takes_a_site_away(changes: dict[str, Any]) -> None:
    assert sites_of(sites=(small.site(**changes),)) == []


def test_forms_may_be_approved_one_by_one() -> None:
    two = (small.approval(forms=(Form.COMPUTER,)), small.approval(forms=(Form.PRACTICAL,)))
    assert sites_of(sites=(small.site(approvals=two),)) == [0]


def test_a_slot_must_be_long_enough_with_the_extra_time() -> None:
    long = small.certificate("C1", small.scheme(Level.INTERMEDIATE, small.component(minutes=150), small.SKILL))
    with_time = small.group(accommodations=(Accommodation.EXTRA_TIME,))
    assert sites_of(certificates=(long,)) == [0]
    assert sites_of(certificates=(long,), groups=(with_time,)) == []  # 188 minutes
    less = small.group(accommodations=(Accommodation.EXTRA_TIME,), extra_time_percent=20)
    assert sites_of(certificates=(long,), groups=(less,)) == [0]  # 180 minutes


def test_the_ground_floor_is_looked_for_in_rooms_and_workshops() -> None:
    group = small.group(accommodations=(Accommodation.GROUND_FLOOR,))
    upstairs = small.site(rooms=(small.room(floor=2),))
    assert sites_of(groups=(group,)) == [0]
    assert sites_of(groups=(group,), sites=(upstairs,)) == []
    assert sites_of(sites=(upstairs,)) == [0]


def test_supply_is_open_slots_times_seats_and_stations_times_rounds() -> None:
    site = small.site(closed=("1a",), rooms=(small.room(closed=("1b",)), small.room("R2", Form.PAPER, 30)))
    found = {one.kind: one.capacity for one in demand.resources(small.problem(sites=(site,)))}
    # 40 machines less 4, 4 slots; 30 seats, 5 slots; 10 stations: one round in 120 minutes, two in 180
    assert found == {Kind.COMPUTER: 4 * 36, Kind.PAPER: 5 * 30, Kind.PRACTICAL: 10 * (1 + 2 + 1 + 1 + 2)}


def test_a_longer_practical_takes_more_of_a_station() -> None:
    short, long = small.component("short", Form.PRACTICAL, 30, 1), small.component("long", Form.PRACTICAL, 80, 1)
    certificate = small.certificate("C1", small.scheme(Level.INTERMEDIATE, short, long))
    groups = (small.group("G1", components=("long",)), small.group("G2", components=("short", "long")))
    problem = small.problem(certificates=(certificate,), groups=groups)
    need = [demand.uses_of(problem, demand.need_of(group)) for group in groups]
    # 120 minutes: 3 short or 1 long; 180 minutes: 4 short or 2 long
    assert need == [{Kind.PRACTICAL: 2.0}, {Kind.PRACTICAL: 3.0}]


def test_kilometres_are_those_of_the_globe_and_forbidden_ones_infinite() -> None:
    sites = (small.site(), small.site("S2", prefecture="P2", lat=40.0))
    problem = small.problem(prefectures=(small.prefecture(), FAR), sites=sites)
    (block,) = demand.demand(problem).blocks
    assert block.km.tolist() == [[distance_km(31.3, 121.4, 31.2, 121.4), distance_km(31.3, 121.4, 40.0, 121.4)]]
    for rules in (Rules(travel_limit_km=900), Rules(other_province=False)):
        (block,) = demand.demand(small.problem(prefectures=(small.prefecture(), FAR), sites=sites, rules=rules)).blocks
        assert np.isinf(block.km).tolist() == [[False, True]]


def test_a_pin_splits_a_group_into_lots_unless_it_has_expired() -> None:
    sites = (small.site(), small.site("S2"))
    pin = Pin(id="p", author="a", reason="r", group="G1", site="S2", count=5, expires=date(2026, 11, 20))
    found = demand.demand(small.problem(sites=sites, pins=(pin,), on=date(2026, 11, 20)))
    assert (found.count.tolist(), found.pinned.tolist()) == ([5, 15], [1, -1])
    assert np.isinf(found.blocks[0].km).tolist() == [[True, False], [False, False]]
    found = demand.demand(small.problem(sites=sites, pins=(pin,), on=date(2026, 11, 21)))
    assert (found.count.tolist(), found.pinned.tolist()) == ([20], [-1])


def test_a_longer_practical_is_weighed_where_it_can_lie() -> None:
    """Three pass in the long first slot whatever the level; in the others two of the short one, or one of the long one."""
    short, long = small.component("skill", Form.PRACTICAL, 50, 1), small.component("skill", Form.PRACTICAL, 60, 1)
    slots = small.slots(1, (("08:30", 210), ("13:30", 120), ("16:00", 120)))
    both = small.certificate(
        "C1", small.scheme(Level.ELEMENTARY, small.THEORY, short), small.scheme(Level.INTERMEDIATE, small.THEORY, long)
    )

    def taken(*groups: Any) -> tuple[float, int]:
        problem = small.problem(slots=slots, certificates=(both,), groups=groups)
        needs = [demand.need_of(one) for one in groups]
        (stations,) = [one for one in demand.resources(problem) if one.kind is Kind.PRACTICAL]
        return demand.uses_of(problem, needs[0])[Kind.PRACTICAL], stations.capacity

    assert taken(small.group()) == (
        2.0,
        40,
    )  # the theory comes first: ten stations, two slots, two of the short one each
    assert taken(small.group(), small.group("G2", level=Level.ELEMENTARY)) == (2.0, 40)
    assert taken(small.group(level=Level.ELEMENTARY)) == (1.0, 40)
    assert taken(small.group(components=("skill",))) == (1.0, 70)  # somebody may come in the first slot
    assert taken(small.group(), small.group("G2", components=("skill",))) == (1.0, 70)
