"""``report.json``: what the batch came to, counted in the database, and what it cost (docs/formats/report.md)."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from certificates.platform import queries as platform
from exam.catalogue import queries as catalogue
from exam.demo.memory import PeakMemory
from exam.demo.progress import Progress
from exam.demo.road import Result
from exam.kernel.services import Services
from exam.registration import queries as registration
from exam.sittings import queries as sittings
from scheduling.sites import queries as sites
from scheduling.sites.rules import ApprovalStatus, CoverageState
from scoring.outcomes import queries as outcomes
from scoring.outcomes.rules import Decision

_FAILED = (Decision.FAILED, Decision.VOID)


async def write_report(
    services: Services, result: Result, progress: Progress, out: Path, peak: PeakMemory
) -> dict[str, Any]:
    """Count, write ``report.json`` and return what it says."""
    async with services.db.transaction() as session:
        report = await counts(session, result)
    report |= {"seconds": progress.seconds, "peak_rss_mb": peak.megabytes}
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, ensure_ascii=False, indent=2)
    (out / "report.json").write_text(text + "\n", encoding="utf-8")
    return report


async def counts(session: AsyncSession, result: Result) -> dict[str, Any]:
    """The counts, every one of them read back from the database."""
    batch_id = result.batch_id
    people = [one for one in await registration.registrations(session, batch_id=batch_id) if one.status.confirmed]
    institutions = await registration.institutions(session)
    piloting = {one.institution_id for one in await registration.pilots(session, result.on.year)}
    active = await sites.approvals(session, statuses=[ApprovalStatus.ACTIVE])
    decided = Counter(one.decision for one in await outcomes.outcomes(session, batch_id=batch_id, published_only=True))
    return {
        "candidates": len(people),
        "institutions": len(institutions),
        "sites": len({one.site_id for one in active}),
        "prefectures_with_pilot_institution": len({one.prefecture_code for one in institutions if one.id in piloting}),
        "uncovered": await uncovered(session, result),
        "sessions": len(await sittings.room_sessions(session, batch_id=batch_id)),
        "sittings": len(await sittings.sittings(session, batch_id=batch_id)),
        "duties": len(await sittings.duties(session, batch_id=batch_id)),
        "outcomes": {
            "passed": decided[Decision.PASSED],
            "failed": sum(decided[one] for one in _FAILED),
            "absent": decided[Decision.ABSENT],
        },
        "certificates": len(result.certificates),
        "registered": (await platform.counts(session, today=result.on, batch_id=batch_id)).registered,
    }


async def uncovered(session: AsyncSession, result: Result) -> list[str]:
    """``certificate code/unit code`` of every pair that has a pilot institution and no active site (C02)."""
    codes = {one.id: one.code for one in await catalogue.certificates(session)}
    lines = await sites.coverage_lines(session, result.on)
    return sorted(
        f"{codes[line.certificate_id]}/{line.prefecture_code}"
        for line in lines
        if line.state is not CoverageState.COVERED
    )
