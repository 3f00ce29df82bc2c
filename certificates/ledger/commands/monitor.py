"""``kaowu ledger monitor``: reads a published log whole, holds it against itself, against what was seen last, against its
witnesses, and against the database with every certificate in it. Names the file, the byte, the entry, the certificate."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from certificates.ledger import queries
from certificates.ledger.client import Folder, Site, Source, Unreachable, client
from certificates.ledger.documents import folder_of
from certificates.ledger.queries.tree import MissingHash
from certificates.ledger.rules.checkpoints import TreeHead, tree_head
from certificates.ledger.rules.complete import Known, differences, present
from certificates.ledger.rules.notes import BadNote, read_note
from certificates.ledger.rules.policy import BadPolicy, Policy, read_policy
from certificates.ledger.rules.published import Reading, first_difference, signature_findings
from certificates.ledger.rules.tiles import Tile, tiles_of
from certificates.ledger.signer import PolicyUnreadable, own_policy
from exam.kernel.crypto import Vault
from exam.kernel.errors import N_, Invalid
from exam.kernel.i18n import translate
from exam.kernel.services import Services

KnownOf = Callable[[AsyncSession, Vault], Awaitable[Sequence[Known]]]
"""Every version of a certificate, with the record that its entries commit to."""


class NoSource(Invalid):
    """Without a database a source and a policy have to be named."""

    message = N_("请给出公布的登记簿（目录或网址）和 --policy。")


@dataclass(frozen=True)
class Watched:
    """What a run of the monitor came to."""

    size: int
    findings: tuple[str, ...]
    head: TreeHead | None = None
    checkpoint: str = ""


async def watch(source: Source, policy: Policy, before: TreeHead | None) -> Watched:
    """Read a published log and say what is wrong with it; nothing of it is believed before it is checked."""
    try:
        text = (await source.get("checkpoint")).decode()
        note = read_note(text)
        head = tree_head(note)
    except (Unreachable, BadNote, UnicodeDecodeError) as error:
        return Watched(0, (f"checkpoint: {error}",))
    reading = Reading(findings=signature_findings(note, policy))
    above: dict[Tile, bytes] = {}
    for tile in tiles_of(head.size):
        try:
            if tile.level is None:
                hashes = Tile(0, tile.index, tile.width)
                reading.add(tile, await source.get(tile.path), hashes, await source.get(hashes.path))
            elif tile.level:
                above[tile] = await source.get(tile.path)
        except Unreachable as error:
            return Watched(head.size, (*reading.findings, str(error)), head, text)
    reading.check_tiles(above)
    reading.check_root(head)
    if before is not None:
        reading.check_before(head, before)
    return Watched(head.size, tuple(reading.findings), head, text)


async def against_database(source: Source, session: AsyncSession, head: TreeHead) -> list[str]:
    """Each byte that is published and that the database has otherwise."""
    found = []
    for tile in tiles_of(head.size):
        try:
            own, theirs = await queries.tile(session, tile), await source.get(tile.path)
        except (MissingHash, Unreachable) as error:
            found.append(f"{tile.path}: {error}")
            continue
        if own != theirs:
            at = first_difference(own, theirs)
            found.append(
                f"{tile.path}: byte {at} is {theirs[at : at + 1].hex() or 'missing'}, in the database {own[at : at + 1].hex()}"
            )
    stored = await queries.checkpoints(session, [head.size])
    published = (await source.get("checkpoint")).decode("utf-8", "replace")
    if not stored:
        found.append(f"checkpoint: the database published none of {head.size} entries")
    elif stored[0].text != published:
        at = first_difference(stored[0].text.encode(), published.encode())
        found.append(f"checkpoint: byte {at} is another than in the database")
    return found


async def database_findings(session: AsyncSession, known: Sequence[Known]) -> list[str]:
    """What is wrong in the database: the tree's rows, and certificates against entries."""
    entries = await queries.entries(session)
    committing = frozenset(one.index for one in entries if present(one))
    return [*await queries.invariants(session), *differences(entries, known, committing=committing)]


def alone(arguments: argparse.Namespace) -> int:
    """Watch a log without a database."""
    if arguments.source is None or arguments.policy is None:
        raise NoSource
    policy = _read_policy(arguments.policy)
    return asyncio.run(_alone(arguments, policy))


async def _alone(arguments: argparse.Namespace, policy: Policy) -> int:
    async with client() as http:
        watched = await watch(_source(arguments.source, http), policy, _before(arguments.state))
    return _report(arguments, watched, [])


def with_database(known: KnownOf) -> Callable[[Services, argparse.Namespace], Awaitable[int]]:
    """The command that also looks into the database."""

    async def run(services: Services, arguments: argparse.Namespace) -> int:
        async with services.db.transaction() as session:
            policy = await own_policy(session, services.settings)
        if arguments.policy:
            policy = _read_policy(arguments.policy)
        async with client() as http:
            source = _source(arguments.source or str(folder_of(services.settings)), http)
            watched = await watch(source, policy, _before(arguments.state))
            async with services.db.transaction() as session:
                found = await database_findings(session, await known(session, services.vault))
                if watched.head is not None:
                    found += await against_database(source, session, watched.head)
        return _report(arguments, watched, found)

    return run


def _source(text: str, http: object) -> Source:
    return Site(http, text) if text.startswith(("http://", "https://")) else Folder(Path(text))  # type: ignore[arg-type]


def _read_policy(path: Path) -> Policy:
    try:
        return read_policy(path.read_text("utf-8"))
    except (OSError, UnicodeError, BadPolicy) as error:
        raise PolicyUnreadable(reason=str(error)) from error


def _before(path: Path | None) -> TreeHead | None:
    """The head that was seen last; a file that cannot be read is a finding, so it is not passed over."""
    if path is None or not path.exists():
        return None
    return tree_head(read_note(path.read_text("utf-8")))


def _report(arguments: argparse.Namespace, watched: Watched, found: Sequence[str]) -> int:
    findings = [*watched.findings, *found]
    if not findings and watched.head is not None and arguments.state is not None:
        arguments.state.parent.mkdir(parents=True, exist_ok=True)
        arguments.state.write_text(watched.checkpoint, "utf-8")
    if arguments.json:
        print(
            json.dumps(
                {"passed": not findings, "size": watched.size, "findings": findings}, ensure_ascii=False, indent=2
            )
        )
    else:
        for one in findings:
            print(f"✗ {one}")
        if not findings:
            print(translate(N_("✓ 登记簿完整：%(size)s 条，检查点、条目、数据库一致"), size=watched.size))
    return 1 if findings else 0
