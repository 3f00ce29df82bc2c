"""Drafts on a database: who wrote does not approve, nothing is overtaken unseen, a file's sheets go the same way."""

import re

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import SYSTEM, Actor, Role, Scope
from exam.catalogue import actions, queries
from exam.catalogue.rules import (
    DefinitionInvalid,
    DraftMoved,
    DraftOpen,
    DraftOutdated,
    DraftStatus,
    Level,
    NothingChanged,
    OwnDraft,
    ReturnReasonMissing,
)
from exam.catalogue.rules.drafts import DraftClosed
from exam.kernel.errors import Forbidden, NotFound
from exam.kernel.services import Services
from tests.conftest import NOW
from tests.exam.catalogue.builders import definition
from tests.exam.catalogue.test_editing import SHEET, form_of
from tests.exam.day import person
from tests.scoring.pages import plain_text, post, sign_in
from tests.scoring.world import PASSWORD


class Desk:
    """An organisation with two officers and one published scheme."""

    def __init__(self, scheme_id: object, one: Actor, two: Actor) -> None:
        self.scheme_id, self.one, self.two = scheme_id, one, two


async def make_desk(session: AsyncSession) -> tuple[object, Scope]:
    organisation = await actions.add_organisation(
        session, SYSTEM, code="T001", name_zh="测试评价组织", name_en="Test organisation", now=NOW
    )
    await actions.add_certificate(
        session, SYSTEM, organisation_id=organisation, code="TST", name_zh="测试证书", name_en="Test certificate",
        batch_no=1, levels=[Level.ELEMENTARY], now=NOW,
    )  # fmt: skip
    scheme_id = await actions.publish_scheme(session, SYSTEM, definition=definition(), now=NOW)
    return scheme_id, Scope("organisation", str(organisation))


@pytest.fixture
async def desk(session: AsyncSession) -> Desk:
    scheme_id, scope = await make_desk(session)
    return Desk(scheme_id, person(Role.EXAM_OFFICER, scope), person(Role.EXAM_OFFICER, scope))


async def changed(session: AsyncSession, desk: Desk, **sheet: object) -> "queries.SchemeDraft":
    draft_id = await actions.start_draft(session, desk.one, scheme_id=desk.scheme_id, now=NOW)  # type: ignore[arg-type]
    found = await queries.draft(session, draft_id)
    return await actions.save_draft_sheet(
        session,
        desk.one,
        draft_id=draft_id,
        seq=2,
        sheet={**SHEET, "task": "1.2", **sheet},
        revision=found.revision,
        now=NOW,
    )


async def test_who_wrote_does_not_approve_and_approval_publishes(session: AsyncSession, desk: Desk) -> None:
    draft = await changed(session, desk)
    again = await actions.start_draft(session, desk.two, scheme_id=desk.scheme_id, now=NOW)  # type: ignore[arg-type]
    assert again == draft.id, "one draft at a time"
    with pytest.raises(DraftClosed):
        await actions.approve_draft(session, desk.two, draft_id=draft.id, revision=draft.revision, now=NOW)
    await actions.submit_draft(session, desk.one, draft_id=draft.id, now=NOW)
    with pytest.raises(DraftClosed):
        await actions.save_draft_sheet(session, desk.one, draft_id=draft.id, seq=2, sheet=SHEET, revision=1, now=NOW)
    with pytest.raises(OwnDraft):
        await actions.approve_draft(session, desk.one, draft_id=draft.id, revision=draft.revision, now=NOW)
    with pytest.raises(Forbidden):
        await actions.approve_draft(session, person(Role.SCORE_ENTRY), draft_id=draft.id, revision=1, now=NOW)
    with pytest.raises(DraftMoved):
        await actions.approve_draft(session, desk.two, draft_id=draft.id, revision=99, now=NOW)
    with pytest.raises(DBAPIError, match="second_person"):
        async with session.begin_nested():
            await session.execute(text("UPDATE exam.scheme_drafts SET approved_by = authors[1]"))
    with pytest.raises(ReturnReasonMissing):
        await actions.return_draft(session, desk.two, draft_id=draft.id, reason=" ", now=NOW)
    assert [one.text for one in await queries.needs(session, desk.two, NOW)] == ["考核方案的新版本待您批准"]
    scheme_id = await actions.approve_draft(session, desk.two, draft_id=draft.id, revision=draft.revision, now=NOW)
    scheme = await queries.scheme(session, scheme_id)
    done = await queries.draft(session, draft.id)
    assert (scheme.version, scheme.components[1].sheet or {})[1]["task"] == "1.2" and scheme.version == 2
    assert (done.status, done.approved_by, done.scheme_id) == (DraftStatus.PUBLISHED, desk.two.account_id, scheme_id)
    with pytest.raises(DraftClosed):
        await actions.discard_draft(session, desk.one, draft_id=draft.id, now=NOW)


async def test_what_was_returned_is_mended_by_its_author(session: AsyncSession, desk: Desk) -> None:
    draft = await changed(session, desk)
    await actions.submit_draft(session, desk.one, draft_id=draft.id, now=NOW)
    await actions.return_draft(session, desk.two, draft_id=draft.id, reason="少一项", now=NOW)
    assert "退回" in (await queries.needs(session, desk.one, NOW))[0].text
    back = await queries.draft(session, draft.id)
    assert (back.status, back.return_reason, back.authors) == (DraftStatus.EDITING, "少一项", (desk.one.account_id,))
    await actions.submit_draft(session, desk.one, draft_id=draft.id, now=NOW)
    await actions.return_draft(session, desk.one, draft_id=draft.id, reason="", now=NOW)  # taken back


async def test_nothing_wrong_or_unchanged_is_handed_in(session: AsyncSession, desk: Desk) -> None:
    draft_id = await actions.start_draft(session, desk.one, scheme_id=desk.scheme_id, now=NOW)  # type: ignore[arg-type]
    with pytest.raises(NothingChanged):
        await actions.submit_draft(session, desk.one, draft_id=draft_id, now=NOW)
    wrong = await changed(session, desk, title_zh="")
    with pytest.raises(DefinitionInvalid) as refused:
        await actions.submit_draft(session, desk.one, draft_id=draft_id, now=NOW)
    assert [one.field for one in refused.value.problems] == ["components[2].sheet.title_zh"]
    with pytest.raises(DraftMoved):
        await actions.save_draft_sheet(session, desk.two, draft_id=draft_id, seq=2, sheet=SHEET, revision=0, now=NOW)
    for seq in (0, 1, 3):
        with pytest.raises(NotFound):
            await actions.save_draft_sheet(
                session, desk.two, draft_id=draft_id, seq=seq, sheet=SHEET, revision=wrong.revision, now=NOW
            )


async def test_a_version_published_meanwhile_is_not_overtaken(session: AsyncSession, desk: Desk) -> None:
    draft = await changed(session, desk)
    await actions.publish_scheme(session, SYSTEM, definition=definition(fee_yuan="400"), now=NOW)
    with pytest.raises(DraftOutdated):
        await actions.submit_draft(session, desk.one, draft_id=draft.id, now=NOW)
    await actions.rebase_draft(session, desk.one, draft_id=draft.id, now=NOW)
    found = await queries.draft(session, draft.id)
    assert (found.base_version, found.definition["fee_yuan"], found.outdated) == (2, "400", False)
    assert found.definition["components"][1]["sheet"]["task"] == "1.2"


async def test_a_file_with_another_sheet_waits_for_the_second_person(session: AsyncSession, desk: Desk) -> None:
    assert not await actions.needs_second_person(session, definition(fee_yuan="400"))
    made = definition()
    made["components"][1]["sheet"] = {**SHEET, "task": "9"}
    assert await actions.needs_second_person(session, made)
    draft_id = await actions.submit_file(session, desk.one, definition=made, now=NOW)
    with pytest.raises(DraftOpen):
        await actions.submit_file(session, desk.two, definition=made, now=NOW)
    with pytest.raises(IntegrityError):
        async with session.begin_nested():
            await session.execute(
                text(
                    "INSERT INTO exam.scheme_drafts SELECT (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid()))).* FROM exam.scheme_drafts d"
                )
            )
    await actions.approve_draft(session, desk.two, draft_id=draft_id, revision=0, now=NOW)
    assert (await queries.versions(session, (await queries.draft(session, draft_id)).certificate.id, Level.ELEMENTARY))[
        -1
    ].version == 2


async def test_from_the_editor_to_the_published_version(client: httpx.AsyncClient, services: Services) -> None:
    async with services.db.transaction() as session:
        from exam.accounts import actions as accounts
        from exam.accounts.rules import Grant

        scheme_id, scope = await make_desk(session)
        for login in ("writer", "second"):
            await accounts.create_staff(
                session, SYSTEM, login=login, name=login, password=PASSWORD, now=NOW, grants=[Grant(Role.EXAM_OFFICER, scope)]
            )  # fmt: skip
    scheme = f"/exam/catalogue/schemes/{scheme_id}"
    await sign_in(client, "writer")
    here = (await post(client, f"{scheme}/draft", page=scheme)).headers["location"]
    editor = f"{here}/sheets/2"
    wrong = await post(
        client, editor, **form_of(SHEET) | {"s1.r1.points": "forty", "revision": "0", "do": "row-add:2:global"}
    )
    assert wrong.status_code == 303 and wrong.headers["location"].endswith("#s2")
    shown = plain_text((await client.get(editor)).text)
    assert "sections › A › rows › A1" not in shown and "A1 › 配分 不是数字：forty" in shown and "总体评价" in shown
    stale = await post(client, editor, **form_of(SHEET) | {"revision": "0", "do": "save"})
    assert stale.status_code == 409 and "被别人保存过" in stale.text
    preview = re.search(r'href="(/scoring/marking/previews/[^"]+/2)"', (await client.get(editor)).text)
    assert preview and (await client.get(preview[1])).status_code == 422
    assert (await post(client, f"{here}/submit", page=here)).status_code == 422
    token = (await client.get(editor)).text
    body = await client.post(
        editor, data=form_of(SHEET | {"task": "1.2"}) | {"revision": "1"}, headers={
            "Accept": "application/json", "X-CSRF-Token": re.findall(r'csrf-token" content="([^"]+)"', token)[0]},
    )  # fmt: skip
    assert body.json()["revision"] == 2 and not any(one["stops"] for one in body.json()["findings"])
    assert "试算合计" in (await client.get(preview[1])).text
    tried = await post(client, preview[1], **{"row-A1": "20.05", "row-A2": "true", "overtime": "0"})
    assert tried.status_code == 200 and "74.00" in tried.text
    assert (await client.get(f"{preview[1]}/print")).content[:4] == b"%PDF"
    assert (await post(client, f"{here}/submit", page=here)).status_code == 303
    assert (await post(client, f"{here}/approve", page=here, revision="2")).status_code == 409
    await sign_in(client, "second")
    assert "任务号" in plain_text((await client.get(here)).text)
    done = await post(client, f"{here}/approve", page=here, revision="2")
    assert done.status_code == 303 and "第 2 版" in (await client.get(done.headers["location"])).text
    await client.get("/language/en")
    for path in (here, editor, preview[1]):
        assert "%(" not in (await client.get(path)).text
