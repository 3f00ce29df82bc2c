"""Ticket numbers and the states of a plan."""

from scheduling.timetable.rules.lifecycle import ALLOWED, PLAN_LABELS, PlanStatus, TicketScheme, batch_prefix


def test_a_ticket_ends_with_its_seat() -> None:
    number = TicketScheme().number(batch_prefix(2026, 1), "42010003", 12, 7)
    assert number == "26001" + "010003" + "0012" + "07"


def test_numbers_stay_apart_however_site_codes_end() -> None:
    scheme = TicketScheme()
    numbers = {scheme.number("26001", code, serial, 1) for serial, code in enumerate(("A-1", "B-1", ""), start=1)}
    assert len(numbers) == 3
    assert all(number.isdigit() for number in numbers)


def test_every_state_has_its_row_and_its_word() -> None:
    assert set(ALLOWED) == set(PlanStatus) == set(PLAN_LABELS)
    assert ALLOWED[PlanStatus.SUPERSEDED] == frozenset()
