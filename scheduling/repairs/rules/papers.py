"""H9 after a repair: a session at a start that its exam did not have gets another sealed paper, or waits for one.

A paper is at hand when it is sealed and nobody has opened it, or when the published plan had it and no session uses it any
more. What is not at hand becomes a task of the item author, and the room does not open before it is done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from msgspec.structs import replace

from exam.kernel.errors import N_, Conflict
from scheduling.planning.rules.plan import Plan, Session
from scheduling.planning.rules.problem import Form, Problem

Key = tuple[str, str, str]
"""Certificate, level and component, by their codes."""
Paper = tuple[Key, str]
"""With its letter."""
Sealed = Mapping[Key, Collection[str]]
"""The letters that are sealed and that nobody has opened."""


class PapersLacking(Conflict):
    """Accepting needs the officer's word that papers have to be prepared."""

    message = N_("这份方案有 %(n)s 份试卷还没有备好，没有采纳。")
    way_out = N_("请勾选“交给命题组卷员备卷”后再采纳；备好之前，这些场次的考场不能开启。")


class NoPaperAwaited(Conflict):
    """Somebody was quicker, or the sessions were moved again."""

    message = N_("没有场次在等这份试卷，没有组卷。")
    way_out = N_("请刷新页面，按最新的任务办理。")


def assigned(problem: Problem, before: Plan, plan: Plan, sealed: Sealed) -> Plan:
    """The plan with papers at hand for its new starts, as far as there are any; every other session keeps its paper."""
    known, used = _letters(problem, before), _letters(problem, plan)
    names: dict[Paper, str] = {}
    for key, letters in sorted(used.items()):
        ready = {*sealed.get(key, ()), *known[key]} - letters
        lacking = letters - known[key] - {*sealed.get(key, ())}
        for letter, other in zip(sorted(lacking, key=_order), sorted(ready, key=_order), strict=False):
            names[key, letter] = other
    if not names:
        return plan

    def named(one: Session) -> Session:
        return replace(one, paper=names.get((_key(one), one.paper), one.paper))

    return replace(plan, sessions=tuple(named(one) for one in plan.sessions))


def fresh(problem: Problem, before: Plan, plan: Plan) -> set[Paper]:
    """The papers that no session of the published plan had."""
    known, used = _letters(problem, before), _letters(problem, plan)
    return {(key, letter) for key, letters in used.items() for letter in letters - known[key]}


def lacking(
    problem: Problem, before: Plan, plan: Plan, sealed: Sealed, awaited: Collection[Paper] = ()
) -> frozenset[Paper]:
    """The papers that have to be prepared. `awaited`: those that rooms of the published plan wait for already."""
    used = {(key, letter) for key, letters in _letters(problem, plan).items() for letter in letters}
    new = {(key, letter) for key, letter in fresh(problem, before, plan) if letter not in sealed.get(key, ())}
    return frozenset(new | (used & set(awaited)))


def _letters(problem: Problem, plan: Plan) -> dict[Key, set[str]]:
    """The papers of each written exam; stations have tasks, not papers."""
    found: dict[Key, set[str]] = defaultdict(set)
    for one in plan.sessions:
        if problem.component[one.certificate, one.level, one.component].form is not Form.PRACTICAL:
            found[_key(one)].add(one.paper)
    return found


def _key(one: Session) -> Key:
    return one.certificate, str(one.level), one.component


def _order(letter: str) -> tuple[int, str]:
    return len(letter), letter
