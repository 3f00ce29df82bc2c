"""The holder's own certificates on a phone: what is stored is handed out, never drawn again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath

from certificates.issuing.rules.numbers import file_stem, grouped
from certificates.issuing.rules.status import LABELS, TONES, CertificateStatus
from certificates.verification import queries
from exam.accounts.guards import AppRequest, AppServices, actor_of, needs
from exam.accounts.rules import Permission
from exam.kernel.pages import file_response, page


@get("/certificates/mine", guards=[needs(Permission.OWN_READ)])
async def mine(request: AppRequest, services: AppServices) -> Response[Any]:
    """Show the candidate's own certificates."""
    async with services.db.transaction() as session:
        found = await queries.mine(session, actor_of(request))
    return page(
        request,
        "pages/certificates/verification/mine.html",
        certificates=found,
        labels=LABELS,
        tones=TONES,
        grouped=grouped,
        base_url=services.settings.base_url,
        usable=[one.id for one in found if one.status is CertificateStatus.ISSUED],
    )


@get("/certificates/mine/{certificate_id:uuid}/file", guards=[needs(Permission.OWN_READ)])
async def own_file(request: AppRequest, services: AppServices, certificate_id: FromPath[UUID]) -> Response[bytes]:
    """Hand out the stored bytes, never drawn again."""
    async with services.db.transaction() as session:
        found = await queries.own(session, actor_of(request), certificate_id)
    return file_response(services.files.get(found.sha256 or ""), "application/pdf", f"{file_stem(found.number)}.pdf")


ROUTES = [mine, own_file]
