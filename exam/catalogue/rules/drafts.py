"""Drafts of a scheme: edited, handed in, approved by a second person and then published as the next version (A06, A08).

Nobody approves what they wrote themselves; a draft that was made from a version that is no longer the newest is first put on the
newest. One draft of a certificate's level is open at a time, so that nobody's work is overtaken unseen.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from copy import deepcopy
from enum import StrEnum
from typing import Any
from uuid import UUID

from exam.kernel.errors import N_, Conflict, Invalid


class DraftStatus(StrEnum):
    EDITING = "editing"
    SUBMITTED = "submitted"  # waits for the second person
    PUBLISHED = "published"
    DISCARDED = "discarded"


ALLOWED: Mapping[DraftStatus, frozenset[DraftStatus]] = {
    DraftStatus.EDITING: frozenset({DraftStatus.SUBMITTED, DraftStatus.DISCARDED}),
    DraftStatus.SUBMITTED: frozenset({DraftStatus.EDITING, DraftStatus.PUBLISHED}),
    DraftStatus.PUBLISHED: frozenset(),
    DraftStatus.DISCARDED: frozenset(),
}
DRAFT_LABELS: Mapping[DraftStatus, str] = {
    DraftStatus.EDITING: N_("编辑中"),
    DraftStatus.SUBMITTED: N_("待第二人批准"),
    DraftStatus.PUBLISHED: N_("已发布"),
    DraftStatus.DISCARDED: N_("已放弃"),
}


class DraftClosed(Conflict):
    message = N_("草稿现为“%(status)s”，不能这样做。")
    way_out = N_("编辑中的草稿可以修改和提交；已提交的由第二人批准或退回，提交人也可以收回。")


class DraftMoved(Conflict):
    message = N_("草稿在您打开以后被别人保存过，您这次的修改没有保存。")
    way_out = N_("请重新打开页面，在新的内容上修改。")


class OwnDraft(Conflict):
    message = N_("您写过这份草稿，不能由您批准。")
    way_out = N_("请由本组织没有参与编写的另一名考务管理员批准。")


class DraftOutdated(Conflict):
    message = N_("这份草稿依据第 %(base)s 版，现行的已是第 %(newest)s 版。")
    way_out = N_("请点“改为依据现行版本”，核对与现行版本的差异后再提交。")


class NothingChanged(Conflict):
    message = N_("草稿与现行版本相同，没有可以提交的修改。")


class DraftOpen(Conflict):
    message = N_("这个证书等级已有一份没有办完的草稿。")
    way_out = N_("请先提交、发布或放弃那份草稿，再上传新的文件。")


class ReturnReasonMissing(Invalid):
    message = N_("退回时请写明要改什么。")


def require_draft_change(present: DraftStatus, wanted: DraftStatus) -> None:
    """Refuse a step the table does not know."""
    if wanted not in ALLOWED[present]:
        raise DraftClosed(status=DRAFT_LABELS[present])


def require_second_person(account_id: UUID | None, authors: Collection[UUID]) -> None:
    """Refuse an approval by anybody who wrote on the draft, and by nobody at all."""
    if account_id is None or account_id in authors:
        raise OwnDraft()


def sheets_of(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The score sheets of a definition by their component's code; nothing is expected of it to hold."""
    parts = definition.get("components")
    return {
        str(part.get("code")): part["sheet"]
        for part in (parts if isinstance(parts, list) else [])
        if isinstance(part, dict) and part.get("sheet") is not None
    }


def changed_sheets(definition: Mapping[str, Any], base: Mapping[str, Any] | None) -> list[str]:
    """Codes of the components whose sheet is new or says something else than in the base, by code."""
    before = sheets_of(base or {})
    return sorted(code for code, sheet in sheets_of(definition).items() if _text(sheet) != _text(before.get(code)))


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two definitions say the same."""
    return _text(one) == _text(other)


def rebased(draft: Mapping[str, Any], base: Mapping[str, Any], newest: Mapping[str, Any]) -> dict[str, Any]:
    """The draft on top of the newest version: its changed sheets there, where nothing else was changed; otherwise the draft as it
    is, so that the difference to the newest shows all of it."""
    if _text(_bare(draft)) != _text(_bare(base)):
        return deepcopy(dict(draft))
    made, sheets = deepcopy(dict(newest)), sheets_of(draft)
    changed = changed_sheets(draft, base)
    for part in made["components"]:
        if part.get("code") in changed:
            part["sheet"] = deepcopy(sheets[part["code"]])
    return made


def with_sheet(definition: Mapping[str, Any], seq: int, sheet: Mapping[str, Any]) -> dict[str, Any]:
    """The definition with the sheet of one component (counted from 1) replaced."""
    made = deepcopy(dict(definition))
    made["components"][seq - 1]["sheet"] = dict(sheet)
    return made


def _bare(definition: Mapping[str, Any]) -> dict[str, Any]:
    made = deepcopy(dict(definition))
    for part in made.get("components", []):
        part.pop("sheet", None)
    return made


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
