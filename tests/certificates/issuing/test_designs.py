"""The organisation's design is what is drawn: a new one in the middle of a batch, what was begun before, what comes after."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec
import pypdfium2
import pytest

from certificates.designs import actions as designs
from certificates.designs import queries as designed
from certificates.designs.rules.records import PRESS, Source
from certificates.issuing import actions, jobs, queries
from certificates.issuing.documents import Intent
from certificates.issuing.documents.drawing import CompiledElsewhere, context_of, drawn
from certificates.issuing.documents.press import shape_of, variant_of
from certificates.issuing.documents.samples import prepare
from certificates.issuing.jobs import making
from certificates.issuing.queries import Certificate
from certificates.issuing.rules.status import RenewalKind
from exam.accounts.rules import Actor, Role
from exam.kernel.services import Services
from tests.certificates.conftest import actor_of, officers
from tests.certificates.issuing.documents.people import Studio, intent_of
from tests.exam.kernel.print_home import print_home

BUILT_IN = designed.built_in()


def worded(word: str) -> Source:
    """The built-in design with another word in its statement."""
    return replace(BUILT_IN, html=BUILT_IN.html.replace("经考核合格，", f"经{word}考核合格，"))


async def publish(services: Services, organisation_id: UUID, source: Source) -> str:
    """A design that one officer writes and another approves; returns its name."""
    author, second = await officers(services)
    now = services.clock.now()
    async with services.db.transaction() as session:
        id = await designs.begin(session, author, title="新版", organisation_id=organisation_id, based_on="", now=now)
        await designs.save(session, author, id=id, source=source, revision=1, now=now)
        await designs.submit(session, author, id=id, tried=source.sha256, problems=(), now=now)
        await designs.approve(session, second, id=id, now=now)
        await designs.publish(session, author, id=id, way=PRESS, now=now)
        return (await designed.design(session, author, id)).name


def said(services: Services, one: Certificate) -> str:
    """The text of a stored certificate."""
    document = pypdfium2.PdfDocument(services.files.get(one.sha256 or ""))
    try:
        return "".join(document[0].get_textpage().get_text_bounded().split())
    finally:
        document.close()


async def stored(services: Services, officer: Actor, batch_id: UUID) -> list[Certificate]:
    async with services.db.transaction() as session:
        found, _ = await queries.page_of(session, officer, batch_id=batch_id, limit=500)
    return sorted(found, key=lambda one: (one.number, one.version))


async def test_what_was_begun_keeps_its_design_and_what_comes_after_takes_the_new_one(
    services: Services, officer: Actor, batch_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with services.db.transaction() as session:
        items = await queries.eligible(session, officer, batch_id, issued_on=services.clock.now().date(), specimen=True)
    organisation_id = items[0].organisation_id
    await publish(services, organisation_id, worded("春季"))
    real: Any = making.__dict__["draw"]
    drawings: list[bytes] = []

    def none(intent: Intent, **named: Any) -> bytes:
        drawings.append(real(intent, **named))
        raise RuntimeError("cut")

    monkeypatch.setattr(making, "draw", none)
    with pytest.raises(jobs.Unfinished):
        await jobs.issue_batch(services, officer, batch_id)
    monkeypatch.setattr(making, "draw", real)
    autumn = await publish(services, organisation_id, worded("秋季"))

    drawn_again: list[bytes] = []

    def again(intent: Intent, **named: Any) -> bytes:
        drawn_again.append(real(intent, **named))
        return drawn_again[-1]

    monkeypatch.setattr(making, "draw", again)
    await jobs.issue_batch(services, officer, batch_id)
    assert sorted(drawings) == sorted(drawn_again) and drawings  # the same bytes after the cut, under another design
    issued = await stored(services, officer, batch_id)
    mine = [one for one in issued if one.organisation_id == organisation_id]
    async with services.db.transaction() as session:
        known = {name: await designed.template(session, name) for name in {one.template for one in issued}}
        assert (await designed.by_name(session, mine[0].template)).used_at is not None  # type: ignore[union-attr]
    for one in issued:
        assert one.template_sha256 == known[one.template].sha256
        assert services.files.exists(one.compiled)
        assert ("经春季考核合格" in said(services, one)) is (one.organisation_id == organisation_id)

    async with services.db.transaction() as session:
        new = await actions.renew(
            session, await actor_of(services, Role.CERTIFICATE_OFFICER), services.vault, certificate_id=mine[0].id,
            kind=RenewalKind.REPLACEMENT, reason="遗失", prepare=_prepare(services), now=services.clock.now(),
        )  # fmt: skip
    await jobs.finish(services, officer, new)
    (later,) = [one for one in await stored(services, officer, batch_id) if one.id == new]
    assert later.template == autumn and "经秋季考核合格" in said(services, later)
    async with services.db.transaction() as session:
        assert await queries.invariants(session, services.files) == []


def _prepare(services: Services) -> Any:
    return lambda item, template: prepare(item, template, home=services.settings.home, files=services.files)


def test_a_compiled_shape_from_the_store_is_what_is_drawn_with() -> None:
    """Another machine, or another version of what draws: the certificate is drawn with what it was begun with."""
    studio = Studio(print_home())
    intent = intent_of({})
    shape, _ = shape_of(intent.template, context_of(intent.face, intent.number, intent.id_number, "a"))
    own = variant_of(shape, studio.home)
    assert (
        drawn(replace(intent, compiled=own.sha256), **studio.arguments()).data
        == drawn(intent, **studio.arguments()).data
    )
    frozen = msgspec.msgpack.encode(msgspec.structs.replace(own.layout, lang="zh-Hans"))
    other = hashlib.sha256(frozen).hexdigest()
    made = drawn(replace(intent, compiled=other), **studio.arguments(), frozen={other: frozen}.__getitem__)
    assert made.data != drawn(intent, **studio.arguments()).data and not made.reason
    with pytest.raises(CompiledElsewhere):
        drawn(replace(intent, compiled=other), **studio.arguments())
    with pytest.raises(CompiledElsewhere):
        drawn(replace(intent, compiled=other), **studio.arguments(), frozen=lambda _: own.frozen)
    assert drawn(replace(intent, compiled="weasyprint"), **studio.arguments()).reason
