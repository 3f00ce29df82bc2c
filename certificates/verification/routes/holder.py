"""The holder's own certificates on a phone: what is stored is handed out, never drawn again."""

from __future__ import annotations

import asyncio
import hmac
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from litestar import Response, get
from litestar.background_tasks import BackgroundTask
from litestar.params import FromPath

from certificates.handover import actions as handed
from certificates.handover import queries as handover
from certificates.handover.rules import Place
from certificates.issuing.rules.numbers import file_stem, grouped
from certificates.issuing.rules.records import Certificate
from certificates.issuing.rules.status import LABELS, TONES, CertificateStatus
from certificates.verification import queries
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs, public
from exam.accounts.rules import Permission
from exam.kernel.errors import N_, NotFound
from exam.kernel.pages import file_response, page, redirect
from exam.kernel.services import Services

PAPER_WORDS: Final = {
    Place.OFFICE: N_("纸质证书已印好，等待发往院校。"),
    Place.SENT: N_("纸质证书已发往院校。"),
    Place.INSTITUTION: N_("纸质证书已到院校，请带身份证件领取；托人代领请先告诉院校。"),
    Place.HOLDER: N_("纸质证书已领取。"),
}
_LINK_HOLDS: Final = timedelta(minutes=10)


class LinkOver(NotFound):
    """A download link holds for ten minutes."""

    message = N_("下载链接已过期，或不完整。")
    way_out = N_("请回到“我的证书”，重新点按下载。")


@get("/certificates/mine", guards=[needs(Permission.OWN_READ)])
async def mine(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show the candidate's own certificates."""
    async with services.db.transaction() as session:
        found = await queries.mine(session, actor_of(request))
        papers = await handover.of_people(session, {one.person_id for one in found})
    return page(
        request,
        "pages/certificates/verification/mine.html",
        certificates=found,
        papers=papers,
        paper_words=PAPER_WORDS,
        labels=LABELS,
        tones=TONES,
        grouped=grouped,
        base_url=services.settings.base_url,
        usable=[one.id for one in found if one.status is CertificateStatus.ISSUED],
    )


@get("/certificates/mine/{certificate_id:uuid}/file", guards=[needs(Permission.OWN_READ)])
async def own_file(request: AppRequest, services: AppServices, certificate_id: FromPath[UUID]) -> Response[Any]:
    """Hand out the stored bytes, never drawn again, to the holder who is signed in."""
    async with services.db.transaction() as session:
        found = await queries.own(session, actor_of(request), certificate_id)
    return redirect(request, link_to(services, found))


@get("/certificates/download/{link:str}", guards=[public])
async def linked_file(services: AppServices, link: FromPath[str]) -> Response[bytes]:
    """The stored bytes, to whoever has the holder's link; it holds for ten minutes, and nothing is looked up for it."""
    sha256, stem, expires, mac = (link.split(".") + [""] * 4)[:4]
    good = hmac.compare_digest(mac, _mac(services, sha256, stem, expires))
    if not good or not expires.isdecimal() or int(expires) < services.clock.now().timestamp():
        raise LinkOver
    response = file_response(await asyncio.to_thread(services.files.get, sha256), "application/pdf", f"{stem}.pdf")
    response.background = BackgroundTask(_count, services, sha256)
    return response


async def _count(services: Services, sha256: str) -> None:
    """After the last byte: the holder waits for no count, and one that broke off is none."""
    async with services.db.transaction() as session:
        await handed.count_download(session, sha256, now=services.clock.now())


def link_to(services: Services, found: Certificate) -> str:
    """An address of a certificate's bytes that holds for ten minutes."""
    expires = str(int((services.clock.now() + _LINK_HOLDS).timestamp()))
    stem = file_stem(found.number)
    sha256 = found.sha256 or ""
    return f"/certificates/download/{sha256}.{stem}.{expires}.{_mac(services, sha256, stem, expires)}"


def _mac(services: Services, sha256: str, stem: str, expires: str) -> str:
    return services.vault.blind(f"{sha256} {stem} {expires}", "download link")


ROUTES = [mine, own_file, linked_file]
