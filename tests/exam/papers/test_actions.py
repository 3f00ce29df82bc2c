"""The bank and the sealed papers on a real database."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import SYSTEM, Role, Scope
from exam.catalogue.rules import ItemKind, Scheme
from exam.kernel.errors import Forbidden, NotFound
from exam.papers import actions, queries
from exam.papers.actions import ItemsInvalid, NoBlueprint
from exam.papers.queries import PaperMissing
from exam.papers.rules import BankTooSmall, ItemDraft
from tests.conftest import NOW
from tests.exam.day import drafts, make_scheme, person


@pytest.fixture
async def scheme(session: AsyncSession) -> Scheme:
    return await make_scheme(session, NOW)


async def fill(session: AsyncSession, scheme: Scheme, items: list[ItemDraft] | None = None) -> actions.ItemsAdded:
    return await actions.add_items(
        session, SYSTEM, certificate_id=scheme.certificate_id, level=scheme.level,
        items=drafts() if items is None else items, now=NOW,
    )  # fmt: skip


async def test_items_are_added_once(session: AsyncSession, scheme: Scheme) -> None:
    assert await fill(session, scheme) == actions.ItemsAdded(24, 0)
    assert await fill(session, scheme) == actions.ItemsAdded(0, 24)
    more = [*drafts(), ItemDraft(kind=ItemKind.TRUE_FALSE, stem="新的", key=("false",))]
    assert await fill(session, scheme, more) == actions.ItemsAdded(1, 24)
    [line] = await queries.bank_lines(session, SYSTEM)
    assert line.counts == {ItemKind.SINGLE: 6, ItemKind.MULTIPLE: 6, ItemKind.TRUE_FALSE: 7, ItemKind.FILL_IN: 6}
    assert line.short == ()


async def test_an_empty_delivery_adds_nothing(session: AsyncSession, scheme: Scheme) -> None:
    assert await fill(session, scheme, []) == actions.ItemsAdded(0, 0)


async def test_one_wrong_item_refuses_all(session: AsyncSession, scheme: Scheme) -> None:
    with pytest.raises(ItemsInvalid):
        await fill(session, scheme, [*drafts(), ItemDraft(kind=ItemKind.SINGLE, stem="没有选项", key=("A",))])
    assert await queries.bank(session, scheme.certificate_id, scheme.level) == []


async def test_authors_write_for_their_own_organisation(session: AsyncSession, scheme: Scheme) -> None:
    stranger = person(Role.ITEM_AUTHOR, Scope("organisation", str(uuid4())))
    author = person(Role.ITEM_AUTHOR, Scope("organisation", str(scheme.organisation_id)))
    with pytest.raises(Forbidden):
        await actions.add_items(
            session, stranger, certificate_id=scheme.certificate_id, level=scheme.level, items=drafts(), now=NOW
        )
    await actions.add_items(
        session, author, certificate_id=scheme.certificate_id, level=scheme.level, items=drafts(), now=NOW
    )
    with pytest.raises(Forbidden):
        await actions.assemble(session, stranger, component=scheme.components[0], seed=1, now=NOW)
    assert await queries.bank_lines(session, stranger) == []


async def test_a_paper_is_sealed_without_its_keys(session: AsyncSession, scheme: Scheme) -> None:
    await fill(session, scheme)
    infos = await actions.assemble(session, SYSTEM, component=scheme.components[0], seed=7, now=NOW)
    assert sorted(info.version for info in infos) == ["A", "B"]
    papers = {info.version: await queries.paper(session, info.id) for info in infos}
    keys = await queries.keys(session, [info.id for info in infos])
    for info in infos:
        paper = papers[info.version]
        assert {question.id for question in paper.questions} == {key.item_id for key in keys[info.id].items}
        assert paper.full_marks == sum(key.points for key in keys[info.id].items) == 100
    assert not {q.id for q in papers["A"].questions} & {q.id for q in papers["B"].questions}
    assert "key" not in repr(papers["A"])
    fill_in = next(key for key in keys[infos[0].id].items if key.kind is ItemKind.FILL_IN)
    assert fill_in.blanks == (frozenset({"红", "朱"}), frozenset({"绿"}))
    assert await queries.keys(session, []) == {}


async def test_the_same_seed_draws_the_same_items(session: AsyncSession, scheme: Scheme) -> None:
    await fill(session, scheme)
    drawn = []
    for _ in range(2):
        infos = await actions.assemble(session, SYSTEM, component=scheme.components[0], seed=7, now=NOW)
        drawn.append({info.version: info.content_sha256 for info in infos})
    assert drawn[0] == drawn[1]


async def test_a_batch_gets_its_own_paper_first_then_the_newest(session: AsyncSession, scheme: Scheme) -> None:
    await fill(session, scheme)
    component, batch = scheme.components[0], uuid4()

    async def seal(minutes: int, batch_id: object = None) -> object:
        infos = await actions.assemble(
            session, SYSTEM, component=component, versions=["A"], seed=minutes, batch_id=batch_id,  # type: ignore[arg-type]
            now=NOW + timedelta(minutes=minutes),
        )  # fmt: skip
        return infos[0].id

    with pytest.raises(PaperMissing):
        await queries.paper_for(session, component.id, "A", batch)
    await seal(1)
    newer = await seal(2)
    own = await seal(0, batch)
    assert (await queries.paper_for(session, component.id, "A", batch)).id == own
    assert (await queries.paper_for(session, component.id, "A", uuid4())).id == newer
    with pytest.raises(PaperMissing):
        await queries.paper_for(session, component.id, "C", batch)


async def test_what_cannot_be_drawn_is_refused(session: AsyncSession, scheme: Scheme) -> None:
    with pytest.raises(BankTooSmall):
        await actions.assemble(session, SYSTEM, component=scheme.components[0], seed=1, now=NOW)
    with pytest.raises(NoBlueprint):
        await actions.assemble(session, SYSTEM, component=scheme.components[1], seed=1, now=NOW)


async def test_a_retired_item_is_not_drawn_again_but_stays_on_sealed_papers(
    session: AsyncSession, scheme: Scheme
) -> None:
    await fill(session, scheme)
    [info] = await actions.assemble(session, SYSTEM, component=scheme.components[0], versions=["A"], seed=7, now=NOW)
    item = (await queries.paper(session, info.id)).questions[0]
    await actions.retire_item(session, SYSTEM, item_id=item.id, now=NOW)
    assert item.id not in {one.id for one in await queries.bank(session, scheme.certificate_id, scheme.level)}
    assert item in (await queries.paper(session, info.id)).questions
    with pytest.raises(NotFound):
        await actions.retire_item(session, SYSTEM, item_id=uuid4(), now=NOW)


async def test_a_sealed_paper_cannot_be_altered_and_an_alteration_would_show(
    session: AsyncSession, scheme: Scheme
) -> None:
    await fill(session, scheme)
    await actions.assemble(session, SYSTEM, component=scheme.components[0], seed=7, now=NOW)
    assert await queries.invariants(session) == []
    change = "UPDATE exam.papers SET content = jsonb_set(content, '{sections,0,points}', '\"99\"')"
    with pytest.raises(DBAPIError):
        async with session.begin_nested():
            await session.execute(text(change))
    await session.execute(text("ALTER TABLE exam.papers DISABLE TRIGGER ALL"))
    await session.execute(text(change))
    assert len([failure for failure in await queries.invariants(session) if "content_altered" in failure]) == 2


async def test_authors_are_told_what_is_missing(session: AsyncSession, scheme: Scheme) -> None:
    author = person(Role.ITEM_AUTHOR, Scope("organisation", str(scheme.organisation_id)))
    assert [(need.tone, need.count) for need in await queries.needs(session, author, NOW)] == [("warning", 1)]
    await fill(session, scheme)
    assert [(need.tone, need.count) for need in await queries.needs(session, author, NOW)] == [("needs", 1)]
    await actions.assemble(session, SYSTEM, component=scheme.components[0], seed=7, now=NOW)
    assert await queries.needs(session, author, NOW) == []
    assert await queries.needs(session, person(Role.INVIGILATOR), NOW) == []
