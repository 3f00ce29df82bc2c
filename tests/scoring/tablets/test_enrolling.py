"""A tablet is registered by a one-time code: once, within ten minutes, by the key that signs."""

import base64
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from exam.accounts.rules import Role, Scope
from exam.kernel.crypto import Vault
from exam.kernel.errors import Forbidden, Invalid
from exam.kernel.ids import new_id
from exam.kernel.services import Services
from scoring.tablets import actions, queries
from scoring.tablets.rules.devices import KeyUnusable, LabelTaken, MessageInvalid, SignatureWrong
from scoring.tablets.rules.enrolling import (
    ENROLMENT,
    CodeExpired,
    CodeUsed,
    CodeWrong,
    Enrolment,
    TriedTooOften,
    read_enrolment,
    require_tries,
)
from tests.exam.day import person
from tests.scoring.tablets.world import Signer
from tests.scoring.world import START

SITE = new_id()
HEAD = person(Role.SITE_HEAD, Scope("site", str(SITE)), name="head")


def enrolment(code: str, signer: Signer) -> tuple[Enrolment, bytes]:
    sent = Enrolment(code=code, public_key=base64.b64encode(signer.public).decode())
    return sent, signer.sign(sent.body)


async def test_a_code_registers_one_key_once(session: AsyncSession, tmp_path: Path) -> None:
    vault, signer = Vault.open_or_create(tmp_path), Signer()
    made = await actions.make_code(session, vault, HEAD, site_id=SITE, label=" T07 ", now=START)
    assert len(made.code) == 8 and made.code.isdigit()
    found = await actions.enrol(session, vault, *enrolment(made.code, signer), now=START + timedelta(minutes=9))
    assert (found.label, found.site_id) == ("T07", SITE)
    assert await actions.enrol(session, vault, *enrolment(made.code, signer), now=START) == found
    with pytest.raises(CodeUsed):
        await actions.enrol(session, vault, *enrolment(made.code, Signer()), now=START)
    (only,) = await queries.tablets(session, site_id=SITE)
    assert (only.id, only.public_key) == (found.tablet_id, signer.public)
    kept = (await session.execute(text("SELECT code_blind FROM scoring.tablet_codes"))).scalar_one()
    assert made.code not in kept


async def test_a_code_dies_after_ten_minutes_and_a_wrong_one_was_never_alive(
    session: AsyncSession, tmp_path: Path
) -> None:
    vault = Vault.open_or_create(tmp_path)
    made = await actions.make_code(session, vault, HEAD, site_id=SITE, label="T07", now=START)
    with pytest.raises(CodeExpired):
        await actions.enrol(session, vault, *enrolment(made.code, Signer()), now=START + timedelta(minutes=10))
    wrong = f"{(int(made.code) + 1) % 10**8:08}"
    with pytest.raises(CodeWrong):
        await actions.enrol(session, vault, *enrolment(wrong, Signer()), now=START)
    sent, _ = enrolment(made.code, Signer())
    with pytest.raises(SignatureWrong):
        await actions.enrol(session, vault, sent, Signer().sign(sent.body), now=START)
    for key in ("no base 64", base64.b64encode(b"no key").decode()):
        with pytest.raises(KeyUnusable):
            await actions.enrol(session, vault, Enrolment(code=made.code, public_key=key), b"\0" * 64, now=START)
    assert await queries.tablets(session, site_id=SITE) == []


async def test_a_wiped_tablet_takes_its_label_again_when_its_old_key_is_revoked(
    session: AsyncSession, tmp_path: Path
) -> None:
    vault, old, new = Vault.open_or_create(tmp_path), Signer(), Signer()
    first = await actions.make_code(session, vault, HEAD, site_id=SITE, label="T07", now=START)
    tablet = await actions.enrol(session, vault, *enrolment(first.code, old), now=START)
    with pytest.raises(LabelTaken):
        await actions.make_code(session, vault, HEAD, site_id=SITE, label="T07", now=START)
    await actions.revoke(session, HEAD, tablet_id=tablet.tablet_id, reason="重置", now=START)
    second = await actions.make_code(session, vault, HEAD, site_id=SITE, label="T07", now=START)
    found = await actions.enrol(session, vault, *enrolment(second.code, new), now=START)
    assert found.tablet_id != tablet.tablet_id


async def test_only_the_own_site_makes_codes(session: AsyncSession, tmp_path: Path) -> None:
    vault = Vault.open_or_create(tmp_path)
    with pytest.raises(Forbidden):
        await actions.make_code(session, vault, HEAD, site_id=new_id(), label="T07", now=START)
    with pytest.raises(Invalid):
        await actions.make_code(session, vault, HEAD, site_id=SITE, label=" ", now=START)


async def test_wrong_codes_are_counted_in_the_database_and_forgotten(session: AsyncSession) -> None:
    """Whichever process took them."""
    require_tries([], START)
    for _ in range(20):
        await actions.require_code_tries(session, START)
        await actions.count_wrong_code(session, START)
    with pytest.raises(TriedTooOften) as refused:
        await actions.require_code_tries(session, START + timedelta(minutes=4))
    assert refused.value.facts == {"seconds": 361}
    later = START + timedelta(minutes=10)
    await actions.require_code_tries(session, later)
    await actions.count_wrong_code(session, later)
    assert await session.scalar(text("SELECT count(*) FROM scoring.tablet_wrong_codes")) == 1


@pytest.mark.parametrize(
    "sent",
    [None, [], {}, {"format": ENROLMENT}, {"format": ENROLMENT, "code": 12345678, "public_key": ""},
     {"format": "x", "code": "1", "public_key": ""}, {"format": ENROLMENT, "code": "1", "public_key": "", "more": 1}],
)  # fmt: skip
def test_what_is_no_enrolment_is_refused(sent: object) -> None:
    with pytest.raises(MessageInvalid):
        read_enrolment(sent)


async def test_the_door_answers_in_words(client: httpx.AsyncClient, services: Services) -> None:
    async with services.db.transaction() as session:
        made = await actions.make_code(
            session, services.vault, HEAD, site_id=SITE, label="T07", now=services.clock.now()
        )
    for code, status in (("00000000" if made.code != "00000000" else "1" * 8, 403), (made.code, 200)):
        sent, signature = enrolment(code, Signer())
        answer = await client.post(
            "/scoring/tablets/enrolments",
            json=sent.body,
            headers={"x-tablet-signature": base64.b64encode(signature).decode(), "accept": "application/json"},
        )
        assert answer.status_code == status, answer.text
        async with services.db.transaction() as session:
            assert await session.scalar(text("SELECT count(*) FROM scoring.tablet_wrong_codes")) == 1
        if status == 403:
            assert answer.json()["code"] == "CodeWrong"
            assert "登记码" in answer.json()["title"]
        else:
            assert (answer.json()["label"], set(answer.json())) == ("T07", {"device", "label", "site", "now"})
