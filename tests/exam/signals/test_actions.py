"""Announcements reach their rooms only; signs of life are written together and only when they are ours."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Role, Scope
from exam.kernel.crypto import Vault
from exam.kernel.errors import Forbidden, NotFound
from exam.signals import actions, queries
from exam.signals.actions import Pulse
from exam.signals.rules import Beat, Reach, Source
from tests.conftest import NOW
from tests.exam.day import make_day, person


async def test_a_site_head_tells_the_own_rooms_and_sees_who_read(session: AsyncSession) -> None:
    day = await make_day(session, NOW, paper=False)
    made = await actions.announce(
        session, day.head, reach=Reach.SITE, target_id=day.room.site_id, zh="延后十分钟", now=NOW
    )
    assert [one.id for one in await queries.for_room(session, day.room, NOW)] == [made]
    for _ in range(2):
        await actions.acknowledge(session, day.invigilator, announcement_id=made, room_session_id=day.room.id, now=NOW)
    (one,) = await queries.announcements(session)
    assert [reading.name for reading in one.readings] == ["监考甲"]
    assert one.read_by(day.room.id, day.invigilator.account_id) and not one.read_by(day.room.id, day.head.account_id)


async def test_nobody_talks_to_rooms_of_others(session: AsyncSession) -> None:
    day = await make_day(session, NOW, paper=False)
    for stranger in (
        person(Role.SITE_HEAD, Scope("site", str(UUID(int=9)))),
        person(Role.EXAM_OFFICER, Scope("organisation", str(UUID(int=9)))),
        person(Role.PROVINCE, Scope("province", "42")),
    ):
        for reach, target in ((Reach.ROOM, day.room.id), (Reach.SITE, day.room.site_id), (Reach.BATCH, day.batch_id)):
            with pytest.raises(Forbidden):
                await actions.announce(session, stranger, reach=reach, target_id=target, zh="x", now=NOW)


async def test_nobody_confirms_for_a_room_that_was_not_told(session: AsyncSession) -> None:
    day = await make_day(session, NOW, paper=False)
    made = await actions.announce(session, day.head, reach=Reach.ROOM, target_id=day.room.id, zh="x", now=NOW)
    stranger = person(Role.INVIGILATOR)
    with pytest.raises(NotFound):
        await actions.acknowledge(session, stranger, announcement_id=made, room_session_id=day.room.id, now=NOW)
    with pytest.raises(NotFound):
        late = NOW + timedelta(days=2)
        await actions.acknowledge(session, day.head, announcement_id=made, room_session_id=day.room.id, now=late)


def test_a_token_is_ours_or_nothing(tmp_path: Path) -> None:
    vault = Vault.open_or_create(tmp_path / "keys")
    beat = Beat(Source.PAGE, UUID(int=1), UUID(int=2))
    token = queries.beat_token(vault, beat)
    assert queries.beat_of(vault, token) == beat
    for wrong in ("", "x", token[:-1], token.replace("page", "tablet"), token + "0", "page.." + token[-32:]):
        assert queries.beat_of(vault, wrong) is None


async def test_beats_are_written_together_and_the_same_one_once(session: AsyncSession) -> None:
    pulse = Pulse()
    one, two = (Beat(Source.COMPUTER, UUID(int=number), UUID(int=9)) for number in (1, 2))
    assert pulse.note(one, NOW)
    assert await pulse.write(session, NOW) == 1
    assert not pulse.note(one, NOW + timedelta(seconds=1))  # nothing new
    assert not pulse.note(two, NOW + timedelta(seconds=1))  # just written: it waits
    assert pulse.note(two, NOW + timedelta(seconds=3))
    assert pulse.note(one, NOW + timedelta(seconds=30))
    assert await pulse.write(session, NOW + timedelta(seconds=30)) == 2
    assert await session.scalar(text("SELECT count(*) FROM exam.heartbeats")) == 2
    heard = await queries.heard(session, [UUID(int=9)])
    assert heard == {(Source.COMPUTER, UUID(int=9)): NOW + timedelta(seconds=30)}
