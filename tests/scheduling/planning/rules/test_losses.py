"""What a loss closes, and which pins it makes void."""

from typing import Any

import pytest

from scheduling.planning.rules.checking import check
from scheduling.planning.rules.losses import pin_is_lost, without_sites
from scheduling.planning.rules.problem import Pin
from tests.scheduling.planning import small


def test_a_lost_site_is_closed_in_every_slot_and_keeps_its_approvals() -> None:
    problem = without_sites(small.problem(sites=(small.site(), small.site("S2"))), {"S2"})
    assert [len(site.closed) for site in problem.sites] == [0, 6]
    assert problem.site["S2"].approvals
    assert without_sites(small.problem(), ()) == small.problem()


def pin(**changes: Any) -> Pin:
    return Pin(**{"id": "p1", "author": "Li", "reason": "agreed", "group": "G1", "site": "S1"} | changes)


@pytest.mark.parametrize(
    ("held", "lost"),
    [
        (pin(), False),
        (pin(component="theory", slot="1a"), True),
        (pin(component="theory", slot="1b"), False),
        (pin(component="theory", slot="1b", room="R1"), True),
        (pin(component="theory", slot="1b", room="R2"), True),
        (pin(component="theory", slot="2a", room="R1"), False),
        (pin(site="S2"), True),
        (pin(site="S9"), True),
        (pin(group=None, person="E1", slot="1b"), False),
        (pin(group=None, person="E1", slot="1c"), True),
        (pin(group=None, person="E9", slot="1b"), True),
    ],
)
def test_a_pin_is_lost_with_its_site_room_or_person(held: Pin, lost: bool) -> None:
    sites = (small.site(closed=("1a",), rooms=(small.room(closed=("1b",)),)), small.site("S2"))
    problem = small.problem(sites=sites, staff=(small.person(available=("1a", "1b")),))
    assert pin_is_lost(without_sites(problem, {"S2"}), held) is lost


def test_a_lost_pin_is_no_violation() -> None:
    sites = (small.site(), small.site("S2"))
    problem = small.problem(sites=sites, pins=(pin(site="S2"),))
    assert [one.h for one in check(problem, small.plan()).violations] == ["H17"]
    assert check(without_sites(problem, {"S2"}), small.plan()).violations == ()
