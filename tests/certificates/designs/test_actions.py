"""A design from its first line to its retirement; two people, frozen from the submission on, one in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from certificates.designs import actions, queries
from certificates.designs.rules.records import Changed, DesignStatus, HasProblems, NoLongerInForce, NotNow, SamePerson
from exam.accounts.rules import SYSTEM, Actor, Grant, Role, Scope
from exam.catalogue import actions as catalogue
from exam.kernel.errors import Forbidden, NotFound, Problem
from exam.kernel.ids import new_id
from tests.conftest import NOW

SOURCE = queries.built_in()
EDITED = replace(SOURCE, style=SOURCE.style + "b { color: #000 }\n")


def officer(*organisations: UUID) -> Actor:
    grants = tuple(Grant(Role.CERTIFICATE_OFFICER, Scope("organisation", str(one))) for one in organisations)
    return Actor(new_id(), "发证员", grants)


@pytest.fixture
async def organisation(session: AsyncSession) -> UUID:
    return await catalogue.add_organisation(
        session, SYSTEM, code="WL01", name_zh="物流样本培训评价组织", name_en="Specimen", now=NOW
    )


async def begun(session: AsyncSession, author: Actor, organisation: UUID | None) -> UUID:
    return await actions.begin(session, author, title="新版", organisation_id=organisation, based_on="", now=NOW)


async def submitted(session: AsyncSession, author: Actor, organisation: UUID | None) -> UUID:
    id = await begun(session, author, organisation)
    await actions.save(session, author, id=id, source=EDITED, revision=1, now=NOW)
    await actions.submit(session, author, id=id, tried=EDITED.sha256, problems=(), now=NOW)
    return id


async def published(session: AsyncSession, author: Actor, second: Actor, organisation: UUID | None) -> UUID:
    id = await submitted(session, author, organisation)
    await actions.approve(session, second, id=id, now=NOW)
    await actions.publish(session, author, id=id, way="weasyprint", now=NOW)
    return id


async def test_a_whole_life(session: AsyncSession, organisation: UUID) -> None:
    author, second = officer(organisation), officer(organisation)
    first = await published(session, author, second, organisation)
    one = await queries.in_force(session, organisation)
    assert one and one.id == first and one.name == "WL01-v2" and one.based_on == "v1"
    next_one = await published(session, second, author, organisation)
    assert (await queries.design(session, author, first)).status is DesignStatus.RETIRED
    now = await queries.in_force(session, organisation)
    assert now and now.id == next_one and now.version == 3
    await actions.retire(session, author, id=next_one, now=NOW)
    assert await queries.in_force(session, organisation) is None
    assert await queries.invariants(session) == []
    deeds = (await session.scalars(text("SELECT action FROM exam.audit_records WHERE subject = 'design'"))).all()
    assert sorted(set(deeds)) == [
        f"certificates.design_{deed}" for deed in ("approved", "begun", "published", "retired", "saved", "submitted")
    ]


async def test_one_for_all_serves_who_has_none_of_its_own(session: AsyncSession, organisation: UUID) -> None:
    author, second = officer(organisation), officer(organisation)
    common = await published(session, author, second, None)
    found = await queries.in_force(session, organisation)
    assert found and found.id == common and found.name == "ALL-v2"
    own = await published(session, author, second, organisation)
    found = await queries.in_force(session, organisation)
    assert found and found.id == own


async def test_a_second_person_approves(session: AsyncSession, organisation: UUID) -> None:
    author, editor = officer(organisation), officer(organisation)
    id = await begun(session, author, organisation)
    await actions.save(session, editor, id=id, source=EDITED, revision=1, now=NOW)
    await actions.submit(session, author, id=id, tried=EDITED.sha256, problems=(), now=NOW)
    for who in (author, editor):
        with pytest.raises(SamePerson):
            await actions.approve(session, who, id=id, now=NOW)
    with pytest.raises(NotNow):
        await actions.publish(session, author, id=id, way="press", now=NOW)
    await session.execute(text("UPDATE certificates.designs SET reason = ''"))
    with pytest.raises(IntegrityError, match="two_people"):
        async with session.begin_nested():
            await session.execute(
                text("UPDATE certificates.designs SET status = 'approved', approved_by = :who, approved_at = now()"),
                {"who": editor.account_id},
            )


async def test_nothing_changes_from_the_submission_on(session: AsyncSession, organisation: UUID) -> None:
    author, second = officer(organisation), officer(organisation)
    id = await submitted(session, author, organisation)
    with pytest.raises(NotNow):
        await actions.save(session, author, id=id, source=SOURCE, revision=2, now=NOW)
    for statement in (
        "UPDATE certificates.designs SET html = ''",
        "UPDATE certificates.designs SET authors = '{}'",
        "DELETE FROM certificates.designs",
        "TRUNCATE certificates.designs",
    ):
        with pytest.raises(DBAPIError, match=r"frozen|append-only"):
            async with session.begin_nested():
                await session.execute(text(statement))
    await actions.approve(session, second, id=id, now=NOW)
    with pytest.raises(DBAPIError, match="is approved"):
        async with session.begin_nested():
            await session.execute(text("UPDATE certificates.designs SET status = 'draft'"))


async def test_problems_and_other_contents_are_not_submitted(session: AsyncSession, organisation: UUID) -> None:
    author = officer(organisation)
    id = await begun(session, author, organisation)
    with pytest.raises(HasProblems):
        problem = Problem(message="x", code="x")
        await actions.submit(session, author, id=id, tried=SOURCE.sha256, problems=[problem], now=NOW)
    with pytest.raises(Changed):
        await actions.submit(session, author, id=id, tried=EDITED.sha256, problems=(), now=NOW)


async def test_who_saves_over_another_is_told(session: AsyncSession, organisation: UUID) -> None:
    author, other = officer(organisation), officer(organisation)
    id = await begun(session, author, organisation)
    assert await actions.save(session, author, id=id, source=SOURCE, revision=1, now=NOW) == 1  # nothing new
    assert await actions.save(session, author, id=id, source=EDITED, revision=1, now=NOW) == 2
    with pytest.raises(Changed):
        await actions.save(session, other, id=id, source=SOURCE, revision=1, now=NOW)


async def test_returned_with_its_reason(session: AsyncSession, organisation: UUID) -> None:
    author, second = officer(organisation), officer(organisation)
    id = await submitted(session, author, organisation)
    await actions.give_back(session, second, id=id, reason="二维码太小", now=NOW)
    one = await queries.design(session, author, id)
    assert (one.status, one.reason, one.submitted_by) == (DesignStatus.DRAFT, "二维码太小", None)


async def test_the_first_use_is_noted_once(session: AsyncSession, organisation: UUID) -> None:
    author, second = officer(organisation), officer(organisation)
    id = await published(session, author, second, organisation)
    template = await queries.template_in_force(session, organisation)
    assert (template.name, template.source) == ("WL01-v2", EDITED)
    await actions.use(session, organisation, template, now=NOW)
    await actions.use(session, organisation, template, now=NOW + timedelta(days=1))
    session.expire_all()
    assert (await queries.design(session, author, id)).used_at == NOW
    await actions.retire(session, author, id=id, now=NOW)
    with pytest.raises(NoLongerInForce):
        await actions.use(session, organisation, template, now=NOW)
    assert await queries.template_in_force(session, organisation) == queries.built_in_template()
    assert await queries.template(session, "WL01-v2") == template  # what a certificate was begun with is found for ever
    with pytest.raises(NotFound):
        await queries.template(session, "WL01-v9")


async def test_others_do_not_see_it(session: AsyncSession, organisation: UUID) -> None:
    id = await begun(session, officer(organisation), organisation)
    with pytest.raises(NotFound):
        await queries.design(session, officer(new_id()), id)
    assert await queries.designs(session, officer(new_id())) == []
    with pytest.raises(Forbidden):
        await begun(session, officer(new_id()), organisation)
    with pytest.raises(NotFound):
        await actions.approve(session, officer(new_id()), id=id, now=NOW)
