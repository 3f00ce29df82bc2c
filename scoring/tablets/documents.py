"""The printed badges of assessors: cards to cut out, with the QR code that opens a tablet together with a PIN."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel.crypto import Vault
from exam.kernel.filters import format_daterange
from exam.kernel.i18n import N_, translate
from exam.kernel.printing import PrintHead, render_print
from exam.sittings.rules import DUTY_LABELS
from scoring.tablets import queries


async def badges(session: AsyncSession, vault: Vault, site_id: UUID, printed_by: str, now: datetime) -> str:
    """The badges of a site's assessors of these days, by name, as one document for the printer."""
    lines = [one for one in await queries.badge_lines(session, site_id, now) if one.badge]
    texts = await queries.badge_texts(session, vault, [one.account_id for one in lines])
    name = await queries.site_name(session, site_id)
    head = PrintHead(
        title=translate(N_("考评员评分证")), title_en="Assessor badges", document_id=site_id,
        number=f"{now:%Y%m%d%H%M}", printed_at=now, certificate="", site=name.name_zh, room="", session="",
        printed_by=printed_by,
    )  # fmt: skip
    cards = [
        {
            "name": one.name,
            "number": one.badge.number,
            "qr": texts[one.account_id],
            "site": name.name_zh,
            "lines": [
                f"{room.room_name} {format_daterange(room.starts_at, room.ends_at)} {translate(DUTY_LABELS[duty])}"
                for room, duty in one.duties[:3]
            ],
        }
        for one in lines
        if one.badge
    ]
    return render_print("assessor_badge", head=head, cards=cards)
