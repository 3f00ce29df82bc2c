"""证书发放登记表 (domain.md section 7, document 10): who received which certificate, to be signed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from certificates.issuing.rules.numbers import grouped
from certificates.issuing.rules.records import Certificate
from certificates.issuing.rules.status import LABELS
from exam.kernel import i18n, pdf, printing
from exam.kernel.printing import PrintHead
from exam.registration.rules import Batch


async def issue_register(
    certificates: Sequence[Certificate],
    batch: Batch,
    *,
    printed_at: datetime,
    printed_by: str,
    locale: i18n.Locale,
    home: Path,
) -> bytes:
    """The register of a batch as PDF, in groups by institution, each on sheets of its own."""
    groups: dict[str, list[Certificate]] = {}
    for one in sorted(certificates, key=lambda one: (one.face.institution_zh, one.number)):
        name = one.face.institution_en if locale == "en" else one.face.institution_zh
        groups.setdefault(name, []).append(one)
    with i18n.use_locale(locale):
        head = PrintHead(
            title=i18n.gettext("证书发放登记表"),
            document_id=batch.id,
            number=f"DJ-{batch.code}",
            printed_at=printed_at,
            printed_by=printed_by,
            batch=f"{i18n.bilingual(batch)} {batch.code}",
        )
    html = printing.render_print(
        "issue_register", locale=locale, head=head, groups=list(groups.items()), grouped=grouped, labels=LABELS
    )
    return await pdf.render_pdf(html, home=home)
