"""The sheet as a machine: three assessors and a lead do anything in any order, against a model small enough to read.

Every step goes through the folder's own actions on a database; after each the stored sheets and the mark must be the model's, and
what the model forbids must have been refused.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor
from exam.kernel.errors import Refusal
from scoring.marking import actions, queries
from scoring.marking.rules import MarkSource
from scoring.outcomes.queries import recheck
from tests.scoring.world import GOOD, World, hold, make_world

MEASURED = {"20": Decimal(40), "20.05": Decimal(34), "20.10": Decimal(24), "20.18": Decimal(8)}
JUDGED = {0: Decimal(0), 1: Decimal("3.33"), 2: Decimal("6.67"), 3: Decimal(10)}
VALUES: dict[str, list[Any]] = {
    "A1": list(MEASURED), "A2": [True, False], "B1": [0, 1, 2, 3], "C1": [0, 4, 12], "C2": [True, False], "C3": [True, False],
}  # fmt: skip
WHO = st.sampled_from([0, 1, 2])
ROWS = st.sampled_from(sorted(VALUES)).flatmap(
    lambda row: st.tuples(st.just(row), st.sampled_from([None, *VALUES[row]]))
)
WHOLE = st.builds(
    lambda a1, b1, c1, c3: {**GOOD, "A1": a1, "B1": b1, "C1": c1, "C3": c3},
    st.sampled_from(["20", "20.05", "20.10", "20.18"]), st.sampled_from([2, 3]), st.sampled_from([0, 4]), st.just(False) | st.booleans(),
)  # fmt: skip


@dataclass
class Version:
    """One version of an assessor's sheet, as the model has it."""

    answers: dict[str, Any] = field(default_factory=dict)
    overtime: int | None = None
    evidence: frozenset[str] = frozenset()
    state: str = "draft"
    total: Decimal | None = None

    @property
    def complete(self) -> bool:
        stopped = self.answers.get("C2") is True
        return {"C2", "C3"} <= set(self.answers) and (
            stopped or (set(self.answers) == set(VALUES) and self.overtime is not None)
        )

    def added(self) -> Decimal:
        said = self.answers
        if said.get("C2"):
            return Decimal(0)
        work = MEASURED[str(said["A1"])] + (40 if said["A2"] else 0)
        rest = Decimal(0) if work < 48 else JUDGED[said["B1"]] + (0 if said["C3"] else max(0, 10 - said["C1"]))
        return max(Decimal(0), work + rest - -(-(self.overtime or 0) // 3))


def combined(totals: list[Decimal]) -> tuple[str, Decimal | None]:
    """All within 5: their mean. Otherwise a third: the nearest two within 5, the higher pair of two equal ones. Otherwise the lead."""
    if len(totals) < 2:
        return "waiting", None
    if all(abs(a - b) <= 5 for a in totals for b in totals):
        return "agreed", round(sum(totals, Decimal(0)) / len(totals), 4)
    if len(totals) == 2:
        return "third", None
    pairs = sorted([(abs(a - b), -(a + b)) for i, a in enumerate(totals) for b in totals[i + 1 :]])
    return ("agreed", -pairs[0][1] / 2) if pairs[0][0] <= 5 else ("lead", None)


class SheetMachine(RuleBasedStateMachine):
    """Set by the test before it runs: the loop, the session, the world."""

    loop: asyncio.AbstractEventLoop
    session: AsyncSession
    world: World
    start: datetime

    def __init__(self) -> None:
        super().__init__()
        self.now = self.start
        self.sheets: dict[int, list[Version]] = {}
        self.ids: dict[int, list[Any]] = {}
        self.order: list[int] = []  # who signed first
        self.mark: tuple[Decimal, bool] | None = None  # value, decided by the lead
        self.decided: frozenset[tuple[int, int]] | None = None
        self.savepoint = self.call(self._nested())

    async def _nested(self) -> Any:
        return await self.session.begin_nested()

    def teardown(self) -> None:
        wrong = self.call(recheck(self.session))
        self.call(self.savepoint.rollback())
        assert wrong == [], "what is stored must follow from what it was made of"

    @initialize(first=WHOLE, second=WHOLE, third=WHOLE)
    def some_have_scored(self, first: dict[str, Any], second: dict[str, Any], third: dict[str, Any]) -> None:
        """The interesting states come after the first signatures."""
        for who, answers in enumerate((first, second, third)):
            self.score_whole(who, answers, 0, True)

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def attempt(self, allowed: bool, work: Coroutine[Any, Any, Any]) -> Any:
        """Do it; the model says whether it may be done. What is refused changes nothing."""
        self.now += timedelta(seconds=20)

        async def inner() -> Any:
            async with self.session.begin_nested():
                return await work

        try:
            done = self.call(inner())
        except Refusal as refusal:
            assert not allowed, f"refused by {refusal.code}"
            return None
        assert allowed, "this should have been refused"
        return done

    def actor(self, who: int) -> Actor:
        people = (*self.world.assessors, self.world.third, self.world.lead)
        found = people[who]
        assert found is not None
        return found

    def counting(self) -> list[tuple[int, int]]:
        """Who and which version counts; in which order decides nothing."""
        newest = {
            who: max((n for n, one in enumerate(self.sheets[who]) if one.state == "signed"), default=-1)
            for who in self.order
        }
        return [(who, n) for who, n in newest.items() if n >= 0]

    def settle(self) -> None:
        """What the signed sheets come to now."""
        _, value = combined([self.sheets[who][n].total or Decimal(0) for who, n in self.counting()])
        self.mark = None if value is None else (value, False)

    def signed(self, who: int) -> None:
        if who not in self.order:
            self.order.append(who)
        self.settle()

    @rule(who=WHO)
    def open(self, who: int) -> None:
        path, _ = combined([self.sheets[one][n].total or Decimal(0) for one, n in self.counting()])
        begun = [
            one
            for one, versions in self.sheets.items()
            if versions[-1].answers or versions[-1].state != "draft" or len(versions) > 1
        ]
        allowed = who in self.sheets or len(begun) < (3 if path == "third" else 2)
        done = self.attempt(
            allowed,
            actions.open_sheet(self.session, self.actor(who), sitting_id=self.world.sittings["P", 0], now=self.now),
        )
        if done and who not in self.sheets:
            self.sheets[who], self.ids[who] = [Version()], [done.id]

    def save(self, who: int, answers: dict[str, Any], overtime: int | None, evidence: dict[str, str]) -> None:
        last = self.sheets[who][-1]
        work = actions.save_sheet(
            self.session, self.actor(who), sheet_id=self.ids[who][-1], answers=answers, overtime_minutes=overtime,
            evidence=evidence, now=self.now,
        )  # fmt: skip
        self.attempt(last.state == "draft", work)
        if last.state == "draft":
            last.answers = {row: value for row, value in {**last.answers, **answers}.items() if value is not None}
            last.overtime = last.overtime if overtime is None else overtime
            last.evidence |= frozenset(evidence)

    @precondition(lambda self: self.sheets)
    @rule(data=st.data(), answer=ROWS)
    def answer_or_clear(self, data: st.DataObject, answer: tuple[str, Any]) -> None:
        self.save(data.draw(st.sampled_from(sorted(self.sheets))), dict([answer]), None, {})

    @precondition(lambda self: self.sheets)
    @rule(data=st.data(), answers=WHOLE, minutes=st.sampled_from([0, 1, 4, 15]), proven=st.booleans())
    def fill(self, data: st.DataObject, answers: dict[str, Any], minutes: int, proven: bool) -> None:
        who = data.draw(st.sampled_from(sorted(self.sheets)))
        self.save(who, answers, minutes, {"C2": "录像", "C3": "录像"} if proven else {})

    @rule(who=WHO, answers=WHOLE, minutes=st.sampled_from([0, 4]), proven=st.booleans())
    def score_whole(self, who: int, answers: dict[str, Any], minutes: int, proven: bool) -> None:
        """Open, fill and sign; somebody who has signed before corrects."""
        self.open(who)
        if who in self.sheets:
            if self.sheets[who][-1].state == "signed":
                self.amend(who)
            self.save(who, answers, minutes, {"C2": "录像", "C3": "录像"} if proven else {})
            self.put_name(who)

    @precondition(lambda self: self.having("draft"))
    @rule(data=st.data())
    def sign(self, data: st.DataObject) -> None:
        self.put_name(data.draw(st.sampled_from(self.having("draft"))))

    def put_name(self, who: int) -> None:
        last = self.sheets[who][-1]
        allowed = last.state == "draft" and last.complete
        self.attempt(
            allowed, actions.sign_sheet(self.session, self.actor(who), sheet_id=self.ids[who][-1], now=self.now)
        )
        if not allowed:
            return
        last.total = last.added()
        alone = len(self.sheets[who]) == 1 and all(row in last.evidence for row in ("C2", "C3") if last.answers[row])
        last.state = "signed" if alone else "countersign"
        if alone:
            self.signed(who)

    @precondition(lambda self: self.having("signed", "countersign"))
    @rule(data=st.data())
    def correct(self, data: st.DataObject) -> None:
        self.amend(data.draw(st.sampled_from(self.having("signed", "countersign"))))

    @precondition(lambda self: self.having("signed"))
    @rule(data=st.data(), answers=WHOLE)
    def correct_whole(self, data: st.DataObject, answers: dict[str, Any]) -> None:
        """A correction with everything that belongs to it, the lead's signature included."""
        who = data.draw(st.sampled_from(self.having("signed")))
        self.amend(who)
        self.save(who, answers, 0, {"C3": "录像"})
        self.put_name(who)
        self.second(who, 3)

    def having(self, *states: str) -> list[int]:
        """Whose newest version is in one of these states."""
        return [who for who, versions in sorted(self.sheets.items()) if versions[-1].state in states]

    def amend(self, who: int) -> None:
        last, first = self.sheets[who][-1], len(self.sheets[who]) == 1
        allowed = last.state == "signed" or (last.state == "countersign" and first)
        work = actions.correct_sheet(
            self.session, self.actor(who), sheet_id=self.ids[who][-1], reason="更正", now=self.now
        )
        done = self.attempt(allowed, work)
        if done:
            self.sheets[who].append(replace(last, answers=dict(last.answers), state="draft", total=None))
            self.ids[who].append(done.id)

    @precondition(lambda self: self.having("signed", "countersign"))
    @rule(data=st.data(), by=st.sampled_from([0, 1, 2, 3, 3, 3]))
    def countersign(self, data: st.DataObject, by: int) -> None:
        self.second(data.draw(st.sampled_from(self.having("countersign") or self.having("signed"))), by)

    def second(self, who: int, by: int) -> None:
        last, first = self.sheets[who][-1], len(self.sheets[who]) == 1
        allowed = last.state == "countersign" and by != who and (first or by == 3)
        self.attempt(
            allowed, actions.countersign_sheet(self.session, self.actor(by), sheet_id=self.ids[who][-1], now=self.now)
        )
        if allowed:
            last.state = "signed"
            self.signed(who)

    @precondition(lambda self: len(self.counting()) > 1)
    @rule(value=st.sampled_from([Decimal(60), Decimal("88.5")]), by=st.sampled_from([0, 3, 3]))
    def decide(self, value: Decimal, by: int) -> None:
        counting = self.counting()
        path, _ = combined([self.sheets[who][n].total or Decimal(0) for who, n in counting])
        allowed = by == 3 and path == "lead" and self.decided != frozenset(counting)
        work = actions.decide_sheets(
            self.session,
            self.actor(by),
            sitting_id=self.world.sittings["P", 0],
            value=value,
            reason="核对",
            now=self.now,
        )
        self.attempt(allowed, work)
        if allowed:
            self.mark, self.decided = (value, True), frozenset(counting)

    @invariant()
    def stored_is_the_model(self) -> None:
        async def read() -> tuple[Any, Any]:
            sheets = await queries.sheets(self.session, sitting_ids=[self.world.sittings["P", 0]])
            marks = await queries.marks(
                self.session, registration_id=self.world.registrations[0], component_id=self.world.component("P").id
            )
            return sheets, marks

        sheets, marks = self.call(read())
        found = {one.assessor_id: (one.version, one.status.value, one.total, one.overtime_minutes) for one in sheets}
        wanted = {
            self.actor(who).account_id: (len(versions), versions[-1].state, versions[-1].total, versions[-1].overtime)
            for who, versions in self.sheets.items()
        }
        assert found == wanted
        assert [(one.value, one.source is MarkSource.LEAD) for one in marks] == ([self.mark] if self.mark else [])


async def test_anything_in_any_order_is_what_the_model_says(session: AsyncSession) -> None:
    SheetMachine.loop, SheetMachine.session = asyncio.get_running_loop(), session
    SheetMachine.world = await make_world(session, third=True, count=1)
    SheetMachine.start = await hold(session, SheetMachine.world, "P") + timedelta(minutes=1)
    how = settings(
        max_examples=16, stateful_step_count=14, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck), phases=(Phase.generate,),
    )  # fmt: skip
    await asyncio.to_thread(run_state_machine_as_test, SheetMachine, settings=how)
