"""Who gives a command: the own login and password, from standard input or a terminal, and no session that stays open."""

import argparse
import io

import pytest
from sqlalchemy import text

from exam.accounts.actions import create_staff
from exam.accounts.commands import NotSignedIn, add_sign_in, sign_in
from exam.accounts.rules import SYSTEM, Grant, Role
from exam.kernel.errors import Forbidden
from exam.kernel.services import Services

PASSWORD = "correct horse battery"


class Refused(Forbidden):
    """What another command says instead."""

    message = "不可以。"


async def test_a_person_is_known_by_login_and_password_and_signed_out_again(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with services.db.transaction() as session:
        await create_staff(
            session, SYSTEM, login="officer", name="示例", password=PASSWORD, grants=[Grant(Role.EXAM_OFFICER)],
            now=services.clock.now(),
        )  # fmt: skip
    parser = argparse.ArgumentParser()
    add_sign_in(parser, who="谁")
    piped, asked = (parser.parse_args(["--login", "officer", *more]) for more in (["--password-stdin"], []))

    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    monkeypatch.setattr("getpass.getpass", lambda: PASSWORD)
    assert [(await sign_in(services, given)).name for given in (piped, asked)] == ["示例", "示例"]
    async with services.db.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM exam.sign_ins")) == 0

    monkeypatch.setattr("getpass.getpass", lambda: "wrong")
    with pytest.raises(NotSignedIn):
        await sign_in(services, asked)
    with pytest.raises(Refused):
        await sign_in(services, asked, refusal=Refused)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(NotSignedIn):
        await sign_in(services, piped)
