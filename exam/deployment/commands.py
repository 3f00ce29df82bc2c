"""``kaowu override``: one of two people signs for a change although a session is near. It migrates nothing itself."""

from __future__ import annotations

import argparse
import json

from exam.accounts.commands import add_sign_in, sign_in
from exam.deployment import actions
from exam.deployment.rules import NotASigner, fingerprint
from exam.kernel.clock import Clock
from exam.kernel.db import Database
from exam.kernel.errors import N_
from exam.kernel.i18n import translate
from exam.kernel.services import Services
from exam.kernel.settings import TREE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``override``."""
    add_sign_in(parser, who=translate(N_("签字人的账号（考务管理员或省级）")))
    parser.add_argument("--reason", default="", help=translate(N_("为什么现在必须更换；第一位签字人填写")))


async def override(services: Services, arguments: argparse.Namespace) -> int:
    """Check who signs and sign for the version of this tree. Status 0: both have signed, 1: the second is still missing."""
    actor = await sign_in(services, arguments, refusal=NotASigner)
    now = services.clock.now()
    async with services.db.transaction() as session:
        made = await actions.sign(session, actor, fingerprint=fingerprint(TREE), reason=arguments.reason, now=now)
    whole = made.second_at is not None
    if arguments.json:
        signers = [name for name in (made.first_name, made.second_name) if name]
        print(
            json.dumps(
                {"fingerprint": made.fingerprint, "reason": made.reason, "signed": signers, "counts": whole},
                ensure_ascii=False,
            )
        )
    else:
        words = (
            N_("两人已签字，24 小时内可以更换到此版本。")
            if whole
            else N_("已签字。还须另一人执行一次 kaowu override。")
        )
        print(translate(words))
    return 0 if whole else 1


async def require_calm(url: str, *, head: str, deploys: bool, demo: bool) -> None:
    """What every start asks first. The demo's sessions are invented: its installation never waits."""
    if demo:
        return
    database = Database(url, pool_size=1)
    try:
        async with database.transaction() as session:
            await actions.require_calm(
                session, fingerprint=fingerprint(TREE), head=head, deploys=deploys, now=Clock().now()
            )
    finally:
        await database.dispose()


async def note(services: Services) -> None:
    """Note which version begins to run."""
    async with services.db.transaction() as session:
        await actions.note(session, fingerprint=fingerprint(TREE), now=services.clock.now())
