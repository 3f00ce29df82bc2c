"""Drafts of schemes on the page: what differs from the version before, the sheet editor, handing in, the second person's approval.

The editor is one form that works without a script: every change of shape is a button that saves. With a script it saves by itself,
names problems at their rows, and shows beside it the very page an assessor will see (`scoring.marking.routes.previews`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts import queries as accounts
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Actor, Permission
from exam.catalogue import actions, queries
from exam.catalogue.forms import ReturnForm, RevisionForm, sheet_fields
from exam.catalogue.queries import SchemeDraft
from exam.catalogue.rules import (
    CHANGE_LABELS,
    DIMENSION_LABELS,
    DRAFT_LABELS,
    EFFECT_LABELS,
    PROOF_LABELS,
    ROW_LABELS,
    TIE_LABELS,
    Change,
    DraftStatus,
    Finding,
    changed_sheets,
    changes,
    lint,
    parse_definition,
    step,
)
from exam.catalogue.rules.editing import sheet_from_form
from exam.kernel.errors import N_, Invalid, NotFound, Problem, Refusal
from exam.kernel.forms import parse_form
from exam.kernel.i18n import translate, use_locale
from exam.kernel.pages import file_response, json_response, locale_of, page, redirect, status_of, wants_json

WRITE = [needs(Permission.CATALOGUE_WRITE)]
DRAFT, EDITOR = "pages/exam/catalogue/draft.html", "pages/exam/catalogue/editor.html"
FIELD_LABELS: Mapping[str, str] = {
    "title_zh": N_("标题（中文）"), "title_en": N_("标题（英文）"), "task": N_("任务号"), "code": N_("编号"),
    "name_zh": N_("名称（中文）"), "name_en": N_("名称（英文）"), "dimension": N_("考核维度"), "gate": N_("门槛"),
    "kind": N_("类型"), "points": N_("配分"), "standard_zh": N_("评分标准（中文）"), "standard_en": N_("评分标准（英文）"),
    "nominal": N_("标准值"), "tolerance": N_("允许偏差"), "step": N_("每超差"), "per_step": N_("每步扣分"), "unit": N_("单位"),
    "each": N_("每处扣分"), "levels": N_("各级描述"), "zh": N_("中文描述"), "en": N_("英文描述"), "effect": N_("后果"),
    "proof": N_("需要的证明"), "every_minutes": N_("每超时分钟"), "stop_minutes": N_("终止分钟"), "assessors": N_("考评员人数"),
    "third": N_("第三名考评员"), "tie": N_("居中时"), "sections": N_("各部分"), "rows": N_("评分项"), "sheet": N_("评分表"),
    "overtime": N_("超时"), "agreement": N_("评分一致"), "components": N_("科目"), "weight": N_("权重"),
    "minimum": N_("最低分"), "full_marks": N_("满分"), "fee_yuan": N_("考核费"), "pass_rule": N_("合格规则"),
    "duration_minutes": N_("时长"), "blueprint": N_("试卷组成"),
}  # fmt: skip


LISTS = frozenset({"components", "sections", "rows", "sheet"})  # what stands in them is said by its own code
WORDS: Mapping[str, Mapping[Any, str]] = {
    "kind": ROW_LABELS, "dimension": DIMENSION_LABELS, "effect": EFFECT_LABELS, "proof": PROOF_LABELS, "tie": TIE_LABELS,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place in the definition, said in the reader's language when it is shown."""

    parts: tuple[str, ...]

    def __str__(self) -> str:
        shown = [one for one in self.parts[:-1] if one not in LISTS] + list(self.parts[-1:])
        return " › ".join(translate(FIELD_LABELS[one]) if one in FIELD_LABELS else one for one in shown)


@dataclass(frozen=True, kw_only=True)
class SheetState:
    """One component's sheet of a draft: how it stands."""

    seq: int
    code: str
    name_zh: str
    name_en: str
    errors: int
    advice: int
    changed: bool


@dataclass(frozen=True, kw_only=True)
class EditorView:
    draft: SchemeDraft
    seq: int
    component: Mapping[str, Any]
    sheet: Mapping[str, Any]
    findings: Sequence[Finding]

    @property
    def errors(self) -> list[Finding]:
        return [one for one in self.findings if one.stops]

    @property
    def advice(self) -> list[Finding]:
        return [one for one in self.findings if not one.stops]

    def at(self, row: str) -> list[Finding]:
        """What there is to say about one row or section."""
        return [one for one in self.findings if one.row == row]

    @property
    def total(self) -> Decimal:
        """The marks of all rows as far as they can be read."""
        rows = [row for section in self.sheet.get("sections", []) for row in section.get("rows", [])]
        return sum((_number(row.get("points")) for row in rows), Decimal(0))


@post("/exam/catalogue/schemes/{scheme_id:uuid}/draft", guards=WRITE, status_code=200)
async def start(request: AppRequest, services: AppServices, scheme_id: FromPath[UUID]) -> Response[Any]:
    """Begin a draft of the next version, or go to the one that is open."""
    async with services.db.transaction() as session:
        draft_id = await actions.start_draft(session, actor_of(request), scheme_id=scheme_id, now=services.clock.now())
    return redirect(request, f"/exam/catalogue/drafts/{draft_id}")


@get("/exam/catalogue/drafts/{draft_id:uuid}", guards=WRITE)
async def draft_page(request: AppRequest, services: AppServices, draft_id: FromPath[UUID]) -> Response[Any]:
    """Show a draft: its sheets, what differs from the version it was made from, the next step."""
    async with services.db.transaction() as session:
        return await _draft_page(request, session, draft_id, None)


@get("/exam/catalogue/drafts/{draft_id:uuid}/definition", guards=WRITE)
async def draft_file(request: AppRequest, services: AppServices, draft_id: FromPath[UUID]) -> Response[Any]:
    """Give the draft as a scheme file."""
    async with services.db.transaction() as session:
        found = await _draft(session, actor_of(request), draft_id)
    text = json.dumps(found.definition, ensure_ascii=False, indent=2)
    return file_response(text.encode(), "application/json", f"{found.certificate.name_zh}-{found.level.zh}.json")


@get("/exam/catalogue/drafts/{draft_id:uuid}/sheets/{seq:int}", guards=WRITE)
async def editor(
    request: AppRequest, services: AppServices, draft_id: FromPath[UUID], seq: FromPath[int]
) -> Response[Any]:
    """Show the sheet editor."""
    async with services.db.transaction() as session:
        view = _editor_view(await _draft(session, actor_of(request), draft_id), seq)
    return _editor(request, view, None)


@post("/exam/catalogue/drafts/{draft_id:uuid}/sheets/{seq:int}", guards=WRITE, status_code=200)
async def save(
    request: AppRequest, services: AppServices, draft_id: FromPath[UUID], seq: FromPath[int]
) -> Response[Any]:
    """Save what the editor holds, after one step of shape where a button asked for it; a script is told what is wrong where."""
    sent = sheet_fields(dict(await request.form()))
    sheet = sheet_from_form(sent.fields)
    wanted = step(sheet, sent.step) if sent.step else sheet
    try:
        async with services.db.transaction() as session:
            found = await actions.save_draft_sheet(
                session, actor_of(request), draft_id=draft_id, seq=seq, sheet=wanted, revision=sent.revision,
                now=services.clock.now(),
            )  # fmt: skip
    except Refusal as refusal:
        if wants_json(request):
            raise
        async with services.db.transaction() as session:
            view = _editor_view(await _draft(session, actor_of(request), draft_id), seq)
        return _editor(request, replace(view, sheet=wanted), refusal)
    view = _editor_view(found, seq)
    if wants_json(request):
        with use_locale(locale_of(request), "exam_catalogue"):
            return json_response(_told(view))
    address = f"/exam/catalogue/drafts/{draft_id}/sheets/{seq}"
    return redirect(request, address + (f"#{sent.anchor}" if sent.anchor else ""), N_("草稿已保存。"))


@post("/exam/catalogue/drafts/{draft_id:uuid}/submit", guards=WRITE, status_code=200)
async def submit(request: AppRequest, services: AppServices, draft_id: FromPath[UUID]) -> Response[Any]:
    """Hand the draft in."""
    try:
        async with services.db.transaction() as session:
            await actions.submit_draft(session, actor_of(request), draft_id=draft_id, now=services.clock.now())
    except Refusal as refusal:
        return await _refused(request, services, draft_id, refusal)
    return redirect(request, f"/exam/catalogue/drafts/{draft_id}", N_("已提交，等待第二人批准。"))


@post("/exam/catalogue/drafts/{draft_id:uuid}/return", guards=WRITE, status_code=200)
async def give_back(request: AppRequest, services: AppServices, draft_id: FromPath[UUID]) -> Response[Any]:
    """Return the draft to its authors, or take the own one back."""
    try:
        form = await parse_form(request, ReturnForm)
        async with services.db.transaction() as session:
            await actions.return_draft(
                session, actor_of(request), draft_id=draft_id, reason=form.reason, now=services.clock.now()
            )
    except Refusal as refusal:
        return await _refused(request, services, draft_id, refusal)
    return redirect(request, f"/exam/catalogue/drafts/{draft_id}", N_("草稿可以继续修改了。"))


@post("/exam/catalogue/drafts/{draft_id:uuid}/approve", guards=WRITE, status_code=200)
async def approve(request: AppRequest, services: AppServices, draft_id: FromPath[UUID]) -> Response[Any]:
    """Approve as the second person: published as the next version."""
    try:
        form = await parse_form(request, RevisionForm)
        async with services.db.transaction() as session:
            scheme_id = await actions.approve_draft(
                session, actor_of(request), draft_id=draft_id, revision=form.revision, now=services.clock.now()
            )
    except Refusal as refusal:
        return await _refused(request, services, draft_id, refusal)
    return redirect(request, f"/exam/catalogue/schemes/{scheme_id}", N_("已批准，考核方案的新版本已发布。"))


@post("/exam/catalogue/drafts/{draft_id:uuid}/rebase", guards=WRITE, status_code=200)
async def rebase(request: AppRequest, services: AppServices, draft_id: FromPath[UUID]) -> Response[Any]:
    """Put the draft on the newest version."""
    async with services.db.transaction() as session:
        await actions.rebase_draft(session, actor_of(request), draft_id=draft_id, now=services.clock.now())
    return redirect(request, f"/exam/catalogue/drafts/{draft_id}", N_("草稿已改为依据现行版本，请核对差异。"))


@post("/exam/catalogue/drafts/{draft_id:uuid}/discard", guards=WRITE, status_code=200)
async def discard(request: AppRequest, services: AppServices, draft_id: FromPath[UUID]) -> Response[Any]:
    """Give the draft up."""
    try:
        async with services.db.transaction() as session:
            await actions.discard_draft(session, actor_of(request), draft_id=draft_id, now=services.clock.now())
    except Refusal as refusal:
        return await _refused(request, services, draft_id, refusal)
    return redirect(request, "/exam/catalogue", N_("草稿已放弃，现行版本不变。"))


async def _draft(session: AsyncSession, actor: Actor, draft_id: UUID) -> SchemeDraft:
    found = await queries.draft(session, draft_id)
    actor.require(Permission.CATALOGUE_WRITE, organisation_id=found.certificate.organisation_id)
    return found


async def _refused(request: AppRequest, services: Any, draft_id: UUID, refusal: Refusal) -> Response[Any]:
    async with services.db.transaction() as session:
        return await _draft_page(request, session, draft_id, refusal)


async def _draft_page(
    request: AppRequest, session: AsyncSession, draft_id: UUID, refusal: Refusal | None
) -> Response[Any]:
    actor = actor_of(request)
    found = await _draft(session, actor, draft_id)
    people = [*found.authors, *(one for one in (found.approved_by, found.returned_by) if one is not None)]
    return page(
        request, DRAFT, status=200 if refusal is None else status_of(refusal), draft=found, refusal=refusal,
        sheets=_states(found), changes=_changes(found), names=await accounts.names(session, people),
        draft_labels=DRAFT_LABELS, change_labels=CHANGE_LABELS, own=actor.account_id in found.authors,
        open=found.status in (DraftStatus.EDITING, DraftStatus.SUBMITTED), problems=_problems(found),
    )  # fmt: skip


def _problems(found: SchemeDraft) -> Sequence[Problem]:
    """What stops publication, of the whole definition."""
    try:
        parse_definition(found.definition)
    except Invalid as refusal:
        return refusal.problems or [Problem(message=refusal.message, facts=refusal.facts, way_out=refusal.way_out)]
    return ()


def _states(found: SchemeDraft) -> list[SheetState]:
    changed = changed_sheets(found.definition, found.base)
    states = []
    for seq, part in enumerate(found.definition.get("components", []), 1):
        if part.get("sheet") is not None:
            said = lint(part["sheet"], _number(part.get("full_marks")))
            states.append(
                SheetState(
                    seq=seq, code=str(part.get("code")), name_zh=str(part.get("name_zh")),
                    name_en=str(part.get("name_en")), errors=sum(one.stops for one in said),
                    advice=sum(not one.stops for one in said), changed=str(part.get("code")) in changed,
                )
            )  # fmt: skip
    return states


def _changes(found: SchemeDraft) -> list[tuple[Change, Place]]:
    """What differs, its words said as the editor says them."""
    said = []
    for one in changes(found.base, found.definition) if found.base else []:
        words = WORDS.get(one.place[-1], {}) if "sheet" in one.place else {}
        shown = replace(one, before=words.get(one.before, one.before), after=words.get(one.after, one.after))
        said.append((shown, Place(parts=one.place)))
    return said


def _editor_view(found: SchemeDraft, seq: int) -> EditorView:
    parts = found.definition.get("components", [])
    if not 1 <= seq <= len(parts) or parts[seq - 1].get("sheet") is None:
        raise NotFound
    part = parts[seq - 1]
    said = [replace(one, problem=_placed(one.problem, part["sheet"])) for one in
            lint(part["sheet"], _number(part.get("full_marks")))]  # fmt: skip
    return EditorView(draft=found, seq=seq, component=part, sheet=part["sheet"], findings=said)


def _placed(problem: Problem, sheet: Mapping[str, Any]) -> Problem:
    """A problem whose place is said with the row's code and the field's name."""
    if "path" not in problem.facts:
        return problem
    parts: list[str] = []
    inner: Any = sheet
    for one in problem.field.split("."):
        group = {"s": "sections", "r": "rows", "l": "levels"}.get(one[:1]) if one[1:].isdigit() else None
        if group is None:
            parts.append(one)
            continue
        items = inner.get(group, []) if isinstance(inner, Mapping) else []
        inner = items[int(one[1:]) - 1] if int(one[1:]) <= len(items) else {}
        code = inner.get("code") if isinstance(inner, Mapping) else None
        parts.append(str(code) if code else one[1:])
    return replace(problem, facts={**problem.facts, "path": Place(parts=tuple(parts))})


def _editor(request: AppRequest, view: EditorView, refusal: Refusal | None) -> Response[Any]:
    return page(
        request, EDITOR, status=200 if refusal is None else status_of(refusal), view=view, refusal=refusal,
        row_labels=ROW_LABELS, dimension_labels=DIMENSION_LABELS, effect_labels=EFFECT_LABELS,
        proof_labels=PROOF_LABELS, tie_labels=TIE_LABELS, full=_number(view.component.get("full_marks")),
        editable=view.draft.status is DraftStatus.EDITING,
    )  # fmt: skip


def _told(view: EditorView) -> dict[str, Any]:
    """What a script is told after a save: what the server holds and what is wrong where, in the reader's words."""
    return {
        "revision": view.draft.revision,
        "saved_at": view.draft.saved_at.isoformat(),
        "total": f"{view.total.normalize():f}",
        "errors_text": translate(N_("%(n)s 处要改"), n=len(view.errors)),
        "sound_text": translate(N_("没有错误")),
        "findings": [
            {"field": one.problem.field, "row": one.row, "stops": one.stops,
             "text": translate(one.problem.message, **one.problem.facts)}
            for one in view.findings
        ],
    }  # fmt: skip


def _number(value: Any) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return Decimal(0)
    return number if number.is_finite() else Decimal(0)


ROUTES = [
    start, draft_page, draft_file, editor, save, submit, give_back, approve, rebase, discard,
]  # fmt: skip
