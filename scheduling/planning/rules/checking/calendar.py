"""H3 and H15: a site examines what it is approved for on that day, and only where and when it is open."""

from __future__ import annotations

from exam.kernel.errors import N_
from scheduling.planning.rules.checking.case import Case
from scheduling.planning.rules.checking.report import Violation, Violations
from scheduling.planning.rules.demand import approved_slots
from scheduling.planning.rules.problem import Form, Level


def approved(case: Case) -> Violations:
    """H3: an approval of the site covers certificate, level and form on the day of the session."""
    known: dict[tuple[str, str, Level, Form], int] = {}
    for held in case.held:
        session, form = held.session, held.component.form
        key = session.site, session.certificate, session.level, form
        if key not in known:
            known[key] = approved_slots(case.problem, held.site, session.certificate, session.level, form)
        if not known[key] >> case.problem.slot_number[held.slot.id] & 1:
            yield Violation(
                "H3",
                N_("站点 %(site)s 在 %(date)s 没有证书 %(certificate)s 该等级、该形式的考核资格。"),
                held.where,
                {
                    "site": held.site.name,
                    "date": held.slot.day.isoformat(),
                    "certificate": case.problem.certificate[session.certificate].name,
                    "level": session.level.value,
                    "form": form.value,
                    "session": session.id,
                },
            )


def within_opening(case: Case) -> Violations:
    """H15: neither site nor place is closed in the slot; a paper or computer component ends within it."""
    for held in case.held:
        facts: dict[str, str | int] = {"site": held.site.name, "place": held.place.id, "slot": held.slot.id}
        if held.slot.id in held.site.closed:
            yield Violation("H15", N_("站点 %(site)s 在时段 %(slot)s 关闭。"), held.where, facts)
        elif held.slot.id in held.place.closed:
            yield Violation("H15", N_("站点 %(site)s 的 %(place)s 在时段 %(slot)s 关闭。"), held.where, facts)
        if not held.practical and held.component.minutes > held.slot.minutes:
            facts |= {"minutes": held.component.minutes, "slot_minutes": held.slot.minutes}
            yield Violation(
                "H15",
                N_("时段 %(slot)s 只有 %(slot_minutes)s 分钟，科目需要 %(minutes)s 分钟。"),
                held.where,
                facts,
            )
