"""The ways around a dead line: photos, export files, and sheets keyed in from signed paper."""

import hashlib
import json
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Actor, Role, Scope
from exam.kernel.crypto import Vault
from exam.kernel.errors import Forbidden, NotFound
from exam.kernel.files import FileStore
from scoring.marking import actions as marks
from scoring.marking import queries as marking
from scoring.marking.rules import SheetIncomplete
from scoring.tablets import actions, queries
from scoring.tablets.rules.closing import WordsMissing
from scoring.tablets.rules.devices import SignatureWrong, TabletRevoked
from scoring.tablets.rules.events import Kind, NotAnEvent
from scoring.tablets.rules.evidence import EvidenceHashWrong, EvidenceNotJpeg, announced
from scoring.tablets.rules.exports import (
    AlreadyDecided,
    ExportEdited,
    ExportForOther,
    ExportMixed,
    ExportOfOtherSite,
    ExportOfStranger,
    OfficerMissing,
    OwnSecondLook,
)
from scoring.tablets.rules.keying import (
    BadgeMissing,
    CorrectionReasonMissing,
    KeyedAlready,
    KeyingReasonMissing,
    NothingToCorrect,
    NotWaiting,
    OwnKeying,
    OwnSheetKeyed,
    SheetThere,
)
from scoring.tablets.rules.ledger import Lacking
from scoring.tablets.rules.slips import SlipDiffers, SlipMistyped, slip
from scoring.tablets.rules.standing import Standing
from tests.exam.day import person
from tests.scoring.tablets.test_actions import NOW, Site, make_site, send
from tests.scoring.tablets.test_closing import officer
from tests.scoring.tablets.world import Signer, export_file, photo
from tests.scoring.world import GOOD, finish

SIGNED = {"A1": "20", "A2": True, "B1": 3, "C1": 0, "C2": False, "C3": False}


# ---------------------------------------------------------------- photos


async def _keep(
    session: AsyncSession, files: FileStore, site: Site, data: bytes, *, signed: bytes | None = None
) -> str:
    sha256 = hashlib.sha256(data).hexdigest()
    signature = site.signer.sign(announced(str(site.tablet.id), sha256, len(data))) if signed is None else signed
    return await actions.keep_photo(
        session, files, tablet_id=site.tablet.id, sha256=sha256, data=data, signature=signature, now=NOW
    )


async def test_a_photo_that_an_event_speaks_of_is_waited_for(session: AsyncSession, files: FileStore) -> None:
    site = await make_site(session)
    data = photo()
    sha256 = hashlib.sha256(data).hexdigest()
    site.tablet.write(Kind.EVIDENCE, site.sheet(0), sha256=sha256, row="C2", bytes=len(data))
    await send(session, site)
    room = site.world.rooms["P"].id
    (gap,) = [one for one in (await queries.ledger(session, room)).gaps if one.why is Lacking.EVIDENCE]
    assert gap.sha256 == sha256
    assert [await _keep(session, files, site, data) for _ in range(2)] == [sha256, sha256]
    assert Lacking.EVIDENCE not in {one.why for one in (await queries.ledger(session, room)).gaps}
    assert files.get(sha256) == data
    view = await queries.room_ledger(session, room, NOW)
    assert (view.photos_expected, len(view.account.photos)) == (1, 1)


async def test_a_photo_that_is_wrong_leaves_nothing_behind(session: AsyncSession, files: FileStore) -> None:
    site = await make_site(session)
    data, bad = photo(), b"\0\0\0\x18ftypheic" + bytes(40)
    with pytest.raises(SignatureWrong):
        await _keep(session, files, site, data, signed=Signer().sign({}))
    with pytest.raises(EvidenceNotJpeg):
        await _keep(session, files, site, bad)
    other = hashlib.sha256(b"other").hexdigest()
    with pytest.raises(EvidenceHashWrong):
        await actions.keep_photo(
            session, files, tablet_id=site.tablet.id, sha256=other, data=data, now=NOW,
            signature=site.signer.sign(announced(str(site.tablet.id), other, len(data))),
        )  # fmt: skip
    assert not any(files.exists(hashlib.sha256(one).hexdigest()) for one in (data, bad))
    await actions.revoke(session, site.head, tablet_id=site.tablet.id, reason="被盗", now=NOW)
    with pytest.raises(TabletRevoked):
        await _keep(session, files, site, data)


# ---------------------------------------------------------------- export files


def _site_head(site: Site, name: str = "head2") -> Actor:
    return person(Role.SITE_HEAD, Scope("site", str(site.world.rooms["P"].site_id)), name=name)


async def _import(session: AsyncSession, vault: Vault, files: FileStore, actor: Actor, sent: object) -> Any:
    data = json.dumps(sent).encode()
    id = await actions.import_file(session, vault, files, actor, data=data, filename="kaowu-tablet-T07.json", now=NOW)
    (found,) = await queries.imports(session, ids=[id])
    return found


async def test_a_file_brings_what_the_line_did_not(session: AsyncSession, vault: Vault, files: FileStore) -> None:
    site = await make_site(session)
    for index in range(3):
        site.tablet.write(Kind.SIGNED, site.sheet(index), answers=SIGNED, overtime=0, note="")
    await send(session, site, 1)
    sent = export_file(site.tablet, site.signer, vault.exchange_key)
    found = await _import(session, vault, files, site.head, sent)
    assert (found.status.value, found.events, found.fresh, found.known, found.refused) == ("taken", 3, 2, 1, 0)
    assert (await send(session, site)).confirmed == 3
    again = await _import(session, vault, files, officer(site), sent)
    assert (again.fresh, again.known) == (0, 3)
    (tablet,) = await queries.tablets(session, ids=[site.tablet.id])
    assert tablet.last_number == 3


async def test_a_file_that_says_how_far_the_chain_goes_tells_what_is_missing(
    session: AsyncSession, vault: Vault, files: FileStore
) -> None:
    site = await make_site(session)
    for index in range(3):
        site.tablet.write(Kind.OPENED, site.sheet(index))
    await _import(
        session,
        vault,
        files,
        site.head,
        export_file(site.tablet, site.signer, vault.exchange_key, events=site.tablet.events[:2]),
    )
    (line,) = (await queries.room_ledger(session, site.world.rooms["P"].id, NOW)).devices
    assert (line.chain.expected, line.chain.missing, line.chain.seen_at) == (3, [(3, 3)], None)


async def test_each_wrong_file_has_its_own_words_and_brings_nothing(
    session: AsyncSession, vault: Vault, files: FileStore, tmp_path: Any
) -> None:
    site = await make_site(session)
    site.tablet.write(Kind.OPENED, site.sheet(0))
    good = export_file(site.tablet, site.signer, vault.exchange_key)
    foreign = Vault.open_or_create(tmp_path / "elsewhere").exchange_key

    cases: list[tuple[Actor, object, type[Exception]]] = [
        (site.head, good | {"sealed": good["sealed"][:-8] + "AAAAAAA="}, ExportEdited),
        (site.head, good | {"nonce": "AAAAAAAAAAAAAAAA"}, ExportEdited),
        (site.head, export_file(site.tablet, Signer(), vault.exchange_key), ExportEdited),
        (site.head, export_file(site.tablet, site.signer, foreign), ExportForOther),
        (site.head, export_file(site.tablet, site.signer, vault.exchange_key, inside=site.world.batch_id), ExportMixed),
        (site.head, good | {"device": str(site.world.batch_id)}, ExportOfStranger),
        (person(Role.SITE_HEAD, Scope("site", str(site.world.batch_id)), name="b"), good, ExportOfOtherSite),
        (site.world.assessors[0], good, Forbidden),
    ]
    for actor, sent, words in cases:
        with pytest.raises(words):
            await _import(session, vault, files, actor, sent)
    assert await queries.events(session, tablet_ids=[site.tablet.id]) == []
    assert await queries.imports(session) == []


async def test_an_event_that_is_none_of_ours_refuses_the_file_whole(
    session: AsyncSession, vault: Vault, files: FileStore
) -> None:
    site = await make_site(session)
    site.tablet.write(Kind.OPENED, site.sheet(0))
    site.tablet.write(Kind.ANSWERED, site.sheet(0), row="A1")  # no value
    with pytest.raises(NotAnEvent) as refused:
        await _import(session, vault, files, site.head, export_file(site.tablet, site.signer, vault.exchange_key))
    assert refused.value.facts["number"] == 2
    assert await queries.events(session, tablet_ids=[site.tablet.id]) == []


async def test_the_file_of_a_stolen_tablet_waits_for_a_second_person(
    session: AsyncSession, vault: Vault, files: FileStore
) -> None:
    site = await make_site(session)
    site.tablet.write(Kind.SIGNED, site.sheet(0), answers=SIGNED, overtime=0, note="")
    await actions.revoke(session, site.head, tablet_id=site.tablet.id, reason="被盗", now=NOW)
    sent = export_file(site.tablet, site.signer, vault.exchange_key)
    found = await _import(session, vault, files, site.head, sent)
    assert (found.status.value, found.needs_second, found.fresh, found.signed) == ("waiting", True, 1, 1)
    assert (await _import(session, vault, files, site.head, sent)).id == found.id, "waiting once"
    assert await queries.events(session, tablet_ids=[site.tablet.id]) == []

    async def decide(actor: Actor, *, take: bool, reason: str = "") -> None:
        await actions.decide_import(session, vault, files, actor, import_id=found.id, take=take, reason=reason, now=NOW)

    waits = [(f"/scoring/tablets/imports/{found.id}", 1)]
    told = await queries.ledger_needs(session, officer(site), NOW)
    assert [(one.href, one.count) for one in told] == waits
    assert await queries.ledger_needs(session, site.head, NOW) == []
    with pytest.raises(OwnSecondLook):
        await decide(site.head, take=True)
    with pytest.raises(OfficerMissing):
        await decide(_site_head(site), take=True)
    with pytest.raises(WordsMissing):
        await decide(officer(site), take=False)
    second = officer(site)
    await decide(second, take=True)
    assert len(await queries.events(session, tablet_ids=[site.tablet.id])) == 1
    with pytest.raises(AlreadyDecided):
        await decide(officer(site), take=False, reason="x")
    with pytest.raises(IntegrityError, match="two_people"):
        await session.execute(text("UPDATE scoring.tablet_imports SET uploaded_by = decided_by"))


# ---------------------------------------------------------------- keyed in from paper


async def _badges(session: AsyncSession, vault: Vault, site: Site) -> str:
    """The badge of the first assessor."""
    assessor = site.world.assessors[0].account_id
    assert assessor is not None
    place = site.world.rooms["P"].site_id
    await actions.give_badges(session, vault, site.head, site_id=place, account_ids=[assessor], now=NOW)
    return (await queries.badge_numbers(session, assessor))[0]


async def _key(session: AsyncSession, site: Site, actor: Actor, typed: str, **change: Any) -> Any:
    given: dict[str, Any] = {
        "sitting_id": site.world.sittings["P", 0], "assessor_id": site.sheet(0).assessor_id, "answers": SIGNED,
        "overtime_minutes": 0, "note": "", "evidence": {}, "reason": "平板丢失",
    } | change  # fmt: skip
    return await actions.key_in(session, actor, slip=typed, now=NOW, **given)


def _ticket(site: Site, index: int = 0) -> str:
    return f"2026{index + 1:08d}"


async def test_a_sheet_keyed_in_counts_after_a_second_person_read_the_slip(session: AsyncSession, vault: Vault) -> None:
    site = await make_site(session)
    badge = await _badges(session, vault, site)
    typed = slip(_ticket(site), badge, 1, SIGNED, 0)
    await finish(session, site.world, "P")
    with pytest.raises(SlipDiffers):
        await _key(session, site, site.head, typed, answers=SIGNED | {"B1": 2})
    with pytest.raises(SlipDiffers):
        await _key(session, site, site.head, typed, overtime_minutes=3)
    with pytest.raises(SlipMistyped):
        await _key(session, site, site.head, typed[:-1] + ("0" if typed[-1] != "0" else "1"))
    with pytest.raises(SheetIncomplete):
        await _key(session, site, site.head, typed, answers={"A1": "20"})
    with pytest.raises(KeyingReasonMissing):
        await _key(session, site, site.head, typed, reason=" ")
    with pytest.raises(Forbidden):
        await _key(session, site, site.world.assessors[1], typed)
    with pytest.raises(NotFound):
        await _key(session, site, site.head, typed, assessor_id=site.world.batch_id)
    keyed = await _key(session, site, site.head, typed.lower().replace("-", " "), answers=SIGNED | {"A1": "020.00"})
    with pytest.raises(KeyedAlready):
        await _key(session, site, site.world.lead, typed)
    cell = (await queries.room_ledger(session, site.world.rooms["P"].id, NOW)).lines[0].cells[0]
    assert cell.standing is Standing.CHECKING
    told = [one.href for one in await queries.ledger_needs(session, site.world.lead, NOW)]
    assert told == [f"/scoring/tablets/keyed/{keyed}"]
    assert await queries.ledger_needs(session, site.head, NOW) == []
    with pytest.raises(OwnKeying):
        await actions.check_keyed(session, site.head, keyed_id=keyed, slip=typed, now=NOW)
    other = slip(_ticket(site, 1), badge, 1, SIGNED, 0)
    with pytest.raises(SlipDiffers):
        await actions.check_keyed(session, site.world.lead, keyed_id=keyed, slip=other, now=NOW)
    sheet_id = await actions.check_keyed(session, site.world.lead, keyed_id=keyed, slip=typed, now=NOW)
    sheet = await marking.sheet(session, sheet_id)
    assert (sheet.assessor_id, sheet.status.value, str(sheet.total)) == (
        site.sheet(0).assessor_id,
        "signed",
        "100.0000",
    )
    cell = (await queries.room_ledger(session, site.world.rooms["P"].id, NOW)).lines[0].cells[0]
    assert (cell.standing, cell.sheet_id) == (Standing.KEYED, sheet_id)
    for attempt in (
        actions.check_keyed(session, site.world.lead, keyed_id=keyed, slip=typed, now=NOW),
        actions.withdraw_keyed(session, site.head, keyed_id=keyed, words="x", now=NOW),
    ):
        with pytest.raises(NotWaiting):
            await attempt
    with pytest.raises(SheetThere):
        await _key(session, site, site.head, typed)
    with pytest.raises(IntegrityError, match="two_people"):
        await session.execute(text("UPDATE scoring.keyed_sheets SET checked_by = keyed_by"))


async def test_a_correction_on_paper_is_keyed_in_and_waits_for_the_lead(session: AsyncSession, vault: Vault) -> None:
    """It follows what stands signed, under the next number, with the paper's reason; nobody's first version is overwritten."""
    site = await make_site(session)
    badge = await _badges(session, vault, site)
    await finish(session, site.world, "P")
    better = SIGNED | {"C1": 1}
    second = slip(_ticket(site), badge, 2, better, 0)
    paper = {"answers": better, "correcting": True, "correction": "看错刻度"}
    with pytest.raises(NothingToCorrect):
        await _key(session, site, site.head, second, **paper)
    first = slip(_ticket(site), badge, 1, SIGNED, 0)
    keyed = await _key(session, site, site.head, first)
    before = await actions.check_keyed(session, site.world.lead, keyed_id=keyed, slip=first, now=NOW)
    with pytest.raises(SlipDiffers):  # the first version's slip proves no correction
        await _key(session, site, site.head, slip(_ticket(site), badge, 1, better, 0), **paper)
    with pytest.raises(CorrectionReasonMissing):
        await _key(session, site, site.head, second, **paper | {"correction": " "})
    again = await _key(session, site, site.head, second, **paper)
    with pytest.raises(KeyedAlready):
        await _key(session, site, site.world.lead, second, **paper)
    made = await actions.check_keyed(session, officer(site), keyed_id=again, slip=second, now=NOW)
    sheet = await marking.sheet(session, made)
    assert (sheet.version, sheet.status.value, sheet.reason, sheet.corrects_id) == (
        2,
        "countersign",
        "看错刻度",
        before,
    )
    await marks.countersign_sheet(session, site.world.lead, sheet_id=made, now=NOW)
    (counting,) = (await marking.signed_sheets(session, [sheet.sitting_id]))[sheet.sitting_id]
    assert (counting.id, str(counting.total)) == (made, "99.0000")
    with pytest.raises(IntegrityError, match="correction"):
        await session.execute(text("UPDATE scoring.keyed_sheets SET correction = ''"))


async def test_nobody_keys_in_their_own_sheet_or_without_a_badge(session: AsyncSession, vault: Vault) -> None:
    site = await make_site(session)
    typed = slip(_ticket(site), "00000000", 1, SIGNED, 0)
    with pytest.raises(BadgeMissing):
        await _key(session, site, site.head, typed)
    with pytest.raises(OwnSheetKeyed):
        await _key(session, site, site.world.lead, typed, assessor_id=site.world.lead.account_id)


async def test_what_was_keyed_in_wrongly_is_withdrawn_and_keyed_in_again(session: AsyncSession, vault: Vault) -> None:
    site = await make_site(session)
    typed = slip(_ticket(site), await _badges(session, vault, site), 1, SIGNED, 0)
    keyed = await _key(session, site, site.head, typed)
    with pytest.raises(WordsMissing):
        await actions.withdraw_keyed(session, site.world.lead, keyed_id=keyed, words=" ", now=NOW)
    await actions.withdraw_keyed(session, site.world.lead, keyed_id=keyed, words="备注有误", now=NOW)
    assert await _key(session, site, site.head, typed) != keyed


@pytest.mark.parametrize("other, differs", [(SIGNED, False), (GOOD, False), (SIGNED | {"B1": 1}, True)])
async def test_the_lost_tablet_turns_up_and_is_compared(
    session: AsyncSession, vault: Vault, other: dict[str, Any], differs: bool
) -> None:
    """The same entries, also in another spelling, are fine; others contradict, and both stay."""
    site = await make_site(session)
    typed = slip(_ticket(site), await _badges(session, vault, site), 1, SIGNED, 0)
    await finish(session, site.world, "P")
    keyed = await _key(session, site, site.head, typed)
    sheet_id = await actions.check_keyed(session, site.world.lead, keyed_id=keyed, slip=typed, now=NOW)
    site.tablet.write(Kind.SIGNED, site.sheet(0), answers=other, overtime=0, note="")
    await send(session, site)
    view = await queries.room_ledger(session, site.world.rooms["P"].id, NOW)
    found = [one.gap.sheet for one in view.gaps if one.gap.why is Lacking.CONTRADICTION]
    assert (found == [site.sheet(0)]) is differs
    assert view.lines[0].cells[0].standing is (Standing.CONTRADICTING if differs else Standing.KEYED)
    assert (await marking.sheet(session, sheet_id)).answers == SIGNED
    if differs:
        assessor, lead = site.world.assessors[0], site.world.lead
        at = site.world.rooms["P"].starts_at
        draft = await marks.correct_sheet(session, assessor, sheet_id=sheet_id, reason="以平板为准", now=at)
        await marks.save_sheet(session, assessor, sheet_id=draft.id, answers=other, overtime_minutes=0, now=at)
        await marks.sign_sheet(session, assessor, sheet_id=draft.id, now=at)
        assert Lacking.CONTRADICTION in {
            one.why for one in (await queries.ledger(session, site.world.rooms["P"].id)).gaps
        }
        await marks.countersign_sheet(session, lead, sheet_id=draft.id, now=at)
        view = await queries.room_ledger(session, site.world.rooms["P"].id, NOW)
        assert Lacking.CONTRADICTION not in {one.gap.why for one in view.gaps}
        assert view.lines[0].cells[0].standing is Standing.KEYED
