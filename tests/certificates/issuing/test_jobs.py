"""Issuing a whole batch on the real road: every passed outcome gets one certificate that outside programs accept."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from certificates.issuing import actions, jobs, queries
from certificates.issuing.rules.signature import examine
from certificates.issuing.rules.status import CertificateStatus
from certificates.issuing.signer import roots
from certificates.ledger import queries as ledger
from exam.accounts.rules import Actor, Role
from exam.kernel.errors import Forbidden
from exam.kernel.services import Services
from exam.registration import queries as registration
from exam.registration.rules import BatchStatus
from scoring.outcomes import queries as outcomes
from scoring.outcomes.rules import Decision
from tests.certificates.conftest import actor_of


async def passed(services: Services, batch_id: UUID) -> set[UUID]:
    async with services.db.transaction() as session:
        found = await outcomes.outcomes(session, batch_id=batch_id, published_only=True)
    return {one.registration_id for one in found if one.decision is Decision.PASSED}


async def certificates(services: Services, batch_id: UUID) -> list[queries.Certificate]:
    async with services.db.transaction() as session:
        found, _ = await queries.page_of(
            session, await actor_of(services, Role.CERTIFICATE_OFFICER), batch_id=batch_id, limit=500
        )
    return found


async def failures(services: Services) -> list[str]:
    async with services.db.transaction() as session:
        return await queries.invariants(session, services.files)


async def test_every_passed_outcome_gets_one_certificate(
    services: Services, officer: Actor, batch_id: UUID, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    counts = await jobs.issue_batch(services, officer, batch_id, lambda done, total: told.append((done, total)))
    wanted = await passed(services, batch_id)
    issued = await certificates(services, batch_id)
    assert counts.issued == len(wanted) == len(issued) > 3
    assert counts.problems == ()
    assert {one.registration_id for one in issued} == wanted
    assert {one.status for one in issued} == {CertificateStatus.ISSUED}
    assert told[-1] == (len(wanted), len(wanted))
    assert await failures(services) == []
    async with services.db.transaction() as session:
        assert (await registration.batch(session, batch_id)).status is BatchStatus.CERTIFICATES_ISSUED
        assert len(await ledger.entries(session)) == len(issued)
    for one in issued[:3]:
        data = services.files.get(one.sha256 or "")
        assert examine(data, roots(services.settings)).accepted
        look_from_outside(data, one, tmp_path)
    again = await jobs.issue_batch(services, officer, batch_id)
    assert again.issued == 0
    assert len(await certificates(services, batch_id)) == len(issued)


def look_from_outside(data: bytes, certificate: queries.Certificate, folder: Path) -> None:
    """Poppler and qpdf say what they see."""
    file = folder / "certificate.pdf"
    file.write_bytes(data)
    if shutil.which("pdfsig"):
        said = subprocess.run(["pdfsig", "-nocert", file], capture_output=True, text=True, check=False).stdout
        assert "Signature is Valid" in said
        assert "Total document signed" in said
        fonts = subprocess.run(["pdffonts", file], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
        assert fonts
        assert all(line.split()[-5] == "yes" for line in fonts)
        words = subprocess.run(["pdftotext", file, "-"], capture_output=True, text=True, check=True).stdout
        assert certificate.face.holder_name in words
        assert certificate.number in words.replace(" ", "")
    if shutil.which("qpdf"):
        subprocess.run(["qpdf", "--check", file], capture_output=True, check=True)


async def test_two_officers_at_once_take_no_number_twice(services: Services, officer: Actor, batch_id: UUID) -> None:
    both = await asyncio.gather(
        jobs.issue_batch(services, officer, batch_id),
        jobs.issue_batch(services, officer, batch_id),
        return_exceptions=True,
    )
    wanted = await passed(services, batch_id)
    async with services.db.transaction() as session:
        numbers = (
            await session.execute(text("SELECT count(*), count(DISTINCT registration_id) FROM certificates.numbers"))
        ).one()
    assert tuple(numbers) == (len(wanted), len(wanted)), both
    await jobs.issue_batch(services, officer, batch_id)
    assert {one.status for one in await certificates(services, batch_id)} == {CertificateStatus.ISSUED}
    assert await failures(services) == []


@pytest.mark.parametrize("step", ["draw", "sign", "store", "issue"])
async def test_a_cut_anywhere_goes_on_without_a_second_number(
    services: Services, officer: Actor, batch_id: UUID, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    class Cut(BaseException):
        """The plug is pulled."""

    calls = 0

    place: Any = actions if step in ("store", "issue") else jobs
    real = getattr(place, step)

    def cut(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > (2 if step in ("draw", "sign") else 0):
            raise Cut
        return real(*arguments, **named)

    monkeypatch.setattr(place, step, cut)
    with pytest.raises(Cut):
        await jobs.issue_batch(services, officer, batch_id)
    monkeypatch.setattr(place, step, real)
    async with services.db.transaction() as session:
        before = {one.number for one in await queries.unfinished(session, officer, batch_id)}
    assert before
    assert await failures(services) == []
    counts = await jobs.issue_batch(services, officer, batch_id)
    assert counts.resumed == len(before)
    issued = await certificates(services, batch_id)
    assert {one.registration_id for one in issued} == await passed(services, batch_id)
    assert before <= {one.number for one in issued}
    assert len(issued) == len({one.number for one in issued})
    assert await failures(services) == []


async def test_a_character_without_a_glyph_is_refused_by_name_before_a_number_is_spent(
    services: Services, officer: Actor, batch_id: UUID
) -> None:
    async with services.db.transaction() as session:
        one = (
            await session.execute(
                text(
                    "UPDATE exam.people SET name = '王𠮷' WHERE id = (SELECT r.person_id FROM scoring.outcomes o "
                    "JOIN exam.registrations r ON r.id = o.registration_id WHERE o.decision = 'passed' AND o.batch_id = :batch "
                    "AND o.status IN ('published', 'final') LIMIT 1) RETURNING id"
                ),
                {"batch": batch_id},
            )
        ).scalar_one()
    counts = await jobs.issue_batch(services, officer, batch_id)
    assert counts.refused == 1
    assert counts.problems[0].facts["characters"] == "𠮷"
    assert counts.problems[0].code == "no_glyph"
    issued = await certificates(services, batch_id)
    assert len(issued) == len(await passed(services, batch_id)) - 1
    assert one not in {certificate.person_id for certificate in issued}
    assert await failures(services) == []


async def test_no_certificate_before_the_result_is_final(services: Services, officer: Actor, batch_id: UUID) -> None:
    """Also in a batch that is final: a result corrected since has a review window of its own."""
    async with services.db.transaction() as session:
        one = await session.scalar(
            text(
                "UPDATE scoring.outcomes SET status = 'published' WHERE id = (SELECT id FROM scoring.outcomes "
                "WHERE decision = 'passed' AND batch_id = :batch AND status = 'final' LIMIT 1) RETURNING registration_id"
            ),
            {"batch": batch_id},
        )
    await jobs.issue_batch(services, officer, batch_id)
    issued = {certificate.registration_id for certificate in await certificates(services, batch_id)}
    assert issued == await passed(services, batch_id) - {one}


async def test_who_published_or_has_no_right_does_not_issue(services: Services, batch_id: UUID) -> None:
    for role in (Role.SCORE_OFFICER, Role.EXAM_OFFICER, Role.PROVINCE):
        with pytest.raises(Forbidden):
            await jobs.issue_batch(services, await actor_of(services, role), batch_id)
    assert await certificates(services, batch_id) == []
