"""Issuing a whole batch on the real road: every passed outcome gets one certificate that outside programs accept."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from certificates.issuing import actions, jobs, queries
from certificates.issuing.documents import Intent, draw
from certificates.issuing.jobs import groups, making
from certificates.issuing.rules.releases import SameResumer
from certificates.issuing.rules.signature import examine
from certificates.issuing.rules.status import CertificateStatus
from certificates.issuing.signer import roots
from certificates.ledger import queries as ledger
from exam import worker
from exam.accounts.rules import Actor, Role
from exam.kernel.errors import Forbidden
from exam.kernel.services import Services
from exam.registration import queries as registration
from exam.registration.rules import BatchStatus
from scoring.outcomes import queries as outcomes
from scoring.outcomes.rules import Decision
from tests.certificates.conftest import actor_of, officers, proposed, release


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
        assert (await ledger.checkpoint(session)).size == len(issued)  # type: ignore[union-attr]
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

    place: Any = actions if step in ("store", "issue") else making
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


async def test_one_certificate_that_cannot_be_made_holds_no_other_back(
    services: Services, officer: Actor, batch_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what is made wrong: a file whose text names another number is neither stored nor issued."""
    wanted = len(await passed(services, batch_id))
    real = draw
    spoiled: list[str] = []

    def wrong(intent: Intent, **named: Any) -> bytes:
        if not spoiled:
            spoiled.append(intent.number)
        number = "X" * 21 if intent.number == spoiled[0] else intent.number
        return real(replace(intent, number=number), **named)

    monkeypatch.setattr(making, "draw", wrong)
    with pytest.raises(jobs.Unfinished) as refused:
        await jobs.issue_batch(services, officer, batch_id)
    assert refused.value.facts == {"n": 1, "reason": "number"}
    found = {one.number: one.status for one in await certificates(services, batch_id)}
    assert found.pop(spoiled[0]) is CertificateStatus.NUMBERED
    assert list(found.values()) == [CertificateStatus.ISSUED] * (wanted - 1)
    monkeypatch.setattr(making, "draw", real)
    assert (await jobs.issue_batch(services, officer, batch_id)).resumed == 1
    assert await failures(services) == []


async def test_late_writes_of_a_worker_believed_dead_change_nothing(
    services: Services, officer: Actor, batch_id: UUID
) -> None:
    await jobs.issue_batch(services, officer, batch_id)
    one = (await certificates(services, batch_id))[0]
    async with services.db.transaction() as session:
        assert await actions.store(session, officer, signed={one.id: "f" * 64}, now=services.clock.now()) == 0
        late = await actions.issue(session, officer, services.vault, ids=[one.id], now=services.clock.now())
    assert late.count == 0
    assert (await certificates(services, batch_id))[0].sha256 == one.sha256


async def test_the_same_intent_gives_the_same_bytes(services: Services, officer: Actor, batch_id: UUID) -> None:
    await jobs.issue_batch(services, officer, batch_id)
    before = {one.id: one.sha256 for one in (await certificates(services, batch_id))[:2]}
    async with services.db.transaction() as session:
        await session.execute(
            text("UPDATE certificates.certificates SET status = 'numbered', sha256 = NULL, issued_at = NULL")
        )
    works = await groups._works(services, list(before))
    assert {work.intent.id: jobs.make(services, work) for work in works} == before


async def test_who_changed_since_the_approval_is_left_out_by_name_before_a_number_is_spent(
    services: Services, officer: Actor, batch_id: UUID
) -> None:
    person = await rename_somebody(services, batch_id, "王后改")
    counts = await jobs.issue_batch(services, officer, batch_id)
    assert counts.refused == 1
    assert counts.problems[0].code == "changed_since"
    assert counts.problems[0].facts == {"name": "王后改"}
    issued = await certificates(services, batch_id)
    assert len(issued) == len(await passed(services, batch_id)) - 1
    assert person not in {certificate.person_id for certificate in issued}
    assert await failures(services) == []
    await release(services, batch_id)  # looked at again by two people
    assert (await jobs.issue_batch(services, officer, batch_id)).issued == 1


async def test_a_character_without_a_glyph_is_held_back_by_name(
    services: Services, officer: Actor, unreleased: UUID
) -> None:
    person = await rename_somebody(services, unreleased, "王𠮷")
    release_id = await release(services, unreleased)
    await jobs.issue_batch(services, officer, unreleased)
    issued = await certificates(services, unreleased)
    assert len(issued) == len(await passed(services, unreleased)) - 1
    assert person not in {certificate.person_id for certificate in issued}
    async with services.db.transaction() as session:
        assert [one.held for one in await queries.held_items(session, release_id)] == ["no_glyph"]
        assert (await registration.batch(session, unreleased)).status is BatchStatus.FINAL
    assert await failures(services) == []


async def rename_somebody(services: Services, batch_id: UUID, name: str) -> UUID:
    """Give one who passed another name; returns the person."""
    async with services.db.transaction() as session:
        found: UUID = (
            await session.execute(
                text(
                    "UPDATE exam.people SET name = :name WHERE id = (SELECT r.person_id FROM scoring.outcomes o "
                    "JOIN exam.registrations r ON r.id = o.registration_id WHERE o.decision = 'passed' AND o.batch_id = :batch "
                    "AND o.status IN ('published', 'final') ORDER BY r.id LIMIT 1) RETURNING id"
                ),
                {"batch": batch_id, "name": name},
            )
        ).scalar_one()
    return found


async def test_no_certificate_before_the_result_is_final(services: Services, officer: Actor, unreleased: UUID) -> None:
    """Also in a batch that is final: a result corrected since has a review window of its own."""
    async with services.db.transaction() as session:
        one = await session.scalar(
            text(
                "UPDATE scoring.outcomes SET status = 'published' WHERE id = (SELECT id FROM scoring.outcomes "
                "WHERE decision = 'passed' AND batch_id = :batch AND status = 'final' LIMIT 1) RETURNING registration_id"
            ),
            {"batch": unreleased},
        )
    await release(services, unreleased)
    await jobs.issue_batch(services, officer, unreleased)
    issued = {certificate.registration_id for certificate in await certificates(services, unreleased)}
    assert issued == await passed(services, unreleased) - {one}


async def test_who_has_no_right_does_not_issue(services: Services, batch_id: UUID) -> None:
    for role in (Role.SCORE_OFFICER, Role.EXAM_OFFICER, Role.PROVINCE):
        with pytest.raises(Forbidden):
            await jobs.issue_batch(services, await actor_of(services, role), batch_id)
    assert await certificates(services, batch_id) == []


async def test_nothing_is_issued_without_a_release(services: Services, officer: Actor, unreleased: UUID) -> None:
    assert (await jobs.issue_batch(services, officer, unreleased)).issued == 0
    await proposed(services, officer, unreleased)
    assert (await jobs.issue_batch(services, officer, unreleased)).issued == 0
    assert await certificates(services, unreleased) == []


async def test_the_stop_switch_is_heard_inside_a_group_and_two_people_end_the_stop(
    services: Services, batch_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await officers(services)
    wanted = len(await passed(services, batch_id))
    monkeypatch.setattr(groups, "SLICE", 2)
    real = groups._make

    async def stopped(*given: Any) -> Any:
        """Somebody presses the switch while the first certificates are drawn."""
        monkeypatch.setattr(groups, "_make", real)
        made, failed = await real(given[0], given[1][:2])
        async with services.db.transaction() as session:
            await actions.halt(session, first, reason="模板印错", now=services.clock.now())
        rest, more = await real(given[0], given[1][2:])
        return made | rest, failed + more

    monkeypatch.setattr(groups, "_make", stopped)
    await worker.run(services, drain=True)
    found = await certificates(services, batch_id)
    assert {one.status for one in found} == {CertificateStatus.NUMBERED, CertificateStatus.SIGNED}
    assert [one.status for one in found].count(CertificateStatus.SIGNED) == 2
    async with services.db.transaction() as session:
        await actions.resume(session, first, now=services.clock.now())
    await worker.run(services, drain=True)
    assert {one.status for one in await certificates(services, batch_id)} != {CertificateStatus.ISSUED}
    with pytest.raises(SameResumer):
        async with services.db.transaction() as session:
            await actions.resume(session, first, now=services.clock.now())
    async with services.db.transaction() as session:
        await actions.resume(session, second, now=services.clock.now())
    await worker.run(services, drain=True)
    after = await certificates(services, batch_id)
    assert [one.status for one in after] == [CertificateStatus.ISSUED] * wanted
    assert {one.number for one in found} == {one.number for one in after}
    assert await failures(services) == []
