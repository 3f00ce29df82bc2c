"""成绩登记表 (document 9 of domain section 7): one scheme of a batch, every candidate with parts, total and conclusion."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import queries as accounts
from exam.catalogue.rules import Component
from exam.kernel.filters import format_mark, format_percent
from exam.kernel.i18n import N_, translate
from exam.kernel.printing import PrintHead, render_print
from exam.sittings import queries as sittings
from scoring.marking.rules import STATE_LABELS, Mark
from scoring.outcomes.queries import Line, Overview, distribution
from scoring.outcomes.rules import DECISION_LABELS, Decision, Outcome


async def result_registers(session: AsyncSession, view: Overview, printed_by: str, now: datetime) -> list[str]:
    """One register per scheme of the overview's lines, as pages for the printer; people without an outcome are listed."""
    tickets = {one.registration_id: one.ticket_no for one in await sittings.sittings(session, batch_id=view.batch.id)}
    groups: dict[UUID, list[Line]] = {}
    for line in view.lines:
        groups.setdefault(line.scheme.id, []).append(line)
    people = {line.outcome.verified_by for line in view.lines if line.outcome}
    people |= {line.outcome.published_by for line in view.lines if line.outcome}
    names = await accounts.names(session, [one for one in people if one is not None])
    return [_register(view, group, tickets, names, printed_by, now) for group in groups.values()]


def _register(
    view: Overview,
    group: Sequence[Line],
    tickets: dict[UUID, str],
    names: dict[UUID, str],
    printed_by: str,
    now: datetime,
) -> str:
    lines = sorted(group, key=lambda line: tickets.get(line.registration.id, ""))
    scheme = lines[0].scheme
    decided = [line.outcome for line in lines if line.outcome is not None]
    counts = {decision: sum(1 for one in decided if one.decision is decision) for decision in Decision}
    present = counts[Decision.PASSED] + counts[Decision.FAILED]
    digest = register_sha256(decided)
    head = PrintHead(
        title=translate(N_("成绩登记表")), title_en="Result register", document_id=f"{view.batch.code}:{digest[:16]}",
        number=digest[:12].upper(), printed_at=now, batch=f"{view.batch.code} {view.batch.name_zh}",
        certificate=f"{scheme.certificate_name_zh} {translate(scheme.level.zh)}", printed_by=printed_by,
    )  # fmt: skip
    return render_print(
        "result_register", head=head, sha256=digest, rule=scheme.pass_rule.name,
        pass_mark=format_mark(scheme.pass_rule.pass_mark, 0),
        components=[{"name": one.name_zh, "weight": format_percent(one.weight, places=0),
                     "full": format_mark(one.full_marks, 0)} for one in scheme.components],
        lines=[_line(line, tickets.get(line.registration.id, "")) for line in lines],
        counts=[(translate(label), counts[decision]) for decision, label in DECISION_LABELS.items()],
        without=len(lines) - len(decided), total=len(lines), present=present,
        rate=format_percent(counts[Decision.PASSED], present),
        bins=[{"low": low, "high": high, "count": count} for low, high, count in distribution(lines, 10)],
        verified_by="、".join(sorted({names[one.verified_by] for one in decided if one.verified_by in names})),
        published_by="、".join(sorted({names[one.published_by] for one in decided if one.published_by in names})),
    )  # fmt: skip


def _line(line: Line, ticket_no: str) -> dict[str, Any]:
    found = line.outcome
    return {
        "ticket_no": ticket_no,
        "name": line.registration.name,
        "parts": [_part(part, line.marks.get(part.id)) for part in line.scheme.components],
        "composite": "" if found is None else format_mark(found.composite, line.scheme.pass_rule.places),
        "decision": translate(N_("未形成结果")) if found is None else translate(DECISION_LABELS[found.decision]),
        "version": "" if found is None or found.version == 1 else f"v{found.version}",
    }


def _part(part: Component, mark: Mark | None) -> str:
    """The raw mark, or the word that stands in its place; a retained one says so."""
    if mark is None:
        return "—"
    if mark.value is None:
        return translate(STATE_LABELS[mark.state])
    return format_mark(mark.value) + (f"（{translate(STATE_LABELS[mark.state])}）" if mark.state != "scored" else "")


def register_sha256(outcomes: Sequence[Outcome]) -> str:
    """The hash a register is known by: over every row's registration, version, decision, total and inputs."""
    rows = sorted(
        [str(one.registration_id), str(one.version), one.decision.value, str(one.composite or ""), one.inputs_sha256]
        for one in outcomes
    )
    return hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode()).hexdigest()
