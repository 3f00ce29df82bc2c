"""Norms: versions laid over each other, what a batch of several organisations shares, numbers that cannot hold."""

from dataclasses import fields
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from exam.kernel.errors import Invalid
from scheduling.norms.rules import (
    BATCH_WIDE,
    DESCRIBED,
    GROUPS,
    OF_CERTIFICATES,
    Decision,
    Norms,
    NormSet,
    Unit,
    check,
    in_force,
    norm_set,
    read,
    resolve,
    shown,
    together,
)

ONE, OTHER, NURSING, WEB = (UUID(int=number) for number in range(1, 5))
MAY, JUNE = date(2026, 5, 16), date(2026, 6, 20)


def decision(
    version: int = 1, certificate: UUID | None = None, organisation: UUID = ONE, on: date = MAY, **values: int
) -> Decision:
    return Decision(
        id=UUID(int=100 + version), organisation_id=organisation, certificate_id=certificate, version=version, effective_on=on,
        values=values, reason="评估后确定", decided_by="考务甲", decided_at=datetime(2026, 4, 1, tzinfo=UTC),
    )  # fmt: skip


def test_every_number_is_described_and_its_default_is_allowed() -> None:
    assert set(DESCRIBED) == {one.name for one in fields(Norms)} - {"version"}
    assert sorted(code for codes in GROUPS.values() for code in codes) == sorted(DESCRIBED)
    assert set(BATCH_WIDE) | set(OF_CERTIFICATES) == set(DESCRIBED)
    check({code: getattr(Norms(), code) for code in DESCRIBED}, before=Norms(), certificate=False)


def test_without_a_decision_the_defaults_hold() -> None:
    assert norm_set([], {}, MAY) == NormSet()
    assert norm_set([], {NURSING: ("N1", ONE)}, MAY) == NormSet()
    assert in_force([], ONE, None, MAY) is None
    assert together([]) == resolve() == Norms()


def test_a_version_holds_from_its_day_on_and_the_last_one_wins() -> None:
    made = [decision(1, gap_minutes=45), decision(2, gap_minutes=60, on=JUNE), decision(3, gap_minutes=50)]
    assert in_force(made[:2], ONE, None, date(2026, 5, 15)) is None
    assert [getattr(in_force(made[:2], ONE, None, day), "version", None) for day in (MAY, JUNE)] == [1, 2]
    assert resolve(in_force(made, ONE, None, JUNE)).gap_minutes == 50


def test_a_certificates_own_numbers_stand_over_its_organisations() -> None:
    made = [
        decision(2, gap_minutes=45, invigilators_per_room=3),
        decision(1, NURSING, candidates_per_assessor=6, gap_minutes=20),
    ]
    found = norm_set(made, {NURSING: ("N1", ONE), WEB: ("W1", ONE)}, MAY)
    assert (found.common.gap_minutes, found.common.version) == (45, "2026-1+2")
    assert found.of("W1") == found.common
    own = found.of("N1")
    assert (own.gap_minutes, own.candidates_per_assessor, own.invigilators_per_room) == (20, 6, 3)
    assert own.version == "2026-1+2+1"
    assert NormSet.restored(found.stored()) == found


def test_organisations_that_examine_together_share_the_stricter_day() -> None:
    made = [decision(1, opens=480, closes=1020), decision(1, organisation=OTHER, lunch_to=840, day_minutes_limit=400)]
    found = norm_set(made, {NURSING: ("N1", ONE), WEB: ("W1", OTHER)}, MAY)
    day = found.common
    assert (day.opens, day.closes, day.lunch_to, day.day_minutes_limit) == (510, 1020, 840, 400)
    assert {getattr(found.of(code), name) for code in ("N1", "W1") for name in ("closes",)} == {1020}


def test_what_a_plan_kept_is_read_by_a_later_release() -> None:
    kept = {"common": {"gap_minutes": 40, "something_dropped": 3}}
    assert NormSet.restored(kept).common == Norms(gap_minutes=40)
    assert NormSet.restored({}) == NormSet()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"gap_minutes": 601}, "gap_minutes"),
        ({"gap_minutes": -1}, "gap_minutes"),
        ({"candidates_per_assessor": 0}, "candidates_per_assessor"),
        ({"lunch_from": 840, "lunch_to": 810}, "lunch_to"),
        ({"opens": 700, "lunch_from": 720, "lunch_to": 900, "closes": 930}, "closes"),
    ],
)
def test_numbers_that_cannot_hold_are_named_by_their_field(values: dict[str, int], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(values, before=Norms(), certificate=False)
    assert field in [one.field for one in refused.value.problems]


def test_a_certificate_has_no_day_of_its_own() -> None:
    with pytest.raises(Invalid) as refused:
        check({"opens": 480, "gap_minutes": 20}, before=Norms(), certificate=True)
    assert [(one.field, one.code) for one in refused.value.problems] == [("opens", "shared")]


def test_numbers_are_written_and_read_as_people_do() -> None:
    assert [shown(Unit.CLOCK, 510), shown(Unit.KM, 80)] == ["08:30", "80"]
    assert [read(Unit.CLOCK, "08:30"), read(Unit.CLOCK, "23:59:00"), read(Unit.KM, "80")] == [510, 1439, 80]
    for unit, text in ((Unit.CLOCK, "24:00"), (Unit.CLOCK, "8"), (Unit.KM, "80.5"), (Unit.KM, "")):
        with pytest.raises(ValueError, match=r".*"):
            read(unit, text)
