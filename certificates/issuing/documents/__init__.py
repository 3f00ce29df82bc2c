"""Certificates and registers as documents: the face, its frame and seal, the issue register."""

from certificates.issuing.documents.drawing import Intent, draw, prepare_static, printable_of
from certificates.issuing.documents.register import issue_register
from exam.kernel.pdf import Attachment

__all__ = ["Attachment", "Intent", "draw", "issue_register", "prepare_static", "printable_of"]
