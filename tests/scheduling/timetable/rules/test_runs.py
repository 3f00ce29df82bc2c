"""Runs and print orders: what may follow what, how much is left, what is short enough to wait for."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from exam.kernel.ids import new_id
from scheduling.timetable.rules.prints import PRINT_LABELS, PRINT_NOTES, Print, PrintOrder
from scheduling.timetable.rules.runs import (
    ACTIVE,
    ALLOWED,
    KEPT,
    RUN_LABELS,
    RUN_TONES,
    STAGE_LABELS,
    STAGES,
    Run,
    RunKind,
    RunStatus,
    Stage,
    silent,
)
from tests.exam.registration.world import NOW

RUN = Run(
    id=new_id(), kind=RunKind.PRINT, batch_id=new_id(), account_id=new_id(), asked_by="考务", order=None, seed=None,
    asked={}, status=RunStatus.RUNNING, attempt=1, stage=Stage.DRAW, done=10, total=40, best={}, finishing=False,
    failure=None, result={}, asked_at=NOW,
    begun_at=NOW, ended_at=None, expires_at=NOW + KEPT,
)  # fmt: skip


def test_every_state_and_stage_has_its_words() -> None:
    assert set(RUN_LABELS) == set(RUN_TONES) == set(ALLOWED) == set(RunStatus)
    assert {stage for stages in STAGES.values() for stage in stages} == set(STAGE_LABELS) == set(Stage)
    assert set(STAGES) == set(RunKind)
    assert set(PRINT_LABELS) == set(PRINT_NOTES) == set(Print)


def test_what_has_ended_stays_ended() -> None:
    assert set(ACTIVE) == {RunStatus.WAITING, RunStatus.RUNNING}
    assert all(not ALLOWED[status] for status in RunStatus if status not in ACTIVE)
    assert RunStatus.DONE not in ALLOWED[RunStatus.WAITING]  # nothing is done that was not begun
    assert RunStatus.RUNNING in ALLOWED[RunStatus.RUNNING]  # taken up again


@pytest.mark.parametrize(
    ("done", "total", "seconds", "left"),
    [(10, 40, 4, 15), (39, 40, 100, 5), (40, 40, 9, None), (0, 0, 9, None), (0, 40, 9, None), (10, 40, 0, None)],
)
def test_what_is_left_is_told_in_steps_of_five(done: int, total: int, seconds: int, left: int | None) -> None:
    assert replace(RUN, done=done, total=total).seconds_left(NOW + timedelta(seconds=seconds)) == left


def test_only_a_running_run_has_something_left() -> None:
    for status in set(RunStatus) - {RunStatus.RUNNING}:
        assert replace(RUN, status=status).seconds_left(NOW + timedelta(seconds=9)) is None


def test_the_present_stage_is_found() -> None:
    assert replace(RUN, stage=None).stage_index == 0
    assert RUN.stage_index == 1
    assert replace(RUN, status=RunStatus.DONE).stage_index == len(RUN.stages)


def test_a_print_is_fetched_while_it_is_kept() -> None:
    done = replace(RUN, status=RunStatus.DONE)
    assert done.fetchable(NOW)
    assert not done.fetchable(NOW + KEPT)
    assert not RUN.fetchable(NOW)
    assert not replace(done, kind=RunKind.PROPOSAL).fetchable(NOW)


def test_one_person_or_one_room_is_short() -> None:
    whole = PrintOrder(batch_id=RUN.batch_id, what=Print.TICKETS)
    assert not whole.short
    assert not replace(whole, institution_id=new_id()).short
    assert not replace(whole, site_id=new_id()).short
    for field in ("registration_id", "room_session_id", "account_id"):
        given: dict[str, Any] = {field: new_id()}
        assert replace(whole, **given).short


def test_orders_differ_in_everything() -> None:
    whole = PrintOrder(batch_id=RUN.batch_id, what=Print.PACK)
    ids = ("institution_id", "site_id", "registration_id", "room_session_id", "account_id")
    one = new_id()
    places: list[dict[str, Any]] = [{field: one} for field in ids]
    others = [replace(whole, **place) for place in places]
    others += [replace(whole, locale="en"), replace(whole, what=Print.DOOR), replace(whole, batch_id=one), whole]
    assert len({order.key for order in others}) == len(others)


def test_nobody_listens_to_silence() -> None:
    silent(Stage.READ, 0, 0)
