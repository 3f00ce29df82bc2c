"""An order of several files: each made once, a cut run goes on, what stands in the way is said, forgotten files are made again."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from certificates.printing import actions, documents, jobs, queries
from certificates.printing.rules.sheets import Setting
from exam.kernel.services import Services
from tests.certificates.printing import test_printing_actions as given
from tests.certificates.printing.test_printing_documents import stored
from tests.conftest import NOW


async def ordered(services: Services, *, frame: bool = True, background: bool = True) -> UUID:
    """Three certificates on three sheets, in files of two."""
    async with services.db.transaction() as session:
        for serial in (1, 2, 3):
            row = given.certificate(serial, "甲校")
            row.sha256 = services.files.put(stored(frame=frame) + b"%%%d" % serial)
            session.add(row)
        who = given.officer()
        await actions.take_in(
            session, who, organisation_id=given.ORGANISATION, first="A0001", last="A0005", now=NOW
        )  # fmt: skip
        setting = Setting(background=background)
        id = await actions.save_printer(
            session, who, organisation_id=given.ORGANISATION, name="x", setting=setting, now=NOW
        )
        printer = await queries.printer(session, who, id)
        return await given.order(session, printer)


async def parts(services: Services, id: UUID) -> list[tuple[str, str, bool, str]]:
    async with services.db.transaction() as session:
        found = await queries.parts_of(session, id)
    return [(one.first_serial, one.last_serial, one.sha256 is not None, one.problem) for one in found]


async def make(services: Services, id: UUID, part: int) -> None:
    await jobs.print_part(services, {"order_id": str(id), "part": part})


@pytest.fixture(autouse=True)
def two_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "PART", 2)


async def test_in_parts_each_made_once(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    id, draw = await ordered(services), documents.sheets
    assert await parts(services, id) == [("A0001", "A0002", False, ""), ("A0003", "A0003", False, "")]
    await make(services, id, 1)
    assert [made for _, _, made, _ in await parts(services, id)] == [True, False]
    monkeypatch.setattr(documents, "sheets", None)  # who takes it up again draws nothing twice
    await make(services, id, 1)
    monkeypatch.setattr(documents, "sheets", draw)
    await make(services, id, 2)
    async with services.db.transaction() as session:
        hashes = await actions.purge(session, now=services.clock.now() + timedelta(days=15))
        assert len(hashes) == 2
        assert await actions.make_again(session, given.officer(), order_id=id, now=NOW) == 2
    for number in (1, 2):
        await make(services, id, number)
    async with services.db.transaction() as session:
        again = await queries.parts_of(session, id)
    assert sorted(one.sha256 or "" for one in again) == hashes  # the same bytes


async def test_what_stands_in_the_way_is_said(services: Services) -> None:
    id = await ordered(services, frame=False, background=False)
    await make(services, id, 1)
    services.files.remove(_hash(services, 3))
    await make(services, id, 2)
    assert [problem for *_, problem in await parts(services, id)] == ["no_frame", "WL01WLG22026420000033"]
    async with services.db.transaction() as session:
        await actions.make_again(session, given.officer(), order_id=id, now=NOW)
    assert [problem for *_, problem in await parts(services, id)] == ["", ""]


def _hash(services: Services, serial: int) -> str:
    return services.files.put(stored(frame=False) + b"%%%d" % serial)
