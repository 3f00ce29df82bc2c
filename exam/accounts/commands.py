"""Who gives a command: several commands of the shell are signed for by a person with the own login and password."""

from __future__ import annotations

import argparse
import getpass
import sys

from exam.accounts import actions, queries
from exam.accounts.rules import Actor
from exam.kernel.errors import N_, Forbidden
from exam.kernel.i18n import translate
from exam.kernel.services import Services


class NotSignedIn(Forbidden):
    """Login or password are wrong."""

    message = N_("账号或密码不正确。")
    way_out = N_("请核对后再试。")


def add_sign_in(parser: argparse.ArgumentParser, *, who: str) -> None:
    """Add the options that `sign_in` reads; `who` says in the reader's language whose login is wanted."""
    parser.add_argument("--login", required=True, help=who)
    parser.add_argument("--password-stdin", action="store_true", help=translate(N_("从标准输入读取密码，不从终端询问")))


async def sign_in(
    services: Services, arguments: argparse.Namespace, *, refusal: type[Forbidden] = NotSignedIn
) -> Actor:
    """The person whose login and password these are; raises `refusal`. No session stays open."""
    secret = sys.stdin.readline().rstrip("\n") if arguments.password_stdin else getpass.getpass()
    async with services.db.transaction() as session:
        found = await actions.sign_in(
            session, services.vault, login=arguments.login, secret=secret, old_token=None, now=services.clock.now()
        )
        if found is not None:
            await actions.sign_out(session, token=found[1])
    if found is None:
        raise refusal
    async with services.db.transaction() as session:
        return await queries.actor(session, found[0])
