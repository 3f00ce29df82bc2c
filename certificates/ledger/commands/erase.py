"""``kaowu ledger erase``: one officer asks that a certificate's salts go, another decides."""

from __future__ import annotations

import argparse
import json
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from certificates.ledger import actions, queries
from certificates.ledger.actions import NothingToErase
from certificates.ledger.rules import ErasureStatus
from exam.accounts.commands import add_sign_in, sign_in
from exam.kernel.errors import N_
from exam.kernel.i18n import translate
from exam.kernel.services import Services

OwnerOf = Callable[[AsyncSession, str, int], Awaitable[UUID | None]]
"""The awarding organisation of a certificate's version."""
_DONE: Final = {
    "ask": N_("已提出申请。还须另一人执行 kaowu ledger erase --grant 或 --refuse。"),
    "grant": N_("已抹除。登记簿的哈希和证明不变，条目从此无人能够打开。"),
    "refuse": N_("已拒绝，登记簿没有变化。"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``erase``."""
    parser.add_argument("number", help=translate(N_("证书编号")))
    parser.add_argument("--version", type=int, default=1, help=translate(N_("版本")))
    parser.add_argument("--reason", default="", help=translate(N_("理由；申请人填写")))
    decision = parser.add_mutually_exclusive_group()
    decision.add_argument("--grant", action="store_true", help=translate(N_("同意另一人的申请")))
    decision.add_argument("--refuse", action="store_true", help=translate(N_("拒绝另一人的申请")))
    add_sign_in(parser, who=translate(N_("办理人的账号")))


def run(owner: OwnerOf) -> Callable[[Services, argparse.Namespace], Awaitable[int]]:
    """The command; status 0 done."""

    async def work(services: Services, arguments: argparse.Namespace) -> int:
        actor, now = await sign_in(services, arguments), services.clock.now()
        number, version = arguments.number.upper(), arguments.version
        async with services.db.transaction() as session:
            if arguments.grant or arguments.refuse:
                wishes = [
                    one
                    for one in await queries.erasures(session, number=number)
                    if one.version == version and one.status is ErasureStatus.ASKED
                ]
                if not wishes:
                    raise NothingToErase(number=number, version=version)
                await actions.decide_erasure(session, actor, erasure_id=wishes[0].id, grant=arguments.grant, now=now)
            else:
                organisation_id = await owner(session, number, version)
                if organisation_id is None:
                    raise NothingToErase(number=number, version=version)
                await actions.ask_erasure(
                    session, actor, number=number, version=version, organisation_id=organisation_id, reason=arguments.reason,
                    now=now,
                )  # fmt: skip
        done = "grant" if arguments.grant else "refuse" if arguments.refuse else "ask"
        print(
            json.dumps({"number": number, "version": version, "done": done})
            if arguments.json
            else translate(_DONE[done])
        )
        return 0

    return work
