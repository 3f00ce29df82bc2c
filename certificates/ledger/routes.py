"""The ledger for everybody: its page, its checkpoint and tiles (C2SP tlog-tiles); and for officers, how it stands."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from certificates.ledger import actions, queries
from certificates.ledger.documents import folder_of
from certificates.ledger.forms import DecisionForm
from certificates.ledger.queries import Checkpoint
from certificates.ledger.queries.tree import MissingHash
from certificates.ledger.rules import ErasureStatus
from certificates.ledger.rules.notes import BadNote
from certificates.ledger.rules.picture import growth
from certificates.ledger.rules.policy import Policy, written
from certificates.ledger.rules.tiles import NoTile, Tile, tile_named
from certificates.ledger.signer import own_policy
from exam.accounts import queries as accounts
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs, public
from exam.accounts.rules import Permission
from exam.kernel.errors import N_, NotFound
from exam.kernel.forms import parse_form
from exam.kernel.pages import page, redirect
from exam.kernel.services import Services

OFFICE: Final = "/certificates/ledger"
_TEXT: Final = "text/plain"
_SOON: Final = "public, max-age=5"
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_SHOWN: Final = 20
_DRAWN: Final = 60


@dataclass(frozen=True)
class Seen:
    """A witness and whether it stands under the newest checkpoint."""

    name: str
    key: str
    cosigned: bool


@get("/ledger", guards=[public])
async def public_page(request: AppRequest, services: AppServices) -> Response[Any]:
    """Say what the ledger is, how large, who watches it, and how anybody can check it."""
    async with services.db.transaction() as session:
        newest = await queries.checkpoint(session)
        recent = await queries.checkpoints(session, limit=_DRAWN)
        policy = await own_policy(session, services.settings)
    return page(
        request,
        "pages/certificates/ledger/public.html",
        newest=newest,
        growth=growth([(one.at, one.size) for one in recent]),
        seen=_seen(policy, newest),
        policy=policy,
        log_key=policy.logs[-1].vkey,
        address=f"{services.settings.base_url}/ledger",
    )


@get("/ledger/checkpoint", guards=[public], media_type=_TEXT)
async def checkpoint(services: AppServices) -> Response[str]:
    """The newest published checkpoint."""
    async with services.db.transaction() as session:
        newest = await queries.checkpoint(session)
    if newest is None:
        raise NotFound
    return Response(newest.text, media_type=_TEXT, headers={"Cache-Control": _SOON})


@get("/ledger/policy", guards=[public], media_type=_TEXT)
async def policy_file(services: AppServices) -> Response[str]:
    """The policy (C2SP tlog-policy) by which anybody can check the log."""
    async with services.db.transaction() as session:
        policy = await own_policy(session, services.settings)
    return Response(written(policy), media_type=_TEXT, headers={"Cache-Control": _SOON})


@get("/ledger/tile/{path:path}", guards=[public], media_type="application/octet-stream")
async def tile(services: AppServices, path: FromPath[str]) -> Response[bytes]:
    """A tile or an entry bundle of the published tree."""
    try:
        wanted = tile_named(f"tile/{str(path).strip('/')}")
    except NoTile as error:
        raise NotFound from error
    data = await _bytes(services, wanted)
    return Response(data, media_type="application/octet-stream", headers={"Cache-Control": _FOR_EVER})


async def _bytes(services: Services, wanted: Tile) -> bytes:
    """From the folder, or from the database where this host did not write it; nothing that is not published."""
    try:
        return await asyncio.to_thread((folder_of(services.settings) / wanted.path).read_bytes)
    except OSError:
        pass
    async with services.db.transaction() as session:
        newest = await queries.checkpoint(session)
        width = (newest.size if newest is not None else 0) >> 8 * (wanted.level or 0)
        if wanted.start + wanted.width > width:
            raise NotFound
        try:
            return await queries.tile(session, wanted)
        except MissingHash as error:
            raise NotFound from error


@get(OFFICE, guards=[needs(Permission.CERTIFICATE_READ)])
async def office(request: AppRequest, services: AppServices) -> Response[Any]:
    """How the ledger stands: what is sealed, who cosigned, and who wishes to leave it."""
    actor = actor_of(request)
    async with services.db.transaction() as session:
        size, newest = await queries.size(session), await queries.checkpoint(session)
        recent = await queries.checkpoints(session, limit=_SHOWN)
        policy = await own_policy(session, services.settings)
        wishes = [
            one
            for one in await queries.erasures(session)
            if actor.within(Permission.CERTIFICATE_READ, organisation_id=one.organisation_id)
        ]
        ids = {id for one in wishes for id in (one.asked_by, one.decided_by) if id is not None}
        names = await accounts.names(session, ids)
    return page(
        request,
        "pages/certificates/ledger/office.html",
        size=size,
        newest=newest,
        waiting=size - (newest.size if newest is not None else 0),
        recent=recent,
        policy=policy,
        seen=_seen(policy, newest),
        wishes=wishes,
        names=names,
        asked=ErasureStatus.ASKED,
        status_labels={
            ErasureStatus.ASKED: N_("待决定"),
            ErasureStatus.GRANTED: N_("已抹除"),
            ErasureStatus.REFUSED: N_("已拒绝"),
        },
        status_tones={ErasureStatus.ASKED: "needs", ErasureStatus.GRANTED: "done", ErasureStatus.REFUSED: "plain"},
        account_id=actor.account_id,
        may_decide=actor.may(Permission.CERTIFICATE_REVOKE),
    )


@post(OFFICE + "/erasures/{erasure_id:uuid}", guards=[needs(Permission.CERTIFICATE_REVOKE)], status_code=200)
async def decide(request: AppRequest, services: AppServices, erasure_id: FromPath[UUID]) -> Response[Any]:
    """Grant or refuse a wish that somebody else has entered."""
    form = await parse_form(request, DecisionForm)
    grant = form.decision == "grant"
    async with services.db.transaction() as session:
        await actions.decide_erasure(
            session, actor_of(request), erasure_id=erasure_id, grant=grant, now=services.clock.now()
        )
    return redirect(
        request, OFFICE, N_("已抹除，登记簿的哈希和证明不变。") if grant else N_("已拒绝，登记簿没有变化。")
    )


def _seen(policy: Policy, newest: Checkpoint | None) -> list[Seen]:
    try:
        cosigned = policy.cosigners(newest.note) if newest is not None else {}
    except BadNote:
        cosigned = {}
    return [Seen(one.verifier.name, one.verifier.vkey, one.verifier in cosigned) for one in policy.witnesses]


ROUTES = [public_page, checkpoint, policy_file, tile, office, decide]
