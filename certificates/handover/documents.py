"""证书发放登记表 (domain.md section 7, document 10): who takes which certificate, to be signed; what was noted stands on it already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from certificates.handover.queries import Line
from certificates.handover.rules import LABELS
from exam.kernel import i18n, pdf, printing
from exam.kernel.printing import PrintHead
from exam.registration.rules import Batch


async def register(
    lines: Sequence[Line],
    batch: Batch,
    institution: i18n.Name | None,
    *,
    printed_at: datetime,
    printed_by: str,
    locale: i18n.Locale,
    home: Path,
) -> bytes:
    """The register of one institution (None: members of society) in a batch, as PDF."""
    with i18n.use_locale(locale):
        head = PrintHead(
            title=i18n.gettext("证书发放登记表"),
            document_id=batch.id,
            number=f"DJ-{batch.code}",
            printed_at=printed_at,
            printed_by=printed_by,
            batch=f"{i18n.bilingual(batch)} {batch.code}",
        )
        name = str(institution) if institution else ""
    html = printing.render_print(
        "issue_register", "v2", locale=locale, head=head, institution=name, lines=list(lines), labels=LABELS
    )
    return await pdf.render_pdf(html, home=home)
