"""``kaowu certificates halt`` and ``resume``: the stop switch from a shell, with the officer's own password."""

from __future__ import annotations

import argparse
import json
from typing import Any

from certificates.issuing import actions
from certificates.issuing.rules.releases import Halt
from exam.accounts.commands import add_sign_in, sign_in
from exam.kernel.errors import N_, Forbidden
from exam.kernel.i18n import translate
from exam.kernel.services import Services


class NotAnOfficer(Forbidden):
    """Login and password do not belong to a certificate officer."""

    message = N_("账号或密码不对，或者不是发证员。")


def add_commands(commands: Any, common: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Add ``certificates halt`` and ``certificates resume``; returns their parsers by name."""
    office = commands.add_parser("certificates", help=translate(N_("停止或恢复证书颁发")))
    verbs = office.add_subparsers(required=True, metavar="COMMAND")
    halting = verbs.add_parser("halt", parents=[common], help=translate(N_("立即停止所有颁发")))
    halting.add_argument("--reason", required=True, help=translate(N_("停止理由")))
    resuming = verbs.add_parser("resume", parents=[common], help=translate(N_("同意恢复；须两名发证员各执行一次")))
    for parser in (halting, resuming):
        add_sign_in(parser, who=translate(N_("发证员的账号")))
    return {"halt": halting, "resume": resuming}


async def halt(services: Services, arguments: argparse.Namespace) -> int:
    """Stop all issuing."""
    actor = await sign_in(services, arguments, refusal=NotAnOfficer)
    async with services.db.transaction() as session:
        made = await actions.halt(session, actor, reason=arguments.reason, now=services.clock.now())
    _say(arguments, made, N_("证书颁发已停止；正在办理的证书停在原处，编号不会丢失。"))
    return 0


async def resume(services: Services, arguments: argparse.Namespace) -> int:
    """Agree to go on. Status 0: issuing goes on, 1: the second officer is still missing."""
    actor = await sign_in(services, arguments, refusal=NotAnOfficer)
    async with services.db.transaction() as session:
        made = await actions.resume(session, actor, now=services.clock.now())
    _say(
        arguments,
        made,
        N_("还须另一名发证员同意。") if made.in_force else N_("证书颁发已恢复，从停下的地方继续。"),
    )
    return 1 if made.in_force else 0


def _say(arguments: argparse.Namespace, made: Halt, words: str) -> None:
    if arguments.json:
        print(json.dumps({"halted": made.in_force, "reason": made.reason}, ensure_ascii=False))
    else:
        print(translate(words))
