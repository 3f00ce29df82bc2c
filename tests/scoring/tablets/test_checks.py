"""What `kaowu check` asks of ledgers: each thing that is wrong is named, and a whole session is not."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from exam.kernel.crypto import Vault
from exam.kernel.files import FileStore
from scoring.marking import actions as marking
from scoring.tablets import actions, queries
from scoring.tablets.rules.slips import slip
from tests.scoring.tablets.test_actions import NOW, make_site
from tests.scoring.tablets.test_paper_ways import (
    SIGNED,
    _badges,
    _keep,
    _key,
    _ticket,
)
from tests.scoring.tablets.world import photo
from tests.scoring.world import AFTER, GOOD, finish


async def test_each_thing_that_is_wrong_is_named(session: AsyncSession, vault: Vault, files: FileStore) -> None:
    site = await make_site(session)
    typed = slip(_ticket(site), await _badges(session, vault, site), 1, SIGNED, 0)
    room = site.world.rooms["P"].id
    await finish(session, site.world, "P")
    sha256 = await _keep(session, files, site, photo())
    keyed = await _key(session, site, site.head, typed)
    await actions.check_keyed(session, site.world.lead, keyed_id=keyed, slip=typed, now=NOW)
    other = site.world.assessors[1]
    sitting = site.world.sittings["P", 0]
    received = marking.Received(
        sitting_id=sitting, assessor_id=site.sheet(0, 1).assessor_id, answers=GOOD, overtime_minutes=0
    )
    await marking.receive_sheet(session, other, received, now=NOW)
    await marking.release_room(session, room, AFTER)
    await marking.verify_marks(session, site.world.verifier, batch_id=site.world.batch_id, now=AFTER)

    async def wrong() -> list[str]:
        return [one.split(":")[1].strip() for one in await queries.ledger_invariants(session, files.exists)]

    assert await wrong() == []
    files.remove(sha256)
    assert await wrong() == ["its bytes are gone"]
    await session.execute(text("SET LOCAL session_replication_role = replica"))
    await session.execute(text("UPDATE scoring.room_holds SET released_at = NULL"))
    await session.execute(text("UPDATE scoring.keyed_sheets SET overtime_minutes = 3"))
    assert await wrong() == [
        "verified before its session was closed", "its bytes are gone", "its score sheet says something else"
    ]  # fmt: skip
    await session.execute(text("UPDATE scoring.keyed_sheets SET sheet_id = id"))
    assert (await wrong())[-1] == "there is no such score sheet"
    await session.execute(text("ALTER TABLE scoring.room_closings DROP CONSTRAINT ck_room_closings_gap_signed"))
    await session.execute(
        text(
            "INSERT INTO scoring.room_closings SELECT gen_random_uuid(), :room, '[{}]', repeat('0', 64), 1, 0, 1, 0, ' ', true, "
            "gen_random_uuid(), 'x', now()"
        ),
        {"room": room},
    )
    assert "a gap that no officer signed with a reason" in await wrong()
