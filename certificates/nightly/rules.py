"""A stored certificate held against what the database says of it, and how many are read in a night. Pure.

What is compared: the bytes (SHA-256), the signature (`certificates.issuing.rules.signature`), the text that a reader finds on the
page, and what lies inside the file: the ledger's entry opened, its proof, the credential.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from certificates.designs.rules.fields import LABELS as FIELD_LABELS
from certificates.designs.rules.fields import SPECIMEN
from certificates.issuing.rules.face import Face
from certificates.issuing.rules.signature import Flaw
from certificates.ledger.rules.checkpoints import read_proof
from certificates.ledger.rules.entries import BadEntry, open_record
from certificates.ledger.rules.merkle import ProofFailed, check_inclusion, leaf_hash
from certificates.ledger.rules.notes import BadNote
from exam.kernel.errors import N_

CREDENTIAL: Final = "credential.jwt"
PROOF: Final = "ledger-proof.txt"
RECORD: Final = "ledger-record.json"
WHOLE_MOST: Final = 50_000
"""Up to so many files are all read every night; of more, a seventh a night, so that each is read once a week."""
NIGHTS: Final = 7
LATE: Final = timedelta(hours=36)
"""A nightly check that ended longer ago than this has been missed."""
_LEVELS: Final = ("初级", "中级", "高级")


class Kind(StrEnum):
    """In what a stored file and the database differ."""

    MISSING = "missing"
    ALTERED = "altered"
    UNREADABLE = "unreadable"
    SIGNATURE = "signature"
    KEY_LOST = "key_lost"
    TIME = "time"
    TEXT = "text"
    ATTACHMENTS = "attachments"
    CREDENTIAL = "credential"
    RECORD = "record"
    ENTRY = "entry"
    PROOF = "proof"


WORDS: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        Kind.MISSING: N_("文件不在存储中"),
        Kind.ALTERED: N_("文件的哈希与登记的不同，内容被改动或换过"),
        Kind.UNREADABLE: N_("文件打不开"),
        Kind.SIGNATURE: N_("签名检查不通过"),
        Kind.KEY_LOST: N_("签名密钥已确认失密，证书在失密时间之后登记"),
        Kind.TIME: N_("签名时间与登记的编号时间不同"),
        Kind.TEXT: N_("页面上的文字与登记的不同"),
        Kind.ATTACHMENTS: N_("文件内的附件缺失"),
        Kind.CREDENTIAL: N_("文件内的可验证凭证与登记的不同"),
        Kind.RECORD: N_("文件内的登记内容与数据库的不同"),
        Kind.ENTRY: N_("登记簿里没有它的条目，或条目承诺的是别的内容"),
        Kind.PROOF: N_("登记簿证明不成立"),
    }
)
_LINES: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        Kind.MISSING: "the stored file is missing",
        Kind.ALTERED: "the stored file was altered",
        Kind.UNREADABLE: "the stored file cannot be read",
        Kind.SIGNATURE: "its signature is not accepted",
        Kind.KEY_LOST: "its key was lost before it was issued",
        Kind.TIME: "it was signed at another time",
        Kind.TEXT: "the page says something else",
        Kind.ATTACHMENTS: "an attachment is not there",
        Kind.CREDENTIAL: "its credential says something else",
        Kind.RECORD: "the record inside is not the database's",
        Kind.ENTRY: "the ledger's entry does not commit to it",
        Kind.PROOF: "its proof does not hold",
    }
)


@dataclass(frozen=True)
class Difference:
    """One thing that differs; `detail` is a field, a flaw, an attachment, or what a proof lacks."""

    kind: Kind
    detail: str = ""

    @property
    def line(self) -> str:
        """For the terminal."""
        return _LINES[self.kind] + (f" ({self.detail})" if self.detail else "")

    @property
    def field_label(self) -> str:
        """The field's msgid, where the detail is a field of the page; else the detail itself."""
        return FIELD_LABELS.get(self.detail, self.detail) if self.kind is Kind.TEXT else self.detail

    def as_data(self) -> list[str]:
        """As it is kept."""
        return [str(self.kind), self.detail]

    @classmethod
    def from_data(cls, data: list[str]) -> Difference:
        return cls(Kind(data[0]), data[1])


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the database says about one stored file. `entry` is None where the ledger lacks it, `problem` says why nothing proves it."""

    id: UUID
    number: str
    version: int
    organisation_id: UUID
    sha256: str
    numbered_at: datetime
    lost: frozenset[str]  # certificates (SHA-256, hex) of keys whose signature on it no longer counts
    record: Mapping[str, Any] = field(repr=False)
    leaf_index: int | None
    entry: bytes | None = None
    attached: Mapping[str, bytes] = field(
        default_factory=dict, repr=False
    )  # word for word; what is not there is not compared
    path: tuple[bytes, ...] = ()  # to the newest checkpoint
    size: int = 0
    root: bytes = b""
    problem: str = ""

    @property
    def face(self) -> Face:
        return Face.from_data(self.record["face"])


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was found in a file."""

    flaws: tuple[str, ...]
    certificate_sha256: str
    signed_at: datetime | None
    pages: int
    text: str = field(repr=False)  # without white space
    attached: Mapping[str, bytes] = field(repr=False)


def differences(expected: Expected, seen: Seen) -> list[Difference]:
    """Every way in which a file that could be read differs from the database."""
    found = [Difference(Kind.SIGNATURE, flaw) for flaw in seen.flaws]
    if seen.certificate_sha256 in expected.lost:
        found.append(Difference(Kind.KEY_LOST))
    if seen.signed_at != expected.numbered_at.replace(microsecond=0) and not seen.flaws:
        found.append(Difference(Kind.TIME, seen.signed_at.isoformat() if seen.signed_at else ""))
    if seen.pages != 1:
        found.append(Difference(Kind.TEXT, f"{seen.pages} pages"))
    found += [Difference(Kind.TEXT, name) for name in _other_texts(expected, seen.text)]
    return [*found, *_ledger_differences(expected, seen.attached)]


def texts_of(record: Mapping[str, Any]) -> dict[str, str]:
    """What every design has to print, by field (`certificates.designs.rules.fields`); empty ones are not printed."""
    face = Face.from_data(record["face"])
    return {
        "holder_name": face.holder_name,
        "id_type_zh": face.id_type_zh,
        "id_number": str(record["id_number"]),
        "certificate_name_zh": face.certificate_name_zh,
        "level_zh": face.level_zh,
        "number": str(record["number"]),
        "issued_zh": _date_zh(face.issued_on),
        "organisation_name_zh": face.organisation_name_zh,
        "specimen": SPECIMEN if face.specimen else "",
        "mark_zh": face.mark_zh,
    }


def _other_texts(expected: Expected, text: str) -> Iterator[str]:
    """The fields that the page does not show as they are; a level beside the right one is another level."""
    wanted = {name: "".join(value.split()) for name, value in texts_of(expected.record).items()}
    yield from (name for name, value in wanted.items() if value not in text)
    rest = text
    for name in ("certificate_name_zh", "organisation_name_zh", "level_zh"):
        rest = rest.replace(wanted[name], "") if wanted[name] else rest
    if wanted["level_zh"] in text and any(level in rest for level in _LEVELS):
        yield "level_zh"


def _ledger_differences(expected: Expected, attached: Mapping[str, bytes]) -> Iterator[Difference]:
    if expected.leaf_index is None:  # from the time before the tree: the register alone speaks for it
        return
    missing = [name for name in (CREDENTIAL, PROOF, RECORD) if name not in attached]
    yield from (Difference(Kind.ATTACHMENTS, name) for name in missing)
    if expected.entry is None:
        yield Difference(Kind.ENTRY, f"#{expected.leaf_index}")
    if RECORD in attached:
        yield from _record_differences(expected, attached[RECORD])
    if expected.problem:
        yield Difference(Kind.PROOF, expected.problem)
    elif expected.entry is not None:
        yield from _proof_differences(expected, attached.get(PROOF))
    if CREDENTIAL in attached and not _speaks_of(expected, attached[CREDENTIAL]):
        yield Difference(Kind.CREDENTIAL)


def _record_differences(expected: Expected, data: bytes) -> Iterator[Difference]:
    try:
        entry, record = open_record(data)
    except BadEntry as error:
        yield Difference(Kind.RECORD, str(error))
        return
    if record != expected.record:
        names = sorted(name for name in {*record, *expected.record} if record.get(name) != expected.record.get(name))
        yield Difference(Kind.RECORD, ", ".join(names))
    if expected.entry is not None and entry != expected.entry:
        yield Difference(Kind.ENTRY, f"#{expected.leaf_index}")


def _proof_differences(expected: Expected, data: bytes | None) -> Iterator[Difference]:
    """The file's own proof holds and is the published one, and the entry stands in the newest checkpoint too."""
    assert expected.entry is not None
    assert expected.leaf_index is not None
    leaf = leaf_hash(expected.entry)
    try:
        check_inclusion(leaf, expected.leaf_index, expected.size, expected.path, expected.root)
    except ProofFailed as error:
        yield Difference(Kind.PROOF, f"checkpoint {expected.size}: {error}")
    if data is None:
        return
    try:
        proof = read_proof(data.decode())
        proof.check(leaf)
    except (BadNote, ProofFailed, UnicodeDecodeError) as error:
        yield Difference(Kind.PROOF, str(error))
        return
    if proof.index != expected.leaf_index:
        yield Difference(Kind.PROOF, f"entry {proof.index} instead of {expected.leaf_index}")
    elif data != expected.attached.get(PROOF, data):
        yield Difference(Kind.PROOF, "another checkpoint than was published")


def _speaks_of(expected: Expected, jwt: bytes) -> bool:
    """Whether the credential is about this certificate; its signature is a matter of its own key."""
    try:
        body = jwt.split(b".")[1]
        said = json.loads(base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4)))
        return str(said["id"]).endswith(f"/v/{expected.record['token']}")
    except (ValueError, KeyError, IndexError, TypeError):
        return False


def share(total: int, urgent: int) -> int:
    """How many of `total` files one night reads; `urgent` are those never read and those found wrong before, always read."""
    if total <= WHOLE_MOST:
        return total
    return min(total, max(WHOLE_MOST, -(-total // NIGHTS), urgent))


def flaws_of(flaws: tuple[Flaw, ...], accepted: bool) -> tuple[str, ...]:
    """The flaws by name; a file without a flaw that is not accepted leads to no root of ours."""
    return tuple(map(str, flaws)) or (() if accepted else (str(Flaw.UNTRUSTED),))


def _date_zh(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
