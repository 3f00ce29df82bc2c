"""Deadline, stale pages, which answer counts, what an answer may look like (facts: a stale tab's blanks, a limit of 0)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from exam.catalogue.rules import ItemKind
from exam.delivery.rules import (
    AlreadySubmitted,
    Answer,
    AnswerIn,
    AnswerUnfit,
    DeadlinePassed,
    NotRunning,
    Run,
    TakenOver,
    answers_sha256,
    deadline,
    given,
    latest,
    normal,
    order_seed,
    over,
    require_sendable,
    require_writable,
)
from exam.papers.rules import Shape
from exam.sittings.rules import Sitting, SittingStatus, Terms

START = datetime(2026, 5, 16, 1, 0, tzinfo=UTC)
END = START + timedelta(minutes=60)
SECOND = timedelta(seconds=1)


def minutes(n: float) -> datetime:
    return START + timedelta(minutes=n)


def sitting(**changes: Any) -> Sitting:
    made = Sitting(
        id=uuid4(), batch_id=uuid4(), registration_id=uuid4(), person_id=uuid4(), component_id=uuid4(),
        room_session_id=uuid4(), seat_no=1, starts_at=START, ends_at=END, paper_version="A", ticket_no="1",
        status=SittingStatus.STARTED,
    )  # fmt: skip
    return replace(made, **changes)


def run(**changes: Any) -> Run:
    made = Run(
        sitting_id=uuid4(), registration_id=uuid4(), paper_id=uuid4(), order_seed=1, epoch=3, started_at=START,
        deadline_at=END, grace_seconds=10, submitted_at=None, hand_in=None, answers_count=None, answers_sha256=None,
    )  # fmt: skip
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("own", "started", "extra", "ends"),
    [
        (False, 0, 0, 60), (False, 12, 0, 60), (False, 12, 5, 65),
        (True, 0, 0, 50), (True, 5, 0, 55), (True, 12, 0, 60), (True, 12, 5, 65),
    ],
)  # fmt: skip
def test_late_arrival_never_extends_the_end_and_extra_time_does(own: bool, started: int, extra: int, ends: int) -> None:
    terms = Terms(duration_minutes=50, own_duration=own)
    assert deadline(sitting(extra_minutes=extra), terms, minutes(started)) == minutes(ends)


@pytest.mark.parametrize(("own", "started", "ends"), [(False, 0, 75), (False, 12, 75), (True, 0, 65), (True, 12, 75)])
def test_extra_time_that_is_granted_is_in_the_end_already(own: bool, started: int, ends: int) -> None:
    terms = Terms(duration_minutes=50, own_duration=own)
    granted = sitting(ends_at=minutes(75), granted_minutes=15)
    assert deadline(granted, terms, minutes(started)) == minutes(ends)


def test_the_end_itself_and_the_grace_are_in_time() -> None:
    one = run()
    assert not over(one, END) and not over(one, END + 10 * SECOND)
    assert over(one, END + 10 * SECOND + timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("change", "status", "epoch", "at", "refusal"),
    [
        ({"submitted_at": END}, SittingStatus.STARTED, 3, START, AlreadySubmitted),
        ({}, SittingStatus.STARTED, 3, END + 11 * SECOND, DeadlinePassed),
        ({}, SittingStatus.INTERRUPTED, 3, START, NotRunning),
        ({}, SittingStatus.STOPPED, 3, START, NotRunning),
        ({}, SittingStatus.STARTED, 2, START, TakenOver),
        ({}, SittingStatus.STARTED, 4, START, TakenOver),
    ],
)
def test_only_the_newest_page_of_a_running_exam_writes(
    change: dict[str, Any], status: SittingStatus, epoch: int, at: datetime, refusal: type[Exception]
) -> None:
    require_writable(run(), sitting(), 3, START)
    with pytest.raises(refusal):
        require_writable(run(**change), sitting(status=status), epoch, at)


def answer(item: int, epoch: int, seq: int, value: Any) -> Answer:
    return Answer(item_id=UUID(int=item), value=value, epoch=epoch, seq=seq, saved_at=START)


def test_no_answers_leave_nothing_and_hash_like_nothing() -> None:
    assert latest([]) == {} and given({}) == {}
    assert answers_sha256({}) == answers_sha256({uuid4(): None})


@examples(st.permutations([answer(1, 1, 9, "A"), answer(1, 2, 1, "B"), answer(1, 2, 2, "C"), answer(2, 1, 1, "D")]))
def test_the_newest_page_counts_then_its_latest_answer_in_whatever_order_they_came(order: list[Answer]) -> None:
    assert {item.int: one.value for item, one in latest(order).items()} == {1: "C", 2: "D"}


def test_a_cleared_answer_counts_as_not_given() -> None:
    standing = latest([answer(1, 1, 1, "A"), answer(1, 1, 2, None)])
    assert given({item: one.value for item, one in standing.items()}) == {}


CHOICE = frozenset("ABCD")


@pytest.mark.parametrize(
    ("shape", "value", "stored"),
    [
        (Shape(ItemKind.SINGLE, CHOICE, 0), "B", "B"),
        (Shape(ItemKind.SINGLE, CHOICE, 0), ["B"], "B"),
        (Shape(ItemKind.SINGLE, CHOICE, 0), "", None),
        (Shape(ItemKind.MULTIPLE, CHOICE, 0), ["D", "A", "A"], ["A", "D"]),
        (Shape(ItemKind.MULTIPLE, CHOICE, 0), [], None),
        (Shape(ItemKind.TRUE_FALSE, frozenset({"true", "false"}), 0), "false", "false"),
        (Shape(ItemKind.FILL_IN, frozenset(), 2), [" 红 ", ""], ["红", ""]),
        (Shape(ItemKind.FILL_IN, frozenset(), 2), ["", " "], None),
        (Shape(ItemKind.FILL_IN, frozenset(), 1), "红", ["红"]),
    ],
)
def test_an_answer_is_stored_in_one_form(shape: Shape, value: Any, stored: Any) -> None:
    assert normal(shape, value) == stored


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (None, "A"),
        (Shape(ItemKind.SINGLE, CHOICE, 0), "E"),
        (Shape(ItemKind.SINGLE, CHOICE, 0), ["A", "B"]),
        (Shape(ItemKind.SINGLE, CHOICE, 0), {"A": 1}),
        (Shape(ItemKind.MULTIPLE, CHOICE, 0), "A"),
        (Shape(ItemKind.MULTIPLE, CHOICE, 0), ["A", "E"]),
        (Shape(ItemKind.MULTIPLE, CHOICE, 0), [["A"]]),
        (Shape(ItemKind.TRUE_FALSE, frozenset({"true", "false"}), 0), True),
        (Shape(ItemKind.FILL_IN, frozenset(), 2), ["红"]),
        (Shape(ItemKind.FILL_IN, frozenset(), 1), ["长" * 201]),
        (Shape(ItemKind.FILL_IN, frozenset(), 1), ["\x00"]),
        (Shape(ItemKind.FILL_IN, frozenset(), 1), [1]),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(shape: Shape | None, value: Any) -> None:
    with pytest.raises(AnswerUnfit):
        normal(shape, value)


@pytest.mark.parametrize(
    ("key", "seq"), [("short", 1), ("x" * 65, 1), ("a b c d e f", 1), ("12345678", 0), ("12345678", 2**31)]
)
def test_keys_and_sequences_no_page_makes_are_refused(key: str, seq: int) -> None:
    require_sendable([])
    require_sendable([AnswerIn(key="12345678", seq=1, item_id=uuid4(), value=None)])
    with pytest.raises(AnswerUnfit):
        require_sendable([AnswerIn(key=key, seq=seq, item_id=uuid4(), value=None)])


def test_every_sitting_has_its_own_order() -> None:
    one = uuid4()
    assert order_seed(one, "x") == order_seed(one, "x") < 2**56
    assert len({order_seed(uuid4(), "x") for _ in range(50)}) == 50
