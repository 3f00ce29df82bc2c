"""``kaowu ledger seal``, ``export``, ``key``: a checkpoint now, the whole log as files, the log's own key."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable

from certificates.ledger import queries
from certificates.ledger.documents import write_checkpoint, write_tiles
from certificates.ledger.queries import Checkpoint, NotSealed
from certificates.ledger.rules.policy import written
from certificates.ledger.rules.tiles import tiles_of
from certificates.ledger.signer import log_origin, own_policy, verifier
from exam.kernel.db import chunks
from exam.kernel.errors import N_
from exam.kernel.i18n import translate
from exam.kernel.services import Services

_TOGETHER = 64
POLICY = "policy.txt"
Seal = Callable[[Services], Awaitable[Checkpoint]]


def seal_now(seal: Seal) -> Callable[[Services, argparse.Namespace], Awaitable[int]]:
    """Seal and publish; say how many witnesses cosigned."""

    async def run(services: Services, arguments: argparse.Namespace) -> int:
        sealed = await seal(services)
        cosigned = len(sealed.note.signatures) - 1
        if arguments.json:
            print(
                json.dumps({"size": sealed.size, "cosigned": cosigned, "checkpoint": sealed.text}, ensure_ascii=False)
            )
        else:
            print(translate(N_("检查点已公布：%(size)s 条，%(cosigned)s 个见证"), size=sealed.size, cosigned=cosigned))
        return 0

    return run


async def export(services: Services, arguments: argparse.Namespace) -> int:
    """Write everything that is published, with the policy that it can be checked by."""
    async with services.db.transaction() as session:
        sealed = await queries.checkpoint(session)
        policy = await own_policy(session, services.settings)
    if sealed is None:
        raise NotSealed(index=0)
    for part in chunks(list(tiles_of(sealed.size)), _TOGETHER):
        async with services.db.transaction() as session:
            files = [(one, await queries.tile(session, one)) for one in part]
        await asyncio.to_thread(write_tiles, arguments.folder, files)
    write_checkpoint(arguments.folder, sealed.size, sealed.text)
    (arguments.folder / POLICY).write_text(written(policy), "utf-8")
    if arguments.json:
        print(json.dumps({"size": sealed.size, "folder": str(arguments.folder)}))
    else:
        print(translate(N_("已写出 %(size)s 条：%(folder)s"), size=sealed.size, folder=arguments.folder))
    return 0


async def key(services: Services, arguments: argparse.Namespace) -> int:
    """Print the log's verifier key and the policy to check it by."""
    async with services.db.transaction() as session:
        own = verifier(services.settings, await log_origin(session, services.settings))
        policy = await own_policy(session, services.settings)
    if arguments.json:
        print(json.dumps({"key": own.vkey, "policy": written(policy)}))
    else:
        print(own.vkey)
    return 0
