"""The demo's rooms keep the minute plan: every step at its minute, two people at the papers, counts that agree."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import actions as accounts
from exam.accounts.rules import SYSTEM, Actor, Grant, Role
from exam.demo.steps.day import _steps
from exam.sittings import actions
from exam.sittings.queries.minutes import step_records
from exam.sittings.rules import Duty
from exam.sittings.rules.minutes import StepState, plan_of
from tests.conftest import NOW
from tests.exam.day import make_day, make_duty

START = NOW + timedelta(hours=1)


@pytest.mark.parametrize("form", ["paper", "computer", "practical_general"])
async def test_a_room_of_the_demo_leaves_no_step_open(session: AsyncSession, form: str) -> None:
    day = await make_day(session, START, component=1, paper=False, form=form)
    [account] = await accounts.create_many_staff(
        session, SYSTEM, accounts=[("second", "监考乙", "correct-horse", (Grant(Role.INVIGILATOR),))], now=NOW
    )
    other = Actor(account, "监考乙", (Grant(Role.INVIGILATOR),))
    duties = (*day.publication.duties, make_duty(day.room, other, Duty.INVIGILATOR))
    await actions.admit(session, day.officer, publication=replace(day.publication, duties=duties), now=NOW)
    here: dict[str, Any] = {"room_session_id": day.room.id}
    await actions.open_room(session, day.invigilator, now=START - timedelta(minutes=40), **here)
    await actions.check_in_many(session, day.invigilator, sitting_ids=day.ids[:2], now=START)
    await actions.begin_many(session, day.invigilator, sitting_ids=day.ids[:2], now=START)
    await actions.mark_absent(session, day.invigilator, sitting_id=day.ids[2], now=START + timedelta(minutes=31))
    await actions.finish_many(session, day.invigilator, sitting_ids=day.ids[:2], now=day.room.ends_at)
    await actions.close_room(session, day.invigilator, now=day.room.ends_at + timedelta(minutes=8), **here)
    await _steps(session, day.room, {duty: [] for duty in Duty} | {Duty.INVIGILATOR: [day.invigilator, other]})
    found = await step_records(session, day.room.id)
    wanted = {step.key for step in plan_of(day.room) if step.act is None}
    assert set(found) == wanted
    assert {key for key, one in found.items() if one.state is not StepState.DONE} == wanted & {"draw"}
