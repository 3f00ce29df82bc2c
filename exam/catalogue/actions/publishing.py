"""Changes to the catalogue: enter an organisation, a certificate, publish a version of a scheme."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Permission
from exam.catalogue import queries
from exam.catalogue.models import CancelledTitleRow, CertificateRow, ComponentRow, OrganisationRow, SchemeRow
from exam.catalogue.rules import (
    FORBIDDEN_WORDS,
    ComponentDraft,
    Draft,
    Level,
    TitleIncomplete,
    TitleListed,
    parse_definition,
    pass_rule_data,
    plain,
    require_introducible,
    title_key,
)
from exam.kernel import audit
from exam.kernel.clock import china_date
from exam.kernel.db import insert_many
from exam.kernel.errors import N_, Conflict, Forbidden, Invalid, NotFound
from exam.kernel.ids import new_id


class CodeTaken(Conflict):
    message = N_("编号 %(code)s 或名称已被使用。")
    way_out = N_("请核对编号和名称。")


class BadName(Invalid):
    message = N_("证书名称不得出现“%(word)s”。")  # A10
    way_out = N_("请按遴选公布的证书名称填写。")


class NoLevels(Invalid):
    message = N_("证书至少要有一个等级。")


class UnknownCertificate(NotFound):
    message = N_("组织 %(organisation)s 没有编号为 %(certificate)s 的证书。")
    way_out = N_("请核对方案文件中的组织和证书编号。")


class LevelNotOffered(Invalid):
    message = N_("证书 %(certificate)s 没有这个等级。")
    way_out = N_("请核对方案文件中的等级。")


async def add_organisation(
    session: AsyncSession, actor: Actor, *, code: str, name_zh: str, name_en: str, now: datetime
) -> UUID:
    """Enter an awarding organisation; only somebody whose catalogue right holds everywhere may."""
    actor.require(Permission.CATALOGUE_WRITE)
    await _free(session, OrganisationRow, code, name_zh)
    row = OrganisationRow(id=new_id(), code=code, name_zh=name_zh, name_en=name_en)
    session.add(row)
    await session.flush()
    await audit.record(
        session, actor, "catalogue.add_organisation", subject="organisation", ids=[row.id],
        stream=f"organisation:{row.id}", data={"code": code}, now=now,
    )  # fmt: skip
    return row.id


async def add_certificate(
    session: AsyncSession,
    actor: Actor,
    *,
    organisation_id: UUID,
    code: str,
    name_zh: str,
    name_en: str,
    batch_no: int,
    levels: Iterable[Level],
    now: datetime,
) -> UUID:
    """Enter a certificate of an organisation with its levels (A01) and batch (A02)."""
    actor.require(Permission.CATALOGUE_WRITE, organisation_id=organisation_id)
    wanted = [level.value for level in Level if level in set(levels)]
    if not wanted:
        raise NoLevels()
    for word in FORBIDDEN_WORDS:
        if word in name_zh:
            raise BadName(word=word)
    require_introducible([name_zh], await queries.cancelled_titles(session), china_date(now))
    await _free(session, CertificateRow, code, name_zh)
    row = CertificateRow(
        id=new_id(), organisation_id=organisation_id, code=code, name_zh=name_zh, name_en=name_en,
        batch_no=batch_no, levels=wanted,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    await audit.record(
        session, actor, "catalogue.add_certificate", subject="certificate_type", ids=[row.id],
        stream=f"organisation:{organisation_id}", data={"code": code, "batch_no": batch_no, "levels": wanted}, now=now,
    )  # fmt: skip
    return row.id


async def cancel_title(
    session: AsyncSession, actor: Actor, *, name_zh: str, cancelled_on: date, source: str, now: datetime
) -> UUID:
    """Enter a cancelled vocational qualification (A04); nothing is taken off the list again."""
    if not actor.may(Permission.CATALOGUE_WRITE):
        raise Forbidden
    key = title_key(name_zh)
    if not key or not source.strip():
        raise TitleIncomplete()
    if await session.scalar(select(func.count()).where(CancelledTitleRow.key == key)):
        raise TitleListed(name=name_zh.strip())
    row = CancelledTitleRow(
        id=new_id(), key=key, name_zh=name_zh.strip(), cancelled_on=cancelled_on, source=source.strip(),
        entered_at=now, entered_by=actor.account_id,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    await audit.record(
        session, actor, "catalogue.cancel_title", subject="cancelled_title", ids=[row.id], stream="catalogue", now=now,
        data={"name": row.name_zh, "cancelled_on": cancelled_on, "source": row.source},
    )  # fmt: skip
    return row.id


async def publish_scheme(session: AsyncSession, actor: Actor, *, definition: Mapping[str, Any], now: datetime) -> UUID:
    """Publish the next version of a scheme from its definition; earlier versions stay as they are (A06, A08).

    Raises DefinitionInvalid with every wrong place, FeeAboveCap (D03), UnknownCertificate, LevelNotOffered.
    """
    draft = parse_definition(definition)
    certificate = await certificate_of(session, draft)
    actor.require(Permission.CATALOGUE_WRITE, organisation_id=certificate.organisation_id)
    if draft.level.value not in certificate.levels:
        raise LevelNotOffered(certificate=certificate.code)
    require_introducible([certificate.name_zh], await queries.cancelled_titles(session), china_date(now))
    version = await _next_version(session, certificate.id, draft.level)
    stored = json.loads(json.dumps(definition, default=str))
    row = SchemeRow(
        id=new_id(),
        certificate_id=certificate.id,
        level=draft.level.value,
        version=version,
        pass_rule=pass_rule_data(draft.pass_rule),
        fee_yuan=draft.fee_yuan,
        fee_cap_yuan=draft.fee_cap_yuan,
        fee_approval=draft.fee_approval,
        definition=stored,
        definition_sha256=_digest(stored),
        published_at=now,
        published_by=actor.account_id,
    )
    session.add(row)
    await session.flush()
    await insert_many(session, ComponentRow, [_component(row.id, part) for part in draft.components])
    await audit.record(
        session, actor, "catalogue.publish_scheme", subject="scheme", ids=[row.id],
        stream=f"organisation:{certificate.organisation_id}", now=now,
        data={"certificate": certificate.code, "level": draft.level.value, "version": version,
              "fee_yuan": plain(draft.fee_yuan), "fee_cap_yuan": plain(draft.fee_cap_yuan),
              "above_cap": draft.fee_yuan > draft.fee_cap_yuan, "sha256": row.definition_sha256},
    )  # fmt: skip
    return row.id


async def _free(
    session: AsyncSession, table: type[OrganisationRow] | type[CertificateRow], code: str, name_zh: str
) -> None:
    query = select(func.count()).select_from(table).where((table.code == code) | (table.name_zh == name_zh))
    if await session.scalar(query):
        raise CodeTaken(code=code)


async def certificate_of(session: AsyncSession, draft: Draft) -> CertificateRow:
    """The certificate a definition is for, held against other publications; UnknownCertificate where there is none."""
    query = (
        select(CertificateRow)
        .join(OrganisationRow, OrganisationRow.id == CertificateRow.organisation_id)
        .where(CertificateRow.code == draft.certificate_code, OrganisationRow.code == draft.organisation_code)
        .with_for_update(of=CertificateRow)  # two publications of the same certificate wait for each other
    )
    found = await session.scalar(query)
    if found is None:
        raise UnknownCertificate(organisation=draft.organisation_code, certificate=draft.certificate_code)
    return found


async def _next_version(session: AsyncSession, certificate_id: UUID, level: Level) -> int:
    query = select(func.coalesce(func.max(SchemeRow.version), 0)).where(
        SchemeRow.certificate_id == certificate_id, SchemeRow.level == level.value
    )
    return int(await session.scalar(query) or 0) + 1


def _component(scheme_id: UUID, part: ComponentDraft) -> dict[str, Any]:
    return {
        "id": new_id(),
        "scheme_id": scheme_id,
        "seq": part.seq,
        "code": part.code,
        "name_zh": part.name_zh,
        "name_en": part.name_en,
        "form": part.form.value,
        "duration_minutes": part.duration_minutes,
        "full_marks": part.full_marks,
        "weight": part.weight,
        "minimum": part.minimum,
        "late_limit_minutes": part.late_limit_minutes,
        "earliest_leave_minutes": part.earliest_leave_minutes,
        "blueprint": dict(part.blueprint),
        "sheet": None if part.sheet is None else dict(part.sheet),
    }


def _digest(definition: Mapping[str, Any]) -> str:
    text = json.dumps(definition, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
