"""Rules of the sites: the status table, capacity, the lint on conditions, coverage."""

from datetime import date
from uuid import UUID, uuid4

import pytest

from exam.catalogue.rules import Form, Level
from scheduling.sites.rules import (
    ALLOWED,
    LIVE,
    STATUS_LABELS,
    STEP_LABELS,
    STEPS,
    Approval,
    ApprovalStatus,
    BrandNamed,
    CapacityMissing,
    CoverageState,
    NotYourStep,
    Party,
    ReasonMissing,
    Room,
    Standing,
    StepNotAllowed,
    Waiver,
    brand_words,
    check_capacity,
    check_conditions,
    check_standing,
    check_step,
    coverage,
    next_steps,
    usable_seats,
)

DAY = date(2026, 5, 16)
SCHOOL, CERTIFICATE = uuid4(), uuid4()


def approval(standing: Standing = Standing.DESIGNATED, status: ApprovalStatus = ApprovalStatus.ACTIVE) -> Approval:
    return Approval(
        id=uuid4(), site_id=uuid4(), certificate_id=CERTIFICATE, organisation_id=uuid4(), prefecture_code="420100",
        levels=(Level.ELEMENTARY,), standing=standing, standing_reason="", status=status, valid_from=date(2026, 1, 1),
        valid_to=date(2026, 12, 31), note="",
    )  # fmt: skip


def room(form: Form, seats: int, spares: int = 0) -> Room:
    return Room(
        id=uuid4(), site_id=uuid4(), code="1", name_zh="1", name_en="1", form=form, seats=seats, spares=spares, columns=5,
        floor=1, cameras=True,
    )  # fmt: skip


def waiver(prefecture: str = "420100", to: date = date(2026, 12, 31)) -> Waiver:
    return Waiver(
        certificate_id=CERTIFICATE, prefecture_code=prefecture, reason="人少", valid_from=date(2026, 1, 1), valid_to=to
    )


def test_every_state_has_its_row_and_its_word() -> None:
    assert set(STEPS) == set(ApprovalStatus) == set(STATUS_LABELS)
    assert {to for row in ALLOWED.values() for to in row} <= set(STEP_LABELS)


def test_every_state_is_reached_from_the_draft() -> None:
    reached, fresh = {ApprovalStatus.DRAFT}, {ApprovalStatus.DRAFT}
    while fresh:
        fresh = {to for here in fresh for to in ALLOWED[here]} - reached
        reached |= fresh
    assert reached == set(ApprovalStatus)


def test_steps_ask_for_party_and_reason() -> None:
    both = (Party.ORGANISATION, Party.PROVINCE)
    check_step(ApprovalStatus.SUBMITTED, ApprovalStatus.DESK_REVIEW, both, "")
    with pytest.raises(StepNotAllowed):
        check_step(ApprovalStatus.SUBMITTED, ApprovalStatus.ACTIVE, both, "")
    with pytest.raises(NotYourStep):
        check_step(ApprovalStatus.CONSULTED, ApprovalStatus.AGREED, (Party.ORGANISATION,), "")
    with pytest.raises(ReasonMissing):
        check_step(ApprovalStatus.ACTIVE, ApprovalStatus.SUSPENDED, both, " ")
    assert next_steps(ApprovalStatus.SUBMITTED, ()) == ()
    assert next_steps(ApprovalStatus.REVOKED, tuple(Party)) == ()


def test_a_further_site_needs_a_reason() -> None:
    check_standing(Standing.DESIGNATED, "")
    with pytest.raises(ReasonMissing):
        check_standing(Standing.RESERVE, "")


@pytest.mark.parametrize(
    ("form", "seats", "spares", "usable"),
    [
        (Form.COMPUTER, 40, 0, 36),
        (Form.COMPUTER, 41, 0, 36),
        (Form.COMPUTER, 40, 6, 34),
        (Form.PAPER, 30, 0, 30),
        (Form.PRACTICAL_SPECIAL, 10, 2, 8),
        (Form.COMPUTER, 1, 0, 0),
    ],
)
def test_a_tenth_of_the_machines_stays_in_reserve(form: Form, seats: int, spares: int, usable: int) -> None:
    assert usable_seats(form, seats, spares) == usable


def test_capacity() -> None:
    check_capacity([room(Form.COMPUTER, 40)], {Form.COMPUTER: 36})
    with pytest.raises(CapacityMissing) as refusal:
        check_capacity([room(Form.COMPUTER, 40)], {Form.COMPUTER: 37, Form.PAPER: 1})
    assert len(refusal.value.problems) == 2
    with pytest.raises(CapacityMissing):
        check_capacity([], {})


def test_conditions_name_no_brand() -> None:
    check_conditions("")
    check_conditions("内存不小于 16 GB，显示器不小于 21 英寸。")
    assert brand_words("须购置原厂配件") == ("须购置", "原厂")
    with pytest.raises(BrandNamed):
        check_conditions("设备由指定供应商提供")


def test_coverage_of_nothing_is_nothing() -> None:
    assert coverage([], [approval()], [waiver()], DAY) == ()


@pytest.mark.parametrize(
    ("approvals", "waivers", "state"),
    [
        ([approval()], [], CoverageState.COVERED),
        ([], [], CoverageState.MISSING),
        ([], [waiver()], CoverageState.WAIVED),
        ([], [waiver("420200")], CoverageState.MISSING),
        ([], [waiver(to=date(2026, 5, 15))], CoverageState.MISSING),
        ([approval(Standing.BRANCH)], [], CoverageState.MISSING),
        ([approval(status=ApprovalStatus.SUSPENDED)], [], CoverageState.MISSING),
        ([approval(status=ApprovalStatus.FILED_PLATFORM)], [], CoverageState.MISSING),
        ([approval()], [waiver()], CoverageState.COVERED),
    ],
)
def test_coverage(approvals: list[Approval], waivers: list[Waiver], state: CoverageState) -> None:
    pilots: list[tuple[UUID, str, UUID]] = [(CERTIFICATE, "420100", SCHOOL), (CERTIFICATE, "420100", uuid4())]
    (line,) = coverage(pilots, approvals, waivers, DAY)
    assert (line.state, line.institutions_count) == (state, 2)


def test_an_approval_holds_for_its_levels_and_days() -> None:
    one = approval()
    assert one.holds(DAY, Level.ELEMENTARY)
    assert not one.holds(DAY, Level.ADVANCED)
    assert not one.holds(date(2027, 1, 1))


def test_a_suspended_site_keeps_its_place() -> None:
    assert ApprovalStatus.SUSPENDED in LIVE
    assert ApprovalStatus.DRAFT not in LIVE
