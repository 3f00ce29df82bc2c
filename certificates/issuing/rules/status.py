"""The life of a certificate (domain.md 3.7) and of a number; nothing is ever deleted."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from exam.kernel.errors import N_, Conflict


class CertificateStatus(StrEnum):
    """Where one version of a certificate stands."""

    NUMBERED = "numbered"  # the number is reserved, the intent is written
    RENDERED = "rendered"  # drawn in memory; never stored unsigned
    SIGNED = "signed"  # the signed bytes are stored
    ISSUED = "issued"  # in the ledger; day 0 of the 7 working days
    SUPERSEDED = "superseded"  # corrected: same number, next version
    REISSUED = "reissued"  # replaced after loss: same number, next version
    REVOKED = "revoked"
    VOIDED = "voided"  # the number was taken and the certificate never issued


S = CertificateStatus
ALLOWED: Final[Mapping[CertificateStatus, frozenset[CertificateStatus]]] = MappingProxyType(
    {
        S.NUMBERED: frozenset({S.RENDERED, S.VOIDED}),
        S.RENDERED: frozenset({S.SIGNED, S.VOIDED}),
        S.SIGNED: frozenset({S.ISSUED, S.VOIDED}),
        S.ISSUED: frozenset({S.SUPERSEDED, S.REISSUED, S.REVOKED}),
        S.SUPERSEDED: frozenset(),
        S.REISSUED: frozenset(),
        S.REVOKED: frozenset(),
        S.VOIDED: frozenset(),
    }
)
UNFINISHED: Final = (S.NUMBERED, S.RENDERED, S.SIGNED)
LABELS: Final[Mapping[CertificateStatus, str]] = MappingProxyType(
    {
        S.NUMBERED: N_("已编号"),
        S.RENDERED: N_("已制作"),
        S.SIGNED: N_("已签名"),
        S.ISSUED: N_("有效"),
        S.SUPERSEDED: N_("已更正"),
        S.REISSUED: N_("已补发"),
        S.REVOKED: N_("已撤销"),
        S.VOIDED: N_("编号作废"),
    }
)
TONES: Final[Mapping[CertificateStatus, str]] = MappingProxyType(
    {
        S.NUMBERED: "needs",
        S.RENDERED: "needs",
        S.SIGNED: "needs",
        S.ISSUED: "done",
        S.SUPERSEDED: "warning",
        S.REISSUED: "warning",
        S.REVOKED: "stopped",
        S.VOIDED: "stopped",
    }
)


class RenewalKind(StrEnum):
    """Why an issued certificate gets a next version under the same number."""

    CORRECTION = "correction"
    REPLACEMENT = "replacement"


RENEWED: Final[Mapping[RenewalKind, CertificateStatus]] = MappingProxyType(
    {
        RenewalKind.CORRECTION: S.SUPERSEDED,
        RenewalKind.REPLACEMENT: S.REISSUED,
    }
)
RENEWAL_LABELS: Final[Mapping[RenewalKind, str]] = MappingProxyType(
    {
        RenewalKind.CORRECTION: N_("更正"),
        RenewalKind.REPLACEMENT: N_("补发"),
    }
)


class NotAllowedNow(Conflict):
    """The certificate does not stand where this step begins."""

    message = N_("证书 %(number)s 现在是“%(status)s”，不能改为“%(wanted)s”。")
    way_out = N_("请刷新页面，查看证书的最新状态。")


def move(number: str, present: CertificateStatus, wanted: CertificateStatus) -> CertificateStatus:
    """The next status, or `NotAllowedNow`."""
    if wanted not in ALLOWED[present]:
        raise NotAllowedNow(number=number, status=LABELS[present], wanted=LABELS[wanted])
    return wanted
