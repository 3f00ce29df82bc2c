"""``kaowu certificate verify FILE...``: says of each file what was checked; the signature needs no database.

Exit status 0 when every file is genuine and in force, 1 when one is not. Where no ledger can be reached, a file whose
signature holds is reported as such and the missing check is named.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from certificates.archive.rules.reading import examine_any
from certificates.issuing.rules.signature import Examination
from certificates.issuing.signer import DEMO_CHAIN, roots
from certificates.stamps.client import stamp_roots
from certificates.verification import queries
from certificates.verification.rules import CHECKS, FILE_LIMIT_BYTES, WORDS, Answer, Verdict, file_verdict
from exam.kernel.clock import CHINA
from exam.kernel.db import Database
from exam.kernel.errors import N_
from exam.kernel.i18n import translate
from exam.kernel.postgres import NoServer, ensure_server
from exam.kernel.settings import Settings


def add_commands(commands: Any, common: argparse.ArgumentParser) -> Any:
    """Add ``certificate verify`` to the command line; returns the commands of ``certificate``."""
    group = commands.add_parser("certificate", help=translate(N_("证书文件：查验、存档"))).add_subparsers(
        required=True, metavar="COMMAND"
    )
    verifying = group.add_parser("verify", parents=[common], help=translate(N_("查验证书文件")))
    verifying.add_argument("files", nargs="+", type=Path, metavar="FILE")
    verifying.add_argument(
        "--roots", type=Path, default=None, metavar="PEM", help=translate(N_("受信任的根证书（默认：本机的）"))
    )
    verifying.add_argument(
        "--stamp-roots",
        type=Path,
        default=None,
        metavar="PEM",
        help=translate(N_("受信任的时间戳根证书（默认：KAOWU_TSA_ROOTS）")),
    )
    verifying.set_defaults(command=verify)
    return group


def verify(arguments: argparse.Namespace) -> int:
    """Verify files and print what was found."""
    settings = Settings.load()
    trusted = read_roots(arguments.roots) if arguments.roots else local_roots(settings)
    stamps = read_roots(arguments.stamp_roots) if arguments.stamp_roots else stamp_roots(settings)
    examined = [(path, examine_file(path, trusted, stamps)) for path in arguments.files]
    answers = asyncio.run(ask_ledger(settings, [found for _, found in examined]))
    results = [result_of(path, found, answer) for (path, found), answer in zip(examined, answers, strict=True)]
    if arguments.json:
        print(
            json.dumps(
                {"genuine": all(one["genuine"] for one in results), "files": results}, ensure_ascii=False, indent=2
            )
        )
    else:
        for one in results:
            print(lines_of(one))
    return 0 if all(one["genuine"] for one in results) else 1


def examine_file(path: Path, trusted: list[bytes], stamps: Sequence[bytes] = ()) -> Examination:
    """Examine one file of the disk; one that is too large or cannot be read is no certificate."""
    try:
        with path.open("rb") as file:
            data = file.read(FILE_LIMIT_BYTES + 1)
    except OSError:
        data = b""
    return examine_any(data if len(data) <= FILE_LIMIT_BYTES else b"", trusted, stamps)


async def ask_ledger(settings: Settings, found: list[Examination]) -> list[Answer | None]:
    """What the ledger says of each file; None for all when it cannot be reached."""
    address = await asyncio.to_thread(database_address, settings)
    if not address:
        return [None] * len(found)
    db = Database(address, pool_size=1)
    try:
        async with db.transaction() as session:
            return [await queries.by_file(session, one) for one in found]
    except Exception:  # noqa: BLE001 - whatever keeps us from the ledger, the signature stands for itself
        return [None] * len(found)
    finally:
        await db.dispose()


def database_address(settings: Settings) -> str:
    """The database of this installation if it has one; none is made for this."""
    if not settings.database_url and not (settings.home / "postgres" / "location").exists():
        return ""
    try:
        return ensure_server(settings)
    except NoServer:
        return ""


def local_roots(settings: Settings) -> list[bytes]:
    """The roots of this installation, if it has any: no authority is made only to trust nothing with it."""
    if settings.signer_key is None and not (settings.keys / DEMO_CHAIN).exists():
        return []
    return roots(settings)


def read_roots(path: Path) -> list[bytes]:
    """The certificates of a PEM file, as DER."""
    return [one.public_bytes(serialization.Encoding.DER) for one in x509.load_pem_x509_certificates(path.read_bytes())]


def result_of(path: Path, found: Examination, answer: Answer | None) -> dict[str, Any]:
    """One file's result, for people and programs."""
    verdict = answer.verdict if answer is not None else file_verdict(found, None)
    in_ledger = None if answer is None else answer.facts is not None
    if answer is None and found.accepted:
        verdict = Verdict.GENUINE
    facts = answer.facts if answer is not None else None
    return {
        "file": str(path),
        "verdict": str(verdict),
        "words": translate(WORDS[verdict]),
        "genuine": verdict is Verdict.GENUINE,
        "checks": {key: not flaws & frozenset(found.flaws) for key, _, flaws in CHECKS} | {"ledger": in_ledger},
        "sha256": found.sha256,
        "original_sha256": found.registered_sha256,
        "signer": found.signer,
        "authority": found.authority,
        "signed_at": found.signed_at.isoformat() if found.signed_at else None,
        "level": str(found.level) if found.accepted else None,
        "stamped_at": found.stamped_at.isoformat() if found.stamped_at else None,
        "stamped_by": found.stamped_by,
        "number": facts.number if facts else None,
    }


def lines_of(result: dict[str, Any]) -> str:
    """One file's result as text."""
    signs = {True: "✓", False: "✗", None: "–"}
    checks = [f"  {signs[result['checks'][key]]} {translate(label)}" for key, label, _ in CHECKS]
    ledger = (
        N_("文件指纹在登记簿中")
        if result["checks"]["ledger"] is not None
        else N_("文件指纹在登记簿中（此处连接不到登记簿，未检查）")
    )
    checks.append(f"  {signs[result['checks']['ledger']]} {translate(ledger)}")
    if result["stamped_at"]:
        at = datetime.fromisoformat(result["stamped_at"]).astimezone(CHINA)
        words = translate(
            N_("时间戳 %(at)s（%(authority)s）"), at=f"{at:%Y-%m-%d %H:%M}", authority=result["stamped_by"]
        )
        checks.append(f"  PAdES {result['level']}  {words}")
    return "\n".join([f"{result['file']}{os.linesep}  {result['words']}", *checks, f"  SHA-256 {result['sha256']}"])
