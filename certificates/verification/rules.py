"""The public answer: which of five, what it may show, and how often it may be asked. Pure."""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from certificates.issuing.rules.signature import Examination, Flaw
from certificates.issuing.rules.status import CertificateStatus
from certificates.ledger.rules import LedgerEvent
from exam.kernel.errors import N_, TooMany

FILE_LIMIT_BYTES: Final = 20_000_000


class Verdict(StrEnum):
    """The five answers; unknown and wrong are one."""

    GENUINE = "genuine"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    ALTERED = "altered"
    UNKNOWN = "unknown"


WORDS: Final[Mapping[Verdict, str]] = MappingProxyType(
    {
        Verdict.GENUINE: N_("真实有效"),
        Verdict.REVOKED: N_("真实，但已撤销"),
        Verdict.SUPERSEDED: N_("真实，但已被新版本取代"),
        Verdict.ALTERED: N_("文件被改动过"),
        Verdict.UNKNOWN: N_("没有查到"),
    }
)
EXPLANATIONS: Final[Mapping[Verdict, str]] = MappingProxyType(
    {
        Verdict.GENUINE: N_("登记簿中有这张证书，现在有效。请与手中的证书逐项对照。"),
        Verdict.REVOKED: N_("这张证书已经被收回和注销，处于无效状态。"),
        Verdict.SUPERSEDED: N_("这张证书已经更正或补发，请以新版本为准。"),
        Verdict.ALTERED: N_("这份文件在签名之后被改动，不能作为凭证。请向持证人索取原件，或用二维码、编号查验。"),
        Verdict.UNKNOWN: N_("登记簿中没有与所给信息一致的证书。请检查编号和姓名，或换用二维码、原始文件查验。"),
    }
)
TONES: Final[Mapping[Verdict, str]] = MappingProxyType(
    {
        Verdict.GENUINE: "done",
        Verdict.REVOKED: "stopped",
        Verdict.SUPERSEDED: "warning",
        Verdict.ALTERED: "stopped",
        Verdict.UNKNOWN: "plain",
    }
)


_NO_SIGNATURE: Final = frozenset({Flaw.NOT_PDF, Flaw.UNSIGNED, Flaw.BROKEN_FIELD})
CHECKS: Final[tuple[tuple[str, str, frozenset[Flaw]], ...]] = (
    ("whole_file", N_("签名覆盖整个文件"), _NO_SIGNATURE | {Flaw.NOT_WHOLE}),
    (
        "no_later_change",
        N_("签名之后没有改动或追加"),
        _NO_SIGNATURE | {Flaw.NOT_WHOLE, Flaw.CHANGED_LATER, Flaw.BAD_DIGEST},
    ),
    ("signature", N_("签名本身正确"), _NO_SIGNATURE | {Flaw.BAD_SIGNATURE, Flaw.BAD_TIME_STAMP}),
    (
        "chain",
        N_("签名证书由受信任的机构签发，且当时有效"),
        _NO_SIGNATURE | {Flaw.BAD_SIGNATURE, Flaw.UNTRUSTED, Flaw.NOT_VALID_THEN},
    ),
)
"""What is checked in a file: its name, its words, and the flaws by which it fails. The ledger comes on top."""


class Finding(StrEnum):
    """What a file turned out to be, where the verdict alone would leave a person wondering."""

    OURS = "ours"
    NOT_PDF = "not_pdf"
    UNSIGNED = "unsigned"
    FOREIGN = "foreign"
    NOT_REGISTERED = "not_registered"
    CHANGED = "changed"


FINDINGS: Final[Mapping[Finding, str]] = MappingProxyType(
    {
        Finding.NOT_PDF: N_(
            "这不是 PDF 文件，或者文件的开头被改过。本系统颁发的证书是签了名的 PDF 文件，请选择原始文件，不要用照片或截图。"
        ),
        Finding.UNSIGNED: N_(
            "这份 PDF 没有签名（可能是打印、扫描或另存的副本），无法凭它查验。请用原始文件，或用二维码、编号查验。"
        ),
        Finding.FOREIGN: N_("这份文件的签名不是本系统认可的机构作出的。签名可能是真的，但它不是这里颁发的证书。"),
        Finding.NOT_REGISTERED: N_("文件上的签名是我们的，但登记簿里没有这份文件。请不要采信，并请告诉我们。"),
        Finding.CHANGED: N_("文件里有我们的签名，但签名之后内容或签名本身被改过。"),
    }
)


def finding(examination: Examination, verdict: Verdict) -> Finding:
    """What to say of a file beside the verdict."""
    flaws = set(examination.flaws)
    if verdict not in (Verdict.UNKNOWN, Verdict.ALTERED):
        return Finding.OURS
    if verdict is Verdict.ALTERED:
        return Finding.CHANGED
    if examination.accepted:
        return Finding.NOT_REGISTERED
    if Flaw.NOT_PDF in flaws:
        return Finding.NOT_PDF
    return Finding.UNSIGNED if flaws & {Flaw.UNSIGNED, Flaw.BROKEN_FIELD} else Finding.FOREIGN


@dataclass(frozen=True, kw_only=True)
class Happening:
    """One line of a certificate's history, as the public may read it."""

    event: LedgerEvent
    at: datetime
    version: int
    index: int  # in the ledger


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is shown of a certificate that was found, to be compared with the one in hand."""

    number: str
    version: int
    holder: str
    id_masked: str
    certificate_zh: str
    certificate_en: str
    level_zh: str
    level_en: str
    organisation_zh: str
    organisation_en: str
    institution_zh: str
    institution_en: str
    issued_on: date
    specimen: bool
    status: CertificateStatus
    ended_at: datetime | None
    registered_at: datetime | None  # on the platform
    sha256: str
    token: str = ""  # leads to the proof of the ledger
    history: tuple[Happening, ...] = field(default=())


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The verdict, with the facts unless nothing was found, and what was seen in the file if there was one."""

    verdict: Verdict
    facts: Facts | None = None
    examination: Examination | None = None
    lost_at: datetime | None = None  # the cut-off of the key that signed the file, where it was declared lost


_BY_STATUS: Final[Mapping[CertificateStatus, Verdict]] = MappingProxyType(
    {
        CertificateStatus.ISSUED: Verdict.GENUINE,
        CertificateStatus.REVOKED: Verdict.REVOKED,
        CertificateStatus.SUPERSEDED: Verdict.SUPERSEDED,
        CertificateStatus.REISSUED: Verdict.SUPERSEDED,
    }
)


def verdict_of(status: CertificateStatus | None) -> Verdict:
    """The answer for a certificate in the register; one that was never issued is unknown."""
    return Verdict.UNKNOWN if status is None else _BY_STATUS.get(status, Verdict.UNKNOWN)


def file_verdict(examination: Examination, status: CertificateStatus | None) -> Verdict:
    """The answer for a file: its bytes must be accepted *and* stand in the ledger; a changed one of ours is altered."""
    if examination.accepted:
        return verdict_of(status)
    return Verdict.ALTERED if examination.ours else Verdict.UNKNOWN


def masked_name(name: str) -> str:
    """欧*本, 张*: enough to recognise a name one knows, not enough to learn one."""
    if len(name) <= 1:
        return name
    if len(name) == 2:
        return name[0] + "*"
    return name[0] + "*" * (len(name) - 2) + name[-1]


def same_name(typed: str, held: str) -> bool:
    """Whether two names are the same, spaces, points, case and width aside; in constant time."""
    return hmac.compare_digest(_plain(typed).encode(), _plain(held).encode())


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(sign for sign in folded if sign.isalnum())


class AskedTooOften(TooMany):
    """A limit per client, so that numbers cannot be tried in bulk."""

    message = N_("查验过于频繁。")
    way_out = N_("请等待 %(seconds)s 秒后再试。")


class Limiter:
    """So many questions per client in a window; forgets clients whose window is over."""

    def __init__(self, *, count: int, window: timedelta) -> None:
        self._count = count
        self._window = window
        self._asked: dict[str, tuple[datetime, int]] = {}

    def ask(self, client: str, now: datetime) -> None:
        """Count one question; raises `AskedTooOften` beyond the limit."""
        if len(self._asked) > 10_000:
            self._asked = {who: one for who, one in self._asked.items() if now - one[0] < self._window}
        began, number = self._asked.get(client, (now, 0))
        if not timedelta(0) <= now - began < self._window:
            began, number = now, 0
        if number >= self._count:
            raise AskedTooOften(seconds=int((began + self._window - now).total_seconds()) + 1)
        self._asked[client] = (began, number + 1)
