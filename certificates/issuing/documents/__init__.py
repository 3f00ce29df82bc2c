"""Certificates and registers as documents: the face, its frame and seal, the issue register."""

from certificates.issuing.documents.drawing import Intent, Prepared, compile_design, draw, prepare_static, prepared
from certificates.issuing.documents.register import issue_register
from exam.kernel.pdf import Attachment

__all__ = [
    "Attachment",
    "Intent",
    "Prepared",
    "compile_design",
    "draw",
    "issue_register",
    "prepare_static",
    "prepared",
]
