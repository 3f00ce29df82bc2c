"""What the database says of stored certificates, and what their files say: nothing is written here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from certificates.issuing import actions as issuing_actions
from certificates.issuing import queries as issuing
from certificates.issuing.rules.records import Certificate
from certificates.issuing.rules.status import CertificateStatus
from certificates.keys import queries as keys
from certificates.keys.rules.register import Cutoff, stands
from certificates.ledger import queries as ledger
from certificates.ledger.queries import Checkpoint, NotSealed, Tree
from certificates.ledger.queries.tree import MissingHash
from certificates.ledger.rules import LedgerProof
from certificates.ledger.rules.merkle import plan_inclusion
from certificates.ledger.rules.notes import BadNote
from certificates.ledger.signer import own_policy
from certificates.nightly import checker, queries
from certificates.nightly.rules import PROOF, Difference, Expected, Kind, differences
from exam.kernel.crypto import Vault
from exam.kernel.files import FileAltered, FileStore
from exam.kernel.sandbox import ChildFailed
from exam.kernel.services import Services


async def expected_of(session: AsyncSession, vault: Vault, ids: Sequence[UUID]) -> list[Expected]:
    """What the files of these certificates have to say, by number."""
    rows = await issuing.certificates(session, ids)
    records = await issuing_actions.records(session, vault, ids)
    cutoffs = await keys.cutoffs(session)
    newest = await ledger.checkpoint(session)
    entries = {one.index: one.entry for one in await ledger.entries(session, certificate_ids=ids)}
    tree, made = Tree(session), []
    for row, (proof, problem) in zip(rows, await _proofs(session, rows), strict=True):
        path, lacking = await _path(tree, row, newest) if row.leaf_index in entries else ((), "")
        made.append(
            Expected(
                id=row.id,
                number=row.number,
                version=row.version,
                organisation_id=row.organisation_id,
                sha256=row.sha256 or "",
                numbered_at=row.numbered_at,
                lost=_lost(row, cutoffs),
                record=records[row.id],
                leaf_index=row.leaf_index,
                entry=None if row.leaf_index is None else entries.get(row.leaf_index),
                attached={PROOF: proof.text.encode()} if proof is not None else {},
                path=path,
                size=newest.size if newest is not None else 0,
                root=newest.head.root if newest is not None else b"",
                problem=problem or lacking,
            )
        )
    return made


async def _proofs(session: AsyncSession, rows: Sequence[Certificate]) -> list[tuple[LedgerProof | None, str]]:
    """The published proof of each row's entry; where some cannot be had, why, one by one."""
    places = [row.leaf_index for row in rows if row.leaf_index is not None]
    try:
        found = await ledger.proofs(session, places)
    except (NotSealed, MissingHash, BadNote, ValueError):
        return [await _proof(session, row.leaf_index) for row in rows]
    return [(found.get(row.leaf_index) if row.leaf_index is not None else None, "") for row in rows]


async def _proof(session: AsyncSession, index: int | None) -> tuple[LedgerProof | None, str]:
    if index is None:
        return None, ""
    try:
        return (await ledger.proofs(session, [index]))[index], ""
    except NotSealed:
        return None, f"entry {index} stands in no published tree"
    except (MissingHash, BadNote, ValueError, KeyError) as error:
        return None, f"the tree cannot prove entry {index}: {error}"


async def _path(tree: Tree, row: Certificate, newest: Checkpoint | None) -> tuple[tuple[bytes, ...], str]:
    """From an entry to the newest checkpoint."""
    if newest is None or row.leaf_index is None or row.leaf_index >= newest.size:
        return (), ""
    try:
        return tuple((await tree.prove([plan_inclusion(row.leaf_index, newest.size)]))[0]), ""
    except MissingHash as error:
        return (), f"the tree lacks a hash: {error}"


def _lost(row: Certificate, cutoffs: Sequence[Cutoff]) -> frozenset[str]:
    """The keys whose signature on a certificate that stands would not be believed any more."""
    if row.status is not CertificateStatus.ISSUED:
        return frozenset()
    names = {one.certificate_sha256 for one in cutoffs}
    return frozenset(one for one in names if not stands(cutoffs, one, row.issued_at))


def compare(files: FileStore, roots: list[bytes], expected: Expected) -> list[Difference]:
    """Read one stored file and say in what it differs; for threads, the reading itself happens in a child process."""
    try:
        data = files.get(expected.sha256)
    except FileNotFoundError:
        return [Difference(Kind.MISSING)]
    except FileAltered:  # a store that compares by itself
        return [Difference(Kind.ALTERED)]
    found = [] if hashlib.sha256(data).hexdigest() == expected.sha256 else [Difference(Kind.ALTERED)]
    try:
        return [*found, *differences(expected, checker.read(data, roots))]
    except ChildFailed as failed:
        return [*found, Difference(Kind.UNREADABLE, str(failed.facts.get("reason", ""))[:120])]


async def ledger_findings(session: AsyncSession, services: Services) -> list[str]:
    """What is wrong in the ledger's own tables, and between it and the certificates."""

    async def records(within: AsyncSession, ids: Sequence[UUID]) -> Mapping[UUID, Mapping[str, Any]]:
        return await issuing_actions.records(within, services.vault, ids)

    try:
        policy = await own_policy(session, services.settings)
        return [*await ledger.invariants(session), *await queries.completeness(session, records, policy)]
    except BadNote as error:  # what names the log cannot be read
        return [*await ledger.invariants(session), f"checkpoint: {error}"]
