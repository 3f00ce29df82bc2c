"""Reads of issuing: who may get a certificate, what is unfinished, certificates by number, token and holder, invariants."""

from certificates.issuing.queries.eligible import eligible, face_of, may_issue, present_face, standing
from certificates.issuing.queries.invariants import invariants, sha256_of
from certificates.issuing.queries.stored import (
    by_sha256,
    by_token,
    certificate,
    certificates,
    of_people,
    page_of,
    record,
    unfinished,
    versions,
    visible,
)
from certificates.issuing.queries.work import BatchLine, batch_line, batch_lines, needs
from certificates.issuing.rules.records import Certificate

__all__ = [
    "BatchLine",
    "Certificate",
    "batch_line",
    "batch_lines",
    "by_sha256",
    "by_token",
    "certificate",
    "certificates",
    "eligible",
    "face_of",
    "invariants",
    "may_issue",
    "needs",
    "of_people",
    "page_of",
    "present_face",
    "record",
    "sha256_of",
    "standing",
    "unfinished",
    "versions",
    "visible",
]
