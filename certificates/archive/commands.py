"""``kaowu certificate archive``: makes archival copies of issued certificates, or renews those that come to their end.

The issued files and their hashes stay as they are. Cut at any point it goes on where it stood: each copy is noted when it lies
in the store. Exit status 0 when every copy that was asked for is there, 1 when one is missing, by name.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from certificates.archive import actions, queries
from certificates.archive.client import Collector
from certificates.archive.documents import ORDER, NotReached, archived, renewed
from certificates.archive.queries import Copy
from certificates.archive.rules.ground import NotArchivable
from certificates.archive.rules.reading import read
from certificates.issuing.rules.numbers import normalised
from certificates.issuing.rules.records import Certificate
from certificates.issuing.rules.signature import Level
from certificates.issuing.signer import roots
from certificates.stamps.client import NoStamp, authority_of, stamp_roots
from exam.kernel.errors import N_, Invalid
from exam.kernel.i18n import translate
from exam.kernel.services import Services

LEVELS: Final = {"t": Level.B_T, "lt": Level.B_LT, "lta": Level.B_LTA}


class NoAuthority(Invalid):
    """No time stamp authority is set."""

    message = N_("没有设置时间戳机构，无法存档。")
    way_out = N_("请设置 KAOWU_TSA_URL 和 KAOWU_TSA_ROOTS。")


@dataclass
class Tally:
    """What one run came to."""

    made: int = 0
    there: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)


def add_commands(group: Any, common: argparse.ArgumentParser, with_services: Callable[[Any], Any]) -> None:
    """Add ``archive`` to the commands of ``certificate``."""
    parser = group.add_parser(
        "archive", parents=[common], help=translate(N_("制作或续期存档副本（PAdES B-LT、B-LTA）"))
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--all", action="store_true", help=translate(N_("所有颁发过的证书")))
    which.add_argument("--batch", type=UUID, metavar="ID", help=translate(N_("一个考核批次")))
    which.add_argument("--number", default="", help=translate(N_("一个证书编号")))
    parser.add_argument("--level", choices=sorted(LEVELS), default="lta")
    parser.add_argument("--renew", action="store_true", help=translate(N_("给 90 天内到期的副本加盖新的时间戳")))
    parser.set_defaults(command=with_services(archive))


async def archive(services: Services, arguments: argparse.Namespace) -> int:
    """Make or renew what was asked for."""
    maker = Maker(services, LEVELS[arguments.level], renewing=arguments.renew)
    async with services.db.transaction() as session:
        wanted = await queries.wanted(session, batch_id=arguments.batch, number=normalised(arguments.number))
        copies = await queries.latest(session, [one.id for one in wanted])
    tally = Tally()
    for one in wanted:
        try:
            made = await maker.one(one, copies.get(one.id))
        except (NoStamp, NotReached, NotArchivable, OSError) as failure:
            reason = (
                translate(failure.message, **failure.facts)
                if isinstance(failure, (NoStamp, NotReached))
                else str(failure)
            )
            tally.failed.append((f"{one.number}/{one.version}", reason))
            continue
        tally.made += made
        tally.there += not made
    _say(arguments, tally)
    return 1 if tally.failed else 0


class Maker:
    """Makes copies one after the other, with what this installation trusts."""

    def __init__(self, services: Services, level: Level, *, renewing: bool) -> None:
        authority = authority_of(services.settings)
        if authority is None:
            raise NoAuthority
        self._services, self._level, self._renewing = services, level, renewing
        self._trust: dict[str, Any] = {"roots": roots(services.settings), "stamp_roots": stamp_roots(services.settings)}
        self._tools: dict[str, Any] = {"stamp": authority.stamp, "collect": Collector(services.settings)}

    async def one(self, issued: Certificate, copy: Copy | None) -> bool:
        """Make the copy of one certificate; False when nothing is to be done."""
        services, now = self._services, self._services.clock.now()
        if self._renewing:
            due = copy is not None and copy.level is Level.B_LTA and copy.renew_by - now < queries.NOTICE
        else:
            due = copy is None or ORDER.index(copy.level) < ORDER.index(self._level)
        if not due:
            return False
        name = await asyncio.to_thread(self._make, copy.sha256 if copy else issued.sha256 or "")
        if name is None:
            return False
        data = await asyncio.to_thread(services.files.get, name)
        found = await asyncio.to_thread(read, data, **self._trust)
        async with services.db.transaction() as session:
            await actions.add(session, issued.id, found, now=now)
        return True

    def _make(self, sha256: str) -> str | None:
        """The stored copy's name; None where the file holds the level already."""
        before = self._services.files.get(sha256)
        if self._renewing:
            made = renewed(before, **self._trust, **self._tools)
        else:
            made = archived(before, self._level, **self._trust, **self._tools)
        return None if made == before else self._services.files.put(made)


def _say(arguments: argparse.Namespace, tally: Tally) -> None:
    if arguments.json:
        failed = [{"certificate": name, "reason": reason} for name, reason in tally.failed]
        print(json.dumps({"made": tally.made, "there": tally.there, "failed": failed}, ensure_ascii=False))
        return
    print(translate(N_("新做 %(made)s 份存档副本，%(there)s 份无需再做。"), made=tally.made, there=tally.there))
    for name, reason in tally.failed:
        print(f"✗ {name}  {reason}")
