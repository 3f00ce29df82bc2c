"""Publishing schemes: versions, scope, and what the database itself refuses."""

from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import SYSTEM, Actor, Grant, Role, Scope
from exam.catalogue import actions, queries
from exam.catalogue.rules import DefinitionInvalid, FeeAboveCap, Form, Level, PassKind
from exam.kernel.errors import Forbidden
from exam.kernel.ids import new_id
from tests.conftest import NOW
from tests.exam.catalogue.builders import definition


def officer(organisation_id: UUID, role: Role = Role.EXAM_OFFICER) -> Actor:
    return Actor(new_id(), "考务甲", (Grant(role, Scope("organisation", str(organisation_id))),))


@pytest.fixture
async def organisation_id(session: AsyncSession) -> UUID:
    made = await actions.add_organisation(
        session, SYSTEM, code="T001", name_zh="测试评价组织", name_en="Test organisation", now=NOW
    )
    await actions.add_certificate(
        session, officer(made), organisation_id=made, code="TST", name_zh="测试证书", name_en="Test certificate",
        batch_no=1, levels=[Level.INTERMEDIATE, Level.ELEMENTARY], now=NOW,
    )  # fmt: skip
    return made


async def test_nothing_published_reads_as_nothing(session: AsyncSession) -> None:
    assert await queries.schemes(session, []) == []
    assert await queries.scheme_by_code(session, "TST", Level.ELEMENTARY) is None
    with pytest.raises(queries.SchemeNotFound):
        await queries.scheme(session, new_id())


async def test_a_scheme_is_published_and_read_back_exactly(session: AsyncSession, organisation_id: UUID) -> None:
    scheme_id = await actions.publish_scheme(session, officer(organisation_id), definition=definition(), now=NOW)
    scheme = await queries.scheme(session, scheme_id)
    assert (scheme.version, scheme.level, scheme.certificate_code) == (1, Level.ELEMENTARY, "TST")
    assert [(part.seq, part.code, part.form, part.weight) for part in scheme.components] == [
        (1, "T", Form.COMPUTER, Decimal("0.4")), (2, "P", Form.PRACTICAL_GENERAL, Decimal("0.6")),
    ]  # fmt: skip
    assert scheme.pass_rule.kind is PassKind.WEIGHTED_SUM
    assert (scheme.fee_yuan, scheme.fee_cap_yuan, scheme.fee_approval) == (420, 420, None)
    stored, sha256 = await queries.definition(session, scheme_id)
    assert stored == definition() and len(sha256) == 64
    assert [c.levels for c in await queries.certificates(session)] == [(Level.ELEMENTARY, Level.INTERMEDIATE)]


async def test_the_next_publication_is_the_next_version(session: AsyncSession, organisation_id: UUID) -> None:
    first = await actions.publish_scheme(session, officer(organisation_id), definition=definition(), now=NOW)
    second = await actions.publish_scheme(
        session, officer(organisation_id), definition=definition(fee_yuan="400"), now=NOW
    )
    newest = await queries.scheme_by_code(session, "TST", Level.ELEMENTARY)
    assert newest is not None and (newest.id, newest.version, newest.fee_yuan) == (second, 2, 400)
    assert (await queries.scheme(session, first)).fee_yuan == 420
    assert [one.version for one in await queries.versions(session, newest.certificate_id, newest.level)] == [1, 2]


async def test_wrong_definitions_change_nothing(session: AsyncSession, organisation_id: UUID) -> None:
    for wrong, refusal in (
        (definition(fee_yuan="421"), FeeAboveCap),
        (definition(level="advanced"), actions.LevelNotOffered),
        (definition(certificate="NOP"), actions.UnknownCertificate),
        (definition(organisation="T002"), actions.UnknownCertificate),
        (definition(components=None), DefinitionInvalid),
    ):
        with pytest.raises(refusal):
            await actions.publish_scheme(session, officer(organisation_id), definition=wrong, now=NOW)
    assert await queries.schemes(session) == []


async def test_only_the_own_organisation_publishes(session: AsyncSession, organisation_id: UUID) -> None:
    for stranger in (officer(new_id()), officer(organisation_id, Role.SCORE_OFFICER)):
        with pytest.raises(Forbidden):
            await actions.publish_scheme(session, stranger, definition=definition(), now=NOW)


async def test_a_code_is_given_once(session: AsyncSession, organisation_id: UUID) -> None:
    with pytest.raises(actions.CodeTaken):
        await actions.add_organisation(session, SYSTEM, code="T001", name_zh="另一个", name_en="Other", now=NOW)
    with pytest.raises(actions.BadName):
        await actions.add_certificate(
            session, SYSTEM, organisation_id=organisation_id, code="TS2", name_zh="教育部指导证书", name_en="x",
            batch_no=1, levels=[Level.ADVANCED], now=NOW,
        )  # fmt: skip
    with pytest.raises(actions.NoLevels):
        await actions.add_certificate(
            session, SYSTEM, organisation_id=organisation_id, code="TS2", name_zh="证书", name_en="x",
            batch_no=1, levels=[], now=NOW,
        )  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE exam.schemes SET fee_yuan = 1",
        "DELETE FROM exam.components",
        "UPDATE exam.components SET weight = 0.5",
    ],
)
async def test_the_database_keeps_what_is_published(
    session: AsyncSession, organisation_id: UUID, statement: str
) -> None:
    await actions.publish_scheme(session, officer(organisation_id), definition=definition(), now=NOW)
    with pytest.raises(DBAPIError, match="append-only"):
        await session.execute(text(statement))


async def test_levels_without_scheme_need_the_officer(session: AsyncSession, organisation_id: UUID) -> None:
    found = await queries.needs(session, officer(organisation_id), NOW)
    assert [(need.count, need.href) for need in found] == [(2, "/exam/catalogue")]
    assert await queries.needs(session, officer(new_id()), NOW) == []
    assert await queries.needs(session, officer(organisation_id, Role.INVIGILATOR), NOW) == []
