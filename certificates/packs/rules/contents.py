"""What stands in a pack: the names of its files, its manifest and its SHA256SUMS, the same for the same pack every time."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from certificates.issuing.rules.numbers import file_stem
from certificates.issuing.rules.status import CertificateStatus
from certificates.verification.rules import masked_name

FORMAT: Final = "kaowu-pack/1"
MANIFEST: Final = "manifest.json"
SUMS: Final = "SHA256SUMS"
NO_INSTITUTION: Final = "社会考生"
_FORBIDDEN: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_NAME_BYTES: Final = 120


class Names(StrEnum):
    """How much of a holder's name the reader is shown: whoever has the roster sees it, a printing house does not."""

    FULL = "full"
    MASKED = "masked"


@dataclass(frozen=True, kw_only=True)
class Item:
    """One stored certificate of a pack: its facts on the day the pack was ordered, and the size of its bytes."""

    number: str
    version: int
    status: CertificateStatus
    holder: str
    institution: str
    issued_on: date
    sha256: str
    size: int
    crc32: int


@dataclass(frozen=True, kw_only=True)
class About:
    """What a pack is of, as its manifest says."""

    id: UUID
    batch: str  # code
    made_at: datetime  # in the time of the country
    names: Names


def safe_name(text: str) -> str:
    """A name that every common system can store: no signs that Windows refuses, no reserved one, no point or blank at its end."""
    kept = _FORBIDDEN.sub("_", text).strip().rstrip(". ")
    while len(kept.encode()) > _NAME_BYTES:
        kept = kept[:-1]
    kept = kept.rstrip(". ")
    return f"_{kept}" if not kept or _RESERVED.fullmatch(kept) else kept


def paths(items: Sequence[Item], names: Names) -> list[str]:
    """Where each certificate stands: a folder for each institution, the number, and the holder where names are full."""
    return [
        "/".join(
            (
                safe_name(one.institution or NO_INSTITUTION),
                safe_name(
                    file_stem(one.number)
                    + (f"-v{one.version}" if one.version > 1 else "")
                    + (f"-{one.holder}" if names is Names.FULL else "")
                )
                + ".pdf",
            )
        )
        for one in items
    ]


def manifest(items: Sequence[Item], about: About) -> bytes:
    """The list of what is inside, as JSON: for programs, and for whoever asks later what was handed over."""
    data: dict[str, Any] = {
        "format": FORMAT,
        "pack": str(about.id),
        "batch": about.batch,
        "made_at": about.made_at.isoformat(timespec="seconds"),
        "names": str(about.names),
        "count": len(items),
        "certificates": [
            {
                "file": path,
                "number": one.number,
                "version": one.version,
                "status": str(one.status),
                "holder": one.holder if about.names is Names.FULL else masked_name(one.holder),
                "institution": one.institution,
                "issued_on": one.issued_on.isoformat(),
                "sha256": one.sha256,
                "bytes": one.size,
            }
            for path, one in zip(paths(items, about.names), items, strict=True)
        ],
    }
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode()


def sums(items: Sequence[Item], about: About, manifest_sha256: str) -> bytes:
    """What `sha256sum -c SHA256SUMS` checks: every certificate and the manifest."""
    lines = [f"{one.sha256}  {path}" for path, one in zip(paths(items, about.names), items, strict=True)]
    return ("\n".join([*lines, f"{manifest_sha256}  {MANIFEST}"]) + "\n").encode()
