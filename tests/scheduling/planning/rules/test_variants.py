"""What-if problems: one thing differs, the groups stay."""

from scheduling.planning.rules import variants
from scheduling.planning.rules.problem import Form, Rules
from tests.scheduling.planning.small import DAY, certificate, person, problem, site


def test_one_more_day_repeats_the_windows_of_the_last_one() -> None:
    staff = (person("E1", available=("1a", "2b")), person("E2"))
    more = variants.one_more_day(problem(staff=staff))
    assert [slot.id for slot in more.slots[-3:]] == ["2a+1", "2b+1", "2c+1"]
    assert [(slot.day - DAY).days for slot in more.slots] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert more.slots[-1].minutes == 180
    assert [one.available for one in more.staff] == [("1a", "2b", "2b+1"), None]


def test_machines_come_into_a_room_or_with_one() -> None:
    known = problem(sites=(site("S1"), site("S2")))
    own = variants.more_machines(known, "S2", 20).site["S2"].rooms
    assert [(one.id, one.form, one.seats) for one in own] == [
        ("R1", Form.COMPUTER, 40),
        (variants.NEW_ROOM, Form.COMPUTER, 20),
    ]
    wider = variants.more_machines(known, "S2", 20, "R1")
    assert [[one.seats for one in place.rooms] for place in wider.sites] == [[40], [60]]


def test_a_site_closes_for_days_or_for_good() -> None:
    known = problem(sites=(site("S1", closed=("2c",)), site("S2")))
    assert variants.site_closed(known, "S1", [DAY]).site["S1"].closed == ("1a", "1b", "1c", "2c")
    assert len(variants.site_closed(known, "S1").site["S1"].closed) == 6
    assert variants.site_closed(known, "S1").site["S2"].closed == ()


def test_limits_hold_for_certificates_with_rules_of_their_own() -> None:
    known = problem(certificates=(certificate("C1"), certificate("C2", rules=Rules(gap_minutes=60))))
    near = variants.travel_limit(variants.other_province(known, allowed=False), 50)
    for one in near.certificates:
        rules = near.rules_of(one.id)
        assert (rules.travel_limit_km, rules.other_province) == (50, False)
    assert near.rules_of("C2").gap_minutes == 60
    assert near.certificates[0].rules is None
